//! From the name of a fork or network to the chain spec that the node runs it under.
//!
//! `Prague` has the rules of Prague and of all forks before it from the first block on. `CancunToPragueAtTime15k` begins with Cancun and
//! goes over to Prague at time 15,000; `BerlinToLondonAt5` at block 5; `...AtDiffC0000` at a total difficulty.

use crate::json::ConfigJson;
use alloy_eips::eip7840::BlobParams;
use alloy_genesis::{ChainConfig, Genesis};
use alloy_primitives::U256;
use bttc_primitives::ChainSpec;

/// Sets a fork in a genesis file.
type Set = fn(&mut ChainConfig, u64);

/// Forks in their order, with the field of a genesis file that sets each.
const FORKS: &[(&str, Set)] = &[
    ("Frontier", |_, _| ()),
    ("Homestead", |config, at| config.homestead_block = Some(at)),
    ("EIP150", |config, at| config.eip150_block = Some(at)),
    ("EIP158", |config, at| {
        config.eip155_block = Some(at);
        config.eip158_block = Some(at);
    }),
    ("Byzantium", |config, at| config.byzantium_block = Some(at)),
    ("Constantinople", |config, at| config.constantinople_block = Some(at)),
    ("ConstantinopleFix", |config, at| config.petersburg_block = Some(at)),
    ("Istanbul", |config, at| config.istanbul_block = Some(at)),
    ("MuirGlacier", |config, at| config.muir_glacier_block = Some(at)),
    ("Berlin", |config, at| config.berlin_block = Some(at)),
    ("London", |config, at| config.london_block = Some(at)),
    ("ArrowGlacier", |config, at| config.arrow_glacier_block = Some(at)),
    ("GrayGlacier", |config, at| config.gray_glacier_block = Some(at)),
    ("Paris", |config, at| {
        config.terminal_total_difficulty = Some(U256::ZERO);
        config.merge_netsplit_block = Some(at);
    }),
    ("Shanghai", |config, at| config.shanghai_time = Some(at)),
    ("Cancun", |config, at| config.cancun_time = Some(at)),
    ("Prague", |config, at| config.prague_time = Some(at)),
    ("Osaka", |config, at| config.osaka_time = Some(at)),
    ("BPO1", |config, at| config.bpo1_time = Some(at)),
    ("BPO2", |config, at| config.bpo2_time = Some(at)),
    ("BPO3", |config, at| config.bpo3_time = Some(at)),
    ("BPO4", |config, at| config.bpo4_time = Some(at)),
    ("BPO5", |config, at| config.bpo5_time = Some(at)),
];

/// Rules of a network by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Network {
    /// Position in [`FORKS`] of the newest fork at the start.
    from: usize,
    change: Option<Change>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Change {
    to: To,
    at: u64,
    by_difficulty: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum To {
    Fork(usize),
    Dao,
}

impl Network {
    /// Reads a name.
    pub(crate) fn parse(name: &str) -> Result<Self, String> {
        let unknown = |what: &str| format!("unknown fork {what} in the network {name}");
        let level = |what: &str| {
            let what = match what {
                "Merge" => "Paris",
                "Petersburg" => "ConstantinopleFix",
                "TangerineWhistle" => "EIP150",
                "SpuriousDragon" => "EIP158",
                other => other,
            };
            FORKS.iter().position(|(fork, _)| *fork == what).ok_or_else(|| unknown(what))
        };
        let Some((from, rest)) = name.split_once("To") else {
            return Ok(Self { from: level(name)?, change: None });
        };
        let (to, at) = rest.split_once("At").ok_or_else(|| unknown(name))?;
        let to = if to == "Dao" { To::Dao } else { To::Fork(level(to)?) };
        let (at, by_difficulty) = match at.strip_prefix("Diff") {
            Some(hex) => (u64::from_str_radix(hex.trim_start_matches("0x"), 16).ok(), true),
            None => (decimal(at.strip_prefix("Time").unwrap_or(at)), false),
        };
        let at = at.ok_or_else(|| unknown(name))?;
        Ok(Self { from: level(from)?, change: Some(Change { to, at, by_difficulty }) })
    }

    /// Total difficulty at which the network goes over to proof of stake, if its name says so.
    pub(crate) fn merge_difficulty(&self) -> Option<U256> {
        self.change.filter(|change| change.by_difficulty).map(|change| U256::from(change.at))
    }

    /// The chain spec. `merge_block` is the height at which a chain passes [`Self::merge_difficulty`].
    pub(crate) fn spec(&self, config: &ConfigJson, merge_block: Option<u64>) -> Result<ChainSpec, String> {
        let chain_id = config.chainid.unwrap_or(U256::ONE);
        let chain_id = u64::try_from(chain_id).map_err(|_| format!("chain id {chain_id} is above 64 bits"))?;
        let mut chain = ChainConfig { chain_id, ..Default::default() };
        for (_, set) in FORKS.iter().take(self.from + 1) {
            set(&mut chain, 0);
        }
        match self.change {
            Some(Change { to: To::Dao, at, .. }) => {
                chain.dao_fork_block = Some(at);
                chain.dao_fork_support = true;
            }
            Some(Change { to: To::Fork(to), at, by_difficulty }) => {
                let at = if by_difficulty { merge_block.unwrap_or(u64::MAX) } else { at };
                for (_, set) in FORKS.iter().take(to + 1).skip(self.from + 1) {
                    set(&mut chain, at);
                }
                if let Some(difficulty) = self.merge_difficulty() {
                    chain.terminal_total_difficulty = Some(difficulty);
                }
            }
            None => {}
        }
        for (fork, blobs) in &config.blob_schedule {
            let params = BlobParams {
                target_blob_count: blobs.target,
                max_blob_count: blobs.max,
                update_fraction: blobs.base_fee_update_fraction.into(),
                max_blobs_per_tx: blobs.max,
                ..BlobParams::cancun()
            };
            chain.blob_schedule.insert(fork.to_lowercase(), params);
        }
        let genesis = Genesis { config: chain, ..Default::default() };
        ChainSpec::from_genesis(genesis).map_err(|error| error.to_string())
    }
}

/// A decimal number; `15k` is 15,000.
fn decimal(text: &str) -> Option<u64> {
    match text.strip_suffix('k') {
        Some(thousands) => thousands.parse::<u64>().ok()?.checked_mul(1_000),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use bttc_primitives::EthereumHardforks;

    fn spec(name: &str) -> ChainSpec {
        Network::parse(name).unwrap().spec(&ConfigJson::default(), None).unwrap()
    }

    #[test]
    fn a_fork_brings_those_before_it_and_none_after() {
        let spec = spec("Cancun");
        assert!(spec.is_ethereum() && spec.is_paris_active_at_block(0));
        assert!(spec.is_cancun_active_at_timestamp(0) && !spec.is_prague_active_at_timestamp(u64::MAX));
    }

    #[test]
    fn a_network_changes_where_its_name_says() {
        let spec = spec("CancunToPragueAtTime15k");
        assert!(!spec.is_prague_active_at_timestamp(14_999) && spec.is_prague_active_at_timestamp(15_000));
        let spec = self::spec("BerlinToLondonAt5");
        assert!(!spec.is_london_active_at_block(4) && spec.is_london_active_at_block(5));
        assert!(!spec.is_paris_active_at_block(9));
    }

    #[test]
    fn unknown_names_are_refused() {
        assert_eq!(Network::parse("Atlantis").unwrap_err(), "unknown fork Atlantis in the network Atlantis");
        assert!(Network::parse("CancunToAtlantisAtTime15k").is_err());
        assert!(Network::parse("CancunToPrague").is_err());
    }
}

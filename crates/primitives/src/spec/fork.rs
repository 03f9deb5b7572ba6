//! Forks: which rules of the EVM hold at which block or time.

use super::ChainSpec;
use crate::{EthereumHardfork, EthereumHardforks, ForkCondition};
use alloy_genesis::ChainConfig;
use alloy_primitives::Bytes;
use std::{collections::BTreeMap, fmt};

/// Names of the forks of our own rules that this build knows, oldest first. A name is never taken out again: a chain that has passed the fork is
/// replayed with it. How a fork is added: docs/adr/0009-planned-forks.md.
pub(super) const KNOWN_FORKS: &[&str] = &[];

/// A change of rules that a vote has planned, ahead or past.
///
/// Source: docs/staking.md, section 9.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForkPlan {
    /// Its name as the contract `Params` has it, byte by byte.
    pub name: Bytes,
    /// Blocks of this time or later are under its rules. Unit: Unix seconds.
    pub time: u64,
}

impl ForkPlan {
    /// Whether a block of this time is under its rules. Unit: Unix seconds.
    pub const fn holds_at(&self, block_time: u64) -> bool {
        block_time >= self.time
    }
}

impl fmt::Display for ForkPlan {
    /// The name in quotes, harmless on a terminal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", String::from_utf8_lossy(&self.name))
    }
}

impl ChainSpec {
    /// The same network, seen by a build that knows other forks; for tests of upgrades. Oldest first.
    pub const fn with_known_forks(mut self, names: &'static [&'static str]) -> Self {
        self.known_forks = names;
        self
    }

    /// Whether this build has the rules of a planned fork. Names are compared byte by byte.
    pub fn knows(&self, plan: &ForkPlan) -> bool {
        self.known_forks.iter().any(|known| *known.as_bytes() == *plan.name)
    }

    /// The newest fork that this build knows.
    pub fn newest_fork(&self) -> Option<&'static str> {
        self.known_forks.last().copied()
    }
}

impl EthereumHardforks for ChainSpec {
    fn ethereum_fork_activation(&self, fork: EthereumHardfork) -> ForkCondition {
        self.forks.get(&fork).copied().unwrap_or(ForkCondition::Never)
    }
}

/// Forks named in a genesis file.
pub(super) fn schedule(config: &ChainConfig) -> BTreeMap<EthereumHardfork, ForkCondition> {
    use EthereumHardfork as F;
    let mut forks = BTreeMap::from([(F::Frontier, ForkCondition::Block(0))]);
    let blocks = [
        (F::Homestead, config.homestead_block),
        (F::Dao, config.dao_fork_block.filter(|_| config.dao_fork_support)),
        (F::Tangerine, config.eip150_block),
        (F::SpuriousDragon, config.eip155_block.max(config.eip158_block)),
        (F::Byzantium, config.byzantium_block),
        (F::Constantinople, config.constantinople_block),
        (F::Petersburg, config.petersburg_block.or(config.constantinople_block)),
        (F::Istanbul, config.istanbul_block),
        (F::MuirGlacier, config.muir_glacier_block),
        (F::Berlin, config.berlin_block),
        (F::London, config.london_block),
        (F::ArrowGlacier, config.arrow_glacier_block),
        (F::GrayGlacier, config.gray_glacier_block),
    ];
    forks.extend(blocks.into_iter().filter_map(|(fork, at)| Some((fork, ForkCondition::Block(at?)))));
    if let Some(paris) = paris(config) {
        forks.insert(F::Paris, paris);
    }
    let times = [
        (F::Shanghai, config.shanghai_time),
        (F::Cancun, config.cancun_time),
        (F::Prague, config.prague_time),
        (F::Osaka, config.osaka_time),
        (F::Bpo1, config.bpo1_time),
        (F::Bpo2, config.bpo2_time),
        (F::Bpo3, config.bpo3_time),
        (F::Bpo4, config.bpo4_time),
        (F::Bpo5, config.bpo5_time),
    ];
    forks.extend(times.into_iter().filter_map(|(fork, at)| Some((fork, ForkCondition::Timestamp(at?)))));
    forks
}

/// The Merge: at genesis with a zero terminal difficulty, otherwise at the block that the file names for it.
fn paris(config: &ChainConfig) -> Option<ForkCondition> {
    let total_difficulty = config.terminal_total_difficulty?;
    let activation_block_number = if total_difficulty.is_zero() { 0 } else { config.merge_netsplit_block? };
    Some(ForkCondition::TTD { activation_block_number, fork_block: config.merge_netsplit_block, total_difficulty })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_byte_by_byte() {
        let spec =
            ChainSpec::from_json(r#"{"config":{"chainId":1},"gasLimit":"0x1388","difficulty":"0x1","alloc":{}}"#);
        let spec = spec.unwrap();
        let plan = |name: &'static str| ForkPlan { name: Bytes::from_static(name.as_bytes()), time: 5 };
        assert!(!spec.knows(&plan("")) && KNOWN_FORKS.iter().all(|name| spec.knows(&plan(name))));
        let spec = spec.with_known_forks(&["pine", "oak"]);
        assert!(spec.knows(&plan("pine")) && spec.knows(&plan("oak")));
        for other in ["", "Pine", "pine ", "pin", "oa\0k"] {
            assert!(!spec.knows(&plan(other)), "{other:?}");
        }
        assert_eq!(spec.newest_fork(), Some("oak"));
        assert!(!plan("oak").holds_at(4) && plan("oak").holds_at(5));
        assert_eq!(ForkPlan { name: Bytes::from_static(b"a\x1b\xff"), time: 0 }.to_string(), "\"a\\u{1b}\u{fffd}\"");
    }

    #[test]
    fn known_names_fit_the_contract_and_are_not_repeated() {
        for (at, name) in KNOWN_FORKS.iter().enumerate() {
            assert!((1..=32).contains(&name.len()), "{name:?}: Params takes 1 to 32 bytes");
            assert!(!KNOWN_FORKS.iter().take(at).any(|before| before == name), "{name:?} twice");
        }
    }
}

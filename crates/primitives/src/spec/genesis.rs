//! Reading a genesis file.

use super::{ChainRules, ChainSpec, FeeRules, Timing, fork};
use crate::{EthereumHardforks, InvalidValidatorSet, Validator};
use alloy_consensus::{EMPTY_OMMER_ROOT_HASH, Header, constants::EMPTY_WITHDRAWALS};
use alloy_eips::{eip1559::BaseFeeParams, eip7685::EMPTY_REQUESTS_HASH, eip7840::BlobParams};
use alloy_genesis::Genesis;
use alloy_primitives::{Address, B256, U64};
use alloy_trie::EMPTY_ROOT_HASH;
use bttc_contracts::addresses::VALIDATOR_SET;
use serde::Deserialize;
use std::time::Duration;

/// Why a genesis file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidGenesis {
    /// Not the JSON of a genesis.
    #[error("the genesis file is not readable: {0}")]
    Json(String),
    /// A number outside its bounds.
    #[error("{field} in the genesis file is {got}, expected {expected}")]
    OutOfBounds {
        /// Name of the field.
        field: &'static str,
        /// What it holds.
        got: u64,
        /// What it may hold.
        expected: &'static str,
    },
    /// The validators are no set.
    #[error("the validators of the genesis file: {0}")]
    Validators(InvalidValidatorSet),
    /// An account with storage that no contract could have written.
    #[error(
        "account {0} of the genesis file has storage, but neither code nor a nonce: a contract could be created over it (EIP-7610); give it code or a nonce, or leave its storage out"
    )]
    StorageWithoutCode(Address),
    /// The chain has no consensus of its own.
    #[error("a chain under the `ethereum` spec has no validators; its blocks are imported, not made")]
    NoConsensus,
}

/// Section `config.bttc` of a genesis file.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct BttcSection {
    #[serde(default)]
    dev: bool,
    #[serde(default)]
    draft: bool,
    min_base_fee: U64,
    elasticity: u64,
    base_fee_denominator: u64,
    burn_percent: u8,
    stakers_percent: u8,
    treasury_percent: u8,
    block_time_ms: u64,
    idle_time_ms: u64,
    validators: Vec<Validator>,
}

pub(super) fn read(genesis: Genesis) -> Result<ChainSpec, InvalidGenesis> {
    let config = &genesis.config;
    let section = config
        .extra_fields
        .get_deserialized::<BttcSection>("bttc")
        .transpose()
        .map_err(|error| InvalidGenesis::Json(format!("config.bttc: {error}")))?;
    let forks = fork::schedule(config);
    let blobs = config.blob_schedule_blob_params();
    let is_draft = section.as_ref().is_some_and(|section| section.draft);
    let (rules, base_fee_params) = match section {
        None => (
            ChainRules::Ethereum { terminal_total_difficulty: config.terminal_total_difficulty },
            BaseFeeParams::ethereum(),
        ),
        Some(section) => {
            check_alloc(&genesis)?;
            section.check()?
        }
    };
    let validator_set = genesis.alloc.get(&VALIDATOR_SET).and_then(|account| account.non_empty_code());
    let has_staking = validator_set.is_some() && matches!(rules, ChainRules::Bttc { .. });
    Ok(ChainSpec {
        chain_id: config.chain_id,
        forks,
        rules,
        base_fee_params,
        blobs,
        has_staking,
        is_draft,
        known_forks: fork::KNOWN_FORKS,
        gas_limit: genesis.gas_limit,
        genesis,
    })
}

/// The EVM does not look at storage where it creates a contract, so no account may have storage alone (EIP-7610).
fn check_alloc(genesis: &Genesis) -> Result<(), InvalidGenesis> {
    let bare = genesis.alloc.iter().find(|(_, account)| {
        account.storage_slots().any(|(_, value)| !value.is_zero())
            && account.non_empty_code().is_none()
            && account.nonce.unwrap_or_default() == 0
    });
    bare.map_or(Ok(()), |(address, _)| Err(InvalidGenesis::StorageWithoutCode(*address)))
}

impl BttcSection {
    fn check(self) -> Result<(ChainRules, BaseFeeParams), InvalidGenesis> {
        let bounds = |field, got, range: std::ops::RangeInclusive<u64>, expected| {
            if range.contains(&got) { Ok(()) } else { Err(InvalidGenesis::OutOfBounds { field, got, expected }) }
        };
        let min_base_fee = self.min_base_fee.to::<u64>();
        const GWEI: u64 = 1_000_000_000;
        bounds("minBaseFee", min_base_fee, 300 * GWEI..=100_000 * GWEI, "300 to 100,000 gwei")?;
        bounds("elasticity", self.elasticity, 2..=2, "2")?;
        bounds("baseFeeDenominator", self.base_fee_denominator, 8..=1_000, "8 to 1,000")?;
        bounds("burnPercent", self.burn_percent.into(), 20..=100, "20 to 100")?;
        let sum = [self.burn_percent, self.stakers_percent, self.treasury_percent].into_iter().map(u64::from).sum();
        bounds("burnPercent + stakersPercent + treasuryPercent", sum, 100..=100, "100")?;
        bounds("blockTimeMs", self.block_time_ms, 50..=60_000, "50 to 60,000")?;
        bounds("idleTimeMs", self.idle_time_ms, self.block_time_ms..=600_000, "blockTimeMs to 600,000")?;
        let rules = ChainRules::Bttc {
            fees: FeeRules {
                min_base_fee,
                burn_percent: self.burn_percent,
                stakers_percent: self.stakers_percent,
                treasury_percent: self.treasury_percent,
            },
            timing: Timing {
                block_time: Duration::from_millis(self.block_time_ms),
                idle_time: Duration::from_millis(self.idle_time_ms),
            },
            validators: self.validators,
            dev: self.dev,
        };
        let params = BaseFeeParams::new(self.base_fee_denominator.into(), self.elasticity.into());
        Ok((rules, params))
    }
}

pub(super) fn blob_params(spec: &ChainSpec, timestamp: u64) -> Option<BlobParams> {
    if !spec.is_cancun_active_at_timestamp(timestamp) || !spec.is_ethereum() {
        return None;
    }
    let scheduled = spec.blobs.active_scheduled_params_at_timestamp(timestamp).copied();
    Some(scheduled.unwrap_or(if spec.is_osaka_active_at_timestamp(timestamp) {
        spec.blobs.osaka
    } else if spec.is_prague_active_at_timestamp(timestamp) {
        spec.blobs.prague
    } else {
        spec.blobs.cancun
    }))
}

pub(super) fn header(spec: &ChainSpec) -> Header {
    let genesis = spec.genesis();
    let number = genesis.number.unwrap_or(0);
    let at = genesis.timestamp;
    let london = spec.is_london_active_at_block(number);
    let shanghai = spec.is_shanghai_active_at_timestamp(at);
    let cancun = spec.is_cancun_active_at_timestamp(at);
    let initial_base_fee = spec.fees().map_or(alloy_eips::eip1559::INITIAL_BASE_FEE, |fees| fees.min_base_fee);
    let base_fee = genesis.base_fee_per_gas.and_then(|fee| u64::try_from(fee).ok());
    Header {
        parent_hash: genesis.parent_hash.unwrap_or_default(),
        ommers_hash: EMPTY_OMMER_ROOT_HASH,
        beneficiary: genesis.coinbase,
        state_root: EMPTY_ROOT_HASH,
        transactions_root: EMPTY_ROOT_HASH,
        receipts_root: EMPTY_ROOT_HASH,
        difficulty: genesis.difficulty,
        number,
        gas_limit: genesis.gas_limit,
        timestamp: at,
        extra_data: genesis.extra_data.clone(),
        mix_hash: genesis.mix_hash,
        nonce: genesis.nonce.into(),
        base_fee_per_gas: london.then(|| base_fee.unwrap_or(initial_base_fee)),
        withdrawals_root: shanghai.then_some(EMPTY_WITHDRAWALS),
        blob_gas_used: cancun.then(|| genesis.blob_gas_used.unwrap_or(0)),
        excess_blob_gas: cancun.then(|| genesis.excess_blob_gas.unwrap_or(0)),
        parent_beacon_block_root: cancun.then_some(B256::ZERO),
        requests_hash: spec.is_prague_active_at_timestamp(at).then_some(EMPTY_REQUESTS_HASH),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EthereumHardfork;
    use alloy_primitives::b256;

    const OURS: &str = r#"{"config":{"chainId":990992,"homesteadBlock":0,"eip150Block":0,"eip155Block":0,"eip158Block":0,
        "byzantiumBlock":0,"constantinopleBlock":0,"petersburgBlock":0,"istanbulBlock":0,"berlinBlock":0,"londonBlock":0,
        "mergeNetsplitBlock":0,"terminalTotalDifficulty":0,"shanghaiTime":0,"cancunTime":0,"pragueTime":0,"osakaTime":0,
        "bttc":{"dev":true,"minBaseFee":"0x82f79cd9000","elasticity":2,"baseFeeDenominator":50,"burnPercent":50,"stakersPercent":40,
        "treasuryPercent":10,"blockTimeMs":500,"idleTimeMs":2000,"validators":[{"address":"0x0000000000000000000000000000000000000001","power":1}]}},
        "gasLimit":"0x3938700","difficulty":"0x0","alloc":{}}"#;

    #[test]
    fn our_genesis_has_osaka_and_the_floor() {
        let spec = ChainSpec::from_json(OURS).unwrap();
        assert!(spec.is_dev() && !spec.is_ethereum());
        assert!(spec.is_osaka_active_at_timestamp(0) && spec.is_paris_active_at_block(0));
        assert_eq!(spec.genesis_header().base_fee_per_gas, Some(9_000_000_000_000));
        assert_eq!(spec.genesis_header().requests_hash, Some(EMPTY_REQUESTS_HASH));
        assert_eq!(spec.genesis_validators().unwrap().members().len(), 1);
        assert_eq!(spec.blob_params(0), None);
    }

    #[test]
    fn numbers_out_of_bounds_are_named() {
        let bad = OURS.replace("\"burnPercent\":50", "\"burnPercent\":10");
        let error = ChainSpec::from_json(&bad).unwrap_err().to_string();
        assert!(error.contains("burnPercent in the genesis file is 10, expected 20 to 100"), "{error}");
        let unknown = OURS.replace("\"elasticity\"", "\"elasticitie\"");
        assert!(ChainSpec::from_json(&unknown).unwrap_err().to_string().contains("elasticitie"));
    }

    #[test]
    fn storage_without_code_is_refused() {
        let with = |account: &str| OURS.replace("\"alloc\":{}", &format!("\"alloc\":{{\"0x{:0>40}\":{account}}}", 7));
        let slot = r#""storage":{"0x0000000000000000000000000000000000000000000000000000000000000001":"0x0000000000000000000000000000000000000000000000000000000000000002"}"#;
        let error = ChainSpec::from_json(&with(&format!("{{\"balance\":\"0x1\",{slot}}}"))).unwrap_err();
        assert!(matches!(error, InvalidGenesis::StorageWithoutCode(_)), "{error}");
        ChainSpec::from_json(&with(&format!("{{\"balance\":\"0x1\",\"nonce\":\"0x1\",{slot}}}"))).unwrap();
    }

    #[test]
    fn without_our_section_it_is_an_ethereum_chain() {
        let spec = ChainSpec::from_json(
            r#"{"config":{"chainId":1,"homesteadBlock":1150000},"gasLimit":"0x1388","difficulty":"0x400000000",
            "extraData":"0x11bbe8db4e347b4e8c937c1c8370e4b5ed33adb3db69cbdb7a38e1e50b1b82fa","nonce":"0x42","alloc":{}}"#,
        )
        .unwrap();
        assert!(spec.is_ethereum());
        assert_eq!(spec.ethereum_fork_activation(EthereumHardfork::London), crate::ForkCondition::Never);
        let header = Header {
            state_root: b256!("d7f8974fb5ac78d9ac099b9ad5018bedc2ce0a72dad1827a1709da30580f0544"),
            ..spec.genesis_header()
        };
        // The genesis block of Ethereum's main network.
        assert_eq!(header.hash_slow(), b256!("d4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3"));
    }
}

//! The genesis of a local network: that of the development chain with other validators, the system contracts, and short times.

use super::args::Parameter;
use alloy_genesis::Genesis;
use alloy_primitives::{Address, U256};
use bttc_contracts::system::IGenesis::{Grant, Setting};
use bttc_node::{GenesisValidator, StakingPlan, add_staking, dev_accounts, dev_operator};
use eyre::{OptionExt, WrapErr, eyre};
use serde_json::{Value, json};
use std::time::Duration;

/// Chain id of local networks (docs/protocol.md, section 1).
pub(crate) const LOCAL_CHAIN_ID: u64 = 990_993;

/// Times of a local network.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// Least interval between blocks.
    pub(crate) block: Duration,
    /// Wait before an empty block.
    pub(crate) idle: Duration,
    /// Length of an epoch.
    pub(crate) epoch: Duration,
    /// How long ago the genesis lies.
    pub(crate) age: Duration,
}

/// What each validator stakes. Unit: BTT.
const STAKE: u64 = 100_000_000;
/// What the account of each validator has beside its stake. Unit: BTT.
const PURSE: u64 = 20_000_000;
/// Parts of the supply (docs/protocol.md, section 4). Unit: BTT.
const RESERVE: u64 = 99_000_000_000;
const PROGRAMMES: u64 = 49_500_000_000;
const FOUNDATION: u64 = 198_000_000_000;
const AIRDROP: u64 = 99_990_000_000;

/// Length of an epoch on mainnet. Unit: seconds.
const MAINNET_EPOCH: u64 = 1_800;

fn btt(amount: u64) -> U256 {
    U256::from(amount).saturating_mul(U256::from(1_000_000_000_000_000_000u64))
}

/// Writes the genesis; every validator has the same stake.
///
/// Errors: a parameter is out of its bounds on every chain.
pub(crate) fn make(validators: &[Address], times: &Times, parameters: &[Parameter]) -> eyre::Result<String> {
    let (_, text) = bttc_node::load_spec("dev")?;
    let mut genesis: Value = serde_json::from_str(&text).wrap_err("the development genesis is no JSON")?;
    let config = genesis.get_mut("config").ok_or_else(|| eyre!("the development genesis has no config"))?;
    set(config, "chainId", json!(LOCAL_CHAIN_ID))?;
    let rules = config.get_mut("bttc").ok_or_else(|| eyre!("the development genesis has no rules"))?;
    set(rules, "dev", json!(false))?;
    set(rules, "blockTimeMs", json!(milliseconds(times.block)))?;
    set(rules, "idleTimeMs", json!(milliseconds(times.idle.max(times.block))))?;
    let mut genesis: Genesis = serde_json::from_value(genesis).wrap_err("the development genesis is no genesis")?;
    let clock = std::time::UNIX_EPOCH.elapsed().map_or(0, |time| time.as_secs());
    genesis.timestamp = clock.saturating_sub(times.age.as_secs());
    let now = genesis.timestamp;

    let operator = |(number, signer): (usize, &Address)| GenesisValidator {
        operator: dev_operator(number).address(),
        signer: *signer,
        stake: btt(STAKE),
        commission: 1_000,
        name: format!("validator {number}"),
    };
    let validators: Vec<_> = validators.iter().enumerate().map(operator).collect();
    for of in &validators {
        genesis.alloc.entry(of.operator).or_default().balance = btt(PURSE);
    }
    let foundation = dev_accounts().last().ok_or_eyre("there are no accounts")?.address();
    let grant = Grant {
        beneficiary: foundation,
        total: u128::try_from(btt(FOUNDATION)).unwrap_or(u128::MAX),
        start: now,
        cliff: 0,
        duration: 48 * 30 * 86_400,
        step: 0,
    };
    let plan = StakingPlan {
        validators,
        settings: settings(times, parameters)?,
        grants: vec![grant],
        airdrop: btt(AIRDROP),
        reserve: btt(RESERVE),
        programmes: btt(PROGRAMMES),
    };
    Ok(serde_json::to_string_pretty(&add_staking(genesis, &plan)?)?)
}

/// A parameter by its number (`contracts/system/interfaces/ParamIds.sol`), its default and bounds on mainnet (`docs/parameters.md`). Unit of times: seconds.
struct Time {
    id: u64,
    mainnet: u64,
    max: u64,
}

/// Times of staking and governance that are shorter in a local network, in the proportion of its epochs.
const TIMES: [Time; 11] = [
    Time { id: 15, mainnet: 259_200, max: 1_209_600 },
    Time { id: 16, mainnet: 604_800, max: 2_419_200 },
    Time { id: 27, mainnet: 3_600, max: 86_400 },
    Time { id: 28, mainnet: 86_400, max: 604_800 },
    Time { id: 31, mainnet: 432_000, max: 1_209_600 },
    Time { id: 34, mainnet: 172_800, max: 604_800 },
    Time { id: 35, mainnet: 172_800, max: 1_209_600 },
    Time { id: 36, mainnet: 604_800, max: 2_592_000 },
    Time { id: 37, mainnet: 86_400, max: 259_200 },
    Time { id: 38, mainnet: 1_209_600, max: 2_592_000 },
    Time { id: 8, mainnet: MAINNET_EPOCH, max: 86_400 },
];

/// Number of the parameter that says over how many blocks misses count.
const DOWNTIME_WINDOW: u64 = 24;

fn settings(times: &Times, parameters: &[Parameter]) -> eyre::Result<Vec<Setting>> {
    let epoch = times.epoch.as_secs().max(1);
    let setting = |id: u64, value: u64, min: u64, max: u64| Setting {
        id: U256::from(id),
        value: U256::from(value),
        min: U256::from(min),
        max: U256::from(max),
        step: U256::from(max),
        coolDown: U256::ZERO,
    };
    let scaled = TIMES.iter().map(|of| {
        let value = (u128::from(of.mainnet) * u128::from(epoch) / u128::from(MAINNET_EPOCH)).max(10);
        setting(of.id, u64::try_from(value).unwrap_or(of.max).min(of.max), 1, of.max)
    });
    let mut settings: Vec<_> = scaled.collect();
    settings.push(setting(6, milliseconds(times.block), 1, 10_000));
    settings.push(setting(7, milliseconds(times.idle.max(times.block)), 1, 30_000));
    settings.push(setting(DOWNTIME_WINDOW, 100, 10, 100_000));
    for of in parameters {
        put(&mut settings, of);
    }
    Ok(settings)
}

/// Chooses the value of a parameter. The bounds of one that a local network leaves as on mainnet are not known here: a vote can only lower it.
fn put(settings: &mut Vec<Setting>, of: &Parameter) {
    let id = U256::from(of.id);
    match settings.iter_mut().find(|setting| setting.id == id) {
        Some(setting) => setting.value = of.value,
        None => settings.push(Setting {
            id,
            value: of.value,
            min: of.value.min(U256::ONE),
            max: of.value,
            step: of.value,
            coolDown: U256::ZERO,
        }),
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn set(object: &mut Value, key: &str, value: Value) -> eyre::Result<()> {
    let fields = object.as_object_mut().ok_or_else(|| eyre!("the development genesis is not as expected"))?;
    fields.insert(key.to_owned(), value);
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use bttc_primitives::ChainSpec;

    #[test]
    fn it_names_the_validators_and_their_times() {
        let validators = [Address::repeat_byte(1), Address::repeat_byte(2)];
        let (block, idle) = (Duration::from_millis(100), Duration::from_millis(50));
        let times = Times { block, idle, epoch: Duration::from_secs(10), age: Duration::ZERO };
        let text = make(&validators, &times, &[]).unwrap();
        let spec = ChainSpec::from_json(&text).unwrap();
        assert_eq!((spec.chain_id(), spec.is_dev(), spec.has_staking()), (LOCAL_CHAIN_ID, false, true));
        let set = spec.genesis_validators().unwrap();
        assert_eq!(set.members().iter().map(|member| member.address).collect::<Vec<_>>(), validators);
        assert_eq!(set.total_power(), 2 * STAKE);
        assert_eq!(spec.timing().block_time, Duration::from_millis(100));
        assert_eq!(spec.timing().idle_time, Duration::from_millis(100));
    }

    #[test]
    fn parameters_are_chosen_within_the_bounds_of_every_chain() {
        let times = Times {
            block: Duration::from_millis(200),
            idle: Duration::from_millis(500),
            epoch: Duration::from_secs(10),
            age: Duration::from_secs(86_400),
        };
        let with = |text: &str| settings(&times, &[text.parse().unwrap()]).unwrap();
        let value = |settings: &[Setting], id: u64| {
            let found: Vec<_> = settings.iter().filter(|of| of.id == U256::from(id)).collect();
            assert_eq!(found.len(), 1, "parameter {id} stands {} times", found.len());
            (found[0].value, found[0].max)
        };
        assert_eq!(value(&with("quorum=2500"), 16), (U256::from(3_360), U256::from(2_419_200)));
        assert_eq!(value(&with("unbonding_time=30"), 16), (U256::from(30), U256::from(2_419_200)));
        assert_eq!(value(&with("commission_step=500"), 14), (U256::from(500), U256::from(500)));
        let validators = [Address::repeat_byte(1)];
        let made = |text: &str| make(&validators, &times, &[text.parse().unwrap()]);
        assert!(made("commission_step=500").is_ok());
        // More a day than any chain may allow.
        assert!(made("commission_step=501").is_err());
    }
}

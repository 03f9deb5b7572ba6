//! The genesis of a local network: that of the development chain with other validators, the system contracts, and short times.

use super::args::Parameter;
use alloy_genesis::Genesis;
use alloy_primitives::{Address, B256, U256};
use bttc_contracts::{
    param_defaults::{DEFAULTS, ParamDefault},
    param_table::ids::EPOCH_LENGTH,
    system::IGenesis::{Grant, Setting},
};
use bttc_node::{BridgePlan, GenesisValidator, StakingPlan, add_staking, dev_accounts, dev_operator};
use bttc_primitives::ChainSpec;
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
    /// What takes a day on mainnet takes so long.
    pub(crate) day: Duration,
}

impl Times {
    /// A day with as many epochs as on mainnet.
    pub(crate) const fn day_of(epoch: Duration) -> Duration {
        epoch.saturating_mul(DAY / MAINNET_EPOCH)
    }
}

/// What each validator stakes. Unit: BTT.
const STAKE: u64 = 100_000_000;
/// What the account of each validator has beside its stake. Unit: BTT.
const PURSE: u64 = 20_000_000;
/// What its consensus key, and the guardian, have for the transactions of the bridge, where there is one. Unit: BTT.
const RELAY_PURSE: u64 = 1_000_000;
/// Parts of the supply (docs/protocol.md, section 4). Unit: BTT.
const RESERVE: u64 = 99_000_000_000;
const PROGRAMMES: u64 = 49_500_000_000;
const FOUNDATION: u64 = 198_000_000_000;
const AIRDROP: u64 = 99_990_000_000;

/// Length of an epoch on mainnet, and of a day. Unit: seconds.
const MAINNET_EPOCH: u32 = 1_800;
const DAY: u32 = 86_400;

fn btt(amount: u64) -> U256 {
    U256::from(amount).saturating_mul(U256::from(1_000_000_000_000_000_000u64))
}

/// Writes the genesis; every validator has the same stake.
///
/// Errors: a parameter is out of its bounds on every chain.
pub(crate) fn make(
    validators: &[Address],
    times: &Times,
    parameters: &[Parameter],
    bridge: Option<BridgePlan>,
) -> eyre::Result<String> {
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
        if bridge.is_some() {
            genesis.alloc.entry(of.signer).or_default().balance = btt(RELAY_PURSE);
        }
    }
    if let Some(plan) = &bridge {
        genesis.alloc.entry(plan.guardian).or_default().balance = btt(RELAY_PURSE);
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
        settings: settings(times, parameters),
        grants: vec![grant],
        airdrop: btt(AIRDROP),
        reserve: btt(RESERVE),
        programmes: btt(PROGRAMMES),
        bridge,
    };
    Ok(serde_json::to_string_pretty(&add_staking(genesis, &plan)?)?)
}

/// Hash of the set that signs the first block: root chains must know it before there is a genesis.
pub(crate) fn first_set(validators: &[Address], times: &Times, parameters: &[Parameter]) -> eyre::Result<B256> {
    let spec = ChainSpec::from_json(&make(validators, times, parameters, None)?)?;
    Ok(spec.genesis_validators()?.hash())
}

/// How long stake that leaves stays liable. Unit: seconds.
pub(crate) fn unbonding(times: &Times, parameters: &[Parameter]) -> u64 {
    let id = U256::from(UNBONDING_TIME);
    let found = settings(times, parameters).into_iter().find(|of| of.id == id);
    found.map_or(0, |of| of.value.saturating_to())
}

/// Numbers of parameters (`contracts/system/interfaces/ParamIds.sol`).
const BLOCK_TIME_MS: u64 = 6;
const IDLE_TIME_MS: u64 = 7;
const UNBONDING_TIME: u64 = 16;
/// Over how many blocks misses count.
const DOWNTIME_WINDOW: u64 = 24;

/// A parameter by its number, and what it is at least in a local network. Unit: seconds.
type Time = (u64, u64);

/// Times of staking and governance that are shorter in a local network, in the proportion of its day.
const TIMES: [Time; 10] =
    [(15, 10), (16, 10), (27, 10), (28, 10), (31, 5), (34, 2), (35, 2), (36, 2), (37, 3), (38, 60)];

/// Every parameter: those of mainnet, but for times, for what a vote would have to wait for, and for those chosen.
fn settings(times: &Times, parameters: &[Parameter]) -> Vec<Setting> {
    let epoch = times.epoch.as_secs().max(1);
    let scale = |seconds: u64| {
        let scaled = u128::from(seconds) * times.day.as_millis() / (u128::from(DAY) * 1_000);
        u64::try_from(scaled).unwrap_or(u64::MAX)
    };
    let setting = |(id, of): (u64, &ParamDefault)| {
        let time = |value: u64, max: u128| (u128::from(value).clamp(1, max), 1, of.max);
        let (value, min, step) = match id {
            EPOCH_LENGTH => time(epoch, of.max),
            BLOCK_TIME_MS => time(milliseconds(times.block), of.max),
            IDLE_TIME_MS => time(milliseconds(times.idle.max(times.block)), of.max),
            DOWNTIME_WINDOW => (100, 10, of.max),
            _ => match TIMES.iter().find(|(time, _)| *time == id) {
                Some((_, least)) => time(u64::try_from(of.value).map_or(u64::MAX, scale).max(*least), of.max),
                None => (of.value, of.min, of.step),
            },
        };
        let [value, min, max, step] = [value, min, of.max, step].map(U256::from);
        // A change must be in force before the next one.
        Setting { id: U256::from(id), value, min, max, step, coolDown: U256::from(scale(of.cool_down).max(epoch)) }
    };
    let mut settings: Vec<_> = (0..).zip(&DEFAULTS).map(setting).collect();
    for chosen in parameters {
        let id = U256::from(chosen.id);
        for setting in settings.iter_mut().filter(|setting| setting.id == id) {
            setting.value = chosen.value;
            // Other networks than mainnet may go lower.
            setting.min = setting.min.min(chosen.value);
        }
    }
    settings
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
    use bttc_contracts::{addresses::BRIDGE_INBOX, system::IGenesis::RootConfig};

    fn times(block: Duration, idle: Duration, epoch: u64, day: u64) -> Times {
        Times { block, idle, epoch: Duration::from_secs(epoch), day: Duration::from_secs(day), age: Duration::ZERO }
    }

    #[test]
    fn it_names_the_validators_and_their_times() {
        let validators = [Address::repeat_byte(1), Address::repeat_byte(2)];
        let (block, idle) = (Duration::from_millis(100), Duration::from_millis(50));
        let text = make(&validators, &times(block, idle, 10, 480), &[], None).unwrap();
        let spec = ChainSpec::from_json(&text).unwrap();
        assert_eq!((spec.chain_id(), spec.is_dev(), spec.has_staking()), (LOCAL_CHAIN_ID, false, true));
        let set = spec.genesis_validators().unwrap();
        assert_eq!(set.members().iter().map(|member| member.address).collect::<Vec<_>>(), validators);
        assert_eq!(set.total_power(), 2 * STAKE);
        assert_eq!(spec.timing().block_time, Duration::from_millis(100));
        assert_eq!(spec.timing().idle_time, Duration::from_millis(100));
    }

    #[test]
    fn the_first_set_is_the_same_with_and_without_root_chains() {
        let validators = [Address::repeat_byte(1), Address::repeat_byte(2)];
        let short = Duration::from_millis(200);
        let times = times(short, short, 10, 480);
        let root = RootConfig {
            rootId: U256::from(1),
            chainId: 7,
            bridge: Address::repeat_byte(3),
            codeHash: B256::repeat_byte(4),
            btt: Address::ZERO,
            bttLocked: U256::ZERO,
        };
        let bridge = BridgePlan { reserve: btt(5), guardian: Address::repeat_byte(5), roots: vec![root] };
        let text = make(&validators, &times, &[], Some(bridge)).unwrap();
        let spec = ChainSpec::from_json(&text).unwrap();
        assert_eq!(spec.genesis_validators().unwrap().hash(), first_set(&validators, &times, &[]).unwrap());
        let genesis: Genesis = serde_json::from_str(&text).unwrap();
        assert_eq!(genesis.alloc[&BRIDGE_INBOX].balance, btt(5));
        assert_eq!(genesis.alloc[&validators[1]].balance, btt(RELAY_PURSE));
        assert_eq!(unbonding(&times, &[]), 3_360);
        assert_eq!(unbonding(&times, &["unbonding_time=30".parse().unwrap()]), 30);
    }

    #[test]
    fn parameters_are_chosen_within_the_bounds_of_every_chain() {
        let short = Duration::from_millis(200);
        let times = Times { age: Duration::from_secs(86_400), ..times(short, short, 10, 480) };
        let with = |text: &str| settings(&times, &[text.parse().unwrap()]);
        let value = |settings: &[Setting], id: u64| {
            let found: Vec<_> = settings.iter().filter(|of| of.id == U256::from(id)).collect();
            assert_eq!(found.len(), 1, "parameter {id} stands {} times", found.len());
            (found[0].value, found[0].max)
        };
        assert_eq!(value(&with("quorum=2500"), 16), (U256::from(3_360), U256::from(2_419_200)));
        assert_eq!(value(&with("unbonding_time=30"), 16), (U256::from(30), U256::from(2_419_200)));
        assert_eq!(value(&with("commission_step=500"), 14), (U256::from(500), U256::from(500)));
        let validators = [Address::repeat_byte(1)];
        let made = |text: &str| make(&validators, &times, &[text.parse().unwrap()], None);
        assert!(made("commission_step=500").is_ok());
        // More a day than any chain may allow.
        assert!(made("commission_step=501").is_err());
    }

    #[test]
    fn a_vote_fits_into_a_short_day() {
        let short = Duration::from_millis(100);
        assert_eq!(Times::day_of(Duration::from_secs(10)), Duration::from_secs(480));
        // Voting, its extension, both delays, the fast vote, the window; the notice of commissions, unbonding.
        let ids = [31, 34, 35, 36, 37, 38, 15, 16];
        for (day, expected) in [
            (480, [2_400, 960, 960, 3_360, 480, 6_720, 1_440, 3_360]),
            (4, [20, 8, 8, 28, 4, 60, 12, 28]),
            (0, [5, 2, 2, 2, 3, 60, 10, 10]),
        ] {
            let settings = settings(&times(short, short, 10, day), &[]);
            assert_eq!(ids.map(|id| settings[id].value.to::<u64>()), expected);
            assert!(
                settings.iter().all(|of| of.min <= of.value && of.value <= of.max && of.coolDown >= U256::from(10))
            );
            let base_fee = &settings[0];
            assert_eq!((base_fee.value.to(), base_fee.step.to()), (9_000_000_000_000u64, 3_000_000_000_000u64));
            assert_eq!(base_fee.coolDown.to::<u64>(), (7 * day).max(10));
        }
        // The contract takes them.
        make(&[Address::repeat_byte(1)], &times(short, short, 10, 4), &[], None).unwrap();
        make(&[Address::repeat_byte(1)], &times(short, short, 100_000, 10_000_000), &[], None).unwrap();
    }
}

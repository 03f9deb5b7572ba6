//! The development chain with staking that the tests of `bttc-rpc` run on, kept as a file because that crate is below this one.

#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::{dev_operator, dev_validator, load_spec};
use serde_json::Value;
use std::{collections::BTreeMap, fs};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../rpc/tests/it/staking-genesis.json");

/// When its first epoch begins. Unit: Unix seconds.
const TIME: u64 = 1_800_000_000;

fn btt(amount: u64) -> U256 {
    U256::from(amount).saturating_mul(BTT)
}

fn setting(id: u64, value: u64, max: u64) -> Setting {
    Setting {
        id: U256::from(id),
        value: U256::from(value),
        min: U256::from(1),
        max: U256::from(max),
        step: U256::from(max),
        coolDown: U256::ZERO,
    }
}

/// One validator, as the development driver needs it; epochs of a minute, commissions that change after two, one seat in the set.
fn made() -> Genesis {
    let mut genesis: Genesis = serde_json::from_str(&load_spec("dev").unwrap().1).unwrap();
    genesis.timestamp = TIME;
    let operator = dev_operator(0).address();
    genesis.alloc.entry(operator).or_default().balance = btt(20_000_000);
    let plan = StakingPlan {
        validators: vec![GenesisValidator {
            operator,
            signer: dev_validator().address(),
            stake: btt(100_000_000),
            commission: 1_000,
            name: "first".to_owned(),
        }],
        settings: vec![setting(8, 60, 86_400), setting(15, 120, 1_209_600), setting(9, 1, 100)],
        reserve: btt(99_000_000_000),
        programmes: btt(49_500_000_000),
        ..StakingPlan::default()
    };
    add_staking(genesis, &plan).unwrap()
}

/// What `made` has beside the development genesis, without code: that of the system contracts is in `bttc_contracts::system`.
fn difference() -> Value {
    let before: Genesis = serde_json::from_str(&load_spec("dev").unwrap().1).unwrap();
    let genesis = made();
    let accounts = genesis.alloc.into_iter().filter(|(address, account)| before.alloc.get(address) != Some(account));
    let accounts: BTreeMap<_, _> =
        accounts.map(|(address, account)| (address, GenesisAccount { code: None, ..account })).collect();
    json!({
        "timestamp": genesis.timestamp,
        "validators": genesis.config.extra_fields.get("bttc").unwrap()["validators"],
        "alloc": accounts,
    })
}

#[test]
fn the_chain_of_the_rpc_tests_is_that_of_the_contracts() {
    let kept: Value = serde_json::from_str(&fs::read_to_string(FILE).unwrap()).unwrap();
    assert!(
        kept == difference(),
        "{FILE} is of other contracts; make it anew with `cargo test --workspace --lib -- --ignored write_the_chain_of_the_rpc_tests`"
    );
    let spec = ChainSpec::from_genesis(made()).unwrap();
    assert!(spec.is_dev() && spec.has_staking());
    assert_eq!(spec.genesis_validators().unwrap().members().len(), 1);
}

/// Writes the file anew; to be run by hand after the contracts have changed.
#[test]
#[ignore = "writes a file of the repository"]
fn write_the_chain_of_the_rpc_tests() {
    fs::write(FILE, format!("{:#}\n", difference())).unwrap();
}

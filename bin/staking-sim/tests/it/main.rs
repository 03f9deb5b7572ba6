//! The contracts of `contracts/artifacts` do what the model does; and a difference, however small, is found.
#![allow(clippy::unwrap_used, reason = "tests")]

use alloy_primitives::{U256, hex, keccak256};
use alloy_sol_types::SolInterface;
use bttc_contracts::{
    staking::IStaking::{IStakingCalls, IStakingErrors, IStakingEvents},
    treasury::ITreasury::{ITreasuryCalls, ITreasuryErrors, ITreasuryEvents},
    validator_set::IValidatorSet::{IValidatorSetCalls, IValidatorSetErrors, IValidatorSetEvents},
};
use bttc_staking::model::Genesis;
use serde_json::Value;
use staking_sim::{run, run_with};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

type Change = fn(&mut Genesis);

fn artifacts() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../contracts/artifacts")
}

#[test]
fn contracts_and_model_do_the_same() {
    for seed in 1..=3 {
        let figures = run(&artifacts(), seed, 700).unwrap();
        assert!(figures.done.len() > 15 && figures.epochs > 10, "{figures:?}");
    }
}

#[test]
fn differences_are_found() {
    let changes: [(&str, Change); 8] = [
        ("apr", |genesis| genesis.params.max_apr += 1),
        ("proposer share", |genesis| genesis.params.proposer_share += 1),
        ("treasury share", |genesis| genesis.params.treasury_share += 1),
        ("unbonding time", |genesis| genesis.params.unbonding_time += 1),
        ("downtime slash", |genesis| genesis.params.downtime_slash += U256::ONE),
        ("double sign slash", |genesis| genesis.params.double_sign_factor += 1),
        ("window", |genesis| genesis.params.downtime_window += 10),
        ("least delegation", |genesis| genesis.params.min_delegation += U256::ONE),
    ];
    for (name, change) in changes {
        assert!(run_with(&artifacts(), 1, 2_000, change).is_err(), "{name} was not missed");
    }
}

/// `name(type,...)` of an entry of an ABI, tuples written out.
fn signature(entry: &Value) -> String {
    fn kind(input: &Value) -> String {
        let name = input["type"].as_str().unwrap();
        let Some(array) = name.strip_prefix("tuple") else { return name.to_owned() };
        let parts: Vec<_> = input["components"].as_array().unwrap().iter().map(kind).collect();
        format!("({}){array}", parts.join(","))
    }
    let inputs: Vec<_> = entry["inputs"].as_array().unwrap().iter().map(kind).collect();
    format!("{}({})", entry["name"].as_str().unwrap(), inputs.join(","))
}

/// Calls, errors and events of a binding are in the artifacts, and those of the artifacts are in the binding, but for what comes from libraries.
fn same_names(contracts: &[&str], calls: Vec<[u8; 4]>, errors: Vec<[u8; 4]>, events: &[[u8; 32]]) {
    let mut theirs: [BTreeMap<Vec<u8>, String>; 3] = Default::default();
    for name in contracts {
        let text = std::fs::read_to_string(artifacts().join(format!("{name}.json"))).unwrap();
        let artifact: Value = serde_json::from_str(&text).unwrap();
        for entry in artifact["abi"].as_array().unwrap() {
            let at = match entry["type"].as_str().unwrap() {
                "function" => 0,
                "error" => 1,
                "event" => 2,
                _ => continue,
            };
            let signature = signature(entry);
            let hash = keccak256(&signature);
            let key = if at == 2 { hash.to_vec() } else { hash[..4].to_vec() };
            theirs[at].insert(key, signature);
        }
    }
    let ours: [BTreeSet<Vec<u8>>; 3] = [
        calls.iter().map(|selector| selector.to_vec()).collect(),
        errors.iter().map(|selector| selector.to_vec()).collect(),
        events.iter().map(|topic| topic.to_vec()).collect(),
    ];
    for (ours, theirs) in ours.iter().zip(&theirs) {
        let strange: Vec<_> = ours.iter().filter(|key| !theirs.contains_key(*key)).map(hex::encode).collect();
        assert!(strange.is_empty(), "bindings of {contracts:?} name what is not there: {strange:?}");
        let missing = theirs.iter().filter(|(key, _)| !ours.contains(*key)).map(|(_, signature)| signature);
        let missing: Vec<_> =
            missing.filter(|name| !name.starts_with("SafeCast") && !name.starts_with("Reentrancy")).collect();
        assert!(missing.is_empty(), "bindings of {contracts:?} lack {missing:?}");
    }
}

#[test]
fn bindings_are_those_of_the_artifacts() {
    same_names(
        &["Staking", "StakingExtension"],
        IStakingCalls::selectors().collect(),
        IStakingErrors::selectors().collect(),
        IStakingEvents::SELECTORS,
    );
    same_names(
        &["ValidatorSet"],
        IValidatorSetCalls::selectors().collect(),
        IValidatorSetErrors::selectors().collect(),
        IValidatorSetEvents::SELECTORS,
    );
    same_names(
        &["Treasury"],
        ITreasuryCalls::selectors().collect(),
        ITreasuryErrors::selectors().collect(),
        ITreasuryEvents::SELECTORS,
    );
}

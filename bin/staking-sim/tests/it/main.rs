//! The contracts of `contracts/artifacts` do what the model does; and a difference, however small, is found.
#![allow(clippy::unwrap_used, reason = "tests")]

use alloy_primitives::U256;
use bttc_staking::model::Genesis;
use staking_sim::{run, run_with};
use std::path::PathBuf;

fn artifacts() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../contracts/artifacts")
}

#[test]
#[ignore = "needs the artifacts of the staking contracts in contracts/artifacts"]
fn contracts_and_model_do_the_same() {
    for seed in 1..=3 {
        let figures = run(&artifacts(), seed, 700).unwrap();
        assert!(figures.done.len() > 15 && figures.epochs > 10, "{figures:?}");
    }
}

#[test]
#[ignore = "needs the artifacts of the staking contracts in contracts/artifacts"]
fn differences_are_found() {
    let changes: [(&str, fn(&mut Genesis)); 8] = [
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

//! Bindings of the staking contracts against the committed artifacts.

#![expect(clippy::unwrap_used, reason = "tests")]

use crate::{
    governor::IGovernor::{IGovernorCalls, IGovernorErrors, IGovernorEvents},
    params::IParams::{IParamsCalls, IParamsErrors, IParamsEvents},
    staking::IStaking::{IStakingCalls, IStakingErrors, IStakingEvents},
    supply::ISupply::{ISupplyCalls, ISupplyErrors, ISupplyEvents},
    timelock::ITimelock::{ITimelockCalls, ITimelockErrors, ITimelockEvents},
    treasury::ITreasury::{ITreasuryCalls, ITreasuryErrors, ITreasuryEvents},
    validator_set::IValidatorSet::{IValidatorSetCalls, IValidatorSetErrors, IValidatorSetEvents},
};
use alloy_primitives::{B256, keccak256};
use alloy_sol_types::SolInterface;
use serde_json::Value;
use std::collections::BTreeSet;

/// The type of a parameter as a signature has it.
fn kind(input: &Value) -> String {
    let text = input["type"].as_str().unwrap();
    let Some(array) = text.strip_prefix("tuple") else { return text.to_owned() };
    let parts: Vec<_> = input["components"].as_array().unwrap().iter().map(kind).collect();
    format!("({}){array}", parts.join(","))
}

/// Hashes of the signatures of all entries of a kind in the artifacts.
fn hashes(artifacts: &[&str], of: &str) -> BTreeSet<B256> {
    let mut all = BTreeSet::new();
    for artifact in artifacts {
        let artifact: Value = serde_json::from_str(artifact).unwrap();
        for entry in artifact["abi"].as_array().unwrap().iter().filter(|entry| entry["type"] == of) {
            let types: Vec<_> = entry["inputs"].as_array().unwrap().iter().map(kind).collect();
            all.insert(keccak256(format!("{}({})", entry["name"].as_str().unwrap(), types.join(","))));
        }
    }
    all
}

fn check(
    name: &str,
    artifacts: &[&str],
    calls: impl Iterator<Item = [u8; 4]>,
    errors: impl Iterator<Item = [u8; 4]>,
    events: &[[u8; 32]],
) {
    let selectors = |of| -> BTreeSet<[u8; 4]> {
        hashes(artifacts, of).into_iter().map(|hash| hash[..4].try_into().unwrap()).collect()
    };
    let known = selectors("function");
    for call in calls {
        assert!(known.contains(&call), "{name} has no function {call:02x?}");
    }
    let known = selectors("error");
    for error in errors {
        assert!(known.contains(&error), "{name} has no error {error:02x?}");
    }
    let known = hashes(artifacts, "event");
    for event in events {
        assert!(known.contains(&B256::from(*event)), "{name} has no event {event:02x?}");
    }
}

macro_rules! artifact {
    ($name:literal) => {
        include_str!(concat!("../../../contracts/artifacts/", $name, ".json"))
    };
}

#[test]
fn what_the_bindings_name_is_in_the_contracts() {
    check(
        "Staking",
        &[artifact!("Staking"), artifact!("StakingExtension")],
        IStakingCalls::selectors(),
        IStakingErrors::selectors(),
        IStakingEvents::SELECTORS,
    );
    check(
        "Params",
        &[artifact!("Params")],
        IParamsCalls::selectors(),
        IParamsErrors::selectors(),
        IParamsEvents::SELECTORS,
    );
    check(
        "Supply",
        &[artifact!("Supply")],
        ISupplyCalls::selectors(),
        ISupplyErrors::selectors(),
        ISupplyEvents::SELECTORS,
    );
    check(
        "Treasury",
        &[artifact!("Treasury")],
        ITreasuryCalls::selectors(),
        ITreasuryErrors::selectors(),
        ITreasuryEvents::SELECTORS,
    );
    check(
        "Governor",
        &[artifact!("Governor")],
        IGovernorCalls::selectors(),
        IGovernorErrors::selectors(),
        IGovernorEvents::SELECTORS,
    );
    check(
        "Timelock",
        &[artifact!("Timelock")],
        ITimelockCalls::selectors(),
        ITimelockErrors::selectors(),
        ITimelockEvents::SELECTORS,
    );
    check(
        "ValidatorSet",
        &[artifact!("ValidatorSet")],
        IValidatorSetCalls::selectors(),
        IValidatorSetErrors::selectors(),
        IValidatorSetEvents::SELECTORS,
    );
}

/// Structs of answers are not part of a selector: their fields are compared by name and order.
#[test]
fn answers_have_the_fields_of_the_contracts() {
    let expected: [(&str, &str, &str); 9] = [
        (artifact!("StakingExtension"), "validator", include_str!("staking.rs")),
        (artifact!("StakingExtension"), "position", include_str!("staking.rs")),
        (artifact!("StakingExtension"), "unbondings", include_str!("staking.rs")),
        (artifact!("Params"), "param", include_str!("params.rs")),
        (artifact!("Governor"), "proposal", include_str!("governor.rs")),
        (artifact!("Governor"), "tally", include_str!("governor.rs")),
        (artifact!("Governor"), "poolVote", include_str!("governor.rs")),
        (artifact!("Governor"), "ownVote", include_str!("governor.rs")),
        (artifact!("Timelock"), "operation", include_str!("timelock.rs")),
    ];
    for (artifact, function, source) in expected {
        let artifact: Value = serde_json::from_str(artifact).unwrap();
        let entry = artifact["abi"].as_array().unwrap().iter().find(|entry| entry["name"] == function).unwrap().clone();
        let output = &entry["outputs"][0];
        let name = output["internalType"].as_str().unwrap().trim_start_matches("struct ").trim_end_matches("[]");
        let name = name.rsplit('.').next().unwrap();
        let body = source.split_once(&format!("struct {name} {{")).unwrap().1.split_once('}').unwrap().0;
        let fields: Vec<_> = body.split(';').map(str::trim).filter(|field| !field.is_empty()).collect();
        let wanted: Vec<_> = output["components"]
            .as_array()
            .unwrap()
            .iter()
            .map(|field| {
                let kind = match field["internalType"].as_str().unwrap().strip_prefix("enum ") {
                    // `Governor` and `Timelock` are bound with numbers: their enums are those of others.
                    Some(kind) if !source.contains(&format!("enum {}", kind.rsplit('.').next().unwrap())) => "uint8",
                    Some(kind) => kind.rsplit('.').next().unwrap(),
                    None => field["type"].as_str().unwrap(),
                };
                format!("{kind} {}", field["name"].as_str().unwrap())
            })
            .collect();
        assert_eq!(fields, wanted, "{function}");
    }
}

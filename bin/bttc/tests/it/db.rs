//! `bttc db verify|backup|compact|audit-supply` on a chain of blocks with contracts.

use crate::program::{Running, run};
use alloy_genesis::Genesis;
use alloy_primitives::U256;
use bttc_node::{GenesisValidator, StakingPlan, add_staking};
use serde_json::{Value, json};
use std::fs;

const GENESIS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testnet/conformance/own/genesis.json");
const BLOCKS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testnet/conformance/own/chain.rlp");

#[test]
fn a_database_is_checked_copied_and_compacted() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (data, copy) = (path("data"), path("copy"));
    assert_eq!(run(&["init", "--genesis", GENESIS, "--datadir", &data]).0, 0);
    assert_eq!(run(&["import", BLOCKS, "--datadir", &data]).0, 0);
    let node = Running::follower(&data);
    let (code, text, errors) = run(&["db", "verify", "--datadir", &data]);
    assert!(code == 0 && text.contains("up to block 10: 0 findings"), "{text} {errors}");
    let (code, text, errors) = run(&["db", "backup", &copy, "--datadir", &data]);
    assert!(code == 0 && text.contains(&format!("bttc db verify --datadir {copy}")), "{text} {errors}");
    let (code, _, errors) = run(&["db", "backup", &copy, "--datadir", &data]);
    assert!(code == 1 && errors.contains("not empty"), "{errors}");
    let (code, _, errors) = run(&["db", "compact", "--datadir", &data]);
    assert!(code == 1 && errors.contains("in use by process") && errors.contains("stop that node"), "{errors}");
    drop(node);

    assert_eq!(run(&["db", "compact", "--datadir", &data]).0, 0);
    for datadir in [&data, &copy] {
        let (code, text, errors) = run(&["db", "verify", "--json", "--datadir", datadir]);
        let summary: Value = serde_json::from_str(text.trim()).unwrap();
        assert_eq!((code, &summary["summary"]["findings"]), (0, &json!(0)), "{errors}");
        assert_eq!(Running::follower(datadir).rpc("eth_blockNumber", json!([])), "0xa");
    }

    // A flipped bit in the genesis, which nothing looks at while the node runs.
    let file = dir.path().join("copy/db/mdbx.dat");
    let mut bytes = fs::read(&file).unwrap();
    let name = b"\"chainId\":4242";
    let at = bytes.windows(name.len()).position(|window| window == name).unwrap();
    bytes[at + 2] ^= 1;
    fs::write(&file, bytes).unwrap();
    let (code, text, errors) = run(&["db", "verify", "--datadir", &copy]);
    assert!(code == 1 && text.contains("Metadata genesis_json") && text.contains("backup"), "{text} {errors}");
    assert!(errors.starts_with("Error: ") && errors.contains("is damaged"), "{errors}");
}

/// The development genesis with the system contracts.
fn staking_genesis() -> String {
    let mut genesis: Genesis = serde_json::from_str(&bttc_node::load_spec("dev").unwrap().1).unwrap();
    genesis.timestamp = 1_800_000_000;
    let stake = U256::from(100_000_000u64) * U256::from(10).pow(U256::from(18));
    let (operator, signer) = (bttc_node::dev_operator(0).address(), bttc_node::dev_validator().address());
    let first = GenesisValidator { operator, signer, stake, commission: 1_000, name: "first".to_owned() };
    let plan = StakingPlan { validators: vec![first], ..StakingPlan::default() };
    serde_json::to_string(&add_staking(genesis, &plan).unwrap()).unwrap()
}

#[test]
fn all_btt_of_a_database_is_added_up() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (data, genesis) = (path("data"), path("genesis.json"));
    fs::write(&genesis, staking_genesis()).unwrap();
    assert_eq!(run(&["init", "--genesis", &genesis, "--datadir", &data]).0, 0);
    let (code, text, errors) = run(&["db", "audit-supply", "--datadir", &data]);
    assert!(code == 0 && text.contains("block 0: ") && text.contains("every wei is accounted for"), "{text} {errors}");
    let (code, text, errors) = run(&["db", "audit-supply", "--json", "--datadir", &data]);
    let audit: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, &audit["holds"], &audit["exact"]), (0, &json!(true), &json!(true)), "{errors}");
    assert_eq!((&audit["burned"], &audit["balances"]), (&json!("0"), &audit["supply"]));
    assert_eq!(audit["supply"], json!(format!("990{}", "0".repeat(27))));

    // Without the contracts nobody says what was burned.
    let plain = path("plain");
    assert_eq!(run(&["init", "--genesis", GENESIS, "--datadir", &plain]).0, 0);
    let (code, _, errors) = run(&["db", "audit-supply", "--datadir", &plain]);
    assert!(code == 1 && errors.contains("no contract `Supply`"), "{errors}");
}

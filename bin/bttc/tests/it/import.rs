//! A chain under Ethereum's rules: prepared, imported from a file, served without making blocks.

use crate::program::{Running, run};
use serde_json::json;
use std::fs;

const GENESIS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testnet/conformance/own/genesis.json");
const BLOCKS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testnet/conformance/own/chain.rlp");

#[test]
fn a_chain_of_a_file_is_imported_once_and_served() {
    let dir = tempfile::tempdir().unwrap();
    let datadir = dir.path().join("data");
    let datadir = datadir.to_str().unwrap();
    assert_eq!(run(&["init", "--genesis", GENESIS, "--datadir", datadir]).0, 0);

    // Less than half of the file first: the last block in it is cut.
    let bytes = fs::read(BLOCKS).unwrap();
    let cut = dir.path().join("cut.rlp");
    fs::write(&cut, &bytes[..bytes.len() * 9 / 20]).unwrap();
    let (code, _, errors) = run(&["import", cut.to_str().unwrap(), "--datadir", datadir]);
    assert_eq!(code, 1);
    assert!(errors.contains("ends in the middle") && errors.contains("stays at height 4"), "{errors}");

    let import = ["import", BLOCKS, "--datadir", datadir];
    let (code, text, errors) = run(&import);
    assert_eq!(
        (code, text.as_str()),
        (0, "6 blocks imported, 4 were there already; the chain is at height 10\n"),
        "{errors}"
    );
    assert_eq!(run(&import).1, "0 blocks imported, 10 were there already; the chain is at height 10\n");

    let node = Running::follower(datadir);
    assert_eq!(node.rpc("eth_blockNumber", json!([])), "0xa");
    let block = node.rpc("eth_getBlockByNumber", json!(["latest", true]));
    assert_eq!(block["withdrawals"][0]["amount"], "0x5");
    let receipt = node.rpc("eth_getTransactionReceipt", json!([block["transactions"][1]["hash"]]));
    assert_eq!(receipt["status"], "0x1");
    // What the contract of this chain stores is the height; older states are there too.
    let contract = "0x00000000000000000000000000000000000000c0";
    for (height, value) in [("0x3", 3), ("latest", 10)] {
        let stored = node.rpc("eth_getStorageAt", json!([contract, "0x0", height]));
        assert_eq!(stored, format!("0x{value:064x}"));
    }
}

#[test]
fn a_block_against_the_rules_is_named_with_the_rule() {
    let dir = tempfile::tempdir().unwrap();
    let datadir = dir.path().join("data");
    let datadir = datadir.to_str().unwrap();
    assert_eq!(run(&["init", "--genesis", GENESIS, "--datadir", datadir]).0, 0);
    // The gas limit of the last block: an Ethereum header of this chain holds it once, as three bytes after their length.
    let mut bytes = fs::read(BLOCKS).unwrap();
    let limit = [0x84, 0x01, 0xc9, 0xc3, 0x80];
    let at = bytes.windows(limit.len()).rposition(|window| window == limit).unwrap();
    bytes[at + 1] = 0x02;
    let spoiled = dir.path().join("spoiled.rlp");
    fs::write(&spoiled, bytes).unwrap();
    let (code, _, errors) = run(&["import", spoiled.to_str().unwrap(), "--datadir", datadir]);
    assert_eq!(code, 1);
    assert!(
        errors.contains("block 10 of")
            && errors.contains("gas_limit is 46777216")
            && errors.contains("stays at height 9"),
        "{errors}"
    );

    let (code, _, errors) =
        run(&["import", BLOCKS, "--chain", "dev", "--datadir", dir.path().join("dev").to_str().unwrap()]);
    assert_eq!(code, 1);
    assert!(errors.contains("its validators have signed"), "{errors}");
}

//! `bttc db verify|backup|compact` on a chain of blocks with contracts.

use crate::program::{Running, run};
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

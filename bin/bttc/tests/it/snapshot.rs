//! A node that starts from another one's snapshot.

use crate::program::{Running, run};
use serde_json::json;

#[test]
fn a_node_starts_from_a_snapshot_of_a_running_one() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (snapshot, copy) = (path("snapshot"), path("copy"));
    let first = Running::dev(&dir.path().join("data"), &[]);
    let accounts = first.rpc("eth_accounts", json!([]));
    let send = |node: &Running, value: &str| {
        let tx = json!([{ "from": accounts[0], "to": "0x00000000000000000000000000000000000000aa", "value": value }]);
        node.rpc("eth_sendTransaction", tx)
    };
    for value in ["0x1", "0x2", "0x3"] {
        send(&first, value);
    }
    assert_eq!(first.rpc("eth_blockNumber", json!([])), "0x3");
    let (code, text, errors) = run(&["db", "snapshot", "export", "--out", &snapshot, "--datadir", &path("data")]);
    assert_eq!(code, 0, "{errors}");
    assert!(text.contains("the state at height 3 is in"), "{text}");
    // A second one to the same place is refused, one of an older state is not.
    let (code, _, errors) = run(&["db", "snapshot", "export", "--out", &snapshot, "--datadir", &path("data")]);
    assert!(code == 1 && errors.contains("not empty"), "{errors}");
    let older = ["db", "snapshot", "export", "--height", "2", "--out", &path("older"), "--datadir", &path("data")];
    assert!(run(&older).1.contains("the state at height 2"));

    let import = ["db", "snapshot", "import", "--from", &snapshot, "--datadir", &copy, "--chain", "dev"];
    let (code, _, errors) = run(&import[..7]);
    assert!(code == 1 && errors.contains("--chain"), "{errors}");
    let wrong = ["db", "snapshot", "import", "--from", &snapshot, "--datadir", &path("other"), "--chain", "testnet"];
    let (code, _, errors) = run(&wrong);
    assert!(code == 1 && errors.contains("cannot import the snapshot"), "{errors}");
    // A chunk is missing: it is named, and the import goes on when it is there.
    let (here, away) = (format!("{snapshot}/state-00000000"), path("away"));
    std::fs::rename(&here, &away).unwrap();
    let (code, _, errors) = run(&import);
    assert!(code == 1 && errors.contains("chunk state-00000000 is refused: it is missing"), "{errors}");
    std::fs::rename(&away, &here).unwrap();
    let (code, text, errors) = run(&import);
    assert_eq!(code, 0, "{errors}");
    assert!(text.contains("the chain is at height 3") && text.contains("1 chunks were there already"), "{text}");
    let (code, _, errors) = run(&import);
    assert!(code == 1 && errors.contains("choose another --datadir"), "{errors}");

    let second = Running::dev(&dir.path().join("copy"), &[]);
    let block = |node: &Running, at: &str| node.rpc("eth_getBlockByNumber", json!([at, true]));
    assert_eq!(block(&second, "latest"), block(&first, "latest"));
    assert_eq!(block(&second, "0x0"), block(&first, "0x0"));
    for node in [&first, &second] {
        send(node, "0x4");
        let balance = node.rpc("eth_getBalance", json!(["0x00000000000000000000000000000000000000aa", "latest"]));
        assert_eq!(balance, "0xa");
        assert_eq!(node.rpc("eth_blockNumber", json!([])), "0x4");
    }
    // Blocks differ in their times, the balances of all accounts do not.
    let balances = |node: &Running| {
        accounts
            .as_array()
            .unwrap()
            .iter()
            .map(|account| node.rpc("eth_getBalance", json!([account, "latest"])))
            .collect::<Vec<_>>()
    };
    assert_eq!(balances(&second), balances(&first));
}

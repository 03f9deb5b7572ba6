//! A node from its start to SIGTERM, and what it refuses.

use crate::program::{Running, ask, run};
use alloy_consensus::{SignableTransaction, TxLegacy};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, hex};
use alloy_signer::SignerSync;
use serde_json::json;
use std::{
    net::{SocketAddr, TcpListener},
    time::{Duration, Instant},
};

const ALICE: &str = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
const BOB: &str = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";

/// SIGTERM promises this.
const STOP: Duration = Duration::from_secs(5);

fn send(node: &Running, value: &str) -> String {
    let hash = node.rpc("eth_sendTransaction", json!([{ "from": ALICE, "to": BOB, "value": value }]));
    let end = Instant::now() + crate::program::DEADLINE;
    loop {
        let receipt = node.rpc("eth_getTransactionReceipt", json!([hash]));
        if !receipt.is_null() {
            assert_eq!(receipt["status"], "0x1", "{receipt}");
            return receipt["blockHash"].as_str().unwrap().to_owned();
        }
        assert!(Instant::now() < end, "no receipt");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

#[test]
fn sigterm_ends_a_node_in_time_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut node = Running::dev(dir.path(), &[]);
    assert_eq!(node.rpc("eth_chainId", json!([])), "0xf1f10");
    let before = node.rpc("eth_getBalance", json!([BOB, "latest"]));
    let block = send(&node, "0xde0b6b3a7640000");
    let after = node.rpc("eth_getBalance", json!([BOB, "latest"]));
    assert_ne!(before, after);

    for signal in ["TERM", "INT"] {
        let begin = Instant::now();
        node.signal(signal);
        let (code, _, log) = node.wait();
        assert_eq!(code, 0, "{log}");
        assert!(begin.elapsed() < STOP, "{:?}: {log}", begin.elapsed());
        assert!(log.contains("node stopped"), "{log}");

        // Without a word about the chain: the data directory knows it.
        node = Running::start(&["node", "--rpc.port", "0", "--datadir", dir.path().to_str().unwrap()]);
        assert_eq!(node.rpc("eth_getBalance", json!([BOB, "latest"])), after);
        assert_eq!(node.rpc("eth_getBlockByNumber", json!(["latest", false]))["hash"], block.as_str());
    }
}

#[test]
fn a_killed_node_comes_back_at_the_last_block() {
    let dir = tempfile::tempdir().unwrap();
    let mut node = Running::dev(dir.path(), &[]);
    let block = send(&node, "0x1");
    node.signal("KILL");
    assert_ne!(node.wait().0, 0);
    let node = Running::dev(dir.path(), &[]);
    assert_eq!(node.rpc("eth_getBlockByNumber", json!(["latest", false]))["hash"], block.as_str());
    send(&node, "0x1");
}

/// Waits until a question is refused because what it asks about is pruned.
fn wait_until_pruned(node: &Running, method: &str, params: &serde_json::Value) {
    let end = Instant::now() + crate::program::DEADLINE;
    loop {
        match node.try_rpc(method, params.clone()) {
            Err(error) => {
                assert_eq!(error["code"], 4444, "{error}");
                return;
            }
            Ok(_) => assert!(Instant::now() < end, "{method} {params} is not pruned"),
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_node_prunes_its_backlog_through_a_kill_and_back_to_archive() {
    let dir = tempfile::tempdir().unwrap();
    let mut node = Running::dev(dir.path(), &[]);
    send(&node, "0x1");
    node.rpc("anvil_mine", json!(["0x12b"]));
    assert_eq!(node.rpc("eth_blockNumber", json!([])), "0x12c");
    let balance = node.rpc("eth_getBalance", json!([BOB, "0x0"]));
    node.signal("TERM");
    assert_eq!(node.wait().0, 0);

    // 300 blocks, of which 129 states stay; killed once while it is at it.
    let short = ["--storage.keep-state", "128", "--storage.keep-blocks=200"];
    let mut node = Running::dev(dir.path(), &short);
    node.signal("KILL");
    node.wait();
    let mut node = Running::dev(dir.path(), &short);
    wait_until_pruned(&node, "eth_getBalance", &json!([BOB, "0xab"]));
    wait_until_pruned(&node, "eth_getBlockByNumber", &json!(["0x63", false]));
    assert_ne!(node.rpc("eth_getBalance", json!([BOB, "0xac"])), balance);
    node.signal("TERM");
    assert_eq!(node.wait().0, 0);

    let mut node = Running::dev(dir.path(), &["--prune", "archive"]);
    assert_eq!(node.try_rpc("eth_getBalance", json!([BOB, "0x0"])).unwrap_err()["code"], 4444);
    assert_eq!(node.rpc("eth_getBlockByNumber", json!(["0x64", false]))["number"], "0x64");
    assert_eq!(node.try_rpc("eth_getBlockByNumber", json!(["0x63", false])).unwrap_err()["code"], 4444);
    node.signal("TERM");
    let (_, _, log) = node.wait();
    assert!(log.contains("what was pruned before does not come back"), "{log}");
}

#[test]
fn blocks_come_at_the_interval_and_health_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let metrics = free_address();
    let more = ["--block-time", "100ms", "--metrics.listen", &metrics.to_string(), "--log.format", "json"];
    let mut node = Running::dev(dir.path(), &more);
    let end = Instant::now() + crate::program::DEADLINE;
    while node.rpc("eth_blockNumber", json!([])) == "0x0" {
        assert!(Instant::now() < end, "no block");
        std::thread::sleep(Duration::from_millis(20));
    }
    let get = |path: &str| ask(metrics, &format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
    assert!(get("/healthz").starts_with("HTTP/1.1 200"));
    let ready = get("/readyz");
    assert!(ready.starts_with("HTTP/1.1 200") && ready.contains("\"ready\":true"), "{ready}");
    let page = get("/metrics");
    assert!(page.contains("bttc_build_info{version=") && page.contains("bttc_head_height"), "{page}");
    node.signal("TERM");
    let (code, _, log) = node.wait();
    assert_eq!(code, 0);
    for line in log.lines() {
        assert!(serde_json::from_str::<serde_json::Value>(line).is_ok_and(|line| line["level"].is_string()), "{line}");
    }
}

#[test]
fn a_sender_is_recovered_once() {
    let dir = tempfile::tempdir().unwrap();
    let metrics = free_address();
    let node = Running::dev(dir.path(), &["--metrics.listen", &metrics.to_string()]);
    let key = bttc_node::dev_accounts().into_iter().next().unwrap();
    let mut sent = Vec::new();
    for nonce in 0..5 {
        let tx = TxLegacy {
            chain_id: Some(0xf1f10),
            nonce,
            gas_price: 10u128.pow(15),
            gas_limit: 21_000,
            to: BOB.parse::<Address>().unwrap().into(),
            ..Default::default()
        };
        let signature = key.sign_hash_sync(&tx.signature_hash()).unwrap();
        let raw = hex::encode_prefixed(tx.into_signed(signature).encoded_2718());
        assert_eq!(node.rpc("eth_sendRawTransactionSync", json!([raw]))["status"], "0x1");
        sent.push(raw);
    }
    for raw in sent {
        let refusal = node.try_rpc("eth_sendRawTransaction", json!([raw])).unwrap_err();
        assert!(refusal["message"].as_str().unwrap().contains("nonce too low"), "{refusal}");
    }
    // In the pool, in the build, in the block, in the database and handed in again they are the same.
    let page = ask(metrics, "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert!(page.contains("\nbttc_txpool_senders_recovered_total 5\n"), "{page}");
}

#[test]
fn a_chain_of_ones_own_is_prepared_and_a_foreign_one_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (genesis, datadir) = (path("genesis.json"), path("data"));
    let mut json: serde_json::Value =
        serde_json::from_str(include_str!("../../../../genesis/dev/genesis.json")).unwrap();
    json["config"]["chainId"] = json!(31337);
    std::fs::write(&genesis, json.to_string()).unwrap();
    let (code, text, errors) = run(&["init", "--genesis", &genesis, "--datadir", &datadir]);
    assert!(code == 0 && text.contains("chain 31337 at height 0"), "{text}{errors}");
    let node = Running::start(&["node", "--datadir", &datadir, "--rpc.port", "0"]);
    assert_eq!(node.rpc("eth_chainId", json!([])), "0x7a69");

    let (code, _, errors) = run(&["node", "--dev", "--datadir", &datadir, "--rpc.port", "0"]);
    assert_eq!(code, 1);
    assert!(errors.contains("in use") || errors.contains("process"), "{errors}");
    let (code, text, errors) = run(&["db", "stats", "--datadir", &datadir]);
    assert!(code == 0 && text.contains("Headers"), "{text}{errors}");
    let (code, text, errors) = run(&["db", "get", "Headers", "0", "--datadir", &datadir]);
    assert!(code == 0 && text.contains("stateRoot"), "{text}{errors}");
    let (code, _, errors) = run(&["db", "get", "Heads", "0", "--datadir", &datadir]);
    assert!(code == 1 && errors.contains("Headers"), "{errors}");
    drop(node);

    let (code, _, errors) = run(&["node", "--dev", "--datadir", &datadir, "--rpc.port", "0"]);
    assert_eq!(code, 1);
    assert!(errors.contains("31337") && errors.contains("990992") && errors.contains("--datadir"), "{errors}");
}

#[test]
fn what_cannot_run_is_refused_with_the_reason() {
    let dir = tempfile::tempdir().unwrap();
    let datadir = dir.path().to_str().unwrap();
    let refused: [(&[&str], &str); 5] = [
        (&["node", "--chain", "mainnet", "--datadir", datadir], "names no validators"),
        (&["node"], "which chain?"),
        (&["node", "--chain", "./nowhere.json", "--datadir", datadir], "dev, testnet, mainnet"),
        (&["node", "--datadir", datadir], "is empty"),
        (&["db", "stats", "--datadir", "/no/such/place"], "/no/such/place"),
    ];
    for (arguments, expected) in refused {
        let (code, text, errors) = run(arguments);
        assert_eq!((code, text.as_str()), (1, ""), "{arguments:?}: {errors}");
        assert!(errors.starts_with("Error: ") && errors.contains(expected), "{arguments:?}: {errors}");
    }
}

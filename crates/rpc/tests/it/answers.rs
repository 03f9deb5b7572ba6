//! What the methods answer, on blocks made for the purpose.

use crate::fixture::{BASE_FEE, CHAIN_ID, GWEI, contract, key, legacy, node, signed, transfer};
use alloy_primitives::{Address, Bytes, TxKind, U256, hex};
use serde_json::{Value, json};

fn quantity(value: &Value) -> u128 {
    value.as_str().unwrap().parse::<U256>().unwrap().to()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contract_lives_its_life() {
    let node = node().await;
    let deployer = key(0).address();
    let receipt = node.send(&signed(0, 0, TxKind::Create, 0, contract(), 200_000)).await;
    assert_eq!(receipt["status"], "0x1", "{receipt}");
    let address = receipt["contractAddress"].as_str().unwrap().to_owned();
    assert_eq!(address, deployer.create(0).to_string().to_lowercase());
    assert_eq!(quantity(&receipt["effectiveGasPrice"]), BASE_FEE + 100 * GWEI);

    // Calls, with and without what is different for them.
    let call = json!({"to": address});
    let word = |number: u64| format!("0x{number:064x}");
    assert_eq!(node.call("eth_call", json!([call, "latest"])).await, word(42));
    let changed = json!({address.clone(): {"stateDiff": {word(0): word(7)}}});
    assert_eq!(node.call("eth_call", json!([call, "latest", changed])).await, word(7));
    assert_eq!(node.call("eth_getStorageAt", json!([address, "0x0", "latest"])).await, word(42));
    let (code, message, data) = node.fail("eth_call", json!([{"to": address, "data": "0x01"}, "latest"])).await;
    assert_eq!((code, message.as_str()), (3, "execution reverted: no"));
    assert!(data.as_str().unwrap().starts_with("0x08c379a0"));
    assert_eq!(node.fail("eth_estimateGas", json!([{"to": address, "data": "0x01"}])).await.0, 3);
    let list = node.call("eth_createAccessList", json!([call])).await;
    assert_eq!(list["accessList"][0]["storageKeys"], json!([word(0)]));

    // Logs, by every way to them.
    let gas = quantity(&node.call("eth_estimateGas", json!([call])).await);
    let to = TxKind::Call(address.parse().unwrap());
    let filter = node.call("eth_newFilter", json!([{"address": address}])).await;
    let blocks = node.call("eth_newBlockFilter", json!([])).await;
    let receipt = node.send(&signed(0, 1, to, 0, Bytes::new(), gas as u64)).await;
    assert_eq!(receipt["status"], "0x1");
    let wanted = json!({"fromBlock": "earliest", "topics": [[word(1)]]});
    let logs = node.call("eth_getLogs", json!([wanted])).await;
    assert_eq!(logs, receipt["logs"]);
    assert_eq!(logs[0]["data"], word(42));
    assert_eq!(logs[0]["blockHash"], receipt["blockHash"]);
    assert_eq!(node.call("eth_getFilterChanges", json!([filter])).await, logs);
    assert_eq!(node.call("eth_getFilterChanges", json!([filter])).await, json!([]));
    assert_eq!(node.call("eth_getFilterChanges", json!([blocks])).await, json!([receipt["blockHash"]]));
    assert_eq!(node.call("eth_uninstallFilter", json!([filter])).await, true);
    assert_eq!(node.fail("eth_getFilterChanges", json!([filter])).await.0, -32000);
    let none = node.call("eth_getLogs", json!([{"fromBlock": "0x0", "topics": [word(2)]}])).await;
    assert_eq!(none, json!([]));

    // The past.
    assert_eq!(node.call("eth_getCode", json!([address, "0x0"])).await, "0x");
    assert_ne!(node.call("eth_getCode", json!([address, {"blockNumber": "0x1"}])).await, "0x");

    // Traces.
    let hash = &receipt["transactionHash"];
    let trace = node.call("debug_traceTransaction", json!([hash, {"tracer": "callTracer"}])).await;
    assert_eq!(trace["to"], address);
    let steps = node.call("debug_traceTransaction", json!([hash])).await;
    assert_eq!(steps["structLogs"][0]["op"], "CALLDATASIZE");
    let block = node.call("debug_traceBlockByHash", json!([receipt["blockHash"]])).await;
    assert_eq!(block[0]["txHash"], *hash);
    let (code, ..) = node.fail("debug_traceTransaction", json!([hash, {"tracer": "{fault(){}}"}])).await;
    assert_eq!(code, -32000);
    assert_eq!(node.fail("debug_traceBlockByNumber", json!(["0x0"])).await.0, -32000);
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_and_transactions_agree_with_each_other() {
    let node = node().await;
    let first = node.send(&transfer(0, 0)).await;
    let second = node.send(&legacy(0, 1, 21_000, 2 * BASE_FEE)).await;
    assert_eq!(quantity(&second["effectiveGasPrice"]), 2 * BASE_FEE);

    let by_number = node.call("eth_getBlockByNumber", json!([first["blockNumber"], true])).await;
    let by_hash = node.call("eth_getBlockByHash", json!([first["blockHash"], true])).await;
    assert_eq!(by_number, by_hash);
    let hash = &first["transactionHash"];
    let tx = node.call("eth_getTransactionByHash", json!([hash])).await;
    assert_eq!(tx, by_hash["transactions"][0]);
    assert_eq!((&tx["type"], &tx["from"]), (&json!("0x2"), &first["from"]));
    assert_eq!(quantity(&tx["gasPrice"]), BASE_FEE + 100 * GWEI);
    assert_eq!(node.call("eth_getTransactionReceipt", json!([hash])).await, first);
    assert_eq!(node.call("eth_getBlockReceipts", json!([first["blockHash"]])).await, json!([first]));
    let at = json!([first["blockNumber"], "0x0"]);
    assert_eq!(node.call("eth_getTransactionByBlockNumberAndIndex", at).await, tx);

    // The raw forms hash to what they are.
    let header = node.call("debug_getRawHeader", json!([first["blockNumber"]])).await;
    let header = hex::decode(header.as_str().unwrap()).unwrap();
    assert_eq!(json!(alloy_primitives::keccak256(header)), first["blockHash"]);
    let raw = node.call("debug_getRawBlock", json!([first["blockNumber"]])).await;
    let size = hex::decode(raw.as_str().unwrap()).unwrap().len();
    assert_eq!(quantity(&by_hash["size"]), size as u128);
    assert_eq!(node.call("debug_getRawTransaction", json!([hash])).await, transfer(0, 0));

    // What is not there.
    for (method, params) in [
        ("eth_getBlockByNumber", json!(["0xffff", false])),
        ("eth_getBlockByHash", json!([alloy_primitives::B256::ZERO, false])),
        ("eth_getBlockReceipts", json!(["0xffff"])),
        ("eth_getTransactionByHash", json!([alloy_primitives::B256::ZERO])),
        ("eth_getTransactionReceipt", json!([alloy_primitives::B256::ZERO])),
        ("eth_getUncleByBlockNumberAndIndex", json!(["0x1", "0x0"])),
    ] {
        assert_eq!(node.call(method, params).await, Value::Null, "{method}");
    }
    assert_eq!(node.call("eth_getUncleCountByBlockNumber", json!(["0x1"])).await, "0x0");
    let (code, message, _) = node.fail("eth_getBalance", json!([Address::ZERO, "0xffff"])).await;
    assert_eq!(code, -32000);
    assert!(message.starts_with("header not found"), "{message}");
    for tag in ["safe", "finalized", "latest", "pending"] {
        let block = node.call("eth_getBlockByNumber", json!([tag, false])).await;
        assert_eq!(block["hash"], second["blockHash"], "{tag}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fees_and_identity() {
    let node = node().await;
    assert_eq!(quantity(&node.call("eth_chainId", json!([])).await), u128::from(CHAIN_ID));
    assert_eq!(node.call("net_version", json!([])).await, CHAIN_ID.to_string());
    assert_eq!(node.call("web3_clientVersion", json!([])).await, "bttc/test");
    let empty = "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470";
    assert_eq!(node.call("web3_sha3", json!(["0x"])).await, empty);
    assert_eq!(node.call("eth_syncing", json!([])).await, false);
    assert_eq!(node.call("rpc_modules", json!([])).await["eth"], "1.0");

    assert_eq!(quantity(&node.call("eth_maxPriorityFeePerGas", json!([])).await), 100 * GWEI);
    assert_eq!(quantity(&node.call("eth_gasPrice", json!([])).await), BASE_FEE + 100 * GWEI);
    node.send(&legacy(0, 0, 21_000, BASE_FEE + 700 * GWEI)).await;
    assert_eq!(quantity(&node.call("eth_maxPriorityFeePerGas", json!([])).await), 700 * GWEI);
    let history = node.call("eth_feeHistory", json!(["0x2", "latest", [10, 90]])).await;
    assert_eq!(history["oldestBlock"], "0x0");
    assert_eq!(history["baseFeePerGas"].as_array().unwrap().len(), 3);
    assert_eq!(history["reward"][0], json!(["0x0", "0x0"]));
    assert_eq!(quantity(&history["reward"][1][0]), 700 * GWEI);
    assert_eq!(node.fail("eth_feeHistory", json!([1, "latest", [90, 10]])).await.0, -32000);
}

#[tokio::test(flavor = "multi_thread")]
async fn proofs_lead_to_the_state_root() {
    let node = node().await;
    let receipt = node.send(&signed(0, 0, TxKind::Create, 0, contract(), 200_000)).await;
    let address: Address = receipt["contractAddress"].as_str().unwrap().parse().unwrap();
    node.send(&transfer(0, 1)).await;
    for number in ["0x1", "0x2"] {
        let block = node.call("eth_getBlockByNumber", json!([number, false])).await;
        let proof = node.call("eth_getProof", json!([address, ["0x0"], number])).await;
        let first = hex::decode(proof["accountProof"][0].as_str().unwrap()).unwrap();
        assert_eq!(json!(alloy_primitives::keccak256(first)), block["stateRoot"], "{number}");
        assert_eq!(proof["storageProof"][0]["value"], "0x2a");
        assert_eq!(proof["storageProof"][0]["key"], "0x0");
    }
}

//! Questions about a past that is no longer kept.

use crate::fixture::{Node, contract, key, node, signed, transfer};
use alloy_primitives::{B256, Bytes, TxKind};
use bttc_storage::Kept;
use serde_json::{Value, json};

const KEPT: Kept = Kept { state: 6, blocks: 4, logs: 5 };

struct Past {
    node: Node,
    contract: String,
    /// Receipts of blocks 2 (pruned) and 7 (kept).
    old: Value,
    new: Value,
}

/// A contract from block 1, called in blocks 2 and 7; the head is 10.
async fn past() -> Past {
    let node = node().await;
    let made = node.send(&signed(0, 0, TxKind::Create, 0, contract(), 200_000)).await;
    let contract = made["contractAddress"].as_str().unwrap().to_owned();
    let to = TxKind::Call(contract.parse().unwrap());
    let old = node.send(&signed(0, 1, to, 0, Bytes::new(), 100_000)).await;
    for nonce in 2..6 {
        node.send(&transfer(0, nonce)).await;
    }
    let new = node.send(&signed(0, 6, to, 0, Bytes::new(), 100_000)).await;
    for nonce in 7..10 {
        node.send(&transfer(0, nonce)).await;
    }
    assert_eq!((&old["blockNumber"], &new["blockNumber"]), (&json!("0x2"), &json!("0x7")));
    let mut write = node.chain.storage().write().unwrap();
    assert!(write.prune(KEPT, u64::MAX).unwrap().done);
    write.commit().unwrap();
    Past { node, contract, old, new }
}

async fn assert_pruned(node: &Node, method: &str, params: Value, kept_from: u64) {
    let (code, message, _) = node.fail(method, params.clone()).await;
    assert_eq!(code, 4444, "{method} {params}: {message}");
    assert!(message.starts_with("pruned history unavailable: "), "{method}: {message}");
    assert!(message.contains(&format!("kept from block {kept_from} on")), "{method}: {message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn old_states_are_refused_and_kept_ones_answer() {
    let Past { node, contract, new, .. } = past().await;
    let call = json!({"to": contract});
    let changed = json!({"blockStateCalls": [{"calls": [call]}]});
    let by_hash = node.call("eth_getHeaderByNumber", json!(["0x5"])).await["hash"].take();
    for block in [json!("0x5"), json!("earliest"), json!({"blockHash": by_hash})] {
        for (method, params) in [
            ("eth_getBalance", json!([contract, block])),
            ("eth_getTransactionCount", json!([contract, block])),
            ("eth_getCode", json!([contract, block])),
            ("eth_getStorageAt", json!([contract, "0x0", block])),
            ("eth_getStorageValues", json!([{contract.clone(): ["0x0"]}, block])),
            ("eth_getProof", json!([contract, ["0x0"], block])),
            ("eth_call", json!([call, block])),
            ("eth_estimateGas", json!([call, block])),
            ("eth_createAccessList", json!([call, block])),
            ("eth_simulateV1", json!([changed, block])),
            ("debug_traceCall", json!([call, block])),
        ] {
            assert_pruned(&node, method, params, KEPT.state).await;
        }
    }
    // Blocks 5 and 6 are kept, but the state that block 6 ran on is not.
    assert_pruned(&node, "debug_traceBlockByNumber", json!(["0x6"]), KEPT.state).await;
    assert_eq!(node.call("debug_traceBlockByNumber", json!(["0x7"])).await[0]["txHash"], new["transactionHash"]);
    let trace = node.call("debug_traceTransaction", json!([new["transactionHash"]])).await;
    assert_eq!(trace["structLogs"][0]["op"], "CALLDATASIZE");
    for block in ["0x6", "latest"] {
        assert_eq!(node.call("eth_call", json!([call, block])).await, json!(format!("0x{:064x}", 42)));
        assert_eq!(
            node.call("eth_getProof", json!([contract, ["0x0"], block])).await["storageProof"][0]["value"],
            "0x2a"
        );
        node.call("eth_simulateV1", json!([changed, block])).await;
    }
    assert_eq!(node.call("eth_getTransactionCount", json!([key(0).address(), "0x6"])).await, "0x6");
}

#[tokio::test(flavor = "multi_thread")]
async fn old_blocks_are_refused_but_for_their_headers() {
    let Past { node, old, new, .. } = past().await;
    let (number, hash) = (old["blockNumber"].clone(), old["blockHash"].clone());
    for (method, params) in [
        ("eth_getBlockByNumber", json!([number, false])),
        ("eth_getBlockByHash", json!([hash, true])),
        ("eth_getBlockTransactionCountByNumber", json!([number])),
        ("eth_getBlockTransactionCountByHash", json!([hash])),
        ("eth_getUncleCountByBlockNumber", json!([number])),
        ("eth_getUncleByBlockHashAndIndex", json!([hash, "0x0"])),
        ("eth_getBlockReceipts", json!([number])),
        ("eth_getBlockReceipts", json!([hash])),
        ("eth_getTransactionByBlockNumberAndIndex", json!([number, "0x0"])),
        ("eth_getTransactionByBlockHashAndIndex", json!([hash, "0x0"])),
        ("eth_getRawTransactionByBlockNumberAndIndex", json!([number, "0x0"])),
        ("debug_traceBlockByNumber", json!([number])),
        ("debug_traceBlockByHash", json!([hash])),
        ("debug_getRawBlock", json!([number])),
        ("debug_getRawReceipts", json!([number])),
        ("eth_feeHistory", json!(["0x9", "latest", [50]])),
    ] {
        assert_pruned(&node, method, params, KEPT.blocks).await;
    }
    // A hash that the index no longer knows is one that nobody knows: pollers for a receipt must see null.
    let tx = &old["transactionHash"];
    assert_eq!(node.call("eth_getTransactionByHash", json!([tx])).await, Value::Null);
    assert_eq!(node.call("eth_getTransactionReceipt", json!([tx])).await, Value::Null);
    let (code, message, _) = node.fail("debug_traceTransaction", json!([tx])).await;
    assert!(code == -32000 && message.contains("is in no block from 4 on; older ones are pruned"), "{message}");

    let header = node.call("eth_getHeaderByHash", json!([hash])).await;
    assert_eq!((&header["number"], &header["hash"], &header["size"]), (&number, &hash, &Value::Null));
    let raw = node.call("debug_getRawHeader", json!([number])).await;
    let raw = alloy_primitives::hex::decode(raw.as_str().unwrap()).unwrap();
    assert_eq!(json!(alloy_primitives::keccak256(raw)), hash);
    assert_eq!(node.call("eth_getBlockByNumber", json!(["earliest", false])).await["number"], "0x0");
    assert_eq!(node.call("eth_getBlockByNumber", json!(["0x4", false])).await["number"], "0x4");
    assert_eq!(node.call("eth_getTransactionReceipt", json!([new["transactionHash"]])).await, new);
    assert_eq!(node.call("eth_feeHistory", json!(["0x9", "latest"])).await["oldestBlock"], "0x2");
    assert_eq!(node.call("eth_feeHistory", json!(["0x7", "latest", [50]])).await["oldestBlock"], "0x4");
    node.call("eth_gasPrice", json!([])).await;

    // BLOCKHASH needs headers alone: PUSH1 2, BLOCKHASH, and return it.
    let code = json!({(key(9).address().to_string()): {"code": "0x60024060005260206000f3"}});
    let asked = node.call("eth_call", json!([{"to": key(9).address()}, "latest", code])).await;
    assert_eq!(asked, hash);
    // EIP-2935 keeps the hash of block 2 in slot 2 of its contract.
    let history = "0x0000F90827F1C53a10cb7A02335B175320002935";
    assert_eq!(node.call("eth_getStorageAt", json!([history, "0x2", "latest"])).await, hash);
}

#[tokio::test(flavor = "multi_thread")]
async fn old_logs_are_refused() {
    let Past { node, contract, old, new } = past().await;
    let filter = node.call("eth_newFilter", json!([{"fromBlock": "0x1", "address": contract}])).await;
    for range in [
        json!({"fromBlock": "earliest", "address": contract}),
        json!({"fromBlock": "0x4", "toBlock": "0x5"}),
        json!({"fromBlock": "0x2", "toBlock": "0x2", "topics": [B256::ZERO]}),
        json!({"blockHash": old["blockHash"]}),
    ] {
        assert_pruned(&node, "eth_getLogs", json!([range]), KEPT.logs).await;
    }
    assert_pruned(&node, "eth_getFilterLogs", json!([filter]), KEPT.logs).await;
    let kept = json!([{"fromBlock": "0x5", "address": contract}]);
    assert_eq!(node.call("eth_getLogs", kept).await, new["logs"]);
    assert_eq!(node.call("eth_getLogs", json!([{"blockHash": new["blockHash"]}])).await, new["logs"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_below_the_marks_cannot_be_reverted_to() {
    let node = node().await;
    let snapshot = node.call("evm_snapshot", json!([])).await;
    node.call("anvil_mine", json!(["0x5"])).await;
    let mut write = node.chain.storage().write().unwrap();
    assert!(write.prune(Kept { state: 3, ..Kept::default() }, 100).unwrap().done);
    write.commit().unwrap();
    assert_pruned(&node, "evm_revert", json!([snapshot]), 3).await;
    assert_eq!(node.call("eth_blockNumber", json!([])).await, "0x5");
    node.call("evm_mine", json!([])).await;
}

//! `eth_getLogs` against the logs that the receipts of all blocks name.

use crate::fixture::{Node, contract, node, signed};
use alloy_primitives::{Address, Bytes, TxKind};
use serde_json::{Value, json};

/// Logs of all blocks that `wanted` picks, taken from the receipts.
async fn scanned(node: &Node, last: u64, wanted: impl Fn(&Value) -> bool) -> Vec<Value> {
    let mut logs = Vec::new();
    for height in 0..=last {
        let receipts = node.call("eth_getBlockReceipts", json!([format!("{height:#x}")])).await;
        let of_block = receipts.as_array().unwrap().iter().flat_map(|receipt| receipt["logs"].as_array().unwrap());
        logs.extend(of_block.filter(|log| wanted(log)).cloned());
    }
    logs
}

#[tokio::test(flavor = "multi_thread")]
async fn every_filter_finds_what_the_receipts_say() {
    let node = node().await;
    let mut contracts = Vec::new();
    for nonce in 0..2 {
        let made = node.send(&signed(0, nonce, TxKind::Create, 0, contract(), 200_000)).await;
        contracts.push(made["contractAddress"].as_str().unwrap().to_owned());
    }
    let call = |nonce: u64, at: usize, input: Bytes| {
        signed(0, nonce, TxKind::Call(contracts[at].parse().unwrap()), 0, input, 100_000)
    };
    // Blocks of several transactions, one of which reverts, far enough apart that the index is read in more than one piece.
    node.call("evm_setAutomine", json!([false])).await;
    let mut nonce = 2;
    for calls in [[0, 1, 0], [1, 1, 1], [0, 0, 1]] {
        for (position, at) in calls.into_iter().enumerate() {
            let input = if position == 1 { Bytes::from_static(&[1]) } else { Bytes::new() };
            node.call("eth_sendRawTransaction", json!([call(nonce, at, input)])).await;
            nonce += 1;
        }
        node.call("evm_mine", json!([])).await;
        node.call("anvil_mine", json!(["0x12c"])).await;
    }
    let last = 2 + 3 * 301;
    assert_eq!(node.call("eth_blockNumber", json!([])).await, json!(format!("{last:#x}")));

    let word = |number: u64| format!("0x{number:064x}");
    let all = scanned(&node, last, |_| true).await;
    assert_eq!(all.len(), 6);
    assert!(all.iter().any(|log| log["logIndex"] == "0x1" && log["transactionIndex"] == "0x2"), "{all:?}");
    let ours = |which: &'static [usize]| {
        let addresses: Vec<_> = which.iter().map(|at| contracts[*at].clone()).collect();
        all.iter().filter(move |log| addresses.iter().any(|address| log["address"] == **address)).cloned().collect()
    };
    let queries: [(Value, Vec<Value>); 8] = [
        (json!({}), all.clone()),
        (json!({"address": contracts[0]}), ours(&[0])),
        (json!({"address": contracts[1]}), ours(&[1])),
        (json!({"address": contracts}), all.clone()),
        (json!({"address": contracts[1], "topics": [[word(2), word(1)]]}), ours(&[1])),
        (json!({"topics": [word(2)]}), vec![]),
        // The contract speaks with one topic; nothing has a second one.
        (json!({"topics": [null, word(1)]}), vec![]),
        (json!({"address": Address::with_last_byte(7)}), vec![]),
    ];
    for (mut query, expected) in queries {
        query["fromBlock"] = json!("0x0");
        assert_eq!(node.call("eth_getLogs", json!([query])).await, json!(expected), "{query}");
        let from = expected.get(1).map_or(json!("0x5"), |log| log["blockNumber"].clone());
        query["fromBlock"] = from.clone();
        query["toBlock"] = from.clone();
        let there: Vec<_> = expected.iter().filter(|log| log["blockNumber"] == from).collect();
        assert_eq!(node.call("eth_getLogs", json!([query])).await, json!(there), "{query}");
    }
}

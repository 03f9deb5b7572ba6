//! What only a development chain answers.

use crate::fixture::{BASE_FEE, GWEI, key, node, transfer};
use alloy_primitives::{Address, Signature, U256, eip191_hash_message};
use serde_json::{Value, json};

fn quantity(value: &Value) -> u128 {
    value.as_str().unwrap().parse::<U256>().unwrap().to()
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_and_time_are_moved_by_hand() {
    let node = node().await;
    node.call("evm_mine", json!([])).await;
    node.call("anvil_mine", json!(["0x2", "0xa"])).await;
    assert_eq!(node.call("eth_blockNumber", json!([])).await, "0x3");
    let time = |block: Value| quantity(&block["timestamp"]);
    let before = time(node.call("eth_getBlockByNumber", json!(["0x2", false])).await);
    let after = time(node.call("eth_getBlockByNumber", json!(["0x3", false])).await);
    assert_eq!(after - before, 10);

    let snapshot = node.call("evm_snapshot", json!([])).await;
    node.call("evm_increaseTime", json!([3_600])).await;
    node.call("evm_mine", json!([])).await;
    let later = time(node.call("eth_getBlockByNumber", json!(["latest", false])).await);
    assert!(later >= before + 3_600);
    node.call("evm_setNextBlockTimestamp", json!([later + 500])).await;
    node.call("evm_mine", json!([])).await;
    let set = time(node.call("eth_getBlockByNumber", json!(["latest", false])).await);
    assert_eq!(set, later + 500);
    assert_eq!(node.call("evm_revert", json!([snapshot])).await, true);
    assert_eq!(node.call("evm_revert", json!([snapshot])).await, false);
    assert_eq!(node.call("eth_blockNumber", json!([])).await, "0x3");

    node.call("evm_setAutomine", json!([false])).await;
    assert_eq!(node.call("anvil_getAutomine", json!([])).await, false);
    let hash = node.call("eth_sendRawTransaction", json!([transfer(0, 0)])).await;
    assert_eq!(node.call("eth_getTransactionCount", json!([key(0).address(), "pending"])).await, "0x1");
    assert_eq!(node.call("eth_getTransactionCount", json!([key(0).address()])).await, "0x0");
    let content = node.call("txpool_content", json!([])).await;
    assert_eq!(content["pending"][key(0).address().to_string()]["0"]["hash"], hash);
    node.call("evm_mine", json!([])).await;
    assert_ne!(node.call("eth_getTransactionReceipt", json!([hash])).await, Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_changed_and_impersonated() {
    let node = node().await;
    let rich = Address::repeat_byte(0x42);
    let fortune = U256::from(10).pow(U256::from(24));
    node.call("anvil_setBalance", json!([rich, fortune])).await;
    assert_eq!(node.call("eth_getBalance", json!([rich])).await, json!(fortune));
    node.call("hardhat_setNonce", json!([rich, "0x5"])).await;
    assert_eq!(node.call("eth_getTransactionCount", json!([rich])).await, "0x5");
    node.call("anvil_setCode", json!([Address::repeat_byte(9), "0x60005460005260206000f3"])).await;
    let word = format!("0x{:064x}", 77);
    node.call("anvil_setStorageAt", json!([Address::repeat_byte(9), "0x0", word])).await;
    assert_eq!(node.call("eth_call", json!([{"to": Address::repeat_byte(9)}])).await, word);

    let send = json!([{"from": rich, "to": Address::repeat_byte(1), "value": "0x7"}]);
    assert!(node.fail("eth_sendTransaction", send.clone()).await.1.contains("unknown account"));
    node.call("anvil_impersonateAccount", json!([rich])).await;
    // It is in a block when the answer comes.
    let hash = node.call("eth_sendTransaction", send.clone()).await;
    let receipt = node.call("eth_getTransactionReceipt", json!([hash])).await;
    assert_eq!(receipt["from"], json!(rich));
    assert_eq!(receipt["status"], "0x1");
    let tx = node.call("eth_getTransactionByHash", json!([hash])).await;
    assert_eq!((&tx["from"], &tx["nonce"]), (&json!(rich), &json!("0x5")));
    node.call("anvil_stopImpersonatingAccount", json!([rich])).await;
    assert!(node.fail("eth_sendTransaction", send).await.1.contains("unknown account"));
    let (code, message, _) = node.fail("anvil_reset", json!([])).await;
    assert_eq!(code, -32004);
    assert!(message.contains("evm_snapshot"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_node_signs_for_its_accounts() {
    let node = node().await;
    let from = key(0).address();
    assert_eq!(node.call("eth_accounts", json!([])).await[0], json!(from));
    let signature = node.call("personal_sign", json!(["0x6869", from])).await;
    let signature: Signature = signature.as_str().unwrap().parse().unwrap();
    let hash = eip191_hash_message("hi");
    assert_eq!(signature.recover_address_from_prehash(&hash).unwrap(), from);

    let signed = node.call("eth_signTransaction", json!([{"from": from, "to": from}])).await;
    assert_eq!(quantity(&signed["tx"]["maxFeePerGas"]), 2 * BASE_FEE + 100 * GWEI);
    let receipt = node.send(signed["raw"].as_str().unwrap()).await;
    assert_eq!(receipt["from"], json!(from));

    let typed = json!({
        "types": {"EIP712Domain": [{"name": "name", "type": "string"}], "Mail": [{"name": "text", "type": "string"}]},
        "primaryType": "Mail", "domain": {"name": "x"}, "message": {"text": "y"},
    });
    let signature = node.call("eth_signTypedData_v4", json!([from, typed])).await;
    assert_eq!(signature.as_str().unwrap().len(), 132);
}

//! What is refused, with which code, and in which words.

use crate::fixture::{BASE_FEE, legacy, node, node_with, post, transfer};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn malformed_requests_get_the_codes_of_the_standard() {
    let node = node().await;
    for (body, code) in [
        ("{\"jsonrpc\":\"2.0\",", -32700),
        ("{\"jsonrpc\":\"2.0\",\"id\":1}", -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":"eth_nothing"}"#, -32601),
        (r#"{"jsonrpc":"2.0","id":1,"method":"eth_getBalance","params":[]}"#, -32602),
        (r#"{"jsonrpc":"2.0","id":1,"method":"eth_getBalance","params":{"a":1}}"#, -32602),
        (r#"{"jsonrpc":"2.0","id":1,"method":"eth_getBlockByNumber","params":["2",false]}"#, -32602),
        (r#"{"jsonrpc":"2.0","id":1,"method":"eth_subscribe","params":["newHeads"]}"#, -32001),
        (r#"{"jsonrpc":"2.0","id":1,"method":"eth_getLogs","params":[{"fromBlock":"0x0","toBlock":"0x9"}]}"#, -32602),
    ] {
        let (_, answer) = post(node.http, "host: localhost\r\n", body).await;
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["error"]["code"], code, "{body}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_are_refused_before_they_are_decoded() {
    let node = node_with(|config| config.max_tx_bytes = 200).await;
    let node = &node;
    let refusal = |raw: String| async move { node.fail("eth_sendRawTransaction", json!([raw])).await };
    assert!(refusal("0x03c0".to_owned()).await.1.contains("no blob transactions"));
    assert!(refusal("0x02c0".to_owned()).await.1.contains("no signed transaction"));
    let long = refusal(format!("0x{}", "00".repeat(201))).await;
    assert_eq!(long.0, -32005);
    assert!(long.1.contains("rpc.max_tx_bytes is 200"), "{}", long.1);
    let dear = refusal(legacy(0, 0, 21_000, 100_000 * BASE_FEE)).await;
    assert!(dear.1.contains("rpc.tx_fee_cap") && dear.1.contains("BTT"), "{}", dear.1);
    let cheap = refusal(legacy(0, 0, 21_000, 1)).await;
    assert_eq!(cheap.0, -32000);
    node.send(&transfer(0, 0)).await;
    assert!(refusal(transfer(0, 0)).await.1.contains("nonce too low"));
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_for_a_receipt_ends() {
    let node = node().await;
    // A gap in the nonces: it cannot be in a block.
    let (code, _, data) = node.fail("eth_sendRawTransactionSync", json!([transfer(0, 1), 50])).await;
    assert_eq!(code, 4);
    let waiting = node.call("eth_getTransactionByHash", json!([data])).await;
    assert_eq!(waiting["blockHash"], Value::Null);
    assert_eq!(node.call("txpool_status", json!([])).await, json!({"pending": "0x0", "queued": "0x1"}));
    let (code, message, _) = node.fail("eth_sendRawTransactionSync", json!([transfer(0, 2), 600_000])).await;
    assert_eq!(code, -32005);
    assert!(message.contains("rpc.max_sync_timeout"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_name_themselves() {
    let node = node_with(|config| {
        config.max_batch = 2;
        config.max_body_bytes = 2_000;
        config.max_response_bytes = 3_000;
        config.max_log_blocks = 1;
        config.max_filters = 1;
        config.max_storage_keys = 1;
    })
    .await;
    let one = json!({"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"});
    let batch = node.ask(&json!([one, one, one])).await;
    assert!(batch["error"]["message"].as_str().unwrap().contains("rpc.max_batch is 2"), "{batch}");
    let batch = node.ask(&json!([one, {"id": 2}])).await;
    assert_eq!(batch[0]["result"], "0xf1f10");
    assert_eq!(batch[1]["error"]["code"], -32600);

    let (status, body) = post(node.http, "host: localhost\r\n", &" ".repeat(2_001)).await;
    assert_eq!(status, 413);
    assert!(body.contains("rpc.max_body_bytes is 2000"), "{body}");

    node.send(&transfer(0, 0)).await;
    for (method, params, limit) in [
        ("eth_getLogs", json!([{"fromBlock": "0x0", "toBlock": "0x1"}]), "max_log_blocks"),
        ("eth_getProof", json!([alloy_primitives::Address::ZERO, ["0x0", "0x1"], "latest"]), "max_storage_keys"),
    ] {
        let (code, message, _) = node.fail(method, params).await;
        assert_eq!(code, -32005, "{method}");
        assert!(message.contains(&format!("rpc.{limit} is 1")), "{message}");
    }
    node.call("eth_newBlockFilter", json!([])).await;
    assert!(node.fail("eth_newBlockFilter", json!([])).await.1.contains("rpc.max_filters"));
    // Multicall3 is longer than an answer may be here.
    let (code, message, _) =
        node.fail("eth_getCode", json!(["0xcA11bde05977b3631167028862bE2a173976CA11", "0x0"])).await;
    assert_eq!(code, -32005);
    assert!(message.contains("rpc.max_response_bytes is 3000"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_are_not_served() {
    let node = node_with(|config| config.cors_origins = vec!["https://app.example".to_owned()]).await;
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}"#;
    let (status, why) = post(node.http, "host: evil.example\r\n", body).await;
    assert_eq!(status, 403);
    assert!(why.contains("rpc.allowed_hosts"), "{why}");
    assert_eq!(post(node.http, &format!("host: {}\r\n", node.http), body).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_counted() {
    let node = node_with(|config| config.max_connections = 1).await;
    let held = tokio::net::TcpStream::connect(node.http).await.unwrap();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    loop {
        let (status, body) = post(node.http, "host: localhost\r\n", "{}").await;
        if status == 503 {
            assert!(body.contains("rpc.max_connections is 1"), "{body}");
            break;
        }
        assert!(std::time::Instant::now() < deadline, "the second connection is served: {body}");
    }
    drop(held);
}

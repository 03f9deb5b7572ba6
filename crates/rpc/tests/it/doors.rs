//! IPC and WebSocket, subscriptions, and the end of the server.

use crate::fixture::{Node, node, node_with, transfer};
use alloy_provider::{Provider, ProviderBuilder, WsConnect};
use futures::StreamExt;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    net::{
        UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
};

/// A connection by IPC.
pub(crate) struct Ipc {
    read: Lines<BufReader<OwnedReadHalf>>,
    write: OwnedWriteHalf,
}

impl Ipc {
    pub(crate) async fn open(node: &Node) -> Self {
        let (read, write) = UnixStream::connect(&node.ipc).await.unwrap().into_split();
        Self { read: BufReader::new(read).lines(), write }
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.write.write_all(text.as_bytes()).await.unwrap();
    }

    pub(crate) async fn next(&mut self) -> Value {
        let line = tokio::time::timeout(Duration::from_secs(20), self.read.next_line()).await;
        serde_json::from_str(&line.unwrap().unwrap().unwrap()).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ipc_answers_and_notifies() {
    let node = node_with(|config| config.max_subscriptions = 1).await;
    let mut ipc = Ipc::open(&node).await;
    // In two pieces, and two values in one.
    ipc.send(r#"{"jsonrpc":"2.0","id":1,"method":"eth_"#).await;
    ipc.send(r#"chainId"}[{"jsonrpc":"2.0","id":2,"method":"eth_blockNumber"},5]"#).await;
    let mut answers = [ipc.next().await, ipc.next().await];
    answers.sort_by_key(Value::is_array);
    assert_eq!(answers[0], json!({"jsonrpc": "2.0", "id": 1, "result": "0xf1f10"}));
    assert_eq!(answers[1][0]["result"], "0x0");
    assert_eq!(answers[1][1]["error"]["code"], -32600);

    let subscribe = r#"{"jsonrpc":"2.0","id":3,"method":"eth_subscribe","params":["newHeads"]}"#;
    ipc.send(subscribe).await;
    let id = ipc.next().await["result"].clone();
    assert!(id.as_str().unwrap().starts_with("0x"), "{id}");
    ipc.send(subscribe).await;
    let refused = ipc.next().await;
    assert!(refused["error"]["message"].as_str().unwrap().contains("rpc.max_subscriptions is 1"));
    for nonce in 0..3 {
        let receipt = node.send(&transfer(0, nonce)).await;
        let told = ipc.next().await;
        assert_eq!(told["method"], "eth_subscription");
        assert_eq!(told["params"]["subscription"], id);
        assert_eq!(told["params"]["result"]["hash"], receipt["blockHash"]);
    }
    ipc.send(&json!({"jsonrpc": "2.0", "id": 4, "method": "eth_unsubscribe", "params": [id]}).to_string()).await;
    assert_eq!(ipc.next().await["result"], true);

    // Who closes its side still gets what it asked for.
    ipc.send(r#"{"jsonrpc":"2.0","id":5,"method":"web3_clientVersion"}"#).await;
    ipc.write.shutdown().await.unwrap();
    assert_eq!(ipc.next().await["result"], "bttc/test");
    assert_eq!(ipc.read.next_line().await.unwrap(), None);

    let mut garbage = Ipc::open(&node).await;
    garbage.send("hello").await;
    assert_eq!(garbage.next().await["error"]["code"], -32700);
    assert_eq!(garbage.read.next_line().await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn alloy_subscribes_over_websocket() {
    let node = node().await;
    let url = format!("ws://{}", node.http);
    let provider = ProviderBuilder::new().connect_ws(WsConnect::new(url)).await.unwrap();
    let mut heads = provider.subscribe_blocks().await.unwrap().into_stream();
    let mut waiting = provider.subscribe_pending_transactions().await.unwrap().into_stream();
    let receipt = node.send(&transfer(0, 0)).await;
    let wait = Duration::from_secs(20);
    let head = tokio::time::timeout(wait, heads.next()).await.unwrap().unwrap();
    assert_eq!(json!(head.hash), receipt["blockHash"]);
    let hash = tokio::time::timeout(wait, waiting.next()).await.unwrap().unwrap();
    assert_eq!(json!(hash), receipt["transactionHash"]);
    let block = provider.get_block_by_number(head.number.into()).full().await.unwrap().unwrap();
    assert_eq!(block.header.hash, head.hash);
    assert_eq!(provider.get_transaction_receipt(hash).await.unwrap().unwrap().block_hash, Some(head.hash));
    assert!(node.stop().await < Duration::from_secs(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_cuts_nobody_short_and_waits_for_nobody() {
    let node = node().await;
    let mut ipc = Ipc::open(&node).await;
    ipc.send(r#"{"jsonrpc":"2.0","id":1,"method":"eth_subscribe","params":["logs",{}]}"#).await;
    ipc.next().await;
    let silent = tokio::net::TcpStream::connect(node.http).await.unwrap();
    let path = node.ipc.clone();
    assert!(path.exists());
    assert!(node.stop().await < Duration::from_secs(5));
    assert!(!path.exists());
    drop(silent);
}

//! The operator's methods: what they answer, and where they are served.

use crate::fixture::{Others, node, node_among};
use bttc_rpc::{BanRecord, NodeRecord, PeerControl, PeerRecord};
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::UnixStream,
};

/// A network that remembers what it was told.
#[derive(Debug, Default)]
struct Told(Mutex<Vec<String>>);

impl Told {
    fn note(&self, what: String) -> Result<(), String> {
        self.0.lock().unwrap().push(what);
        Ok(())
    }
}

impl PeerControl for Told {
    fn peers(&self) -> Vec<PeerRecord> {
        vec![PeerRecord { id: "12D3".into(), connected_seconds: 5, ..Default::default() }; 3]
    }
    fn local(&self) -> NodeRecord {
        NodeRecord { id: "12D4".into(), listen: vec!["/ip4/127.0.0.1/tcp/1".into()], ..Default::default() }
    }
    fn bans(&self) -> Vec<BanRecord> {
        vec![BanRecord { who: "10.0.0.1".into(), until: 9, why: "flood".into() }]
    }
    fn add(&self, peer: &str) -> Result<(), String> {
        self.note(format!("add {peer}"))
    }
    fn remove(&self, peer: &str) -> Result<(), String> {
        Err(format!("{peer} is not among the peers"))
    }
    fn ban(&self, whom: &str, length: Duration) -> Result<(), String> {
        self.note(format!("ban {whom} {}", length.as_secs()))
    }
    fn unban(&self, whom: &str) -> Result<(), String> {
        self.note(format!("unban {whom}"))
    }
}

async fn over_ipc(path: &std::path::Path, method: &str, params: Value) -> Value {
    let mut stream = UnixStream::connect(path).await.unwrap();
    let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    stream.write_all(request.to_string().as_bytes()).await.unwrap();
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).await.unwrap();
    serde_json::from_str(&line).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_sees_and_orders_peers_over_ipc() {
    let told = Arc::new(Told::default());
    let node = node_among(Others { peers: Some(told.clone()), ..Others::default() }, |_| ()).await;
    let peers = over_ipc(&node.ipc, "admin_peers", json!([])).await;
    assert_eq!((&peers["result"][0]["id"], &peers["result"][2]["connectedSeconds"]), (&json!("12D3"), &json!(5)));
    let info = over_ipc(&node.ipc, "admin_nodeInfo", json!([])).await;
    assert_eq!(info["result"]["id"], "12D4");
    assert_eq!((&info["result"]["chainId"], &info["result"]["peers"]), (&json!(990_992), &json!(3)));
    let bans = over_ipc(&node.ipc, "admin_bans", json!([])).await;
    assert_eq!(bans["result"], json!([{ "who": "10.0.0.1", "until": 9, "why": "flood" }]));
    assert_eq!(over_ipc(&node.ipc, "admin_addPeer", json!(["a"])).await["result"], true);
    assert_eq!(over_ipc(&node.ipc, "admin_banPeer", json!(["b", 60])).await["result"], true);
    assert_eq!(over_ipc(&node.ipc, "admin_banPeer", json!(["c"])).await["result"], true);
    assert_eq!(over_ipc(&node.ipc, "admin_unbanPeer", json!(["b"])).await["result"], true);
    assert_eq!(*told.0.lock().unwrap(), ["add a", "ban b 60", "ban c 86400", "unban b"]);
    let refused = over_ipc(&node.ipc, "admin_removePeer", json!(["d"])).await;
    assert_eq!(refused["error"]["message"], "d is not among the peers");
    assert_eq!(over_ipc(&node.ipc, "admin_banPeer", json!(["b", 0])).await["error"]["code"], -32602);
    assert_eq!(over_ipc(&node.ipc, "admin_addPeer", json!([])).await["error"]["code"], -32602);
    assert_eq!(node.call("net_peerCount", json!([])).await, "0x3");
    assert_eq!(node.call("net_listening", json!([])).await, true);
}

#[tokio::test(flavor = "multi_thread")]
async fn http_has_the_operators_methods_only_where_it_is_asked_to() {
    let closed = node_among(Others { peers: Some(Arc::new(Told::default())), ..Others::default() }, |_| ()).await;
    assert_eq!(closed.fail("admin_peers", json!([])).await.0, -32601);
    assert!(closed.call("rpc_modules", json!([])).await.get("admin").is_none());
    let open = node_among(Others { peers: Some(Arc::new(Told::default())), ..Others::default() }, |config| {
        config.http_admin = true
    })
    .await;
    assert_eq!(open.call("admin_peers", json!([])).await.as_array().unwrap().len(), 3);
    assert_eq!(open.call("rpc_modules", json!([])).await["admin"], "1.0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_a_network_says_so() {
    let node = node().await;
    let answer = over_ipc(&node.ipc, "admin_peers", json!([])).await;
    assert_eq!(answer["error"]["code"], -32004);
    assert!(answer["error"]["message"].as_str().unwrap().contains("p2p.enabled"), "{answer}");
    assert_eq!(node.call("net_peerCount", json!([])).await, "0x0");
}

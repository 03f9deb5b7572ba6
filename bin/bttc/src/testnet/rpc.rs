//! Questions to the nodes of a local network.

use alloy_primitives::{B256, U64};
use alloy_provider::{Provider, RootProvider};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use std::time::Duration;

/// A node on the loopback that has not answered by then is not well.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a node says of itself.
#[derive(Clone, Debug)]
pub(crate) struct Answers {
    pub(crate) height: u64,
    pub(crate) hash: B256,
    /// None where the node has no network.
    pub(crate) peers: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct Head {
    number: U64,
    hash: B256,
}

/// One question, whatever chain answers; none if it does not.
pub(crate) async fn json(url: &str, method: &'static str, params: Value) -> Option<Value> {
    let node: RootProvider = RootProvider::new_http(url.parse().ok()?);
    call(&node, method, params).await
}

/// Asks a node; none if it does not answer.
pub(crate) async fn ask(url: &str) -> Option<Answers> {
    let node: RootProvider = RootProvider::new_http(url.parse().ok()?);
    let head: Head = call(&node, "eth_getBlockByNumber", serde_json::json!(["latest", false])).await?;
    let peers: Option<U64> = call(&node, "net_peerCount", serde_json::json!([])).await;
    Some(Answers { height: head.number.to(), hash: head.hash, peers: peers.map(|peers| peers.to()) })
}

async fn call<T: DeserializeOwned + std::fmt::Debug + Send + Sync + Unpin + 'static>(
    node: &RootProvider,
    method: &'static str,
    params: Value,
) -> Option<T> {
    tokio::time::timeout(PATIENCE, node.raw_request(method.into(), params)).await.ok()?.ok()
}

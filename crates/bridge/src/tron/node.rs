//! One TRON node over HTTP (docs/tron.md, section 2).

use super::{
    BlockAnswer, Parameters, Receipt, Signed, Simulated, Verdict,
    address::to_wire,
    answers::{self, BadAnswer},
};
use alloy_primitives::{Address, B256, hex};
use serde_json::{Value, json};
use std::time::Duration;

mod reads;

/// Time for an answer.
const ANSWER: Duration = Duration::from_secs(20);
/// Largest answer that is read. Unit: bytes.
const MAX_ANSWER: usize = 32 << 20;

/// Where a node listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// HTTP interface, with `/wallet/...` (port 8090 by default).
    pub full: String,
    /// The same for solid state, with `/walletsolidity/...` (port 8091 by default); many nodes serve it at `full`, too.
    pub solid: String,
}

/// Which state a question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// The newest, which may still change.
    Newest,
    /// The one that nothing reverts.
    Solid,
}

/// Why a question has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NodeError {
    /// Nobody answers, or not in time: try again, or elsewhere. What was broadcast may have arrived.
    #[error("no answer from the TRON node at {url}: {why}")]
    Unreachable {
        /// Where it should be.
        url: String,
        /// What went wrong.
        why: String,
    },
    /// An answer of no use.
    #[error("{url}: {error}")]
    Answer {
        /// Where from.
        url: String,
        /// What it says.
        error: BadAnswer,
    },
}

impl NodeError {
    /// Whether the same question may get an answer later, from the same node.
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Answer { error: BadAnswer::Busy(_), .. })
    }
}

/// A way to one node. Cheap to clone.
#[derive(Clone, Debug)]
pub struct TronNode {
    http: reqwest::Client,
    endpoint: Endpoint,
}

impl TronNode {
    /// A way to the node at `endpoint`; nothing is asked yet.
    pub fn new(endpoint: Endpoint) -> Result<Self, NodeError> {
        let http = reqwest::Client::builder().timeout(ANSWER).build();
        let http =
            http.map_err(|error| NodeError::Unreachable { url: endpoint.full.clone(), why: error.to_string() })?;
        Ok(Self { http, endpoint })
    }

    /// The last block, or the last that nothing reverts.
    pub async fn block(&self, view: View) -> Result<BlockAnswer, NodeError> {
        let url = self.url(view, "getnowblock");
        self.ask(url, &json!({}), answers::block).await
    }

    /// What a call would return and use, without a transaction.
    pub async fn simulate(&self, from: Address, to: Address, data: &[u8], view: View) -> Result<Simulated, NodeError> {
        let question = json!({
            "owner_address": hex::encode(to_wire(from)),
            "contract_address": hex::encode(to_wire(to)),
            "data": hex::encode(data),
            "visible": false,
        });
        self.ask(self.url(view, "triggerconstantcontract"), &question, answers::simulated).await
    }

    /// Hands out a transaction, byte for byte.
    pub async fn broadcast(&self, transaction: &Signed) -> Result<Verdict, NodeError> {
        let question = json!({ "transaction": hex::encode(transaction.encode()) });
        match self.ask(self.url(View::Newest, "broadcasthex"), &question, answers::verdict).await {
            Err(NodeError::Answer { error: BadAnswer::Busy(why), .. }) => Ok(Verdict::RetrySame(why)),
            verdict => verdict,
        }
    }

    /// How a transaction ended; none if the view does not have it.
    pub async fn receipt(&self, id: B256, view: View) -> Result<Option<Receipt>, NodeError> {
        let question = json!({ "value": hex::encode(id) });
        self.ask(self.url(view, "gettransactioninfobyid"), &question, |body| answers::receipt(body, id)).await
    }

    /// Numbers of the network.
    pub async fn parameters(&self) -> Result<Parameters, NodeError> {
        self.ask(self.url(View::Newest, "getchainparameters"), &json!({}), answers::parameters).await
    }

    fn url(&self, view: View, call: &str) -> String {
        match view {
            View::Newest => format!("{}/wallet/{call}", self.endpoint.full.trim_end_matches('/')),
            View::Solid => format!("{}/walletsolidity/{call}", self.endpoint.solid.trim_end_matches('/')),
        }
    }

    async fn ask<T>(
        &self,
        url: String,
        question: &Value,
        read: impl FnOnce(&str) -> Result<T, BadAnswer>,
    ) -> Result<T, NodeError> {
        let unreachable = |why: String| NodeError::Unreachable { url: url.clone(), why };
        let request = self.http.post(&url).header("content-type", "application/json").body(question.to_string());
        // The URL is named once, by our error.
        let mut response = request.send().await.map_err(|error| unreachable(error.without_url().to_string()))?;
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|error| unreachable(error.without_url().to_string()))? {
            body.extend_from_slice(&piece);
            if body.len() > MAX_ANSWER {
                return Err(unreachable(format!("the answer is longer than {MAX_ANSWER} bytes")));
            }
        }
        if response.status().is_server_error() {
            return Err(unreachable(format!("status {}", response.status())));
        }
        read(&String::from_utf8_lossy(&body)).map_err(|error| NodeError::Answer { url, error })
    }
}

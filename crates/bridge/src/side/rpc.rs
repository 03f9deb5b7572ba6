//! [`SideChain`] over JSON-RPC.

use super::{SideAccountState, SideBlock, SideChain, SideError, SideFilter, SideLog, SideReceipt};
use crate::checkpoint::ReadyCheckpoint;
use alloy_primitives::{Address, B256, Bytes, LogData, U64, U128, U256};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// Time for an answer.
const ANSWER: Duration = Duration::from_secs(20);
/// Largest answer that is read. Unit: bytes.
const MAX_ANSWER: usize = 64 << 20;
/// Blocks of one question about logs; a node answers for 10,000 at most.
const LOG_PAGE: u64 = 5_000;
/// Error code of a call that reverts.
const REVERTED: i64 = 3;

/// Our chain, asked over HTTP. Cheap to clone.
#[derive(Debug)]
pub struct SideRpc {
    http: reqwest::Client,
    url: String,
    id: AtomicU64,
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(default)]
    result: Value,
    error: Option<RpcFailure>,
}

#[derive(Deserialize)]
struct RpcFailure {
    code: i64,
    message: String,
    data: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Block {
    number: U64,
    hash: B256,
    timestamp: U64,
    #[serde(default)]
    base_fee_per_gas: U128,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Log {
    block_number: U64,
    topics: Vec<B256>,
    data: Bytes,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Receipt {
    block_number: U64,
    status: U64,
}

#[derive(Deserialize)]
struct Validators {
    hash: B256,
}

/// A number as JSON or in hex.
#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Plain(u64),
    Hex(U64),
}

impl Number {
    fn get(&self) -> u64 {
        match self {
            Self::Plain(number) => *number,
            Self::Hex(number) => number.to(),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Checkpoint {
    height: Number,
    block_hash: B256,
    timestamp: Number,
    header: Bytes,
    round: Number,
    validators: Bytes,
    signers: U256,
    signatures: Bytes,
    next_validators_hash: B256,
    exit_root: B256,
}

impl SideRpc {
    /// Our chain behind the node at `url`; nothing is asked yet.
    pub fn new(url: impl Into<String>) -> Result<Self, SideError> {
        let url = url.into();
        let http = reqwest::Client::builder().timeout(ANSWER).build();
        let http = http.map_err(|error| SideError::Unavailable {
            url: url.clone(),
            what: "anything".into(),
            why: error.to_string(),
        })?;
        Ok(Self { http, url, id: AtomicU64::new(1) })
    }

    async fn ask<T: DeserializeOwned>(&self, method: &str, params: Value) -> Result<T, SideError> {
        let unavailable = |why: String| SideError::Unavailable { url: self.url.clone(), what: method.to_owned(), why };
        let id = self.id.fetch_add(1, Ordering::Relaxed);
        let question = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        let request = self.http.post(&self.url).header("content-type", "application/json").body(question.to_string());
        let mut response = request.send().await.map_err(|error| unavailable(error.without_url().to_string()))?;
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|error| unavailable(error.without_url().to_string()))? {
            body.extend_from_slice(&piece);
            if body.len() > MAX_ANSWER {
                return Err(unavailable(format!("the answer is longer than {MAX_ANSWER} bytes")));
            }
        }
        let status = response.status();
        let envelope: Envelope = serde_json::from_slice(&body)
            .map_err(|error| unavailable(format!("its answer (status {status}) is no JSON-RPC: {error}")))?;
        if let Some(failure) = envelope.error {
            return Err(self.failure(method, &params_target(&question), failure));
        }
        serde_json::from_value(envelope.result).map_err(|error| {
            SideError::Contradiction(format!("{method} of {} answers in another form: {error}", self.url))
        })
    }

    fn failure(&self, method: &str, to: &Option<Address>, failure: RpcFailure) -> SideError {
        if failure.code == REVERTED {
            let data = failure.data.as_ref().and_then(Value::as_str).and_then(|text| text.parse().ok());
            let to = to.unwrap_or_default();
            return SideError::Reverted { to, reason: failure.message, data: data.unwrap_or_default() };
        }
        SideError::Refused { what: method.to_owned(), code: failure.code, why: failure.message }
    }

    async fn block_at(&self, block: Value) -> Result<SideBlock, SideError> {
        let found: Option<Block> = self.ask("eth_getBlockByNumber", json!([block, false])).await?;
        let found = found.ok_or_else(|| SideError::Unavailable {
            url: self.url.clone(),
            what: format!("block {block}"),
            why: "it does not have that block (yet)".into(),
        })?;
        Ok(SideBlock {
            height: found.number.to(),
            hash: found.hash,
            time: found.timestamp.to(),
            base_fee: found.base_fee_per_gas.to(),
        })
    }
}

/// Whom a call was for.
fn params_target(question: &Value) -> Option<Address> {
    question.pointer("/params/0/to").and_then(Value::as_str).and_then(|text| text.parse().ok())
}

fn hex(number: u64) -> Value {
    json!(U64::from(number))
}

impl SideChain for SideRpc {
    async fn chain_id(&self) -> Result<u64, SideError> {
        let id: U64 = self.ask("eth_chainId", json!([])).await?;
        Ok(id.to())
    }

    async fn head(&self) -> Result<SideBlock, SideError> {
        self.block_at(json!("latest")).await
    }

    async fn block(&self, height: u64) -> Result<SideBlock, SideError> {
        let block = self.block_at(hex(height)).await?;
        if block.height != height {
            let why = format!("asked for block {height}, {} answers block {}", self.url, block.height);
            return Err(SideError::Contradiction(why));
        }
        Ok(block)
    }

    async fn call(&self, from: Option<Address>, to: Address, data: Bytes) -> Result<Bytes, SideError> {
        let call = match from {
            Some(from) => json!({ "from": from, "to": to, "input": data }),
            None => json!({ "to": to, "input": data }),
        };
        self.ask("eth_call", json!([call, "latest"])).await
    }

    async fn logs(&self, from: u64, to: u64, filter: &SideFilter) -> Result<Vec<SideLog>, SideError> {
        let mut topics = vec![json!(filter.event)];
        topics.extend(filter.topics.iter().map(|topic| json!(topic)));
        let mut logs = Vec::new();
        let mut start = from;
        while start <= to {
            let end = start.saturating_add(LOG_PAGE.saturating_sub(1)).min(to);
            let question = json!([{
                "address": filter.address, "topics": topics, "fromBlock": hex(start), "toBlock": hex(end),
            }]);
            let page: Vec<Log> = self.ask("eth_getLogs", question).await?;
            for log in page {
                let data = LogData::new(log.topics, log.data).ok_or_else(|| {
                    SideError::Contradiction(format!("{} answers a log with more than four topics", self.url))
                })?;
                logs.push(SideLog { height: log.block_number.to(), data });
            }
            start = end.saturating_add(1);
        }
        Ok(logs)
    }

    async fn account(&self, address: Address) -> Result<SideAccountState, SideError> {
        let nonce: U64 = self.ask("eth_getTransactionCount", json!([address, "latest"])).await?;
        let balance: U256 = self.ask("eth_getBalance", json!([address, "latest"])).await?;
        Ok(SideAccountState { nonce: nonce.to(), balance })
    }

    async fn tip_fee(&self) -> Result<u128, SideError> {
        let fee: U128 = self.ask("eth_maxPriorityFeePerGas", json!([])).await?;
        Ok(fee.to())
    }

    async fn send(&self, transaction: Bytes) -> Result<(), SideError> {
        match self.ask::<Value>("eth_sendRawTransaction", json!([transaction])).await {
            Err(SideError::Refused { why, .. }) if why.contains("already known") => Ok(()),
            other => other.map(|_| ()),
        }
    }

    async fn receipt(&self, hash: B256) -> Result<Option<SideReceipt>, SideError> {
        let receipt: Option<Receipt> = self.ask("eth_getTransactionReceipt", json!([hash])).await?;
        Ok(receipt.map(|receipt| SideReceipt {
            height: receipt.block_number.to(),
            succeeded: receipt.status == U64::from(1),
        }))
    }

    async fn validators_hash(&self, height: u64) -> Result<B256, SideError> {
        let set: Validators = self.ask("consensus_validators", json!([hex(height)])).await?;
        Ok(set.hash)
    }

    async fn checkpoint(&self, height: u64) -> Result<ReadyCheckpoint, SideError> {
        let found: Checkpoint = self.ask("bridge_getCheckpoint", json!([hex(height)])).await?;
        Ok(ReadyCheckpoint {
            height: found.height.get(),
            block_hash: found.block_hash,
            time: found.timestamp.get(),
            header: found.header,
            round: u32::try_from(found.round.get()).unwrap_or(u32::MAX),
            validators: found.validators,
            signers: found.signers,
            signatures: found.signatures,
            next_validators_hash: found.next_validators_hash,
            exit_root: found.exit_root,
        })
    }
}

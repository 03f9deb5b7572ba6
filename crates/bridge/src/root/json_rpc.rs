//! Questions over JSON-RPC to one node, of Ethereum or of TRON, read leniently.

use super::{BlockRef, LogFilter, RootLog, endpoints::NoAnswer};
use alloy_primitives::{Address, B256, Bytes, LogData, U64};
use alloy_provider::{Provider, RootProvider, transport::RpcError};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::error::Error;

/// What a node answers instead of an answer.
#[derive(Clone, Debug)]
pub(super) enum RpcFault {
    /// It was not reached, or is too busy.
    Away(String),
    /// It will not, or cannot.
    Refused {
        /// As it says.
        message: String,
        /// Data of a revert; none if it is none.
        revert: Option<Bytes>,
    },
}

impl From<RpcFault> for NoAnswer {
    fn from(fault: RpcFault) -> Self {
        match fault {
            RpcFault::Away(why) => Self::Away(why),
            RpcFault::Refused { message, .. } => Self::Refuses(message),
        }
    }
}

/// Codes of JSON-RPC servers for "too many questions".
const BUSY: [i64; 2] = [-32005, 429];
/// Words of the same codes for "too much in one question", which fewer blocks help against.
const TOO_MUCH: [&str; 3] = ["results", "range", "response size"];

fn is_busy(code: i64, message: &str) -> bool {
    BUSY.contains(&code) && !TOO_MUCH.iter().any(|words| message.contains(words))
}

/// One node. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct JsonRpc(RootProvider);

impl JsonRpc {
    /// Asks nothing yet.
    pub(super) fn new(url: &str) -> Result<Self, String> {
        let url = url.parse().map_err(|_| "it is no URL; write one such as https://node.example:8545".to_owned())?;
        Ok(Self(RootProvider::new_http(url)))
    }

    /// One question.
    pub(super) async fn ask<T: DeserializeOwned>(&self, method: &'static str, params: Value) -> Result<T, RpcFault> {
        let value = match self.0.raw_request::<Value, Value>(method.into(), params).await {
            Ok(value) => value,
            Err(RpcError::NullResp) => Value::Null,
            Err(RpcError::ErrorResp(refusal)) if is_busy(refusal.code, &refusal.message) => {
                return Err(RpcFault::Away(format!("it is too busy: {}", refusal.message)));
            }
            Err(RpcError::ErrorResp(refusal)) => {
                let says_so = refusal.message.to_ascii_lowercase().contains("revert");
                let revert = says_so.then(|| refusal.as_revert_data().unwrap_or_default());
                return Err(RpcFault::Refused { message: refusal.message.into_owned(), revert });
            }
            Err(error) => return Err(RpcFault::Away(innermost(&error))),
        };
        serde_json::from_value(value).map_err(|error| RpcFault::Refused {
            message: format!("it answers {method} in a form that is not known ({error})"),
            revert: None,
        })
    }

    /// Id of the chain.
    pub(super) async fn chain_id(&self) -> Result<u64, RpcFault> {
        Ok(self.ask::<U64>("eth_chainId", json!([])).await?.to())
    }

    /// `eth_getLogs`, each log checked to be one that was asked for.
    pub(super) async fn logs(&self, from: u64, to: u64, filter: &LogFilter) -> Result<Vec<RootLog>, NoAnswer> {
        let mut question = json!({ "fromBlock": U64::from(from), "toBlock": U64::from(to), "address": filter.address });
        if let (false, Some(fields)) = (filter.events.is_empty(), question.as_object_mut()) {
            fields.insert("topics".to_owned(), json!([filter.events]));
        }
        let logs: Vec<LogJson> = self.ask("eth_getLogs", json!([question])).await?;
        let logs = in_order(logs.into_iter().map(LogJson::read).collect::<Result<Vec<_>, _>>()?)?;
        let foreign =
            logs.iter().find(|log| !(from..=to).contains(&log.block) || !filter.matches(log.address, &log.data));
        if let Some(log) = foreign {
            return Err(NoAnswer::Refuses(format!("it answers with a log that was not asked for: {log:?}")));
        }
        Ok(logs)
    }
}

/// Logs by their places, each of which has one.
pub(super) fn in_order(mut logs: Vec<RootLog>) -> Result<Vec<RootLog>, NoAnswer> {
    logs.sort_by_key(|log| (log.block, log.index));
    let twice = logs.iter().zip(logs.iter().skip(1)).any(|(a, b)| (a.block, a.index) == (b.block, b.index));
    match twice {
        true => Err(NoAnswer::Refuses("it answers with two logs of one place".to_owned())),
        false => Ok(logs),
    }
}

/// What lies at the bottom of an error: the layers above it only say that a request failed. It does not name the URL, which may hold a secret.
fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    match error.downcast_ref::<reqwest::Error>() {
        Some(error) if error.is_timeout() => "no answer in time".to_owned(),
        Some(_) => "the request failed".to_owned(),
        None => error.to_string(),
    }
}

/// A block, as far as it is needed.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BlockJson {
    number: U64,
    hash: B256,
    timestamp: U64,
    /// Wei for each gas.
    pub(super) base_fee_per_gas: Option<alloy_primitives::U128>,
}

impl BlockJson {
    /// Ethereum's times are seconds.
    pub(super) fn reference(&self) -> BlockRef {
        BlockRef { number: self.number.to(), id: self.hash, time: self.timestamp.to::<u64>().saturating_mul(1000) }
    }
}

/// A log.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LogJson {
    address: Address,
    topics: Vec<B256>,
    #[serde(default)]
    data: Bytes,
    block_number: U64,
    transaction_hash: B256,
    log_index: U64,
    #[serde(default)]
    removed: bool,
}

impl LogJson {
    pub(super) fn read(self) -> Result<RootLog, NoAnswer> {
        if self.removed {
            return Err(NoAnswer::Refuses("it answers with a log of a block that was reverted".to_owned()));
        }
        let data = LogData::new(self.topics, self.data);
        Ok(RootLog {
            block: self.block_number.to(),
            transaction: self.transaction_hash,
            index: self.log_index.to(),
            address: self.address,
            data: data.ok_or_else(|| NoAnswer::Refuses("it answers with a log of more than four topics".to_owned()))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_questions_and_too_large_ones() {
        assert!(is_busy(-32005, "daily request count exceeded, request rate limited"));
        assert!(is_busy(429, "Too Many Requests"));
        assert!(!is_busy(-32005, "query returned more than 10000 results"));
        assert!(!is_busy(-32005, "block range is too wide"));
        assert!(!is_busy(-32000, "rate limited"), "unknown words are no reason to go on for ever");
    }
}

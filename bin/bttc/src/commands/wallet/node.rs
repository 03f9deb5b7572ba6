//! Questions to a node over JSON-RPC.

use alloy_primitives::{Address, Bytes, U64, U256};
use alloy_provider::{Provider, RootProvider, transport::RpcError};
use alloy_sol_types::SolCall;
use eyre::{WrapErr, eyre};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::{error::Error, time::Duration};

/// A node that is well answers sooner.
const PATIENCE: Duration = Duration::from_secs(20);

/// Code of JSON-RPC for a method that the node has not.
const NO_SUCH_METHOD: i64 = -32601;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NodeFault {
    /// It was not reached, or did not answer in time.
    #[error("E1001: the node at {url} does not answer ({why}); start it, or name another with --rpc URL")]
    Away { url: String, why: String },
    /// It answered that it will not.
    #[error("{message}")]
    Refused { code: i64, message: String, data: Option<Bytes> },
    /// It answered something else than was asked.
    #[error(
        "the node at {url} answers {method} in a form that is not known ({why}); is it a node of BTT, and of this version?"
    )]
    Strange { url: String, method: &'static str, why: String },
}

impl NodeFault {
    /// Whether the node does not know the method.
    pub(crate) const fn is_unknown_method(&self) -> bool {
        matches!(self, Self::Refused { code: NO_SUCH_METHOD, .. })
    }

    /// Whether the node was not reached.
    pub(crate) const fn is_away(&self) -> bool {
        matches!(self, Self::Away { .. })
    }
}

/// What lies at the bottom of an error: the layers above it only say that a request failed.
fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

/// The head of the chain, as far as it is needed here.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Head {
    pub(crate) number: U64,
    /// Unix seconds.
    pub(crate) timestamp: U64,
    /// Wei per gas.
    pub(crate) base_fee_per_gas: U256,
}

/// A node.
pub(crate) struct Node {
    runtime: tokio::runtime::Runtime,
    provider: RootProvider,
    url: String,
}

impl Node {
    /// Does not ask anything yet.
    pub(crate) fn new(url: &str) -> eyre::Result<Self> {
        let parsed = url.parse().map_err(|_| eyre!("{url:?} is no URL; write one such as http://127.0.0.1:8545"))?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .wrap_err("cannot start the threads of the command")?;
        let provider = runtime.block_on(async { RootProvider::new_http(parsed) });
        Ok(Self { runtime, provider, url: url.to_owned() })
    }

    pub(crate) fn ask<T: DeserializeOwned>(&self, method: &'static str, params: Value) -> Result<T, NodeFault> {
        let request = self.provider.raw_request::<Value, Value>(method.into(), params);
        let answer = self.runtime.block_on(async { tokio::time::timeout(PATIENCE, request).await });
        let away = |why: String| NodeFault::Away { url: self.url.clone(), why };
        let strange = |why: String| NodeFault::Strange { url: self.url.clone(), method, why };
        let value = match answer {
            Err(_) => return Err(away(format!("nothing within {PATIENCE:?}"))),
            Ok(Ok(value)) => value,
            Ok(Err(RpcError::NullResp)) => Value::Null,
            Ok(Err(RpcError::ErrorResp(refusal))) => {
                let data = refusal.as_revert_data();
                return Err(NodeFault::Refused { code: refusal.code, message: refusal.message.into_owned(), data });
            }
            Ok(Err(RpcError::DeserError { err, .. })) => return Err(strange(err.to_string())),
            Ok(Err(error)) => return Err(away(innermost(&error))),
        };
        serde_json::from_value(value).map_err(|error| strange(error.to_string()))
    }

    /// Calls a view on the newest state.
    pub(crate) fn view<C: SolCall>(&self, to: Address, call: &C) -> Result<C::Return, NodeFault> {
        let output = self.call(json!({ "to": to, "data": Bytes::from(call.abi_encode()) }), "latest".into())?;
        C::abi_decode_returns(&output).map_err(|error| NodeFault::Strange {
            url: self.url.clone(),
            method: "eth_call",
            why: match output.is_empty() {
                true => format!("there is no contract at {to}; this chain lacks it"),
                false => error.to_string(),
            },
        })
    }

    /// `eth_call`.
    pub(crate) fn call(&self, request: Value, block: Value) -> Result<Bytes, NodeFault> {
        self.ask("eth_call", json!([request, block]))
    }

    pub(crate) fn chain_id(&self) -> Result<u64, NodeFault> {
        self.ask::<U64>("eth_chainId", json!([])).map(|id| id.to())
    }

    pub(crate) fn head(&self) -> Result<Head, NodeFault> {
        self.ask("eth_getBlockByNumber", json!(["latest", false]))
    }

    /// Wei that the account can spend.
    pub(crate) fn balance(&self, of: Address) -> Result<U256, NodeFault> {
        self.ask("eth_getBalance", json!([of, "latest"]))
    }
}

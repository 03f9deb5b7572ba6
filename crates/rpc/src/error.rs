//! Errors as a caller sees them.
//!
//! Codes are those of the JSON-RPC standard and of the execution-apis catalogue. A limit that refuses a request names itself and how to stay
//! below it.

use alloy_primitives::{B256, Bytes};
use bttc_primitives::Fatal;
use bttc_storage::HistoryError;
use jsonrpsee::types::ErrorObjectOwned;

/// JSON-RPC error codes in use.
pub(crate) mod code {
    /// A call reverted; data holds what it returned (execution-apis).
    pub(crate) const REVERTED: i32 = 3;
    /// Waiting for a receipt took too long; data holds the hash (EIP-7966).
    pub(crate) const SYNC_TIMEOUT: i32 = 4;
    /// The request cannot be served as it stands.
    pub(crate) const INVALID_INPUT: i32 = -32000;
    /// The transport has no way to notify.
    pub(crate) const NO_NOTIFICATIONS: i32 = -32001;
    /// The method exists, but not on this chain.
    pub(crate) const UNSUPPORTED: i32 = -32004;
    /// A limit of the node.
    pub(crate) const LIMIT: i32 = -32005;
    /// The past that was asked about is pruned (EIP-4444, as geth answers).
    pub(crate) const PRUNED: i32 = 4444;
    /// The parameters do not have the form they must have.
    pub(crate) const INVALID_PARAMS: i32 = -32602;
    /// Our own trouble.
    pub(crate) const INTERNAL: i32 = -32603;
}

/// What a method answers with when it does not answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RpcError {
    pub(crate) code: i32,
    pub(crate) message: String,
    pub(crate) data: Option<serde_json::Value>,
}

/// Answer of a method.
pub(crate) type Reply<T> = Result<T, RpcError>;

impl RpcError {
    /// An error of any code.
    pub(crate) fn new(code: i32, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), data: None }
    }

    /// The request is well formed but cannot be served.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(code::INVALID_INPUT, message)
    }

    /// Parameter `index` does not have the form it must have.
    pub(crate) fn param(index: usize, name: &str, why: impl std::fmt::Display) -> Self {
        Self::new(code::INVALID_PARAMS, format!("invalid argument {index} ({name}): {why}"))
    }

    /// The parameters together make no sense.
    pub(crate) fn params(message: impl Into<String>) -> Self {
        Self::new(code::INVALID_PARAMS, message)
    }

    /// A limit of this node; `limit` is its key in the configuration file.
    pub(crate) fn limit(limit: &str, got: impl std::fmt::Display, most: impl std::fmt::Display, remedy: &str) -> Self {
        Self::new(code::LIMIT, format!("limit exceeded: rpc.{limit} is {most}, the request has {got}; {remedy}"))
    }

    /// The chain has no such block.
    pub(crate) fn no_block(what: impl std::fmt::Display) -> Self {
        Self::invalid(format!("header not found: {what}"))
    }

    /// A call reverted.
    pub(crate) fn reverted(output: &Bytes, reason: Option<&str>) -> Self {
        let message = match reason {
            Some(reason) => format!("execution reverted: {reason}"),
            None => "execution reverted".to_owned(),
        };
        Self { code: code::REVERTED, message, data: Some(output.to_string().into()) }
    }

    /// The receipt did not come in time.
    pub(crate) fn sync_timeout(hash: B256, waited: std::time::Duration) -> Self {
        Self {
            code: code::SYNC_TIMEOUT,
            message: format!(
                "the transaction was added to the pool but is in no block after {waited:?}; ask for its receipt later"
            ),
            data: Some(hash.to_string().into()),
        }
    }

    /// The method exists elsewhere, but cannot work here.
    pub(crate) fn unsupported(why: impl Into<String>) -> Self {
        Self::new(code::UNSUPPORTED, why)
    }
}

impl From<Fatal> for RpcError {
    fn from(fatal: Fatal) -> Self {
        tracing::error!(error = %fatal, "a request failed through our own fault");
        Self::new(code::INTERNAL, format!("internal error: {fatal}"))
    }
}

impl From<HistoryError> for RpcError {
    fn from(error: HistoryError) -> Self {
        match error {
            HistoryError::Pruned(pruned) => {
                Self::new(code::PRUNED, format!("pruned history unavailable: {pruned}; ask a node that keeps more"))
            }
            HistoryError::Fatal(fatal) => fatal.into(),
        }
    }
}

impl From<RpcError> for ErrorObjectOwned {
    fn from(error: RpcError) -> Self {
        Self::owned(error.code, error.message, error.data)
    }
}

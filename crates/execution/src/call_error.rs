//! Why a call for RPC has no answer.

use crate::{InvalidTransaction, TransactError, watch::Stopped};
use alloy_primitives::Bytes;
use alloy_sol_types::{Panic, Revert, SolError};
use bttc_primitives::{Fatal, Height};
use std::time::Duration;

/// Why a call, an estimate or a trace has no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CallError {
    /// The transaction it describes could not be in a block; the caller's fault.
    #[error(transparent)]
    Invalid(#[from] InvalidTransaction),
    /// The request contradicts itself or asks for what does not exist; the caller's fault.
    #[error("{0}")]
    InvalidRequest(String),
    /// It reverted (code 3 with data in JSON-RPC).
    #[error("execution reverted{}", reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default())]
    Reverted {
        /// What it reverted with.
        output: Bytes,
        /// The same in words, if they are known.
        reason: Option<String>,
    },
    /// It fails with any amount of gas that it may have.
    #[error("{reason}: gas required exceeds allowance ({limit})")]
    OutOfAllowance {
        /// Most gas that it may have.
        limit: u64,
        /// Why it stopped.
        reason: String,
    },
    /// It used up the gas that a call may have on this node.
    #[error(
        "out of gas: a call on this node may use {limit} gas; split it into smaller calls, or raise the limit on your own node"
    )]
    GasCap {
        /// Unit: gas.
        limit: u64,
    },
    /// It took too long.
    #[error(
        "execution stopped after {limit:?}, the time that this node gives to one request; ask for less, or raise the limit on your own node"
    )]
    Timeout {
        /// The time allowed.
        limit: Duration,
    },
    /// It is not short ([`crate::call_short`]).
    #[error("the call is not a short one")]
    Long,
    /// A trace is too large.
    #[error(
        "trace is larger than {limit} bytes; use a tracer that records less (callTracer, or disableStack and no enableMemory)"
    )]
    TraceTooLarge {
        /// Unit: bytes.
        limit: usize,
    },
    /// The block has no transaction at this position.
    #[error("block {height} has no transaction at index {index}")]
    NoTransaction {
        /// The block.
        height: Height,
        /// Position asked for.
        index: usize,
    },
    /// Our own trouble.
    #[error(transparent)]
    Fatal(#[from] Fatal),
}

impl CallError {
    /// The revert with `output`.
    pub fn reverted(output: Bytes) -> Self {
        Self::Reverted { reason: revert_reason(&output), output }
    }
}

impl From<Stopped> for CallError {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Deadline(limit) => Self::Timeout { limit },
            Stopped::TraceSize(limit) => Self::TraceTooLarge { limit },
            Stopped::Long => Self::Long,
        }
    }
}

/// For transactions of a block that is known to be valid: whatever is refused there is our trouble.
impl From<TransactError> for CallError {
    fn from(error: TransactError) -> Self {
        match error {
            TransactError::Fatal(fatal) => Self::Fatal(fatal),
            refused => Self::Fatal(Fatal::while_doing("replaying a committed block", refused)),
        }
    }
}

/// What a revert says in words: the text of `Error(string)`, the meaning of `Panic(uint256)`; none for custom errors and empty data.
pub fn revert_reason(output: &[u8]) -> Option<String> {
    if let Ok(revert) = Revert::abi_decode(output) {
        return Some(revert.reason);
    }
    let panic = Panic::abi_decode(output).ok()?;
    Some(match panic.kind() {
        Some(kind) => format!("panic: {} (0x{:02x})", kind.as_str(), panic.code),
        None => format!("panic: code 0x{:02x}", panic.code),
    })
}

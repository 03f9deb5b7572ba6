//! Whoever holds the consensus key.

use crate::{Refusal, SignRequest};
use alloy_primitives::{Address, Signature};
use bttc_primitives::Fatal;

/// Signs with the consensus key of this validator: votes, proposals, system transactions, proofs of identity.
///
/// It is given what to sign, never a bare hash, so that it can refuse what would harm the validator (docs/operations.md, "Run a
/// validator"). A key in a file stands behind it, or a program that keeps the key apart. Signatures have a low `s`.
pub trait ConsensusSigner: Send + Sync + 'static {
    /// Address of the key.
    fn address(&self) -> Address;
    /// Signs one request. The same request may be made again and gets the same signature.
    ///
    /// Waits for a disk or for another process, a bounded time: call it where a thread may block.
    /// Errors: see [`SignError`]; whatever it is, no signature has left.
    fn sign(&self, request: &SignRequest) -> Result<Signature, SignError>;
}

/// Why there is no signature.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SignError {
    /// It would harm the validator, and will be refused again. Abstain, go on, and tell the operator.
    #[error("the signer refuses: {0}")]
    Refused(#[from] Refusal),
    /// The signer cannot be reached, or is in trouble. Abstain, go on, and tell the operator; the next request may succeed.
    #[error("the signer is unavailable: {0}")]
    Unavailable(String),
    /// Our own trouble: the record of what was signed cannot be kept. Stop.
    #[error(transparent)]
    Fatal(#[from] Fatal),
}

impl From<SignError> for Fatal {
    /// For callers to whom every signature is vital.
    fn from(error: SignError) -> Self {
        match error {
            SignError::Fatal(fatal) => fatal,
            other => Self::while_doing("signing with the consensus key", other),
        }
    }
}

//! Whoever holds the consensus key.

use alloy_primitives::{Address, B256, Signature};
use bttc_primitives::Fatal;

/// Signs votes and system transactions with the consensus key of this validator.
///
/// Signatures have a low `s`. A key in a file stands behind it, or a program that keeps the key apart.
pub trait ConsensusSigner: Send + Sync + 'static {
    /// Address of the key.
    fn address(&self) -> Address;
    /// Signs a 32-byte hash.
    fn sign(&self, hash: B256) -> Result<Signature, Fatal>;
}

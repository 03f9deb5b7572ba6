//! Keys, and a memory of who made which signature.

use alloy_consensus::crypto::secp256k1;
use alloy_primitives::{Address, B256, Signature};
use bttc_bft::{Recover, SignatureCheck};
use bttc_consensus::{ConsensusSigner, SignError, SignRequest, vote_signature};
use bttc_primitives::{Fatal, VoteSignature};
use parking_lot::Mutex;
use std::{collections::HashMap, sync::Arc};

/// Remembers signatures of all nodes, so that checking them costs next to nothing.
#[derive(Debug, Default)]
pub(crate) struct Memory(Mutex<HashMap<(B256, VoteSignature), Option<Address>>>);

impl SignatureCheck for Memory {
    fn signer(&self, hash: B256, signature: &VoteSignature) -> Option<Address> {
        *self.0.lock().entry((hash, *signature)).or_insert_with(|| Recover.signer(hash, signature))
    }
}

/// A consensus key.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    secret: B256,
    address: Address,
    memory: Arc<Memory>,
}

impl Key {
    pub(crate) fn new(number: u8, memory: Arc<Memory>) -> Self {
        let secret = B256::with_last_byte(number.saturating_add(1));
        let hash = B256::repeat_byte(1);
        let address = secp256k1::sign_message(secret, hash)
            .ok()
            .and_then(|signature| secp256k1::recover_signer(&signature, hash).ok())
            .unwrap_or_default();
        Self { secret, address, memory }
    }

    pub(crate) const fn address(&self) -> Address {
        self.address
    }

    /// A signature in the form of votes.
    pub(crate) fn endorse(&self, hash: B256) -> VoteSignature {
        self.sign_hash(hash).map_or_else(|_| VoteSignature::ZERO, |signature| vote_signature(&signature))
    }

    fn sign_hash(&self, hash: B256) -> Result<Signature, Fatal> {
        let signature = secp256k1::sign_message(self.secret, hash).map_err(|error| Fatal::new(error.to_string()))?;
        self.memory.0.lock().insert((hash, vote_signature(&signature)), Some(self.address));
        Ok(signature)
    }
}

impl ConsensusSigner for Key {
    fn address(&self) -> Address {
        self.address
    }

    fn sign(&self, request: &SignRequest) -> Result<Signature, SignError> {
        Ok(self.sign_hash(request.signing_hash())?)
    }
}

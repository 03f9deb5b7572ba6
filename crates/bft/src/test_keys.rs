//! Keys of tests.

use alloy_consensus::crypto::secp256k1;
use alloy_primitives::{Address, B256, Signature};
use bttc_consensus::{ConsensusSigner, SignError, SignRequest};
use bttc_primitives::Fatal;

#[derive(Clone, Debug)]
pub(crate) struct TestKey(B256);

impl TestKey {
    pub(crate) fn new(number: u8) -> Self {
        Self(B256::with_last_byte(number))
    }
}

impl TestKey {
    pub(crate) fn address(&self) -> Address {
        let hash = B256::repeat_byte(1);
        secp256k1::recover_signer(&secp256k1::sign_message(self.0, hash).unwrap(), hash).unwrap()
    }
}

impl ConsensusSigner for TestKey {
    fn address(&self) -> Address {
        self.address()
    }

    fn sign(&self, request: &SignRequest) -> Result<Signature, SignError> {
        Ok(secp256k1::sign_message(self.0, request.signing_hash()).map_err(|error| Fatal::new(error.to_string()))?)
    }
}

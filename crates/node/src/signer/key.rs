//! A consensus key held in memory.

use alloy_primitives::{Address, Signature};
use alloy_signer::SignerSync;
use alloy_signer_local::PrivateKeySigner;
use bttc_consensus::{ConsensusSigner, SignError, SignRequest};
use bttc_primitives::Fatal;

/// [`ConsensusSigner`] over a key in this process. It signs whatever it is asked to: put a [`GuardedSigner`](super::GuardedSigner) before it.
#[derive(Clone, Debug)]
pub struct KeySigner(PrivateKeySigner);

impl KeySigner {
    /// Signs with `key`.
    pub const fn new(key: PrivateKeySigner) -> Self {
        Self(key)
    }
}

impl ConsensusSigner for KeySigner {
    fn address(&self) -> Address {
        self.0.address()
    }

    fn sign(&self, request: &SignRequest) -> Result<Signature, SignError> {
        let signed = self.0.sign_hash_sync(&request.signing_hash());
        Ok(signed.map_err(|error| Fatal::while_doing("signing with the consensus key", error))?)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use alloy_primitives::B256;
    use bttc_consensus::{Vote, recover_signer, vote_signature};
    use bttc_primitives::VoteKind;

    /// In the strict form that contracts on other chains accept: low `s`, 27 or 28.
    #[test]
    fn what_it_signs_recovers_to_its_address_and_is_always_the_same() {
        let signer = KeySigner::new(crate::dev_validator());
        for byte in 0..32u8 {
            let block_hash = B256::repeat_byte(byte);
            let vote = Vote { chain_id: 5, kind: VoteKind::Prevote, height: 1, round: 2, block_hash };
            let signature = signer.sign(&vote.into()).unwrap();
            assert_eq!(recover_signer(vote.signing_hash(), &vote_signature(&signature)), Ok(signer.address()));
            assert_eq!(signature.normalize_s(), None);
            assert_eq!(signer.sign(&vote.into()).unwrap(), signature);
        }
    }
}

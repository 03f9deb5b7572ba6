//! A consensus key held in memory.

use alloy_primitives::{Address, B256, Signature};
use alloy_signer::SignerSync;
use alloy_signer_local::PrivateKeySigner;
use bttc_consensus::ConsensusSigner;
use bttc_primitives::Fatal;

/// [`ConsensusSigner`] over a key in this process.
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

    fn sign(&self, hash: B256) -> Result<Signature, Fatal> {
        self.0.sign_hash_sync(&hash).map_err(|error| Fatal::while_doing("signing with the consensus key", error))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn what_it_signs_recovers_to_its_address_with_a_low_s() {
        let signer = KeySigner::new(crate::dev_validator());
        for byte in 0..32u8 {
            let hash = B256::repeat_byte(byte);
            let signature = signer.sign(hash).unwrap();
            assert_eq!(signature.recover_address_from_prehash(&hash).unwrap(), signer.address());
            assert_eq!(signature.normalize_s(), None);
        }
    }
}

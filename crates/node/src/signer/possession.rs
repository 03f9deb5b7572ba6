//! Proof that an operator holds a consensus key, as `Staking` asks for it.
//!
//! It is no vote: what is signed begins with a word of its own, so that no vote, and nothing a wallet signs, has the same hash. So the sign
//! state is not asked; a proof can be made as often as one likes.

use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_signer::SignerSync;
use alloy_signer_local::PrivateKeySigner;
use bttc_primitives::Fatal;

/// What keeps this signature apart from every other.
const DOMAIN: &[u8] = b"bttc.key.v1";

/// `keccak256(abi.encode(keccak256("bttc.key.v1"), chainId, operator))`.
///
/// Source: docs/staking.md, section 5.
pub fn possession_hash(chain_id: u64, operator: Address) -> B256 {
    let chain_id = U256::from(chain_id).to_be_bytes::<32>();
    keccak256([keccak256(DOMAIN).as_slice(), &chain_id, operator.into_word().as_slice()].concat())
}

/// Signs [`possession_hash`] with the consensus key: 65 bytes `r, s, v`, low `s`, `v` 27 or 28.
///
/// The proof serves `operator` on this chain alone; it gives nobody else any right.
/// Errors: [`Fatal`] if the key cannot sign.
pub fn prove_possession(key: &PrivateKeySigner, chain_id: u64, operator: Address) -> Result<[u8; 65], Fatal> {
    let signed = key.sign_hash_sync(&possession_hash(chain_id, operator));
    let signature = signed.map_err(|error| Fatal::while_doing("proving that the consensus key is ours", error))?;
    Ok(signature.normalized_s().as_bytes())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use alloy_primitives::{Signature, address, b256};

    /// The hash was computed apart from this code, by a plain keccak in another language.
    #[test]
    fn the_proof_recovers_to_its_key_and_binds_chain_and_operator() {
        let operator = address!("f39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
        let hash = possession_hash(990_993, operator);
        assert_eq!(hash, b256!("059168832ea398c6c89e5c313ee0f52a22cae85c68b7eed78b14b5a6ddf5f794"));
        let key = crate::dev_validator();
        let proof = prove_possession(&key, 990_993, operator).unwrap();
        assert!(proof[64] == 27 || proof[64] == 28);
        let signature = Signature::from_raw(&proof).unwrap();
        assert_eq!(signature.normalize_s(), None);
        assert_eq!(signature.recover_address_from_prehash(&hash).unwrap(), key.address());
        assert_ne!(possession_hash(990_990, operator), hash);
        assert_ne!(possession_hash(990_993, Address::ZERO), hash);
    }
}

//! Votes: what is signed, and by whom (docs/protocol.md, section 3).

use alloy_consensus::crypto::secp256k1;
use alloy_primitives::{Address, B256, Signature, U256, b256, keccak256};
use alloy_sol_types::SolValue;
use bttc_primitives::{Height, Round, VoteKind, VoteSignature};

/// `keccak256("bttc.vote.v1")`, the domain of votes.
fn vote_domain() -> B256 {
    keccak256("bttc.vote.v1")
}

/// What a validator says yes to. Nothing of the signer is in it: all votes of a certificate sign the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vote {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Prevote or precommit.
    pub kind: VoteKind,
    /// Height voted on.
    pub height: Height,
    /// Round voted in.
    pub round: Round,
    /// The block; zero for nil.
    pub block_hash: B256,
}

impl Vote {
    /// The 32 bytes to sign.
    pub fn signing_hash(&self) -> B256 {
        let words = (
            vote_domain(),
            U256::from(self.chain_id),
            U256::from(self.kind as u8),
            U256::from(self.height),
            U256::from(self.round),
            self.block_hash,
        );
        keccak256(words.abi_encode())
    }
}

/// Why a signature is not one of a vote.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidVote {
    /// The last byte is neither 27 nor 28.
    #[error("recovery byte is {0}, expected 27 or 28")]
    RecoveryByte(u8),
    /// `s` is above half of the curve's order: the signature could be written in a second way.
    #[error("s is in the upper half of the curve order")]
    HighS,
    /// No public key belongs to it.
    #[error("signature recovers to no key")]
    NoSigner,
}

const HALF_ORDER: B256 = b256!("7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0");

/// Who signed a hash, in the strict form that contracts accept.
pub fn recover_signer(hash: B256, signature: &VoteSignature) -> Result<Address, InvalidVote> {
    let bytes = &signature.0;
    let (r, rest) = bytes.split_at(32);
    let (s, v) = rest.split_at(32);
    let v = v.first().copied().unwrap_or_default();
    let (r, s) = (U256::from_be_slice(r), U256::from_be_slice(s));
    let odd = match v {
        27 => false,
        28 => true,
        other => return Err(InvalidVote::RecoveryByte(other)),
    };
    if s > U256::from_be_bytes(HALF_ORDER.0) {
        return Err(InvalidVote::HighS);
    }
    secp256k1::recover_signer(&Signature::new(r, s, odd), hash).map_err(|_| InvalidVote::NoSigner)
}

/// Writes a signature in the form of a vote: `r, s, v`.
///
/// `signature` must have a low `s`, as every signer here makes it.
pub fn vote_signature(signature: &Signature) -> VoteSignature {
    VoteSignature::from(signature.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::hex;

    fn vote() -> Vote {
        Vote { chain_id: 990_992, kind: VoteKind::Precommit, height: 5, round: 1, block_hash: B256::repeat_byte(3) }
    }

    /// The words one after another, as Solidity's `abi.encode` lays them out.
    #[test]
    fn signed_bytes_are_six_words() {
        let mut words = keccak256("bttc.vote.v1").to_vec();
        for number in [990_992u64, 2, 5, 1] {
            words.extend_from_slice(&U256::from(number).to_be_bytes::<32>());
        }
        words.extend_from_slice(&[3; 32]);
        assert_eq!(vote().signing_hash(), keccak256(words));
    }

    #[test]
    fn signer_is_recovered_and_malleable_forms_are_refused() {
        let secret = B256::from(hex!("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"));
        let hash = vote().signing_hash();
        let signature = secp256k1::sign_message(secret, hash).unwrap();
        let bytes = vote_signature(&signature);
        let expected = alloy_primitives::address!("f39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
        assert_eq!(recover_signer(hash, &bytes), Ok(expected));
        let mut zero_one = bytes;
        zero_one.0[64] -= 27;
        assert!(matches!(recover_signer(hash, &zero_one), Err(InvalidVote::RecoveryByte(_))));
        let order = U256::from_be_bytes(hex!("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"));
        let mut high = bytes;
        high.0[32..64].copy_from_slice(&(order - signature.s()).to_be_bytes::<32>());
        high.0[64] = if bytes.0[64] == 27 { 28 } else { 27 };
        assert_eq!(recover_signer(hash, &high), Err(InvalidVote::HighS));
        assert_eq!(recover_signer(hash, &VoteSignature::left_padding_from(&[27])), Err(InvalidVote::NoSigner));
    }
}

//! Certificates: the precommits that made a block final.
//!
//! Source: docs/protocol.md, sections 2 and 3.

use crate::{Height, Round};
use alloy_primitives::{B256, Bytes, FixedBytes};
use alloy_rlp::{RlpDecodable, RlpEncodable};

/// Signature over a vote: `r, s, v`, with low `s` and `v` of 27 or 28.
pub type VoteSignature = FixedBytes<65>;

/// Which members of a validator set signed; bit `i` of byte `i / 8` (least significant first) stands for member `i`.
///
/// Encoded without trailing zero bytes, so that a set of signers has one encoding.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, RlpEncodable, RlpDecodable)]
pub struct SignerBitmap {
    bits: Bytes,
}

impl SignerBitmap {
    /// Sets the bits of `indices` for a set of `members`; an index beyond the set is left out.
    pub fn from_indices(members: usize, indices: impl IntoIterator<Item = usize>) -> Self {
        let mut bits = vec![0u8; members.div_ceil(8)];
        for index in indices.into_iter().filter(|index| *index < members) {
            if let Some(byte) = bits.get_mut(index / 8) {
                *byte |= 1u8 << (index % 8);
            }
        }
        while bits.last() == Some(&0) {
            bits.pop();
        }
        Self { bits: bits.into() }
    }

    /// The bits.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bits
    }

    /// Positions of the signers, ascending.
    pub fn indices(&self) -> impl Iterator<Item = usize> + '_ {
        self.bits.iter().enumerate().flat_map(|(at, byte)| {
            (0..8usize)
                .filter(move |bit| byte & (1u8 << bit) != 0)
                .map(move |bit| at.saturating_mul(8).saturating_add(bit))
        })
    }

    /// Number of signers.
    pub fn count(&self) -> usize {
        self.indices().count()
    }

    /// Whether no trailing zero byte stands in the encoding and no bit beyond `members` is set.
    pub fn is_canonical(&self, members: usize) -> bool {
        self.bits.last() != Some(&0) && self.indices().all(|index| index < members)
    }
}

/// What a block says about its parent's certificate.
///
/// `signatures` are in the order of the set bits. They are not part of the block's hash and may be dropped from old blocks.
#[derive(Clone, Debug, Default, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct LastCommit {
    /// Round in which the parent was decided.
    pub round: Round,
    /// Who signed.
    pub signers: SignerBitmap,
    /// Their precommit signatures, or none once dropped.
    pub signatures: Vec<VoteSignature>,
}

/// Precommits of more than two thirds of the voting power for one block.
#[derive(Clone, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct CommitCertificate {
    /// Height of the block.
    pub height: Height,
    /// Round in which it was decided.
    pub round: Round,
    /// Hash of the block.
    pub block_hash: B256,
    /// Who signed.
    pub signers: SignerBitmap,
    /// Their signatures, in the order of the set bits.
    pub signatures: Vec<VoteSignature>,
}

impl CommitCertificate {
    /// The form in which the next block carries this certificate.
    pub fn to_last_commit(&self) -> LastCommit {
        LastCommit { round: self.round, signers: self.signers.clone(), signatures: self.signatures.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bitmap_keeps_its_indices(set in proptest::collection::btree_set(0usize..100, 0..50)) {
            let bitmap = SignerBitmap::from_indices(100, set.iter().copied());
            prop_assert!(bitmap.is_canonical(100));
            prop_assert_eq!(bitmap.count(), set.len());
            prop_assert_eq!(bitmap.indices().collect::<Vec<_>>(), set.into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_bit_beyond_the_set_is_not_canonical() {
        let bitmap = SignerBitmap::from_indices(9, [8]);
        assert!(bitmap.is_canonical(9));
        assert!(!bitmap.is_canonical(8));
    }
}

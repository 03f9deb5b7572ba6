//! Evidence: proof that a validator signed twice.

use crate::{Height, Round, VoteSignature};
use alloy_primitives::{Address, B256};
use alloy_rlp::{BufMut, Decodable, Encodable, RlpDecodable, RlpEncodable};

/// What a vote says yes to.
///
/// The number is part of the signed bytes (docs/protocol.md, section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum VoteKind {
    /// First vote of a round.
    Prevote = 1,
    /// Second vote of a round; more than two thirds of them decide.
    Precommit = 2,
}

impl Encodable for VoteKind {
    fn encode(&self, out: &mut dyn BufMut) {
        (*self as u8).encode(out);
    }

    fn length(&self) -> usize {
        1
    }
}

impl Decodable for VoteKind {
    fn decode(buf: &mut &[u8]) -> alloy_rlp::Result<Self> {
        match u8::decode(buf)? {
            1 => Ok(Self::Prevote),
            2 => Ok(Self::Precommit),
            _ => Err(alloy_rlp::Error::Custom("vote kind is neither 1 nor 2")),
        }
    }
}

/// Two votes of one validator for one height, round and kind, for different blocks.
#[derive(Clone, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct DoubleSign {
    /// Consensus address of the signer.
    pub signer: Address,
    /// Kind of both votes.
    pub kind: VoteKind,
    /// Height of both votes.
    pub height: Height,
    /// Round of both votes.
    pub round: Round,
    /// Block of the first vote; zero for nil. Smaller than `second_hash`, so that a pair has one encoding.
    pub first_hash: B256,
    /// Block of the second vote.
    pub second_hash: B256,
    /// Signature of the first vote.
    pub first_signature: VoteSignature,
    /// Signature of the second vote.
    pub second_signature: VoteSignature,
}

/// Proof of a fault, as a block carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// Signed twice.
    DoubleSign(DoubleSign),
}

impl Encodable for Evidence {
    fn encode(&self, out: &mut dyn BufMut) {
        match self {
            Self::DoubleSign(proof) => proof.encode(out),
        }
    }

    fn length(&self) -> usize {
        match self {
            Self::DoubleSign(proof) => proof.length(),
        }
    }
}

impl Decodable for Evidence {
    fn decode(buf: &mut &[u8]) -> alloy_rlp::Result<Self> {
        DoubleSign::decode(buf).map(Self::DoubleSign)
    }
}

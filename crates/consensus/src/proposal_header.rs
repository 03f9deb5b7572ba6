//! What a proposer signs (docs/protocol.md, section 3).

use alloy_primitives::{B256, U256, keccak256};
use alloy_sol_types::SolValue;
use bttc_primitives::{Height, Round};

/// A proposal without its block: which block, for which turn, and how its encoding is cut into parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProposalHeader {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Height proposed for.
    pub height: Height,
    /// Round proposed in.
    pub round: Round,
    /// Earlier round in which more than two thirds prevoted for this block; none for a block proposed for the first time.
    pub valid_round: Option<Round>,
    /// The block.
    pub block_hash: B256,
    /// Round whose proposer built the block; below `round` if it is proposed again.
    pub built_in: Round,
    /// Length of the block's encoding. Unit: bytes.
    pub size: u32,
    /// Root of the Merkle tree over the parts of the encoding.
    pub parts_root: B256,
}

impl ProposalHeader {
    /// The 32 bytes to sign.
    pub fn signing_hash(&self) -> B256 {
        let valid_round = self.valid_round.map_or(U256::ZERO, |round| U256::from(round).saturating_add(U256::ONE));
        let words = (
            keccak256("bttc.proposal.v1"),
            U256::from(self.chain_id),
            U256::from(self.height),
            U256::from(self.round),
            valid_round,
            self.block_hash,
            U256::from(self.built_in),
            U256::from(self.size),
            self.parts_root,
        );
        keccak256(words.abi_encode())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: ProposalHeader = ProposalHeader {
        chain_id: 990_992,
        height: 5,
        round: 2,
        valid_round: Some(0),
        block_hash: B256::repeat_byte(3),
        built_in: 0,
        size: 600,
        parts_root: B256::repeat_byte(4),
    };

    /// The words one after another, as Solidity's `abi.encode` lays them out.
    #[test]
    fn signed_bytes_are_nine_words() {
        let word = |number: u64| U256::from(number).to_be_bytes::<32>().to_vec();
        let words = [
            keccak256("bttc.proposal.v1").to_vec(),
            word(990_992),
            word(5),
            word(2),
            word(1),
            vec![3; 32],
            word(0),
            word(600),
            vec![4; 32],
        ];
        assert_eq!(HEADER.signing_hash(), keccak256(words.concat()));
    }

    #[test]
    fn no_valid_round_differs_from_round_zero() {
        let fresh = ProposalHeader { valid_round: None, ..HEADER };
        assert_ne!(fresh.signing_hash(), HEADER.signing_hash());
    }
}

//! What the consensus key may be asked to sign (docs/protocol.md, sections 3 and 6).
//!
//! Votes and proposals stand in an order, [`SignPosition`]: height, then round, then step. A validator that keeps to it, and signs one
//! thing a position, cannot be slashed for signing twice. What stands outside of that order is only checked for its form.

use crate::{ProposalHeader, Vote};
use alloy_consensus::{SignableTransaction, TxLegacy};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, keccak256};
use alloy_sol_types::SolValue;
use bttc_primitives::{Height, Round, VoteKind};
use std::fmt;

/// Gas limit of a system transaction. Unit: gas. Source: docs/protocol.md, section 6.
pub const SYSTEM_TX_GAS: u64 = 10_000_000;

/// Longest peer id. Unit: bytes.
pub const MAX_PEER_ID_BYTES: usize = 64;

/// One thing to sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignRequest {
    /// A prevote or precommit.
    Vote(Vote),
    /// A proposal of a block.
    Proposal(ProposalHeader),
    /// What the rules demand at the end of our own block.
    SystemTransaction(SystemTransaction),
    /// Proof that a node of the network is this validator's.
    Peer(PeerProof),
}

impl SignRequest {
    /// The 32 bytes that the signature is over.
    pub fn signing_hash(&self) -> B256 {
        match self {
            Self::Vote(vote) => vote.signing_hash(),
            Self::Proposal(proposal) => proposal.signing_hash(),
            Self::SystemTransaction(tx) => tx.unsigned().signature_hash(),
            Self::Peer(proof) => proof.signing_hash(),
        }
    }

    /// EIP-155 id of the chain it is for.
    pub const fn chain_id(&self) -> u64 {
        match self {
            Self::Vote(vote) => vote.chain_id,
            Self::Proposal(proposal) => proposal.chain_id,
            Self::SystemTransaction(tx) => tx.chain_id,
            Self::Peer(proof) => proof.chain_id,
        }
    }

    /// What it is, in a word.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Vote(Vote { kind: VoteKind::Prevote, .. }) => "prevote",
            Self::Vote(Vote { kind: VoteKind::Precommit, .. }) => "precommit",
            Self::Proposal(_) => "proposal",
            Self::SystemTransaction(_) => "system transaction",
            Self::Peer(_) => "peer proof",
        }
    }

    /// Where it stands in the order of votes and proposals; none for what has no place there.
    pub const fn position(&self) -> Option<SignPosition> {
        match self {
            Self::Vote(vote) => {
                let step = match vote.kind {
                    VoteKind::Prevote => SignStep::Prevote,
                    VoteKind::Precommit => SignStep::Precommit,
                };
                Some(SignPosition { height: vote.height, round: vote.round, step })
            }
            Self::Proposal(proposal) => {
                Some(SignPosition { height: proposal.height, round: proposal.round, step: SignStep::Proposal })
            }
            Self::SystemTransaction(_) | Self::Peer(_) => None,
        }
    }

    /// The block it says yes to; zero for nil, none for what names no block.
    pub const fn block_hash(&self) -> Option<B256> {
        match self {
            Self::Vote(vote) => Some(vote.block_hash),
            Self::Proposal(proposal) => Some(proposal.block_hash),
            Self::SystemTransaction(_) | Self::Peer(_) => None,
        }
    }

    /// Checks its form, for a key that signs for one chain.
    pub fn check(&self, chain_id: u64) -> Result<(), Refusal> {
        if self.chain_id() != chain_id {
            return Err(Refusal::Chain { got: self.chain_id(), expected: chain_id });
        }
        match self {
            Self::SystemTransaction(tx) if !is_system_address(tx.to) => Err(Refusal::Recipient(tx.to)),
            Self::Peer(proof) if proof.peer.is_empty() || proof.peer.len() > MAX_PEER_ID_BYTES => {
                Err(Refusal::PeerId(proof.peer.len()))
            }
            _ => Ok(()),
        }
    }
}

impl From<Vote> for SignRequest {
    fn from(vote: Vote) -> Self {
        Self::Vote(vote)
    }
}

impl From<ProposalHeader> for SignRequest {
    fn from(proposal: ProposalHeader) -> Self {
        Self::Proposal(proposal)
    }
}

impl From<SystemTransaction> for SignRequest {
    fn from(tx: SystemTransaction) -> Self {
        Self::SystemTransaction(tx)
    }
}

impl From<PeerProof> for SignRequest {
    fn from(proof: PeerProof) -> Self {
        Self::Peer(proof)
    }
}

/// A system transaction: legacy, gas price zero, no value, [`SYSTEM_TX_GAS`]; what is left to say about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemTransaction {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Nonce of the proposer's consensus address.
    pub nonce: u64,
    /// A system contract, `0x...1000` to `0x...10ff`.
    pub to: Address,
    /// Call data.
    pub input: Bytes,
}

impl SystemTransaction {
    /// The transaction to sign.
    pub fn unsigned(&self) -> TxLegacy {
        TxLegacy {
            chain_id: Some(self.chain_id),
            nonce: self.nonce,
            gas_price: 0,
            gas_limit: SYSTEM_TX_GAS,
            to: TxKind::Call(self.to),
            value: U256::ZERO,
            input: self.input.clone(),
        }
    }
}

/// Whether an address is kept for system contracts: `0x...1000` to `0x...10ff`.
pub fn is_system_address(address: Address) -> bool {
    address
        .as_slice()
        .split_last_chunk::<2>()
        .is_some_and(|(zeros, [page, _])| *page == 0x10 && zeros.iter().all(|b| *b == 0))
}

/// What a validator signs to prove that a node of the network is its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerProof {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// The node's libp2p peer id. At most [`MAX_PEER_ID_BYTES`].
    pub peer: Bytes,
}

impl PeerProof {
    /// The 32 bytes to sign: `keccak256(abi.encode(keccak256("bttc.peer.v1"), chainId, keccak256(peer id)))`.
    pub fn signing_hash(&self) -> B256 {
        let words = (keccak256("bttc.peer.v1"), U256::from(self.chain_id), keccak256(&self.peer));
        keccak256(words.abi_encode())
    }
}

/// Place of a vote or proposal in the order in which an honest validator signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SignPosition {
    /// Height.
    pub height: Height,
    /// Round.
    pub round: Round,
    /// Step of the round.
    pub step: SignStep,
}

impl fmt::Display for SignPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} of height {}, round {}", self.step, self.height, self.round)
    }
}

/// Steps of a round, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SignStep {
    /// The proposer's block.
    Proposal,
    /// First vote.
    Prevote,
    /// Second vote.
    Precommit,
}

impl SignStep {
    /// All of them, in order.
    pub const ALL: [Self; 3] = [Self::Proposal, Self::Prevote, Self::Precommit];
}

impl fmt::Display for SignStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Proposal => "proposal",
            Self::Prevote => "prevote",
            Self::Precommit => "precommit",
        })
    }
}

/// Why a signer will not sign. The fault is with whoever asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is for another chain.
    #[error("it is for chain {got}, this key signs for chain {expected}")]
    Chain {
        /// Chain id of the request.
        got: u64,
        /// Chain id of the signer.
        expected: u64,
    },
    /// A system transaction to something else than a system contract.
    #[error("{0} is no system contract")]
    Recipient(Address),
    /// A peer id that is none.
    #[error("a peer id has 1 to {MAX_PEER_ID_BYTES} bytes, this one has {0}")]
    PeerId(usize),
    /// Something later has been signed.
    #[error("{asked} is asked for after {last} was signed")]
    Back {
        /// What is asked for.
        asked: SignPosition,
        /// The latest that was signed.
        last: SignPosition,
    },
    /// The sign state was set to begin above that height.
    #[error("{asked} is asked for, but the sign state begins above height {floor}")]
    Floor {
        /// What is asked for.
        asked: SignPosition,
        /// Nothing at this height or below it is signed.
        floor: Height,
    },
    /// Something else has been signed in its place. Signing this too would be a double sign.
    #[error("{position} has been signed for block {signed}; now it is asked for with other content (block {asked})")]
    DoubleSign {
        /// Their common place.
        position: SignPosition,
        /// Block of the earlier one; zero for nil.
        signed: B256,
        /// Block of this one.
        asked: B256,
    },
    /// What a signer in another process says.
    #[error("{0}")]
    Remote(String),
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::address;

    fn system(to: Address) -> SignRequest {
        SystemTransaction { chain_id: 5, nonce: 3, to, input: Bytes::from_static(&[1, 2]) }.into()
    }

    #[test]
    fn system_contracts_have_a_range_of_their_own() {
        for (to, expected) in [
            (address!("0x0000000000000000000000000000000000000fff"), false),
            (address!("0x0000000000000000000000000000000000001000"), true),
            (address!("0x00000000000000000000000000000000000010ff"), true),
            (address!("0x0000000000000000000000000000000000001100"), false),
            (address!("0x0100000000000000000000000000000000001002"), false),
        ] {
            assert_eq!(is_system_address(to), expected, "{to}");
            assert_eq!(system(to).check(5).is_ok(), expected, "{to}");
        }
        assert_eq!(
            system(address!("0x0000000000000000000000000000000000001000")).check(6),
            Err(Refusal::Chain { got: 5, expected: 6 })
        );
    }

    /// The bytes one after another, as the EIP-155 list and as Solidity's `abi.encode` lay them out.
    #[test]
    fn signed_bytes_are_as_documented() {
        let tx = system(address!("0x0000000000000000000000000000000000001002"));
        let mut list = alloy_primitives::hex::decode("03808398968094").unwrap();
        list.extend_from_slice(address!("0x0000000000000000000000000000000000001002").as_slice());
        list.extend_from_slice(&alloy_primitives::hex::decode("80820102058080").unwrap());
        list.insert(0, 0xc0 + u8::try_from(list.len()).unwrap());
        assert_eq!(tx.signing_hash(), keccak256(list));

        let proof = PeerProof { chain_id: 5, peer: Bytes::from_static(b"peer") };
        let words = [keccak256("bttc.peer.v1").0, U256::from(5).to_be_bytes::<32>(), keccak256(b"peer").0];
        assert_eq!(proof.signing_hash(), keccak256(words.concat()));
        for (bytes, accepted) in [(0, false), (1, true), (64, true), (65, false)] {
            let request: SignRequest = PeerProof { chain_id: 5, peer: vec![7; bytes].into() }.into();
            assert_eq!(request.check(5).is_ok(), accepted, "{bytes}");
        }
    }

    #[test]
    fn positions_are_ordered_by_height_round_and_step() {
        let at = |height, round, step| SignPosition { height, round, step };
        let order = [
            at(1, 0, SignStep::Precommit),
            at(1, 1, SignStep::Proposal),
            at(1, 1, SignStep::Prevote),
            at(1, 1, SignStep::Precommit),
            at(2, 0, SignStep::Proposal),
        ];
        assert!(order.is_sorted_by(|a, b| a < b));
        let vote = Vote { chain_id: 5, kind: VoteKind::Precommit, height: 1, round: 1, block_hash: B256::ZERO };
        assert_eq!(SignRequest::from(vote).position(), Some(order[3]));
        assert_eq!(system(Address::ZERO).position(), None);
    }
}

//! The protocol between a node and a signer in another process, version 1 (docs/operations.md, "The signer protocol").
//!
//! A frame is 4 bytes length (big endian) and that many bytes of message: one byte of type, then one RLP list. The node says hello, the
//! signer answers hello or refuses; then each request is answered once, in order.

use alloy_primitives::{Address, B256, Bytes};
use alloy_rlp::{Decodable, Encodable, RlpDecodable, RlpEncodable};
use bttc_consensus::{PeerProof, ProposalHeader, SignRequest, SystemTransaction, Vote};
use bttc_primitives::{VoteKind, VoteSignature};

/// Version of the protocol.
pub const SIGNER_PROTOCOL_VERSION: u64 = 1;

/// Longest message. Unit: bytes. A system transaction has no gas for more call data than that.
pub const MAX_SIGNER_FRAME_BYTES: usize = 1 << 20;

const HELLO: u8 = 0x01;
const VOTE: u8 = 0x10;
const PROPOSAL: u8 = 0x11;
const SYSTEM_TRANSACTION: u8 = 0x12;
const PEER: u8 = 0x13;
const SIGNATURE: u8 = 0x20;
const REFUSED: u8 = 0x21;
const FAILED: u8 = 0x22;

/// A message of either side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignerMessage {
    /// First message of both sides.
    Hello(Hello),
    /// To the signer: sign this.
    Sign {
        /// Comes back with the answer.
        id: u64,
        /// What to sign.
        request: SignRequest,
    },
    /// To the node: the signature.
    Signature {
        /// Of the request.
        id: u64,
        /// `r, s, v`, with low `s` and `v` of 27 or 28.
        signature: VoteSignature,
    },
    /// To the node: this is never signed. With id 0 instead of a hello: the two do not belong together.
    Refused {
        /// Of the request.
        id: u64,
        /// For the operator.
        reason: String,
    },
    /// To the node: the signer is in trouble; the same request may succeed later.
    Failed {
        /// Of the request.
        id: u64,
        /// For the operator.
        reason: String,
    },
}

/// What both sides must agree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct Hello {
    /// [`SIGNER_PROTOCOL_VERSION`].
    pub version: u64,
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Address of the key; zero from a node that takes whatever key the signer has.
    pub address: Address,
}

/// Bytes that are no message. The fault is with the other side.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSignerMessage {
    /// There is not even a type.
    #[error("an empty message")]
    Empty,
    /// The first byte is no known type.
    #[error("a message of the unknown type {0:#04x}")]
    Type(u8),
    /// What follows is not the list of that type.
    #[error("a message of type {kind:#04x} that cannot be read: {why}")]
    Content {
        /// The type.
        kind: u8,
        /// What the decoder says.
        why: String,
    },
}

impl SignerMessage {
    /// Reads a message, without the length before it. Pure; any input is safe.
    pub fn decode(bytes: &[u8]) -> Result<Self, InvalidSignerMessage> {
        let (kind, list) = bytes.split_first().ok_or(InvalidSignerMessage::Empty)?;
        let content = match *kind {
            HELLO => read(list).map(Self::Hello),
            VOTE => read(list).and_then(VoteList::request),
            PROPOSAL => read(list).and_then(ProposalList::request),
            SYSTEM_TRANSACTION => read(list).map(SystemList::request),
            PEER => read(list).map(PeerList::request),
            SIGNATURE => read(list).map(|SignatureList { id, signature }| Self::Signature { id, signature }),
            REFUSED => read(list).map(|ReasonList { id, reason }| Self::Refused { id, reason }),
            FAILED => read(list).map(|ReasonList { id, reason }| Self::Failed { id, reason }),
            other => return Err(InvalidSignerMessage::Type(other)),
        };
        content.map_err(|why| InvalidSignerMessage::Content { kind: *kind, why: why.to_string() })
    }

    /// The message as it is sent, with its length before it.
    pub fn to_frame(&self) -> Vec<u8> {
        let mut frame = vec![0; 4];
        match self {
            Self::Hello(hello) => write(HELLO, hello, &mut frame),
            Self::Sign { id, request } => match request {
                SignRequest::Vote(vote) => write(VOTE, &VoteList::of(*id, vote), &mut frame),
                SignRequest::Proposal(proposal) => write(PROPOSAL, &ProposalList::of(*id, proposal), &mut frame),
                SignRequest::SystemTransaction(tx) => write(SYSTEM_TRANSACTION, &SystemList::of(*id, tx), &mut frame),
                SignRequest::Peer(proof) => write(PEER, &PeerList::of(*id, proof), &mut frame),
            },
            Self::Signature { id, signature } => {
                write(SIGNATURE, &SignatureList { id: *id, signature: *signature }, &mut frame);
            }
            Self::Refused { id, reason } => write(REFUSED, &ReasonList::of(*id, reason), &mut frame),
            Self::Failed { id, reason } => write(FAILED, &ReasonList::of(*id, reason), &mut frame),
        }
        // A length that does not fit is above the bound too, and every reader refuses it.
        let length = u32::try_from(frame.len().saturating_sub(4)).unwrap_or(u32::MAX);
        if let Some(head) = frame.first_chunk_mut::<4>() {
            *head = length.to_be_bytes();
        }
        frame
    }
}

fn read<T: Decodable>(list: &[u8]) -> alloy_rlp::Result<T> {
    alloy_rlp::decode_exact(list)
}

fn write(kind: u8, list: &impl Encodable, frame: &mut Vec<u8>) {
    frame.push(kind);
    list.encode(frame);
}

#[derive(RlpEncodable, RlpDecodable)]
struct VoteList {
    id: u64,
    chain_id: u64,
    kind: u8,
    height: u64,
    round: u32,
    block_hash: B256,
}

impl VoteList {
    const fn of(id: u64, vote: &Vote) -> Self {
        let Vote { chain_id, kind, height, round, block_hash } = *vote;
        Self { id, chain_id, kind: kind as u8, height, round, block_hash }
    }

    fn request(self) -> alloy_rlp::Result<SignerMessage> {
        let Self { id, chain_id, kind, height, round, block_hash } = self;
        let kind = match kind {
            1 => VoteKind::Prevote,
            2 => VoteKind::Precommit,
            _ => return Err(alloy_rlp::Error::Custom("a vote is of kind 1 (prevote) or 2 (precommit)")),
        };
        Ok(SignerMessage::Sign { id, request: Vote { chain_id, kind, height, round, block_hash }.into() })
    }
}

#[derive(RlpEncodable, RlpDecodable)]
struct ProposalList {
    id: u64,
    chain_id: u64,
    height: u64,
    round: u32,
    /// Valid round plus one; zero for none.
    valid_round: u64,
    block_hash: B256,
    built_in: u32,
    size: u32,
    parts_root: B256,
}

impl ProposalList {
    fn of(id: u64, proposal: &ProposalHeader) -> Self {
        let ProposalHeader { chain_id, height, round, valid_round, block_hash, built_in, size, parts_root } = *proposal;
        let valid_round = valid_round.map_or(0, |round| u64::from(round).saturating_add(1));
        Self { id, chain_id, height, round, valid_round, block_hash, built_in, size, parts_root }
    }

    fn request(self) -> alloy_rlp::Result<SignerMessage> {
        let Self { id, chain_id, height, round, valid_round, block_hash, built_in, size, parts_root } = self;
        let valid_round = valid_round.checked_sub(1).map(u32::try_from).transpose();
        let valid_round = valid_round.map_err(|_| alloy_rlp::Error::Overflow)?;
        let proposal = ProposalHeader { chain_id, height, round, valid_round, block_hash, built_in, size, parts_root };
        Ok(SignerMessage::Sign { id, request: proposal.into() })
    }
}

#[derive(RlpEncodable, RlpDecodable)]
struct SystemList {
    id: u64,
    chain_id: u64,
    nonce: u64,
    to: Address,
    input: Bytes,
}

impl SystemList {
    fn of(id: u64, tx: &SystemTransaction) -> Self {
        Self { id, chain_id: tx.chain_id, nonce: tx.nonce, to: tx.to, input: tx.input.clone() }
    }

    fn request(self) -> SignerMessage {
        let Self { id, chain_id, nonce, to, input } = self;
        SignerMessage::Sign { id, request: SystemTransaction { chain_id, nonce, to, input }.into() }
    }
}

#[derive(RlpEncodable, RlpDecodable)]
struct PeerList {
    id: u64,
    chain_id: u64,
    peer: Bytes,
}

impl PeerList {
    fn of(id: u64, proof: &PeerProof) -> Self {
        Self { id, chain_id: proof.chain_id, peer: proof.peer.clone() }
    }

    fn request(self) -> SignerMessage {
        let Self { id, chain_id, peer } = self;
        SignerMessage::Sign { id, request: PeerProof { chain_id, peer }.into() }
    }
}

#[derive(RlpEncodable, RlpDecodable)]
struct SignatureList {
    id: u64,
    signature: VoteSignature,
}

#[derive(RlpEncodable, RlpDecodable)]
struct ReasonList {
    id: u64,
    reason: String,
}

impl ReasonList {
    fn of(id: u64, reason: &str) -> Self {
        Self { id, reason: reason.to_owned() }
    }
}

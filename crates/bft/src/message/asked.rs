//! What is asked of one peer, and its answers.

use super::{InvalidMessage, ProposalMessage, body, envelope, open, possible};
use crate::value::MAX_BLOCK_BYTES;
use alloy_primitives::B256;
use alloy_rlp::{RlpDecodable, RlpEncodable};
use bttc_consensus::{DecidedBlock, MAX_REQUEST_BYTES, MAX_RESPONSE_BYTES, SnapshotPart};
use bttc_primitives::Height;
use bytes::Bytes;

/// A question to one peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Decided blocks from a height on.
    Blocks {
        /// First height.
        from: Height,
        /// At most so many.
        count: u64,
    },
    /// A proposal of the present height for a block, and the block.
    Proposal {
        /// The height.
        height: Height,
        /// The block.
        block_hash: B256,
    },
    /// A part of a snapshot.
    Snapshot(SnapshotPart),
}

/// Longest name of a chunk. Unit: bytes.
const MAX_CHUNK_NAME: usize = 32;

/// A part of a snapshot: height 0 means the newest, no name the manifest.
#[derive(RlpEncodable, RlpDecodable)]
struct PartRlp {
    height: Height,
    name: String,
}

impl From<SnapshotPart> for PartRlp {
    fn from(part: SnapshotPart) -> Self {
        match part {
            SnapshotPart::Newest => Self { height: 0, name: String::new() },
            SnapshotPart::Manifest(height) => Self { height, name: String::new() },
            SnapshotPart::Chunk(height, name) => Self { height, name },
        }
    }
}

impl PartRlp {
    fn part(self) -> Result<SnapshotPart, InvalidMessage> {
        match self {
            Self { height: 0, name } if name.is_empty() => Ok(SnapshotPart::Newest),
            Self { height, name } if name.is_empty() => Ok(SnapshotPart::Manifest(height)),
            Self { height, name } if height > 0 && name.len() <= MAX_CHUNK_NAME => {
                Ok(SnapshotPart::Chunk(height, name))
            }
            _ => Err(InvalidMessage::Bounds("part of a snapshot")),
        }
    }
}

#[derive(RlpEncodable, RlpDecodable)]
struct BlocksRlp {
    from: Height,
    count: u64,
}

#[derive(RlpEncodable, RlpDecodable)]
struct WantedRlp {
    height: Height,
    block_hash: B256,
}

impl Request {
    /// The bytes.
    pub fn encode(&self) -> Bytes {
        match self {
            Self::Blocks { from, count } => envelope(0, 0, &BlocksRlp { from: *from, count: *count }),
            Self::Proposal { height, block_hash } => {
                envelope(1, 0, &WantedRlp { height: *height, block_hash: *block_hash })
            }
            Self::Snapshot(part) => envelope(2, 0, &PartRlp::from(part.clone())),
        }
    }

    /// Reads a question.
    pub fn decode(bytes: &[u8]) -> Result<Self, InvalidMessage> {
        let (kind, rest) = open(bytes, MAX_REQUEST_BYTES)?;
        match kind {
            Some(0) => body(rest).map(|BlocksRlp { from, count }| Self::Blocks { from, count }),
            Some(1) => body(rest).map(|WantedRlp { height, block_hash }| Self::Proposal { height, block_hash }),
            Some(2) => Ok(Self::Snapshot(body::<PartRlp>(rest)?.part()?)),
            got => Err(InvalidMessage::Kind { got }),
        }
    }
}

/// An answer to a [`Request`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Response {
    /// The blocks that there are, from the asked height on, as many as fit.
    Blocks(Vec<DecidedBlock>),
    /// The proposal with the encoding of its block.
    Proposal(ProposalMessage, Bytes),
    /// Nothing: not known here, or too many questions.
    Nothing,
    /// A part of a snapshot.
    Snapshot(Bytes),
}

#[derive(RlpEncodable, RlpDecodable)]
struct FoundRlp {
    proposal: ProposalMessage,
    encoding: Bytes,
}

#[derive(RlpEncodable, RlpDecodable)]
struct EmptyRlp {}

impl Response {
    /// The bytes.
    pub fn encode(&self) -> Bytes {
        match self {
            Self::Blocks(blocks) => envelope(0, 0, blocks),
            Self::Proposal(proposal, encoding) => {
                envelope(1, 0, &FoundRlp { proposal: proposal.clone(), encoding: encoding.clone() })
            }
            Self::Nothing => envelope(2, 0, &EmptyRlp {}),
            Self::Snapshot(bytes) => envelope(3, 0, bytes),
        }
    }

    /// Reads an answer.
    pub fn decode(bytes: &[u8]) -> Result<Self, InvalidMessage> {
        let (kind, rest) = open(bytes, MAX_RESPONSE_BYTES)?;
        match kind {
            Some(0) => body(rest).map(Self::Blocks),
            Some(1) => {
                let FoundRlp { proposal, encoding } = body(rest)?;
                if encoding.len() > MAX_BLOCK_BYTES {
                    return Err(InvalidMessage::Bounds("length of the block"));
                }
                Ok(Self::Proposal(possible(proposal)?, encoding))
            }
            Some(2) => body(rest).map(|EmptyRlp {}| Self::Nothing),
            Some(3) => body(rest).map(Self::Snapshot),
            got => Err(InvalidMessage::Kind { got }),
        }
    }
}

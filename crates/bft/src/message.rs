//! Messages between engines, and their encoding: a version byte, a kind byte, an RLP list.
//!
//! Gossiped: votes, proposals, parts of proposed blocks, certificates of prevotes and of rounds, status. Asked of one peer: decided blocks,
//! a proposal with its block, parts of a snapshot (`asked`). Decoding is a pure function of the bytes and takes no more memory than they do.

mod asked;

use crate::value::{BlockValue, Part};
use alloy_primitives::{Address, B256};
use alloy_rlp::{Decodable, Encodable, RlpDecodable, RlpEncodable};
pub use asked::{Request, Response};
use bttc_consensus::{MAX_MESSAGE_BYTES, ProposalHeader, Topic};
use bttc_primitives::{Height, Round, VoteKind, VoteSignature};
use bytes::Bytes;

/// First byte of every message.
const VERSION: u8 = 1;
/// No round is above it: reaching it takes centuries, and the consensus library counts beyond the round that it is told of.
const MAX_ROUND: Round = 1 << 30;
/// Most votes that a certificate may carry; protocol.md allows no more validators than a hundred.
const MAX_VOTES: usize = 1_024;

/// Why bytes are no message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMessage {
    /// It is longer than such a message may be.
    #[error("the message has {got} bytes, at most {max} are allowed")]
    TooLong {
        /// Length.
        got: usize,
        /// Bound.
        max: usize,
    },
    /// The first byte is not the version spoken here.
    #[error("version byte is {got:?}, expected {VERSION}")]
    Version {
        /// What stands there, if anything does.
        got: Option<u8>,
    },
    /// No message has this kind byte.
    #[error("unknown kind {got:?}")]
    Kind {
        /// What stands there, if anything does.
        got: Option<u8>,
    },
    /// The rest is not the RLP of that kind.
    #[error("malformed: {0}")]
    Rlp(#[from] alloy_rlp::Error),
    /// Bytes follow the end.
    #[error("{0} bytes too many")]
    Trailing(usize),
    /// A list or block is longer than its rule allows, or empty where something must be.
    #[error("{0} is out of bounds")]
    Bounds(&'static str),
}

/// A signed vote.
#[derive(Clone, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct VoteMessage {
    /// Prevote or precommit.
    pub kind: VoteKind,
    /// Height voted on.
    pub height: Height,
    /// Round voted in.
    pub round: Round,
    /// The block; zero for nil.
    pub block_hash: B256,
    /// Who voted.
    pub voter: Address,
    /// Signature over [`bttc_consensus::Vote`].
    pub signature: VoteSignature,
}

impl VoteMessage {
    /// What is signed.
    pub fn signing_hash(&self, chain_id: u64) -> B256 {
        let Self { kind, height, round, block_hash, .. } = *self;
        bttc_consensus::Vote { chain_id, kind, height, round, block_hash }.signing_hash()
    }
}

/// A signed proposal, without its block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposalMessage {
    /// Height proposed for.
    pub height: Height,
    /// Round proposed in.
    pub round: Round,
    /// Earlier round in which the block had more than two thirds of the prevotes; none for a new block.
    pub valid_round: Option<Round>,
    /// The block.
    pub value: BlockValue,
    /// Who proposes.
    pub proposer: Address,
    /// Signature over [`ProposalHeader`].
    pub signature: VoteSignature,
}

impl ProposalMessage {
    /// What is signed.
    pub fn signing_hash(&self, chain_id: u64) -> B256 {
        ProposalHeader {
            chain_id,
            height: self.height,
            round: self.round,
            valid_round: self.valid_round,
            block_hash: self.value.hash,
            built_in: self.value.built_in,
            size: self.value.size,
            parts_root: self.value.parts_root,
        }
        .signing_hash()
    }
}

#[derive(RlpEncodable, RlpDecodable)]
struct ProposalRlp {
    height: Height,
    round: Round,
    /// One more than the round; zero for none.
    valid_round: u64,
    value: BlockValue,
    proposer: Address,
    signature: VoteSignature,
}

impl Encodable for ProposalMessage {
    fn encode(&self, out: &mut dyn alloy_rlp::BufMut) {
        self.rlp().encode(out);
    }

    fn length(&self) -> usize {
        self.rlp().length()
    }
}

impl ProposalMessage {
    fn rlp(&self) -> ProposalRlp {
        ProposalRlp {
            height: self.height,
            round: self.round,
            valid_round: self.valid_round.map_or(0, |round| u64::from(round).saturating_add(1)),
            value: self.value,
            proposer: self.proposer,
            signature: self.signature,
        }
    }
}

impl Decodable for ProposalMessage {
    fn decode(buf: &mut &[u8]) -> alloy_rlp::Result<Self> {
        let ProposalRlp { height, round, valid_round, value, proposer, signature } = ProposalRlp::decode(buf)?;
        let valid_round = match valid_round.checked_sub(1) {
            None => None,
            Some(round) => Some(Round::try_from(round).map_err(|_| alloy_rlp::Error::Overflow)?),
        };
        Ok(Self { height, round, valid_round, value, proposer, signature })
    }
}

/// A part of a proposed block with the proposal that fixes it: whole by itself.
#[derive(Clone, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct PartMessage {
    /// The proposal.
    pub proposal: ProposalMessage,
    /// The part.
    pub part: Part,
}

/// Voter and signature of a vote that is known otherwise.
#[derive(Clone, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct Endorsement {
    /// Who voted.
    pub voter: Address,
    /// The signature.
    pub signature: VoteSignature,
}

/// Prevotes of more than two thirds for one block.
#[derive(Clone, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct PolkaMessage {
    /// Height of the votes.
    pub height: Height,
    /// Round of the votes.
    pub round: Round,
    /// The block.
    pub block_hash: B256,
    /// The votes.
    pub votes: Vec<Endorsement>,
}

/// A vote of a round, for whatever block.
#[derive(Clone, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct RoundVote {
    /// Prevote or precommit.
    pub kind: VoteKind,
    /// The block; zero for nil.
    pub block_hash: B256,
    /// Who voted.
    pub voter: Address,
    /// The signature.
    pub signature: VoteSignature,
}

/// Votes that justify a round: entering it, by more than a third of any kind, or leaving it, by more than two thirds of the precommits.
#[derive(Clone, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct RoundMessage {
    /// Height of the votes.
    pub height: Height,
    /// Round of the votes.
    pub round: Round,
    /// Whether they are precommits of more than two thirds.
    pub precommits: bool,
    /// The votes, one of each voter.
    pub votes: Vec<RoundVote>,
}

/// How far a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct StatusMessage {
    /// Its last committed height.
    pub height: Height,
    /// The lowest height whose block it can give.
    pub earliest: Height,
}

/// A gossiped message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A vote.
    Vote(VoteMessage),
    /// A proposal whose block the others have, or ask for.
    Proposal(ProposalMessage),
    /// A part of a proposed block.
    Part(PartMessage),
    /// A certificate of prevotes.
    Polka(PolkaMessage),
    /// A certificate of a round.
    Round(RoundMessage),
    /// How far the sender is. Meant for neighbours; nobody passes it on.
    Status(StatusMessage),
}

impl Message {
    /// The queue it belongs to.
    pub const fn topic(&self) -> Topic {
        match self {
            Self::Vote(_) | Self::Proposal(_) | Self::Polka(_) | Self::Round(_) => Topic::Votes,
            Self::Part(_) => Topic::Parts,
            Self::Status(_) => Topic::Status,
        }
    }

    /// The bytes. `copy` makes repetitions of a message differ, so that a network which drops what it has seen lets them pass.
    pub fn encode(&self, copy: u32) -> Bytes {
        match self {
            Self::Vote(message) => envelope(0, copy, message),
            Self::Proposal(message) => envelope(1, copy, message),
            Self::Part(message) => envelope(2, copy, message),
            Self::Polka(message) => envelope(3, copy, message),
            Self::Round(message) => envelope(4, copy, message),
            Self::Status(message) => envelope(5, copy, message),
        }
    }

    /// Reads a gossiped message.
    pub fn decode(bytes: &[u8]) -> Result<Self, InvalidMessage> {
        let (kind, rest) = open(bytes, MAX_MESSAGE_BYTES)?;
        match kind {
            Some(0) => {
                let vote: VoteMessage = body(rest)?;
                possible_round(vote.round)?;
                Ok(Self::Vote(vote))
            }
            Some(1) => body(rest).and_then(possible).map(Self::Proposal),
            Some(2) => {
                let part: PartMessage = body(rest)?;
                possible(part.proposal.clone())?;
                Ok(Self::Part(part))
            }
            Some(3) => {
                let polka: PolkaMessage = body(rest)?;
                bound(polka.votes.len())?;
                possible_round(polka.round)?;
                if polka.block_hash.is_zero() {
                    return Err(InvalidMessage::Bounds("block of a certificate"));
                }
                Ok(Self::Polka(polka))
            }
            Some(4) => {
                let round: RoundMessage = body(rest)?;
                bound(round.votes.len())?;
                possible_round(round.round)?;
                Ok(Self::Round(round))
            }
            Some(5) => body(rest).map(Self::Status),
            got => Err(InvalidMessage::Kind { got }),
        }
    }
}

fn envelope(kind: u8, copy: u32, body: &impl Encodable) -> Bytes {
    let mut bytes = Vec::with_capacity(body.length().saturating_add(8));
    bytes.push(VERSION);
    bytes.push(kind);
    copy.encode(&mut bytes);
    body.encode(&mut bytes);
    bytes.into()
}

/// Checks length and version; answers with the kind and what follows it.
fn open(bytes: &[u8], max: usize) -> Result<(Option<u8>, &[u8]), InvalidMessage> {
    if bytes.len() > max {
        return Err(InvalidMessage::TooLong { got: bytes.len(), max });
    }
    let Some((&VERSION, rest)) = bytes.split_first() else {
        return Err(InvalidMessage::Version { got: bytes.first().copied() });
    };
    Ok(rest.split_first().map_or((None, rest), |(kind, rest)| (Some(*kind), rest)))
}

fn body<T: Decodable>(mut bytes: &[u8]) -> Result<T, InvalidMessage> {
    u32::decode(&mut bytes)?;
    let body = T::decode(&mut bytes)?;
    if bytes.is_empty() { Ok(body) } else { Err(InvalidMessage::Trailing(bytes.len())) }
}

fn bound(votes: usize) -> Result<(), InvalidMessage> {
    if (1..=MAX_VOTES).contains(&votes) { Ok(()) } else { Err(InvalidMessage::Bounds("number of votes")) }
}

const fn possible_round(round: Round) -> Result<(), InvalidMessage> {
    if round > MAX_ROUND { Err(InvalidMessage::Bounds("round")) } else { Ok(()) }
}

/// What no honest proposer signs is refused before any signature is looked at.
fn possible(proposal: ProposalMessage) -> Result<ProposalMessage, InvalidMessage> {
    let rounds = match proposal.valid_round {
        None => proposal.value.built_in == proposal.round,
        Some(valid) => valid < proposal.round && proposal.value.built_in <= valid,
    };
    possible_round(proposal.round)?;
    if !rounds {
        return Err(InvalidMessage::Bounds("order of the rounds of a proposal"));
    }
    if !proposal.value.has_possible_size() || proposal.value.hash.is_zero() {
        return Err(InvalidMessage::Bounds("size or hash of the proposed block"));
    }
    Ok(proposal)
}

#[cfg(test)]
mod tests;

//! Records of the log: the inputs that decide what this node signs, in their order.

use crate::{
    context::{Context, CoreAddress, CoreHeight, CoreRound, round_number},
    convert::{polka_certificate, polka_message, proposal_message, signed_proposal, signed_vote, vote_message},
    message::{PolkaMessage, ProposalMessage, VoteMessage},
    value::BlockValue,
};
use alloy_primitives::Address;
use alloy_rlp::{Decodable, Encodable, RlpDecodable, RlpEncodable};
use bttc_primitives::{Height, Round};
use malachitebft_core_consensus::{Input, ProposedValue};
use malachitebft_core_types::{Timeout, TimeoutKind, Validity, ValueOrigin};

/// Judgement on a block.
#[derive(Clone, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct JudgedRecord {
    /// Height of the block.
    pub height: Height,
    /// Round in which it came.
    pub round: Round,
    /// Proposer of that round.
    pub proposer: Address,
    /// The block.
    pub value: BlockValue,
    /// Whether it is valid.
    pub valid: bool,
}

/// A step whose time was up.
#[derive(Clone, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct TimeoutRecord {
    /// Height of the step.
    pub height: Height,
    /// Round of the step.
    pub round: Round,
    /// 0 propose, 1 prevote, 2 precommit.
    pub step: u8,
}

/// An input of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// A vote, ours or another's.
    Vote(VoteMessage),
    /// A proposal, ours or another's.
    Proposal(ProposalMessage),
    /// A judged block.
    Judged(JudgedRecord),
    /// A certificate of prevotes.
    Polka(PolkaMessage),
    /// A timeout.
    Timeout(TimeoutRecord),
}

impl Record {
    /// The height it belongs to.
    pub const fn height(&self) -> Height {
        match self {
            Self::Vote(vote) => vote.height,
            Self::Proposal(proposal) => proposal.height,
            Self::Judged(judged) => judged.height,
            Self::Polka(polka) => polka.height,
            Self::Timeout(timeout) => timeout.height,
        }
    }

    /// The bytes.
    pub fn encode(&self) -> Vec<u8> {
        let (kind, body): (u8, &dyn Encodable) = match self {
            Self::Vote(vote) => (0, vote),
            Self::Proposal(proposal) => (1, proposal),
            Self::Judged(judged) => (2, judged),
            Self::Polka(polka) => (3, polka),
            Self::Timeout(timeout) => (4, timeout),
        };
        let mut bytes = vec![kind];
        body.encode(&mut bytes);
        bytes
    }

    /// Reads what [`Self::encode`] wrote.
    pub fn decode(bytes: &[u8]) -> alloy_rlp::Result<Self> {
        let Some((kind, mut rest)) = bytes.split_first() else {
            return Err(alloy_rlp::Error::InputTooShort);
        };
        let record = match kind {
            0 => VoteMessage::decode(&mut rest).map(Self::Vote),
            1 => ProposalMessage::decode(&mut rest).map(Self::Proposal),
            2 => JudgedRecord::decode(&mut rest).map(Self::Judged),
            3 => PolkaMessage::decode(&mut rest).map(Self::Polka),
            4 => TimeoutRecord::decode(&mut rest).map(Self::Timeout),
            _ => Err(alloy_rlp::Error::Custom("unknown kind of record")),
        }?;
        if rest.is_empty() { Ok(record) } else { Err(alloy_rlp::Error::UnexpectedLength) }
    }

    /// What the library asks to log at `height`; none for what it need not find again.
    pub(crate) fn of_input(height: Height, input: &Input<Context>) -> Option<Self> {
        match input {
            Input::Vote(vote) => Some(Self::Vote(vote_message(vote))),
            Input::Proposal(proposal) => Some(Self::Proposal(proposal_message(proposal))),
            Input::ProposedValue(judged, _) => Some(Self::Judged(JudgedRecord {
                height,
                round: round_number(judged.round),
                proposer: judged.proposer.0,
                value: judged.value,
                valid: judged.validity.is_valid(),
            })),
            Input::PolkaCertificate(certificate) => Some(Self::Polka(polka_message(certificate))),
            Input::TimeoutElapsed(timeout) => {
                let step = match timeout.kind {
                    TimeoutKind::Propose => 0,
                    TimeoutKind::Prevote => 1,
                    TimeoutKind::Precommit => 2,
                    TimeoutKind::Rebroadcast | TimeoutKind::FinalizeHeight(_) => return None,
                };
                Some(Self::Timeout(TimeoutRecord { height, round: round_number(timeout.round), step }))
            }
            Input::StartHeight(..) | Input::Propose(_) | Input::RoundCertificate(_) | Input::SyncValueResponse(_) => {
                None
            }
        }
    }

    /// The input again.
    pub(crate) fn to_input(&self) -> Input<Context> {
        match self {
            Self::Vote(vote) => Input::Vote(signed_vote(vote)),
            Self::Proposal(proposal) => Input::Proposal(signed_proposal(proposal)),
            Self::Judged(judged) => Input::ProposedValue(
                ProposedValue {
                    height: CoreHeight(judged.height),
                    round: CoreRound::new(judged.round),
                    valid_round: CoreRound::Nil,
                    proposer: CoreAddress(judged.proposer),
                    value: judged.value,
                    validity: Validity::from_bool(judged.valid),
                },
                ValueOrigin::Consensus,
            ),
            Self::Polka(polka) => Input::PolkaCertificate(polka_certificate(polka)),
            Self::Timeout(TimeoutRecord { round, step, .. }) => {
                let kind = match step {
                    0 => TimeoutKind::Propose,
                    1 => TimeoutKind::Prevote,
                    _ => TimeoutKind::Precommit,
                };
                Input::TimeoutElapsed(Timeout::new(CoreRound::new(*round), kind))
            }
        }
    }
}

//! Messages for a height that has not begun here: kept in bounds, fed in when it begins.

use crate::message::{Message, PartMessage, ProposalMessage, VoteMessage};
use alloy_primitives::Address;
use bttc_primitives::{Round, VoteKind};
use std::collections::BTreeMap;

/// Rounds kept: whoever is further ahead repeats its votes.
const MAX_ROUND: Round = 1;
/// Unit: bytes.
const MAX_PART_BYTES: usize = 16 << 20;

/// At most one vote of each voter, round and kind; at most one proposal with its parts of each proposer and round.
#[derive(Debug, Default)]
pub(super) struct Early {
    votes: BTreeMap<(Address, Round, VoteKind), VoteMessage>,
    proposals: BTreeMap<(Address, Round), ProposalMessage>,
    parts: BTreeMap<(Address, Round, u32), PartMessage>,
    part_bytes: usize,
}

impl Early {
    /// Keeps a vote; false if there is no room.
    pub(super) fn add_vote(&mut self, vote: &VoteMessage) -> bool {
        let key = (vote.voter, vote.round, vote.kind);
        let fits = vote.round <= MAX_ROUND && !self.votes.contains_key(&key);
        if fits {
            self.votes.insert(key, vote.clone());
        }
        fits
    }

    /// Keeps a proposal; false if there is no room.
    pub(super) fn add_proposal(&mut self, proposal: &ProposalMessage) -> bool {
        let key = (proposal.proposer, proposal.round);
        let fits = proposal.round <= MAX_ROUND && !self.proposals.contains_key(&key);
        if fits {
            self.proposals.insert(key, proposal.clone());
        }
        fits
    }

    /// Keeps a part of a proposal that was kept before, or is now.
    pub(super) fn add_part(&mut self, part: &PartMessage) -> bool {
        let (proposal, len) = (&part.proposal, part.part.data.len());
        self.add_proposal(proposal);
        let known = self.proposals.get(&(proposal.proposer, proposal.round)) == Some(proposal);
        let key = (proposal.proposer, proposal.round, part.part.index);
        let bytes = self.part_bytes.saturating_add(len);
        let fits = known && !self.parts.contains_key(&key) && bytes <= MAX_PART_BYTES;
        if fits {
            self.part_bytes = bytes;
            self.parts.insert(key, part.clone());
        }
        fits
    }

    /// Whether this very proposal is kept.
    pub(super) fn has_proposal(&self, proposal: &ProposalMessage) -> bool {
        self.proposals.get(&(proposal.proposer, proposal.round)) == Some(proposal)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.votes.is_empty() && self.proposals.is_empty()
    }

    /// Everything, proposals first.
    pub(super) fn take(&mut self) -> Vec<Message> {
        let Self { votes, proposals, parts, .. } = std::mem::take(self);
        let proposals = proposals.into_values().map(Message::Proposal);
        let parts = parts.into_values().map(Message::Part);
        proposals.chain(parts).chain(votes.into_values().map(Message::Vote)).collect()
    }
}

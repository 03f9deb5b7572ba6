//! Proposals of one height and their blocks, from the first part to the verdict.

use super::dump::ProposalDump;
use crate::{
    message::{PartMessage, ProposalMessage},
    value::{Assembly, BlockValue, CutBlock},
};
use alloy_primitives::{Address, B256};
use bttc_primitives::Round;
use bytes::Bytes;
use std::collections::BTreeMap;

/// Proposals kept of one round: a second one proves its proposer faulty, a third tells nothing new.
const MAX_PER_ROUND: usize = 2;

/// How far one block is.
#[derive(Debug)]
enum State {
    Collecting(Assembly),
    Judging(Bytes),
    Valid(Bytes),
    Invalid,
}

/// Blocks of the height that is being decided.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    proposals: BTreeMap<Round, Vec<ProposalMessage>>,
    blocks: BTreeMap<BlockValue, State>,
}

/// What became of a part.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// Known already, or of a block that is whole.
    Known,
    /// Does not belong to the block that its proposal fixes.
    Forged,
    /// Others are missing.
    Kept,
    /// None is missing: the encoding.
    Whole(Bytes),
}

impl Blocks {
    /// Whether this very proposal is known.
    pub(super) fn has_proposal(&self, proposal: &ProposalMessage) -> bool {
        self.proposals.get(&proposal.round).is_some_and(|known| known.contains(proposal))
    }

    /// Whether a further proposal of the round is of use.
    pub(super) fn has_room(&self, round: Round) -> bool {
        self.proposals.get(&round).is_none_or(|known| known.len() < MAX_PER_ROUND)
    }

    /// Keeps a proposal whose signature holds.
    pub(super) fn add_proposal(&mut self, proposal: ProposalMessage) {
        let value = proposal.value;
        self.proposals.entry(proposal.round).or_default().push(proposal);
        self.blocks.entry(value).or_insert_with(|| State::Collecting(Assembly::new(&value)));
    }

    /// Takes in a part of a proposal that is known.
    pub(super) fn add_part(&mut self, message: PartMessage) -> Taken {
        let value = message.proposal.value;
        let Some(State::Collecting(assembly)) = self.blocks.get_mut(&value) else { return Taken::Known };
        if assembly.has(message.part.index) {
            return Taken::Known;
        }
        if !value.holds(&message.part) {
            return Taken::Forged;
        }
        assembly.insert(message.part).map_or(Taken::Kept, Taken::Whole)
    }

    pub(super) fn dump(&self) -> Vec<ProposalDump> {
        let state = |value| match self.blocks.get(value) {
            None | Some(State::Collecting(_)) => "collecting",
            Some(State::Judging(_)) => "judging",
            Some(State::Valid(_)) => "valid",
            Some(State::Invalid) => "invalid",
        };
        let dumped = self.proposals.values().flatten().map(|proposal| ProposalDump {
            round: proposal.round,
            proposer: proposal.proposer,
            block_hash: proposal.value.hash,
            size: proposal.value.size,
            state: state(&proposal.value),
        });
        dumped.collect()
    }

    /// Whether the block may be handed in whole.
    pub(super) fn is_collecting(&self, value: &BlockValue) -> bool {
        matches!(self.blocks.get(value), Some(State::Collecting(_)))
    }

    pub(super) fn set_judging(&mut self, value: BlockValue, encoding: Bytes) {
        self.blocks.insert(value, State::Judging(encoding));
    }

    /// Notes the verdict on a block that is being judged.
    pub(super) fn set_judged(&mut self, value: BlockValue, valid: bool) {
        if let Some(state @ State::Judging(_)) = self.blocks.get_mut(&value) {
            *state = match std::mem::replace(state, State::Invalid) {
                State::Judging(encoding) if valid => State::Valid(encoding),
                _ => State::Invalid,
            };
        }
    }

    /// Keeps a block that is known to be valid.
    pub(super) fn add_valid(&mut self, block: CutBlock) {
        self.blocks.insert(block.value, State::Valid(block.encoding));
    }

    /// Whether the verdict on a value is known already.
    pub(super) fn verdict(&self, value: &BlockValue) -> Option<bool> {
        match self.blocks.get(value) {
            Some(State::Valid(_)) => Some(true),
            Some(State::Invalid) => Some(false),
            _ => None,
        }
    }

    /// Encoding of a valid block.
    pub(super) fn valid(&self, value: &BlockValue) -> Option<&Bytes> {
        match self.blocks.get(value) {
            Some(State::Valid(encoding)) => Some(encoding),
            _ => None,
        }
    }

    /// A block of ours, built for `round`, that an earlier process left.
    pub(super) fn built_in(&self, round: Round, own: &[B256]) -> Option<BlockValue> {
        self.blocks.keys().find(|value| value.built_in == round && own.contains(&value.hash)).copied()
    }

    /// A proposal of a valid block, for whoever lost it.
    pub(super) fn find(&self, hash: B256) -> Option<(&ProposalMessage, &Bytes)> {
        let mut named = self.proposals.values().flatten().filter(|proposal| proposal.value.hash == hash);
        named.find_map(|proposal| Some((proposal, self.valid(&proposal.value)?)))
    }

    /// Hashes whose block is missing, or whose proposal is, among those proposed lately and those that `voted` names.
    pub(super) fn wanted(&self, round: Round, voted: &[B256]) -> Vec<B256> {
        let lately = self.proposals.range(round.saturating_sub(1)..).flat_map(|(_, known)| known);
        let mut wanted: Vec<B256> =
            lately.filter(|proposal| self.is_collecting(&proposal.value)).map(|proposal| proposal.value.hash).collect();
        wanted.extend(voted.iter().filter(|hash| !self.is_settled(**hash)));
        wanted.sort_unstable();
        wanted.dedup();
        wanted
    }

    /// Whether a block of that hash is valid here, or being judged, and a proposal names it.
    fn is_settled(&self, hash: B256) -> bool {
        self.proposals.values().flatten().any(|proposal| {
            proposal.value.hash == hash
                && matches!(self.blocks.get(&proposal.value), Some(State::Valid(_) | State::Judging(_)))
        })
    }

    /// Forgets parts of rounds before `round`, but for blocks that `voted` names and those found valid by many.
    pub(super) fn enter_round(&mut self, round: Round, voted: &[B256]) {
        let recent: Vec<BlockValue> =
            self.proposals.range(round.saturating_sub(1)..).flat_map(|(_, known)| known).map(|p| p.value).collect();
        self.blocks.retain(|value, state| {
            recent.contains(value)
                || voted.contains(&value.hash)
                || value.built_in.saturating_add(1) >= round
                || matches!(state, State::Judging(_) | State::Invalid)
        });
    }

    /// Who proposed a round first, for records.
    pub(super) fn first_with(&self, value: &BlockValue) -> Option<(Round, Address)> {
        let mut all = self.proposals.values().flatten();
        all.find(|proposal| proposal.value == *value).map(|proposal| (proposal.round, proposal.proposer))
    }
}

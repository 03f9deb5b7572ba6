//! Proposals, their blocks part by part, and verdicts.

use super::{Machine, Output, Phase, Ticket, blocks::Taken, receive::When};
use crate::{
    context::{CoreAddress, CoreHeight},
    convert::signed_proposal,
    message::{PartMessage, ProposalMessage},
    value::{BlockValue, CutBlock},
};
use alloy_rlp::Decodable;
use bttc_consensus::{Acceptance, PeerId, Turn, Verdict};
use bttc_primitives::{Fatal, Round, SealedBlock};
use bytes::Bytes;
use malachitebft_core_consensus::{Input as CoreInput, LocallyProposedValue, ProposedValue};
use malachitebft_core_types::{Round as CoreRound, Validity, ValueOrigin};
use std::time::Duration;

impl Machine {
    pub(super) fn on_proposal(
        &mut self,
        now: Duration,
        from: &PeerId,
        proposal: &ProposalMessage,
    ) -> Result<Acceptance, Fatal> {
        let hash = proposal.signing_hash(self.core.keys.chain_id());
        self.listen_for_own_key(proposal.height, proposal.proposer, hash, &proposal.signature)?;
        match self.when(proposal.height) {
            When::Past => Ok(Acceptance::Ignore),
            When::Far => {
                self.note_ahead(from, proposal.height);
                Ok(Acceptance::Ignore)
            }
            When::Soon => Ok(self.on_early_proposal(from, proposal)),
            When::Now if self.blocks.has_proposal(proposal) => Ok(Acceptance::Ignore),
            When::Now => self.on_new_proposal(now, proposal),
        }
    }

    fn on_early_proposal(&mut self, from: &PeerId, proposal: &ProposalMessage) -> Acceptance {
        if self.early.has_proposal(proposal) {
            return Acceptance::Ignore;
        }
        let checked = self.check_early(proposal);
        if checked == Acceptance::Accept {
            self.note_ahead(from, proposal.height);
            self.nudge();
            if !self.early.add_proposal(proposal) {
                return Acceptance::Ignore;
            }
        }
        checked
    }

    /// A proposal of a height whose set may not be known: from a member of ours, and signed.
    fn check_early(&mut self, proposal: &ProposalMessage) -> Acceptance {
        if self.voters.index_of(proposal.proposer).is_none() {
            return Acceptance::Ignore;
        }
        let hash = proposal.signing_hash(self.core.keys.chain_id());
        if self.core.keys.is_signed_by(hash, &proposal.signature, proposal.proposer) {
            Acceptance::Accept
        } else {
            Acceptance::Reject
        }
    }

    fn on_new_proposal(&mut self, now: Duration, proposal: &ProposalMessage) -> Result<Acceptance, Fatal> {
        if self.is_far_round(proposal.round) || !self.blocks.has_room(proposal.round) {
            return Ok(Acceptance::Ignore);
        }
        if self.voters.proposer(proposal.round) != proposal.proposer {
            return Ok(Acceptance::Reject);
        }
        let hash = proposal.signing_hash(self.core.keys.chain_id());
        if !self.core.keys.is_signed_by(hash, &proposal.signature, proposal.proposer) {
            return Ok(Acceptance::Reject);
        }
        self.blocks.add_proposal(proposal.clone());
        self.feed(now, CoreInput::Proposal(signed_proposal(proposal)))?;
        if let Some(valid) = self.blocks.verdict(&proposal.value) {
            self.feed_verdict(now, proposal.value, valid)?;
        }
        Ok(Acceptance::Accept)
    }

    pub(super) fn on_part(&mut self, now: Duration, from: &PeerId, message: PartMessage) -> Result<Acceptance, Fatal> {
        let proposal = &message.proposal;
        match self.when(proposal.height) {
            When::Past => return Ok(Acceptance::Ignore),
            When::Far => {
                self.note_ahead(from, proposal.height);
                return Ok(Acceptance::Ignore);
            }
            When::Soon => return Ok(self.on_early_part(from, &message)),
            // Blocks of later rounds are taken in when their round is near, which bounds what is held of them.
            When::Now if proposal.round > self.core.round().saturating_add(1) => return Ok(Acceptance::Ignore),
            When::Now => {}
        }
        if !self.blocks.has_proposal(proposal) {
            let checked = self.on_new_proposal(now, proposal)?;
            if checked != Acceptance::Accept {
                return Ok(checked);
            }
        }
        let value = proposal.value;
        match self.blocks.add_part(message) {
            Taken::Known => Ok(Acceptance::Ignore),
            Taken::Forged => Ok(Acceptance::Reject),
            Taken::Kept => Ok(Acceptance::Accept),
            Taken::Whole(encoding) => {
                self.on_whole(now, value, encoding)?;
                Ok(Acceptance::Accept)
            }
        }
    }

    fn on_early_part(&mut self, from: &PeerId, message: &PartMessage) -> Acceptance {
        if !self.early.has_proposal(&message.proposal) {
            let checked = self.check_early(&message.proposal);
            if checked != Acceptance::Accept {
                return checked;
            }
        }
        if !message.proposal.value.holds(&message.part) {
            return Acceptance::Reject;
        }
        self.note_ahead(from, message.proposal.height);
        self.nudge();
        if self.early.add_part(message) { Acceptance::Accept } else { Acceptance::Ignore }
    }

    /// All parts are there: the block goes to the ledger, if it is one.
    pub(super) fn on_whole(&mut self, now: Duration, value: BlockValue, encoding: Bytes) -> Result<(), Fatal> {
        let block = decode_block(&encoding).filter(|block| block.hash() == value.hash && block.height() == self.height);
        self.blocks.set_judging(value, encoding);
        let Some(block) = block else {
            tracing::warn!(height = self.height, hash = %value.hash, "the parts of a proposal make no such block");
            self.blocks.set_judged(value, false);
            return self.feed_verdict(now, value, false);
        };
        let turn = Turn { height: self.height, round: value.built_in, proposer: self.voters.proposer(value.built_in) };
        self.outputs.push(Output::Verify {
            ticket: Ticket::Proposed(self.height, value),
            turn,
            block: Box::new(block),
        });
        Ok(())
    }

    pub(super) fn judged(&mut self, now: Duration, ticket: Ticket, verdict: Verdict) -> Result<(), Fatal> {
        match ticket {
            Ticket::Proposed(height, value) if height == self.height && self.phase == Phase::Deciding => {
                if let Verdict::Invalid(why) = &verdict {
                    tracing::warn!(height, hash = %value.hash, %why, "proposed block is invalid");
                }
                let valid = verdict == Verdict::Valid;
                self.blocks.set_judged(value, valid);
                self.feed_verdict(now, value, valid)
            }
            Ticket::Proposed(..) => Ok(()),
            Ticket::Decided(height, hash) => self.judged_decided(now, height, hash, verdict),
        }
    }

    /// Tells the library what a block is worth, once.
    fn feed_verdict(&mut self, now: Duration, value: BlockValue, valid: bool) -> Result<(), Fatal> {
        let Some((round, proposer)) = self.blocks.first_with(&value) else { return Ok(()) };
        if !self.fed.insert(value) {
            return Ok(());
        }
        let judged = ProposedValue {
            height: CoreHeight(self.height),
            round: CoreRound::new(round),
            valid_round: CoreRound::Nil,
            proposer: CoreAddress(proposer),
            value,
            validity: Validity::from_bool(valid),
        };
        self.feed(now, CoreInput::ProposedValue(judged, ValueOrigin::Consensus))
    }

    /// The ledger built our block.
    pub(super) fn built(&mut self, now: Duration, turn: Turn, block: &SealedBlock) -> Result<(), Fatal> {
        if turn.height != self.height || self.phase != Phase::Deciding || !self.core.awaits_value(turn.round) {
            tracing::debug!(height = turn.height, round = turn.round, "our block came too late");
            return Ok(());
        }
        let cut = CutBlock::new(block, turn.round)
            .ok_or_else(|| Fatal::new(format!("our own block {} is larger than a block may be", block.hash())))?;
        let value = cut.value;
        self.blocks.add_valid(cut);
        self.propose_value(now, turn.round, value)
    }

    pub(super) fn propose_value(&mut self, now: Duration, round: Round, value: BlockValue) -> Result<(), Fatal> {
        self.fed.insert(value);
        let (height, round) = (CoreHeight(self.height), CoreRound::new(round));
        self.feed(now, CoreInput::Propose(LocallyProposedValue { height, round, value }))
    }

    /// A block of ours for this round that an earlier process built.
    pub(super) fn own_left_over(&self, round: Round) -> Option<BlockValue> {
        let own = self.core.keys.address()?;
        let hashes: Vec<_> =
            self.left_over.iter().filter(|(proposer, _)| *proposer == own).map(|(_, block)| block.value.hash).collect();
        self.blocks.built_in(round, &hashes)
    }
}

/// Reads a block that fills `encoding` exactly.
fn decode_block(mut encoding: &[u8]) -> Option<SealedBlock> {
    SealedBlock::decode(&mut encoding).ok().filter(|_| encoding.is_empty())
}

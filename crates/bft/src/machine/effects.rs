//! What the library wants done.

use super::{Decided, Machine, Output, Phase, Timer};
use crate::{
    context::{Context, CoreRound, SignedProposal, round_number},
    convert::{self, commit_certificate, polka_message, proposal_message, round_message, vote_message},
    message::{Message, PartMessage},
    record::Record,
    value::CutBlock,
};
use bttc_consensus::{Decision, Turn};
use bttc_primitives::{Fatal, LastCommit, Round, SignerBitmap};
use malachitebft_core_consensus::{Effect, Input as CoreInput, LivenessMsg, MisbehaviorEvidence, SignedConsensusMsg};
use malachitebft_core_types::{CommitCertificate, Timeout, TimeoutKind};
use std::time::Duration;

impl Machine {
    /// Hands an input to the library and does what it wants, if a height is being decided.
    pub(super) fn feed(&mut self, now: Duration, input: CoreInput<Context>) -> Result<(), Fatal> {
        if self.phase != Phase::Deciding {
            return Ok(());
        }
        let effects = self.core.feed(input)?;
        self.act_all(now, effects)
    }

    pub(super) fn act_all(&mut self, now: Duration, effects: Vec<Effect<Context>>) -> Result<(), Fatal> {
        effects.into_iter().try_for_each(|effect| self.act(now, effect))
    }

    fn act(&mut self, now: Duration, effect: Effect<Context>) -> Result<(), Fatal> {
        match effect {
            Effect::CancelAllTimeouts(_) => self.cancel_steps(),
            Effect::CancelTimeout(timeout, _) => {
                Timer::of(timeout.kind).map(|timer| self.timers.remove(&timer));
            }
            Effect::ScheduleTimeout(timeout, _) => self.schedule(now, timeout),
            Effect::StartRound(_, round, proposer, ..) => {
                let round = round_number(round);
                tracing::debug!(height = self.height, round, %proposer, "round begins");
                let backed = self.votes.backed(&self.voters);
                self.blocks.enter_round(round, &backed);
            }
            Effect::PublishConsensusMsg(SignedConsensusMsg::Vote(vote), _) => {
                let vote = vote_message(&vote);
                self.votes.add(&vote, &self.voters);
                self.broadcast(&Message::Vote(vote));
            }
            Effect::PublishConsensusMsg(SignedConsensusMsg::Proposal(proposal), _) => self.publish(&proposal),
            Effect::PublishLivenessMsg(LivenessMsg::Vote(vote), _) | Effect::RepublishVote(vote, _) => {
                self.broadcast_again(&Message::Vote(vote_message(&vote)));
            }
            Effect::PublishLivenessMsg(LivenessMsg::PolkaCertificate(certificate), _) => {
                self.broadcast(&Message::Polka(polka_message(&certificate)));
            }
            Effect::PublishLivenessMsg(LivenessMsg::SkipRoundCertificate(certificate), _) => {
                self.broadcast(&Message::Round(round_message(&certificate)));
            }
            Effect::RepublishRoundCertificate(certificate, _) => {
                self.broadcast_again(&Message::Round(round_message(&certificate)));
            }
            Effect::GetValue(_, round, ..) => self.want_value(now, round_number(round))?,
            Effect::WalAppend(height, input, _) => self.append(Record::of_input(height.0, &input)),
            Effect::Finalize(certificate, _, evidence, _) => self.finish(&certificate, evidence),
            // The proposal that follows is enough: who lacks the block asks for it.
            Effect::RestreamProposal(..) => {}
            // Its certificate comes again with `Finalize`.
            Effect::Decide(..) => {}
            // Answered in `Keys::answer`, or parts of the library's own catch-up, which is not used.
            Effect::SignVote(..)
            | Effect::SignProposal(..)
            | Effect::VerifySignature(..)
            | Effect::VerifyCommitCertificate(..)
            | Effect::VerifyExtendedCommitCertificate(..)
            | Effect::VerifyPolkaCertificate(..)
            | Effect::VerifyRoundCertificate(..)
            | Effect::ExtendVote(..)
            | Effect::VerifyVoteExtension(..)
            | Effect::CertVerifiedSyncValue(..)
            | Effect::CertRejectedSyncValue(..) => {}
        }
        Ok(())
    }

    fn append(&mut self, record: Option<Record>) {
        let Some(record) = record else { return };
        if self.replaying.as_ref().is_some_and(|known| known.contains(&record.encode())) {
            return;
        }
        self.outputs.push(Output::Append(record));
    }

    fn schedule(&mut self, now: Duration, timeout: Timeout) {
        let Some(timer) = Timer::of(timeout.kind) else { return };
        let round = round_number(timeout.round);
        let config = &self.config;
        let (base, growth) = match timeout.kind {
            TimeoutKind::Propose => (config.timeout_propose, config.timeout_propose_growth),
            TimeoutKind::Prevote => (config.timeout_prevote, config.timeout_prevote_growth),
            TimeoutKind::Precommit => (config.timeout_precommit, config.timeout_precommit_growth),
            TimeoutKind::Rebroadcast | TimeoutKind::FinalizeHeight(_) => (config.rebroadcast, Duration::ZERO),
        };
        let wait = base.saturating_add(growth.saturating_mul(round)).min(config.max_timeout);
        self.timers.insert(timer, (now.saturating_add(wait), round));
    }

    pub(super) fn cancel_steps(&mut self) {
        self.timers.retain(|timer, _| matches!(timer, Timer::Begin | Timer::Status | Timer::Repair));
    }

    pub(super) fn step_timeout(&mut self, now: Duration, kind: TimeoutKind, round: Round) -> Result<(), Fatal> {
        self.feed(now, CoreInput::TimeoutElapsed(Timeout::new(CoreRound::new(round), kind)))
    }

    /// Sends a proposal: ours with its block, one made before without it.
    fn publish(&mut self, proposal: &SignedProposal) {
        let message = proposal_message(proposal);
        let own = self.core.keys.address() == Some(message.proposer);
        if own && !self.blocks.has_proposal(&message) {
            self.blocks.add_proposal(message.clone());
        }
        if own && message.valid_round.is_none() {
            self.send_parts(&message);
        } else {
            self.broadcast(&Message::Proposal(message));
        }
    }

    /// Sends the block of a proposal, cut.
    pub(super) fn send_parts(&mut self, proposal: &crate::message::ProposalMessage) {
        let Some(encoding) = self.blocks.valid(&proposal.value).cloned() else {
            tracing::warn!(hash = %proposal.value.hash, "the block of our proposal is not at hand");
            return;
        };
        let cut = CutBlock { value: proposal.value, encoding };
        for part in cut.parts() {
            self.broadcast(&Message::Part(PartMessage { proposal: proposal.clone(), part }));
        }
    }

    pub(super) fn want_value(&mut self, now: Duration, round: Round) -> Result<(), Fatal> {
        if self.replaying.is_some() {
            self.wanted_value = Some(round);
            return Ok(());
        }
        let Some(proposer) = self.core.keys.address() else { return Ok(()) };
        if let Some(value) = self.own_left_over(round) {
            return self.propose_value(now, round, value);
        }
        let turn = Turn { height: self.height, round, proposer };
        let last_commit = self.last_commit();
        self.outputs.push(Output::Propose { turn, last_commit, time: self.config.build_time });
        Ok(())
    }

    /// The certificate of the head with all precommits that came in.
    fn last_commit(&self) -> Option<LastCommit> {
        let last = self.last.as_ref().filter(|last| last.height.checked_add(1) == Some(self.height))?;
        let members = last.voters.set().members().len();
        Some(LastCommit {
            round: last.round,
            signers: SignerBitmap::from_indices(members, last.signatures.keys().copied()),
            signatures: last.signatures.values().copied().collect(),
        })
    }

    /// The library has decided.
    fn finish(&mut self, certificate: &CommitCertificate<Context>, found: MisbehaviorEvidence<Context>) {
        let (certificate, signatures) = commit_certificate(certificate, &self.voters);
        self.report(convert::evidence(found));
        self.commit(Decision { block_hash: certificate.block_hash, certificate }, signatures);
    }

    pub(super) fn report(&mut self, evidence: Vec<bttc_primitives::Evidence>) {
        if !evidence.is_empty() {
            tracing::warn!(height = self.height, count = evidence.len(), "validators signed twice");
            self.outputs.push(Output::Report(evidence));
        }
    }

    /// Hands a decision to the ledger; from here on the library is out of it.
    pub(super) fn commit(
        &mut self,
        decision: Decision,
        signatures: std::collections::BTreeMap<usize, bttc_primitives::VoteSignature>,
    ) {
        self.cancel_steps();
        self.timers.remove(&Timer::Begin);
        self.phase = Phase::Committing;
        self.last = Some(Decided {
            height: self.height,
            round: decision.certificate.round,
            block_hash: decision.block_hash,
            voters: self.voters.clone(),
            signatures,
        });
        self.outputs.push(Output::Commit(decision));
    }
}

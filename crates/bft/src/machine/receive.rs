//! Gossiped messages. Checks go from cheap to dear: height, membership, repetition, and only then the signature.

use super::{Machine, Output, Phase};
use crate::{
    certificates::{check_polka, check_round},
    context::Voters,
    convert::{polka_certificate, round_certificate, signed_vote},
    message::{Message, PolkaMessage, RoundMessage, StatusMessage, VoteMessage},
};
use alloy_primitives::{Address, B256};
use bttc_consensus::{Acceptance, PeerId};
use bttc_primitives::{Fatal, Height, Round, VoteKind, VoteSignature};
use malachitebft_core_consensus::{Input as CoreInput, MAX_FUTURE_ROUND_LOOKAHEAD};
use malachitebft_core_types::ThresholdParams;
use std::time::Duration;

/// To which height a message belongs, seen from here.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// Over.
    Past,
    /// Being decided.
    Now,
    /// The next one, or the one that is waited for.
    Soon,
    /// Further on: the sender knows what we do not.
    Far,
}

impl Machine {
    /// Takes in a message and says what it was worth.
    pub(super) fn receive(&mut self, now: Duration, from: &PeerId, data: &[u8]) -> Result<Acceptance, Fatal> {
        let message = match Message::decode(data) {
            Ok(message) => message,
            Err(why) => {
                tracing::debug!(?from, %why, "unreadable message");
                return Ok(Acceptance::Reject);
            }
        };
        match message {
            Message::Status(status) => self.note_status(now, from, status),
            Message::Vote(vote) => self.on_vote(now, from, &vote),
            Message::Proposal(proposal) => self.on_proposal(now, from, &proposal),
            Message::Part(part) => self.on_part(now, from, part),
            Message::Polka(polka) => self.on_polka(now, from, &polka),
            Message::Round(round) => self.on_round(now, from, &round),
        }
    }

    /// Takes in a message that was kept for this height.
    pub(super) fn take_early(&mut self, now: Duration, message: Message) -> Result<(), Fatal> {
        let nobody = PeerId(bytes::Bytes::new());
        match message {
            Message::Vote(vote) => self.on_vote(now, &nobody, &vote),
            Message::Proposal(proposal) => self.on_proposal(now, &nobody, &proposal),
            Message::Part(part) => self.on_part(now, &nobody, part),
            Message::Polka(_) | Message::Round(_) | Message::Status(_) => Ok(Acceptance::Ignore),
        }
        .map(drop)
    }

    pub(super) fn when(&self, height: Height) -> When {
        let deciding = self.phase == Phase::Deciding;
        let soon = match self.phase {
            Phase::Waiting { .. } => self.height,
            Phase::Deciding | Phase::Committing => self.height.saturating_add(1),
        };
        if height == self.height && deciding {
            When::Now
        } else if height == soon {
            When::Soon
        } else if height > soon {
            When::Far
        } else {
            When::Past
        }
    }

    /// Notes that whoever sends messages of `height` has committed what comes before it.
    pub(super) fn note_ahead(&mut self, from: &PeerId, height: Height) {
        self.catch_up.hint(from, height.saturating_sub(1));
    }

    fn note_status(&mut self, now: Duration, from: &PeerId, status: StatusMessage) -> Result<Acceptance, Fatal> {
        self.catch_up.note_status(from, status);
        if status.height > self.height {
            self.catch_up_step(now)?;
        }
        Ok(Acceptance::Ignore)
    }

    pub(super) fn on_vote(&mut self, now: Duration, from: &PeerId, vote: &VoteMessage) -> Result<Acceptance, Fatal> {
        let hash = vote.signing_hash(self.core.keys.chain_id());
        self.listen_for_own_key(vote.height, vote.voter, hash, &vote.signature)?;
        match self.when(vote.height) {
            When::Past => return Ok(self.on_late_vote(vote)),
            When::Far => {
                self.note_ahead(from, vote.height);
                return Ok(Acceptance::Ignore);
            }
            When::Now | When::Soon => {}
        }
        let soon = self.when(vote.height) == When::Soon;
        if self.voters.index_of(vote.voter).is_none() {
            // The set of a height that is not known yet may be another one.
            let known = !soon || vote.height == self.height;
            return Ok(if known { Acceptance::Reject } else { Acceptance::Ignore });
        }
        if !soon && (!self.votes.is_news(vote) || self.is_far_round(vote.round)) {
            return Ok(Acceptance::Ignore);
        }
        let made = signed_vote(vote);
        if !self.core.keys.has_signed_vote(&made.message, &made.signature) {
            return Ok(Acceptance::Reject);
        }
        if soon {
            self.note_ahead(from, vote.height);
            let kept = self.early.add_vote(vote);
            self.nudge();
            return Ok(if kept { Acceptance::Accept } else { Acceptance::Ignore });
        }
        self.votes.add(vote, &self.voters);
        let after = now.saturating_sub(self.began);
        self.outputs.push(Output::Voted { voter: vote.voter, kind: vote.kind, after });
        self.feed(now, CoreInput::Vote(made))?;
        Ok(Acceptance::Accept)
    }

    /// A precommit for the last decision adds to the certificate that our next block carries.
    fn on_late_vote(&mut self, vote: &VoteMessage) -> Acceptance {
        let Some(last) = &mut self.last else { return Acceptance::Ignore };
        let decided = vote.kind == VoteKind::Precommit
            && vote.height == last.height
            && vote.round == last.round
            && vote.block_hash == last.block_hash;
        let Some(at) = last.voters.index_of(vote.voter).filter(|_| decided) else { return Acceptance::Ignore };
        if last.signatures.contains_key(&at) {
            return Acceptance::Ignore;
        }
        let signed = signed_vote(vote);
        if !self.core.keys.has_signed_vote(&signed.message, &signed.signature) {
            return Acceptance::Reject;
        }
        last.signatures.insert(at, vote.signature);
        Acceptance::Accept
    }

    /// Errors: our key has signed what this process, and the one before it, did not.
    pub(super) fn listen_for_own_key(
        &mut self,
        height: Height,
        author: Address,
        hash: B256,
        signature: &VoteSignature,
    ) -> Result<(), Fatal> {
        // What was signed of past heights is forgotten.
        let concerns = !self.config.listen.is_zero() && height >= self.height;
        let keys = &mut self.core.keys;
        if !concerns || keys.address() != Some(author) || keys.has_made(height, hash) {
            return Ok(());
        }
        if !keys.is_signed_by(hash, signature, author) {
            return Ok(());
        }
        Err(Fatal::new(format!(
            "the consensus key {author} signs elsewhere too: something it signed at height {height} did not come from this node. \
             Stop the other node or signer with this key, then start this one; if there is none and this data directory was \
             restored from a copy, wait until the chain has passed that height"
        )))
    }

    pub(super) fn is_far_round(&self, round: Round) -> bool {
        round > self.core.round().saturating_add(MAX_FUTURE_ROUND_LOOKAHEAD)
    }

    fn on_polka(&mut self, now: Duration, from: &PeerId, polka: &PolkaMessage) -> Result<Acceptance, Fatal> {
        if let Some(early) = self.certificate_worth(from, polka.height, polka.votes.len()) {
            return Ok(early);
        }
        let certificate = polka_certificate(polka);
        let voters: Voters = self.voters.clone();
        if let Err(why) = check_polka(&mut self.core.keys, &certificate, &voters, ThresholdParams::default()) {
            tracing::debug!(?from, %why, "certificate of prevotes does not hold");
            return Ok(Acceptance::Reject);
        }
        self.feed(now, CoreInput::PolkaCertificate(certificate))?;
        let (height, round, block_hash) = (polka.height, polka.round, polka.block_hash);
        let votes = polka.votes.iter().map(|vote| VoteMessage {
            kind: VoteKind::Prevote,
            height,
            round,
            block_hash,
            voter: vote.voter,
            signature: vote.signature,
        });
        self.feed_votes(now, votes)?;
        Ok(Acceptance::Accept)
    }

    fn on_round(&mut self, now: Duration, from: &PeerId, round: &RoundMessage) -> Result<Acceptance, Fatal> {
        if let Some(early) = self.certificate_worth(from, round.height, round.votes.len()) {
            return Ok(early);
        }
        let certificate = round_certificate(round);
        let voters: Voters = self.voters.clone();
        if let Err(why) = check_round(&mut self.core.keys, &certificate, &voters, ThresholdParams::default()) {
            tracing::debug!(?from, %why, "certificate of a round does not hold");
            return Ok(Acceptance::Reject);
        }
        self.feed(now, CoreInput::RoundCertificate(certificate))?;
        let (height, of_round) = (round.height, round.round);
        let votes = round.votes.iter().map(|vote| VoteMessage {
            kind: vote.kind,
            height,
            round: of_round,
            block_hash: vote.block_hash,
            voter: vote.voter,
            signature: vote.signature,
        });
        self.feed_votes(now, votes)?;
        Ok(Acceptance::Accept)
    }

    /// The library leaves out votes of a certificate that it has no use for as a whole; each may still be the one that is missing.
    fn feed_votes(&mut self, now: Duration, votes: impl Iterator<Item = VoteMessage>) -> Result<(), Fatal> {
        for vote in votes {
            if self.phase == Phase::Deciding && self.votes.is_news(&vote) && !self.is_far_round(vote.round) {
                self.votes.add(&vote, &self.voters);
                self.feed(now, CoreInput::Vote(signed_vote(&vote)))?;
            }
        }
        Ok(())
    }

    /// What a certificate is worth, if that can be told without its signatures.
    fn certificate_worth(&mut self, from: &PeerId, height: Height, votes: usize) -> Option<Acceptance> {
        match self.when(height) {
            When::Past => Some(Acceptance::Ignore),
            When::Soon | When::Far => {
                self.note_ahead(from, height);
                Some(Acceptance::Ignore)
            }
            When::Now if votes > self.voters.set().members().len() => Some(Acceptance::Reject),
            When::Now => None,
        }
    }
}

//! When a height begins, and how: with the log of an earlier process, if it left one.

use super::{Blocks, Machine, Output, Phase, Timer, Votes};
use crate::{context::Voters, record::Record};
use bttc_consensus::HeightStart;
use bttc_primitives::{Fatal, Height};
use std::time::Duration;

impl Machine {
    /// The ledger made the decision final.
    pub(super) fn committed(&mut self, now: Duration, start: &HeightStart) -> Result<(), Fatal> {
        if self.phase != Phase::Committing || self.height.checked_add(1) != Some(start.height) {
            return Err(Fatal::new(format!(
                "the ledger stands at height {} after the commit of {}",
                start.height, self.height
            )));
        }
        self.height = start.height;
        self.voters = Voters::new(start);
        self.timing = start.timing;
        self.forget_height();
        let earliest = self.began.saturating_add(self.timing.block_time).max(now).max(self.silent_until);
        self.phase = Phase::Waiting {
            earliest,
            latest: self.began.saturating_add(self.timing.idle_time).max(earliest),
            nudged_from: self.began.saturating_add(self.timing.block_time / 2).max(self.silent_until),
            work: false,
            nudged: !self.early.is_empty(),
        };
        self.outputs.push(Output::AwaitWork(self.height));
        self.set_begin();
        self.catch_up_step(now)
    }

    /// The first height of this process: at once, or after listening for our own key.
    pub(super) fn start(&mut self, now: Duration) -> Result<(), Fatal> {
        if self.config.listen.is_zero() || self.core.keys.address().is_none() {
            return self.begin(now);
        }
        let until = now.saturating_add(self.config.listen);
        self.silent_until = until;
        self.phase = Phase::Waiting { earliest: until, latest: until, nudged_from: until, work: false, nudged: false };
        self.set_begin();
        Ok(())
    }

    fn forget_height(&mut self) {
        self.blocks = Blocks::default();
        self.votes = Votes::default();
        self.fed.clear();
        self.left_over.clear();
        self.wanted_value = None;
        self.behind_since = None;
        self.judging_decided = None;
        self.refused_decided.clear();
        self.proposal_asks.clear();
        self.missing_before.clear();
        self.core.keys.begin(self.height);
    }

    /// A transaction waits.
    pub(super) fn note_work(&mut self, height: Height) {
        if let Phase::Waiting { work, .. } = &mut self.phase
            && height == self.height
        {
            *work = true;
            self.set_begin();
        }
    }

    /// Another validator has begun the height.
    pub(super) fn nudge(&mut self) {
        if let Phase::Waiting { nudged, .. } = &mut self.phase {
            *nudged = true;
            self.set_begin();
        }
    }

    /// The height begins when its block time is over and something is to be included, at once when another validator has begun it (though not
    /// in the first half of the block time), at the latest after the idle time. Source: docs/protocol.md, section 1.
    fn set_begin(&mut self) {
        let Phase::Waiting { earliest, latest, nudged_from, work, nudged } = self.phase else { return };
        let mut at = latest;
        if work {
            at = at.min(earliest);
        }
        if nudged {
            at = at.min(nudged_from);
        }
        self.set_timer(Timer::Begin, at);
    }

    /// Begins the height: log, library, then what came early.
    pub(super) fn begin(&mut self, now: Duration) -> Result<(), Fatal> {
        if self.judging_decided.is_some() {
            // Others have decided it already, and the ledger is at it.
            return Ok(());
        }
        self.began = now;
        self.phase = Phase::Deciding;
        for (proposer, block) in &self.left_over {
            if self.voters.proposer(block.value.built_in) == *proposer {
                self.blocks.add_valid(block.clone());
            }
        }
        let records = self.log.remove(&self.height).unwrap_or_default();
        if records.is_empty() {
            self.outputs.push(Output::RestartLog(self.log.values().flatten().cloned().collect()));
            let effects = self.core.start(self.height, self.voters.clone())?;
            self.act_all(now, effects)?;
        } else {
            self.replay(now, records)?;
        }
        for message in self.early.take() {
            self.take_early(now, message)?;
        }
        Ok(())
    }

    fn replay(&mut self, now: Duration, records: Vec<Record>) -> Result<(), Fatal> {
        tracing::info!(height = self.height, records = records.len(), "replaying the consensus log");
        self.core.begin_replay(&records);
        self.replaying = Some(records.iter().map(Record::encode).collect());
        let effects = self.core.start(self.height, self.voters.clone())?;
        self.act_all(now, effects)?;
        let own = self.core.keys.address();
        for record in &records {
            match record {
                Record::Vote(vote) => self.votes.add(vote, &self.voters),
                Record::Proposal(proposal) if !self.blocks.has_proposal(proposal) => {
                    self.blocks.add_proposal(proposal.clone());
                }
                Record::Judged(judged) => {
                    self.fed.insert(judged.value);
                }
                _ => {}
            }
            self.feed(now, record.to_input())?;
        }
        self.core.end_replay();
        self.replaying = None;
        // The others may have lost what was sent before the crash; votes went out with the replay.
        for record in &records {
            if let Record::Proposal(proposal) = record
                && Some(proposal.proposer) == own
                && proposal.round == self.core.round()
                && proposal.valid_round.is_none()
                && self.phase == Phase::Deciding
            {
                self.send_parts(proposal);
            }
        }
        match self.wanted_value.take() {
            Some(round) if self.phase == Phase::Deciding && self.core.awaits_value(round) => {
                self.want_value(now, round)
            }
            _ => Ok(()),
        }
    }
}

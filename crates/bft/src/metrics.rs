//! Figures of the engine.

use crate::machine::Status;
use alloy_primitives::Address;
use bttc_primitives::{Height, VoteKind};
use metrics::{
    Counter, Gauge, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};
use std::time::Duration;

pub(crate) struct Metrics {
    height: Gauge,
    round: Gauge,
    peers: Gauge,
    behind: Gauge,
    extra_rounds: Counter,
    stumbles: Gauge,
    interval: Histogram,
    decision: Histogram,
    sync: Histogram,
    prevotes: Histogram,
    precommits: Histogram,
    last_commit: Option<Duration>,
    last_built: Option<(Height, Duration)>,
    last_round: (Height, u32),
}

impl Metrics {
    pub(crate) fn new() -> Self {
        describe_gauge!("bttc_bft_height", "Height being decided, or waited for.");
        describe_gauge!("bttc_bft_round", "Round of that height.");
        describe_gauge!("bttc_bft_peers", "Peers that can be asked.");
        describe_gauge!("bttc_bft_behind", "Heights by which the best peer is ahead.");
        describe_counter!("bttc_bft_extra_rounds_total", "Rounds beyond the first of their height.");
        describe_gauge!("bttc_bft_stumbles", "Inputs that the consensus library gave up on; not zero is a fault.");
        describe_histogram!("bttc_bft_interval_seconds", Unit::Seconds, "Time between two commits.");
        describe_histogram!(
            "bttc_bft_decision_seconds",
            Unit::Seconds,
            "From a block of ours being built to its decision."
        );
        describe_histogram!("bttc_bft_log_sync_seconds", Unit::Seconds, "Time to sync the log.");
        describe_histogram!(
            "bttc_bft_vote_delay_seconds",
            Unit::Seconds,
            "From the begin of a height to the arrival of a vote of another validator."
        );
        describe_gauge!("bttc_bft_validator_vote_delay_seconds", "The last such time of each validator's precommits.");
        Self {
            height: gauge!("bttc_bft_height"),
            round: gauge!("bttc_bft_round"),
            peers: gauge!("bttc_bft_peers"),
            behind: gauge!("bttc_bft_behind"),
            extra_rounds: counter!("bttc_bft_extra_rounds_total"),
            stumbles: gauge!("bttc_bft_stumbles"),
            interval: histogram!("bttc_bft_interval_seconds"),
            decision: histogram!("bttc_bft_decision_seconds"),
            sync: histogram!("bttc_bft_log_sync_seconds"),
            prevotes: histogram!("bttc_bft_vote_delay_seconds", "kind" => "prevote"),
            precommits: histogram!("bttc_bft_vote_delay_seconds", "kind" => "precommit"),
            last_commit: None,
            last_built: None,
            last_round: (0, 0),
        }
    }

    pub(crate) fn status(&mut self, status: &Status, stumbles: u64) {
        self.height.set(status.height as f64);
        self.round.set(status.round);
        self.peers.set(status.peers as f64);
        self.behind.set(status.best_peer.saturating_sub(status.committed) as f64);
        self.stumbles.set(stumbles as f64);
        let before = if self.last_round.0 == status.height { self.last_round.1 } else { 0 };
        self.extra_rounds.increment(status.round.saturating_sub(before).into());
        self.last_round = (status.height, status.round.max(before));
    }

    pub(crate) fn committed(&mut self, now: Duration, height: Height) {
        tracing::debug!(height, "committed");
        if let Some(before) = self.last_commit.replace(now) {
            self.interval.record(now.saturating_sub(before).as_secs_f64());
        }
    }

    pub(crate) const fn built(&mut self, now: Duration, height: Height) {
        self.last_built = Some((height, now));
    }

    pub(crate) fn decided(&mut self, now: Duration, height: Height) {
        if let Some((_, since)) = self.last_built.take_if(|(built, _)| *built == height) {
            self.decision.record(now.saturating_sub(since).as_secs_f64());
        }
    }

    pub(crate) fn voted(&self, voter: Address, kind: VoteKind, after: Duration) {
        let seconds = after.as_secs_f64();
        match kind {
            VoteKind::Prevote => self.prevotes.record(seconds),
            VoteKind::Precommit => {
                self.precommits.record(seconds);
                gauge!("bttc_bft_validator_vote_delay_seconds", "validator" => voter.to_string()).set(seconds);
            }
        }
    }

    pub(crate) fn synced(&self, took: Duration) {
        self.sync.record(took.as_secs_f64());
    }
}

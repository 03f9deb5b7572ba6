//! What the machine holds, for a person who looks for a fault.

use super::{Machine, Phase};
use alloy_primitives::{Address, B256};
use bttc_primitives::{Height, Round, VoteKind};
use serde::Serialize;
use std::time::Duration;

/// The machine at one moment. Times count from that moment. Unit of times: milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Dump {
    /// Height being decided, or the next one.
    pub height: Height,
    /// `deciding`, `committing` or `waiting`.
    pub phase: &'static str,
    /// Round of the height.
    pub round: Round,
    /// Since when the height is decided.
    pub began_ago_ms: u64,
    /// Our consensus address, if we have a key.
    pub address: Option<Address>,
    /// Power of all validators of the height.
    pub total_power: u64,
    /// Block that we are locked on, with its round.
    pub locked: Option<RoundBlock>,
    /// Block that more than two thirds found valid, with its round.
    pub valid: Option<RoundBlock>,
    /// Proposals of the height.
    pub proposals: Vec<ProposalDump>,
    /// Votes of the height by round, kind and block.
    pub votes: Vec<VotesDump>,
    /// What is due, and in how long.
    pub timers: Vec<TimerDump>,
    /// Decided blocks above the height that wait for their turn.
    pub waiting_blocks: usize,
    /// Inputs that the consensus library gave up on.
    pub stumbles: u64,
}

/// A block in a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RoundBlock {
    /// The round.
    pub round: Round,
    /// The block.
    pub block_hash: B256,
}

/// One proposal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProposalDump {
    /// Its round.
    pub round: Round,
    /// Who proposes.
    pub proposer: Address,
    /// The block.
    pub block_hash: B256,
    /// Size of its encoding. Unit: bytes.
    pub size: u32,
    /// `collecting`, `judging`, `valid` or `invalid`.
    pub state: &'static str,
}

/// Votes for one block in one round.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VotesDump {
    /// The round.
    pub round: Round,
    /// `prevote` or `precommit`.
    pub kind: &'static str,
    /// The block; zero for nil.
    pub block_hash: B256,
    /// Power of the voters.
    pub power: u64,
    /// Who voted so.
    pub voters: Vec<Address>,
}

/// One timer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TimerDump {
    /// What will happen.
    pub what: String,
    /// In how long; 0 if it is due.
    pub in_ms: u64,
}

pub(super) const fn kind_name(kind: VoteKind) -> &'static str {
    match kind {
        VoteKind::Prevote => "prevote",
        VoteKind::Precommit => "precommit",
    }
}

impl Machine {
    /// What it holds.
    pub fn dump(&self, now: Duration) -> Dump {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let status = self.status(now);
        // Otherwise the library still holds those of the height before.
        let (locked, valid) = if self.phase == Phase::Deciding { self.core.locked_and_valid() } else { (None, None) };
        let timer = |(timer, (at, _)): (&super::Timer, &(Duration, Round))| TimerDump {
            what: format!("{timer:?}").to_lowercase(),
            in_ms: millis(at.saturating_sub(now)),
        };
        Dump {
            height: self.height,
            phase: match self.phase {
                Phase::Deciding => "deciding",
                Phase::Committing => "committing",
                Phase::Waiting { .. } => "waiting",
            },
            round: status.round,
            began_ago_ms: millis(now.saturating_sub(self.began)),
            address: self.core.keys.address(),
            total_power: self.voters.set().total_power(),
            locked,
            valid,
            proposals: self.blocks.dump(),
            votes: self.votes.dump(),
            timers: self.timers.iter().map(timer).collect(),
            waiting_blocks: self.catch_up.waiting(),
            stumbles: self.stumbles(),
        }
    }
}

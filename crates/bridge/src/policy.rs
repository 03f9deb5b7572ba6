//! When a checkpoint is due on a root chain, and since when.
//!
//! The answer follows from chain data and the configuration alone, with block times as the clock: relayers with one configuration agree on it, so
//! that the order of [`crate::leader`] means the same to all of them.

use alloy_primitives::{Address, U256};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, time::Duration};

/// How eagerly checkpoints are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PolicyKind {
    /// When enough waits, or something waits long enough.
    #[default]
    Default,
    /// As soon as an exit waits.
    Urgent,
    /// Never: this relayer brings deposits, others pay for checkpoints.
    Off,
}

/// Part `policy` of a root chain's configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// `default`, `urgent` or `off`.
    pub kind: PolicyKind,
    /// As many waiting exits are enough.
    pub exits: u64,
    /// But not sooner after the last checkpoint: an exit of next to nothing costs next to nothing here, and a checkpoint does not (docs/bridge-safety.md,
    /// "Dust").
    #[serde(with = "humantime_serde")]
    pub exits_gap: Duration,
    /// Longest time that an exit waits.
    #[serde(with = "humantime_serde")]
    pub exit_age: Duration,
    /// As much waiting of a token is enough, by its address on the root chain (`0x...`, or TRON's `T...`; zero is the coin), in its smallest unit.
    #[serde(with = "crate::config::forms::values")]
    pub value: BTreeMap<Address, U256>,
    /// Oldest age of the last checkpoint, though nothing waits. Half of the contract's age stop counts if that is less.
    #[serde(with = "humantime_serde")]
    pub tip_age: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            kind: PolicyKind::Default,
            exits: 32,
            exits_gap: Duration::from_secs(10 * 60),
            exit_age: Duration::from_secs(30 * 60),
            value: BTreeMap::new(),
            tip_age: Duration::from_secs(24 * 60 * 60),
        }
    }
}

/// An exit to the root chain that no checkpoint there covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingExit {
    /// Height of its block.
    pub height: u64,
    /// Time of its block. Unit: seconds.
    pub time: u64,
    /// The token's address on the root chain.
    pub token: Address,
    /// In its smallest unit.
    pub amount: U256,
}

/// What bears on it. Times in seconds.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// Time of our head.
    pub now: u64,
    /// Time of the last checkpoint.
    pub tip_time: u64,
    /// Age after which the contract takes nothing more.
    pub stop_age: u64,
    /// Time of the block that changes the set, if one lies above the last checkpoint.
    pub change: Option<u64>,
    /// Exits above the last checkpoint, in their order.
    pub exits: &'a [WaitingExit],
}

/// Why a checkpoint is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// A block changes the set of validators; nothing after it can be taken before it is.
    SetChange,
    /// An exit waits, and the policy is `urgent`.
    Urgent,
    /// Enough of a token waits.
    Value,
    /// Enough exits wait.
    Number,
    /// An exit waits long enough.
    ExitAge,
    /// The last checkpoint is old.
    TipAge,
}

/// A checkpoint that should be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Why.
    pub why: Why,
    /// Since when, in block time. Unit: seconds.
    pub since: u64,
}

impl Policy {
    /// What is due, if anything is; of several reasons the one that has been there longest.
    pub fn due(&self, situation: &Situation<'_>) -> Option<Due> {
        if self.kind == PolicyKind::Off {
            return None;
        }
        let first = situation.exits.first();
        let gap_over = situation.tip_time.saturating_add(self.exits_gap.as_secs());
        let tip_age = self.tip_age.as_secs().min(situation.stop_age / 2);
        let reasons = [
            (Why::SetChange, situation.change),
            (Why::Urgent, first.filter(|_| self.kind == PolicyKind::Urgent).map(|exit| exit.time)),
            (Why::Value, self.enough_value(situation.exits)),
            (Why::Number, self.enough_exits(situation.exits).map(|since| since.max(gap_over))),
            (Why::ExitAge, first.map(|exit| exit.time.saturating_add(self.exit_age.as_secs()))),
            (Why::TipAge, Some(situation.tip_time.saturating_add(tip_age))),
        ];
        let due = reasons.into_iter().filter_map(|(why, since)| since.map(|since| Due { why, since }));
        due.filter(|due| due.since <= situation.now).min_by_key(|due| (due.since, due.why))
    }

    /// Time of the exit with which there were enough of them.
    fn enough_exits(&self, exits: &[WaitingExit]) -> Option<u64> {
        let last = usize::try_from(self.exits.max(1)).ok()?.checked_sub(1)?;
        exits.get(last).map(|exit| exit.time)
    }

    /// Time of the exit with which enough of its token waited.
    fn enough_value(&self, exits: &[WaitingExit]) -> Option<u64> {
        let mut sums = BTreeMap::<Address, U256>::new();
        for exit in exits {
            let sum = sums.entry(exit.token).or_default();
            *sum = sum.saturating_add(exit.amount);
            if self.value.get(&exit.token).is_some_and(|enough| *sum >= *enough) {
                return Some(exit.time);
            }
        }
        None
    }
}

/// Whether the age stop comes so close that the higher ceiling for fees counts.
pub fn is_pressing(now: u64, tip_time: u64, stop_age: u64) -> bool {
    now.saturating_sub(tip_time) > stop_age / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: Address = Address::repeat_byte(7);
    const STOP: u64 = 1_000_000;

    fn exit(time: u64, token: Address, amount: u64) -> WaitingExit {
        WaitingExit { height: time, time, token, amount: U256::from(amount) }
    }

    fn policy(kind: PolicyKind) -> Policy {
        let value = BTreeMap::from([(TOKEN, U256::from(100))]);
        let (exit_age, exits_gap) = (Duration::from_secs(600), Duration::from_secs(200));
        Policy { kind, exits: 3, exits_gap, exit_age, value, tip_age: Duration::from_secs(5_000) }
    }

    #[test]
    fn table() {
        use PolicyKind::{Default, Off, Urgent};
        let small = [exit(100, TOKEN, 1), exit(200, TOKEN, 1)];
        let many = [exit(100, TOKEN, 1), exit(200, Address::ZERO, 9_999), exit(300, TOKEN, 1), exit(400, TOKEN, 1)];
        let rich = [exit(100, TOKEN, 60), exit(200, Address::ZERO, 9_999), exit(300, TOKEN, 40)];
        // kind, now, change, exits -> why and since
        let none: &[WaitingExit] = &[];
        type Line<'a> = (PolicyKind, u64, Option<u64>, &'a [WaitingExit], Option<(Why, u64)>);
        let early = [exit(60, TOKEN, 1), exit(60, TOKEN, 1), exit(70, TOKEN, 1), exit(80, TOKEN, 1)];
        let table: [Line<'_>; 16] = [
            (Default, 500, None, none, None),
            (Default, 500, None, &small, None),
            (Default, 699, None, &small, None),
            (Default, 700, None, &small, Some((Why::ExitAge, 700))),
            (Urgent, 201, None, &small, Some((Why::Urgent, 100))),
            (Urgent, 201, None, none, None),
            (Default, 401, None, &many, Some((Why::Number, 300))),
            // So many so soon after the last checkpoint are most likely dust.
            (Default, 249, None, &early, None),
            (Default, 250, None, &early, Some((Why::Number, 250))),
            (Default, 301, None, &rich, Some((Why::Value, 300))),
            (Default, 500, Some(400), none, Some((Why::SetChange, 400))),
            (Default, 500, Some(400), &rich, Some((Why::Value, 300))),
            (Default, 5_049, None, none, None),
            (Default, 5_050, None, none, Some((Why::TipAge, 5_050))),
            (Off, 99_999, Some(400), &rich, None),
            (Urgent, 99_999, None, none, Some((Why::TipAge, 5_050))),
        ];
        for (at, (kind, now, change, exits, expected)) in table.into_iter().enumerate() {
            let situation = Situation { now, tip_time: 50, stop_age: STOP, change, exits };
            let due = policy(kind).due(&situation).map(|due| (due.why, due.since));
            assert_eq!(due, expected, "line {at}");
        }
    }

    #[test]
    fn the_age_stop_comes_before_what_is_configured() {
        let situation = Situation { now: 1_050, tip_time: 50, stop_age: 2_000, change: None, exits: &[] };
        assert_eq!(policy(PolicyKind::Default).due(&situation), Some(Due { why: Why::TipAge, since: 1_050 }));
        assert!(!is_pressing(1_050, 50, 2_000));
        assert!(is_pressing(1_051, 50, 2_000));
    }
}

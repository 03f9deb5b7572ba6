//! What of the past a database keeps, and the answer where it no longer does.
//!
//! A mark is the lowest height that can still be asked about. Marks only move up, each in the transaction that removes the rows below it, so
//! a snapshot either has all rows of a height or says that it is pruned: never a wrong value.

use bttc_primitives::{Fatal, Height};
use std::fmt;

/// A part of the past that is kept or pruned by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum History {
    /// States after older blocks.
    State,
    /// Bodies, transactions with their index by hash, and receipts.
    Blocks,
    /// The index of logs by address and first topic.
    Logs,
}

impl History {
    /// All parts.
    pub const ALL: [Self; 3] = [Self::State, Self::Blocks, Self::Logs];

    /// A word for logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Blocks => "blocks",
            Self::Logs => "logs",
        }
    }

    pub(crate) fn check(self, kept_from: Height, height: Height) -> Result<(), Pruned> {
        let genesis = height == 0 && self == Self::Blocks;
        if height >= kept_from || genesis { Ok(()) } else { Err(Pruned { part: self, height, kept_from }) }
    }
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Lowest heights that are kept; all zero if nothing was pruned.
///
/// Headers, their hashes and certificates are always kept, and so is the (empty) body of genesis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Lowest height whose state can be read.
    pub state: Height,
    /// Lowest height whose body and receipts are there.
    pub blocks: Height,
    /// Lowest height in the index of logs; never below `blocks`.
    pub logs: Height,
}

impl Kept {
    /// The mark of one part.
    pub const fn of(&self, part: History) -> Height {
        match part {
            History::State => self.state,
            History::Blocks => self.blocks,
            History::Logs => self.logs,
        }
    }

    /// The highest of the marks: from here on everything is there.
    pub fn all(&self) -> Height {
        self.state.max(self.blocks).max(self.logs)
    }
}

/// How much of the past a node keeps. Unit: blocks before the head; none for all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// States.
    pub state: Option<u64>,
    /// Bodies, transactions and receipts.
    pub blocks: Option<u64>,
    /// The index of logs. Without receipts it is of no use, so that it goes with them at the latest.
    pub logs: Option<u64>,
}

impl Retention {
    /// Everything, for ever.
    pub const ARCHIVE: Self = Self { state: None, blocks: None, logs: None };
    /// States of the last 100,000 blocks; all blocks, receipts and logs.
    pub const FULL: Self = Self { state: Some(100_000), ..Self::ARCHIVE };
    /// States of the last 10,000 blocks; bodies, receipts and logs of the last 100,000.
    pub const MINIMAL: Self = Self { state: Some(10_000), blocks: Some(100_000), logs: Some(100_000) };

    /// Whether a part is kept for ever.
    pub const fn keeps_all(&self, part: History) -> bool {
        match part {
            History::State => self.state.is_none(),
            History::Blocks => self.blocks.is_none(),
            History::Logs => self.logs.is_none() && self.blocks.is_none(),
        }
    }

    /// The marks that belong to a head.
    pub fn marks(&self, head: Height) -> Kept {
        let mark = |distance: Option<u64>| distance.map_or(0, |distance| head.saturating_sub(distance));
        let blocks = mark(self.blocks);
        Kept { state: mark(self.state), blocks, logs: mark(self.logs).max(blocks) }
    }
}

/// The answer about a height that is no longer kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} of block {height} is pruned on this node; kept from block {kept_from} on", match part {
    History::State => "the state",
    History::Blocks => "the body",
    History::Logs => "the log index",
})]
pub struct Pruned {
    /// What was asked for.
    pub part: History,
    /// Height that was asked about.
    pub height: Height,
    /// Lowest height that can be asked about.
    pub kept_from: Height,
}

/// Why the past was not read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum HistoryError {
    /// Not kept: no fault, but no answer either.
    #[error(transparent)]
    Pruned(#[from] Pruned),
    /// Our own trouble.
    #[error(transparent)]
    Fatal(#[from] Fatal),
}

impl HistoryError {
    /// For heights that must be kept, such as those near the head: pruned is our own trouble too.
    pub fn into_fatal(self) -> Fatal {
        match self {
            Self::Fatal(fatal) => fatal,
            Self::Pruned(pruned) => Fatal::while_doing("reading what must always be kept", pruned),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_follow_the_head_and_logs_go_with_their_receipts() {
        assert_eq!(Retention::ARCHIVE.marks(1 << 40), Kept::default());
        assert_eq!(Retention::FULL.marks(100_007), Kept { state: 7, blocks: 0, logs: 0 });
        assert_eq!(Retention::MINIMAL.marks(5), Kept::default());
        assert_eq!(Retention::MINIMAL.marks(100_003), Kept { state: 90_003, blocks: 3, logs: 3 });
        let longer_logs = Retention { state: None, blocks: Some(2), logs: None };
        assert_eq!(longer_logs.marks(10), Kept { state: 0, blocks: 8, logs: 8 });
        assert!(!longer_logs.keeps_all(History::Logs));
        assert!(Retention::FULL.keeps_all(History::Logs));
    }

    #[test]
    fn below_a_mark_only_the_body_of_genesis_is_there() {
        let kept = Kept { state: 3, blocks: 2, logs: 5 };
        assert_eq!(kept.all(), 5);
        assert_eq!(History::Blocks.check(kept.blocks, 0), Ok(()));
        assert_eq!(History::State.check(kept.state, 3), Ok(()));
        let refused = Pruned { part: History::State, height: 0, kept_from: 3 };
        assert_eq!(History::State.check(kept.state, 0), Err(refused));
        assert_eq!(refused.to_string(), "the state of block 0 is pruned on this node; kept from block 3 on");
    }
}

//! Whether the node should be sent work, and why not.

use bttc_bft::EngineHandle;
use bttc_chain::Chain;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// What `/readyz` looks at.
#[derive(Clone)]
pub(crate) struct Readiness {
    chain: Chain,
    /// Interval at which blocks are due; none where they come on demand or by import.
    due_every: Option<Duration>,
    /// How far the engine is; none where blocks do not come from others.
    progress: Option<EngineHandle>,
    stopping: CancellationToken,
}

/// Blocks may be this many intervals late before the node calls itself not ready.
const LATE: u32 = 10;
/// ... but never less than this.
const LEAST_PATIENCE: Duration = Duration::from_secs(10);

/// Blocks that peers may be ahead: news of a block is faster than the block.
const MAY_LAG: u64 = 5;

impl Readiness {
    pub(crate) const fn new(
        chain: Chain,
        due_every: Option<Duration>,
        progress: Option<EngineHandle>,
        stopping: CancellationToken,
    ) -> Self {
        Self { chain, due_every, progress, stopping }
    }

    /// Height of the head.
    pub(crate) fn height(&self) -> u64 {
        self.chain.head().height()
    }

    /// Why the node is not ready; empty if it is.
    pub(crate) fn reasons(&self) -> Vec<String> {
        let mut reasons = Vec::new();
        if self.stopping.is_cancelled() {
            reasons.push("the node is stopping".to_owned());
        }
        if let Err(error) = self.chain.read().and_then(|tx| tx.head()) {
            reasons.push(format!("the database cannot be read: {error}"));
        }
        if let Some(late) = self.due_every.and_then(|every| self.late(every)) {
            reasons.push(format!("the newest block is {} s old and blocks are late", late.as_secs()));
        }
        if let Some(progress) = &self.progress {
            match progress.status() {
                None => reasons.push("consensus has not started".to_owned()),
                Some(status) if status.best_peer > status.committed.saturating_add(MAY_LAG) => {
                    let behind = status.best_peer.saturating_sub(status.committed);
                    reasons.push(format!("catching up: {behind} blocks behind the best peer"));
                }
                Some(_) => {}
            }
        }
        reasons
    }

    fn late(&self, every: Duration) -> Option<Duration> {
        let made = std::time::UNIX_EPOCH + Duration::from_secs(self.chain.head().header.timestamp);
        let age = made.elapsed().ok()?;
        // A chain that has not begun has a genesis of any age.
        (self.height() > 0 && age > LEAST_PATIENCE.max(every * LATE)).then_some(age)
    }
}

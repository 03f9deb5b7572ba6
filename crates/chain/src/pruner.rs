//! Removes what the node need not keep, a little at a time and between the blocks.
//!
//! Once enough heights are due, steps of pruning run one after the other, each in a write transaction of its own, until the marks are where
//! they belong. A step is sized so that removing its rows takes about [`STEP_TIME`], gives the writer up to whoever waits, and then rests for
//! as long as it took: while a backlog is worked off (after a change from archive, say) at least half of the writer's time is left to blocks.
//! The commit does not count for the size: most of it is the sync, which a small step pays like a large one. Steps that shrank on a disk with slow
//! syncs would fall behind the blocks for ever.
//! With nothing due there is no write at all, so a block costs no sync more than on an archive.

use crate::Chain;
use bttc_primitives::Fatal;
use bttc_storage::{History, Kept, PruneStep, Retention};
use parking_lot::MutexGuard;
use std::time::{Duration, Instant};
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

/// So many heights must be due before there is a step: one sync for all of them. Unit: blocks.
const DUE: u64 = 64;
/// How long a step should work before its commit.
const STEP_TIME: Duration = Duration::from_millis(25);
/// Bounds of the size of a step; a row changes a page or two, so that the upper one bounds what a commit writes. Unit: rows.
const LEAST_ROWS: u64 = 128;
const MOST_ROWS: u64 = 4_096;

/// The service that prunes.
#[derive(Debug)]
pub struct Pruner {
    chain: Chain,
    retention: Retention,
    kept: Kept,
    /// Size of the next step. Unit: rows.
    rows: u64,
}

impl Pruner {
    /// A pruner of `chain`; none if everything is to be kept. Says in the log what is not kept, or was pruned before and does not come back.
    pub fn new(chain: Chain, retention: Retention) -> Result<Option<Self>, Fatal> {
        let kept = chain.read()?.kept()?;
        describe();
        note_marks(kept);
        for part in History::ALL {
            let (from, all) = (kept.of(part), retention.keeps_all(part));
            if all && from > 0 {
                tracing::info!(
                    part = part.name(),
                    kept_from = from,
                    "history is kept from now on; what was pruned before does not come back"
                );
            } else if !all {
                let due = retention.marks(chain.head().height()).of(part).saturating_sub(from);
                tracing::info!(part = part.name(), kept_from = from, due, "old history is pruned");
            }
        }
        if History::ALL.into_iter().all(|part| retention.keeps_all(part)) {
            return Ok(None);
        }
        Ok(Some(Self { chain, retention, kept, rows: LEAST_ROWS }))
    }

    /// Prunes as blocks are committed, until `shutdown`.
    pub async fn run(mut self, shutdown: CancellationToken) -> Result<(), Fatal> {
        let mut events = self.chain.subscribe();
        loop {
            if self.is_due() {
                self.catch_up(&shutdown).await?;
            }
            tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                event = events.recv() => match event {
                    // What happened does not matter, only where the head is.
                    Ok(_) | Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return Ok(()),
                },
            }
        }
    }

    fn target(&self) -> Kept {
        self.retention.marks(self.chain.head().height())
    }

    fn is_due(&self) -> bool {
        let target = self.target();
        History::ALL.into_iter().any(|part| target.of(part).saturating_sub(self.kept.of(part)) >= DUE)
    }

    /// Runs steps until nothing is due.
    async fn catch_up(&mut self, shutdown: &CancellationToken) -> Result<(), Fatal> {
        loop {
            let (target, rows) = (self.target(), self.rows);
            let (step, Times { worked, took }) =
                self.chain.blocking(move |chain| chain.prune_step(target, rows)).await?;
            self.kept = step.kept;
            self.rows = next_size(rows, step.rows, worked);
            record(&step, took);
            if step.done {
                return Ok(());
            }
            tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                () = tokio::time::sleep(took) => {}
            }
        }
    }
}

/// Times of a step.
struct Times {
    /// Until its commit.
    worked: Duration,
    /// As long as it held the writer.
    took: Duration,
}

impl Chain {
    /// One step of pruning.
    fn prune_step(&self, target: Kept, max_rows: u64) -> Result<(PruneStep, Times), Fatal> {
        let writing = self.inner.writer.lock();
        let began = Instant::now();
        let mut write = self.inner.storage.write()?;
        let step = write.prune(target, max_rows)?;
        let worked = began.elapsed();
        write.commit()?;
        let took = began.elapsed();
        // A block that waits goes first, before the next step.
        MutexGuard::unlock_fair(writing);
        Ok((step, Times { worked, took }))
    }
}

/// Twice as many rows after a quick step that used all it might, half as many after a slow one.
fn next_size(rows: u64, removed: u64, worked: Duration) -> u64 {
    let next = match worked {
        quick if quick < STEP_TIME / 2 && removed >= rows => rows.saturating_mul(2),
        slow if slow > STEP_TIME => rows / 2,
        _ => rows,
    };
    next.clamp(LEAST_ROWS, MOST_ROWS)
}

fn describe() {
    metrics::describe_gauge!("bttc_chain_kept_from_height", "Lowest height of which a part of the past is kept.");
    metrics::describe_histogram!("bttc_chain_prune_step_rows", "Rows that a step of pruning removed.");
    metrics::describe_histogram!(
        "bttc_chain_prune_step_seconds",
        metrics::Unit::Seconds,
        "Time that a step of pruning held the writer."
    );
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
fn note_marks(kept: Kept) {
    for part in History::ALL {
        metrics::gauge!("bttc_chain_kept_from_height", "part" => part.name()).set(kept.of(part) as f64);
    }
}

#[expect(clippy::cast_precision_loss, reason = "a histogram is of floats")]
fn record(step: &PruneStep, took: Duration) {
    note_marks(step.kept);
    metrics::histogram!("bttc_chain_prune_step_rows").record(step.rows as f64);
    metrics::histogram!("bttc_chain_prune_step_seconds").record(took.as_secs_f64());
    tracing::debug!(rows = step.rows, ?took, kept = ?step.kept, "pruned");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_grow_while_they_are_quick_and_shrink_when_slow() {
        assert_eq!(next_size(1_000, 1_000, STEP_TIME / 10), 2_000);
        assert_eq!(next_size(1_000, 10, STEP_TIME / 10), 1_000);
        assert_eq!(next_size(1_000, 1_000, STEP_TIME), 1_000);
        assert_eq!(next_size(1_000, 1_000, STEP_TIME * 2), 500);
        assert_eq!(next_size(LEAST_ROWS, 1, STEP_TIME * 9), LEAST_ROWS);
        assert_eq!(next_size(MOST_ROWS, MOST_ROWS, Duration::ZERO), MOST_ROWS);
    }
}

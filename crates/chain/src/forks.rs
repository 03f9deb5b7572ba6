//! Planned forks: a node that does not know the rules of one stops before its first block (docs/adr/0009-planned-forks.md).
//!
//! The plan is read from the state that a block is built on, so all nodes stop at the same block. What is refused is no bad block but one that this
//! program cannot judge: it is never a vote, and nothing of it is stored but a note that makes the next start say the same at once.

use crate::{duties::put, ledger::Chain};
use bttc_consensus::{MAX_AHEAD, Version};
use bttc_execution::BlockRun;
use bttc_primitives::{ChainSpec, Fatal, ForkPlan, Head, Header, Height};
use bttc_staking::epoch::{Query, decode_fork};
use bttc_storage::ReadTx;
use std::time::{Duration, SystemTime};

/// Note of the node: height of the block that it stopped before, big endian.
const NOTE: &str = "stopped-before";

/// The last second that has a date of four digits. Unit: Unix seconds.
const LAST_DATE: u64 = 253_402_300_799;

/// A block is under the rules of a fork that this program does not know.
#[derive(Clone, Debug, thiserror::Error)]
#[error(
    "this version of the program, {}, does not know the fork {plan}, whose rules hold from {} on; block {height} is the first under them, so the \
     node stops before it, and nothing is lost; install a version that knows {plan} and start it on the same data directory",
    Version::of_build(),
    date(plan.time)
)]
struct UnknownFork {
    plan: ForkPlan,
    height: Height,
}

impl From<UnknownFork> for Fatal {
    fn from(error: UnknownFork) -> Self {
        Self::new(error.to_string())
    }
}

/// A time for people. Unit: Unix seconds.
pub(crate) fn date(time: u64) -> String {
    let moment = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(time)).filter(|_| time <= LAST_DATE);
    moment.map_or_else(|| format!("Unix time {time}"), |moment| humantime::format_rfc3339_seconds(moment).to_string())
}

impl Chain {
    /// The last fork that a vote has planned, ahead or past, as the head's state has it; none on a chain without the contracts.
    pub fn fork_plan(&self) -> Result<Option<ForkPlan>, Fatal> {
        let store = self.read()?;
        let head = store.head()?.ok_or_else(|| Fatal::new("the store has a genesis but no head"))?;
        planned(self.spec(), &store, &head.header)
    }

    /// Fails if this program has stopped before the next block of the chain because of a fork that it does not know. For the start of a node.
    pub fn check_forks(&self) -> Result<(), Fatal> {
        let store = self.read()?;
        let next = self.head().height().saturating_add(1);
        let stopped = store.meta(NOTE)?.and_then(|note| Some(Height::from_be_bytes(note.try_into().ok()?)));
        if stopped != Some(next) {
            return Ok(());
        }
        // The clock may have been ahead then, and a development chain can be changed by hand.
        let plan = planned(self.spec(), &store, &self.head().header)?;
        match plan.filter(|plan| !self.spec().knows(plan) && plan.holds_at(self.clock().now())) {
            Some(plan) => Err(UnknownFork { plan, height: next }.into()),
            None => Ok(()),
        }
    }

    /// Lets a block of this time pass on top of `head`, whose state `store` has, and answers with the plan.
    ///
    /// Errors: the block is under the rules of a fork that this program does not know. Unit: Unix seconds.
    pub(crate) fn pass_forks(&self, store: &ReadTx, head: &Head, time: u64) -> Result<Option<ForkPlan>, Fatal> {
        let plan = planned(self.spec(), store, &head.header)?;
        match plan {
            Some(plan) if plan.holds_at(time) && !self.spec().knows(&plan) => {
                let height = head.height().saturating_add(1);
                self.note_stop(height)?;
                Err(UnknownFork { plan, height }.into())
            }
            plan => Ok(plan),
        }
    }

    /// The same for a block of somebody else, before any rule is held against it: under new rules it may look invalid to the old ones.
    ///
    /// A block from the future is left to the rules. It is invalid by all of them, and must not stop nodes before the time of the fork.
    pub(crate) fn pass_forks_of(&self, store: &ReadTx, head: &Head, header: &Header) -> Result<(), Fatal> {
        let due = header.timestamp <= self.clock().now().saturating_add(MAX_AHEAD);
        if due && header.parent_hash == head.hash {
            self.pass_forks(store, head, header.timestamp)?;
        }
        Ok(())
    }

    fn note_stop(&self, height: Height) -> Result<(), Fatal> {
        let _writing = self.inner.writer.lock();
        let mut write = self.inner.storage.write()?;
        write.put_meta(NOTE, &height.to_be_bytes())?;
        write.commit()
    }
}

/// The plan as the state after `header`, the head of `store`, has it.
fn planned(spec: &ChainSpec, store: &ReadTx, header: &Header) -> Result<Option<ForkPlan>, Fatal> {
    if !spec.has_staking() {
        return Ok(None);
    }
    let mut run = BlockRun::resume(spec, store.state()?, header);
    put(&mut |question: &_| run.ask(question), Query::Fork, decode_fork)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_time_can_be_told() {
        assert_eq!(date(0), "1970-01-01T00:00:00Z");
        assert_eq!(date(1_800_000_000), "2027-01-15T08:00:00Z");
        assert_eq!(date(LAST_DATE), "9999-12-31T23:59:59Z");
        assert_eq!(date(LAST_DATE + 1), "Unix time 253402300800");
        assert_eq!(date(u64::MAX), format!("Unix time {}", u64::MAX));
    }
}

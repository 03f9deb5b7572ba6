//! Tells of a planned fork long before its time: in the log and as a metric.

use crate::{Chain, ChainEvent, forks::date};
use bttc_consensus::Version;
use bttc_primitives::{Fatal, ForkPlan, Height};
use std::time::Duration;
use tokio::{sync::broadcast::error::RecvError, time::Instant};
use tokio_util::sync::CancellationToken;

/// How often it warns where no epoch ends.
const REPEAT: Duration = Duration::from_secs(3_600);
/// How often it does once the time of the fork has come, and no block comes that would stop the node.
const OVERDUE: Duration = Duration::from_secs(60);

/// Watches for planned forks.
#[derive(Debug)]
pub struct ForkWatch {
    chain: Chain,
}

impl ForkWatch {
    /// A watch over the plans of a chain.
    pub const fn new(chain: Chain) -> Self {
        Self { chain }
    }

    /// Looks at the plan now, whenever an epoch ends, every hour and when the time has come, until `shutdown`.
    ///
    /// Errors: the store fails.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), Fatal> {
        let mut events = self.chain.subscribe();
        let mut known = None;
        let (mut epoch, mut wait) = self.look(&mut known).await?;
        let mut again = Instant::now() + wait;
        loop {
            let event = tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                () = tokio::time::sleep_until(again) => None,
                event = events.recv() => Some(event),
            };
            match event {
                Some(Ok(ChainEvent::Committed(_))) if self.chain.epoch_start() == epoch => continue,
                Some(Err(RecvError::Closed)) => return Ok(()),
                _ => {}
            }
            (epoch, wait) = self.look(&mut known).await?;
            again = Instant::now() + wait;
        }
    }

    /// Reads the plan and tells of it; answers with the first height of the running epoch, and when to look again. A known fork is told of once.
    async fn look(&self, known: &mut Option<ForkPlan>) -> Result<(Option<Height>, Duration), Fatal> {
        let epoch = self.chain.epoch_start();
        let plan = self.chain.blocking(|chain| chain.fork_plan()).await?;
        let unknown = plan.as_ref().filter(|plan| !self.chain.spec().knows(plan));
        #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
        metrics::gauge!("bttc_chain_unknown_fork_time").set(unknown.map_or(0, |plan| plan.time) as f64);
        match (unknown, &plan) {
            (Some(plan), _) => warn(plan, self.chain.clock().now()),
            (None, Some(plan)) if known.as_ref() != Some(plan) => {
                tracing::info!(fork = %plan, from = date(plan.time), "a fork is planned, and this version knows it");
            }
            _ => {}
        }
        let wait = unknown.map_or(REPEAT, |plan| until_next(plan, self.chain.clock().now()));
        *known = plan;
        Ok((epoch, wait))
    }
}

/// How long to wait before the next look at a plan that is not known. Unit of `now`: Unix seconds.
fn until_next(plan: &ForkPlan, now: u64) -> Duration {
    match plan.time.checked_sub(now).filter(|left| *left > 0) {
        Some(left) => REPEAT.min(Duration::from_secs(left)),
        None => OVERDUE,
    }
}

fn warn(plan: &ForkPlan, now: u64) {
    let (from, version) = (date(plan.time), Version::of_build());
    match plan.time.checked_sub(now).filter(|left| *left > 0) {
        Some(left) => {
            let left = humantime::format_duration(Duration::from_secs(left));
            tracing::warn!(fork = %plan, from, %left, %version, "this version does not know a fork that is planned: the node will stop at that time; install a version that knows it before");
        }
        None => {
            tracing::error!(fork = %plan, from, %version, "this version does not know a fork whose time has come: the node stops at the first block under its rules; install a version that knows it now");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_looks_again_when_the_time_comes_and_often_after_it() {
        let plan = ForkPlan { name: Default::default(), time: 10_000 };
        let wait = |now| until_next(&plan, now).as_secs();
        assert_eq!([0, 6_399, 6_401, 9_999, 10_000, 20_000].map(wait), [3_600, 3_600, 3_599, 1, 60, 60]);
    }
}

//! Transactions on root chains, several at once.

use alloy_primitives::Address;
use bttc_bridge::root::{Attempt, AttemptStatus, BroadcastVerdict, Ending, FeePolicy, Intent, RootChain, RootError};
use eyre::{WrapErr, bail};
use std::time::{Duration, Instant};

/// What takes longer does not come any more: the root chains of a local network make blocks each second.
const PATIENCE: Duration = Duration::from_secs(45);
const LOOK: Duration = Duration::from_millis(100);
/// Between broadcasts of the same bytes.
const RESEND: Duration = Duration::from_secs(5);

/// Transactions of one account that may wait together. They are not kept on disk: a network that was not finished is thrown away.
pub(super) struct Batch<'a, R> {
    root: &'a R,
    fee: FeePolicy,
    sent: Vec<Attempt>,
}

impl<'a, R: RootChain> Batch<'a, R> {
    pub(super) const fn new(root: &'a R, fee: FeePolicy) -> Self {
        Self { root, fee, sent: Vec::new() }
    }

    /// Sends these and waits until blocks have them all, final or not; what each deploys.
    pub(super) async fn send(&mut self, intents: Vec<Intent>) -> eyre::Result<Vec<Option<Address>>> {
        let first = self.sent.len();
        for intent in intents {
            let attempt = prepare(self.root, &intent, &self.fee, &self.sent).await;
            let attempt = attempt.wrap_err_with(|| format!("cannot send {} on {}", intent.key, self.root.id()))?;
            broadcast(self.root, &attempt).await?;
            self.sent.push(attempt);
        }
        let new = self.sent.get(first..).unwrap_or_default();
        for attempt in new {
            wait(self.root, attempt, false).await?;
        }
        Ok(new.iter().map(|attempt| attempt.creates).collect())
    }

    /// Waits until all of them are final.
    pub(super) async fn finish(self) -> eyre::Result<()> {
        for attempt in &self.sent {
            wait(self.root, attempt, true).await?;
        }
        Ok(())
    }
}

/// Makes an attempt, and asks again for a while if nobody can say.
pub(super) async fn prepare<R: RootChain>(
    root: &R,
    intent: &Intent,
    fee: &FeePolicy,
    live: &[Attempt],
) -> Result<Attempt, RootError> {
    let end = Instant::now() + PATIENCE;
    loop {
        match root.prepare(intent, fee, live).await {
            Err(error) if error.is_passing() && Instant::now() < end => tokio::time::sleep(LOOK).await,
            answer => return answer,
        }
    }
}

pub(super) async fn broadcast<R: RootChain>(root: &R, attempt: &Attempt) -> eyre::Result<()> {
    match root.broadcast(attempt).await {
        BroadcastVerdict::Refused(why) => bail!("{} does not take {}: {why}", root.id(), attempt.intent),
        _ => Ok(()),
    }
}

/// Waits until a block has it, or until that is final. Errors: it failed, or it takes too long.
pub(super) async fn wait<R: RootChain>(root: &R, attempt: &Attempt, until_final: bool) -> eyre::Result<()> {
    let (id, what) = (root.id(), &attempt.intent);
    let end = Instant::now() + PATIENCE;
    let mut sent = Instant::now();
    loop {
        let status = root.status(attempt).await;
        match &status {
            Ok(AttemptStatus::Final { ending: Ending::Done, .. }) => return Ok(()),
            Ok(AttemptStatus::Final { ending, .. }) => bail!("{what} failed on {id}: {ending:?}"),
            Ok(AttemptStatus::Dead { why }) => bail!("{what} never happens on {id}: {why}"),
            Ok(AttemptStatus::Included { .. }) if !until_final => return Ok(()),
            Ok(AttemptStatus::Unknown) if sent.elapsed() > RESEND => {
                broadcast(root, attempt).await?;
                sent = Instant::now();
            }
            Err(error) if !error.is_passing() => bail!("{what} on {id}: {error}"),
            _ => {}
        }
        if Instant::now() > end {
            bail!("{what} is not done on {id} within {PATIENCE:?}: {status:?}; look at its log");
        }
        tokio::time::sleep(LOOK).await;
    }
}

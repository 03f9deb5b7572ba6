//! One intent from beginning to end, and deployments.

use super::{
    AfterFailure, Attempt, AttemptStatus, BroadcastVerdict, Ending, FeePolicy, Intent, RootChain, RootError,
    after_failure,
};
use alloy_primitives::{Address, B256, Bytes, U256};
use std::{io, time::Duration};
use tokio::time::{Instant, sleep};

/// How often things are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Between looks at the status.
    pub poll: Duration,
    /// Between broadcasts of the same bytes.
    pub resend: Duration,
    /// Before higher fees are offered.
    pub bump: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { poll: Duration::from_secs(3), resend: Duration::from_secs(10), bump: Duration::from_secs(60) }
    }
}

/// Why an intent was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum CarryOutError {
    /// The root chain could not be asked, or refuses before anything is sent.
    #[error(transparent)]
    Root(#[from] RootError),
    /// The attempt could not be kept, so it was not sent.
    #[error(
        "cannot keep the transaction for {intent} before it is sent: {error}; make room on the disk, or name another place"
    )]
    Keep {
        /// Key of the intent.
        intent: String,
        /// What the system says.
        error: io::Error,
    },
    /// Nobody takes the transaction.
    #[error("no endpoint takes the transaction {id} for {intent}: {why}")]
    Refused {
        /// Key of the intent.
        intent: String,
        /// The transaction.
        id: B256,
        /// What they say.
        why: String,
    },
    /// It happened, but did not do what it should.
    #[error(
        "the transaction {id} for {intent} failed in block {block}: {ending:?}; {fee} were paid (in the smallest unit)"
    )]
    Failed {
        /// Key of the intent.
        intent: String,
        /// The transaction.
        id: B256,
        /// Height of its block.
        block: u64,
        /// How it ended.
        ending: Box<Ending>,
        /// What was paid.
        fee: U256,
    },
}

/// An intent that was carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarriedOut {
    /// The transaction that did it.
    pub id: B256,
    /// Height of its block, which is final.
    pub block: u64,
    /// What was paid. Unit: the smallest of the chain's coin.
    pub fee: U256,
    /// The contract that it deployed.
    pub created: Option<Address>,
}

/// Carries an intent out and returns when it is final. Waits as long as that takes: put a time limit around it if there must be one.
///
/// `begun` is the attempt of an earlier run, if one was kept. `keep` must have the attempt on disk when it returns; it is called before
/// anything is sent, and again for each change.
/// What was dead, or ran out of energy, is made anew; no look at a contract is taken in between but the simulation of `prepare`, so an intent
/// that somebody else could fulfil needs a driver of its own.
pub async fn carry_out<R: RootChain>(
    root: &R,
    intent: &Intent,
    fee: &FeePolicy,
    pace: Pace,
    begun: Option<Attempt>,
    mut keep: impl FnMut(&Attempt) -> io::Result<()>,
) -> Result<CarriedOut, CarryOutError> {
    let mut intent = intent.clone();
    let mut begun = begun;
    loop {
        let attempt = match begun.take() {
            Some(attempt) => attempt,
            None => {
                let attempt = patiently(pace, || root.prepare(&intent, fee, &[])).await?;
                kept(&mut keep, &attempt)?;
                attempt
            }
        };
        let status = see_through(root, &intent, fee, pace, attempt, &mut keep).await?;
        match status {
            Over::Done(done) => return Ok(done),
            Over::Dead => {}
            Over::Failed { id, block, ending, fee: paid } => match after_failure(&ending, intent.raises) {
                Some(AfterFailure::Raise) => intent.raises = intent.raises.saturating_add(1),
                _ => {
                    let (intent, ending) = (intent.key, Box::new(ending));
                    return Err(CarryOutError::Failed { intent, id, block, ending, fee: paid });
                }
            },
        }
    }
}

/// Deploys a contract, and returns where it is, when that is final.
///
/// Errors: as [`carry_out`].
pub async fn deploy<R: RootChain>(
    root: &R,
    name: &str,
    creation_code: Bytes,
    fee: &FeePolicy,
    pace: Pace,
    keep: impl FnMut(&Attempt) -> io::Result<()>,
) -> Result<Address, CarryOutError> {
    let intent = Intent::deploy(format!("deploy/{name}"), name, creation_code);
    let done = carry_out(root, &intent, fee, pace, None, keep).await?;
    let why = || format!("the deployment of {name} is final, but its transaction {} creates nothing", done.id);
    Ok(done.created.ok_or_else(|| RootError::Invalid { root: root.id(), why: why() })?)
}

enum Over {
    Done(CarriedOut),
    Failed { id: B256, block: u64, ending: Ending, fee: U256 },
    Dead,
}

fn kept(keep: &mut impl FnMut(&Attempt) -> io::Result<()>, attempt: &Attempt) -> Result<(), CarryOutError> {
    keep(attempt).map_err(|error| CarryOutError::Keep { intent: attempt.intent.clone(), error })
}

/// Asks until there is an answer, or an error that does not pass by itself.
async fn patiently<T, Fut>(pace: Pace, ask: impl Fn() -> Fut) -> Result<T, RootError>
where
    Fut: Future<Output = Result<T, RootError>>,
{
    loop {
        match ask().await {
            Err(error) if error.is_passing() => {
                tracing::debug!(%error, "a root chain is asked again");
                sleep(pace.poll).await;
            }
            answer => return answer,
        }
    }
}

async fn see_through<R: RootChain>(
    root: &R,
    intent: &Intent,
    fee: &FeePolicy,
    pace: Pace,
    mut attempt: Attempt,
    keep: &mut impl FnMut(&Attempt) -> io::Result<()>,
) -> Result<Over, CarryOutError> {
    let (mut sent, mut offered): (Option<Instant>, Instant) = (None, Instant::now());
    loop {
        match patiently(pace, || root.status(&attempt)).await? {
            AttemptStatus::Final { id, block, ending: Ending::Done, fee } => {
                return Ok(Over::Done(CarriedOut { id, block, fee, created: attempt.creates }));
            }
            AttemptStatus::Final { id, block, ending, fee } => return Ok(Over::Failed { id, block, ending, fee }),
            AttemptStatus::Dead { .. } => return Ok(Over::Dead),
            AttemptStatus::Included { .. } => {}
            AttemptStatus::Unknown => {
                if sent.is_some() && offered.elapsed() >= pace.bump {
                    offered = Instant::now();
                    if let Some(bumped) = patiently(pace, || root.bump(&attempt, fee)).await? {
                        kept(keep, &bumped)?;
                        (attempt, sent) = (bumped, None);
                    }
                }
                if sent.is_none_or(|sent| sent.elapsed() >= pace.resend) {
                    if let BroadcastVerdict::Refused(why) = root.broadcast(&attempt).await {
                        let (intent, id) = (intent.key.clone(), attempt.version.id);
                        return Err(CarryOutError::Refused { intent, id, why });
                    }
                    sent = Some(Instant::now());
                }
            }
        }
        sleep(pace.poll).await;
    }
}

#[cfg(test)]
mod tests;

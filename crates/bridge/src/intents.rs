//! What is to be done on a root chain, once each, across any crash.
//!
//! An intent has a key that follows from what it is, and at most one attempt that may still happen. Its attempt is on disk before it is sent:
//!
//! ```text
//! prepared -> sent <-> included -> final | dead -> closed
//! ```
//!
//! `included` goes back to `sent` if its block was reverted. From `final` and `dead` on nothing of the attempt comes any more; only then, and
//! after a look at the final state of the contract, is the intent closed or tried again. Whatever was on disk when the process ended, it goes on
//! from there with the same bytes: a prepared attempt may have been sent or not, and is sent (again).

use crate::{
    files::{self, StoreError},
    root::{
        Attempt, AttemptStatus, BroadcastVerdict, Ending, FeePolicy, Intent, RootChain, RootChainId, RootError, Slot,
    },
};
use alloy_primitives::U256;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, VecDeque},
    path::PathBuf,
    time::Duration,
};
use tokio::time::Instant;

/// As many closed intents are kept, for people.
const CLOSED: usize = 64;
/// Fees are kept as long, to see how long the balance lasts. Unit: milliseconds.
const FEES_KEPT: u64 = 7 * 24 * 60 * 60 * 1_000;
/// The same bytes are sent again after this time (docs/tron.md, section 3).
const RESEND: Duration = Duration::from_secs(10);
/// What is refused is sent again after twice the time each, up to this.
const RESEND_REFUSED: Duration = Duration::from_secs(600);
/// A transaction that waits as long may pay more.
const BUMP_AFTER: Duration = Duration::from_secs(60);

/// Where an attempt stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "lowercase")]
pub enum Stage {
    /// Signed and kept; perhaps sent.
    Prepared,
    /// Sent at least once.
    Sent,
    /// In a block that may be reverted.
    Included {
        /// Its height.
        block: u64,
    },
    /// In a final block.
    Final {
        /// Its height.
        block: u64,
        /// How it ended.
        ending: Ending,
    },
    /// It never happens.
    Dead {
        /// Why.
        why: String,
    },
}

impl Stage {
    /// Whether the attempt may still happen, or change.
    pub const fn is_live(&self) -> bool {
        matches!(self, Self::Prepared | Self::Sent | Self::Included { .. })
    }

    /// Whether `next` may follow.
    pub const fn may_become(&self, next: &Self) -> bool {
        match (self, next) {
            (Self::Final { .. } | Self::Dead { .. }, _) | (_, Self::Prepared) => false,
            (Self::Prepared, Self::Included { .. }) => true,
            _ => true,
        }
    }

    /// In a word.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Prepared => "prepared",
            Self::Sent => "sent",
            Self::Included { .. } => "included",
            Self::Final { .. } => "final",
            Self::Dead { .. } => "dead",
        }
    }
}

/// An intent with its attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// What is to be done.
    pub intent: Intent,
    /// The one attempt that may happen.
    pub attempt: Attempt,
    /// Where it stands.
    pub stage: Stage,
    /// How many attempts there were, this one included.
    pub attempts: u32,
    /// What the endpoints said last, if they would not have it.
    pub refused: Option<String>,
}

/// How an intent ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", content = "why", rename_all = "snake_case")]
pub enum Outcome {
    /// We did it.
    Done,
    /// Somebody else did it.
    ByAnother,
    /// It was not done, and cost a fee.
    Failed(String),
    /// It was not done, and cost nothing.
    Dropped(String),
}

/// An intent that is no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    /// Its key.
    pub key: String,
    /// How it ended.
    pub outcome: Outcome,
    /// How many attempts there were.
    pub attempts: u32,
}

/// What is on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookData {
    /// Of which root chain.
    pub root: RootChainId,
    /// Intents that are not closed, by key.
    pub open: BTreeMap<String, Entry>,
    /// The last ones that are, the newest last.
    pub closed: VecDeque<Closed>,
    /// The block that checkpoints are about until it is done or given up.
    pub pinned: Option<u64>,
    /// Most signatures of a transaction, after one took too long.
    pub most_signatures: Option<usize>,
    /// Failures in a row.
    pub failures: u32,
    /// After a failure nothing new before this time of the root chain. Unit: milliseconds.
    pub rest_until: u64,
    /// What was paid lately, and when by the root chain's time. Unit: milliseconds, the smallest of the coin.
    pub paid: VecDeque<(u64, U256)>,
}

/// Intents of one root chain, in a file. What is in memory is on disk.
#[derive(Debug)]
pub struct Book {
    path: PathBuf,
    data: BookData,
}

impl Book {
    /// Opens the file at `path`, or begins one.
    pub fn open(path: PathBuf, root: RootChainId) -> Result<Self, StoreError> {
        let remedy = "put a copy of it back; without one, wait until no transaction of the relayer's key is on its way on the root chain (ten minutes on TRON, none pending on Ethereum), then delete it";
        let data = match files::read::<BookData>(&path, remedy)? {
            Some(data) if data.root != root => {
                let why = format!("it is about {}, the relayer is set up for {root}", data.root);
                let remedy = "give each root chain a folder of its own";
                return Err(StoreError::Damaged { path, why, remedy });
            }
            Some(data) => data,
            None => BookData {
                root,
                open: BTreeMap::new(),
                closed: VecDeque::new(),
                pinned: None,
                most_signatures: None,
                failures: 0,
                rest_until: 0,
                paid: VecDeque::new(),
            },
        };
        Ok(Self { path, data })
    }

    /// What is on disk.
    pub const fn data(&self) -> &BookData {
        &self.data
    }

    /// Changes it, on disk first.
    pub fn change(&mut self, change: impl FnOnce(&mut BookData)) -> Result<(), StoreError> {
        let mut next = self.data.clone();
        change(&mut next);
        if next != self.data {
            files::write(&self.path, &next)?;
            self.data = next;
        }
        Ok(())
    }

    /// Attempts that may still happen.
    pub fn live(&self) -> Vec<Attempt> {
        self.data.open.values().filter(|entry| entry.stage.is_live()).map(|entry| entry.attempt.clone()).collect()
    }

    fn put(&mut self, entry: Entry) -> Result<(), StoreError> {
        self.change(|data| {
            data.open.insert(entry.intent.key.clone(), entry);
        })
    }

    fn advance(&mut self, key: &str, stage: Stage) -> Result<(), StoreError> {
        self.change(|data| {
            if let Some(entry) = data.open.get_mut(key).filter(|entry| entry.stage.may_become(&stage)) {
                entry.stage = stage;
            }
        })
    }

    /// Closes an intent whose attempt is final or dead. One that may still happen stays open.
    pub fn close(&mut self, key: &str, outcome: Outcome) -> Result<(), StoreError> {
        self.change(|data| {
            let Some(entry) = data.open.get(key).filter(|entry| !entry.stage.is_live()) else { return };
            let closed = Closed { key: key.to_owned(), outcome, attempts: entry.attempts };
            data.open.remove(key);
            data.closed.push_back(closed);
            while data.closed.len() > CLOSED {
                data.closed.pop_front();
            }
        })
    }
}

/// Why something cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The root chain.
    #[error(transparent)]
    Root(#[from] RootError),
    /// Our own files: nothing was sent.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// When an attempt was last sent.
#[derive(Clone, Copy, Debug)]
struct Sending {
    last: Instant,
    first: Instant,
    again: Duration,
}

/// Makes attempts of intents, and sends them until they are final or dead.
#[derive(Debug)]
pub struct Sender {
    book: Book,
    sending: BTreeMap<String, Sending>,
}

impl Sender {
    /// Goes on with what the book has.
    pub const fn new(book: Book) -> Self {
        Self { book, sending: BTreeMap::new() }
    }

    /// The intents.
    pub const fn book(&self) -> &Book {
        &self.book
    }

    /// The intents, to close them.
    pub const fn book_mut(&mut self) -> &mut Book {
        &mut self.book
    }

    /// Makes, keeps and sends an attempt of an intent that has none. An intent that is open already is left as it is.
    ///
    /// Errors: what [`RootChain::prepare`] says, [`RootError::Reverted`] before all; then nothing was kept or sent.
    pub async fn begin<R: RootChain>(&mut self, root: &R, intent: Intent, fee: &FeePolicy) -> Result<bool, SendError> {
        if self.book.data.open.contains_key(&intent.key) {
            return Ok(false);
        }
        let attempt = root.prepare(&intent, fee, &self.book.live()).await?;
        self.launch(root, Entry { intent, attempt, stage: Stage::Prepared, attempts: 1, refused: None }).await?;
        Ok(true)
    }

    /// A new attempt of an intent whose last one is final or dead, changed by `change`.
    pub async fn again<R: RootChain>(
        &mut self,
        root: &R,
        key: &str,
        fee: &FeePolicy,
        change: impl FnOnce(&mut Intent),
    ) -> Result<(), SendError> {
        let Some(entry) = self.book.data.open.get(key).filter(|entry| !entry.stage.is_live()) else { return Ok(()) };
        let (mut intent, attempts) = (entry.intent.clone(), entry.attempts.saturating_add(1));
        change(&mut intent);
        let attempt = root.prepare(&intent, fee, &self.book.live()).await?;
        self.launch(root, Entry { intent, attempt, stage: Stage::Prepared, attempts, refused: None }).await
    }

    async fn launch<R: RootChain>(&mut self, root: &R, entry: Entry) -> Result<(), SendError> {
        let key = entry.intent.key.clone();
        tracing::info!(root = %root.id(), key, id = %entry.attempt.version.id, attempt = entry.attempts, "sending to the root chain");
        self.book.put(entry)?;
        self.sending.remove(&key);
        self.broadcast(root, &key).await
    }

    /// Looks at every attempt that may still happen, and sends it again where needed. `now` is the root chain's time in milliseconds.
    ///
    /// Errors: the first one; the others were looked at all the same.
    pub async fn drive<R: RootChain>(&mut self, root: &R, fee: &FeePolicy, now: u64) -> Result<(), SendError> {
        let mut first = None;
        let keys: Vec<_> =
            self.book.data.open.iter().filter(|(_, entry)| entry.stage.is_live()).map(|(key, _)| key.clone()).collect();
        for key in keys {
            match self.drive_one(root, &key, fee, now).await {
                Err(error @ SendError::Store(_)) => return Err(error),
                Err(error) => first = first.or(Some(error)),
                Ok(()) => {}
            }
        }
        first.map_or(Ok(()), Err)
    }

    async fn drive_one<R: RootChain>(
        &mut self,
        root: &R,
        key: &str,
        fee: &FeePolicy,
        now: u64,
    ) -> Result<(), SendError> {
        let Some(entry) = self.book.data.open.get(key) else { return Ok(()) };
        match root.status(&entry.attempt).await? {
            AttemptStatus::Included { block } => self.book.advance(key, Stage::Included { block })?,
            AttemptStatus::Dead { why } => self.book.advance(key, Stage::Dead { why })?,
            AttemptStatus::Final { block, ending, fee, .. } => {
                self.book.change(|data| {
                    let stage = Stage::Final { block, ending };
                    let Some(entry) = data.open.get_mut(key).filter(|entry| entry.stage.may_become(&stage)) else {
                        return;
                    };
                    entry.stage = stage;
                    data.paid.push_back((now, fee));
                    data.paid.retain(|(time, _)| now.saturating_sub(*time) < FEES_KEPT);
                })?;
            }
            AttemptStatus::Unknown => {
                // Its block was reverted, or it was never sent.
                if matches!(entry.stage, Stage::Included { .. }) {
                    self.book.advance(key, Stage::Sent)?;
                }
                self.send_again(root, key, fee).await?;
            }
        }
        Ok(())
    }

    async fn send_again<R: RootChain>(&mut self, root: &R, key: &str, fee: &FeePolicy) -> Result<(), SendError> {
        let now = Instant::now();
        if let Some(sending) = self.sending.get(key) {
            if now.saturating_duration_since(sending.last) < sending.again {
                return Ok(());
            }
            let is_late = now.saturating_duration_since(sending.first) >= BUMP_AFTER;
            let entry = self.book.data.open.get(key).filter(|_| is_late);
            let bumps = entry.filter(|entry| matches!(entry.attempt.slot, Slot::Nonce(_))).cloned();
            if let Some(mut entry) = bumps
                && let Some(higher) = root.bump(&entry.attempt, fee).await?
            {
                entry.attempt = higher;
                entry.refused = None;
                self.book.put(entry)?;
                self.sending.remove(key);
            }
        }
        self.broadcast(root, key).await
    }

    async fn broadcast<R: RootChain>(&mut self, root: &R, key: &str) -> Result<(), SendError> {
        let Some(entry) = self.book.data.open.get(key) else { return Ok(()) };
        let verdict = root.broadcast(&entry.attempt).await;
        let now = Instant::now();
        let sending = self.sending.entry(key.to_owned()).or_insert(Sending { last: now, first: now, again: RESEND });
        sending.last = now;
        let refused = match &verdict {
            BroadcastVerdict::Accepted | BroadcastVerdict::Known => {
                sending.again = RESEND;
                None
            }
            BroadcastVerdict::RetrySame(why) | BroadcastVerdict::Rebuild(why) => {
                sending.again = RESEND;
                tracing::debug!(root = %root.id(), key, why, "the root chain cannot take it now");
                entry.refused.clone()
            }
            BroadcastVerdict::Refused(why) => {
                sending.again = sending.again.saturating_mul(2).min(RESEND_REFUSED);
                tracing::warn!(root = %root.id(), key, why, "the root chain refuses a transaction");
                Some(why.clone())
            }
        };
        self.book.change(|data| {
            if let Some(entry) = data.open.get_mut(key) {
                entry.refused = refused;
                if entry.stage == Stage::Prepared {
                    entry.stage = Stage::Sent;
                }
            }
        })?;
        Ok(())
    }
}

/// How many days the balance lasts if as much is paid as lately; none if nothing was paid. `now` in milliseconds.
pub fn days_left(balance: U256, paid: &VecDeque<(u64, U256)>, now: u64) -> Option<u64> {
    let first = paid.front()?.0;
    let sum = paid.iter().fold(U256::ZERO, |sum, (_, fee)| sum.saturating_add(*fee));
    // At least a day, so that the first payment does not count as the habit of a minute.
    let day = 24 * 60 * 60 * 1_000;
    let span = now.saturating_sub(first).max(day);
    let days = balance.saturating_mul(U256::from(span)).checked_div(sum.saturating_mul(U256::from(day)))?;
    Some(days.try_into().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests;

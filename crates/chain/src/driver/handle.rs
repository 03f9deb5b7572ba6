//! What others may ask of the driver.

use crate::{Chain, dev::Patch};
use alloy_primitives::{Address, Bytes, U256};
use bttc_primitives::{Fatal, Height};
use bttc_storage::{HistoryError, Pruned};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// When blocks are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mining {
    /// As soon as a transaction can be included.
    OnDemand,
    /// At an interval, also empty ones.
    Every(Duration),
    /// When asked.
    Manual,
}

#[derive(Debug)]
pub(super) enum Command {
    Mine { blocks: u64, interval: Option<u64>, timestamp: Option<u64> },
    SetMining(Mining),
    Patch(Patch),
    Snapshot,
    Revert(u64),
}

#[derive(Debug)]
pub(super) enum Answer {
    Done,
    Height(Height),
    Snapshot(u64),
    Reverted(Result<bool, Pruned>),
}

pub(super) type Request = (Command, oneshot::Sender<Result<Answer, Fatal>>);

/// A way to the driver: cheap to clone.
#[derive(Clone, Debug)]
pub struct DriverHandle {
    pub(super) chain: Chain,
    pub(super) requests: mpsc::Sender<Request>,
    pub(super) mining: std::sync::Arc<parking_lot::Mutex<Mining>>,
}

impl DriverHandle {
    async fn ask(&self, command: Command) -> Result<Answer, Fatal> {
        let (sender, answer) = oneshot::channel();
        let gone = |_| Fatal::new("the block driver has stopped");
        self.requests.send((command, sender)).await.map_err(|_| Fatal::new("the block driver has stopped"))?;
        answer.await.map_err(gone)?
    }

    /// Makes blocks now and answers with the new height.
    ///
    /// `interval` is the time between them in seconds, `timestamp` that of the first.
    pub async fn mine(&self, blocks: u64, interval: Option<u64>, timestamp: Option<u64>) -> Result<Height, Fatal> {
        match self.ask(Command::Mine { blocks, interval, timestamp }).await? {
            Answer::Height(height) => Ok(height),
            _ => Err(Fatal::new("the block driver answered another question")),
        }
    }

    /// Says when blocks are made from now on.
    pub async fn set_mining(&self, mining: Mining) -> Result<(), Fatal> {
        self.ask(Command::SetMining(mining)).await.map(drop)
    }

    /// When blocks are made.
    pub fn mining(&self) -> Mining {
        *self.mining.lock()
    }

    /// Time that the next block would get. Unit: seconds.
    pub fn now(&self) -> u64 {
        self.chain.clock().now()
    }

    /// Moves the clock and answers with its distance from local time. Unit: seconds.
    pub fn increase_time(&self, seconds: i64) -> i64 {
        self.chain.clock().advance(seconds)
    }

    /// Sets the clock; it goes on from there. Unit: seconds.
    pub fn set_time(&self, seconds: u64) {
        self.chain.clock().set(seconds);
    }

    /// Fixes the time of the next block.
    ///
    /// Errors: a sentence, if it lies before the head's.
    pub fn set_next_timestamp(&self, seconds: u64) -> Result<(), String> {
        let head = self.chain.head().header.timestamp;
        if seconds < head {
            return Err(format!("timestamp {seconds} is before that of the latest block, {head}"));
        }
        self.chain.clock().set_next(seconds);
        Ok(())
    }

    /// Sets the balance of an account in the newest state. Unit: wei.
    pub async fn set_balance(&self, address: Address, balance: U256) -> Result<(), Fatal> {
        self.ask(Command::Patch(Patch::Balance(address, balance))).await.map(drop)
    }

    /// Sets the nonce of an account in the newest state.
    pub async fn set_nonce(&self, address: Address, nonce: u64) -> Result<(), Fatal> {
        self.ask(Command::Patch(Patch::Nonce(address, nonce))).await.map(drop)
    }

    /// Sets the code of an account in the newest state.
    pub async fn set_code(&self, address: Address, code: Bytes) -> Result<(), Fatal> {
        self.ask(Command::Patch(Patch::Code(address, code))).await.map(drop)
    }

    /// Sets a storage slot in the newest state.
    pub async fn set_storage_at(&self, address: Address, slot: U256, value: U256) -> Result<(), Fatal> {
        self.ask(Command::Patch(Patch::Storage(address, slot, value))).await.map(drop)
    }

    /// Remembers the present state; the number names it in [`Self::revert`].
    pub async fn snapshot(&self) -> Result<u64, Fatal> {
        match self.ask(Command::Snapshot).await? {
            Answer::Snapshot(id) => Ok(id),
            _ => Err(Fatal::new("the block driver answered another question")),
        }
    }

    /// Goes back to a snapshot, which is used up with all that came after it. False if there is none of that number.
    ///
    /// Errors: [`HistoryError::Pruned`] if what it needs is no longer kept; nothing has changed then.
    pub async fn revert(&self, snapshot: u64) -> Result<bool, HistoryError> {
        match self.ask(Command::Revert(snapshot)).await? {
            Answer::Reverted(done) => Ok(done?),
            _ => Err(Fatal::new("the block driver answered another question").into()),
        }
    }
}

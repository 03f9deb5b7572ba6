//! The transactions of one account.
//!
//! Two nonces split them, so that no transaction needs to remember its part:
//!
//! ```text
//!     state.nonce        pending_end           run_end
//!         |   pending         |     base fee      |   queued ...
//! ```
//!
//! `[nonce, run_end)` is the *run*: without a gap, and payable by the balance all together. Its transactions up to the first
//! whose fee cap is below the base fee are pending. Every operation costs what it moves across one of the two borders.

use crate::{Part, PoolTransaction, transaction::Fees, validate::SenderState};
use alloy_primitives::U256;
use std::{collections::BTreeMap, sync::Arc};

/// What is kept of a sender beside its transactions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SenderMeta {
    pub(crate) state: SenderState,
    /// Gives way to nobody when the pool is full.
    pub(crate) exempt: bool,
    /// Block time at which it last got a transaction or moved on. Unit: seconds.
    pub(crate) since: u64,
}

/// How many transactions stand in each part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Run in the next block if there is room.
    pub pending: usize,
    /// Wait for a lower base fee.
    pub base_fee: usize,
    /// Wait for an earlier nonce or for balance.
    pub queued: usize,
}

#[derive(Debug)]
pub(crate) struct Sender {
    pub(crate) meta: SenderMeta,
    txs: BTreeMap<u64, Arc<PoolTransaction>>,
    bytes: usize,
    run_end: u64,
    run_cost: U256,
    pending_end: u64,
    /// Where the indices of the pool have it.
    pub(crate) placed: Placement,
    /// Transactions looked at, for tests of how much work is done.
    pub(crate) steps: u64,
}

/// What the indices of the pool hold about a sender.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Placement {
    pub(crate) counts: Counts,
    pub(crate) head: Option<Fees>,
    /// The highest nonce, unless the sender is exempt from eviction.
    pub(crate) tail: Option<(Part, Fees)>,
    /// Since when it waits with something queued, unless it is exempt. Unit: seconds.
    pub(crate) waiting: Option<u64>,
}

impl Sender {
    pub(crate) fn new(meta: SenderMeta) -> Self {
        let nonce = meta.state.nonce;
        Self {
            meta,
            txs: BTreeMap::new(),
            bytes: 0,
            run_end: nonce,
            run_cost: U256::ZERO,
            pending_end: nonce,
            placed: Placement::default(),
            steps: 0,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.txs.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.txs.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn get(&self, nonce: u64) -> Option<&Arc<PoolTransaction>> {
        self.txs.get(&nonce)
    }

    /// Nonce of the next transaction that could run.
    pub(crate) fn run_end(&self) -> u64 {
        self.run_end
    }

    pub(crate) fn pending_end(&self) -> u64 {
        self.pending_end
    }

    pub(crate) fn part(&self, nonce: u64) -> Part {
        if nonce < self.pending_end {
            Part::Pending
        } else if nonce < self.run_end {
            Part::BaseFee
        } else {
            Part::Queued
        }
    }

    pub(crate) fn counts(&self) -> Counts {
        let pending = (self.pending_end - self.meta.state.nonce) as usize;
        let base_fee = (self.run_end - self.pending_end) as usize;
        Counts { pending, base_fee, queued: self.txs.len() - pending - base_fee }
    }

    /// What the indices should hold.
    pub(crate) fn placement(&self) -> Placement {
        let counts = self.counts();
        let given = |tx: &Arc<PoolTransaction>| (self.part(tx.nonce()), tx.fees());
        Placement {
            counts,
            head: self.head().map(|tx| tx.fees()),
            tail: self.tail().filter(|_| !self.meta.exempt).map(given),
            waiting: (counts.queued > 0 && !self.meta.exempt).then_some(self.meta.since),
        }
    }

    /// The first transaction, if it is pending.
    pub(crate) fn head(&self) -> Option<&Arc<PoolTransaction>> {
        (self.pending_end > self.meta.state.nonce).then(|| self.txs.get(&self.meta.state.nonce)).flatten()
    }

    /// The transaction with the highest nonce.
    pub(crate) fn tail(&self) -> Option<&Arc<PoolTransaction>> {
        self.txs.last_key_value().map(|(_, tx)| tx)
    }

    /// Transactions in the order of their nonces.
    pub(crate) fn transactions(&self) -> impl Iterator<Item = &Arc<PoolTransaction>> {
        self.txs.values()
    }

    /// Transactions of the run from `nonce` on.
    pub(crate) fn run_from(&self, nonce: u64) -> impl Iterator<Item = &Arc<PoolTransaction>> {
        self.txs.range(nonce.min(self.run_end)..self.run_end).map(|(_, tx)| tx)
    }

    /// Puts a transaction in, in the place of the one with its nonce. [`Sender::settle`] must follow.
    pub(crate) fn put(&mut self, tx: Arc<PoolTransaction>) -> Option<Arc<PoolTransaction>> {
        let nonce = tx.nonce();
        if nonce < self.run_end {
            let old = self.txs.get(&nonce).map_or(U256::ZERO, |old| old.cost());
            match (self.run_cost - old).checked_add(tx.cost()) {
                Some(cost) => self.run_cost = cost,
                None => self.cut(nonce),
            }
        }
        self.bytes += tx.footprint();
        let cap = tx.fee_cap();
        let old = self.txs.insert(nonce, tx)?;
        self.bytes -= old.footprint();
        if cap < old.fee_cap() {
            // A refused replacement is undone: the one before may be below the base fee.
            self.block_from(nonce);
        }
        Some(old)
    }

    /// Takes a transaction out. [`Sender::settle`] must follow.
    pub(crate) fn take(&mut self, nonce: u64) -> Option<Arc<PoolTransaction>> {
        self.cut(nonce);
        let tx = self.txs.remove(&nonce)?;
        self.bytes -= tx.footprint();
        Some(tx)
    }

    /// Ends the run before `nonce`.
    fn cut(&mut self, nonce: u64) {
        if nonce >= self.run_end {
            return;
        }
        for tx in self.txs.range(nonce..self.run_end).map(|(_, tx)| tx) {
            self.run_cost -= tx.cost();
            self.steps += 1;
        }
        self.run_end = nonce;
        self.pending_end = self.pending_end.min(nonce);
    }

    /// Takes over what a block made of the account; the answer is the transactions whose nonce is used up.
    pub(crate) fn set_state(&mut self, state: SenderState) -> Vec<Arc<PoolTransaction>> {
        let nonce = state.nonce;
        let before = self.meta.state.nonce;
        self.meta.state = state;
        if nonce < before {
            (self.run_end, self.pending_end, self.run_cost) = (nonce, nonce, U256::ZERO);
            return Vec::new();
        }
        let mut gone = Vec::new();
        while let Some(entry) = self.txs.first_entry().filter(|entry| *entry.key() < nonce) {
            let tx = entry.remove();
            self.bytes -= tx.footprint();
            self.steps += 1;
            if tx.nonce() < self.run_end {
                self.run_cost -= tx.cost();
            }
            gone.push(tx);
        }
        self.run_end = self.run_end.max(nonce);
        self.pending_end = self.pending_end.max(nonce);
        gone
    }

    /// The transaction with `nonce` has come below the base fee.
    pub(crate) fn block_from(&mut self, nonce: u64) {
        self.pending_end = self.pending_end.min(nonce.max(self.meta.state.nonce));
    }

    /// Moves both borders to where they belong; `ready` gets what became pending.
    pub(crate) fn settle(&mut self, base_fee: u64, ready: &mut Vec<Arc<PoolTransaction>>) {
        let balance = self.meta.state.balance;
        while self.run_cost > balance {
            // A cost above nothing comes from a transaction of the run.
            let Some(tx) = self.txs.get(&(self.run_end - 1)) else { break };
            self.run_cost -= tx.cost();
            self.run_end -= 1;
            self.steps += 1;
        }
        for (nonce, tx) in self.txs.range(self.run_end..) {
            let cost = self.run_cost.checked_add(tx.cost()).filter(|cost| *cost <= balance);
            let (true, Some(cost)) = (*nonce == self.run_end, cost) else { break };
            self.run_cost = cost;
            self.run_end += 1;
            self.steps += 1;
        }
        self.pending_end = self.pending_end.min(self.run_end);
        for tx in self.txs.range(self.pending_end..self.run_end).map(|(_, tx)| tx) {
            if tx.fee_cap() < base_fee.into() {
                break;
            }
            self.pending_end += 1;
            self.steps += 1;
            ready.push(tx.clone());
        }
    }
}

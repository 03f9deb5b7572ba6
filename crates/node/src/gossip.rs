//! Between pool and network: our transactions out, those of peers in (docs/architecture.md, section 5).
//!
//! Out go transactions that entered here, as soon as they can run, and again from time to time until they are in a block: a node that was not there the first time
//! would never hear of them. Those of peers are passed on by gossip itself once they are judged. In come batches; their signatures are recovered on threads for such work, a
//! bounded number of transactions at a time, while what follows waits in the network's bounded queue.

use alloy_eips::eip2718::{Decodable2718, Encodable2718};
use alloy_primitives::{keccak256, map::B256Map};
use bttc_consensus::{Acceptance, PeerId, Transport};
use bttc_network::{NetworkHandle, transactions::TransactionBatch};
use bttc_primitives::{Fatal, Recovered, Transaction};
use bttc_txpool::{AddError, InvalidTransaction, Origin, Part, Pool, PoolEvent, PoolTransaction};
use bytes::Bytes;
use futures::FutureExt;
use std::time::Duration;
use tokio::{
    sync::broadcast::error::{RecvError, TryRecvError},
    time::MissedTickBehavior,
};
use tokio_util::sync::CancellationToken;

/// Transactions that are recovered and added at once, about.
const AT_ONCE: usize = 2_048;
/// Transactions of ours that are told again until they are in a block.
const MOST_OURS: usize = 4_096;
/// After a telling this long nothing is told, so that what comes fast goes in few messages and does not wake this task one by one.
const PAUSE: Duration = Duration::from_millis(2);
/// Time between tellings; longer than the network remembers duplicates.
const AGAIN_EVERY: Duration = Duration::from_secs(45);

/// The service that moves transactions.
pub struct Gossip {
    pool: Pool,
    network: NetworkHandle,
    /// Told and not yet in a block, as bytes on the wire.
    ours: B256Map<Bytes>,
}

impl std::fmt::Debug for Gossip {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Gossip({:?}, {} told)", self.network, self.ours.len())
    }
}

impl Gossip {
    /// Between `pool` and `network`.
    pub fn new(pool: Pool, network: NetworkHandle) -> Self {
        Self { pool, network, ours: B256Map::default() }
    }

    /// Moves transactions until `shutdown`, or until the network has ended.
    ///
    /// Errors: the state could not be read to judge a transaction.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), Fatal> {
        let taking = take(self.pool.clone(), self.network.clone());
        tokio::select! {
            () = shutdown.cancelled() => Ok(()),
            result = taking => {
                // The network ends with the node; until then this service has to be there.
                result?;
                shutdown.cancelled().await;
                Ok(())
            }
            () = self.tell() => Ok(()),
        }
    }

    /// Tells others of our transactions.
    async fn tell(mut self) {
        let mut events = self.pool.subscribe();
        let mut again = tokio::time::interval(AGAIN_EVERY);
        again.set_missed_tick_behavior(MissedTickBehavior::Delay);
        again.tick().await;
        // Those of the last run are in the pool already.
        self.tell_all();
        loop {
            let event = tokio::select! {
                event = events.recv() => event,
                _ = again.tick() => {
                    self.ours.retain(|hash, _| self.pool.contains(hash));
                    self.network.broadcast_transactions(self.ours.values().cloned());
                    continue;
                }
            };
            let mut fresh = Vec::new();
            let mut missed = false;
            match event {
                Ok(event) => self.follow(event, &mut fresh),
                Err(RecvError::Lagged(_)) => missed = true,
                // The pool has gone: the node is stopping.
                Err(RecvError::Closed) => return std::future::pending().await,
            }
            // What is there by now goes in one message.
            while fresh.len() < AT_ONCE {
                match events.try_recv() {
                    Ok(event) => self.follow(event, &mut fresh),
                    Err(TryRecvError::Lagged(_)) => missed = true,
                    Err(TryRecvError::Empty | TryRecvError::Closed) => break,
                }
            }
            self.network.broadcast_transactions(fresh);
            if missed {
                self.tell_all();
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn follow(&mut self, event: PoolEvent, fresh: &mut Vec<Bytes>) {
        match event {
            PoolEvent::Added(tx, Part::Pending | Part::BaseFee) | PoolEvent::Ready(tx) => fresh.extend(self.note(&tx)),
            PoolEvent::Added(_, Part::Queued) => {}
            PoolEvent::Dropped { hash, .. } => drop(self.ours.remove(&hash)),
        }
    }

    /// The bytes to tell, if the transaction is ours and new.
    fn note(&mut self, tx: &PoolTransaction) -> Option<Bytes> {
        if tx.origin() != Origin::Local || self.ours.contains_key(&tx.hash()) {
            return None;
        }
        let raw = Bytes::from(tx.tx.inner().encoded_2718());
        if self.ours.len() < MOST_OURS {
            self.ours.insert(tx.hash(), raw.clone());
        }
        Some(raw)
    }

    /// Looks through the whole pool for what was not told.
    fn tell_all(&mut self) {
        let content = self.pool.content();
        let all = content.values().flat_map(|account| account.pending.iter().chain(&account.base_fee));
        let fresh: Vec<Bytes> = all.filter_map(|tx| self.note(tx)).collect();
        self.network.broadcast_transactions(fresh);
    }
}

/// Takes in what peers tell.
async fn take(pool: Pool, network: NetworkHandle) -> Result<(), Fatal> {
    while let Some(batch) = network.next_transactions().await {
        let mut count = batch.transactions.len();
        let mut batches = vec![batch];
        while count < AT_ONCE
            && let Some(Some(more)) = network.next_transactions().now_or_never()
        {
            count += more.transactions.len();
            batches.push(more);
        }
        let pool = pool.clone();
        let judge = move || batches.into_iter().map(|batch| Ok((batch.id, add(&pool, &batch)?))).collect();
        let judged: Result<Vec<_>, Fatal> = tokio::task::spawn_blocking(judge)
            .await
            .map_err(|error| Fatal::while_doing("judging transactions of peers", error))?;
        for (id, acceptance) in judged? {
            network.judge(id, acceptance);
        }
    }
    Ok(())
}

/// Adds a batch to the pool. One transaction that no honest node passes on makes the batch worthless; one that is new makes it worth telling on.
fn add(pool: &Pool, batch: &TransactionBatch) -> Result<Acceptance, Fatal> {
    let decoded: Result<Vec<Transaction>, _> =
        batch.transactions.iter().map(|raw| Transaction::decode_2718_exact(raw)).collect();
    let Ok(transactions) = decoded else { return Ok(Acceptance::Reject) };
    let Ok(senders) = pool.senders_of(&transactions) else { return Ok(Acceptance::Reject) };
    let recovered = transactions.into_iter().zip(senders).map(|(tx, sender)| Recovered::new_unchecked(tx, sender));
    let mut acceptance = Acceptance::Ignore;
    for result in pool.add_many(recovered.collect(), Origin::Peer(number(&batch.from))) {
        match result {
            Ok(_) if acceptance == Acceptance::Ignore => acceptance = Acceptance::Accept,
            Ok(_) => {}
            Err(AddError::Invalid(why)) if is_hopeless(&why) => acceptance = Acceptance::Reject,
            Err(AddError::Invalid(_)) => {}
            Err(AddError::Fatal(fatal)) => return Err(fatal),
        }
    }
    Ok(acceptance)
}

/// Whether no state of the chain would make the transaction right, so that whoever passed it on had not looked.
const fn is_hopeless(why: &InvalidTransaction) -> bool {
    matches!(
        why,
        InvalidTransaction::Blob
            | InvalidTransaction::ChainId { .. }
            | InvalidTransaction::Oversized { .. }
            | InvalidTransaction::InitcodeSize { .. }
            | InvalidTransaction::IntrinsicGas { .. }
            | InvalidTransaction::FloorGas { .. }
            | InvalidTransaction::TipAboveCap { .. }
            | InvalidTransaction::NoAuthorizations
            | InvalidTransaction::NonceAtMax
    )
}

/// The peer as the pool numbers it.
fn number(peer: &PeerId) -> u64 {
    let mut number = [0; 8];
    number.copy_from_slice(&keccak256(&peer.0)[..8]);
    u64::from_be_bytes(number)
}

#[cfg(test)]
mod tests;

//! At a given rate: every transaction has its time, whether the node is ready or not.
//!
//! The latency of a transaction counts from the time it was due, so that a node that is slow to answer does not make its own latencies look better
//! by delaying what is sent. It ends when the node that took it shows the block with it, and with that the receipt.

use super::{
    saturate::{Answers, joined},
    stand::{Stand, requests},
    target::spent,
};
use crate::{http::Connection, samples::Samples};
use alloy_primitives::B256;
use bttc_primitives::{Recovered, Transaction};
use eyre::{OptionExt, Result};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// A load at a fixed rate.
#[derive(Clone, Debug, Default)]
pub struct Paced {
    /// Unit: transactions a second.
    pub rate: f64,
    /// Transactions that were handed in.
    pub sent: u64,
    /// Transactions that the node refused.
    pub rejected: u64,
    /// The first refusal, as the node put it.
    pub refusal: Option<String>,
    /// Transactions that the node took and never showed in a block.
    pub lost: u64,
    /// From the time a transaction was due to its receipt.
    pub receipts: Samples,
    /// CPU time of the node's processes, as a share of one core.
    pub cores: Option<f64>,
}

/// Between two looks for a new block.
const LOOK: Duration = Duration::from_millis(1);

/// After so long without a wanted transaction it counts as lost: all of them are in blocks of the first node by then, or never will be.
const GRACE: Duration = Duration::from_secs(5);

/// A transaction that was taken, and when it was due.
type Taken = (B256, Instant);

impl Stand {
    /// Hands transactions in at `rate` a second for so long, or until told to stop, and waits for their blocks.
    pub fn paced(&self, rate: f64, length: Duration, stop: &AtomicBool) -> Result<Paced> {
        let mut connection = self.target.connect(0)?;
        let before = self.nonces(&mut connection)?;
        let senders = before.len().max(1);
        let each = ((rate * length.as_secs_f64() / senders as f64).ceil() as usize).max(1);
        let lots = self.sign(&mut connection, each)?;
        let bodies = requests(&lots, 1);
        // Before anything is sent, so that no block is missed.
        let height = connection.quantity("eth_blockNumber", json!([]))?;
        let wanted = OnceLock::new();
        let (cpu, began) = (self.target.cpu()?, Instant::now());
        let (sent, blocks, cores) = thread::scope(|scope| {
            let wanted = &wanted;
            let urls = 0..self.target.urls.len();
            let watching: Vec<_> =
                urls.map(|at| scope.spawn(move || watch(self.target.connect(at)?, height, wanted))).collect();
            let sending: Vec<_> = lots
                .iter()
                .zip(&bodies)
                .enumerate()
                .map(|(at, lot)| {
                    let due = move |n: usize| began + Duration::from_secs_f64((n * senders + at) as f64 / rate);
                    scope.spawn(move || send(self.target.connect(at)?, lot, due, stop))
                })
                .collect();
            let sent = sending.into_iter().map(joined).collect::<Result<Vec<_>>>();
            let waited = sent.and_then(|sent| {
                let accepted = sent.iter().map(|(taken, _)| taken.len() as u64).sum();
                let inclusion = self.await_inclusion(&mut connection, &before, accepted)?;
                Ok((sent, spent(cpu, inclusion.cpu), inclusion.at))
            });
            // Without it the watchers would never end.
            let all = waited.iter().flat_map(|(sent, ..)| sent.iter().flat_map(|(taken, _)| taken));
            wanted.get_or_init(|| all.map(|(hash, _)| *hash).collect());
            let blocks = watching.into_iter().map(joined).collect::<Result<Vec<_>>>()?;
            let (sent, cpu, at) = waited?;
            let cores = cpu.map(|cpu| cpu as f64 / 1e6 / at.duration_since(began).as_secs_f64().max(1e-9));
            Ok::<_, eyre::Report>((sent, blocks, cores))
        })?;
        let mut paced = Paced { rate, cores, ..Paced::default() };
        for ((taken, answers), seen) in sent.into_iter().zip(blocks.iter().cycle()) {
            paced.sent += taken.len() as u64 + answers.rejected;
            paced.rejected += answers.rejected;
            paced.refusal = paced.refusal.take().or(answers.refusal);
            for (hash, due) in taken {
                match seen.get(&hash) {
                    Some(at) => paced.receipts.answered(at.duration_since(due)),
                    None => paced.lost += 1,
                }
            }
        }
        Ok(paced)
    }
}

/// Sends each transaction when it is due, or at once if it was due before.
fn send(
    mut connection: Connection,
    (lot, bodies): (&Vec<Recovered<Transaction>>, &Vec<Vec<u8>>),
    due: impl Fn(usize) -> Instant,
    stop: &AtomicBool,
) -> Result<(Vec<Taken>, Answers)> {
    let (mut taken, mut answers) = (Vec::with_capacity(lot.len()), Answers::default());
    for (n, (tx, body)) in lot.iter().zip(bodies).enumerate() {
        let due = due(n);
        thread::sleep(due.saturating_duration_since(Instant::now()));
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let before = answers.rejected;
        answers.count(&connection.post(body)?)?;
        if answers.rejected == before {
            taken.push((*tx.inner().tx_hash(), due));
        }
    }
    Ok((taken, answers))
}

/// When the node first showed each transaction in a block above `height`, until it has shown all that are wanted, once these are known.
///
/// It may show the last ones a little later than their senders' nonces, and later than another node of its network.
fn watch(mut connection: Connection, mut height: u64, wanted: &OnceLock<Vec<B256>>) -> Result<HashMap<B256, Instant>> {
    let mut seen = HashMap::new();
    let mut known = None;
    loop {
        let head = connection.quantity("eth_blockNumber", json!([]))?;
        for number in height + 1..=head {
            let block = connection.call("eth_getBlockByNumber", json!([format!("{number:#x}"), false]))?;
            let at = Instant::now();
            for hash in
                block.get("transactions").and_then(Value::as_array).ok_or_eyre("a block without transactions")?
            {
                seen.insert(hash.as_str().ok_or_eyre("a hash that is no text")?.parse()?, at);
            }
        }
        if head > height {
            height = head;
            continue;
        }
        if let Some(wanted) = wanted.get() {
            let since = known.get_or_insert_with(Instant::now);
            if since.elapsed() > GRACE || wanted.iter().all(|hash| seen.contains_key(hash)) {
                return Ok(seen);
            }
        }
        thread::sleep(LOOK);
    }
}

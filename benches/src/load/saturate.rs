//! As fast as the node takes them: senders hand in one request after the other, and only what is in blocks counts.

use super::{
    stand::{Stand, requests},
    target::{Nudge, spent},
};
use crate::http::Connection;
use eyre::Result;
use serde_json::Value;
use std::{
    thread::{self, ScopedJoinHandle},
    time::{Duration, Instant},
};

/// One round of a load.
#[derive(Clone, Debug, Default)]
pub struct Round {
    /// Transactions that are in blocks.
    pub included: u64,
    /// Transactions that the node refused.
    pub rejected: u64,
    /// The first refusal, as the node put it.
    pub refusal: Option<String>,
    /// Transactions that the node took and did not put into a block.
    pub lost: u64,
    /// From the first request to the last inclusion.
    pub wall: Duration,
    /// CPU time of the node's processes in that time. Unit: microseconds.
    pub cpu: Option<u64>,
}

impl Round {
    /// Included transactions a second.
    pub fn per_second(&self) -> f64 {
        self.included as f64 / self.wall.as_secs_f64().max(1e-9)
    }

    /// CPU time of each included transaction. Unit: microseconds.
    pub fn micros_each(&self) -> Option<f64> {
        Some(self.cpu? as f64 / self.included.max(1) as f64)
    }
}

/// What a node said to the transactions of one sender.
#[derive(Debug, Default)]
pub(super) struct Answers {
    pub(super) rejected: u64,
    pub(super) refusal: Option<String>,
}

impl Answers {
    /// Counts what refuses in the answer to one request.
    pub(super) fn count(&mut self, answer: &[u8]) -> Result<()> {
        let answer: Value = serde_json::from_slice(answer)?;
        let answers = answer.as_array().map_or(std::slice::from_ref(&answer), Vec::as_slice);
        for error in answers.iter().filter_map(|answer| answer.get("error")) {
            self.rejected += 1;
            self.refusal.get_or_insert_with(|| error.to_string());
        }
        Ok(())
    }

    pub(super) fn join(&mut self, other: Self) {
        self.rejected += other.rejected;
        self.refusal = self.refusal.take().or(other.refusal);
    }
}

/// After so long without progress a node that lets transactions lie is nudged.
const STILL: Duration = Duration::from_millis(50);
/// After so long without progress what is missing counts as lost.
const GIVE_UP: Duration = Duration::from_secs(10);
/// Between two looks at the nonces.
const LOOK: Duration = Duration::from_millis(2);

impl Stand {
    /// Hands in about `transactions` as fast as they are taken, `batch` in a request, and waits until they are in blocks.
    pub fn saturate(&self, transactions: usize, batch: usize) -> Result<Round> {
        let mut connection = self.target.connect(0)?;
        let before = self.nonces(&mut connection)?;
        let each = transactions.div_ceil(before.len().max(1)).max(1);
        let lots = requests(&self.sign(&mut connection, each)?, batch);
        let (cpu, began) = (self.target.cpu()?, Instant::now());
        let answers = thread::scope(|scope| {
            let senders = lots.iter().enumerate();
            let sending: Vec<_> =
                senders.map(|(at, lot)| scope.spawn(move || send(self.target.connect(at)?, lot))).collect();
            sending.into_iter().try_fold(Answers::default(), |mut all, task| {
                all.join(joined(task)?);
                Ok::<_, eyre::Report>(all)
            })
        })?;
        let accepted = (each * before.len()) as u64 - answers.rejected;
        let inclusion = self.await_inclusion(&mut connection, &before, accepted)?;
        let Inclusion { included, at, cpu: after } = inclusion;
        Ok(Round {
            included,
            rejected: answers.rejected,
            refusal: answers.refusal,
            lost: accepted.saturating_sub(included),
            wall: at.duration_since(began),
            cpu: spent(cpu, after),
        })
    }

    /// Waits until the senders' nonces have moved by `accepted`, or do not move any more.
    pub(super) fn await_inclusion(
        &self,
        connection: &mut Connection,
        before: &[u64],
        accepted: u64,
    ) -> Result<Inclusion> {
        let nudge = Nudge::of(connection);
        let mut last = Inclusion { included: 0, at: Instant::now(), cpu: self.target.cpu()? };
        let mut nudged = last.at;
        loop {
            let nonces = self.nonces(connection)?;
            let included = nonces.iter().zip(before).map(|(now, then)| now.saturating_sub(*then)).sum();
            let now = Instant::now();
            if included > last.included {
                last = Inclusion { included, at: now, cpu: self.target.cpu()? };
                nudged = now;
            }
            if included >= accepted || now.duration_since(last.at) > GIVE_UP {
                return Ok(last);
            }
            if now.duration_since(nudged) > STILL {
                nudge.mine(connection)?;
                nudged = now;
            }
            thread::sleep(LOOK);
        }
    }

    /// Rate of one uncounted and one counted round of single requests. Unit: included transactions a second.
    pub fn saturated_rate(&self, transactions: usize) -> Result<f64> {
        self.saturate(transactions, 1)?;
        Ok(self.saturate(transactions, 1)?.per_second())
    }
}

/// How far the inclusion of a load came, and when it came so far.
#[derive(Debug)]
pub(super) struct Inclusion {
    pub(super) included: u64,
    pub(super) at: Instant,
    pub(super) cpu: Option<u64>,
}

fn send(mut connection: Connection, bodies: &[Vec<u8>]) -> Result<Answers> {
    let mut answers = Answers::default();
    for body in bodies {
        answers.count(&connection.post(body)?)?;
    }
    Ok(answers)
}

/// What a thread came to.
pub(super) fn joined<T>(task: ScopedJoinHandle<'_, Result<T>>) -> Result<T> {
    task.join().map_err(|_| eyre::eyre!("a thread panicked"))?
}

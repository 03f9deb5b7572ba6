//! Checking everything that stands in the database (`bttc db verify`).
//!
//! Nothing is believed: every row is decoded and held against its own encoding, every index is followed both ways, and what can be computed
//! from other rows is computed again.
//!
//! 1. `metadata`: what the database says it is.
//! 2. `blocks`: headers, bodies, transactions, receipts, certificates and the indices over them, some hundred heights at a time. What only
//!    the rules of the chain can say of a block the caller says ([`BlockRules`]).
//! 3. `strays`: rows of the tables of step 2 that belong to no block; looked for where the counts differ or something was found.
//! 4. `state`: the newest state's root and trie nodes, built from the leaves alone.
//! 5. `history`: history rows one by one against the list of each height, and the oldest state that they lead back to, by its root.
//!
//! What is pruned is judged by the marks: below them nothing may be missed, and nothing may stand.
//!
//! It only reads, and may do so beside a running node. Steps 2 and 3 and the first half of 5 take a new snapshot every few seconds at
//! most; step 4 and the end of 5 need one snapshot of the whole state each, and meanwhile the file grows by what the node replaces.

mod blocks;
mod history;
mod metadata;
mod nodes;
mod old_state;
mod scan;
mod state;
mod strays;

use crate::{ReadTx, Storage, StoredProposal, tables::Table};
use bttc_primitives::{CommitCertificate, Fatal, Head, Height, RecoveredBlock};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// What to do about damage.
const REMEDY: &str = "stop the node, and restore the data directory from a backup or sync anew";

/// Something wrong in the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Name of the table.
    pub table: &'static str,
    /// The row's key: its parts as numbers, hashes and addresses between slashes, or in hex where it is none.
    pub key: String,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub remedy: &'static str,
}

/// Who is told of findings and of progress, on any thread.
pub trait Report: Sync {
    /// Something is wrong.
    fn finding(&self, finding: Finding);
    /// `done` of about `total` rows have been looked at.
    fn progress(&self, done: u64, total: u64);
}

/// Part of a block that a fault lies in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockPart {
    /// The header.
    Header,
    /// The body without its transactions.
    Body,
    /// A transaction or its sender, by position in the block.
    Transaction(usize),
    /// The receipts of the block.
    Receipts,
    /// The certificate.
    Certificate,
}

/// A committed block as it was read.
#[derive(Clone, Copy, Debug)]
pub struct CommittedBlock<'a> {
    /// The snapshot that it was read from.
    pub read: &'a ReadTx,
    /// The block before it; none of genesis.
    pub parent: Option<&'a Head>,
    /// The block with the senders that the database names; none if its body is damaged, or pruned.
    pub block: Option<&'a RecoveredBlock>,
    /// Its header and the hash in the database.
    pub head: &'a Head,
    /// What made it final, if there is such a row.
    pub certificate: Option<&'a CommitCertificate>,
}

/// The rules of the chain, as far as tables alone cannot tell.
pub trait BlockRules: Sync {
    /// Faults of a committed block.
    fn committed(&self, block: CommittedBlock<'_>) -> Vec<(BlockPart, String)>;
    /// Faults of an undecided block above the head.
    fn proposal(&self, head: &Head, proposal: &StoredProposal) -> Vec<String>;
}

/// What a check looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Height of the last block that was checked.
    pub head: Height,
    /// Rows of all tables when it began.
    pub rows: u64,
    /// Size of all tables when it began. Unit: bytes.
    pub bytes: u64,
    /// Number of findings.
    pub findings: u64,
}

/// Checks everything; findings go to `report`.
///
/// Errors: the database cannot be read at all, holds no chain, or was set back meanwhile (development chains).
pub fn verify(storage: &Storage, rules: &dyn BlockRules, report: &dyn Report) -> Result<Verified, Fatal> {
    let stats = storage.stats()?;
    let rows = stats.iter().fold(0u64, |sum, table| sum.saturating_add(table.entries));
    let bytes = stats.iter().fold(0u64, |sum, table| sum.saturating_add(table.bytes));
    let check = Check { storage, rules, report, total: rows, done: AtomicU64::new(0), found: Mutex::default() };
    metadata::check(&check)?;
    let mut head = Ok(0);
    rayon::scope(|scope| {
        scope.spawn(|_| check.part("HashedAccounts", state::check(&check)));
        scope.spawn(|_| check.part("ChangedRows", history::check(&check)));
        head = blocks::check(&check);
    });
    let findings = check.found().counts.values().sum();
    Ok(Verified { head: head?, rows, bytes, findings })
}

/// A check in progress.
struct Check<'a> {
    storage: &'a Storage,
    rules: &'a dyn BlockRules,
    report: &'a dyn Report,
    total: u64,
    done: AtomicU64,
    found: Mutex<Found>,
}

#[derive(Default)]
struct Found {
    counts: BTreeMap<&'static str, u64>,
    /// The first findings, so that what is met on two ways is told once.
    first: BTreeSet<(&'static str, String, String)>,
}

/// Findings compared with later ones.
const COMPARED: usize = 10_000;

impl Check<'_> {
    fn found(&self) -> std::sync::MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn finding_in(&self, table: &'static str, key: String, what: impl Into<String>) {
        let what = what.into();
        let mut found = self.found();
        if found.first.len() < COMPARED && !found.first.insert((table, key.clone(), what.clone())) {
            return;
        }
        let count = found.counts.entry(table).or_default();
        *count = count.saturating_add(1);
        drop(found);
        self.report.finding(Finding { table, key, what, remedy: REMEDY });
    }

    fn finding<T: Table>(&self, key: &T::Key, what: impl Into<String>) {
        use crate::codec::Key;
        self.finding_in(T::NAME, key.show(), what);
    }

    fn has_findings<T: Table>(&self) -> bool {
        self.found().counts.contains_key(T::NAME)
    }

    /// A part of the check that could not be ended is a finding too: what stands in the way is damage.
    fn part(&self, table: &'static str, result: Result<(), Fatal>) {
        if let Err(fatal) = result {
            self.finding_in(table, "-".to_owned(), format!("it cannot be checked to the end: {fatal}"));
        }
    }

    /// Counts rows that have been looked at.
    fn count(&self, rows: u64) {
        let done = self.done.fetch_add(rows, Ordering::Relaxed).saturating_add(rows);
        self.report.progress(done.min(self.total), self.total);
    }
}

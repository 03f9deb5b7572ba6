//! Blocks and the indices over them, block by block.
//!
//! Committed blocks do not change, so a stretch of them is checked in a snapshot of its own. Counts are compared at the end, in one
//! snapshot: every row that must be there was found, so a table with as many rows holds no other.

use super::{BlockPart, Check, CommittedBlock, scan::Scan, strays};
use crate::{
    History, Kept, ReadTx, StoredReceipt,
    codec::{BodyRow, HeaderRow, Key, TransactionPlace, TransactionRow},
    read::GENESIS_HASH_KEY,
    state_import::ANCESTORS,
    tables::{
        BlockBodies, Certificates, HeaderNumbers, Headers, LogAddresses, LogTopics, Metadata, Proposals, Receipts,
        Table, TransactionHashNumbers, Transactions,
    },
    write_block::log_keys,
};
use bttc_primitives::{
    Body, Fatal, Head, Header, Height, Receipt, RecoveredBlock, SealedBlock, logs_bloom, receipts_root,
};
use rayon::prelude::*;

/// Blocks checked in one snapshot by one thread.
const STRETCH: u64 = 256;
/// Headers that may be missing in a row below the head. Unit: blocks.
const LARGEST_HOLE: u64 = 1_000;

/// Checks every block up to the head; answers with its height.
pub(super) fn check(check: &Check<'_>) -> Result<Height, Fatal> {
    let read = check.storage.read()?;
    let Some(head) = head_height(&read)? else {
        return Err(Fatal::new("the database holds no chain yet; there is nothing to check"));
    };
    genesis(check, &read)?;
    drop(read);
    let starts: Vec<_> = (0..head).step_by(usize::try_from(STRETCH).unwrap_or(usize::MAX)).collect();
    let tallies = starts.into_par_iter().map(|start| {
        let read = check.storage.read()?;
        stretch(check, &read, start, start.saturating_add(STRETCH).min(head))
    });
    let tally = tallies.try_reduce(Tally::default, |one, other| Ok(one.plus(other)))?;
    the_end(check, head, tally)
}

/// Height of the head, whether its row is there or not: then its body is.
pub(super) fn head_height(read: &ReadTx) -> Result<Option<Height>, Fatal> {
    let begun = read.begun()?;
    Ok(last_height::<Headers>(read, begun)?.max(last_height::<BlockBodies>(read, begun)?))
}

/// The last height of a table. A single stray key far above the chain is none: with it the chain would be one hole.
fn last_height<T: Table<Key = u64>>(read: &ReadTx, begun: Height) -> Result<Option<Height>, Fatal> {
    let rows = read.rows();
    let count = rows.count::<T>()?.saturating_add(begun);
    let mut cursor = rows.cursor::<T>()?;
    let mut row = cursor.last_raw()?;
    while let Some((key, _)) = row {
        match u64::from_bytes(&key) {
            Ok(height) if height < count.saturating_add(LARGEST_HOLE) => return Ok(Some(height)),
            _ => row = cursor.previous_raw()?,
        }
    }
    Ok(count.checked_sub(1))
}

/// The genesis that the metadata names is the first block.
fn genesis(check: &Check<'_>, read: &ReadTx) -> Result<(), Fatal> {
    let Some(first) = check.require::<Headers>(read, &0)? else { return Ok(()) };
    // What is damaged there was told of already.
    if let Ok(Some(identity)) = read.identity()
        && identity.genesis_hash != first.hash
    {
        let what =
            format!("it names the genesis {}, that of the table Headers is {}", identity.genesis_hash, first.hash);
        check.finding_in(Metadata::NAME, GENESIS_HASH_KEY.to_owned(), what);
    }
    Ok(())
}

/// The head and what was committed meanwhile, and then what only the whole can tell.
fn the_end(check: &Check<'_>, from: Height, tally: Tally) -> Result<Height, Fatal> {
    let read = check.storage.read()?;
    let Some(head) = head_height(&read)?.filter(|head| *head >= from) else {
        return Err(Fatal::new("the chain was set back while it was checked; check it again when nobody does that"));
    };
    let tally = tally.plus(stretch(check, &read, from, head.saturating_add(1))?);
    proposals(check, &read, head)?;
    strays::check(check, &read, head, tally)?;
    Ok(head)
}

/// What a stretch of blocks must have put into the tables.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) transactions: u64,
    pub(super) log_addresses: u64,
    pub(super) log_topics: u64,
}

impl Tally {
    const fn plus(self, other: Self) -> Self {
        Self {
            transactions: self.transactions.saturating_add(other.transactions),
            log_addresses: self.log_addresses.saturating_add(other.log_addresses),
            log_topics: self.log_topics.saturating_add(other.log_topics),
        }
    }
}

/// Blocks from `start` to before `end`.
fn stretch(check: &Check<'_>, read: &ReadTx, start: Height, end: Height) -> Result<Tally, Fatal> {
    let mut parent = None;
    let mut next_tx = Some(0);
    if let Some(before) = start.checked_sub(1) {
        parent = check.get::<Headers>(read, &before)?.map(|HeaderRow { hash, header }| Head { hash, header });
        let body = check.get::<BlockBodies>(read, &before)?;
        next_tx = body.map(|body| body.first_tx.saturating_add(body.tx_count));
    }
    let (kept, begun) = (read.kept()?, read.begun()?);
    let mut tally = Tally::default();
    for height in start..end {
        if height > 0 && height < begun && height < begun.saturating_sub(ANCESTORS) {
            parent = None;
            continue;
        }
        let mut block = Block { check, read, kept, height, parent: parent.take(), next_tx, tally: Tally::default() };
        parent = if height > 0 && height < begun { block.check_ancestor()? } else { block.check()? };
        next_tx = block.next_tx;
        tally = tally.plus(block.tally);
    }
    Ok(tally)
}

/// One block being checked.
struct Block<'a> {
    check: &'a Check<'a>,
    read: &'a ReadTx,
    kept: Kept,
    height: Height,
    parent: Option<Head>,
    /// Number of the first transaction not yet seen, where the body before tells.
    next_tx: Option<u64>,
    tally: Tally,
}

impl Block<'_> {
    /// Answers with the header, to be the parent of the next block.
    fn check(&mut self) -> Result<Option<Head>, Fatal> {
        let (check, read, height) = (self.check, self.read, self.height);
        check.count(2);
        let header = check.require::<Headers>(read, &height)?;
        let body = if History::Blocks.check(self.kept.blocks, height).is_ok() {
            check.require::<BlockBodies>(read, &height)?
        } else {
            None
        };
        let certificate = check.get::<Certificates>(read, &height)?;
        if let Some(certificate) = &certificate {
            check.count(1);
            let named = (certificate.height, Some(certificate.block_hash));
            if named != (height, header.as_ref().map(|row| row.hash)) {
                check.finding::<Certificates>(&height, "it is for another block");
            }
        }
        let head = header.map(|HeaderRow { hash, header }| Head { hash, header });
        if let Some(head) = &head {
            self.header(head)?;
        }
        let body = match body {
            Some(body) => self.body(body, head.as_ref())?,
            None => {
                self.next_tx = None;
                None
            }
        };
        let Some(head) = head else { return Ok(None) };
        let block = body.map(|(body, senders)| {
            let block = SealedBlock::with_known_hash(head.hash, head.header.clone(), body);
            RecoveredBlock { block, senders }
        });
        let committed = CommittedBlock {
            read,
            parent: self.parent.as_ref(),
            block: block.as_ref(),
            head: &head,
            certificate: certificate.as_ref(),
        };
        for (part, what) in check.rules.committed(committed) {
            self.fault(part, what)?;
        }
        Ok(Some(head))
    }

    /// A header from before the imported state: there is no more of its block.
    fn check_ancestor(&mut self) -> Result<Option<Head>, Fatal> {
        self.check.count(2);
        let Some(HeaderRow { hash, header }) = self.check.require::<Headers>(self.read, &self.height)? else {
            return Ok(None);
        };
        let head = Head { hash, header };
        self.header(&head)?;
        Ok(Some(head))
    }

    fn fault(&self, part: BlockPart, what: String) -> Result<(), Fatal> {
        let (check, height) = (self.check, self.height);
        match part {
            BlockPart::Header => check.finding::<Headers>(&height, what),
            BlockPart::Body => check.finding::<BlockBodies>(&height, what),
            BlockPart::Certificate => check.finding::<Certificates>(&height, what),
            BlockPart::Transaction(index) => match self.read.rows().tx_number(height, index)? {
                Some(number) => check.finding::<Transactions>(&number, what),
                None => check.finding_in(Transactions::NAME, format!("of block {height}"), what),
            },
            BlockPart::Receipts => check.finding_in(Receipts::NAME, format!("of block {height}"), what),
        }
        Ok(())
    }

    fn header(&self, head: &Head) -> Result<(), Fatal> {
        let (check, height) = (self.check, self.height);
        let hash = head.header.hash_slow();
        if hash != head.hash {
            check.finding::<Headers>(&height, format!("its hash is {hash}, not {} as the row says", head.hash));
        }
        if head.header.number != height {
            check.finding::<Headers>(&height, format!("it is the header of height {}", head.header.number));
        }
        if self.parent.as_ref().is_some_and(|parent| parent.hash != head.header.parent_hash) {
            check.finding::<Headers>(&height, "its parent is not the block before it");
        }
        check.count(1);
        match check.require::<HeaderNumbers>(self.read, &head.hash)? {
            Some(number) if number != height => {
                check.finding::<HeaderNumbers>(&head.hash, format!("it says {number}, the block is at {height}"));
            }
            _ => {}
        }
        Ok(())
    }

    /// The body with its transactions and their receipts; none if something is missing.
    fn body(
        &mut self,
        row: BodyRow,
        head: Option<&Head>,
    ) -> Result<Option<(Body, Vec<alloy_primitives::Address>)>, Fatal> {
        let (check, height) = (self.check, self.height);
        let BodyRow { first_tx, tx_count, rest } = row;
        if !rest.transactions.is_empty() {
            check.finding::<BlockBodies>(&height, "transactions stand in it beside those of the table Transactions");
        }
        if let Some(expected) = self.next_tx.filter(|expected| *expected != first_tx) {
            check.finding::<BlockBodies>(&height, format!("its first transaction is {first_tx}, expected {expected}"));
        }
        self.next_tx = Some(first_tx.saturating_add(tx_count));
        self.tally.transactions = tx_count;
        // A damaged count must not be taken for work to do.
        let left = self.read.rows().count::<Transactions>()?.max(self.read.rows().count::<Receipts>()?);
        if tx_count > left {
            check.finding::<BlockBodies>(&height, format!("it has {tx_count} transactions, the whole database {left}"));
            return Ok(None);
        }
        let transactions = self.rows_of::<Transactions>(first_tx, tx_count)?;
        let receipts = self.rows_of::<Receipts>(first_tx, tx_count)?;
        if let Some(receipts) = &receipts {
            self.receipts(first_tx, receipts, transactions.as_deref(), head.map(|head| &head.header))?;
        }
        let Some(transactions) = transactions else { return Ok(None) };
        for (index, (number, row)) in (0u64..).zip((first_tx..).zip(&transactions)) {
            let expected = TransactionPlace { number, height, index };
            match check.require::<TransactionHashNumbers>(self.read, row.tx.tx_hash())? {
                Some(place) if place != expected => check.finding::<TransactionHashNumbers>(
                    row.tx.tx_hash(),
                    format!("it says {place:?}, the transaction stands at {expected:?}"),
                ),
                _ => {}
            }
        }
        check.count(tx_count);
        let (transactions, senders) =
            transactions.into_iter().map(|TransactionRow { sender, tx }| (tx, sender)).unzip();
        Ok(Some((Body { transactions, ..rest }, senders)))
    }

    /// `count` rows from `first` on; none if one of them is missing or broken.
    fn rows_of<T: Table<Key = u64>>(&self, first: u64, count: u64) -> Result<Option<Vec<T::Value>>, Fatal> {
        if count == 0 {
            return Ok(Some(Vec::new()));
        }
        let mut scan = Scan::<T>::new(self.check, self.read, &[])?;
        scan.seek(&first.to_be_bytes())?;
        let end = first.saturating_add(count);
        let (mut rows, mut expected) = (Vec::new(), first);
        while expected < end {
            let found = scan.next()?.filter(|(number, _)| *number < end);
            let upto = found.as_ref().map_or(end, |(number, _)| *number);
            for missing in expected..upto {
                // A broken row was told of by the scan.
                if self.read.rows().get_with::<T, _>(&missing, |_| Ok(()))?.is_none() {
                    self.check.finding::<T>(&missing, "the row is missing");
                }
            }
            expected = upto.saturating_add(1);
            rows.extend(found.map(|(_, value)| value));
        }
        Ok(Some(rows).filter(|rows| rows.len() as u64 == count))
    }

    fn receipts(
        &mut self,
        first: u64,
        stored: &[StoredReceipt],
        transactions: Option<&[TransactionRow]>,
        header: Option<&Header>,
    ) -> Result<(), Fatal> {
        let check = self.check;
        let (mut gas_before, mut first_log) = (0u64, 0u64);
        for (index, (number, row)) in (first..).zip(stored).enumerate() {
            let cumulative = row.receipt.cumulative_gas_used;
            if gas_before.checked_add(row.gas_used) != Some(cumulative) || row.first_log_index != first_log {
                check.finding::<Receipts>(
                    &number,
                    "its gas or the number of its first log does not follow the one before",
                );
            }
            let tx_type = transactions.and_then(|rows| rows.get(index)).map(|row| row.tx.tx_type());
            if tx_type.is_some_and(|tx_type| tx_type != row.receipt.tx_type) {
                check.finding::<Receipts>(&number, "it is of another type than its transaction");
            }
            gas_before = cumulative;
            first_log = first_log.saturating_add(row.receipt.logs.len() as u64);
        }
        let receipts: Vec<Receipt> = stored.iter().map(|stored| stored.receipt.clone()).collect();
        if let Some(header) = header {
            let place = || format!("of block {}", self.height);
            if receipts_root(&receipts) != header.receipts_root {
                check.finding_in(Receipts::NAME, place(), "they do not give the receipts_root of the header");
            }
            if logs_bloom(&receipts) != header.logs_bloom {
                check.finding_in(Receipts::NAME, place(), "their logs do not give the logs_bloom of the header");
            }
            if gas_before != header.gas_used {
                check.finding_in(
                    Receipts::NAME,
                    place(),
                    format!("they used {gas_before} gas, the header {}", header.gas_used),
                );
            }
        }
        self.log_index(&receipts)
    }

    fn log_index(&mut self, receipts: &[Receipt]) -> Result<(), Fatal> {
        let (check, height) = (self.check, self.height);
        if height < self.kept.logs {
            return Ok(());
        }
        let (addresses, topics) = log_keys(receipts);
        self.tally.log_addresses = addresses.len() as u64;
        self.tally.log_topics = topics.len() as u64;
        for address in addresses {
            check.require::<LogAddresses>(self.read, &(address, height))?;
        }
        for topic in topics {
            check.require::<LogTopics>(self.read, &(topic, height))?;
        }
        check.count(self.tally.log_addresses.saturating_add(self.tally.log_topics));
        Ok(())
    }
}

/// Undecided blocks.
fn proposals(check: &Check<'_>, read: &ReadTx, height: Height) -> Result<(), Fatal> {
    let head = check.get::<Headers>(read, &height)?.map(|HeaderRow { hash, header }| Head { hash, header });
    let mut scan = Scan::<Proposals>::new(check, read, &[])?;
    while let Some((key, proposal)) = scan.next()? {
        let block = &proposal.block.block;
        if key != (block.height(), block.hash()) {
            check.finding::<Proposals>(&key, "it is another block");
        }
        if key.0 <= height {
            check.finding::<Proposals>(&key, format!("it is not above the head, {height}"));
        }
        for what in head.iter().flat_map(|head| check.rules.proposal(head, &proposal)) {
            check.finding::<Proposals>(&key, what);
        }
    }
    Ok(())
}

//! Rows that belong to no block.

use super::{Check, blocks::Tally, scan::Scan};
use crate::{
    History, ReadTx,
    codec::TransactionPlace,
    state_import::ANCESTORS,
    tables::{
        BlockBodies, Certificates, Epochs, HeaderNumbers, Headers, LogAddresses, LogTopics, Receipts, Table,
        TransactionHashNumbers, Transactions,
    },
    write_block::log_keys,
};
use bttc_primitives::{Fatal, Height};
use std::ops::Range;

/// Looks through each table of which the blocks do not account for every row.
pub(super) fn check(check: &Check<'_>, read: &ReadTx, head: Height, tally: Tally) -> Result<(), Fatal> {
    let kept = read.kept()?;
    let blocks = head.saturating_add(1);
    let in_chain = |height: &Height| *height < blocks;
    let has_body = |height: Height| in_chain(&height) && History::Blocks.check(kept.blocks, height).is_ok();
    let numbers = numbers(check, read, kept.blocks, head)?;
    // An imported chain has its genesis, and from the ancestors of its first block on.
    let begun = read.begun()?;
    let headers = blocks.saturating_sub(begun.saturating_sub(ANCESTORS.saturating_add(1)));
    let has_header = |height: &Height| in_chain(height) && (*height == 0 || *height >= begun.saturating_sub(ANCESTORS));
    look::<Headers>(check, read, headers, |key, _| Ok(has_header(key)))?;
    // The body of genesis stays.
    let bodies = blocks.saturating_sub(kept.blocks.saturating_sub(1));
    look::<BlockBodies>(check, read, bodies, |key, _| Ok(has_body(*key)))?;
    look::<HeaderNumbers>(check, read, headers, |hash, height| {
        Ok(check.get::<Headers>(read, height)?.is_some_and(|row| row.hash == *hash))
    })?;
    look::<Transactions>(check, read, tally.transactions, |key, _| Ok(numbers.contains(key)))?;
    look::<Receipts>(check, read, tally.transactions, |key, _| Ok(numbers.contains(key)))?;
    look::<TransactionHashNumbers>(check, read, tally.transactions, |hash, place| {
        let TransactionPlace { number, .. } = *place;
        let row = check.get::<Transactions>(read, &number)?;
        Ok(row.is_some_and(|row| row.tx.tx_hash() == hash))
    })?;
    let indexed = |height: Height| height >= kept.logs && has_body(height);
    look::<LogAddresses>(check, read, tally.log_addresses, |(address, height), _| {
        Ok(indexed(*height) && logs_of(check, read, *height)?.0.contains(address))
    })?;
    look::<LogTopics>(check, read, tally.log_topics, |(topic, height), _| {
        Ok(indexed(*height) && logs_of(check, read, *height)?.1.contains(topic))
    })?;
    // Which blocks must have a certificate the rules say; here only that none stands beyond the chain.
    look::<Certificates>(check, read, u64::MAX, |key, _| Ok(in_chain(key)))?;
    // The head may have begun the epoch of the next height.
    look::<Epochs>(check, read, u64::MAX, |first, _| Ok(*first <= blocks))
}

/// Numbers of the transactions that are kept; where the bodies at the ends are damaged, every number might be.
fn numbers(check: &Check<'_>, read: &ReadTx, kept: Height, head: Height) -> Result<Range<u64>, Fatal> {
    let first = check.get::<BlockBodies>(read, &kept)?.map_or(0, |body| body.first_tx);
    let end = check.get::<BlockBodies>(read, &head)?.map(|body| body.first_tx.saturating_add(body.tx_count));
    Ok(first..end.unwrap_or(u64::MAX))
}

type LogKeys =
    (std::collections::BTreeSet<alloy_primitives::Address>, std::collections::BTreeSet<alloy_primitives::B256>);

/// What the logs of a block put into the index.
fn logs_of(check: &Check<'_>, read: &ReadTx, height: Height) -> Result<LogKeys, Fatal> {
    let Some(body) = check.get::<BlockBodies>(read, &height)? else { return Ok(LogKeys::default()) };
    let mut scan = Scan::<Receipts>::new(check, read, &[])?;
    scan.seek(&body.first_tx.to_be_bytes())?;
    let end = body.first_tx.saturating_add(body.tx_count);
    let mut keys = LogKeys::default();
    while let Some((_, stored)) = scan.next()?.filter(|(number, _)| *number < end) {
        let (addresses, topics) = log_keys([&stored.receipt]);
        keys.0.extend(addresses);
        keys.1.extend(topics);
    }
    Ok(keys)
}

/// Finds the rows of a table that do not `belong`, unless it has exactly as many rows as `expected` and nothing else is wrong with it.
fn look<T: Table>(
    check: &Check<'_>,
    read: &ReadTx,
    expected: u64,
    belongs: impl Fn(&T::Key, &T::Value) -> Result<bool, Fatal>,
) -> Result<(), Fatal> {
    let count = read.rows().count::<T>()?;
    if count == expected && !check.has_findings::<T>() {
        return Ok(());
    }
    let mut scan = Scan::<T>::new(check, read, &[])?;
    while let Some((key, value)) = scan.next()? {
        if !belongs(&key, &value)? {
            check.finding::<T>(&key, "the row belongs to no block");
        }
    }
    Ok(())
}

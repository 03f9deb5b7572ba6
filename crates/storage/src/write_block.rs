//! Writing a block and its indices, table by table, in the order of the keys.

use crate::{
    BlockCommit, StoredReceipt,
    codec::{BodyRow, HeaderRow, TransactionPlace, TransactionRow},
    rows::Rows,
    tables::{
        BlockBodies, Certificates, HeaderNumbers, Headers, LogAddresses, LogTopics, Proposals, Receipts,
        TransactionHashNumbers, Transactions,
    },
};
use alloy_primitives::{Address, B256};
use bttc_primitives::{Body, Fatal, Height, Receipt};
use signet_libmdbx::Rw;
use std::collections::BTreeSet;

impl Rows<'_, Rw> {
    /// Writes a block whose first transaction has the number `first_tx` in the chain.
    pub(crate) fn write_block(&self, commit: &BlockCommit<'_>, first_tx: u64) -> Result<(), Fatal> {
        check(commit)?;
        let block = &commit.block.block;
        let height = block.height();
        let row = HeaderRow { hash: block.hash(), header: block.header.clone() };
        self.writer::<Headers>()?.append(&height, &row)?;
        self.writer::<HeaderNumbers>()?.put(&block.hash(), &height)?;
        if let Some(certificate) = commit.certificate {
            self.writer::<Certificates>()?.append(&height, certificate)?;
        }
        let rest = Body {
            transactions: Vec::new(),
            last_commit: block.body.last_commit.clone(),
            evidence: block.body.evidence.clone(),
            ommers: block.body.ommers.clone(),
            withdrawals: block.body.withdrawals.clone(),
        };
        let tx_count = block.body.transactions.len() as u64;
        self.writer::<BlockBodies>()?.append(&height, &BodyRow { first_tx, tx_count, rest })?;
        self.write_transactions(commit, first_tx)?;
        self.write_receipts(commit.receipts, first_tx)?;
        self.write_log_index(commit.receipts, height)
    }

    fn write_transactions(&self, commit: &BlockCommit<'_>, first_tx: u64) -> Result<(), Fatal> {
        let height = commit.block.block.height();
        let transactions = &commit.block.block.body.transactions;
        let mut table = self.writer::<Transactions>()?;
        let mut places = Vec::with_capacity(transactions.len());
        let numbered = (first_tx..).zip(0u64..).zip(transactions.iter().zip(&commit.block.senders));
        for ((number, index), (tx, sender)) in numbered {
            table.append_with(&number, |out| TransactionRow::encode_parts(*sender, tx, out))?;
            places.push((*tx.tx_hash(), TransactionPlace { number, height, index }));
        }
        places.sort_unstable_by_key(|(hash, _)| *hash);
        let mut index = self.writer::<TransactionHashNumbers>()?;
        places.iter().try_for_each(|(hash, place)| index.put(hash, place))
    }

    fn write_receipts(&self, receipts: &[Receipt], first_tx: u64) -> Result<(), Fatal> {
        let mut table = self.writer::<Receipts>()?;
        let (mut gas_before, mut first_log) = (0u64, 0u64);
        for (number, receipt) in (first_tx..).zip(receipts) {
            let gas_used = receipt
                .cumulative_gas_used
                .checked_sub(gas_before)
                .ok_or_else(|| Fatal::new("the cumulative gas of a block's receipts falls"))?;
            table.append_with(&number, |out| {
                StoredReceipt::encode_parts(receipt, gas_used, first_log, out);
            })?;
            gas_before = receipt.cumulative_gas_used;
            first_log = first_log.saturating_add(receipt.logs.len() as u64);
        }
        Ok(())
    }

    fn write_log_index(&self, receipts: &[Receipt], height: Height) -> Result<(), Fatal> {
        let (addresses, topics) = log_keys(receipts);
        let mut table = self.writer::<LogAddresses>()?;
        addresses.into_iter().try_for_each(|address| table.put(&(address, height), &()))?;
        let mut table = self.writer::<LogTopics>()?;
        topics.into_iter().try_for_each(|topic| table.put(&(topic, height), &()))
    }

    /// Drops undecided blocks at or below a height.
    pub(crate) fn drop_proposals(&self, height: Height) -> Result<(), Fatal> {
        let mut stale = Vec::new();
        let mut cursor = self.cursor::<Proposals>()?;
        let mut next = cursor.seek_key(&0u64)?;
        while let Some(key) = next.filter(|(at, _)| *at <= height) {
            stale.push(key);
            next = cursor.next_key()?;
        }
        drop(cursor);
        let mut table = self.writer::<Proposals>()?;
        stale.iter().try_for_each(|key| table.delete(key))
    }
}

/// Addresses and first topics of the logs of a block.
pub(crate) fn log_keys<'a>(receipts: impl IntoIterator<Item = &'a Receipt>) -> (BTreeSet<Address>, BTreeSet<B256>) {
    let logs = || receipts.into_iter().flat_map(|receipt| &receipt.logs);
    let (mut addresses, mut topics) = (BTreeSet::new(), BTreeSet::new());
    for log in logs() {
        addresses.insert(log.address);
        topics.extend(log.topics().first());
    }
    (addresses, topics)
}

fn check(commit: &BlockCommit<'_>) -> Result<(), Fatal> {
    let block = &commit.block.block;
    let transactions = block.body.transactions.len();
    if commit.block.senders.len() != transactions || commit.receipts.len() != transactions {
        return Err(Fatal::new(format!(
            "block {} has {transactions} transactions, but {} senders and {} receipts",
            block.height(),
            commit.block.senders.len(),
            commit.receipts.len()
        )));
    }
    if block.header.state_root != commit.trie.root {
        return Err(Fatal::new(format!(
            "block {} has state root {}, but its state gives {}",
            block.height(),
            block.header.state_root,
            commit.trie.root
        )));
    }
    let named = commit.certificate.map(|certificate| (certificate.height, certificate.block_hash));
    if named.is_some_and(|named| named != (block.height(), block.hash())) {
        return Err(Fatal::new(format!("the certificate of block {} is for another block", block.height())));
    }
    Ok(())
}

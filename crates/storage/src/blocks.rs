//! Blocks, transactions and receipts, read in any transaction.

use crate::{
    codec::{BodyRow, HeaderRow, TransactionPlace, TransactionRow, block_hash_of},
    rows::{Access, Rows},
    tables::{BlockBodies, Headers, Proposals, Receipts, Table, TransactionHashNumbers, Transactions},
};
use alloy_primitives::{Address, B256};
use bttc_primitives::{Body, Fatal, Head, Height, Receipt, RecoveredBlock, Round, SealedBlock, Transaction};

/// An undecided block with the turn it was made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredProposal {
    /// Round it was proposed in.
    pub round: Round,
    /// Who proposed it.
    pub proposer: Address,
    /// The block with its senders.
    pub block: RecoveredBlock,
}

/// A transaction of a block, with where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredTransaction {
    /// The transaction.
    pub tx: Transaction,
    /// Who signed it.
    pub sender: Address,
    /// Height of its block.
    pub height: Height,
    /// Position in the block.
    pub index: usize,
    /// Hash of its block.
    pub block_hash: B256,
}

/// A receipt, with what otherwise only those before it in the block tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredReceipt {
    /// The receipt.
    pub receipt: Receipt,
    /// Gas used by this transaction alone.
    pub gas_used: u64,
    /// Index in the block of the receipt's first log.
    pub first_log_index: u64,
}

impl<K: Access> Rows<'_, K> {
    pub(crate) fn head(&self) -> Result<Option<Head>, Fatal> {
        let last = self.cursor::<Headers>()?.last()?;
        Ok(last.map(|(_, HeaderRow { hash, header })| Head { hash, header }))
    }

    pub(crate) fn block_hash(&self, height: Height) -> Result<Option<B256>, Fatal> {
        self.get_with::<Headers, _>(&height, block_hash_of)
    }

    pub(crate) fn block(&self, height: Height) -> Result<Option<RecoveredBlock>, Fatal> {
        let Some(HeaderRow { hash, header }) = self.get::<Headers>(&height)? else { return Ok(None) };
        let Some(body) = self.get::<BlockBodies>(&height)? else { return Ok(None) };
        let (transactions, senders) = self
            .run::<Transactions>(body.first_tx, body.tx_count)?
            .into_iter()
            .map(|TransactionRow { sender, tx }| (tx, sender))
            .unzip();
        let body = Body { transactions, ..body.rest };
        let block = SealedBlock::with_known_hash(hash, header, body);
        Ok(Some(RecoveredBlock { block, senders }))
    }

    /// First transaction of a block, counted over the whole chain, and their number.
    pub(crate) fn transactions_of(&self, height: Height) -> Result<Option<(u64, u64)>, Fatal> {
        self.get_with::<BlockBodies, _>(&height, BodyRow::transactions_of)
    }

    /// Number in the chain of a block's transaction.
    pub(crate) fn tx_number(&self, height: Height, index: usize) -> Result<Option<u64>, Fatal> {
        let Some((first, count)) = self.transactions_of(height)? else { return Ok(None) };
        Ok(Some(index as u64).filter(|index| *index < count).map(|index| first.saturating_add(index)))
    }

    pub(crate) fn receipts(&self, height: Height) -> Result<Option<Vec<StoredReceipt>>, Fatal> {
        let Some((first, count)) = self.transactions_of(height)? else { return Ok(None) };
        self.run::<Receipts>(first, count).map(Some)
    }

    pub(crate) fn place_of(&self, tx_hash: B256) -> Result<Option<TransactionPlace>, Fatal> {
        self.get::<TransactionHashNumbers>(&tx_hash)
    }

    pub(crate) fn transaction(&self, place: TransactionPlace) -> Result<StoredTransaction, Fatal> {
        let TransactionPlace { number, height, index } = place;
        let row = self.get::<Transactions>(&number)?;
        let TransactionRow { sender, tx } = row.ok_or_else(|| missing::<Transactions>(number))?;
        let block_hash = self.block_hash(height)?.ok_or_else(|| missing::<Headers>(height))?;
        let index =
            usize::try_from(index).map_err(|error| Fatal::while_doing("reading the place of a transaction", error))?;
        Ok(StoredTransaction { tx, sender, height, index, block_hash })
    }

    /// `count` rows from `first` on, none of which may be missing.
    pub(crate) fn run<T: Table<Key = u64>>(&self, first: u64, count: u64) -> Result<Vec<T::Value>, Fatal> {
        let mut rows = Vec::new();
        if count == 0 {
            return Ok(rows);
        }
        let mut cursor = self.cursor::<T>()?;
        let mut row = cursor.seek(&first)?;
        for number in first..first.saturating_add(count) {
            match row.filter(|(key, _)| *key == number) {
                Some((_, value)) => rows.push(value),
                None => return Err(missing::<T>(number)),
            }
            row = if rows.len() as u64 == count { None } else { cursor.next()? };
        }
        Ok(rows)
    }

    pub(crate) fn proposals(&self, height: Height) -> Result<Vec<StoredProposal>, Fatal> {
        let mut cursor = self.cursor::<Proposals>()?;
        let mut proposals = Vec::new();
        let mut row = cursor.seek(&height)?;
        while let Some((_, proposal)) = row.filter(|((at, _), _)| *at == height) {
            proposals.push(proposal);
            row = cursor.next()?;
        }
        Ok(proposals)
    }
}

pub(crate) fn missing<T: Table>(key: u64) -> Fatal {
    Fatal::new(format!(
        "row {key} of table {} is missing; the database is damaged: restore the data directory from a copy, or sync anew",
        T::NAME
    ))
}

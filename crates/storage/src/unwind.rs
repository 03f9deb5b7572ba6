//! Going back to an earlier block. For development chains only: elsewhere the head never moves backwards.

use crate::{
    WriteTx,
    codec::{ChangedKeys, ChangesRow},
    read::patched_key,
    rows::Rows,
    tables::{
        AccountsHistory, BlockBodies, Certificates, ChangedRows, HeaderNumbers, Headers, LogAddresses, LogTopics,
        Metadata, Receipts, StoragesHistory, TransactionHashNumbers, Transactions,
    },
    write_block::log_keys,
    write_state::Recording,
};
use alloy_primitives::keccak256;
use bttc_primitives::{Fatal, Height};
use bttc_trie::state_root;
use signet_libmdbx::Rw;

impl WriteTx {
    /// Puts back the state after the block at `to`, and drops all blocks and proposals above it.
    ///
    /// Changes made by hand above `to` go too; those made at `to` itself stay. Must come first in its transaction: the new root is
    /// computed on the committed state. Errors: `to` is above the head, or something was written before.
    pub fn unwind(&mut self, to: Height) -> Result<(), Fatal> {
        if self.is_dirty() {
            return Err(Fatal::new("going back must be the first thing in its transaction"));
        }
        // No other transaction can commit while this one is open, so this reads what this one would.
        let store = self.storage().read()?;
        let head = store.head()?.map(|head| head.height());
        let Some(head) = head.filter(|head| *head >= to) else {
            return Err(Fatal::new(format!("cannot go back to block {to}: the head is {head:?}")));
        };
        let changes = store.changes_since(to)?;
        let trie = state_root(&store, &changes)?;
        drop(store);
        let rows = self.rows();
        rows.write_state(&changes, &trie, Recording::Nothing)?;
        for height in (to..head).rev().filter_map(|below| below.checked_add(1)) {
            rows.drop_history(height)?;
            rows.drop_block(height)?;
            rows.writer::<Metadata>()?.delete(&patched_key(height))?;
        }
        rows.drop_proposals(Height::MAX)
    }
}

impl Rows<'_, Rw> {
    fn drop_history(&self, height: Height) -> Result<(), Fatal> {
        let Some(ChangesRow { keys: ChangedKeys { accounts }, .. }) = self.get::<ChangedRows>(&height)? else {
            return Ok(());
        };
        let mut account_rows = self.writer::<AccountsHistory>()?;
        let mut slot_rows = self.writer::<StoragesHistory>()?;
        for (address, changed) in accounts {
            let key = keccak256(address);
            account_rows.delete(&(key, height))?;
            changed.slots.keys().try_for_each(|slot| slot_rows.delete(&(key, *slot, height)))?;
        }
        self.writer::<ChangedRows>()?.delete(&height)
    }

    fn drop_block(&self, height: Height) -> Result<(), Fatal> {
        let receipts = self.receipts(height)?.unwrap_or_default();
        let (addresses, topics) = log_keys(receipts.iter().map(|stored| &stored.receipt));
        let mut table = self.writer::<LogAddresses>()?;
        addresses.into_iter().try_for_each(|address| table.delete(&(address, height)))?;
        let mut table = self.writer::<LogTopics>()?;
        topics.into_iter().try_for_each(|topic| table.delete(&(topic, height)))?;
        if let Some(hash) = self.block_hash(height)? {
            self.writer::<HeaderNumbers>()?.delete(&hash)?;
        }
        self.drop_transactions(height)?;
        self.writer::<BlockBodies>()?.delete(&height)?;
        self.writer::<Certificates>()?.delete(&height)?;
        self.writer::<Headers>()?.delete(&height)
    }

    fn drop_transactions(&self, height: Height) -> Result<(), Fatal> {
        let Some((first, count)) = self.transactions_of(height)? else { return Ok(()) };
        for number in first..first.saturating_add(count) {
            if let Some(row) = self.get::<Transactions>(&number)? {
                self.writer::<TransactionHashNumbers>()?.delete(row.tx.tx_hash())?;
            }
            self.writer::<Transactions>()?.delete(&number)?;
            self.writer::<Receipts>()?.delete(&number)?;
        }
        Ok(())
    }
}

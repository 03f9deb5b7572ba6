//! Pruning: the past is removed height by height, the oldest first, in steps of bounded size.
//!
//! A step goes on where the marks in `Metadata` say that the last one ended, and moves them in its own transaction; whoever stops in between
//! loses nothing. Of a height all rows go at once, so a step is at least what one block wrote. Freed pages are used again by later
//! blocks: the file stops growing, it does not shrink.

use crate::{
    WriteTx,
    codec::{ChangedKeys, ChangesRow, TransactionRow},
    retention::{History, Kept},
    rows::{Access, Rows},
    tables::{
        AccountsHistory, BlockBodies, ChangedRows, LogAddresses, LogTopics, Metadata, Receipts, StoragesHistory,
        TransactionHashNumbers, Transactions,
    },
    write_block::log_keys,
};
use alloy_primitives::keccak256;
use bttc_primitives::{Fatal, Height};
use signet_libmdbx::Rw;

/// What a step of pruning did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PruneStep {
    /// Rows removed.
    pub rows: u64,
    /// The marks after it.
    pub kept: Kept,
    /// Whether the marks are where they were to go.
    pub done: bool,
}

/// Row of `Metadata` with a mark.
pub(crate) const fn mark_key(part: History) -> &'static str {
    match part {
        History::State => "kept_state",
        History::Blocks => "kept_blocks",
        History::Logs => "kept_logs",
    }
}

impl WriteTx {
    /// Moves the marks towards `target`, removing what is below them, until about `max_rows` rows are gone.
    ///
    /// Marks do not move back, nor above the head. The last height is always removed as a whole, and at least one.
    pub fn prune(&mut self, target: Kept, max_rows: u64) -> Result<PruneStep, Fatal> {
        let rows = self.rows();
        let before = rows.kept()?;
        let head = rows.head()?.map_or(0, |head| head.height());
        let blocks = target.blocks.min(head).max(before.blocks);
        let target = Kept {
            state: target.state.min(head).max(before.state),
            blocks,
            logs: target.logs.min(head).max(before.logs).max(blocks),
        };
        let mut budget = Budget { left: max_rows.max(1), removed: 0 };
        let state = rows.prune_states(before.state, target.state, &mut budget)?;
        let logs = rows.prune_logs(before.logs, target.logs, &mut budget)?;
        let blocks = rows.prune_blocks(before.blocks, target.blocks.min(logs), &mut budget)?;
        let kept = Kept { state, blocks, logs };
        for part in History::ALL.into_iter().filter(|part| kept.of(*part) != before.of(*part)) {
            rows.writer::<Metadata>()?.put(&mark_key(part).to_owned(), &kept.of(part).to_be_bytes().to_vec())?;
        }
        Ok(PruneStep { rows: budget.removed, kept, done: kept == target })
    }
}

/// Rows that a step may still remove.
struct Budget {
    left: u64,
    removed: u64,
}

impl Budget {
    const fn is_spent(&self) -> bool {
        self.left == 0
    }

    const fn spend(&mut self, rows: u64) {
        self.left = self.left.saturating_sub(rows);
        self.removed = self.removed.saturating_add(rows);
    }
}

impl<K: Access> Rows<'_, K> {
    /// Lowest height of which a part is kept.
    pub(crate) fn kept_from(&self, part: History) -> Result<Height, Fatal> {
        Ok(self.metadata_number(mark_key(part))?.unwrap_or_default())
    }

    /// All marks.
    pub(crate) fn kept(&self) -> Result<Kept, Fatal> {
        Ok(Kept {
            state: self.kept_from(History::State)?,
            blocks: self.kept_from(History::Blocks)?,
            logs: self.kept_from(History::Logs)?,
        })
    }

    /// The first listed height from `from` to `last`.
    fn next_changed(&self, from: Height, last: Height) -> Result<Option<Height>, Fatal> {
        let mut cursor = self.cursor::<ChangedRows>()?;
        Ok(cursor.seek_key(&from)?.filter(|height| *height <= last))
    }
}

impl Rows<'_, Rw> {
    /// Removes the values from before the heights up to `to`; they serve no state from there on. Answers with the new mark.
    fn prune_states(&self, from: Height, to: Height, budget: &mut Budget) -> Result<Height, Fatal> {
        let mut mark = from;
        while mark < to {
            if budget.is_spent() {
                return Ok(mark);
            }
            match self.next_changed(mark, to)? {
                Some(height) => {
                    budget.spend(self.drop_history(height)?);
                    mark = height;
                }
                None => mark = to,
            }
        }
        Ok(mark)
    }

    /// Removes the heights from `from` to below `to` from the index of logs. Answers with the new mark.
    fn prune_logs(&self, from: Height, to: Height, budget: &mut Budget) -> Result<Height, Fatal> {
        let mut mark = from;
        while mark < to && !budget.is_spent() {
            budget.spend(self.drop_log_index(mark)?.max(1));
            mark = mark.saturating_add(1);
        }
        Ok(mark)
    }

    /// Removes bodies and receipts from `from` to below `to`, but for the body of genesis. Answers with the new mark.
    fn prune_blocks(&self, from: Height, to: Height, budget: &mut Budget) -> Result<Height, Fatal> {
        let mut mark = from;
        while mark < to && !budget.is_spent() {
            if mark > 0 {
                budget.spend(self.drop_body(mark)?);
            }
            mark = mark.saturating_add(1);
        }
        Ok(mark)
    }

    /// Removes the history of a height; answers with the number of rows.
    pub(crate) fn drop_history(&self, height: Height) -> Result<u64, Fatal> {
        let Some(ChangesRow { keys: ChangedKeys { accounts }, .. }) = self.get::<ChangedRows>(&height)? else {
            return Ok(0);
        };
        let mut by_key: Vec<_> = accounts.into_iter().map(|(address, changed)| (keccak256(address), changed)).collect();
        by_key.sort_unstable_by_key(|(key, _)| *key);
        let (mut account_rows, mut slot_rows) = (self.writer::<AccountsHistory>()?, self.writer::<StoragesHistory>()?);
        let mut removed = 1u64;
        for (key, changed) in by_key {
            if changed.fields {
                account_rows.delete(&(key, height))?;
            }
            changed.slots.keys().try_for_each(|slot| slot_rows.delete(&(key, *slot, height)))?;
            removed = removed.saturating_add(u64::from(changed.fields)).saturating_add(changed.slots.len() as u64);
        }
        drop((account_rows, slot_rows));
        self.writer::<ChangedRows>()?.delete(&height)?;
        Ok(removed)
    }

    /// Removes a height from the index of logs; answers with the number of rows. Its receipts must still be there.
    pub(crate) fn drop_log_index(&self, height: Height) -> Result<u64, Fatal> {
        let receipts = self.receipts(height)?.unwrap_or_default();
        let (addresses, topics) = log_keys(receipts.iter().map(|stored| &stored.receipt));
        let removed = (addresses.len() as u64).saturating_add(topics.len() as u64);
        let mut table = self.writer::<LogAddresses>()?;
        addresses.into_iter().try_for_each(|address| table.delete(&(address, height)))?;
        let mut table = self.writer::<LogTopics>()?;
        topics.into_iter().try_for_each(|topic| table.delete(&(topic, height)))?;
        Ok(removed)
    }

    /// Removes a body with its transactions, their index and receipts; answers with the number of rows.
    pub(crate) fn drop_body(&self, height: Height) -> Result<u64, Fatal> {
        let Some((first, count)) = self.transactions_of(height)? else { return Ok(0) };
        let transactions = self.run::<Transactions>(first, count)?;
        let mut hashes: Vec<_> = transactions.iter().map(|TransactionRow { tx, .. }| *tx.tx_hash()).collect();
        hashes.sort_unstable();
        let mut table = self.writer::<TransactionHashNumbers>()?;
        hashes.iter().try_for_each(|hash| table.delete(hash))?;
        let mut table = self.writer::<Transactions>()?;
        (first..first.saturating_add(count)).try_for_each(|number| table.delete(&number))?;
        let mut table = self.writer::<Receipts>()?;
        (first..first.saturating_add(count)).try_for_each(|number| table.delete(&number))?;
        self.writer::<BlockBodies>()?.delete(&height)?;
        Ok(count.saturating_mul(3).saturating_add(1))
    }
}

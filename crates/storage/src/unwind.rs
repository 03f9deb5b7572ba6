//! Going back to an earlier block. For development chains only: elsewhere the head never moves backwards.

use crate::{
    HistoryError, WriteTx,
    read::patched_key,
    rows::Rows,
    tables::{Certificates, Epochs, HeaderNumbers, Headers, Metadata},
    write_state::Recording,
};
use bttc_primitives::{Fatal, Height};
use bttc_trie::state_root;
use signet_libmdbx::Rw;

impl WriteTx {
    /// Puts back the state after the block at `to`, and drops all blocks and proposals above it.
    ///
    /// Changes made by hand above `to` go too; those made at `to` itself stay. Must come first in its transaction: the new root is
    /// computed on the committed state. Errors: [`HistoryError::Pruned`] if not all of `to` is kept; `to` is above the head, or something was
    /// written before.
    pub fn unwind(&mut self, to: Height) -> Result<(), HistoryError> {
        if self.is_dirty() {
            return Err(Fatal::new("going back must be the first thing in its transaction").into());
        }
        // No other transaction can commit while this one is open, so this reads what this one would.
        let store = self.storage().read()?;
        let head = store.head()?.map(|head| head.height());
        let Some(head) = head.filter(|head| *head >= to) else {
            return Err(Fatal::new(format!("cannot go back to block {to}: the head is {head:?}")).into());
        };
        store.check_whole(to)?;
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
        Ok(rows.drop_proposals(Height::MAX)?)
    }
}

impl Rows<'_, Rw> {
    fn drop_block(&self, height: Height) -> Result<(), Fatal> {
        self.drop_log_index(height)?;
        if let Some(hash) = self.block_hash(height)? {
            self.writer::<HeaderNumbers>()?.delete(&hash)?;
        }
        self.drop_body(height)?;
        self.writer::<Certificates>()?.delete(&height)?;
        self.writer::<Epochs>()?.delete(&height.saturating_add(1))?;
        self.writer::<Headers>()?.delete(&height)
    }
}

//! What a node with a preset of `--prune` leaves of a chain, sooner: large steps, no rest between them, no syncs.

use crate::ledger::store;
use bttc_storage::{Durability, Kept, Retention};
use eyre::{OptionExt, Result};
use std::path::Path;

/// Rows of a step: of neighbouring heights many lie on the same pages.
const STEP: u64 = 400_000;

/// Prunes the database of a data directory; `told` hears of the marks after each step. Answers with the number of rows removed.
///
/// The database is on the disk on return, not before.
pub fn prune(datadir: &Path, retention: Retention, mut told: impl FnMut(Kept)) -> Result<u64> {
    let storage = store(&datadir.join("db"), Durability::Ephemeral)?;
    let head = storage.read()?.head()?.ok_or_eyre("there is no chain to prune")?;
    let target = retention.marks(head.height());
    let mut rows = 0;
    loop {
        let mut write = storage.write()?;
        let step = write.prune(target, STEP)?;
        write.commit()?;
        rows += step.rows;
        told(step.kept);
        if step.done {
            storage.sync()?;
            return Ok(rows);
        }
    }
}

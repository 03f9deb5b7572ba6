//! The history: rows of each height against its list, and the state that all of them together lead back to.

use super::{Check, blocks::head_height, old_state, scan::Scan};
use crate::{
    HistoryFault, ReadTx,
    tables::{AccountsHistory, ChangedRows, Headers, StoragesHistory},
};
use alloy_primitives::keccak256;
use bttc_primitives::{Fatal, Height};

/// Heights looked at in one snapshot.
const STRETCH: usize = 1_024;

pub(super) fn check(check: &Check<'_>) -> Result<(), Fatal> {
    let mut tally = Tally::default();
    let mut next = Some(0);
    while let Some(from) = next {
        let read = check.storage.read()?;
        next = stretch(check, &read, from, STRETCH, &mut tally)?;
    }
    // The heights that came meanwhile, the counts and the oldest state belong to one snapshot.
    let read = check.storage.read()?;
    stretch(check, &read, tally.next, usize::MAX, &mut tally)?;
    strays(check, &read, &tally)?;
    oldest_state(check, &read)
}

/// Rows that the lists account for.
#[derive(Default)]
struct Tally {
    accounts: u64,
    slots: u64,
    /// The first height not yet looked at.
    next: Height,
}

/// Some heights from `from` on; answers with where to go on.
fn stretch(
    check: &Check<'_>,
    read: &ReadTx,
    from: Height,
    most: usize,
    tally: &mut Tally,
) -> Result<Option<Height>, Fatal> {
    let head = head_height(read)?.unwrap_or_default();
    let kept = read.kept()?.state;
    let mut scan = Scan::<ChangedRows>::new(check, read, &[])?;
    scan.seek(&from.to_be_bytes())?;
    for _ in 0..most {
        let Some((height, row)) = scan.next()? else { return Ok(None) };
        if kept > 0 && height <= kept {
            check.finding::<ChangedRows>(
                &height,
                format!("states are kept from block {kept} on, which needs no such row"),
            );
        }
        if height > head {
            check.finding::<ChangedRows>(&height, format!("it lies above the head, {head}"));
        }
        for (address, changed) in &row.keys.accounts {
            if !changed.fields && changed.slots.is_empty() {
                check.finding::<ChangedRows>(&height, format!("it lists {address} without a change"));
            }
        }
        if let Some(checked) = read.check_history(height)? {
            tally.accounts = tally.accounts.saturating_add(checked.account_rows);
            tally.slots = tally.slots.saturating_add(checked.slot_rows);
            for fault in checked.faults {
                fault_found(check, height, fault);
            }
        }
        tally.next = height.saturating_add(1);
    }
    Ok(Some(tally.next))
}

fn fault_found(check: &Check<'_>, height: Height, fault: HistoryFault) {
    match fault {
        HistoryFault::Missing { table, key } => {
            check.finding_in(table, key, "the row is missing: the table ChangedRows names it");
        }
        fault => check.finding::<ChangedRows>(&height, fault.to_string()),
    }
}

/// History rows that no list names.
fn strays(check: &Check<'_>, read: &ReadTx, tally: &Tally) -> Result<(), Fatal> {
    let rows = read.rows();
    let lists_damaged = check.has_findings::<ChangedRows>();
    if lists_damaged || check.has_findings::<AccountsHistory>() || rows.count::<AccountsHistory>()? != tally.accounts {
        let mut scan = Scan::<AccountsHistory>::new(check, read, &[])?;
        while let Some((key, _)) = scan.next()? {
            let list = check.get::<ChangedRows>(read, &key.1)?.unwrap_or_default();
            if !list.keys.accounts.iter().any(|(address, changed)| changed.fields && keccak256(address) == key.0) {
                check.finding::<AccountsHistory>(&key, "the table ChangedRows does not name the row");
            }
        }
    }
    if lists_damaged || check.has_findings::<StoragesHistory>() || rows.count::<StoragesHistory>()? != tally.slots {
        let mut scan = Scan::<StoragesHistory>::new(check, read, &[])?;
        while let Some((key, _)) = scan.next()? {
            let list = check.get::<ChangedRows>(read, &key.2)?.unwrap_or_default();
            let named = |(address, changed): (&_, &crate::codec::ChangedAccount)| {
                changed.slots.contains_key(&key.1) && keccak256(address) == key.0
            };
            if !list.keys.accounts.iter().any(named) {
                check.finding::<StoragesHistory>(&key, "the table ChangedRows does not name the row");
            }
        }
    }
    Ok(())
}

/// Undoes all history.
fn oldest_state(check: &Check<'_>, read: &ReadTx) -> Result<(), Fatal> {
    let kept = read.kept()?.state;
    let Some(oldest) = check.get::<Headers>(read, &kept)? else { return Ok(()) };
    let (root, expected) = match kept {
        // As it was written: on a development chain it may have been changed by hand before the first block.
        0 => (old_state::root(check, read, None)?, oldest.header.state_root),
        _ => {
            let patched = read.patched_root(kept)?;
            (old_state::root(check, read, Some(kept))?, patched.unwrap_or(oldest.header.state_root))
        }
    };
    if root != expected {
        let what = format!("the history leads back to the state root {root}, but that of block {kept} is {expected}");
        check.finding_in(old_state::TABLE, "*".to_owned(), what);
    }
    Ok(())
}

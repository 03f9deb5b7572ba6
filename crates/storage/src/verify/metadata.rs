//! What the database says it is.

use super::{Check, blocks::head_height, scan::Scan};
use crate::{
    History, ReadTx,
    open::FORMAT_KEY,
    prune::mark_key,
    read::{CHAIN_ID_KEY, GENESIS_HASH_KEY, GENESIS_JSON_DIGEST_KEY, GENESIS_JSON_KEY, NOTE_PREFIX, PATCHED_PREFIX},
    state_import::BEGUN_KEY,
    tables::{FORMAT_VERSION, Metadata},
};
use alloy_primitives::keccak256;
use bttc_primitives::Fatal;

pub(super) fn check(check: &Check<'_>) -> Result<(), Fatal> {
    let read = check.storage.read()?;
    let mut scan = Scan::<Metadata>::new(check, &read, &[])?;
    let (mut json, mut digest, mut hash) = (None, None, None);
    let mut has_id = false;
    while let Some((key, value)) = scan.next()? {
        match key.as_str() {
            FORMAT_KEY if value != FORMAT_VERSION.to_be_bytes() => {
                check.finding::<Metadata>(&key, format!("it is not {FORMAT_VERSION}"));
            }
            FORMAT_KEY => {}
            CHAIN_ID_KEY => has_id = value.len() == 8,
            GENESIS_HASH_KEY => hash = Some(value),
            GENESIS_JSON_KEY => json = Some(value),
            GENESIS_JSON_DIGEST_KEY => digest = Some(value),
            key if key.starts_with(NOTE_PREFIX) => {}
            key if is_patch(key) && value.len() == 32 => {}
            key if (is_mark(key) || key == BEGUN_KEY) && value.len() == 8 => {}
            _ => check.finding::<Metadata>(&key, "no such row belongs there, or it is not of its length"),
        }
    }
    marks(check, &read)?;
    let missing = |key: &str| check.finding::<Metadata>(&key.to_owned(), "the row is missing or not of its length");
    if !has_id {
        missing(CHAIN_ID_KEY);
    }
    if hash.is_none_or(|hash| hash.len() != 32) {
        missing(GENESIS_HASH_KEY);
    }
    match (json, digest) {
        (Some(json), Some(digest)) if keccak256(&json).as_slice() != digest => {
            check.finding::<Metadata>(&GENESIS_JSON_KEY.to_owned(), "it is not the text that its digest was made of");
        }
        (None, _) => missing(GENESIS_JSON_KEY),
        (_, None) => missing(GENESIS_JSON_DIGEST_KEY),
        _ => {}
    }
    Ok(())
}

/// Marks of what is pruned: none lies above the head, and logs are not kept longer than receipts.
fn marks(check: &Check<'_>, read: &ReadTx) -> Result<(), Fatal> {
    let Some(head) = head_height(read)? else { return Ok(()) };
    let Ok(kept) = read.kept() else { return Ok(()) };
    for part in History::ALL.into_iter().filter(|part| kept.of(*part) > head) {
        let what = format!("it is {}, above the head, {head}", kept.of(part));
        check.finding::<Metadata>(&mark_key(part).to_owned(), what);
    }
    let begun = read.begun()?;
    if History::ALL.into_iter().any(|part| kept.of(part) < begun) {
        let what = format!("the chain was imported at {begun}, and something older is said to be kept");
        check.finding::<Metadata>(&BEGUN_KEY.to_owned(), what);
    }
    if kept.logs < kept.blocks {
        let what = format!("it is {}, below that of the blocks, {}", kept.logs, kept.blocks);
        check.finding::<Metadata>(&mark_key(History::Logs).to_owned(), what);
    }
    Ok(())
}

fn is_mark(key: &str) -> bool {
    History::ALL.into_iter().any(|part| mark_key(part) == key)
}

/// Whether the row notes a change by hand; the number stands in fixed width.
fn is_patch(key: &str) -> bool {
    key.strip_prefix(PATCHED_PREFIX).is_some_and(|height| height.len() == 16 && u64::from_str_radix(height, 16).is_ok())
}

//! What the database says it is.

use super::{Check, scan::Scan};
use crate::{
    open::FORMAT_KEY,
    read::{CHAIN_ID_KEY, GENESIS_HASH_KEY, GENESIS_JSON_DIGEST_KEY, GENESIS_JSON_KEY, NOTE_PREFIX, PATCHED_PREFIX},
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
            _ => check.finding::<Metadata>(&key, "no such row belongs there"),
        }
    }
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

/// Whether the row notes a change by hand; the number stands in fixed width.
fn is_patch(key: &str) -> bool {
    key.strip_prefix(PATCHED_PREFIX).is_some_and(|height| height.len() == 16 && u64::from_str_radix(height, 16).is_ok())
}

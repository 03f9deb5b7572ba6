//! For tests: rows as bytes, to damage a database on purpose.

use crate::{
    Storage,
    rows::{RawRow, reading, writing},
    tables::NAMES,
};
use bttc_primitives::Fatal;
use signet_libmdbx::{Database, WriteFlags};

/// Names of all tables.
pub const TABLES: &[&str] = &NAMES;

/// Key and value of a row.
pub type Row = (Vec<u8>, Vec<u8>);

/// All rows of a table in the order of their keys.
pub fn rows(storage: &Storage, table: &str) -> Result<Vec<Row>, Fatal> {
    let (name, handle) = find(storage, table)?;
    let tx = storage.shared().env.begin_ro_unsync().map_err(writing(name))?;
    let mut cursor = tx.cursor(handle).map_err(writing(name))?;
    let mut rows = Vec::new();
    let mut row: RawRow<'_> = cursor.first().map_err(reading(name))?;
    while let Some((key, value)) = row {
        rows.push((key.into_owned(), value.into_owned()));
        row = cursor.next().map_err(reading(name))?;
    }
    Ok(rows)
}

/// Makes `after` of the rows with these keys: none deletes a row.
pub fn set(storage: &Storage, table: &str, after: &[(Vec<u8>, Option<Vec<u8>>)]) -> Result<(), Fatal> {
    let (name, handle) = find(storage, table)?;
    let tx = storage.shared().env.begin_rw_unsync().map_err(writing(name))?;
    for (key, value) in after {
        match value {
            Some(value) => tx.put(handle, key, value, WriteFlags::UPSERT).map_err(writing(name))?,
            None => drop(tx.del(handle, key, None).map_err(writing(name))?),
        }
    }
    tx.commit().map_err(writing(name))
}

fn find(storage: &Storage, table: &str) -> Result<(&'static str, Database), Fatal> {
    let found = NAMES.into_iter().zip(storage.shared().handles.0).find(|(name, _)| *name == table);
    found.ok_or_else(|| Fatal::new(format!("there is no table {table}")))
}

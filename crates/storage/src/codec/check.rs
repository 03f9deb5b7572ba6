//! Rows of any bytes, for fuzzing.

use super::{Key, KeyBuf, Value};
use crate::tables::{CHECKS, NAMES, Table};

/// Names of all tables.
pub const TABLES: [&str; NAMES.len()] = NAMES;

/// Reads any bytes as a row of a table; `table` counts through [`TABLES`], from the start again beyond the last.
///
/// Panics if what is accepted is not what would be written: then two encodings of one value exist, or a row changes by being read.
pub fn check_row(table: usize, key: &[u8], value: &[u8]) {
    if let Some(check) = CHECKS.get(table % CHECKS.len()) {
        check(key, value);
    }
}

pub(crate) fn check_row_of<T: Table>(key: &[u8], value: &[u8]) {
    if let Ok(decoded) = T::Key::from_bytes(key)
        && let Ok(again) = KeyBuf::of(&decoded)
    {
        assert_eq!(again.as_slice(), key, "key of {}", T::NAME);
    }
    if let Ok(decoded) = T::Value::decode(value) {
        let mut again = Vec::new();
        decoded.encode(&mut again);
        assert_eq!(again, value, "value of {}", T::NAME);
    }
}

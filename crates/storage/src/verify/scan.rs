//! Reading tables of which nothing is known to be whole.

use super::Check;
use crate::{
    ReadTx,
    rows::{RawRow, Row, TableCursor, checked},
    tables::Table,
};
use alloy_primitives::hex;
use bttc_primitives::Fatal;
use signet_libmdbx::RoSync;

/// A table, row by row; rows that cannot be decoded become findings and are passed over.
pub(super) struct Scan<'a, 'tx, T: Table> {
    check: &'a Check<'a>,
    cursor: TableCursor<'tx, RoSync, T>,
    next: RawRow<'tx>,
    /// Every key of the scan begins with this.
    prefix: Vec<u8>,
}

impl<'a, 'tx, T: Table> Scan<'a, 'tx, T> {
    /// All rows whose key begins with `prefix`.
    pub(super) fn new(check: &'a Check<'a>, read: &'tx ReadTx, prefix: &[u8]) -> Result<Self, Fatal> {
        let mut cursor = read.rows().cursor::<T>()?;
        let next = cursor.seek_raw(prefix)?;
        Ok(Self { check, cursor, next, prefix: prefix.to_vec() })
    }

    /// Goes on with the first row at or after `key`.
    pub(super) fn seek(&mut self, key: &[u8]) -> Result<(), Fatal> {
        self.next = self.cursor.seek_raw(key)?;
        Ok(())
    }

    /// Leaves out the rest.
    pub(super) fn end(&mut self) {
        self.next = None;
    }

    /// The next row that is whole.
    pub(super) fn next(&mut self) -> Result<Row<T>, Fatal> {
        loop {
            let Some((key, value)) = self.next.take() else { return Ok(None) };
            if !key.starts_with(&self.prefix) {
                return Ok(None);
            }
            self.next = self.cursor.next_raw()?;
            self.check.count(1);
            match checked::<T>(&key, &value) {
                Ok(row) => return Ok(Some(row)),
                Err(corrupt) => self.check.finding_in(
                    T::NAME,
                    hex::encode_prefixed(&key),
                    format!("the row cannot be decoded: {corrupt}"),
                ),
            }
        }
    }
}

impl Check<'_> {
    /// The row at `key` if it is whole; a finding if it is not.
    pub(super) fn get<T: Table>(&self, read: &ReadTx, key: &T::Key) -> Result<Option<T::Value>, Fatal> {
        match read.rows().get_checked::<T>(key)? {
            None => Ok(None),
            Some(Ok(value)) => Ok(Some(value)),
            Some(Err(corrupt)) => {
                self.finding::<T>(key, format!("the row cannot be decoded: {corrupt}"));
                Ok(None)
            }
        }
    }

    /// The same, where the row must be there.
    pub(super) fn require<T: Table>(&self, read: &ReadTx, key: &T::Key) -> Result<Option<T::Value>, Fatal> {
        match read.rows().get_checked::<T>(key)? {
            None => {
                self.finding::<T>(key, "the row is missing");
                Ok(None)
            }
            Some(Ok(value)) => Ok(Some(value)),
            Some(Err(corrupt)) => {
                self.finding::<T>(key, format!("the row cannot be decoded: {corrupt}"));
                Ok(None)
            }
        }
    }
}

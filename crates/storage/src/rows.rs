//! Typed access to tables inside one transaction, reading or writing.

use crate::{
    codec::{Corrupt, Key, KeyBuf, Value},
    tables::{NAMES, Table},
};
use bttc_primitives::Fatal;
use signet_libmdbx::{
    Cursor, Database, MdbxError, ReadError, Ro, RoSync, Rw, TableObject, TransactionKind, WriteFlags, tx::Tx,
};
use std::{borrow::Cow, marker::PhantomData};

/// Largest value of any table. Unit: bytes. MDBX takes about 2 GiB, and aborts beyond.
pub(crate) const MAX_VALUE_BYTES: usize = 256 << 20;

/// Handles of all tables, opened once when the database is opened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Handles(pub(crate) [Database; NAMES.len()]);

impl Handles {
    pub(crate) const fn of<T: Table>(&self) -> Database {
        self.0[T::INDEX]
    }
}

/// A kind of transaction, and how it hands out the bytes of rows.
///
/// One that only reads borrows them from the map. One that writes copies them: a page of its own may change. MDBX can say which pages are (`mdbx_is_dirty`),
/// and so the bindings borrow the others, but it errs for an empty value at the end of its page, which it looks for in the next one, and for heap and map
/// more than 16 TiB apart, whose distance it cuts to 32 bits of pages.
pub(crate) trait Access: TransactionKind {
    type Bytes<'tx>: TableObject<'tx> + AsRef<[u8]>;
}

impl Access for Ro {
    type Bytes<'tx> = Cow<'tx, [u8]>;
}

impl Access for RoSync {
    type Bytes<'tx> = Cow<'tx, [u8]>;
}

impl Access for Rw {
    type Bytes<'tx> = Vec<u8>;
}

/// The tables as one transaction sees them.
#[derive(Debug)]
pub(crate) struct Rows<'tx, K: TransactionKind> {
    tx: &'tx Tx<K>,
    handles: &'tx Handles,
}

impl<K: TransactionKind> Clone for Rows<'_, K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K: TransactionKind> Copy for Rows<'_, K> {}

impl<'tx, K: Access> Rows<'tx, K> {
    pub(crate) const fn new(tx: &'tx Tx<K>, handles: &'tx Handles) -> Self {
        Self { tx, handles }
    }

    /// The value at `key`.
    pub(crate) fn get<T: Table>(&self, key: &T::Key) -> Result<Option<T::Value>, Fatal> {
        self.get_with::<T, _>(key, T::Value::decode)
    }

    /// What `decode` makes of the row at `key`.
    pub(crate) fn get_with<T: Table, R>(
        &self,
        key: &T::Key,
        decode: impl FnOnce(&[u8]) -> Result<R, Corrupt>,
    ) -> Result<Option<R>, Fatal> {
        let row = self.get_raw::<T>(key)?;
        row.map(|row| decode(row.as_ref()).map_err(|corrupt| corrupt.in_table(T::NAME))).transpose()
    }

    /// The row at `key`, held against its own encoding; the inner error says what is wrong with it.
    pub(crate) fn get_checked<T: Table>(&self, key: &T::Key) -> Result<Option<Result<T::Value, Corrupt>>, Fatal> {
        Ok(self.get_raw::<T>(key)?.map(|row| checked_value(row.as_ref())))
    }

    fn get_raw<T: Table>(&self, key: &T::Key) -> Result<Option<K::Bytes<'tx>>, Fatal> {
        let key = KeyBuf::of(key)?;
        self.tx.get(self.handles.of::<T>().dbi(), key.as_slice()).map_err(reading(T::NAME))
    }

    /// Number of rows of a table.
    pub(crate) fn count<T: Table>(&self) -> Result<u64, Fatal> {
        let stat = self.tx.db_stat(&self.handles.of::<T>()).map_err(|error| reading(T::NAME)(error.into()))?;
        Ok(stat.entries() as u64)
    }

    pub(crate) fn cursor<T: Table>(&self) -> Result<TableCursor<'tx, K, T>, Fatal> {
        let cursor = self.tx.cursor(self.handles.of::<T>()).map_err(|error| reading(T::NAME)(error.into()))?;
        Ok(TableCursor { cursor, table: PhantomData })
    }
}

impl<'tx> Rows<'tx, Rw> {
    /// Opens a table for writing.
    pub(crate) fn writer<T: Table>(&self) -> Result<TableWriter<'tx, T>, Fatal> {
        Ok(TableWriter { cursor: self.cursor::<T>()?.cursor, value: Vec::new(), table: PhantomData })
    }
}

/// Key and value as they stand in a table.
pub(crate) type RawRow<'tx, K = RoSync> = Option<(<K as Access>::Bytes<'tx>, <K as Access>::Bytes<'tx>)>;
/// Key and value of a row, decoded.
pub(crate) type Row<T> = Option<(<T as Table>::Key, <T as Table>::Value)>;

/// A place in a table.
#[derive(Debug)]
pub(crate) struct TableCursor<'tx, K: TransactionKind, T> {
    cursor: Cursor<'tx, K>,
    table: PhantomData<fn() -> T>,
}

impl<'tx, K: Access, T: Table> TableCursor<'tx, K, T> {
    /// The first row at or after `key`, which may also be the beginning of a key.
    pub(crate) fn seek(&mut self, key: &impl Key) -> Result<Row<T>, Fatal> {
        let key = KeyBuf::of(key)?;
        typed::<T, K>(self.seek_raw(key.as_slice())?)
    }

    /// The key of the first row at or after `key`; the value is not decoded.
    pub(crate) fn seek_key(&mut self, key: &impl Key) -> Result<Option<T::Key>, Fatal> {
        key_of::<T, K>(self.cursor.set_range(KeyBuf::of(key)?.as_slice()).map_err(reading(T::NAME))?)
    }

    /// The next key; the value is not decoded.
    pub(crate) fn next_key(&mut self) -> Result<Option<T::Key>, Fatal> {
        key_of::<T, K>(self.cursor.next().map_err(reading(T::NAME))?)
    }

    pub(crate) fn next(&mut self) -> Result<Row<T>, Fatal> {
        typed::<T, K>(self.next_raw()?)
    }

    /// The last row at or before `key`.
    pub(crate) fn seek_back(&mut self, key: &T::Key) -> Result<Row<T>, Fatal> {
        let wanted = KeyBuf::of(key)?;
        let row = match self.seek_raw(wanted.as_slice())? {
            Some((found, value)) if found.as_ref() == wanted.as_slice() => Some((found, value)),
            Some(_) => self.previous_raw()?,
            None => self.last_raw()?,
        };
        typed::<T, K>(row)
    }

    pub(crate) fn last(&mut self) -> Result<Row<T>, Fatal> {
        typed::<T, K>(self.last_raw()?)
    }

    /// The first row at or after `key`, or after what `key` begins, however broken it is.
    pub(crate) fn seek_raw(&mut self, key: &[u8]) -> Result<RawRow<'tx, K>, Fatal> {
        self.cursor.set_range(key).map_err(reading(T::NAME))
    }

    pub(crate) fn last_raw(&mut self) -> Result<RawRow<'tx, K>, Fatal> {
        self.cursor.last().map_err(reading(T::NAME))
    }

    pub(crate) fn previous_raw(&mut self) -> Result<RawRow<'tx, K>, Fatal> {
        self.cursor.prev().map_err(reading(T::NAME))
    }

    pub(crate) fn next_raw(&mut self) -> Result<RawRow<'tx, K>, Fatal> {
        self.cursor.next().map_err(reading(T::NAME))
    }
}

/// Decodes a row and holds it against its own encoding: of every row there is one form.
pub(crate) fn checked<T: Table>(key: &[u8], value: &[u8]) -> Result<(T::Key, T::Value), Corrupt> {
    Ok((T::Key::from_bytes(key)?, checked_value(value)?))
}

fn checked_value<V: Value>(bytes: &[u8]) -> Result<V, Corrupt> {
    let value = V::decode(bytes)?;
    let mut again = Vec::with_capacity(bytes.len());
    value.encode(&mut again);
    if again == bytes { Ok(value) } else { Err(Corrupt("it is not encoded as this program encodes")) }
}

fn key_of<'tx, T: Table, K: Access>(row: Option<(K::Bytes<'tx>, ())>) -> Result<Option<T::Key>, Fatal> {
    row.map(|(key, ())| T::Key::from_bytes(key.as_ref())).transpose().map_err(|corrupt| corrupt.in_table(T::NAME))
}

fn typed<'tx, T: Table, K: Access>(row: RawRow<'tx, K>) -> Result<Row<T>, Fatal> {
    let decode = |(key, value): (K::Bytes<'tx>, K::Bytes<'tx>)| {
        Ok((T::Key::from_bytes(key.as_ref())?, T::Value::decode(value.as_ref())?))
    };
    row.map(decode).transpose().map_err(|corrupt: Corrupt| corrupt.in_table(T::NAME))
}

/// Writes rows of one table; fastest in the order of their keys. Sizes are checked here, as MDBX itself would abort the process.
#[derive(Debug)]
pub(crate) struct TableWriter<'tx, T> {
    cursor: Cursor<'tx, Rw>,
    value: Vec<u8>,
    table: PhantomData<fn() -> T>,
}

impl<T: Table> TableWriter<'_, T> {
    /// Inserts or replaces a row.
    pub(crate) fn put(&mut self, key: &T::Key, value: &T::Value) -> Result<(), Fatal> {
        self.put_with(key, WriteFlags::UPSERT, |out| value.encode(out))
    }

    /// Adds a row behind the last one.
    ///
    /// Errors: the key is not above all others.
    pub(crate) fn append(&mut self, key: &T::Key, value: &T::Value) -> Result<(), Fatal> {
        self.append_with(key, |out| value.encode(out))
    }

    /// As [`Self::append`], with a value that `encode` writes.
    pub(crate) fn append_with(&mut self, key: &T::Key, encode: impl FnOnce(&mut Vec<u8>)) -> Result<(), Fatal> {
        self.put_with(key, WriteFlags::APPEND, encode)
    }

    /// Adds a row unless there is one.
    pub(crate) fn put_if_absent(&mut self, key: &T::Key, value: &T::Value) -> Result<(), Fatal> {
        let found = self.find(key)?;
        if found { Ok(()) } else { self.put(key, value) }
    }

    fn put_with(&mut self, key: &T::Key, flags: WriteFlags, encode: impl FnOnce(&mut Vec<u8>)) -> Result<(), Fatal> {
        let key = KeyBuf::of(key)?;
        self.value.clear();
        encode(&mut self.value);
        if self.value.len() > MAX_VALUE_BYTES {
            return Err(Fatal::new(format!(
                "a row of {} bytes for table {} is larger than {MAX_VALUE_BYTES}",
                self.value.len(),
                T::NAME
            )));
        }
        self.cursor.put(key.as_slice(), &self.value, flags).map_err(writing(T::NAME))
    }

    fn find(&mut self, key: &T::Key) -> Result<bool, Fatal> {
        let key = KeyBuf::of(key)?;
        let found: Option<()> = self.cursor.set(key.as_slice()).map_err(reading(T::NAME))?;
        Ok(found.is_some())
    }

    /// Deletes a row, if it is there.
    pub(crate) fn delete(&mut self, key: &T::Key) -> Result<(), Fatal> {
        if self.find(key)? {
            self.cursor.del().map_err(writing(T::NAME))?;
        }
        Ok(())
    }
}

pub(crate) fn reading(table: &'static str) -> impl Fn(ReadError) -> Fatal {
    move |error| {
        let doing = format!("reading table {table} of the database");
        match error {
            ReadError::Mdbx(error) => failed(doing, error),
            error => Fatal::while_doing(doing, error),
        }
    }
}

pub(crate) fn writing(table: &'static str) -> impl Fn(MdbxError) -> Fatal {
    move |error| failed(format!("writing table {table} of the database"), error)
}

/// An error of MDBX while `doing` something, with what a person can do about it.
pub(crate) fn failed(mut doing: String, error: MdbxError) -> Fatal {
    if let Some(remedy) = remedy(error) {
        doing = format!("{doing}; {remedy}");
    }
    match error {
        MdbxError::Other(code) => Fatal::while_doing(doing, std::io::Error::from_raw_os_error(code)),
        error => Fatal::while_doing(doing, error),
    }
}

/// What a person can do about an error of the database.
pub(crate) const fn remedy(error: MdbxError) -> Option<&'static str> {
    match error {
        MdbxError::MapFull => {
            Some("the database has reached its largest size: raise storage.max_size_gib and start again")
        }
        MdbxError::UnableExtendMapSize | MdbxError::Other(ENOSPC) => {
            Some("the disk is full: free some space and start again, nothing is lost")
        }
        MdbxError::Other(EIO) => Some(
            "the disk is full or fails: free some space, look into the log of the system and start again, no committed block is lost",
        ),
        MdbxError::TxnFull => Some("a block changed more than one transaction of the database can hold"),
        MdbxError::ReadersFull => {
            Some("all places for readers are taken: raise storage.max_readers, or send fewer requests at a time")
        }
        MdbxError::Corrupted | MdbxError::PageNotFound => {
            Some("the database is damaged: restore the data directory from a copy, or sync anew")
        }
        _ => None,
    }
}

/// `No space left on device`.
pub(crate) const ENOSPC: i32 = 28;
/// `Input/output error`; MDBX says so too where a write came to its end too early.
pub(crate) const EIO: i32 = 5;

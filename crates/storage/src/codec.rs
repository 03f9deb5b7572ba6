//! How keys and values become bytes.
//!
//! Keys are concatenations of parts of fixed length (numbers big-endian), so that rows stand in the order of their keys; the one part
//! without a fixed length, a trie path, stands last and takes one byte a nibble. Values are compact encodings of our own, or RLP where
//! the value is consensus data. Every encoding is fixed by a snapshot in the tests: changing one is a new format version.

mod account;
mod block;
mod changed_keys;
mod receipt;
mod trie;
mod value;

#[cfg(test)]
mod tests;

pub(crate) use account::without_storage;
pub(crate) use block::{BodyRow, HeaderRow, TransactionPlace, TransactionRow, block_hash_of};
pub(crate) use changed_keys::{ChangedAccount, ChangedKeys, ChangesRow};

use alloy_primitives::{Address, B256};
use bttc_primitives::Fatal;
use bttc_trie::Nibbles;

/// Longest key of any table. Unit: bytes. MDBX takes about 2000 with our pages, and aborts beyond.
pub(crate) const MAX_KEY_BYTES: usize = 96;

/// Stored bytes that are no encoding of what should stand there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Corrupt(pub(crate) &'static str);

impl Corrupt {
    pub(crate) fn in_table(self, table: &str) -> Fatal {
        Fatal::new(format!(
            "a row of table {table} cannot be decoded ({self}); the database is damaged: restore the data directory from a copy, or sync anew"
        ))
    }
}

/// Part of a table key, or a whole one.
pub(crate) trait Key: Sized {
    fn write(&self, out: &mut KeyBuf);
    fn read(input: &mut Input<'_>) -> Result<Self, Corrupt>;

    fn from_bytes(bytes: &[u8]) -> Result<Self, Corrupt> {
        let mut input = Input::new(bytes);
        let key = Self::read(&mut input)?;
        input.finish()?;
        Ok(key)
    }
}

/// Value of a table row.
pub(crate) trait Value: Sized {
    fn encode(&self, out: &mut Vec<u8>);
    fn decode(bytes: &[u8]) -> Result<Self, Corrupt>;
}

/// An encoded key, on the stack.
pub(crate) struct KeyBuf {
    bytes: [u8; MAX_KEY_BYTES],
    len: usize,
}

impl KeyBuf {
    /// Encodes `key`, or refuses one that is longer than any table's key may be.
    pub(crate) fn of(key: &impl Key) -> Result<Self, Fatal> {
        let mut buf = Self { bytes: [0; MAX_KEY_BYTES], len: 0 };
        key.write(&mut buf);
        if buf.len > MAX_KEY_BYTES {
            let len = buf.len;
            return Err(Fatal::new(format!("a key of {len} bytes is longer than {MAX_KEY_BYTES}")));
        }
        Ok(buf)
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// Adds bytes; those beyond the largest key are counted only.
    pub(crate) fn push(&mut self, part: &[u8]) {
        let end = self.len.saturating_add(part.len());
        if let Some(place) = self.bytes.get_mut(self.len..end) {
            place.copy_from_slice(part);
        }
        self.len = end;
    }
}

/// Bytes being decoded.
pub(crate) struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn take(&mut self, len: usize) -> Result<&'a [u8], Corrupt> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(Corrupt("it ends too early"))?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Corrupt> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or(Corrupt("it ends too early"))?;
        self.0 = rest;
        Ok(*taken)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Corrupt> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// A number in LEB128, in its shortest form.
    pub(crate) fn varint(&mut self) -> Result<u64, Corrupt> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits || (byte == 0 && shift > 0) {
                return Err(Corrupt("a number is not in its shortest form"));
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Corrupt("a number is longer than 64 bits"))
    }

    /// A length that must fit into what is left, in steps of `each` bytes: guards allocations.
    pub(crate) fn count(&mut self, each: usize) -> Result<usize, Corrupt> {
        let count = usize::try_from(self.varint()?).map_err(|_| Corrupt("a count is too large"))?;
        if count.saturating_mul(each) > self.0.len() {
            return Err(Corrupt("it ends too early"));
        }
        Ok(count)
    }

    pub(crate) const fn rest(&mut self) -> &'a [u8] {
        let rest = self.0;
        self.0 = &[];
        rest
    }

    pub(crate) const fn finish(self) -> Result<(), Corrupt> {
        if self.0.is_empty() { Ok(()) } else { Err(Corrupt("it is longer than its contents")) }
    }
}

/// Writes a number in LEB128.
pub(crate) fn put_varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

impl Key for u64 {
    fn write(&self, out: &mut KeyBuf) {
        out.push(&self.to_be_bytes());
    }

    fn read(input: &mut Input<'_>) -> Result<Self, Corrupt> {
        input.array().map(Self::from_be_bytes)
    }
}

impl Key for B256 {
    fn write(&self, out: &mut KeyBuf) {
        out.push(self.as_slice());
    }

    fn read(input: &mut Input<'_>) -> Result<Self, Corrupt> {
        input.array().map(Self)
    }
}

impl Key for Address {
    fn write(&self, out: &mut KeyBuf) {
        out.push(self.as_slice());
    }

    fn read(input: &mut Input<'_>) -> Result<Self, Corrupt> {
        input.array().map(Into::into)
    }
}

/// A name; only as a whole key.
impl Key for String {
    fn write(&self, out: &mut KeyBuf) {
        out.push(self.as_bytes());
    }

    fn read(input: &mut Input<'_>) -> Result<Self, Corrupt> {
        Self::from_utf8(input.rest().to_vec()).map_err(|_| Corrupt("a name is not text"))
    }
}

/// A trie path: one byte a nibble, so that rows stand in the order of nibble sequences; last part of a key.
///
/// Paths of branch nodes are short (about the logarithm of the number of leaves), so this is smaller than packed nibbles of fixed width.
impl Key for Nibbles {
    fn write(&self, out: &mut KeyBuf) {
        for nibble in self.iter() {
            out.push(&[nibble]);
        }
    }

    fn read(input: &mut Input<'_>) -> Result<Self, Corrupt> {
        let nibbles = input.rest();
        if nibbles.len() > 64 || nibbles.iter().any(|nibble| *nibble > 0xf) {
            return Err(Corrupt("a path is not made of nibbles"));
        }
        Ok(Self::from_nibbles(nibbles))
    }
}

impl<A: Key, B: Key> Key for (A, B) {
    fn write(&self, out: &mut KeyBuf) {
        self.0.write(out);
        self.1.write(out);
    }

    fn read(input: &mut Input<'_>) -> Result<Self, Corrupt> {
        Ok((A::read(input)?, B::read(input)?))
    }
}

impl<A: Key, B: Key, C: Key> Key for (A, B, C) {
    fn write(&self, out: &mut KeyBuf) {
        self.0.write(out);
        self.1.write(out);
        self.2.write(out);
    }

    fn read(input: &mut Input<'_>) -> Result<Self, Corrupt> {
        Ok((A::read(input)?, B::read(input)?, C::read(input)?))
    }
}

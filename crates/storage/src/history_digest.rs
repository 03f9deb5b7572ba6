//! A digest over what a height wrote into the history, and the check that it still stands there.
//!
//! Nothing else in the database says what an old value was: without the digest a damaged history row would be a wrong answer. It is the
//! first half of a Keccak-256 over the height, the names of its rows as `ChangedRows` holds them, and the values of the rows in that order
//! (accounts by address; of each first the account, then its slots by hash), each as stored and behind its length.

use crate::{
    ReadTx,
    codec::{ChangedKeys, ChangesRow, Value, put_varint},
    rows::{Access, Rows},
    tables::{AccountsHistory, ChangedRows, StoragesHistory, Table},
};
use alloy_primitives::{B256, Keccak256, aliases::B128, keccak256};
use bttc_primitives::{Fatal, Height};

/// What became of the history of one height.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckedHistory {
    /// Rows of `AccountsHistory` that the height has.
    pub account_rows: u64,
    /// Rows of `StoragesHistory` that the height has.
    pub slot_rows: u64,
    /// What is wrong; empty if all is as it was written.
    pub faults: Vec<HistoryFault>,
}

/// Damage in the history of a height.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HistoryFault {
    /// The row of `ChangedRows` cannot be decoded, so that the height's rows are unknown.
    #[error("the row of height {height} in table ChangedRows cannot be decoded")]
    Undecodable {
        /// Its key.
        height: Height,
    },
    /// A row that the height wrote is gone.
    #[error("row {key} of table {table} is missing")]
    Missing {
        /// `AccountsHistory` or `StoragesHistory`.
        table: &'static str,
        /// `keccak(address)/height`, or `keccak(address)/keccak(slot)/height`.
        key: String,
    },
    /// A value, the list of rows, or the digest itself is not what was written.
    #[error(
        "the rows of height {height} in tables AccountsHistory and StoragesHistory do not give the digest {stored} of table ChangedRows: they give {computed}"
    )]
    Digest {
        /// Height whose rows they are.
        height: Height,
        /// Digest as stored.
        stored: B128,
        /// Digest of what is there.
        computed: B128,
    },
}

/// The digest while it is made.
pub(crate) struct HistoryDigest {
    hasher: Keccak256,
    value: Vec<u8>,
}

impl HistoryDigest {
    pub(crate) fn new(height: Height, keys: &ChangedKeys) -> Self {
        let mut hasher = Keccak256::new();
        let mut names = Vec::new();
        keys.encode(&mut names);
        hasher.update(height.to_be_bytes());
        hasher.update(&names);
        Self { hasher, value: names }
    }

    /// Adds the value of the next row.
    pub(crate) fn add(&mut self, value: &impl Value) {
        self.value.clear();
        value.encode(&mut self.value);
        let value = std::mem::take(&mut self.value);
        self.add_bytes(&value);
        self.value = value;
    }

    fn add_bytes(&mut self, value: &[u8]) {
        let mut len = Vec::with_capacity(2);
        put_varint(value.len() as u64, &mut len);
        self.hasher.update(&len);
        self.hasher.update(value);
    }

    pub(crate) fn finish(self) -> B128 {
        let [first, _] = halves(self.hasher.finalize());
        first
    }
}

fn halves(hash: B256) -> [B128; 2] {
    let (first, second) = hash.as_slice().split_at(16);
    [B128::from_slice(first), B128::from_slice(second)]
}

impl<K: Access> Rows<'_, K> {
    /// The digest of what stands in the history for `height`, the number of rows in each table, and which are missing.
    pub(crate) fn digest_history(&self, height: Height, keys: &ChangedKeys) -> Result<(B128, CheckedHistory), Fatal> {
        let mut digest = HistoryDigest::new(height, keys);
        let mut checked = CheckedHistory::default();
        for (address, changed) in &keys.accounts {
            let key = keccak256(address);
            if changed.fields {
                match self.raw::<AccountsHistory>(&(key, height), &mut digest)? {
                    true => checked.account_rows = checked.account_rows.saturating_add(1),
                    false => checked.missing::<AccountsHistory>(format!("{key}/{height}")),
                }
            }
            for slot in changed.slots.keys() {
                match self.raw::<StoragesHistory>(&(key, *slot, height), &mut digest)? {
                    true => checked.slot_rows = checked.slot_rows.saturating_add(1),
                    false => checked.missing::<StoragesHistory>(format!("{key}/{slot}/{height}")),
                }
            }
        }
        Ok((digest.finish(), checked))
    }

    fn raw<T: Table>(&self, key: &T::Key, digest: &mut HistoryDigest) -> Result<bool, Fatal> {
        let added = self.get_with::<T, _>(key, |value| {
            digest.add_bytes(value);
            Ok(())
        })?;
        Ok(added.is_some())
    }

    pub(crate) fn check_history(&self, height: Height) -> Result<Option<CheckedHistory>, Fatal> {
        let decode = |bytes: &[u8]| Ok(ChangesRow::decode(bytes));
        let Some(row) = self.get_with::<ChangedRows, _>(&height, decode)? else { return Ok(None) };
        let Ok(ChangesRow { digest: stored, keys }) = row else {
            let faults = vec![HistoryFault::Undecodable { height }];
            return Ok(Some(CheckedHistory { faults, ..Default::default() }));
        };
        let (computed, mut checked) = self.digest_history(height, &keys)?;
        if checked.faults.is_empty() && computed != stored {
            checked.faults.push(HistoryFault::Digest { height, stored, computed });
        }
        Ok(Some(checked))
    }
}

impl CheckedHistory {
    fn missing<T: Table>(&mut self, key: String) {
        self.faults.push(HistoryFault::Missing { table: T::NAME, key });
    }
}

impl ReadTx {
    /// Compares the history rows of a height with the digest that was stored with them; none if the height has no row in `ChangedRows`.
    ///
    /// A height that changed nothing has no row, nor has a pruned one. Damage is in the answer, not an error. Rows that no height lists
    /// are found by counting: over all heights the sums of `account_rows` and `slot_rows` are the sizes of the two tables.
    pub fn check_history(&self, height: Height) -> Result<Option<CheckedHistory>, Fatal> {
        self.rows().check_history(height)
    }
}

//! Which blocks have logs of an address or of a first topic.
//!
//! Each list is a union of index scans that move forward together: of every key only the next height is known, and only keys that are
//! behind are moved. Two lists are met in turns, each asking the other for its next height, so that nothing is read twice and no more
//! than the answer is kept.

use crate::{
    codec::Key,
    rows::{Access, Rows, TableCursor},
    tables::{LogAddresses, LogTopics, Table},
};
use alloy_primitives::{Address, B256};
use bttc_primitives::{Fatal, Height};
use signet_libmdbx::RoSync;
use std::ops::RangeInclusive;

/// See [`ReadTx::blocks_with_logs`](crate::ReadTx::blocks_with_logs).
pub(crate) fn blocks_with_logs(
    rows: &Rows<'_, RoSync>,
    range: RangeInclusive<Height>,
    addresses: &[Address],
    topic0: &[B256],
    limit: usize,
) -> Result<Vec<Height>, Fatal> {
    let mut found = Vec::new();
    let Some(head) = rows.head()? else { return Ok(found) };
    let end = head.height().min(*range.end());
    let mut addresses = Union::<_, LogAddresses, _>::new(rows, addresses, *range.start())?;
    let mut topics = Union::<_, LogTopics, _>::new(rows, topic0, *range.start())?;
    let mut from = *range.start();
    while from <= end && found.len() < limit {
        let Some(first) = addresses.next_from(from)? else { break };
        let Some(second) = topics.next_from(first)? else { break };
        if second > end {
            break;
        }
        if first == second {
            found.push(first);
            let Some(next) = first.checked_add(1) else { break };
            from = next;
        } else {
            from = second;
        }
    }
    Ok(found)
}

/// Heights of any of some keys; of every height if there are no keys.
struct Union<'tx, K: Access, T, P> {
    cursor: TableCursor<'tx, K, T>,
    /// Each key with the first of its heights that was not passed.
    keys: Vec<(P, Height)>,
    any: bool,
}

impl<'tx, K, T, P> Union<'tx, K, T, P>
where
    K: Access,
    T: Table<Key = (P, Height)>,
    P: Key + Copy + Ord,
{
    fn new(rows: &Rows<'tx, K>, keys: &[P], from: Height) -> Result<Self, Fatal> {
        let any = keys.is_empty();
        let mut keys: Vec<_> = keys.iter().map(|key| (*key, 0)).collect();
        keys.sort_unstable();
        keys.dedup();
        let mut union = Self { cursor: rows.cursor()?, keys, any };
        for at in (0..union.keys.len()).rev() {
            union.advance(at, from)?;
        }
        Ok(union)
    }

    /// The first height at or above `from`.
    fn next_from(&mut self, from: Height) -> Result<Option<Height>, Fatal> {
        if self.any {
            return Ok(Some(from));
        }
        for at in (0..self.keys.len()).rev() {
            if self.keys.get(at).is_some_and(|(_, height)| *height < from) {
                self.advance(at, from)?;
            }
        }
        Ok(self.keys.iter().map(|(_, height)| *height).min())
    }

    /// Moves one key to its first height at or above `from`; drops it if there is none.
    fn advance(&mut self, at: usize, from: Height) -> Result<(), Fatal> {
        let Some((key, height)) = self.keys.get_mut(at) else { return Ok(()) };
        match self.cursor.seek(&(*key, from))? {
            Some(((found, next), _)) if found == *key => *height = next,
            _ => {
                self.keys.swap_remove(at);
            }
        }
        Ok(())
    }
}

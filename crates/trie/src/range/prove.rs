//! Reading ranges of a state, and proving them.

use super::{Bounds, Place, RangeProof};
use crate::{
    HashedAccountChange, HashedChanges, Nibbles, TrieAccount, TrieCursor, TrieSource,
    leaves::{AccountLeaves, Leaves, SlotLeaves},
    state_root::{storage_tries, storage_walk},
    walk::Walk,
};
use alloy_primitives::{B256, Bytes, U256};
use alloy_rlp::Encodable;
use bttc_primitives::Fatal;
use std::{
    collections::{BTreeMap, BTreeSet, btree_map},
    iter::Peekable,
};

/// A state whose ranges can be read and proved: a snapshot of the store with changes on top.
#[derive(Debug)]
pub struct StateRanges<'a, S> {
    source: &'a S,
    overlay: &'a HashedChanges,
    /// Storage roots of the accounts whose storage the overlay changes.
    storage_roots: BTreeMap<B256, B256>,
}

impl<'a, S: TrieSource> StateRanges<'a, S> {
    /// The state of `source` with `overlay` on top: empty for the newest state, what leads back to an older one otherwise.
    ///
    /// Costs the storage roots of the overlay once, and each proof of accounts a walk over the overlay.
    pub fn new(source: &'a S, overlay: &'a HashedChanges) -> Result<Self, Fatal> {
        let storage_roots =
            storage_tries(source, overlay)?.into_iter().map(|(key, walked)| (key, walked.root)).collect();
        Ok(Self { source, overlay, storage_roots })
    }

    /// Root of the state.
    pub fn root(&self) -> Result<B256, Fatal> {
        Ok(self.account_walk()?.prove(&[])?.0)
    }

    /// Accounts at or above `from`, ascending.
    pub fn accounts(&self, from: B256) -> Result<impl Iterator<Item = Result<(B256, TrieAccount), Fatal>>, Fatal> {
        let leaves = AccountLeaves::new(&self.storage_roots);
        Merged::new(Some(self.source.account_cursor()?), from, &self.overlay.accounts, leaves)
    }

    /// Slots of an account at or above `from`, ascending.
    pub fn slots(&self, account: B256, from: B256) -> Result<impl Iterator<Item = Result<(B256, U256), Fatal>>, Fatal> {
        let (cursor, changes) = match self.overlay.accounts.get(&account) {
            None => (Some(self.source.storage_cursor(account)?), None),
            Some(change) if change.storage_wiped => (None, Some(&change.storage)),
            Some(change) => (Some(self.source.storage_cursor(account)?), Some(&change.storage)),
        };
        Merged::new(cursor, from, changes.unwrap_or(&NO_SLOTS), SlotLeaves)
    }

    /// Accounts from `from` on, at least one if there is one, as many as fit into `max_bytes`.
    pub fn account_range(&self, from: B256, max_bytes: usize) -> Result<RangeProof<TrieAccount>, Fatal> {
        let (leaves, complete) = take(self.accounts(from)?, max_bytes)?;
        let last = if complete { None } else { leaves.last().map(|(key, _)| *key) };
        Ok(RangeProof { nodes: self.account_boundary(from, last)?, leaves, complete })
    }

    /// Slots of an account from `from` on, at least one if there is one, as many as fit into `max_bytes`.
    pub fn slot_range(&self, account: B256, from: B256, max_bytes: usize) -> Result<RangeProof<U256>, Fatal> {
        let (leaves, complete) = take(self.slots(account, from)?, max_bytes)?;
        let bounds = bounds(from, if complete { None } else { leaves.last().map(|(key, _)| *key) });
        if bounds.place(&Nibbles::new()) == Place::Inside {
            return Ok(RangeProof { leaves, complete, nodes: Vec::new() });
        }
        let unchanged = HashedAccountChange::default();
        let change = self.overlay.accounts.get(&account).unwrap_or(&unchanged);
        let nodes = boundary(storage_walk(self.source, account, change)?, bounds)?;
        Ok(RangeProof { leaves, complete, nodes })
    }

    /// Boundary nodes of all accounts from `from` to `last`, or to the end.
    pub fn account_boundary(&self, from: B256, last: Option<B256>) -> Result<Vec<Bytes>, Fatal> {
        let bounds = bounds(from, last);
        if bounds.place(&Nibbles::new()) == Place::Inside {
            return Ok(Vec::new());
        }
        boundary(self.account_walk()?, bounds)
    }

    fn account_walk(&self) -> Result<Walk<'_, S::Accounts<'_>, AccountLeaves<'_>>, Fatal> {
        let leaves = AccountLeaves::new(&self.storage_roots);
        Ok(Walk::new("account", Some(self.source.account_cursor()?), leaves, &self.overlay.accounts))
    }
}

static NO_SLOTS: BTreeMap<B256, crate::HashedSlotChange> = BTreeMap::new();

fn bounds(from: B256, last: Option<B256>) -> Bounds {
    Bounds { from, last: last.unwrap_or(B256::repeat_byte(0xff)) }
}

/// As many leaves as fit, and whether those are all.
fn take<L: Encodable>(
    leaves: impl Iterator<Item = Result<(B256, L), Fatal>>,
    max_bytes: usize,
) -> Result<(Vec<(B256, L)>, bool), Fatal> {
    let (mut taken, mut bytes) = (Vec::new(), 0usize);
    for leaf in leaves {
        let (key, leaf) = leaf?;
        bytes = bytes.saturating_add(32).saturating_add(leaf.length());
        if bytes > max_bytes && !taken.is_empty() {
            return Ok((taken, false));
        }
        taken.push((key, leaf));
    }
    Ok((taken, true))
}

/// The nodes of a trie below which keys of the range and others lie.
fn boundary<C: TrieCursor<Leaf = L::Leaf>, L: Leaves>(
    walk: Walk<'_, C, L>,
    bounds: Bounds,
) -> Result<Vec<Bytes>, Fatal> {
    let ends = BTreeSet::from([bounds.from, bounds.last].map(|key| Nibbles::unpack_array(&key.0)));
    let ends: Vec<_> = ends.into_iter().collect();
    let (_, proofs) = walk.prove(&ends)?;
    let mut nodes = BTreeMap::new();
    for end in &ends {
        nodes.extend(proofs.on_way(end).filter(|(path, _)| bounds.place(path) == Place::Across));
    }
    Ok(nodes.into_values().collect())
}

/// A key that is stored or changed, and the leaf there, if there is one.
type Entry<L> = (B256, Option<<L as Leaves>::Leaf>);

/// Stored leaves and changes, merged in the order of their keys.
struct Merged<'a, C: TrieCursor, L: Leaves> {
    cursor: Option<C>,
    stored: Option<(B256, C::Leaf)>,
    changes: Peekable<btree_map::Range<'a, B256, L::Change>>,
    leaves: L,
}

impl<'a, C: TrieCursor<Leaf = L::Leaf>, L: Leaves> Merged<'a, C, L> {
    fn new(
        mut cursor: Option<C>,
        from: B256,
        changes: &'a BTreeMap<B256, L::Change>,
        leaves: L,
    ) -> Result<Self, Fatal> {
        let stored = match &mut cursor {
            Some(cursor) => cursor.seek_leaf(from)?,
            None => None,
        };
        Ok(Self { cursor, stored, changes: changes.range(from..).peekable(), leaves })
    }

    fn step(&mut self) -> Result<Option<Entry<L>>, Fatal> {
        let stored = self.stored.as_ref().map(|(key, _)| *key);
        let changed = self.changes.peek().map(|(key, _)| **key);
        let Some(key) = [stored, changed].into_iter().flatten().min() else { return Ok(None) };
        let leaf = self.stored.take_if(|(stored, _)| *stored == key).map(|(_, leaf)| leaf);
        if leaf.is_some()
            && let Some(cursor) = &mut self.cursor
        {
            self.stored = cursor.next_leaf()?;
        }
        match self.changes.next_if(|(changed, _)| **changed == key) {
            Some((_, change)) => Ok(Some((key, self.leaves.apply(key, change, leaf)))),
            None => Ok(Some((key, leaf))),
        }
    }
}

impl<C: TrieCursor<Leaf = L::Leaf>, L: Leaves> Iterator for Merged<'_, C, L> {
    type Item = Result<(B256, C::Leaf), Fatal>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.step().transpose()? {
                Ok((key, Some(leaf))) => return Some(Ok((key, leaf))),
                Ok((_, None)) => {}
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

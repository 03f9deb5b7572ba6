//! One walk through one trie: stored nodes and leaves below, changes above, hashes out.
//!
//! Everything moves forward in key order, once: the stored nodes (depth first), the changes, the keys to prove and the builder that
//! hashes. At a child of a stored branch node, with all changes before it fed, there are three cases:
//!
//! - nothing changed below it and its hash is known: the hash is all the builder needs;
//! - more nodes are stored below it: the walk goes down to the first of them, which also covers an extension node in between;
//! - otherwise there are only leaves below, a handful, and those are merged with the changes.
//!
//! Between two children nothing is stored, so a change there is a new leaf (or the deletion of none) and needs no read.
//!
//! Deleting leaves may leave a branch with a single child. If that child is a hashed branch, the builder puts an extension node
//! before its hash; if it is a leaf or an extension node, whose own encoding grows, it was not hashed and so was read anyway.

use crate::{BranchNodeCompact, Nibbles, TrieCursor, leaves::Leaves};
use alloy_primitives::{B256, Bytes};
use alloy_trie::{
    HashBuilder,
    proof::{ProofNodes, ProofRetainer},
};
use bttc_primitives::Fatal;
use std::collections::{BTreeMap, btree_map};

/// Nibbles of a key.
const KEY_NIBBLES: usize = 64;

/// A walk in progress.
pub(crate) struct Walk<'a, C, L: Leaves> {
    /// Which trie, for messages.
    name: &'static str,
    /// The stored trie; none where it counts as empty.
    cursor: Option<C>,
    /// Path of the subtree that is walked; empty for a whole trie. The builder's paths begin there.
    base: Nibbles,
    /// Children of the root that were walked on their own.
    parts: BTreeMap<u8, Walked<L>>,
    leaves: L,
    changes: btree_map::Range<'a, B256, L::Change>,
    /// The first change not yet fed.
    change: Option<Change<'a, L::Change>>,
    /// Keys to prove that lie ahead, in order.
    targets: &'a [Nibbles],
    /// A stored leaf that was read but lies behind the range being read.
    ahead: Option<StoredLeaf<L::Leaf>>,
    builder: HashBuilder,
    /// Changed nodes of the parts.
    part_nodes: BTreeMap<Nibbles, Option<BranchNodeCompact>>,
    /// Stored nodes that the walk opened.
    opened: BTreeMap<Nibbles, BranchNodeCompact>,
    /// Encoding of a leaf, kept for its memory.
    encoded: Vec<u8>,
}

/// What a walk found.
pub(crate) struct Walked<L> {
    pub(crate) root: B256,
    /// Whether a branch node worth storing stands at the very root.
    pub(crate) is_branch: bool,
    pub(crate) leaves: L,
    /// Branch nodes that differ from the stored ones; none where one is to be deleted.
    pub(crate) nodes: BTreeMap<Nibbles, Option<BranchNodeCompact>>,
}

struct Change<'a, T> {
    path: Nibbles,
    key: B256,
    change: &'a T,
}

struct StoredLeaf<T> {
    path: Nibbles,
    key: B256,
    leaf: T,
}

impl<'a, C: TrieCursor<Leaf = L::Leaf>, L: Leaves> Walk<'a, C, L> {
    /// A walk over `cursor` (none: an empty trie) with `changes` on top.
    pub(crate) fn new(
        name: &'static str,
        cursor: Option<C>,
        leaves: L,
        changes: &'a BTreeMap<B256, L::Change>,
    ) -> Self {
        let mut walk = Self {
            name,
            cursor,
            base: Nibbles::new(),
            parts: BTreeMap::new(),
            leaves,
            changes: changes.range::<B256, _>(..),
            change: None,
            targets: &[],
            ahead: None,
            builder: HashBuilder::default(),
            part_nodes: BTreeMap::new(),
            opened: BTreeMap::new(),
            encoded: Vec::with_capacity(128),
        };
        walk.next_change();
        walk
    }

    /// The same walk with some children of the root already done.
    pub(crate) fn with_parts(mut self, parts: BTreeMap<u8, Walked<L>>) -> Self {
        self.parts = parts;
        self
    }

    /// A walk of the subtree at `base` alone, a child of the root, with the changes below it.
    pub(crate) fn part(mut self, base: Nibbles, changes: btree_map::Range<'a, B256, L::Change>) -> Self {
        self.base = base;
        self.changes = changes;
        self.next_change();
        self
    }

    /// Root, leaves and changed nodes.
    pub(crate) fn run(mut self) -> Result<Walked<L>, Fatal> {
        self.builder.set_updates(true);
        self.all()?;
        let root = self.builder.root();
        let (_, built) = self.builder.split();
        let is_branch = built.contains_key(&Nibbles::new());
        let mut nodes = self.part_nodes;
        // Built nodes come in no order; a map with order takes them, so none shows.
        for (path, mut node) in built {
            let path = self.base.join(&path);
            if !path.is_empty() {
                node.root_hash = None;
            }
            if self.opened.remove(&path).as_ref() != Some(&node) {
                nodes.insert(path, Some(node));
            }
        }
        nodes.extend(self.opened.into_keys().map(|path| (path, None)));
        Ok(Walked { root, is_branch, leaves: self.leaves, nodes })
    }

    /// Root, and the nodes on the way to each of `targets` (sorted).
    pub(crate) fn prove(mut self, targets: &'a [Nibbles]) -> Result<(B256, Proofs), Fatal> {
        self.targets = targets;
        self.builder = self.builder.with_proof_retainer(ProofRetainer::new(targets.to_vec()));
        self.all()?;
        let root = self.builder.root();
        Ok((root, Proofs { nodes: self.builder.take_proof_nodes() }))
    }

    fn all(&mut self) -> Result<(), Fatal> {
        let root = self.base;
        match self.seek_node(&root)? {
            Some((path, node)) if root.is_empty() || path == root => self.branch(path, node)?,
            _ if !root.is_empty() => return Err(self.broken(&root, "is missing")),
            _ => {
                self.merge_leaves(&root)?;
            }
        }
        self.feed_changes(None);
        Ok(())
    }

    /// Feeds all that lies below a stored branch node.
    fn branch(&mut self, path: Nibbles, node: BranchNodeCompact) -> Result<(), Fatal> {
        let mut hashes = node.hashes.iter();
        for nibble in (0..16u8).filter(|nibble| node.state_mask.is_bit_set(*nibble)) {
            let mut child = path;
            child.push(nibble);
            let hash = if node.hash_mask.is_bit_set(nibble) {
                Some(*hashes.next().ok_or_else(|| self.broken(&path, "has fewer hashes than its mask says"))?)
            } else {
                None
            };
            let more_stored = node.tree_mask.is_bit_set(nibble);
            self.feed_changes(Some(&child));
            match hash {
                Some(hash) if !self.touched(&child) => self.feed_hash(&child, hash, more_stored),
                _ if path.is_empty() && self.parts.contains_key(&nibble) => self.feed_part(nibble, &child),
                _ if more_stored => match self.seek_node(&child)? {
                    // A child with a hash is a branch itself, one without leads to it through an extension node.
                    Some((path, node)) if hash.is_none() || path == child => self.branch(path, node)?,
                    _ => return Err(self.broken(&child, "is missing")),
                },
                _ if self.merge_leaves(&child)? == 0 => return Err(self.broken(&child, "has no leaves")),
                _ => {}
            }
        }
        self.opened.insert(path, node);
        Ok(())
    }

    /// Feeds the stored leaves below `prefix` and the changes that lie between them. Returns how many are stored.
    fn merge_leaves(&mut self, prefix: &Nibbles) -> Result<usize, Fatal> {
        let mut count = 0usize;
        let mut stored = self.first_leaf(prefix)?;
        while let Some(leaf) = stored {
            if !leaf.path.starts_with(prefix) {
                self.ahead = Some(leaf);
                break;
            }
            count = count.saturating_add(1);
            let StoredLeaf { path, key, leaf } = leaf;
            self.feed_changes(Some(&path));
            match self.change.take_if(|change| change.path == path) {
                Some(Change { change, .. }) => {
                    self.next_change();
                    if let Some(leaf) = self.leaves.apply(key, change, Some(leaf)) {
                        self.feed(path, &leaf);
                    }
                }
                None => self.feed(path, &leaf),
            }
            stored = self.next_leaf(&path)?;
        }
        Ok(count)
    }

    /// Feeds the changes before `end` (none: all that are left), at none of which a leaf is stored.
    fn feed_changes(&mut self, end: Option<&Nibbles>) {
        while let Some(Change { path, key, change }) =
            self.change.take_if(|change| end.is_none_or(|end| change.path < *end))
        {
            self.next_change();
            if let Some(leaf) = self.leaves.apply(key, change, None) {
                self.feed(path, &leaf);
            }
        }
    }

    fn feed(&mut self, path: Nibbles, leaf: &L::Leaf) {
        use alloy_rlp::Encodable;
        self.encoded.clear();
        leaf.encode(&mut self.encoded);
        self.builder.add_leaf(path.slice(self.base.len()..), &self.encoded);
    }

    fn feed_hash(&mut self, path: &Nibbles, hash: B256, more_stored: bool) {
        self.builder.add_branch(path.slice(self.base.len()..), hash, more_stored);
    }

    /// Feeds a child of the root that was walked on its own, and passes over its changes.
    fn feed_part(&mut self, nibble: u8, child: &Nibbles) {
        let Some(part) = self.parts.remove(&nibble) else { return };
        self.feed_hash(child, part.root, true);
        self.leaves.absorb(part.leaves);
        self.part_nodes.extend(part.nodes);
        while self.change.take_if(|change| change.path.starts_with(child)).is_some() {
            self.next_change();
        }
    }

    fn next_change(&mut self) {
        self.change =
            self.changes.next().map(|(key, change)| Change { path: Nibbles::unpack_array(&key.0), key: *key, change });
    }

    /// Whether a change or a key to prove lies below `child`; both have moved up to it.
    fn touched(&mut self, child: &Nibbles) -> bool {
        while let Some((_, rest)) = self.targets.split_first().filter(|(target, _)| *target < child) {
            self.targets = rest;
        }
        self.change.as_ref().is_some_and(|change| change.path.starts_with(child))
            || self.targets.first().is_some_and(|target| target.starts_with(child))
    }

    /// The first stored node at or below `prefix`.
    fn seek_node(&mut self, prefix: &Nibbles) -> Result<Option<(Nibbles, BranchNodeCompact)>, Fatal> {
        let Some(cursor) = &mut self.cursor else { return Ok(None) };
        match cursor.seek_node(prefix)? {
            Some((path, _)) if !path.starts_with(prefix) => Ok(None),
            Some((path, _)) if path.len() >= KEY_NIBBLES => Err(self.broken(&path, "lies deeper than a branch can")),
            found => Ok(found),
        }
    }

    fn first_leaf(&mut self, prefix: &Nibbles) -> Result<Option<StoredLeaf<L::Leaf>>, Fatal> {
        if let Some(leaf) = self.ahead.take_if(|leaf| leaf.path.starts_with(prefix)) {
            return Ok(Some(leaf));
        }
        let Some(cursor) = &mut self.cursor else { return Ok(None) };
        let mut start = B256::ZERO;
        prefix.pack_to(start.as_mut_slice());
        let found = cursor.seek_leaf(start)?.map(stored_leaf);
        match found {
            Some(leaf) if leaf.key < start => Err(self.broken(&leaf.path, "(a leaf) is out of order")),
            found => Ok(found),
        }
    }

    fn next_leaf(&mut self, previous: &Nibbles) -> Result<Option<StoredLeaf<L::Leaf>>, Fatal> {
        let Some(cursor) = &mut self.cursor else { return Ok(None) };
        let found = cursor.next_leaf()?.map(stored_leaf);
        match found {
            Some(leaf) if leaf.path <= *previous => Err(self.broken(&leaf.path, "(a leaf) is out of order")),
            found => Ok(found),
        }
    }

    fn broken(&self, path: &Nibbles, what: &str) -> Fatal {
        Fatal::new(format!("the stored {} trie is damaged: the node at {path:?} {what}", self.name))
    }
}

fn stored_leaf<T>((key, leaf): (B256, T)) -> StoredLeaf<T> {
    StoredLeaf { path: Nibbles::unpack_array(&key.0), key, leaf }
}

/// Nodes on the ways to the proven keys.
pub(crate) struct Proofs {
    nodes: ProofNodes,
}

impl Proofs {
    /// The nodes on the way to a key, but for those that stand inside their parents; of an empty trie there are none.
    pub(crate) fn on_way(&self, target: &Nibbles) -> impl Iterator<Item = (Nibbles, Bytes)> {
        (0..=target.len()).filter_map(|len| {
            let path = target.slice(..len);
            let node = self.nodes.get(&path)?;
            let listed = if len == 0 { node.as_ref() != [alloy_rlp::EMPTY_STRING_CODE] } else { node.len() >= 32 };
            listed.then(|| (path, node.clone()))
        })
    }

    /// The proof of one key: nodes from the root down.
    ///
    /// A node shorter than a hash stands inside its parent and is not listed again; an empty trie has no nodes.
    /// Source: EIP-1186.
    pub(crate) fn of(&self, target: &Nibbles) -> Vec<Bytes> {
        self.on_way(target).map(|(_, node)| node).collect()
    }
}

#[cfg(test)]
mod tests;

//! Stored branch nodes of one trie against those built from its leaves.
//!
//! Both come in pieces. The store has a node before its children, the builder after them; so stored nodes on the way to the last leaf
//! wait, of which there are at most as many as a path has nibbles.

use bttc_primitives::Fatal;
use bttc_trie::{BranchNodeCompact, Nibbles};
use std::collections::BTreeMap;

type Node = (Nibbles, BranchNodeCompact);

/// Where stored nodes come from, in the order of their paths.
pub(super) trait StoredNodes {
    fn next(&mut self) -> Result<Option<Node>, Fatal>;
}

/// A comparison in progress.
pub(super) struct Nodes<S, F> {
    stored: S,
    /// Told of each path whose node is not as it must be.
    differs: F,
    ahead: Option<Node>,
    /// Stored nodes on the way to the last leaf.
    waiting: Vec<Node>,
    built: BTreeMap<Nibbles, BranchNodeCompact>,
}

impl<S: StoredNodes, F: FnMut(&Nibbles, &'static str)> Nodes<S, F> {
    pub(super) fn new(mut stored: S, differs: F) -> Result<Self, Fatal> {
        let ahead = stored.next()?;
        Ok(Self { stored, differs, ahead, waiting: Vec::new(), built: BTreeMap::new() })
    }

    /// Compares what is finished once the leaf at `last` (none: every leaf) has been built.
    pub(super) fn advance(
        &mut self,
        built: BTreeMap<Nibbles, BranchNodeCompact>,
        last: Option<&Nibbles>,
    ) -> Result<(), Fatal> {
        self.built.extend(built);
        while let Some(node) = self.ahead.take_if(|(path, _)| last.is_none_or(|last| *path <= *last)) {
            self.waiting.push(node);
            self.ahead = self.stored.next()?;
        }
        let open = |path: &Nibbles| last.is_some_and(|last| last.starts_with(path));
        let mut waiting = Vec::new();
        for (path, node) in std::mem::take(&mut self.waiting) {
            if open(&path) {
                waiting.push((path, node));
                continue;
            }
            match self.built.remove(&path) {
                Some(built) if built == node => {}
                Some(_) => (self.differs)(&path, "the node is not the one that the leaves below it give"),
                None => (self.differs)(&path, "the leaves below it give no such node"),
            }
        }
        self.waiting = waiting;
        let missing: Vec<_> = self.built.keys().filter(|path| !open(path)).copied().collect();
        for path in missing {
            self.built.remove(&path);
            (self.differs)(&path, "the row is missing: the leaves below give a node there");
        }
        Ok(())
    }
}

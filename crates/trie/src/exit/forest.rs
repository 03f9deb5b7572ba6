//! Full subtrees of an exit tree in memory: what proves any exit at any later moment, from the leaves of a stretch of exits.
//!
//! It may begin with the first exit, or later: then with the left edge of the tree at that moment, as `BridgeOutbox` keeps it. That is enough for
//! every proof of a later exit: what lies left of its way up and was full before is on that edge.

use super::{EXIT_TREE_DEPTH, ExitNodes, MAX_EXITS, is_left, parent, zeros};
use alloy_primitives::B256;
use bttc_primitives::Fatal;

/// Full subtrees of an exit tree, from an exit on. 64 bytes an exit.
#[derive(Clone, Debug)]
pub struct ExitForest {
    /// Number of the first exit whose leaf is here.
    first: u64,
    /// By level, the last full left child at `first`; valid where `first` has the bit of the level.
    edge: [B256; EXIT_TREE_DEPTH],
    /// By level, full subtrees in their order, from number `first >> level` on.
    levels: Vec<Vec<B256>>,
}

impl Default for ExitForest {
    fn default() -> Self {
        Self::begun(0, [B256::ZERO; EXIT_TREE_DEPTH])
    }
}

impl ExitForest {
    /// Begins behind the first `count` exits, with the edge of the tree that they make.
    pub fn begun(count: u64, edge: [B256; EXIT_TREE_DEPTH]) -> Self {
        Self { first: count, edge, levels: vec![Vec::new(); EXIT_TREE_DEPTH] }
    }

    /// Number of the first exit whose leaf is here.
    pub const fn first(&self) -> u64 {
        self.first
    }

    /// How many exits there are, those before [`Self::first`] among them.
    pub fn count(&self) -> u64 {
        let leaves = self.levels.first().map_or(0, Vec::len);
        self.first.saturating_add(u64::try_from(leaves).unwrap_or(u64::MAX))
    }

    /// Appends a leaf. Errors: the tree is full, or the edge that it began with is not that of any tree.
    pub fn push(&mut self, leaf: B256) -> Result<(), Fatal> {
        let index = self.count();
        if index >= MAX_EXITS {
            return Err(Fatal::new(format!("the exit tree is full: it holds {MAX_EXITS} exits")));
        }
        let mut node = leaf;
        for level in 0..EXIT_TREE_DEPTH {
            let own = index >> level;
            let left = if is_left(index, level) { None } else { Some(self.node(level, own ^ 1)?) };
            if let Some(nodes) = self.levels.get_mut(level) {
                nodes.push(node);
            }
            let Some(left) = left else { break };
            node = parent(left, node);
        }
        Ok(())
    }

    /// Root of the tree of the first `count` exits; none if these are fewer than it began with, or more than there are.
    pub fn root(&self, count: u64) -> Result<Option<B256>, Fatal> {
        if count < self.first || count > self.count() {
            return Ok(None);
        }
        if count == MAX_EXITS {
            let half = |index| self.node(EXIT_TREE_DEPTH.saturating_sub(1), index);
            return Ok(Some(parent(half(0)?, half(1)?)));
        }
        let mut node = B256::ZERO;
        for (level, zero) in zeros().take(EXIT_TREE_DEPTH).enumerate() {
            // The bit of the level is set, so the number of the last full node there is even, one less.
            node = if is_left(count, level) {
                parent(node, zero)
            } else {
                parent(self.node(level, (count >> level) ^ 1)?, node)
            };
        }
        Ok(Some(node))
    }
}

impl ExitNodes for ExitForest {
    fn node(&self, level: usize, index: u64) -> Result<B256, Fatal> {
        let missing =
            || Fatal::new(format!("the full subtree {index} of level {level} of the exit tree is not known here"));
        let begun = self.first >> level;
        if index >= begun {
            let place = usize::try_from(index.saturating_sub(begun)).map_err(|_| missing())?;
            return self.levels.get(level).and_then(|nodes| nodes.get(place)).copied().ok_or_else(missing);
        }
        let on_edge = !is_left(self.first, level) && begun ^ 1 == index;
        self.edge.get(level).copied().filter(|_| on_edge).ok_or_else(missing)
    }
}

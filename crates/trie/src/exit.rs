//! The exit tree: what a root chain is shown to pay an exit.
//!
//! A keccak incremental Merkle tree of depth 32. Leaf `i` is [`Exit::leaf`] of exit `i`; leaves not yet used are zero, and an inner node is
//! `keccak256(left ++ right)`. `BridgeOutbox` keeps the left edge ([`ExitTree`]) and the root on chain; the root is the `exitRoot` that a
//! header's `extra_data` commits to, so a certificate of any later block proves every exit before it.
//!
//! A proof is for a tree of a certain size, that of the checkpoint it is shown against ([`exit_proof`]). It asks for at most 64 hashes of
//! full subtrees ([`ExitNodes`]), however many exits there are: what lies right of the last exit is zero, and the one unfinished node of
//! each level is made from the full ones.
//!
//! Source: docs/protocol.md, section 7.

use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_sol_types::SolValue;
use bttc_primitives::Fatal;

/// Levels between a leaf and the root.
pub const EXIT_TREE_DEPTH: usize = 32;
/// How many exits the tree has room for.
pub const MAX_EXITS: u64 = 1 << EXIT_TREE_DEPTH;

/// Hashes beside the path from a leaf to the root, the leaf's own neighbour first.
pub type ExitProof = [B256; EXIT_TREE_DEPTH];

mod forest;
pub use forest::ExitForest;

/// One transfer out of this chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit {
    /// EIP-155 id of this chain.
    pub chain_id: u64,
    /// Which root chain pays.
    pub root_id: u32,
    /// The contract that pays there.
    pub root_bridge: Address,
    /// Position in the tree.
    pub index: u32,
    /// The asset, by its address on the root chain; zero for the native coin.
    pub token: Address,
    /// Who sent it, here.
    pub from: Address,
    /// Who receives it, there.
    pub to: Address,
    /// Unit: the token's smallest.
    pub amount: U256,
}

impl Exit {
    /// Its leaf: `keccak256(abi.encode(1, chainId, rootId, rootBridge, index, token, from, to, amount))`, where 1 is the version of the form.
    pub fn leaf(&self) -> B256 {
        let words = (
            U256::from(1),
            U256::from(self.chain_id),
            U256::from(self.root_id),
            self.root_bridge,
            U256::from(self.index),
            self.token,
            self.from,
            self.to,
            self.amount,
        );
        keccak256(words.abi_encode())
    }
}

/// The tree as `BridgeOutbox` keeps it: its size and, by level, the last full left child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExitTree {
    edge: [B256; EXIT_TREE_DEPTH],
    count: u64,
}

/// The tree holds [`MAX_EXITS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the exit tree is full: it holds {MAX_EXITS} exits")]
pub struct ExitTreeFull;

impl Default for ExitTree {
    fn default() -> Self {
        Self { edge: [B256::ZERO; EXIT_TREE_DEPTH], count: 0 }
    }
}

impl ExitTree {
    /// By level, the last full left child; valid where the count has the bit of the level.
    pub const fn edge(&self) -> &[B256; EXIT_TREE_DEPTH] {
        &self.edge
    }

    /// How many exits are in it.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Appends a leaf. Errors: there is no room.
    pub fn push(&mut self, leaf: B256) -> Result<(), ExitTreeFull> {
        let index = self.count;
        self.count = index.checked_add(1).filter(|count| *count <= MAX_EXITS).ok_or(ExitTreeFull)?;
        let mut node = leaf;
        for (level, left) in self.edge.iter_mut().enumerate() {
            if is_left(index, level) {
                *left = node;
                return Ok(());
            }
            node = parent(*left, node);
        }
        // Only the last leaf of all has no left turn on its way: nothing is appended after it, so the root alone matters.
        if let Some(last) = self.edge.last_mut() {
            *last = node;
        }
        Ok(())
    }

    /// Its root.
    pub fn root(&self) -> B256 {
        if self.count == MAX_EXITS {
            return self.edge.last().copied().unwrap_or_default();
        }
        let mut node = B256::ZERO;
        for (level, (left, zero)) in self.edge.iter().zip(zeros()).enumerate() {
            node = if is_left(self.count, level) { parent(node, zero) } else { parent(*left, node) };
        }
        node
    }
}

/// Full subtrees of an exit tree.
pub trait ExitNodes {
    /// Hash of the full subtree number `index` of a `level`: that over the leaves from `index << level` up to the next one's. Level 0 are
    /// the leaves.
    fn node(&self, level: usize, index: u64) -> Result<B256, Fatal>;
}

/// Proves leaf `index` in the tree of the first `count` exits; none if it is not among them.
pub fn exit_proof<N: ExitNodes + ?Sized>(nodes: &N, count: u64, index: u64) -> Result<Option<ExitProof>, Fatal> {
    let Some(last) = count.checked_sub(1).filter(|last| index <= *last && count <= MAX_EXITS) else {
        return Ok(None);
    };
    let mut proof = [B256::ZERO; EXIT_TREE_DEPTH];
    // The last node in use of the level, full or not.
    let mut edge = nodes.node(0, last)?;
    for (level, (place, zero)) in proof.iter_mut().zip(zeros()).enumerate() {
        let edge_index = last >> level;
        let sibling = (index >> level) ^ 1;
        *place = match sibling.cmp(&edge_index) {
            std::cmp::Ordering::Less => nodes.node(level, sibling)?,
            std::cmp::Ordering::Equal => edge,
            std::cmp::Ordering::Greater => zero,
        };
        edge = if is_left(last, level) { parent(edge, zero) } else { parent(nodes.node(level, edge_index ^ 1)?, edge) };
    }
    Ok(Some(proof))
}

/// The root that a proof leads to from leaf `index`.
pub fn exit_root(leaf: B256, index: u32, proof: &ExitProof) -> B256 {
    let step = |node, (level, sibling): (usize, &B256)| {
        if is_left(u64::from(index), level) { parent(node, *sibling) } else { parent(*sibling, node) }
    };
    proof.iter().enumerate().fold(leaf, step)
}

/// Root of the exit tree before the first exit.
pub fn empty_exit_root() -> B256 {
    ExitTree::default().root()
}

/// Whether the way up from leaf `index` comes from the left at `level`.
const fn is_left(index: u64, level: usize) -> bool {
    (index >> level) & 1 == 0
}

/// Roots of empty subtrees, from the leaf up.
fn zeros() -> impl Iterator<Item = B256> {
    std::iter::successors(Some(B256::ZERO), |node| Some(parent(*node, *node)))
}

fn parent(left: B256, right: B256) -> B256 {
    let mut both = [0; 64];
    let (first, second) = both.split_at_mut(32);
    first.copy_from_slice(left.as_slice());
    second.copy_from_slice(right.as_slice());
    keccak256(both)
}

#[cfg(test)]
mod tests;

//! Ranges of a trie with proof that nothing in them is missing, added or changed: what snapshots are made of.
//!
//! A range is all leaves from a key on, up to the last one given or up to the end of the trie. Its proof are the *boundary nodes*: the nodes
//! below which keys of the range and other keys meet, at most one path down for each end. They stand in the order of their paths, and none
//! else stands there; a whole trie needs none.
//!
//! [`verify_range`] does not follow the proof key by key. It takes from the boundary nodes the hashes of what lies left and right of the
//! range, puts the leaves between them, builds the trie that these make and compares its root. Every key below a hash it took lies outside
//! of the range, so with an equal root the leaves are those of the trie, all of them. What a stranger writes into the nodes can thus lead to
//! another root only, never to another answer.
//!
//! Source: Ethereum's snapshot protocol (devp2p snap/1, `GetAccountRange` and `GetStorageRanges`); docs/protocol.md, section 10.

mod prove;

pub use prove::StateRanges;

use crate::{EMPTY_ROOT_HASH, Nibbles};
use alloy_primitives::{B256, Bytes, U256, keccak256};
use alloy_rlp::{Decodable, Encodable};
use alloy_trie::{
    HashBuilder,
    nodes::{RlpNode, TrieNode},
};

/// Nibbles of a key.
const KEY_NIBBLES: usize = 64;

/// Leaves of a trie from a key on, with proof that they are all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RangeProof<L> {
    /// Leaves in the order of their keys.
    pub leaves: Vec<(B256, L)>,
    /// Whether the range reaches to the end of the trie; if not, it ends with its last leaf.
    pub complete: bool,
    /// RLP of the boundary nodes in the order of their paths.
    pub nodes: Vec<Bytes>,
}

/// What lies behind a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RangeEnd {
    /// Nothing: the range reaches to the end of the trie.
    Complete,
    /// More leaves, all at or above this key.
    More(B256),
}

/// Why leaves are not a range of a trie. The fault is that of whoever gave them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRange {
    /// The keys do not ascend.
    #[error("leaf {index} of the range is out of order: its key is {got}, expected one above {expected}")]
    OutOfOrder {
        /// Position of the leaf.
        index: usize,
        /// Its key.
        got: B256,
        /// The key before it.
        expected: B256,
    },
    /// A leaf lies before the start.
    #[error("the range begins with the key {got}, expected one at or above {expected}")]
    BeforeStart {
        /// Key of the first leaf.
        got: B256,
        /// Start of the range.
        expected: B256,
    },
    /// A boundary node is not given.
    #[error("the proof has no node for path {path:?}, expected one with hash {expected}")]
    MissingNode {
        /// Where the node belongs.
        path: Nibbles,
        /// Its hash.
        expected: B256,
    },
    /// A boundary node is not the one that belongs there.
    #[error("the proof's node for path {path:?} has hash {got}, expected {expected}")]
    WrongNode {
        /// Where the node belongs.
        path: Nibbles,
        /// Hash of what was given.
        got: B256,
        /// Hash of what belongs there.
        expected: B256,
    },
    /// A boundary node is no node of a trie with keys of 32 bytes.
    #[error("the proof's node for path {path:?} is broken: {why}")]
    BrokenNode {
        /// Where the node stands.
        path: Nibbles,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Nodes that the proof does not need.
    #[error("the proof has {got} nodes, expected {expected}")]
    ExtraNodes {
        /// Number of nodes given.
        got: usize,
        /// Number of nodes needed.
        expected: usize,
    },
    /// It is said that leaves follow, but none do, or there is no last leaf behind which they could.
    #[error("the range does not say that it reaches to the end of the trie, but nothing follows it")]
    NothingFollows,
    /// The leaves are not those of the trie.
    #[error("the leaves of the range lead to root {got}, expected {expected}")]
    WrongRoot {
        /// Root of the leaves with what lies around them.
        got: B256,
        /// Root of the trie.
        expected: B256,
    },
}

/// Checks that the leaves of `range` are all leaves of the trie with this `root` whose keys lie at or above `from`, up to the last one or to the end.
///
/// Work and memory are bounded by what is given; nothing that a stranger gives makes it panic.
/// Errors: [`InvalidRange`], which names the fault.
pub fn verify_range<L: Encodable>(root: B256, from: B256, range: &RangeProof<L>) -> Result<RangeEnd, InvalidRange> {
    let RangeProof { leaves, complete, nodes } = range;
    check_order(from, leaves)?;
    let last = leaves.last().map(|(key, _)| *key);
    let (bounds, end) = if *complete {
        (Bounds { from, last: B256::repeat_byte(0xff) }, RangeEnd::Complete)
    } else {
        let last = last.ok_or(InvalidRange::NothingFollows)?;
        (Bounds { from, last }, RangeEnd::More(key_after(last).ok_or(InvalidRange::NothingFollows)?))
    };
    let mut outline = Outline { bounds, nodes: nodes.iter(), left: Vec::new(), right: Vec::new() };
    if root != EMPTY_ROOT_HASH {
        outline.hashed(Nibbles::new(), root)?;
    }
    let unused = outline.nodes.len();
    if unused > 0 {
        return Err(InvalidRange::ExtraNodes { got: nodes.len(), expected: nodes.len().saturating_sub(unused) });
    }
    let got = outline.root_with(leaves);
    if got != root {
        return Err(InvalidRange::WrongRoot { got, expected: root });
    }
    if !complete && outline.right.is_empty() {
        return Err(InvalidRange::NothingFollows);
    }
    Ok(end)
}

/// The least key above `key`; none above the greatest.
pub(crate) fn key_after(key: B256) -> Option<B256> {
    U256::from_be_bytes(key.0).checked_add(U256::ONE).map(B256::from)
}

fn check_order<L>(from: B256, leaves: &[(B256, L)]) -> Result<(), InvalidRange> {
    if let Some((first, _)) = leaves.first().filter(|(first, _)| *first < from) {
        return Err(InvalidRange::BeforeStart { got: *first, expected: from });
    }
    let pairs = leaves.iter().zip(leaves.iter().skip(1)).zip(1usize..);
    for (((before, _), (key, _)), index) in pairs {
        if key <= before {
            return Err(InvalidRange::OutOfOrder { index, got: *key, expected: *before });
        }
    }
    Ok(())
}

/// First and last key of a range.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) from: B256,
    pub(crate) last: B256,
}

/// Where the keys below a path lie, seen from a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Left,
    Inside,
    Right,
    /// Some in the range, some not.
    Across,
}

impl Bounds {
    pub(crate) fn place(&self, path: &Nibbles) -> Place {
        let (mut least, mut greatest) = (B256::ZERO, B256::repeat_byte(0xff));
        path.pack_to(least.as_mut_slice());
        path.pack_to(greatest.as_mut_slice());
        if path.len() % 2 == 1
            && let Some(half) = greatest.0.get_mut(path.len() / 2)
        {
            *half |= 0x0f;
        }
        if greatest < self.from {
            Place::Left
        } else if least > self.last {
            Place::Right
        } else if self.from <= least && greatest <= self.last {
            Place::Inside
        } else {
            Place::Across
        }
    }
}

/// What lies outside of the range.
enum Beside {
    /// All below a path, by its hash.
    Hash(Nibbles, B256),
    /// One leaf, with its encoded value.
    Leaf(Nibbles, Vec<u8>),
}

/// The trie around a range, in the order of paths.
struct Outline<'a> {
    bounds: Bounds,
    /// Boundary nodes not used yet.
    nodes: std::slice::Iter<'a, Bytes>,
    left: Vec<Beside>,
    right: Vec<Beside>,
}

impl Outline<'_> {
    /// Takes in what stands at `path`: the hash of a node, or a node shorter than a hash.
    fn child(&mut self, path: Nibbles, node: &RlpNode) -> Result<(), InvalidRange> {
        match node.as_hash() {
            Some(hash) => self.hashed(path, hash),
            None if self.bounds.place(&path) == Place::Inside => Ok(()),
            None => self.open(path, node),
        }
    }

    fn hashed(&mut self, path: Nibbles, hash: B256) -> Result<(), InvalidRange> {
        match self.bounds.place(&path) {
            Place::Inside => {}
            Place::Left => self.left.push(Beside::Hash(path, hash)),
            Place::Right => self.right.push(Beside::Hash(path, hash)),
            Place::Across => {
                let node = self.nodes.next().ok_or(InvalidRange::MissingNode { path, expected: hash })?;
                let got = keccak256(node);
                if got != hash {
                    return Err(InvalidRange::WrongNode { path, got, expected: hash });
                }
                self.open(path, node)?;
            }
        }
        Ok(())
    }

    /// Goes through a node. Every step makes the path longer, so this ends after at most 64.
    fn open(&mut self, path: Nibbles, mut node: &[u8]) -> Result<(), InvalidRange> {
        let broken = |why| InvalidRange::BrokenNode { path, why };
        let decoded = TrieNode::decode(&mut node).map_err(|_| broken("its RLP is not that of a node"))?;
        if !node.is_empty() {
            return Err(broken("it is longer than its contents"));
        }
        match decoded {
            TrieNode::EmptyRoot => Err(broken("it is empty")),
            TrieNode::Branch(branch) => {
                if path.len() >= KEY_NIBBLES {
                    return Err(broken("it lies deeper than a key is long"));
                }
                for (nibble, child) in branch.as_ref().children() {
                    let mut below = path;
                    below.push(nibble);
                    child.map_or(Ok(()), |child| self.child(below, child))?;
                }
                Ok(())
            }
            TrieNode::Extension(extension) => {
                let len = path.len().saturating_add(extension.key.len());
                if extension.key.is_empty() || len >= KEY_NIBBLES {
                    return Err(broken("its path is empty or longer than a key"));
                }
                self.child(path.join(&extension.key), &extension.child)
            }
            TrieNode::Leaf(leaf) => {
                if path.len().saturating_add(leaf.key.len()) != KEY_NIBBLES {
                    return Err(broken("its key is not of 32 bytes"));
                }
                let key = path.join(&leaf.key);
                match self.bounds.place(&key) {
                    Place::Left => self.left.push(Beside::Leaf(key, leaf.value)),
                    Place::Right => self.right.push(Beside::Leaf(key, leaf.value)),
                    // It must be among the leaves given, which the root tells.
                    Place::Inside | Place::Across => {}
                }
                Ok(())
            }
        }
    }

    /// Root of the trie that has `leaves` in the range, and around it what was found there.
    ///
    /// Paths ascend and none is the beginning of another: those of one walk in order, with the leaves in the gap between them.
    fn root_with<L: Encodable>(&self, leaves: &[(B256, L)]) -> B256 {
        let mut builder = HashBuilder::default();
        let feed = |builder: &mut HashBuilder, beside: &Beside| match beside {
            Beside::Hash(path, hash) => builder.add_branch(*path, *hash, false),
            Beside::Leaf(path, value) => builder.add_leaf(*path, value),
        };
        self.left.iter().for_each(|beside| feed(&mut builder, beside));
        let mut encoded = Vec::with_capacity(128);
        for (key, leaf) in leaves {
            encoded.clear();
            leaf.encode(&mut encoded);
            builder.add_leaf(Nibbles::unpack_array(&key.0), &encoded);
        }
        self.right.iter().for_each(|beside| feed(&mut builder, beside));
        builder.root()
    }
}

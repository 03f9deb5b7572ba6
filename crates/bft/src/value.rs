//! What consensus is about: a block by its hash, and how its encoding is cut into parts.
//!
//! The encoding of a block is cut into slices of [`PART_BYTES`]. A Merkle tree over them has its root in the signed proposal, so that each
//! part is checked alone when it arrives. Leaf: `keccak256(0x00 ++ slice)`; node: `keccak256(0x01 ++ left ++ right)`; a node without a right
//! neighbour moves up as it is. Source: docs/protocol.md, section 3.

use alloy_primitives::{B256, keccak256};
use alloy_rlp::{RlpDecodable, RlpEncodable};
use bttc_primitives::{Round, SealedBlock};
use bytes::Bytes;

/// Length of every part but the last. Unit: bytes.
pub const PART_BYTES: usize = 64 << 10;
/// Largest encoding of a block: transactions, evidence and a certificate of a hundred validators fit with room to spare. Unit: bytes.
pub const MAX_BLOCK_BYTES: usize = 8 << 20;
/// Longest path from a part to the root.
const MAX_DEPTH: usize = (MAX_BLOCK_BYTES / PART_BYTES).ilog2() as usize;

/// Names a block and fixes the parts of its encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, RlpEncodable, RlpDecodable)]
pub struct BlockValue {
    /// Hash of the block.
    pub hash: B256,
    /// Round whose proposer built it.
    pub built_in: Round,
    /// Length of its encoding. Unit: bytes.
    pub size: u32,
    /// Root of the tree over its parts.
    pub parts_root: B256,
}

impl BlockValue {
    /// How many parts there are.
    pub fn parts(&self) -> usize {
        (self.size as usize).div_ceil(PART_BYTES)
    }

    /// Whether the size is one that a block can have.
    pub fn has_possible_size(&self) -> bool {
        self.size > 0 && self.size as usize <= MAX_BLOCK_BYTES
    }

    /// Whether `part` is the one at its index.
    pub fn holds(&self, part: &Part) -> bool {
        let (count, index) = (self.parts(), part.index as usize);
        if index >= count || part.data.len() != self.part_len(index) || part.path.len() > MAX_DEPTH {
            return false;
        }
        climb(leaf(&part.data), index, count, &part.path) == Some(self.parts_root)
    }

    fn part_len(&self, index: usize) -> usize {
        let start = index.saturating_mul(PART_BYTES);
        (self.size as usize).saturating_sub(start).min(PART_BYTES)
    }
}

/// A slice of a block's encoding with its path to the root.
#[derive(Clone, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct Part {
    /// Which slice, from zero.
    pub index: u32,
    /// Siblings from the leaf upwards; levels without one are left out.
    pub path: Vec<B256>,
    /// The slice.
    pub data: Bytes,
}

/// A block as it is proposed: its encoding, cut.
#[derive(Clone, Debug)]
pub(crate) struct CutBlock {
    pub(crate) value: BlockValue,
    pub(crate) encoding: Bytes,
}

impl CutBlock {
    /// Encodes and cuts a block that was built in `built_in`; none if it is larger than any block may be.
    pub(crate) fn new(block: &SealedBlock, built_in: Round) -> Option<Self> {
        Self::from_encoding(block.hash(), alloy_rlp::encode(block).into(), built_in)
    }

    /// The same for an encoding that is at hand.
    pub(crate) fn from_encoding(hash: B256, encoding: Bytes, built_in: Round) -> Option<Self> {
        let size = u32::try_from(encoding.len()).ok().filter(|size| *size as usize <= MAX_BLOCK_BYTES)?;
        let leaves: Vec<B256> = encoding.chunks(PART_BYTES).map(leaf).collect();
        let parts_root = levels(leaves).last().and_then(|top| top.first()).copied()?;
        Some(Self { value: BlockValue { hash, built_in, size, parts_root }, encoding })
    }

    /// Its parts with their paths.
    pub(crate) fn parts(&self) -> Vec<Part> {
        let levels = levels(self.encoding.chunks(PART_BYTES).map(leaf).collect());
        let path_of = |mut index: usize| {
            let mut path = Vec::new();
            for level in &levels {
                path.extend(level.get(index ^ 1).filter(|_| level.len() > 1));
                index /= 2;
            }
            path
        };
        let slices = (0..self.value.parts()).map(|index| {
            let start = index.saturating_mul(PART_BYTES);
            self.encoding.slice(start..start.saturating_add(self.value.part_len(index)))
        });
        slices
            .enumerate()
            .map(|(index, data)| Part { index: u32::try_from(index).unwrap_or(u32::MAX), path: path_of(index), data })
            .collect()
    }
}

/// Parts of one block as they come in.
#[derive(Clone, Debug)]
pub(crate) struct Assembly {
    parts: Vec<Option<Bytes>>,
    missing: usize,
}

impl Assembly {
    pub(crate) fn new(value: &BlockValue) -> Self {
        Self { parts: vec![None; value.parts()], missing: value.parts() }
    }

    pub(crate) fn has(&self, index: u32) -> bool {
        self.parts.get(index as usize).is_some_and(Option::is_some)
    }

    /// Takes in a part that [`BlockValue::holds`]; answers with the whole encoding once none is missing.
    pub(crate) fn insert(&mut self, part: Part) -> Option<Bytes> {
        let slot = self.parts.get_mut(part.index as usize)?;
        if slot.replace(part.data).is_none() {
            self.missing = self.missing.saturating_sub(1);
        }
        (self.missing == 0).then(|| self.parts.iter().flatten().flat_map(|slice| slice.iter().copied()).collect())
    }
}

fn leaf(slice: &[u8]) -> B256 {
    let mut bytes = Vec::with_capacity(slice.len().saturating_add(1));
    bytes.push(0);
    bytes.extend_from_slice(slice);
    keccak256(bytes)
}

fn node(left: B256, right: B256) -> B256 {
    let mut bytes = [1u8; 65];
    let (_, pair) = bytes.split_at_mut(1);
    let (first, second) = pair.split_at_mut(32);
    first.copy_from_slice(left.as_slice());
    second.copy_from_slice(right.as_slice());
    keccak256(bytes)
}

/// All levels of the tree, leaves first.
fn levels(leaves: Vec<B256>) -> Vec<Vec<B256>> {
    let mut levels = vec![leaves];
    while let Some(below) = levels.last().filter(|level| level.len() > 1) {
        let above = below.chunks(2).map(|pair| match pair {
            [left, right] => node(*left, *right),
            rest => rest.first().copied().unwrap_or_default(),
        });
        levels.push(above.collect());
    }
    levels
}

/// The root that a leaf and its path lead to; none if the path is too short or too long.
fn climb(mut hash: B256, mut index: usize, mut count: usize, path: &[B256]) -> Option<B256> {
    let mut path = path.iter();
    while count > 1 {
        if index ^ 1 < count {
            let sibling = *path.next()?;
            hash = if index.is_multiple_of(2) { node(hash, sibling) } else { node(sibling, hash) };
        }
        index /= 2;
        count = count.div_ceil(2);
    }
    path.next().is_none().then_some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cut(len: usize) -> CutBlock {
        let bytes: Vec<u8> = (0..len).map(|at| (at / 7) as u8 ^ (at / PART_BYTES) as u8).collect();
        CutBlock::from_encoding(B256::repeat_byte(1), bytes.into(), 0).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn parts_check_alone_and_join_in_any_order(len in 1usize..PART_BYTES * 6, seed: u64) {
            let cut = cut(len);
            let mut parts = cut.parts();
            prop_assert!(parts.iter().all(|part| cut.value.holds(part)));
            let at = (seed as usize) % parts.len();
            parts.rotate_left(at);
            let mut assembly = Assembly::new(&cut.value);
            let mut whole = None;
            for part in parts {
                prop_assert!(whole.is_none());
                whole = assembly.insert(part);
            }
            prop_assert_eq!(whole, Some(cut.encoding));
        }

        #[test]
        fn a_changed_part_does_not_hold(len in 1usize..PART_BYTES * 5, at: prop::sample::Index, by in 1u8..) {
            let cut = cut(len);
            let mut part = at.get(&cut.parts()).clone();
            let mut data = part.data.to_vec();
            let byte = at.index(data.len());
            data[byte] ^= by;
            part.data = data.into();
            prop_assert!(!cut.value.holds(&part));
        }
    }

    #[test]
    fn a_part_holds_at_its_own_index_alone() {
        let cut = cut(PART_BYTES * 5);
        for part in cut.parts() {
            for index in (0..6).filter(|index| *index != part.index) {
                assert!(!cut.value.holds(&Part { index, ..part.clone() }));
            }
            let longer = [part.path.clone(), vec![B256::ZERO]].concat();
            assert!(!cut.value.holds(&Part { path: longer, ..part.clone() }));
            assert!(!cut.value.holds(&Part { path: vec![], ..part }));
        }
    }

    #[test]
    fn a_block_above_the_limit_is_not_cut() {
        assert!(CutBlock::from_encoding(B256::ZERO, vec![0; MAX_BLOCK_BYTES + 1].into(), 0).is_none());
        assert!(CutBlock::from_encoding(B256::ZERO, Bytes::new(), 0).is_none());
        assert_eq!(cut(MAX_BLOCK_BYTES).parts()[127].path.len(), MAX_DEPTH);
    }
}

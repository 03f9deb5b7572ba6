//! A large walk in parts, side by side: one for each child of the root on which something changed.
//!
//! The subtree of a child is a trie of its own, over keys without their first nibble. If its root is a branch node then the hash of
//! that root is what the whole trie has for the child, and the main walk takes it like the hash of an unchanged one. If it is not,
//! because deletions left too little, the part is dropped and the main walk goes there itself; so little is left then that nothing
//! is lost.

use crate::{
    Nibbles, TrieCursor,
    leaves::Leaves,
    walk::{Walk, Walked},
};
use alloy_primitives::B256;
use bttc_primitives::Fatal;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Number of changes from which on a trie is walked in parts.
const PARALLEL_CHANGES: usize = 64;

/// Walks one trie; `open` gives each part its cursor.
pub(crate) fn walk<C, L>(
    name: &'static str,
    open: impl Fn() -> Result<C, Fatal> + Sync,
    leaves: L,
    changes: &BTreeMap<B256, L::Change>,
) -> Result<Walked<L>, Fatal>
where
    C: TrieCursor<Leaf = L::Leaf>,
    L: Leaves + Send + Sync,
    L::Change: Sync,
{
    let mut cursor = open()?;
    let mut parts = BTreeMap::new();
    if changes.len() >= PARALLEL_CHANGES
        && let Some((path, root)) = cursor.seek_node(&Nibbles::new())?
        && path.is_empty()
    {
        let nibbles: Vec<u8> =
            (0..16).filter(|n| root.hash_mask.is_bit_set(*n) && root.tree_mask.is_bit_set(*n)).collect();
        let walked: Vec<_> = nibbles
            .into_par_iter()
            .map(|nibble| {
                let first = nibble << 4;
                let (mut from, mut to) = (B256::ZERO, B256::repeat_byte(0xff));
                if let (Some(from), Some(to)) = (from.first_mut(), to.first_mut()) {
                    (*from, *to) = (first, first | 0x0f);
                }
                let changes_below = changes.range(from..=to);
                if changes_below.clone().next().is_none() {
                    return Ok(None);
                }
                let walk = Walk::new(name, Some(open()?), leaves.part(), changes);
                let walked = walk.part(Nibbles::from_nibbles([nibble]), changes_below).run()?;
                Ok(walked.is_branch.then_some((nibble, walked)))
            })
            .collect::<Result<_, Fatal>>()?;
        parts.extend(walked.into_iter().flatten());
    }
    Walk::new(name, Some(cursor), leaves, changes).with_parts(parts).run()
}

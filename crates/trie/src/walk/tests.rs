//! Proofs over crafted keys: slots reach the public functions only through their hashes, which never share long prefixes.

use super::*;
use crate::{EmptyCursor, HashedSlotChange, leaves::SlotLeaves};
use alloy_primitives::U256;
use alloy_trie::proof::verify_proof;
use proptest::{collection::btree_map, prelude::*};

/// Keys alike up to `shared` bytes, of few different nibbles after that.
fn key(shared: usize, bits: u8) -> B256 {
    let mut key = B256::ZERO;
    for bit in 0..4 {
        let place = (shared + bit * bit).min(31);
        key[place] |= (bits >> (2 * bit) & 3) * 0x11;
    }
    key
}

proptest! {
    /// Nodes shorter than a hash stand inside their parents: listed again, they would break the proof.
    #[test]
    fn proofs_with_short_nodes_verify(
        shared in 0usize..32,
        slots in btree_map(any::<u8>(), prop_oneof![1u64..200, any::<u64>()], 0..30),
    ) {
        let slots: BTreeMap<_, _> = slots
            .into_iter()
            .map(|(bits, value)| (key(shared, bits), HashedSlotChange { after: U256::from(value), ..HashedSlotChange::default() }))
            .collect();
        let mut targets: Vec<_> = (0..=255).map(|bits| Nibbles::unpack(key(shared, bits))).collect();
        targets.sort_unstable();
        targets.dedup();
        for cursor in [None, Some(EmptyCursor::default())] {
            let (root, proofs) = Walk::new("storage", cursor, SlotLeaves, &slots).prove(&targets).unwrap();
            for target in &targets {
                let stored = slots.get(&B256::from_slice(&target.pack())).filter(|slot| !slot.after.is_zero());
                let proof = proofs.of(target);
                prop_assert!(proof.iter().skip(1).all(|node| node.len() >= 32));
                verify_proof(root, *target, stored.map(|slot| alloy_rlp::encode(slot.after)), &proof).unwrap();
            }
        }
    }
}

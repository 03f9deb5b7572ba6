use super::*;
use alloy_primitives::{address, b256};
use proptest::prelude::*;
use std::cell::Cell;

/// The slow model: hashes whatever is asked for from the leaves.
struct Leaves {
    leaves: Vec<B256>,
    asked: Cell<usize>,
}

impl Leaves {
    fn new(count: u64) -> Self {
        Self { leaves: (0..count).map(|index| keccak256(index.to_be_bytes())).collect(), asked: Cell::default() }
    }

    /// Any node, full or not, by its definition; `all` are the zero subtrees.
    fn subtree(&self, level: usize, index: u64, count: u64, all: &[B256]) -> B256 {
        if index << level >= count {
            return all[level];
        }
        if level == 0 {
            return self.leaves[index as usize];
        }
        let child = |index| self.subtree(level - 1, index, count, all);
        keccak256([child(index * 2).0, child(index * 2 + 1).0].concat())
    }

    fn root(&self, count: u64) -> B256 {
        let all: Vec<_> = zeros().take(EXIT_TREE_DEPTH + 1).collect();
        self.subtree(EXIT_TREE_DEPTH, 0, count, &all)
    }
}

impl ExitNodes for Leaves {
    fn node(&self, level: usize, index: u64) -> Result<B256, Fatal> {
        self.asked.set(self.asked.get() + 1);
        let end = (index + 1) << level;
        assert!(end <= self.leaves.len() as u64, "only full subtrees are asked for");
        Ok(self.subtree(level, index, end, &[]))
    }
}

/// The value that other bridges with an empty keccak tree of depth 32 publish.
#[test]
fn empty_root_is_the_known_constant() {
    let known = b256!("27ae5ba08d7291c96c8cbddcc148bf48a6d68c7974b94356f53754ef6171d757");
    assert_eq!(empty_exit_root(), known);
}

#[test]
fn a_leaf_is_the_hash_of_nine_words() {
    let exit = Exit {
        chain_id: 990_990,
        root_id: 2,
        root_bridge: address!("1111111111111111111111111111111111111111"),
        index: 7,
        token: address!("2222222222222222222222222222222222222222"),
        from: address!("3333333333333333333333333333333333333333"),
        to: address!("4444444444444444444444444444444444444444"),
        amount: U256::from(5),
    };
    let number = |n: u64| U256::from(n).to_be_bytes::<32>();
    let account = |byte: u8| {
        let mut word = [byte; 32];
        word[..12].fill(0);
        word
    };
    let words = [number(1), number(990_990), number(2), account(0x11), number(7), account(0x22), account(0x33)];
    let rest = [account(0x44), number(5)];
    assert_eq!(exit.leaf(), keccak256([words.concat(), rest.concat()].concat()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Every leaf proves itself in every tree it is part of, with at most two questions a level; and nothing else does.
    #[test]
    fn proofs_lead_to_the_root_of_the_model(count in 1u64..70, index in 0u64..70, other in 0u64..70) {
        let nodes = Leaves::new(70);
        let mut tree = ExitTree::default();
        for leaf in &nodes.leaves[..count as usize] {
            tree.push(*leaf).unwrap();
        }
        prop_assert_eq!(tree.count(), count);
        prop_assert_eq!(tree.root(), nodes.root(count));
        let proof = exit_proof(&nodes, count, index).unwrap();
        prop_assert!(nodes.asked.get() <= 2 * EXIT_TREE_DEPTH + 1);
        prop_assert_eq!(proof.is_some(), index < count);
        if let Some(proof) = proof {
            let leaf = nodes.leaves[index as usize];
            prop_assert_eq!(exit_root(leaf, index as u32, &proof), tree.root());
            if other != index {
                prop_assert_ne!(exit_root(leaf, other as u32, &proof), tree.root());
                prop_assert_ne!(exit_root(nodes.leaves[other as usize], index as u32, &proof), tree.root());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Wherever a forest begins, it has every root and every proof from there on, and no other.
    #[test]
    fn a_forest_begun_anywhere_proves_what_comes_after(first in 0u64..70, more in 0u64..40, count in 0u64..110, index in 0u64..110) {
        let nodes = Leaves::new(110);
        let mut tree = ExitTree::default();
        for leaf in &nodes.leaves[..first as usize] {
            tree.push(*leaf).unwrap();
        }
        let mut forest = ExitForest::begun(first, *tree.edge());
        for leaf in &nodes.leaves[first as usize..(first + more) as usize] {
            forest.push(*leaf).unwrap();
        }
        prop_assert_eq!((forest.first(), forest.count()), (first, first + more));
        let known = (first..=first + more).contains(&count);
        prop_assert_eq!(forest.root(count).unwrap(), known.then(|| nodes.root(count)));
        if known && index >= first {
            let proof = exit_proof(&forest, count, index).unwrap();
            prop_assert_eq!(proof.is_some(), index < count);
            if let Some(proof) = proof {
                prop_assert_eq!(exit_root(nodes.leaves[index as usize], index as u32, &proof), nodes.root(count));
            }
        }
        // A leaf from before is not known; nor is one that is not there yet.
        prop_assert_eq!(forest.node(0, index).is_ok(), (first..first + more).contains(&index) || (first % 2 == 1 && index == first - 1));
    }
}

/// The tree at its very end: set there by hand, as nobody waits for 2^32 leaves.
#[test]
fn the_last_leaf_fills_the_tree() {
    let leaf = B256::repeat_byte(9);
    let mut tree = ExitTree { edge: [B256::repeat_byte(1); EXIT_TREE_DEPTH], count: MAX_EXITS - 1 };
    tree.push(leaf).unwrap();
    let proof = [B256::repeat_byte(1); EXIT_TREE_DEPTH];
    assert_eq!(tree.root(), exit_root(leaf, u32::MAX, &proof));
    assert_eq!(tree.push(leaf), Err(ExitTreeFull));
    assert_eq!(tree.count(), MAX_EXITS);
}

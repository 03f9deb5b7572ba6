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

/// Roots that `contracts/test/bridge/ExitTree.t.sol` holds `BridgeOutbox` against, over the same leaves: keccak256 of the index in 8 bytes.
#[test]
fn roots_are_those_of_the_contract() {
    let known = [
        (1, b256!("90712819b02589edf00e3b2632e8ca14a72442d989e7898b20567b1ebaeb5a35")),
        (2, b256!("8c83adddbfbd6b684396e746d845adac999bd765b0194a189f9f0553642105a5")),
        (3, b256!("44e05d09621132106192f21a00fd87b136b76e59832744693be65bff5375c6f4")),
        (4, b256!("f446db951e4395b14a2df0ed1e4226b3f01351f1a22ef2a210c8b0f2805347fb")),
        (7, b256!("29a07a385c4926625cdec9481e4a7382f2f5b853ce83c21bc1e7dffdf4f675c9")),
        (8, b256!("b202c63646ab5a7cb56ad03ae5bfe6b8e44eaf05042184524bba1b854c43fc86")),
        (33, b256!("89e5ecb1e781df57fb56536b5de358906a739a287e41cd6c6479a7a648728683")),
        (64, b256!("66947af3f8087cf51d4118bd2966618dca710f79afb9f772da0b3831bfc08381")),
        (70, b256!("980d4c91a785d495c3ab21e4c3ee0e48727b4325d09270ec397c5c4b5aa0b523")),
    ];
    let mut tree = ExitTree::default();
    for (count, root) in known {
        while tree.count() < count {
            tree.push(keccak256(tree.count().to_be_bytes())).unwrap();
        }
        assert_eq!(tree.root(), root, "{count} leaves");
        assert_eq!(Leaves::new(count).root(count), root, "{count} leaves, by the model");
    }
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
    // As the contract's test has it.
    assert_eq!(exit.leaf(), b256!("a7d4388369f92edd4902d1bc5758f80562bd584e316d98a25de994c8edc7b087"));
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

//! A trie built from its leaves alone, without a look at what is stored of it: what a check of the store compares with.

use crate::{BranchNodeCompact, Nibbles};
use alloy_primitives::B256;
use alloy_rlp::Encodable;
use alloy_trie::HashBuilder;
use bttc_primitives::Fatal;
use std::collections::BTreeMap;

/// A trie in the making. Leaves come in the order of their keys; memory does not grow with them while nodes are taken out.
#[derive(Debug)]
pub struct Rebuild {
    builder: HashBuilder,
    last: Option<B256>,
    encoded: Vec<u8>,
}

impl Default for Rebuild {
    fn default() -> Self {
        Self { builder: HashBuilder::default().with_updates(true), last: None, encoded: Vec::with_capacity(128) }
    }
}

impl Rebuild {
    /// Adds a leaf: an account or the value of a slot.
    ///
    /// Errors: its key is not above all before it.
    pub fn add(&mut self, key: B256, leaf: &impl Encodable) -> Result<(), Fatal> {
        if self.last.is_some_and(|last| last >= key) {
            return Err(Fatal::new(format!("the leaf {key} of a trie is out of order")));
        }
        self.last = Some(key);
        self.encoded.clear();
        leaf.encode(&mut self.encoded);
        self.builder.add_leaf(Nibbles::unpack_array(&key.0), &self.encoded);
        Ok(())
    }

    /// Branch nodes finished since the last taking, as the store keeps them. Those above the last leaf are not among them yet.
    pub fn take_nodes(&mut self) -> BTreeMap<Nibbles, BranchNodeCompact> {
        let built = self.builder.updated_branch_nodes.replace(Default::default()).unwrap_or_default();
        let without_hash = |(path, mut node): (Nibbles, BranchNodeCompact)| {
            if !path.is_empty() {
                node.root_hash = None;
            }
            (path, node)
        };
        built.into_iter().map(without_hash).collect()
    }

    /// Root of the trie of all leaves; the last nodes can be taken afterwards.
    pub fn root(&mut self) -> B256 {
        self.builder.root()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EmptySource, HashedChanges, state_root};
    use alloy_primitives::{Address, U256};
    use bttc_primitives::{Account, AccountChange, StateChanges};
    use proptest::prelude::*;

    proptest! {
        /// Leaf by leaf, with nodes taken out on the way, it comes to what the walk over an empty store comes to.
        #[test]
        fn equals_the_walk(accounts in proptest::collection::btree_set(any::<u64>(), 0..300), every in 1usize..50) {
            let mut changes = StateChanges::default();
            for n in &accounts {
                let after = Some(Account { nonce: *n, balance: U256::from(*n), ..Account::default() });
                let change = AccountChange { before: None, after, storage_wiped: false, storage: BTreeMap::new() };
                changes.accounts.insert(Address::from_word(B256::from(U256::from(*n))), change);
            }
            let walked = state_root(&EmptySource, &HashedChanges::new(&changes)).unwrap();
            let (mut rebuild, mut nodes) = (Rebuild::default(), BTreeMap::new());
            for (count, (key, account)) in walked.accounts.iter().enumerate() {
                rebuild.add(*key, account.as_ref().unwrap()).unwrap();
                if count % every == 0 {
                    nodes.extend(rebuild.take_nodes());
                }
            }
            prop_assert_eq!(rebuild.root(), walked.root);
            nodes.extend(rebuild.take_nodes());
            let walked: BTreeMap<_, _> =
                walked.account_nodes.into_iter().filter_map(|(path, node)| Some((path, node?))).collect();
            prop_assert_eq!(nodes, walked);
        }
    }

    #[test]
    fn a_leaf_out_of_order_is_refused() {
        let mut rebuild = Rebuild::default();
        rebuild.add(B256::repeat_byte(2), &U256::from(1)).unwrap();
        for key in [1, 2] {
            assert!(rebuild.add(B256::repeat_byte(key), &U256::from(1)).is_err());
        }
    }
}

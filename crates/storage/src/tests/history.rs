//! States at every height against a model, over random histories.

use super::{
    fixture::{Op, State, TestChain, address, apply, has_code, root_from_scratch},
    history_digest::assert_sound_history,
};
use crate::{StateView, TableStats};
use alloy_primitives::U256;
use bttc_primitives::StateReader;
use bttc_trie::{HashedChanges, state_root};
use proptest::{collection::vec, prelude::*};
use std::collections::BTreeMap;

const ACCOUNTS: u8 = 8;
const SLOTS: u8 = 12;

pub(super) fn op() -> impl Strategy<Value = Op> {
    let account = 1..=ACCOUNTS;
    prop_oneof![
        3 => (account.clone(), 1u64..1000).prop_map(|(n, balance)| Op::Balance(n, balance)),
        6 => (account.clone(), 0..SLOTS, 0u64..3).prop_map(|(n, slot, value)| Op::Slot(n, slot, value)),
        1 => account.clone().prop_map(Op::Kill),
        1 => (account, any::<u8>()).prop_map(|(n, byte)| Op::Code(n, byte)),
    ]
}

pub(super) fn assert_state(view: &StateView, model: &State, what: &str) {
    for n in 0..=ACCOUNTS {
        let at = address(n);
        let expected = model.get(&at);
        let account = view.account(at).unwrap();
        assert_eq!(account, expected.map(|(account, _)| *account), "{what}: account {n}");
        for slot in (0..SLOTS).map(U256::from) {
            let value = expected.and_then(|(_, storage)| storage.get(&slot)).copied().unwrap_or_default();
            assert_eq!(view.storage(at, slot).unwrap(), value, "{what}: slot {slot} of {n}");
        }
        if let Some(account) = account.filter(has_code) {
            assert_eq!(view.code(account.code_hash).unwrap().len(), 3);
        }
    }
}

/// Row counts of everything that going back must put back.
fn counts(sizes: &[TableStats]) -> BTreeMap<&'static str, u64> {
    let kept = |stats: &&TableStats| stats.name != "Bytecodes";
    sizes.iter().filter(kept).map(|stats| (stats.name, stats.entries)).collect()
}

fn assert_every_height(chain: &TestChain) {
    assert_sound_history(chain);
    let store = chain.read();
    for (height, model) in chain.states.iter().enumerate() {
        let height = height as u64;
        let what = format!("height {height} of {}", chain.states.len() - 1);
        assert_state(&store.state_at(height).unwrap().unwrap(), model, &what);
        let overlay = store.changes_since(height).unwrap();
        let root = store.header(height).unwrap().unwrap().state_root;
        assert_eq!(state_root(&store, &overlay).unwrap().root, root, "{what}");
        assert_eq!(root_from_scratch(model), root, "{what}");
    }
    let above = chain.states.len() as u64;
    assert!(store.state_at(above).unwrap().is_none());
    assert_state(&store.state().unwrap(), chain.states.last().unwrap(), "newest");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..Default::default() })]

    #[test]
    fn states_are_those_of_the_model(
        genesis in vec(op(), 0..30),
        blocks in vec(vec(op(), 0..12), 1..10),
        back in any::<proptest::sample::Index>(),
        more in vec(op(), 1..12),
    ) {
        let mut chain = TestChain::new(&genesis);
        for ops in &blocks {
            chain.add(ops, &[vec![], vec![super::fixture::log(1, Some(2))]]);
        }
        assert_every_height(&chain);

        let to = back.index(chain.states.len());
        let mut write = chain.storage.write().unwrap();
        write.unwind(to as u64).unwrap();
        write.commit().unwrap();
        chain.states.truncate(to + 1);
        chain.sizes.truncate(to + 1);
        let head = chain.read().head().unwrap().unwrap();
        assert_eq!(head.height(), to as u64);
        let root = state_root(&chain.read(), &HashedChanges::default()).unwrap().root;
        assert_eq!(root, head.header.state_root);
        assert_eq!(counts(&chain.storage.stats().unwrap()), counts(chain.sizes.last().unwrap()));
        assert_every_height(&chain);

        chain.add(&more, &[vec![]]);
        assert_every_height(&chain);
    }

    /// A change by hand is part of the newest state, not of older ones, and goes with its block.
    #[test]
    fn patches_are_recorded_with_the_head(
        genesis in vec(op(), 0..20),
        first in vec(op(), 0..8),
        second in vec(op(), 0..8),
        patches in vec(vec(op(), 1..4), 1..4),
    ) {
        let mut chain = TestChain::new(&genesis);
        chain.add(&first, &[]);
        chain.add(&second, &[]);
        let before = counts(&chain.sizes[1]);
        for ops in &patches {
            let (state, changes) = apply(chain.states.last().unwrap(), ops);
            let hashed = HashedChanges::new(&changes);
            let trie = state_root(&chain.read(), &hashed).unwrap();
            assert_eq!(trie.root, root_from_scratch(&state));
            let mut write = chain.storage.write().unwrap();
            write.patch_state(&hashed, &changes.code, &trie).unwrap();
            write.commit().unwrap();
            *chain.states.last_mut().unwrap() = state;
            assert_sound_history(&chain);
        }
        let store = chain.read();
        for (height, model) in chain.states.iter().enumerate() {
            assert_state(&store.state_at(height as u64).unwrap().unwrap(), model, "patched");
        }
        drop(store);
        let mut write = chain.storage.write().unwrap();
        write.unwind(1).unwrap();
        write.commit().unwrap();
        chain.states.truncate(2);
        assert_every_height(&chain);
        assert_eq!(counts(&chain.storage.stats().unwrap()), before);
    }
}

#[test]
fn going_back_above_the_head_or_after_a_write_is_refused() {
    let chain = TestChain::new(&[Op::Balance(1, 1)]);
    let mut write = chain.storage.write().unwrap();
    assert!(write.unwind(1).is_err());
    write.put_meta("note", b"x").unwrap();
    assert!(write.unwind(0).is_err());
}

#[test]
fn an_older_view_does_not_know_later_blocks() {
    let mut chain = TestChain::new(&[Op::Balance(1, 1)]);
    chain.add(&[Op::Balance(1, 2)], &[]);
    chain.add(&[Op::Balance(1, 3)], &[]);
    let store = chain.read();
    let view = store.state_at(1).unwrap().unwrap();
    assert_eq!(view.block_hash(1).unwrap(), store.block_hash(1).unwrap());
    assert_eq!(view.block_hash(2).unwrap(), None);
    assert!(view.code(alloy_primitives::B256::repeat_byte(1)).is_err());
    assert!(view.code(alloy_primitives::KECCAK256_EMPTY).unwrap().is_empty());
}

/// Enough accounts and slots that the tries are walked on several threads, all on one snapshot.
#[test]
fn a_large_block_is_walked_on_several_threads() {
    let write = |values: u64| -> Vec<Op> {
        let slots = |n: u8| (0..60u8).map(move |slot| Op::Slot(n, slot, u64::from(slot) % values));
        (1..=200u8).flat_map(|n| slots(n).chain([Op::Balance(n, values)])).collect()
    };
    let mut chain = TestChain::new(&write(7));
    chain.add(&write(5), &[]);
    chain.add(&(1..100).map(Op::Kill).collect::<Vec<_>>(), &[]);
    chain.add(&write(3), &[]);
    assert_every_height(&chain);
    let nodes = chain.storage.stats().unwrap();
    assert!(nodes.iter().any(|table| table.name == "StoragesTrie" && table.entries >= 200));
}

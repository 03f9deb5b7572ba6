//! Random histories: every root, row and node equals that of a trie built from scratch.

use crate::{
    double::MemorySource,
    model::{Model, ModelAccount, diff, step},
};
use alloy_primitives::{B256, KECCAK256_EMPTY, U256, keccak256};
use bttc_primitives::Account;
use bttc_trie::{EMPTY_ROOT_HASH, HashedChanges, TrieUpdate, state_root};
use proptest::{collection::vec, prelude::*};

/// How keys are made.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Keys {
    /// As on a chain.
    Hashed,
    /// Few different nibbles, so that prefixes are long and extension nodes common.
    Crafted,
    /// All alike but for the last bytes, so that leaves and branches are short enough to stand inside their parents.
    Tail,
}

pub(crate) fn key(kind: Keys, n: u16) -> B256 {
    match kind {
        Keys::Hashed => keccak256(n.to_be_bytes()),
        Keys::Crafted => {
            // Nine bits say which of two nibbles stands at nine places, the rest is zero.
            let mut key = B256::ZERO;
            for (bit, place) in [0usize, 1, 2, 5, 12, 30, 31, 60, 63].into_iter().enumerate() {
                if n >> bit & 1 == 1 {
                    key[place / 2] |= if place % 2 == 0 { 0xf0 } else { 0x0f };
                }
            }
            key
        }
        Keys::Tail => {
            let mut key = B256::repeat_byte(0x77);
            key[30..].copy_from_slice(&(n.wrapping_mul(0x0809)).to_be_bytes());
            key
        }
    }
}

fn keys() -> impl Strategy<Value = Keys> {
    prop_oneof![Just(Keys::Hashed), Just(Keys::Crafted), Just(Keys::Tail)]
}

#[derive(Clone, Debug)]
pub(crate) enum Op {
    /// Creates or changes an account.
    Set { account: u16, nonce: u64 },
    /// Deletes one.
    Delete { account: u16 },
    /// Deletes all storage of one, which may get new slots in the same block.
    Wipe { account: u16 },
    /// Sets slots; zero clears.
    Slots { account: u16, slots: Vec<(u16, u64)> },
    /// Deletes all accounts whose number is one of two that a bit separates: leaves lone children behind.
    DeleteHalf { bit: u8 },
    /// The same among the slots of an account.
    ClearHalf { account: u16, bit: u8 },
    /// Sets many slots at once.
    Fill { account: u16, count: u16 },
}

fn op(accounts: u16, slots: u16) -> impl Strategy<Value = Op> {
    let account = move || 0..accounts;
    // Small values make leaves that stand inside their parents, large ones do not.
    let value = prop_oneof![2 => Just(0u64), 2 => 1u64..100, 1 => any::<u64>()];
    prop_oneof![
        8 => (account(), 1u64..5).prop_map(|(account, nonce)| Op::Set { account, nonce }),
        4 => account().prop_map(|account| Op::Delete { account }),
        1 => account().prop_map(|account| Op::Wipe { account }),
        6 => (account(), vec((0..slots, value), 1..12)).prop_map(|(account, slots)| Op::Slots { account, slots }),
        1 => (0u8..9).prop_map(|bit| Op::DeleteHalf { bit }),
        2 => (account(), 0u8..9).prop_map(|(account, bit)| Op::ClearHalf { account, bit }),
        1 => (account(), 0..slots).prop_map(|(account, count)| Op::Fill { account, count }),
    ]
}

fn entry(model: &mut Model, key: B256) -> &mut ModelAccount {
    model.entry(key).or_insert_with(|| ModelAccount {
        account: Account { nonce: 1, balance: U256::ZERO, code_hash: KECCAK256_EMPTY },
        ..ModelAccount::default()
    })
}

/// Applies a block's operations; returns the accounts whose storage was wiped on the way.
pub(crate) fn play(model: &mut Model, kind: Keys, ops: &[Op]) -> Vec<B256> {
    let mut wiped = Vec::new();
    for op in ops {
        match op {
            Op::Set { account, nonce } => {
                let account = &mut entry(model, key(kind, *account)).account;
                account.nonce = *nonce;
                account.balance = U256::from(*nonce) << (*nonce * 30);
            }
            Op::Delete { account } => {
                let key = key(kind, *account);
                if model.remove(&key).is_some() {
                    wiped.push(key);
                }
            }
            Op::Wipe { account } => {
                let key = key(kind, *account);
                entry(model, key).storage.clear();
                wiped.push(key);
            }
            Op::Slots { account, slots } => {
                let storage = &mut entry(model, key(kind, *account)).storage;
                for (slot, value) in slots {
                    let slot = key(kind, *slot);
                    match value {
                        0 => drop(storage.remove(&slot)),
                        _ => drop(storage.insert(slot, U256::from(*value))),
                    }
                }
            }
            Op::DeleteHalf { bit } => {
                for n in (0..512u16).filter(|n| n >> bit & 1 == 1) {
                    let key = key(kind, n);
                    if model.remove(&key).is_some() {
                        wiped.push(key);
                    }
                }
            }
            Op::ClearHalf { account, bit } => {
                if let Some(entry) = model.get_mut(&key(kind, *account)) {
                    for n in (0..512u16).filter(|n| n >> bit & 1 == 1) {
                        entry.storage.remove(&key(kind, n));
                    }
                }
            }
            Op::Fill { account, count } => {
                let storage = &mut entry(model, key(kind, *account)).storage;
                storage.extend((0..*count).map(|n| (key(kind, n), U256::from(n) + U256::ONE)));
            }
        }
    }
    wiped
}

/// Blocks of operations over a few accounts and slots, or over many.
pub(crate) fn blocks(most: usize) -> impl Strategy<Value = (Keys, Vec<Vec<Op>>)> {
    let size = prop_oneof![Just((6u16, 8u16)), Just((40, 40)), Just((512, 512))];
    (keys(), size)
        .prop_flat_map(move |(kind, (accounts, slots))| (Just(kind), vec(vec(op(accounts, slots), 0..24), 1..most)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn equals_a_build_from_scratch((kind, blocks) in blocks(12)) {
        let (mut source, mut model) = (MemorySource::default(), Model::new());
        for ops in &blocks {
            let before = model.clone();
            let wiped = play(&mut model, kind, ops);
            let changes = diff(&before, &model, &wiped);
            step(&mut source, &changes, &model);
        }
        // And all the way back to nothing.
        let gone = Model::new();
        let update = step(&mut source, &diff(&model, &gone, &[]), &gone);
        prop_assert_eq!(update.root, EMPTY_ROOT_HASH);
    }

    /// Changes laid over a snapshot in one go lead to the root of block after block.
    #[test]
    fn many_blocks_at_once((kind, blocks) in blocks(6)) {
        let (mut source, mut model) = (MemorySource::default(), Model::new());
        let (mut wiped, mut start) = (Vec::new(), Model::new());
        for (n, ops) in blocks.iter().enumerate() {
            wiped.extend(play(&mut model, kind, ops));
            if n == blocks.len() / 2 {
                step(&mut source, &diff(&start, &model, &wiped), &model);
                (wiped, start) = (Vec::new(), model.clone());
            }
        }
        step(&mut source, &diff(&start, &model, &wiped), &model);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24, max_shrink_iters: 64, failure_persistence: None, ..ProptestConfig::default()
    })]

    /// Large tries and large blocks, which are walked in parts: accounts and slots come and go all over, and in whole regions.
    #[test]
    fn large_blocks(
        kind in prop_oneof![3 => Just(Keys::Hashed), 1 => Just(Keys::Crafted)],
        blocks in vec((vec((0u16..1500, 0u64..3), 0..400), vec((any::<u8>(), 0u16..40), 0..6), any::<bool>()), 1..5),
    ) {
        let (mut source, mut model) = (MemorySource::default(), Model::new());
        play(&mut model, kind, &(0..1200).map(|account| Op::Set { account, nonce: 1 }).collect::<Vec<_>>());
        play(&mut model, kind, &[Op::Fill { account: 0, count: 1200 }]);
        step(&mut source, &diff(&Model::new(), &model, &[]), &model);
        let first = key(kind, 0);
        for (changes, regions, of_slots) in blocks {
            let before = model.clone();
            for (number, value) in changes {
                let op = match (of_slots, value) {
                    (true, _) => Op::Slots { account: 0, slots: vec![(number, value)] },
                    (false, 0) => Op::Delete { account: number.max(1) },
                    (false, _) => Op::Set { account: number, nonce: value },
                };
                play(&mut model, kind, &[op]);
            }
            for (region, keep) in regions {
                // All keys of one or two leading nibbles go, but for the first few.
                let inside = |key: &B256| if region & 1 == 0 { key[0] == region } else { key[0] >> 4 == region >> 4 };
                let mut left = keep;
                let mut stays = |key: &B256| {
                    let stays = !inside(key) || left > 0;
                    left = left.saturating_sub(u16::from(inside(key)));
                    stays
                };
                if of_slots {
                    model.get_mut(&first).unwrap().storage.retain(|slot, _| stays(slot));
                } else {
                    model.retain(|key, _| *key == first || stays(key));
                }
            }
            step(&mut source, &diff(&before, &model, &[]), &model);
        }
    }
}

#[test]
fn nothing_on_nothing() {
    let update = state_root(&MemorySource::default(), &HashedChanges::default()).unwrap();
    assert_eq!(update, TrieUpdate { root: EMPTY_ROOT_HASH, ..TrieUpdate::default() });
}

/// Which accounts are part of the state is decided where the changes are made: chains before EIP-161 have empty ones.
#[test]
fn an_empty_account_is_kept_where_the_changes_keep_it() {
    let (mut source, mut model) = (MemorySource::default(), Model::new());
    play(&mut model, Keys::Hashed, &[Op::Fill { account: 1, count: 40 }, Op::Set { account: 2, nonce: 1 }]);
    step(&mut source, &diff(&Model::new(), &model, &[]), &model);

    let before = model.clone();
    model.get_mut(&key(Keys::Hashed, 2)).unwrap().account = Account::default();
    let update = step(&mut source, &diff(&before, &model, &[]), &model);
    assert!(update.accounts[&key(Keys::Hashed, 2)].is_some());
}

/// The same account deleted and created again in one block keeps nothing of its old storage.
#[test]
fn created_again_starts_without_storage() {
    let (mut source, mut model) = (MemorySource::default(), Model::new());
    play(&mut model, Keys::Hashed, &[Op::Fill { account: 1, count: 200 }]);
    step(&mut source, &diff(&Model::new(), &model, &[]), &model);

    let before = model.clone();
    let again = [Op::Delete { account: 1 }, Op::Slots { account: 1, slots: vec![(3, 4), (500, 1)] }];
    let wiped = play(&mut model, Keys::Hashed, &again);
    step(&mut source, &diff(&before, &model, &wiped), &model);
    assert_eq!(source.storages[&key(Keys::Hashed, 1)].leaves.len(), 2);
}

/// Tries walked in parts: all children of the root changed, most of them emptied, and all but one.
#[test]
fn parts_that_keep_little() {
    for kind in [Keys::Hashed, Keys::Crafted] {
        let (mut source, mut model) = (MemorySource::default(), Model::new());
        let all: Vec<_> = (0..512u16).map(|account| Op::Set { account, nonce: 1 }).collect();
        play(&mut model, kind, &all);
        play(&mut model, kind, &[Op::Fill { account: 0, count: 512 }]);
        step(&mut source, &diff(&Model::new(), &model, &[]), &model);
        let full = model.clone();
        for keep in 0..10usize {
            // Of every child of the root (of the first alone, for the last `keep`) that many leaves stay.
            let stays = |rank: usize, key: &B256| if keep == 9 { key[0] < 0x10 } else { rank < keep };
            let filter = |keys: Vec<B256>| {
                let mut ranks = [0usize; 16];
                keys.into_iter()
                    .filter(|key| {
                        let rank = &mut ranks[usize::from(key[0] >> 4)];
                        *rank += 1;
                        stays(*rank - 1, key)
                    })
                    .collect::<Vec<_>>()
            };
            let kept = filter(full.keys().copied().collect());
            let first = key(kind, 0);
            let slots = filter(full[&first].storage.keys().copied().collect());
            model.retain(|key, _| kept.contains(key) || *key == first);
            model.get_mut(&first).unwrap().storage.retain(|slot, _| slots.contains(slot));
            step(&mut source, &diff(&full, &model, &[]), &model);
            step(&mut source, &diff(&model, &full, &[]), &full);
            model = full.clone();
        }
    }
}

/// A change touches its path, not the trie.
#[test]
fn reads_little() {
    let (mut source, mut model) = (MemorySource::default(), Model::new());
    for account in 0..20_000u16 {
        play(&mut model, Keys::Hashed, &[Op::Set { account, nonce: 1 }]);
    }
    play(&mut model, Keys::Hashed, &[Op::Fill { account: 7, count: 20_000 }]);
    let changes = diff(&Model::new(), &model, &[]);
    let update = state_root(&source, &changes).unwrap();
    source.apply(&changes, &update);
    source.take_reads();

    let before = model.clone();
    play(&mut model, Keys::Hashed, &[Op::Slots { account: 7, slots: vec![(9, 1000)] }]);
    let changes = diff(&before, &model, &[]);
    let update = state_root(&source, &changes).unwrap();
    let reads = source.take_reads();
    assert!(reads < 150, "{reads} reads for one slot of one account");
    assert!(update.account_nodes.len() < 6, "{} account nodes", update.account_nodes.len());
    step(&mut source, &changes, &model);

    let update = state_root(&source, &HashedChanges::default()).unwrap();
    assert!(update.account_nodes.is_empty() && update.accounts.is_empty());
}

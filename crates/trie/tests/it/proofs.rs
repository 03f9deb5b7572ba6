//! Proofs: of what is there and of what is not, on the stored state and with changes over it.

use crate::{
    double::MemorySource,
    history::{blocks, play},
    model::{Model, ModelAccount, diff, rows, step},
};
use alloy_primitives::{Address, B256, KECCAK256_EMPTY, U256, keccak256};
use alloy_trie::proof::verify_proof;
use bttc_primitives::{Account, AccountChange, StateChanges};
use bttc_trie::{EMPTY_ROOT_HASH, HashedChanges, Nibbles, account_proof, state_root};
use proptest::{collection::btree_map, prelude::*};
use std::collections::BTreeMap;

/// Checks every account of a state, and some that are not there, with slots of either kind.
fn check(source: &MemorySource, overlay: &HashedChanges, model: &Model, addresses: &[Address], slots: &[U256]) {
    let rows = rows(model);
    let root = alloy_trie::root::state_root(rows.iter().map(|(key, row)| (*key, *row)));
    for address in addresses {
        let hashed = keccak256(address);
        let proof = account_proof(source, overlay, *address, slots).unwrap();
        assert_eq!((proof.state_root, proof.address), (root, *address));
        assert_eq!(proof.account, rows.get(&hashed).copied());
        let expected = proof.account.map(alloy_rlp::encode);
        verify_proof(root, Nibbles::unpack(hashed), expected, &proof.account_proof).unwrap();

        let storage_root = proof.account.map_or(EMPTY_ROOT_HASH, |account| account.storage_root);
        assert_eq!(proof.storage.iter().map(|slot| slot.slot).collect::<Vec<_>>(), slots);
        for slot in &proof.storage {
            let hashed_slot = keccak256(B256::from(slot.slot));
            let stored = model.get(&hashed).and_then(|entry| entry.storage.get(&hashed_slot)).copied();
            assert_eq!(slot.value, stored.unwrap_or_default());
            assert_eq!(slot.proof.is_empty(), storage_root == EMPTY_ROOT_HASH);
            let expected = stored.map(alloy_rlp::encode);
            verify_proof(storage_root, Nibbles::unpack(hashed_slot), expected, &slot.proof).unwrap();
        }
    }
}

fn address(n: u8) -> Address {
    Address::repeat_byte(n)
}

type Raw = BTreeMap<u8, (u64, BTreeMap<u8, u64>)>;

fn raw_state() -> impl Strategy<Value = Raw> {
    btree_map(0u8..60, (1u64..9, btree_map(0u8..40, 1u64..u64::MAX, 0..30)), 0..40)
}

fn model_of(raw: &Raw) -> Model {
    raw.iter()
        .map(|(n, (nonce, slots))| {
            let account = Account { nonce: *nonce, balance: U256::from(*n), code_hash: KECCAK256_EMPTY };
            let storage = slots
                .iter()
                .map(|(slot, value)| (keccak256(B256::from(U256::from(*slot))), U256::from(*value)))
                .collect();
            (keccak256(address(*n)), ModelAccount { account, storage })
        })
        .collect()
}

/// Changes between two raw states as execution reports them.
fn changes_of(before: &Raw, after: &Raw) -> StateChanges {
    let account = |raw: &Raw, n: u8| {
        raw.get(&n).map(|(nonce, _)| Account { nonce: *nonce, balance: U256::from(n), code_hash: KECCAK256_EMPTY })
    };
    let mut changes = StateChanges::default();
    for n in before.keys().chain(after.keys()) {
        let slot = |raw: &Raw, slot: &u8| {
            raw.get(n).and_then(|(_, slots)| slots.get(slot)).map_or(U256::ZERO, |value| U256::from(*value))
        };
        let storage: BTreeMap<_, _> = (0u8..40)
            .map(|number| (U256::from(number), (slot(before, &number), slot(after, &number))))
            .filter(|(_, (old, new))| old != new)
            .collect();
        let change = AccountChange {
            before: account(before, *n),
            after: account(after, *n),
            storage_wiped: !after.contains_key(n),
            storage: if after.contains_key(n) { storage } else { BTreeMap::new() },
        };
        if change.before != change.after || !change.storage.is_empty() {
            changes.accounts.insert(address(*n), change);
        }
    }
    changes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn proofs_verify(first in raw_state(), second in raw_state()) {
        let mut source = MemorySource::default();
        let addresses: Vec<_> = (0u8..64).step_by(3).map(address).collect();
        let slots: Vec<_> = [5u64, 0, 1, 39, 77, 5].into_iter().map(U256::from).collect();
        let (before, after) = (model_of(&first), model_of(&second));

        let changes = HashedChanges::new(&changes_of(&Raw::new(), &first));
        step(&mut source, &changes, &before);
        check(&source, &HashedChanges::default(), &before, &addresses, &slots);

        // The same state from above: changes not yet stored, then stored ones taken back.
        let changes = HashedChanges::new(&changes_of(&first, &second));
        check(&source, &changes, &after, &addresses, &slots);
        step(&mut source, &changes, &after);
        let back = HashedChanges::new(&changes_of(&second, &first));
        check(&source, &back, &before, &addresses, &slots);
    }

    /// Slots whose keys share long prefixes: leaves and branches that stand inside their parents.
    #[test]
    fn root_over_an_overlay_is_the_stored_root((kind, blocks) in blocks(4)) {
        let (mut source, mut model) = (MemorySource::default(), Model::new());
        for ops in &blocks {
            let before = model.clone();
            let wiped = play(&mut model, kind, ops);
            let changes = diff(&before, &model, &wiped);
            let proof = account_proof(&source, &changes, Address::ZERO, &[]).unwrap();
            let update = step(&mut source, &changes, &model);
            prop_assert_eq!(proof.state_root, update.root);
            verify_proof(update.root, Nibbles::unpack(keccak256(Address::ZERO)), None, &proof.account_proof).unwrap();
        }
    }
}

#[test]
fn proof_in_an_empty_state_is_empty() {
    let proof =
        account_proof(&MemorySource::default(), &HashedChanges::default(), Address::ZERO, &[U256::ONE]).unwrap();
    assert_eq!(proof.state_root, EMPTY_ROOT_HASH);
    assert!(proof.account.is_none() && proof.account_proof.is_empty());
    assert!(proof.storage[0].value.is_zero() && proof.storage[0].proof.is_empty());
}

/// Slots proved at once prove the same as one by one.
#[test]
fn many_slots_of_a_large_account() {
    let mut source = MemorySource::default();
    let slots: BTreeMap<_, _> =
        (0..5000u64).map(|n| (U256::from(n), (U256::ZERO, U256::from(n) + U256::ONE))).collect();
    let mut changes = StateChanges::default();
    let account = Account { nonce: 1, ..Account::default() };
    changes
        .accounts
        .insert(address(1), AccountChange { before: None, after: Some(account), storage_wiped: false, storage: slots });
    let changes = HashedChanges::new(&changes);
    let update = state_root(&source, &changes).unwrap();
    source.apply(&changes, &update);
    source.take_reads();

    let asked: Vec<_> = (4990..5010u64).map(U256::from).collect();
    let all = account_proof(&source, &HashedChanges::default(), address(1), &asked).unwrap();
    assert!(source.take_reads() < 1000);
    for (slot, together) in asked.iter().zip(&all.storage) {
        let alone = account_proof(&source, &HashedChanges::default(), address(1), &[*slot]).unwrap();
        assert_eq!(alone.storage, std::slice::from_ref(together));
    }
}

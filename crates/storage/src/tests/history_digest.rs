//! Every damage to the history of a height is seen.

use super::fixture::{Op, TestChain};
use crate::{
    CheckedHistory, HistoryFault,
    codec::{ChangesRow, Value},
    rows::Rows,
    tables::{AccountsHistory, ChangedRows, StoragesHistory, Table},
};
use alloy_primitives::{B256, U256, keccak256};
use signet_libmdbx::Rw;

/// Sums over all heights; the digests must all be right.
pub(super) fn assert_sound_history(chain: &TestChain) {
    let store = chain.read();
    let head = store.head().unwrap().unwrap().height();
    let mut rows = [0; 3];
    for checked in (0..=head).filter_map(|height| store.check_history(height).unwrap()) {
        assert_eq!(checked.faults, []);
        rows = [rows[0] + checked.account_rows, rows[1] + checked.slot_rows, rows[2] + 1];
    }
    let sizes = chain.storage.stats().unwrap();
    let entries = |name| sizes.iter().find(|stats| stats.name == name).unwrap().entries;
    assert_eq!(rows, ["AccountsHistory", "StoragesHistory", "ChangedRows"].map(entries));
}

fn small_chain() -> TestChain {
    let mut chain = TestChain::new(&[Op::Balance(1, 5), Op::Slot(1, 3, 9), Op::Slot(2, 4, 1)]);
    chain.add(&[Op::Balance(1, 6), Op::Slot(1, 3, 10), Op::Slot(1, 4, 1), Op::Kill(2)], &[]);
    chain.add(&[Op::Balance(3, 6)], &[]);
    assert_sound_history(&chain);
    chain
}

/// What the check says after `damage`, which is not committed.
fn after(chain: &TestChain, damage: impl FnOnce(&Rows<'_, Rw>)) -> CheckedHistory {
    let mut write = chain.storage.write().unwrap();
    let rows = write.rows();
    damage(&rows);
    assert_eq!(rows.check_history(2).unwrap().unwrap().faults, []);
    rows.check_history(1).unwrap().unwrap()
}

fn rows_of<T: Table>(chain: &TestChain) -> Vec<(T::Key, T::Value)> {
    let mut write = chain.storage.write().unwrap();
    let rows = write.rows();
    let mut cursor = rows.cursor::<T>().unwrap();
    let mut row = cursor.seek(&0u64).unwrap();
    std::iter::from_fn(|| row.take().inspect(|_| row = cursor.next().unwrap())).collect()
}

#[test]
fn each_changed_or_missing_row_is_seen() {
    let chain = small_chain();
    let accounts: Vec<_> = rows_of::<AccountsHistory>(&chain).into_iter().filter(|((_, at), _)| *at == 1).collect();
    let slots: Vec<_> = rows_of::<StoragesHistory>(&chain).into_iter().filter(|((_, _, at), _)| *at == 1).collect();
    assert_eq!((accounts.len(), slots.len()), (2, 3));
    for (key, before) in accounts {
        let mut other = before.unwrap_or_default();
        other.nonce ^= 1;
        let checked = after(&chain, |rows| rows.writer::<AccountsHistory>().unwrap().put(&key, &Some(other)).unwrap());
        assert!(matches!(checked.faults[..], [HistoryFault::Digest { height: 1, .. }]), "{checked:?}");
        let checked = after(&chain, |rows| rows.writer::<AccountsHistory>().unwrap().delete(&key).unwrap());
        let [HistoryFault::Missing { table: "AccountsHistory", key: named }] = &checked.faults[..] else {
            panic!("{checked:?}")
        };
        assert_eq!(*named, format!("{}/1", key.0));
        assert_eq!(checked.account_rows, 1);
    }
    for (key, before) in slots {
        let other = before ^ U256::from(1);
        let checked = after(&chain, |rows| rows.writer::<StoragesHistory>().unwrap().put(&key, &other).unwrap());
        assert!(matches!(checked.faults[..], [HistoryFault::Digest { height: 1, .. }]), "{checked:?}");
        let checked = after(&chain, |rows| rows.writer::<StoragesHistory>().unwrap().delete(&key).unwrap());
        assert!(matches!(checked.faults[..], [HistoryFault::Missing { table: "StoragesHistory", .. }]), "{checked:?}");
    }
}

#[test]
fn each_flipped_bit_of_the_list_is_seen() {
    let chain = small_chain();
    let (_, row) = rows_of::<ChangedRows>(&chain).remove(0);
    let mut bytes = Vec::new();
    row.encode(&mut bytes);
    for at in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1;
        let Ok(row) = ChangesRow::decode(&flipped) else { continue };
        let checked = after(&chain, |rows| rows.writer::<ChangedRows>().unwrap().put(&1, &row).unwrap());
        assert!(!checked.faults.is_empty(), "byte {at}");
    }
}

#[test]
fn a_row_that_nobody_lists_is_found_by_counting() {
    let chain = small_chain();
    let mut write = chain.storage.write().unwrap();
    write.rows().writer::<AccountsHistory>().unwrap().put(&(keccak256(B256::ZERO), 1), &None).unwrap();
    write.commit().unwrap();
    let sound = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| assert_sound_history(&chain)));
    assert!(sound.is_err());
}

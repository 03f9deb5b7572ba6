//! Pruned chains against unpruned twins and the model: what is kept answers the same, what is not refuses.

use super::{
    fixture::{Op, TestChain, address, log},
    history::{assert_state, op},
    history_digest::assert_sound_history,
};
use crate::{History, HistoryError, Kept, Pruned, ReadTx, Retention};
use alloy_primitives::{B256, Log, U256};
use bttc_primitives::{Height, StateReader};
use bttc_trie::state_root;
use proptest::{collection::vec, prelude::*};
use std::fmt::Debug;

fn refusal<T: Debug>(answer: Result<T, HistoryError>, part: History, height: Height, kept: Kept) {
    let expected = Pruned { part, height, kept_from: kept.of(part) };
    match answer {
        Err(HistoryError::Pruned(pruned)) => assert_eq!(pruned, expected),
        other => panic!("{expected} is not the answer: {other:?}"),
    }
}

/// Every height of `chain` answers as `twin` does, or refuses.
fn assert_as_twin(chain: &TestChain, twin: &TestChain) {
    let (store, whole) = (chain.read(), twin.read());
    let kept = store.kept().unwrap();
    assert_eq!(whole.kept().unwrap(), Kept::default());
    let head = whole.head().unwrap().unwrap().height();
    assert_eq!(store.head().unwrap(), whole.head().unwrap());
    assert_eq!(store.total_transactions().unwrap(), whole.total_transactions().unwrap());
    assert_sound_history(chain);
    for height in 0..=head {
        assert_eq!(store.header(height).unwrap(), whole.header(height).unwrap());
        assert_eq!(store.sealed_header(height).unwrap(), whole.sealed_header(height).unwrap());
        assert_eq!(store.certificate(height).unwrap(), whole.certificate(height).unwrap());
        let hash = whole.block_hash(height).unwrap().unwrap();
        assert_eq!(store.height_of(hash).unwrap(), Some(height));
        assert_state_as_twin(chain, &store, &whole, height, kept);
        assert_block_as_twin(&store, &whole, height, kept);
    }
    assert!(store.state_at(head + 1).unwrap().is_none());
    assert!(store.block(head + 1).unwrap().is_none());
    assert_logs_as_twin(&store, &whole, head, kept);
}

fn assert_state_as_twin(chain: &TestChain, store: &ReadTx, whole: &ReadTx, height: Height, kept: Kept) {
    if height < kept.state {
        refusal(store.state_at(height), History::State, height, kept);
        refusal(store.changes_since(height), History::State, height, kept);
        return;
    }
    let view = store.state_at(height).unwrap().unwrap();
    assert_state(&view, &chain.states[height as usize], &format!("height {height} kept from {}", kept.state));
    assert_eq!(view.block_hash(0).unwrap(), whole.block_hash(0).unwrap());
    let changes = store.changes_since(height).unwrap();
    assert_eq!(changes, whole.changes_since(height).unwrap());
    assert_eq!(state_root(store, &changes).unwrap().root, store.header(height).unwrap().unwrap().state_root);
}

fn assert_block_as_twin(store: &ReadTx, whole: &ReadTx, height: Height, kept: Kept) {
    let block = whole.recovered_block(height).unwrap().unwrap();
    let hashes: Vec<B256> = block.block.body.transactions.iter().map(|tx| *tx.tx_hash()).collect();
    if height > 0 && height < kept.blocks {
        refusal(store.block(height), History::Blocks, height, kept);
        refusal(store.recovered_block(height), History::Blocks, height, kept);
        refusal(store.receipts(height), History::Blocks, height, kept);
        refusal(store.stored_receipts(height), History::Blocks, height, kept);
        refusal(store.receipt(height, 0), History::Blocks, height, kept);
        refusal(store.transaction_at(height, 0), History::Blocks, height, kept);
        refusal(store.transaction_count(height), History::Blocks, height, kept);
        for hash in hashes {
            assert_eq!(store.transaction(hash).unwrap(), None);
            assert_eq!(store.transaction_location(hash).unwrap(), None);
            assert_eq!(store.receipt_of(hash).unwrap(), None);
            assert!(!store.has_transaction(hash).unwrap());
        }
        return;
    }
    assert_eq!(store.recovered_block(height).unwrap(), Some(block));
    assert_eq!(store.stored_receipts(height).unwrap(), whole.stored_receipts(height).unwrap());
    assert_eq!(store.transaction_count(height).unwrap(), Some(hashes.len()));
    for (index, hash) in hashes.into_iter().enumerate() {
        assert_eq!(store.transaction(hash).unwrap(), whole.transaction(hash).unwrap());
        assert_eq!(store.transaction_at(height, index).unwrap(), whole.transaction_at(height, index).unwrap());
        assert_eq!(store.receipt_of(hash).unwrap(), whole.receipt_of(hash).unwrap());
    }
}

fn assert_logs_as_twin(store: &ReadTx, whole: &ReadTx, head: Height, kept: Kept) {
    let topic = B256::repeat_byte(2);
    for (addresses, topics) in
        [(vec![], vec![]), (vec![address(1)], vec![]), (vec![address(1), address(3)], vec![topic])]
    {
        for start in 0..=head {
            let found = store.blocks_with_logs(start..=head, &addresses, &topics, 100);
            if start < kept.logs {
                refusal(found, History::Logs, start, kept);
            } else {
                let expected = whole.blocks_with_logs(start..=head, &addresses, &topics, 100).unwrap();
                assert_eq!(found.unwrap(), expected);
            }
        }
    }
}

/// A block in the making: state changes, and logs by transaction.
type Block = (Vec<Op>, Vec<Vec<Log>>);

fn block() -> impl Strategy<Value = Block> {
    let log = (1u8..4, proptest::option::of(1u8..4)).prop_map(|(address, topic)| log(address, topic));
    (vec(op(), 0..8), vec(vec(log, 0..3), 0..3))
}

#[derive(Clone, Debug)]
enum Act {
    Add(Block),
    /// Distances behind the head, rows in a step, and steps.
    Prune(Retention, u64, usize),
    Reopen,
}

fn act() -> impl Strategy<Value = Act> {
    let distance = || proptest::option::of(0u64..6);
    let retention = (distance(), distance(), distance());
    let retention = retention.prop_map(|(state, blocks, logs)| Retention { state, blocks, logs });
    prop_oneof![
        6 => block().prop_map(Act::Add),
        3 => (retention, 1u64..30, 1usize..5).prop_map(|(retention, rows, steps)| Act::Prune(retention, rows, steps)),
        1 => Just(Act::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..Default::default() })]

    #[test]
    fn what_is_kept_answers_as_without_pruning(genesis in vec(op(), 0..12), acts in vec(act(), 1..24)) {
        let (mut chain, mut twin) = (TestChain::new(&genesis), TestChain::new(&genesis));
        let mut marks = Kept::default();
        for act in acts {
            match act {
                Act::Add((ops, logs)) => {
                    let block = chain.add(&ops, &logs);
                    assert_eq!(twin.add(&ops, &logs), block);
                }
                Act::Prune(retention, rows, steps) => {
                    let target = retention.marks(chain.states.len() as u64 - 1);
                    for _ in 0..steps {
                        let step = chain.prune(target, rows);
                        assert_eq!(step.kept, chain.read().kept().unwrap());
                        for part in History::ALL {
                            assert!((marks.of(part)..=target.of(part).max(marks.of(part))).contains(&step.kept.of(part)));
                            assert!(!step.done || step.kept.of(part) == target.of(part).max(marks.of(part)));
                        }
                        assert!(step.done || step.kept != marks, "a step must get on");
                        assert!(step.kept.logs >= step.kept.blocks);
                        marks = step.kept;
                        if step.done {
                            break;
                        }
                        assert_as_twin(&chain, &twin);
                    }
                }
                Act::Reopen => chain = chain.reopen(),
            }
        }
        assert_as_twin(&chain, &twin);
    }
}

fn grown(blocks: u64) -> TestChain {
    let mut chain = TestChain::new(&[Op::Balance(1, 5), Op::Slot(2, 1, 1)]);
    for n in 1..=blocks {
        let ops = [Op::Balance(1, n + 5), Op::Slot(2, (n % 7) as u8, n), Op::Balance((n % 50) as u8, n)];
        chain.add(&ops, &[vec![log(1, Some(2)), log((n % 200) as u8, None)], vec![log(3, Some((n % 90) as u8))]]);
    }
    chain
}

#[test]
fn all_rows_of_pruned_heights_are_gone() {
    let chain = grown(20);
    let target = Kept { state: 20, blocks: 20, logs: 20 };
    let step = chain.prune(target, u64::MAX);
    assert!(step.done);
    for table in ["AccountsHistory", "StoragesHistory", "ChangedRows"] {
        assert_eq!(chain.entries(table), 0, "{table}");
    }
    // The newest block, and the empty body of genesis.
    for (table, rows) in [("BlockBodies", 2), ("Transactions", 2), ("TransactionHashNumbers", 2), ("Receipts", 2)] {
        assert_eq!(chain.entries(table), rows, "{table}");
    }
    assert_eq!((chain.entries("LogAddresses"), chain.entries("LogTopics")), (3, 2));
    assert_eq!((chain.entries("Headers"), chain.entries("Certificates"), chain.entries("HeaderNumbers")), (21, 20, 21));
    assert_eq!(chain.prune(target, 1), crate::PruneStep { rows: 0, kept: target, done: true });
    // Marks neither move back nor pass the head.
    assert_eq!(chain.prune(Kept::default(), 10).kept, target);
    assert_eq!(chain.prune(Kept { state: 30, blocks: 30, logs: 30 }, 10).kept, target);
}

#[test]
fn a_step_keeps_to_its_budget_but_for_one_height() {
    let chain = grown(20);
    let most_of_a_block = 16;
    let mut rows = 0;
    loop {
        let step = chain.prune(Kept { state: 18, blocks: 18, logs: 18 }, 10);
        assert!(step.rows > 0 && step.rows < 10 + most_of_a_block, "{step:?}");
        rows += step.rows;
        if step.done {
            break;
        }
    }
    let twin = grown(20);
    assert_eq!(rows, twin.prune(Kept { state: 18, blocks: 18, logs: 18 }, u64::MAX).rows);
}

#[test]
fn a_step_that_is_not_committed_leaves_nothing() {
    let chain = grown(5);
    let sizes = chain.storage.stats().unwrap();
    let mut write = chain.storage.write().unwrap();
    assert!(write.prune(Kept { state: 4, blocks: 4, logs: 4 }, 100).unwrap().rows > 0);
    drop(write);
    assert_eq!(chain.storage.stats().unwrap(), sizes);
    assert_as_twin(&chain, &chain);
}

/// A reader that began before keeps what it had.
#[test]
fn a_snapshot_is_not_pruned_under_its_reader() {
    let chain = grown(8);
    let before = chain.read();
    chain.prune(Kept { state: 7, blocks: 7, logs: 7 }, 1_000);
    assert_eq!(before.kept().unwrap(), Kept::default());
    assert_state(&before.state_at(2).unwrap().unwrap(), &chain.states[2], "of the old snapshot");
    assert!(before.block(3).unwrap().is_some());
    refusal(chain.read().block(3), History::Blocks, 3, Kept { state: 7, blocks: 7, logs: 7 });
}

#[test]
fn going_back_stops_at_the_marks() {
    let mut chain = grown(12);
    for (kept, part, lowest) in [
        (Kept { state: 4, ..Kept::default() }, History::State, 4),
        (Kept { state: 4, blocks: 0, logs: 6 }, History::Logs, 6),
        (Kept { state: 4, blocks: 8, logs: 8 }, History::Blocks, 8),
    ] {
        assert_eq!(chain.prune(kept, 1_000).kept, kept);
        let mut write = chain.storage.write().unwrap();
        refusal(write.unwind(lowest - 1), part, lowest - 1, kept);
        drop(write);
        assert_eq!(chain.read().head().unwrap().unwrap().height(), 12);
    }
    let mut write = chain.storage.write().unwrap();
    write.unwind(8).unwrap();
    write.commit().unwrap();
    chain.states.truncate(9);
    chain.add(&[Op::Balance(1, 99)], &[vec![log(1, Some(2))]]);
    let store = chain.read();
    assert_state(&store.state_at(8).unwrap().unwrap(), &chain.states[8], "gone back to");
    assert_eq!(store.blocks_with_logs(8..=9, &[address(1)], &[], 9).unwrap(), [8, 9]);
}

/// Changes by hand at genesis have history too.
#[test]
fn a_patched_genesis_is_pruned_as_any_other_height() {
    let mut chain = TestChain::new(&[Op::Balance(1, 5)]);
    let (state, changes) = super::fixture::apply(&chain.states[0], &[Op::Balance(1, 6), Op::Slot(2, 1, 1)]);
    let hashed = bttc_trie::HashedChanges::new(&changes);
    let trie = state_root(&chain.read(), &hashed).unwrap();
    let mut write = chain.storage.write().unwrap();
    write.patch_state(&hashed, &changes.code, &trie).unwrap();
    write.commit().unwrap();
    chain.states[0] = state;
    for n in 0..4 {
        chain.add(&[Op::Balance(1, n + 10)], &[]);
    }
    assert!(chain.prune(Kept { state: 3, ..Kept::default() }, 1).rows > 0);
    while !chain.prune(Kept { state: 3, ..Kept::default() }, 1).done {}
    assert_eq!((chain.entries("ChangedRows"), chain.entries("AccountsHistory")), (1, 1));
    let balance =
        |height| chain.read().state_at(height).unwrap().unwrap().account(address(1)).unwrap().unwrap().balance;
    assert_eq!((balance(3), balance(4)), (U256::from(12), U256::from(13)));
}

/// With pruning after each block the tables and the file stop growing.
#[test]
fn the_disk_stays_flat() {
    const PRUNED: [&str; 9] = [
        "BlockBodies",
        "Transactions",
        "TransactionHashNumbers",
        "Receipts",
        "AccountsHistory",
        "StoragesHistory",
        "ChangedRows",
        "LogAddresses",
        "LogTopics",
    ];
    let retention = Retention { state: Some(40), blocks: Some(40), logs: Some(40) };
    let mut chain = grown(200);
    let pages = |chain: &TestChain| -> u64 {
        let stats = chain.storage.stats().unwrap();
        stats.iter().filter(|table| PRUNED.contains(&table.name)).map(|table| table.pages).sum()
    };
    let file = |chain: &TestChain| chain.storage.shared().env.info().unwrap().last_pgno() as u64;
    let all = pages(&chain);
    let mut most = [[0u64; 2]; 2];
    for n in 0..900u64 {
        let ops = [Op::Balance(1, n + 5), Op::Slot(2, (n % 7) as u8, n), Op::Balance((n % 50) as u8, n + 1)];
        chain.add(&ops, &[vec![log(1, Some(2)), log((n % 200) as u8, None)], vec![log(3, Some((n % 90) as u8))]]);
        chain.states.drain(..chain.states.len() - 1);
        chain.sizes.clear();
        let head = chain.read().head().unwrap().unwrap().height();
        chain.prune(retention.marks(head), 200);
        if n >= 100 {
            let half = usize::from(n >= 500);
            let [tables, in_file] = &mut most[half];
            (*tables, *in_file) = (pages(&chain).max(*tables), file(&chain).max(*in_file));
        }
    }
    // Headers and certificates of 400 blocks; with what is pruned it would be more than twice as much.
    let kept = 400 / 4;
    let [[tables, in_file], [later_tables, later_in_file]] = most;
    assert!(later_tables <= tables + tables / 20, "{most:?} pages");
    assert!(later_tables < all, "{most:?} pages now, {all} for 200 blocks before pruning");
    assert!(later_in_file <= in_file + kept, "{most:?} pages");
}

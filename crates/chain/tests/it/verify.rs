//! `verify_store`: a sound store passes, and damage in every table is found and named.

use crate::{development, fixture::*, import};
use alloy_primitives::{Address, Bytes, TxKind, U256, bytes};
use bttc_chain::{Chain, Mining, verify_store};
use bttc_storage::{Finding, Kept, Report, Storage, test_utils};
use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

#[derive(Default)]
struct Findings(Mutex<Vec<Finding>>);

impl Report for Findings {
    fn finding(&self, finding: Finding) {
        self.0.lock().unwrap().push(finding);
    }

    fn progress(&self, done: u64, total: u64) {
        assert!(done <= total);
    }
}

pub(crate) fn check(storage: &Storage) -> Vec<Finding> {
    let findings = Findings::default();
    let verified = verify_store(storage, &findings).unwrap();
    let findings = findings.0.into_inner().unwrap();
    assert_eq!(verified.findings, findings.len() as u64);
    findings
}

#[track_caller]
pub(crate) fn is_sound(storage: &Storage) {
    assert_eq!(check(storage), []);
}

/// Stores the second word of its call data under the first, and logs the first.
const WRITER: Bytes = bytes!("6b602035" "5f3555" "5f355f5fa100" "5f52600c6014f3");

/// A chain with all there is: transfers to new accounts, slots written and emptied, logs, and a proposal above the head.
async fn make(chain: &Chain) {
    let contract = key(1).address().create(0);
    add(chain, call(1, 0, TxKind::Create, 0, WRITER, 200_000));
    let mut nonce = 1;
    for height in 1..=8u64 {
        for n in 0..6 {
            let to = Address::left_padding_from(&[height as u8, n, 7]);
            add(chain, transfer(0, (height - 1) * 6 + u64::from(n), to, 1_000));
        }
        for n in 0..8u64 {
            if height > 1 {
                // Every other height takes back what the one before wrote.
                let slot = U256::from((height / 2) * 100 + n);
                let value = if height.is_multiple_of(2) || n > 5 { height } else { 0 };
                let input = [slot.to_be_bytes::<32>(), U256::from(value).to_be_bytes()].concat();
                add(chain, call(1, nonce, TxKind::Call(contract), 0, input.into(), 100_000));
                nonce += 1;
            }
        }
        decide(chain).await;
    }
    add(chain, transfer(0, 48, Address::repeat_byte(1), 1));
    propose(chain).await;
}

#[tokio::test]
async fn damage_in_every_table_is_found_and_named() {
    let dir = tempfile::tempdir().unwrap();
    let chain = open(dir.path());
    make(&chain).await;
    drop(chain);
    let storage = Storage::open(&config(dir.path())).unwrap();
    is_sound(&storage);
    let mut missed = Vec::new();
    for table in test_utils::TABLES {
        let rows = test_utils::rows(&storage, table).unwrap();
        if *table == "Epochs" {
            // Only chains with the staking contracts have any: see `epochs`.
            continue;
        }
        assert!(!rows.is_empty(), "the chain of this test has nothing in {table}");
        missed.extend(unnoticed(&storage, table, &rows));
    }
    assert_eq!(missed, Vec::<String>::new());
    is_sound(&storage);
}

/// Damages a table in many ways, one after the other, and says which were not found.
pub(crate) fn unnoticed(storage: &Storage, table: &'static str, rows: &[test_utils::Row]) -> Vec<String> {
    let mut missed = Vec::new();
    for (what, damage) in damages(rows) {
        if table == "Proposals" && damage.iter().all(|(_, value)| value.is_none()) {
            // Nothing says that an undecided block was ever there.
            continue;
        }
        test_utils::set(storage, table, &damage).unwrap();
        let findings = check(storage);
        // A digest stands for the rows of three tables.
        let named = |found: &Finding| found.table == table || found.what.contains(table);
        if !findings.iter().any(named) {
            missed.push(format!("{table}: {what}; found {:?}", findings.first()));
        }
        assert!(findings.iter().all(|found| found.remedy.contains("backup")));
        let back: Vec<_> = damage.iter().map(|(key, _)| (key.clone(), value_in(rows, key))).collect();
        test_utils::set(storage, table, &back).unwrap();
    }
    missed
}

/// A pruned store is judged by its marks, and the marks are held against the rows.
#[tokio::test]
async fn a_pruned_chain_is_sound_and_damage_to_its_marks_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let chain = open(dir.path());
    make(&chain).await;
    drop(chain);
    let storage = Storage::open(&config(dir.path())).unwrap();
    for target in [Kept { state: 2, ..Kept::default() }, Kept { state: 5, blocks: 3, logs: 4 }] {
        // Step by step, as a node does it.
        loop {
            let mut write = storage.write().unwrap();
            let done = write.prune(target, 10).unwrap().done;
            write.commit().unwrap();
            is_sound(&storage);
            if done {
                break;
            }
        }
    }
    let rows = test_utils::rows(&storage, "Metadata").unwrap();
    let marks: Vec<_> = rows.iter().filter(|(key, _)| key.starts_with(b"kept_")).collect();
    assert_eq!(marks.len(), 3);
    for (key, value) in marks {
        for other in [value[7] - 1, value[7] + 1, 100] {
            let moved = [&value[..7], &[other]].concat();
            test_utils::set(&storage, "Metadata", &[(key.clone(), Some(moved))]).unwrap();
            assert_ne!(check(&storage), [], "{} moved to {other}", String::from_utf8_lossy(key));
            test_utils::set(&storage, "Metadata", &[(key.clone(), Some(value.clone()))]).unwrap();
        }
    }
    is_sound(&storage);
}

type Damage = Vec<(Vec<u8>, Option<Vec<u8>>)>;

fn value_in(rows: &[test_utils::Row], key: &[u8]) -> Option<Vec<u8>> {
    rows.iter().find(|(at, _)| at == key).map(|(_, value)| value.clone())
}

/// What may become of the rows of a table: flipped bits, rows gone, rows added, values swapped.
fn damages(rows: &[test_utils::Row]) -> Vec<(String, Damage)> {
    let mut damages = Vec::new();
    let places: BTreeSet<_> = [0, rows.len() / 2, rows.len() - 1].into();
    for at in places {
        let (key, value) = &rows[at];
        let flips: BTreeSet<_> = [0, value.len() / 3, value.len().saturating_sub(1)].into();
        for byte in flips.into_iter().filter(|byte| *byte < value.len()) {
            let mut flipped = value.clone();
            flipped[byte] ^= 1 << (at % 8);
            damages.push((format!("row {at} with byte {byte} flipped"), vec![(key.clone(), Some(flipped))]));
        }
        damages.push((format!("row {at} gone"), vec![(key.clone(), None)]));
        let cut = key[..key.len() / 2].to_vec();
        if value_in(rows, &cut).is_none() {
            damages.push((format!("row {at} with its key cut"), vec![(cut, Some(value.clone())), (key.clone(), None)]));
        }
        let mut other = key.clone();
        match other.last_mut() {
            Some(last) => *last ^= 0x41,
            None => other.push(0x41),
        }
        if value_in(rows, &other).is_none() {
            damages.push((format!("row {at} twice"), vec![(other, Some(value.clone()))]));
        }
    }
    let different = rows.windows(2).find(|pair| pair[0].1 != pair[1].1);
    if let Some([(one, first), (two, second)]) = different.map(|pair| [pair[0].clone(), pair[1].clone()]) {
        damages.push(("values swapped".to_owned(), vec![(one, Some(second)), (two, Some(first))]));
    }
    damages
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_changed_by_hand_and_set_back_is_sound() {
    let dir = tempfile::tempdir().unwrap();
    let node = development::run(open(dir.path()), Mining::Manual);
    let (rich, code_at) = (Address::repeat_byte(0xaa), Address::repeat_byte(0xbb));
    // Before the first block, between blocks, and above the last one.
    node.driver.set_balance(rich, U256::from(1)).await.unwrap();
    is_sound(node.chain.storage());
    node.driver.mine(2, None, None).await.unwrap();
    node.driver.set_code(code_at, bytes!("6000")).await.unwrap();
    node.driver.set_storage_at(code_at, U256::from(3), U256::from(4)).await.unwrap();
    let snapshot = node.driver.snapshot().await.unwrap();
    node.driver.set_balance(rich, U256::from(2)).await.unwrap();
    is_sound(node.chain.storage());
    node.driver.mine(2, None, None).await.unwrap();
    is_sound(node.chain.storage());
    node.driver.set_nonce(rich, 7).await.unwrap();
    is_sound(node.chain.storage());
    assert!(node.driver.revert(snapshot).await.unwrap());
    is_sound(node.chain.storage());
    node.driver.mine(1, None, None).await.unwrap();
    is_sound(node.chain.storage());
    node.stop().await;
}

#[test]
fn an_imported_chain_is_sound() {
    let dir = tempfile::tempdir().unwrap();
    let (chain, _) = import::make(dir.path());
    is_sound(chain.storage());
}

/// Blocks that come while it is checked are neither missed nor taken for damage.
#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_grows_is_checked_beside() {
    let dir = tempfile::tempdir().unwrap();
    let chain = open(dir.path());
    make(&chain).await;
    let reader = Storage::open_read_only(&config(dir.path()));
    // Two environments of one file in one process are refused or work; both are fine, the node's own is there in any case.
    let storage = reader.unwrap_or_else(|_| chain.storage().clone());
    let done = Arc::new(AtomicBool::new(false));
    let seen = done.clone();
    let checking = std::thread::spawn(move || {
        let mut findings = check_growing(&storage);
        while !seen.load(Ordering::Relaxed) {
            findings.extend(check_growing(&storage));
        }
        findings
    });
    for nonce in 49..65u64 {
        add(&chain, transfer(0, nonce, Address::repeat_byte(nonce as u8), 1));
        decide(&chain).await;
    }
    done.store(true, Ordering::Relaxed);
    assert_eq!(checking.join().unwrap(), []);
}

fn check_growing(storage: &Storage) -> Vec<Finding> {
    let findings = Findings::default();
    verify_store(storage, &findings).unwrap();
    findings.0.into_inner().unwrap()
}

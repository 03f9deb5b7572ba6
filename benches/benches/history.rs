//! Reads of the past on a short and on a long chain: their cost must not grow with the chain. And what pruning costs.
#![allow(missing_docs, clippy::unwrap_used, reason = "benchmarks")]

use alloy_consensus::{Eip658Value, Signed, TxLegacy, TxType};
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, Log, LogData, Signature, U256, logs_bloom};
use bttc_benches::ledger::store;
use bttc_primitives::{
    Account, AccountChange, Body, CommitCertificate, Header, Receipt, RecoveredBlock, SealedBlock, SignerBitmap,
    StateChanges, StateReader,
};
use bttc_storage::{BlockCommit, Durability, Identity, Kept, Storage};
use bttc_trie::{HashedChanges, state_root};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use std::{collections::BTreeMap, time::Instant};
use tempfile::TempDir;

const LENGTHS: [u64; 2] = [1_000, 100_000];
/// Accounts that blocks change in turn, a few each.
const ACCOUNTS: u64 = 1_000;
const CHANGED: u64 = 8;
/// Blocks in which the rare contract speaks, on a chain of any length.
const RARE: u64 = 10;

fn account(n: u64) -> Address {
    Address::left_padding_from(&(0x10_0000 + n).to_be_bytes())
}

const COMMON: Address = Address::repeat_byte(0xcc);
const SELDOM: Address = Address::repeat_byte(0xee);
const TOPIC: B256 = B256::repeat_byte(0x77);

fn log(address: Address) -> Log {
    Log { address, data: LogData::new_unchecked(vec![TOPIC], Bytes::from_static(&[7; 32])) }
}

/// Chain of one transaction a block, with logs of a common contract in each and of a rare one in ten of them.
struct Long {
    storage: Storage,
    height: u64,
    /// Seconds that writing it took.
    seconds: f64,
    _dir: TempDir,
}

fn changes(height: u64) -> StateChanges {
    let worth = |at: u64| Account { nonce: at, balance: U256::from(at + 1), code_hash: KECCAK256_EMPTY };
    // The first account changes in each block, as a busy contract does.
    let numbers = (0..CHANGED).map(|n| if n == 0 { 0 } else { 1 + (height * CHANGED + n) % (ACCOUNTS - 1) });
    let change = |n: u64| AccountChange {
        before: (height > 0).then(|| worth(height - 1)),
        after: Some(worth(height)),
        storage_wiped: false,
        storage: BTreeMap::from([(U256::from(n % 4), (U256::from(height), U256::from(height + 1)))]),
    };
    StateChanges { accounts: numbers.map(|n| (account(n), change(n))).collect(), code: BTreeMap::new() }
}

fn build(length: u64) -> Long {
    let dir = tempfile::tempdir().unwrap();
    let storage = store(dir.path(), Durability::Ephemeral).unwrap();
    let began = Instant::now();
    let mut parent = B256::ZERO;
    for height in 0..=length {
        let store = storage.read().unwrap();
        let hashed = HashedChanges::new(&changes(height));
        let trie = state_root(&store, &hashed).unwrap();
        drop(store);
        let transactions: Vec<_> = (0..u64::from(height > 0))
            .map(|_| {
                let tx = TxLegacy { nonce: height, gas_limit: 21_000, ..Default::default() };
                Signed::new_unhashed(tx, Signature::test_signature()).into()
            })
            .collect();
        let mut logs = vec![log(COMMON); 3];
        if height % (length / RARE) == 0 {
            logs.push(log(SELDOM));
        }
        let header = Header {
            number: height,
            parent_hash: parent,
            state_root: trie.root,
            logs_bloom: logs_bloom(&logs),
            ..Default::default()
        };
        let receipt =
            Receipt { tx_type: TxType::Legacy, outcome: Eip658Value::Eip658(true), cumulative_gas_used: 50_000, logs };
        let senders = vec![COMMON; transactions.len()];
        let block = SealedBlock::seal(header, Body { transactions, ..Default::default() });
        parent = block.hash();
        let certificate = CommitCertificate {
            height,
            round: 0,
            block_hash: parent,
            signers: SignerBitmap::from_indices(1, [0]),
            signatures: vec![],
        };
        let block = RecoveredBlock { block, senders };
        let mut write = storage.write().unwrap();
        let commit = BlockCommit {
            block: &block,
            receipts: if height == 0 { &[] } else { std::slice::from_ref(&receipt) },
            certificate: (height > 0).then_some(&certificate),
            code: &BTreeMap::new(),
            changes: &hashed,
            trie: &trie,
        };
        match height {
            0 => {
                let identity = Identity { chain_id: 1, genesis_hash: parent, genesis_json: "{}".to_owned() };
                write.init(&identity, commit).unwrap();
            }
            _ => write.append(commit).unwrap(),
        }
        write.commit().unwrap();
    }
    Long { storage, height: length, seconds: began.elapsed().as_secs_f64(), _dir: dir }
}

/// Heights all over the chain, in no order.
fn scattered(turn: &mut u64, height: u64) -> u64 {
    *turn = turn.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*turn >> 33) % height
}

fn history(c: &mut Criterion) {
    for length in LENGTHS {
        let chain = build(length);
        let mut turn = 7;
        let mut group = c.benchmark_group("history");
        group.bench_function(BenchmarkId::new("account and slot at an old block", length), |b| {
            b.iter(|| {
                let height = scattered(&mut turn, chain.height);
                let view = chain.storage.read().unwrap().state_at(height).unwrap().unwrap();
                let slot = view.storage(account(0), U256::ZERO).unwrap();
                (view.account(account(0)).unwrap(), slot)
            });
        });
        group.bench_function(BenchmarkId::new("logs of a rare contract over all blocks", length), |b| {
            b.iter(|| {
                let read = chain.storage.read().unwrap();
                let found = read.blocks_with_logs(0..=chain.height, &[SELDOM], &[TOPIC], 512).unwrap();
                assert_eq!(found.len() as u64, RARE);
                found.into_iter().map(|height| read.stored_receipts(height).unwrap().unwrap().len()).sum::<usize>()
            });
        });
        group.finish();
        prune(&chain);
    }
}

/// Prunes all but the last blocks in steps of the service's size, once: it cannot be repeated.
fn prune(chain: &Long) {
    let mark = chain.height - 100;
    let target = Kept { state: mark, blocks: mark, logs: mark };
    let (mut rows, mut steps) = (0, 0u32);
    let began = Instant::now();
    loop {
        let mut write = chain.storage.write().unwrap();
        let step = write.prune(target, 4_096).unwrap();
        write.commit().unwrap();
        rows += step.rows;
        steps += 1;
        if step.done {
            break;
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    #[expect(clippy::print_stdout, reason = "the result of a benchmark")]
    {
        println!(
            "history/{}: written in {:.1} s, {rows} rows pruned in {seconds:.2} s and {steps} steps",
            chain.height, chain.seconds
        );
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = history
}
criterion_main!(benches);

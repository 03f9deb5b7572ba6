//! The parts of the node, one by one: execution, state root, commit, and the way from submission to receipt.
#![allow(missing_docs, clippy::unwrap_used, reason = "benchmarks")]

use alloy_primitives::{Address, U256};
use bttc_benches::{
    ledger::{self, DevValidator, decide, spec},
    transactions::{Call, dev_key, sign_all},
};
use bttc_chain::{Chain, ChainEvent, Driver, Mining};
use bttc_consensus::{ConsensusSigner, SignRequest, Turn, Vote};
use bttc_execution::{BlockRun, SystemTransactions};
use bttc_node::{GuardedSigner, KeySigner, SignState, SignStateFile, dev_validator};
use bttc_primitives::{
    Account, AccountChange, Header, Recovered, StateChanges, Transaction, VoteKind, recover_senders,
};
use bttc_storage::Durability;
use bttc_trie::{HashedChanges, state_root};
use bttc_txpool::Origin;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// Transfers in a block of these benchmarks.
const BLOCK: usize = 1_000;

fn transfers(from: u32, nonce: u64, count: usize) -> Vec<Recovered<Transaction>> {
    let calls: Vec<_> =
        (0..count as u64).map(|n| Call::transfer(Address::left_padding_from(&(0x20_0000 + n).to_be_bytes()))).collect();
    sign_all(&dev_key(from).unwrap(), nonce, &calls).unwrap()
}

/// Senders of a block's transactions, on all cores.
fn recovery(c: &mut Criterion) {
    let signed: Vec<_> = transfers(0, 0, BLOCK).into_iter().map(Recovered::into_inner).collect();
    let mut group = c.benchmark_group("recovery");
    group.throughput(Throughput::Elements(BLOCK as u64));
    group.bench_function("1000 senders", |b| b.iter(|| recover_senders(&signed, true).unwrap()));
    group.finish();
}

/// A block of transfers on the stored state, without root and commit.
fn execution(c: &mut Criterion) {
    let dir = tempfile::tempdir().unwrap();
    let chain = ledger::open(dir.path(), Durability::Ephemeral).unwrap();
    let signed = transfers(0, 0, BLOCK);
    let header = next_header(&chain);
    let signer = DevValidator::new().unwrap();
    let mut group = c.benchmark_group("execution");
    group.throughput(Throughput::Elements(BLOCK as u64));
    group.bench_function("1000 transfers", |b| {
        b.iter(|| {
            let state = chain.read().unwrap().state().unwrap();
            let mut run = BlockRun::begin(chain.spec(), state, &header).unwrap();
            for tx in &signed {
                run.transact(tx.as_recovered_ref()).unwrap();
            }
            run.finish(SystemTransactions::Make { calls: &mut [].iter(), signer: signer.as_ref() }).unwrap()
        });
    });
    group.finish();
}

fn next_header(chain: &Chain) -> Header {
    let head = chain.head();
    let turn = Turn { height: 1, round: 0, proposer: DevValidator::new().unwrap().address() };
    bttc_consensus::NextBlock::new(&spec().unwrap(), &head, turn, 1_800_000_000, &Default::default(), &[]).header
}

/// Changes of the first `count` of a state's accounts.
fn changes(count: u64, before: Option<u64>, after: u64) -> HashedChanges {
    let account = |balance| Account { balance: U256::from(balance), ..Default::default() };
    let accounts = (0..count).map(|n| {
        let change = AccountChange { before: before.map(account), after: Some(account(after)), ..Default::default() };
        (Address::left_padding_from(&n.to_be_bytes()), change)
    });
    HashedChanges::new(&StateChanges { accounts: accounts.collect(), ..Default::default() })
}

/// The root after 1,000 changed accounts of 100,000.
fn root(c: &mut Criterion) {
    let dir = tempfile::tempdir().unwrap();
    let chain = ledger::open(dir.path(), Durability::Ephemeral).unwrap();
    let all = changes(100_000, None, 1);
    let trie = state_root(&chain.read().unwrap(), &all).unwrap();
    let mut write = chain.storage().write().unwrap();
    write.patch_state(&all, &Default::default(), &trie).unwrap();
    write.commit().unwrap();
    let changed = changes(1_000, Some(1), 2);
    let mut group = c.benchmark_group("state root");
    group.throughput(Throughput::Elements(1_000));
    group.bench_function("1000 of 100k accounts", |b| {
        let store = chain.read().unwrap();
        b.iter(|| state_root(&store, &changed).unwrap());
    });
    group.finish();
}

/// From a full pool to a durable block: build, root, proposal, commit.
fn block_to_disk(c: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let signer = DevValidator::new().unwrap();
    let mut group = c.benchmark_group("block to disk");
    group.throughput(Throughput::Elements(BLOCK as u64)).sample_size(20);
    for (name, durability) in [("synced", Durability::Full), ("unsynced", Durability::Ephemeral)] {
        let dir = tempfile::tempdir().unwrap();
        let chain = ledger::open(dir.path(), durability).unwrap();
        let mut nonce = 0;
        group.bench_function(format!("1000 transfers, {name}"), |b| {
            b.iter_batched(
                || {
                    let signed = transfers(0, nonce, BLOCK);
                    nonce += BLOCK as u64;
                    for tx in signed {
                        chain.pool().add(tx, Origin::Local).unwrap();
                    }
                },
                |()| {
                    while chain.pool().status().0 > 0 {
                        runtime.block_on(decide(&chain, &signer)).unwrap();
                    }
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

/// A vote, by the bare key and with the record of it on disk.
fn signing(c: &mut Criterion) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sign-state");
    let key = Arc::new(KeySigner::new(dev_validator()));
    let chain_id = spec().unwrap().chain_id();
    SignStateFile::create(&path, &SignState::new(chain_id, key.address(), 0)).unwrap();
    let guarded = GuardedSigner::open(key.clone(), &path, chain_id).unwrap();
    let mut height = 0;
    let mut next = || -> SignRequest {
        height += 1;
        Vote { chain_id, kind: VoteKind::Prevote, height, round: 0, block_hash: Default::default() }.into()
    };
    let mut group = c.benchmark_group("signing");
    group.bench_function("a vote, the key alone", |b| b.iter(|| key.sign(&next()).unwrap()));
    group.bench_function("a vote, guarded, synced", |b| b.iter(|| guarded.sign(&next()).unwrap()));
    group.finish();
}

/// One transaction, from the pool's door to its block's event.
fn submit_to_receipt(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let chain = ledger::open(dir.path(), Durability::Full).unwrap();
    let (_handle, driver) = Driver::new(chain.clone(), DevValidator::new().unwrap(), Mining::OnDemand);
    let stop = CancellationToken::new();
    let task = runtime.spawn(driver.run(stop.clone()));
    let mut events = chain.subscribe();
    let signed = Arc::new(transfers(0, 0, 20_000));
    let mut next = 0;
    c.bench_function("submit to receipt, synced", |b| {
        b.iter(|| {
            chain.pool().add(signed[next].clone(), Origin::Local).unwrap();
            next += 1;
            let event = runtime.block_on(events.recv()).unwrap();
            assert!(matches!(event, ChainEvent::Committed(block) if block.receipts.len() == 1));
        });
    });
    stop.cancel();
    runtime.block_on(task).unwrap().unwrap();
}

criterion_group! {
    name = parts;
    config = Criterion::default().measurement_time(Duration::from_secs(4)).warm_up_time(Duration::from_secs(1));
    targets = recovery, execution, root, block_to_disk, signing, submit_to_receipt
}
criterion_main!(parts);

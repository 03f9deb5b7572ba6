//! State root, commit, and the way of a block from the pool to the disk.
//!
//! Limits: MDBX takes 48,000 to 110,000 sorted upserts a second, one `fdatasync` 0.2 to 8 ms, which is measured beside.
//!
//! States of 1 M accounts are made once and kept: in `BTTC_BENCH_DIR`, or below the target directory. `BTTC_BENCH_ACCOUNTS=1000000,10000000` names
//! the sizes; 10 M take a few GiB of disk and some minutes.
#![allow(missing_docs, clippy::unwrap_used, reason = "benchmarks")]

use alloy_primitives::{Address, U256};
use bttc_benches::{
    ledger::{self, DevValidator, decide, decision, open_spec, propose},
    transactions::dev_transfers,
};
use bttc_chain::Chain;
use bttc_consensus::Application;
use bttc_primitives::{Account, AccountChange, ChainSpec, StateChanges};
use bttc_storage::Durability;
use bttc_trie::{HashedChanges, state_root};
use bttc_txpool::Origin;
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::{
    fs::File,
    io::{Seek, Write},
    ops::Range,
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

/// Transfers in a small block.
const BLOCK: usize = 1_000;
/// Transfers in a large one, of ten senders.
const LARGE: usize = 10_000;
/// Accounts written at a time when a state is made.
const LOT: u64 = 500_000;

/// Changes of some of a state's accounts: from a balance, if they have one, to another. Places in the trie are hashes, so neighbours are as good as
/// random.
fn changes(numbers: Range<u64>, before: Option<u64>, after: u64) -> HashedChanges {
    let account = |balance| Account { balance: U256::from(balance), ..Default::default() };
    let accounts = numbers.map(|n| {
        let change = AccountChange { before: before.map(account), after: Some(account(after)), ..Default::default() };
        (Address::left_padding_from(&(0x1000_0000 + n).to_be_bytes()), change)
    });
    HashedChanges::new(&StateChanges { accounts: accounts.collect(), ..Default::default() })
}

/// A ledger whose state has so many accounts more than the genesis; made if it is not there yet.
fn state_of(accounts: u64) -> Chain {
    let base = std::env::var_os("BTTC_BENCH_DIR").map_or_else(|| env!("CARGO_TARGET_TMPDIR").into(), PathBuf::from);
    let dir = base.join(format!("bttc-bench-state-{accounts}"));
    let done = dir.join("done");
    if !done.exists() {
        if dir.exists() {
            std::fs::remove_dir_all(&dir).unwrap();
        }
        std::fs::create_dir_all(dir.join("db")).unwrap();
        let chain = ledger::open(&dir.join("db"), Durability::Ephemeral).unwrap();
        for first in (0..accounts).step_by(LOT as usize) {
            let lot = changes(first..(first + LOT).min(accounts), None, 1);
            let trie = state_root(&chain.read().unwrap(), &lot).unwrap();
            let mut write = chain.storage().write().unwrap();
            write.patch_state(&lot, &Default::default(), &trie).unwrap();
            write.commit().unwrap();
        }
        chain.storage().sync().unwrap();
        File::create(&done).unwrap();
        return chain;
    }
    ledger::open(&dir.join("db"), Durability::Ephemeral).unwrap()
}

/// The root after 1,000 and 10,000 changed accounts.
fn root(c: &mut Criterion) {
    let sizes = std::env::var("BTTC_BENCH_ACCOUNTS").unwrap_or_else(|_| "100000,1000000".to_owned());
    let mut group = c.benchmark_group("state root");
    group.sample_size(20);
    for accounts in sizes.split(',').map(|size| size.trim().parse::<u64>().unwrap()) {
        let chain = state_of(accounts);
        for count in [1_000, 10_000] {
            let changed = changes(0..count, Some(1), 2);
            group.throughput(Throughput::Elements(count));
            group.bench_function(BenchmarkId::new(format!("{count} changed accounts of"), accounts), |b| {
                let store = chain.read().unwrap();
                b.iter(|| state_root(&store, &changed).unwrap());
            });
        }
    }
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
                    let signed = dev_transfers(0, nonce, BLOCK).unwrap();
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

/// Commit alone of a block of 10,000 transfers to new accounts: it was proposed before, so that it is run and its root is known.
fn commit(c: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let signer = DevValidator::new().unwrap();
    // Twice the gas of the block, so that the base fee stays on its floor.
    let genesis = ledger::genesis_with_gas_limit(42_000 * LARGE as u64).unwrap();
    let spec = Arc::new(ChainSpec::from_json(&genesis).unwrap());
    let mut group = c.benchmark_group("commit");
    group.throughput(Throughput::Elements(LARGE as u64)).sample_size(10);
    for (name, durability) in [("synced", Durability::Full), ("unsynced", Durability::Ephemeral)] {
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let chain = open_spec(dir.path(), durability, spec.clone()).unwrap();
        let mut nonce = 0;
        group.bench_function(format!("10000 transfers, {name} (limit 48k to 110k upserts/s)"), |b| {
            b.iter_batched(
                || {
                    let each = LARGE / 10;
                    for sender in 0..10 {
                        for added in chain.pool().add_many(dev_transfers(sender, nonce, each).unwrap(), Origin::Peer(1))
                        {
                            added.unwrap();
                        }
                    }
                    nonce += each as u64;
                    let block = runtime.block_on(propose(&chain, &signer)).unwrap();
                    assert_eq!(block.body.transactions.len(), LARGE);
                    decision(&chain, &block, &signer).unwrap()
                },
                |decision| runtime.block_on(chain.commit(decision)).unwrap(),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

/// What the disk takes to keep 4 KiB: the floor under everything that is synced.
fn sync(c: &mut Criterion) {
    let mut file = tempfile::tempfile_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    file.write_all(&[1; 4_096]).unwrap();
    file.sync_all().unwrap();
    c.bench_function("fdatasync of 4 KiB (0.2 to 8 ms)", |b| {
        b.iter(|| {
            file.rewind().unwrap();
            file.write_all(&[2; 4_096]).unwrap();
            file.sync_data().unwrap();
        });
    });
}

criterion_group! {
    name = state;
    config = Criterion::default().measurement_time(Duration::from_secs(4)).warm_up_time(Duration::from_secs(1));
    targets = root, block_to_disk, commit, sync
}
criterion_main!(state);

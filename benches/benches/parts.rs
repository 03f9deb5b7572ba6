//! The parts that a transaction passes, one by one: decoding, recovery of the sender, the pool, a validator's signature, and the way from submission to
//! receipt. Execution, state and answers have files of their own.
//!
//! Limits, which the libraries beneath reach alone on such a machine: recovery 27,000 a second on one core and 53,000 on two (libsecp256k1); decoding
//! and hashing 0.8 us.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, reason = "benchmarks")]

use alloy_eips::eip2718::{Decodable2718, Encodable2718};
use alloy_primitives::Bytes;
use bttc_benches::{
    crowd,
    ledger::{self, DevValidator, spec},
    transactions::{dev_key, dev_transfers},
};
use bttc_chain::{ChainEvent, Driver, Mining};
use bttc_consensus::{ConsensusSigner, SignRequest, Vote};
use bttc_node::{GuardedSigner, KeySigner, SignState, SignStateFile, dev_validator};
use bttc_primitives::{Recovered, Transaction, VoteKind, recover_senders};
use bttc_storage::Durability;
use bttc_txpool::Origin;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// Transfers in these benchmarks.
const BLOCK: usize = 1_000;

/// Senders of a block's transactions, on all cores and on one.
fn recovery(c: &mut Criterion) {
    let signed: Vec<_> = dev_transfers(0, 0, BLOCK).unwrap().into_iter().map(Recovered::into_inner).collect();
    let wanted = dev_key(0).unwrap().address();
    assert!(recover_senders(&signed, true).unwrap().iter().all(|sender| *sender == wanted));
    let mut group = c.benchmark_group("recovery");
    group.throughput(Throughput::Elements(BLOCK as u64));
    group.bench_function("1000 senders, two cores (limit 53k/s)", |b| {
        b.iter(|| recover_senders(&signed, true).unwrap())
    });
    group.bench_function("1000 senders, one core (limit 27k/s)", |b| {
        // Below four the work is not handed out.
        b.iter(|| signed.chunks(3).map(|few| recover_senders(few, true).unwrap().len()).sum::<usize>());
    });
    group.finish();
}

/// A transaction from its bytes, and its hash.
fn decoding(c: &mut Criterion) {
    let signed = dev_transfers(0, 0, 1).unwrap().remove(0).into_inner();
    let raw = signed.encoded_2718();
    assert_eq!(Transaction::decode_2718(&mut raw.as_slice()).unwrap().tx_hash(), signed.tx_hash());
    c.bench_function("decode and hash a transfer (limit 0.8 us)", |b| {
        b.iter(|| *Transaction::decode_2718(&mut raw.as_slice()).unwrap().tx_hash());
    });
}

/// Transfers of as many accounts into an empty pool; senders are known. At other sizes: the bench `pool`.
fn pool(c: &mut Criterion) {
    let offers: Vec<_> =
        (0..BLOCK as u64).map(|from| crowd::offer(from, 0, (from * 7) % 1_000, Bytes::new())).collect();
    let mut group = c.benchmark_group("pool");
    group.throughput(Throughput::Elements(BLOCK as u64));
    group.bench_function("insert 1000 transfers", |b| {
        b.iter_batched(
            || (crowd::pool(crowd::config()).unwrap().0, offers.clone()),
            |(pool, offers)| {
                for offer in offers {
                    pool.add(offer, Origin::Peer(1)).unwrap();
                }
                assert_eq!(pool.status().0, BLOCK);
                pool
            },
            BatchSize::LargeInput,
        );
    });
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
    let signed = Arc::new(dev_transfers(0, 0, 20_000).unwrap());
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
    targets = recovery, decoding, pool, signing, submit_to_receipt
}
criterion_main!(parts);

//! The pool at 1,000, 10,000 and 100,000 transactions: what one operation costs must not grow with the pool.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, reason = "benchmarks")]

use alloy_primitives::Bytes;
use bttc_benches::crowd::{self, FLOOR, account, config, fill, offer, sender};
use bttc_primitives::Header;
use bttc_txpool::{Committed, Origin, Pool, PoolTransaction};
use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use std::{sync::Arc, time::Duration};

const SIZES: [u64; 3] = [1_000, 10_000, 100_000];

fn filled(size: u64) -> (Pool, Header) {
    let (pool, header) = crowd::pool(config()).unwrap();
    // A little room is left for what is put in and taken out.
    fill(&pool, size / 2 - 200, 2).unwrap();
    (pool, header)
}

/// A block of these transactions.
fn commit(pool: &Pool, header: &Header, mined: &[Arc<PoolTransaction>], base_fee: u64) {
    let transactions: Vec<_> = mined.iter().map(|tx| (tx.hash(), tx.sender(), tx.nonce())).collect();
    let changed: Vec<_> = mined.iter().map(|tx| (tx.sender(), Some(account(tx.nonce() + 1)))).collect();
    let next_base_fee = base_fee;
    pool.on_commit(&Committed { header, next_base_fee, transactions: &transactions, changed: &changed });
}

fn one_transaction(c: &mut Criterion) {
    let mut group = c.benchmark_group("pool, one transaction");
    for size in SIZES {
        let (pool, _) = filled(size);
        let new = offer(1 << 30, 0, 500, Bytes::new());
        group.bench_function(BenchmarkId::new("insert and remove", size), |b| {
            b.iter(|| {
                let added = pool.add(new.clone(), Origin::Peer(1)).unwrap();
                pool.remove(&added.hash).unwrap()
            });
        });
        let better = offer(1 << 30, 0, 5_000, Bytes::new());
        group.bench_function(BenchmarkId::new("replace", size), |b| {
            b.iter_batched(
                || pool.add(new.clone(), Origin::Peer(1)).unwrap(),
                |_| {
                    let added = pool.add(better.clone(), Origin::Peer(1)).unwrap();
                    pool.remove(&added.hash).unwrap()
                },
                BatchSize::PerIteration,
            );
        });
        let worse = offer(0, 0, 1, Bytes::new());
        group.bench_function(BenchmarkId::new("refuse a replacement", size), |b| {
            b.iter(|| pool.add(worse.clone(), Origin::Peer(1)).unwrap_err());
        });
    }
    group.finish();
}

fn one_block(c: &mut Criterion) {
    let mut group = c.benchmark_group("pool, one block");
    for size in SIZES {
        let (pool, header) = filled(size);
        for count in [1, 100] {
            let block: Vec<_> = pool.best(FLOOR).filter(|tx| tx.nonce() == 0).take(count).collect();
            group.bench_function(BenchmarkId::new(format!("{count} of other senders"), size), |b| {
                b.iter_batched(
                    || {
                        let back: Vec<_> = block.iter().map(|tx| (tx.sender(), Some(account(0)))).collect();
                        pool.on_commit(&Committed {
                            header: &header,
                            next_base_fee: FLOOR,
                            transactions: &[],
                            changed: &back,
                        });
                        let again: Vec<_> = block.iter().map(|tx| tx.tx.clone()).collect();
                        drop(pool.add_many(again, Origin::Peer(1)));
                        assert!(pool.contains(&block[0].hash()));
                    },
                    |()| commit(&pool, &header, &block, FLOOR),
                    BatchSize::PerIteration,
                );
            });
        }
        let (pool, header) = filled(size);
        group.bench_function(BenchmarkId::new("best 100", size), |b| b.iter(|| pool.best(FLOOR).take(100).count()));
        // Caps are whole gwei above the floor, up to a thousand. All of them are met by their tips at the floor itself: from there on the cap decides,
        // so that the last step moves every entry of the order.
        const GWEI: u64 = 1_000_000_000;
        let steps = [("that passes none", 1, 1), ("that passes 2 %", 1, 20 * GWEI), ("that turns all", 0, 1)];
        for (name, from, step) in steps {
            let name = format!("base fee {name}");
            let mut up = false;
            commit(&pool, &header, &[], FLOOR + from);
            group.bench_function(BenchmarkId::new(name, size), |b| {
                b.iter(|| {
                    up = !up;
                    commit(&pool, &header, &[], FLOOR + from + u64::from(up) * step);
                });
            });
        }
        assert!(pool.contains(&pool.content_from(sender(1)).pending[0].hash()));
    }
    group.finish();
}

criterion_group! {
    name = pool;
    config = Criterion::default()
        .sample_size(20)
        .measurement_time(Duration::from_secs(2))
        .warm_up_time(Duration::from_millis(500));
    targets = one_transaction, one_block
}
criterion_main!(pool);

//! The exit tree at 1,000 and 1,000,000 exits: what one proof and one more exit cost must hardly grow.
#![allow(missing_docs, clippy::unwrap_used, reason = "benchmarks")]

use alloy_primitives::{Address, U256};
use bttc_trie::{Exit, ExitForest, exit_proof, exit_root};
use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use std::{hint::black_box, time::Duration};

const SIZES: [u64; 2] = [1_000, 1_000_000];

fn leaf(index: u64) -> alloy_primitives::B256 {
    let (index32, amount) = (u32::try_from(index).unwrap(), U256::from(index) + U256::from(1));
    let someone = Address::from_word(U256::from(index).into());
    let (chain_id, root_id, root_bridge, token) = (990_993, 1, Address::repeat_byte(7), Address::ZERO);
    Exit { chain_id, root_id, root_bridge, index: index32, token, from: someone, to: someone, amount }.leaf()
}

fn forest(size: u64) -> ExitForest {
    let mut forest = ExitForest::default();
    for index in 0..size {
        forest.push(leaf(index)).unwrap();
    }
    forest
}

fn exits(c: &mut Criterion) {
    let mut group = c.benchmark_group("exits");
    group.measurement_time(Duration::from_secs(5));
    for size in SIZES {
        let forest = forest(size);
        let (mut at, root) = (0, forest.root(size).unwrap().unwrap());
        // Each is checked once, against the root that a checkpoint has.
        for index in [0, size / 2, size - 1] {
            let proof = exit_proof(&forest, size, index).unwrap().unwrap();
            assert_eq!(exit_root(leaf(index), u32::try_from(index).unwrap(), &proof), root);
        }
        group.bench_function(BenchmarkId::new("proof", size), |b| {
            b.iter(|| {
                at = (at + 7_919) % size;
                black_box(exit_proof(&forest, size, at).unwrap())
            });
        });
        // A tree of an older checkpoint, one exit smaller.
        group.bench_function(BenchmarkId::new("proof_before", size), |b| {
            b.iter(|| {
                at = (at + 7_919) % (size - 1);
                black_box(exit_proof(&forest, size - 1, at).unwrap())
            });
        });
    }
    let mut growing = forest(SIZES[1]);
    let mut next = SIZES[1];
    group.bench_function(BenchmarkId::new("push", SIZES[1]), |b| {
        b.iter_batched(
            || {
                next += 1;
                leaf(next)
            },
            |leaf| growing.push(leaf).unwrap(),
            BatchSize::SmallInput,
        );
    });
    group.bench_function(BenchmarkId::new("build", 100_000), |b| b.iter(|| black_box(forest(100_000))));
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = exits
}
criterion_main!(benches);

//! Histories of the engine hold, and broken surroundings are seen.
#![expect(clippy::unwrap_used, reason = "tests")]

use bft_sim::{Mutant, Scenario, World, measure, run};
use rayon::prelude::*;
use std::time::Duration;

/// The same with more seeds: `cargo run --release --bin bft-sim -- --seeds 5000`.
#[test]
fn histories_hold() {
    let outcomes: Vec<_> = (1..=60u64).into_par_iter().map(|seed| run(seed, None).unwrap()).collect();
    assert!(outcomes.iter().all(|outcome| outcome.heights >= 3));
    assert!(outcomes.iter().any(|outcome| outcome.crashes > 0), "no history had a crash");
    assert!(outcomes.iter().any(|outcome| outcome.evidence > 0), "no history had a double signature to find");
}

#[test]
fn one_seed_is_one_history() {
    for seed in [3, 17] {
        let (one, other) = (run(seed, None).unwrap(), run(seed, None).unwrap());
        assert_eq!((one.events, one.time, one.bytes), (other.events, other.time, other.bytes));
        assert_eq!(one.finality, other.finality);
    }
    assert_ne!(run(3, None).unwrap().events, run(17, None).unwrap().events);
}

/// The properties can fail: a validator without a log, or with one that is synced late, signs twice; half of the power decides twice.
#[test]
fn mutants_are_found() {
    let first = |mutant| (1..=40).find_map(|seed| run(seed, Some(mutant)).err()).unwrap().what;
    assert!(first(Mutant::NoLog).contains("signed twice"));
    assert!(first(Mutant::LateSync).contains("signed twice"));
    let half = first(Mutant::HalfQuorum);
    assert!(half.contains("does not hold") || half.contains("two decisions"), "{half}");
}

/// Virtual time: what the protocol needs, whatever machine this runs on.
#[test]
fn finality_takes_three_message_delays() {
    let millis = Duration::from_millis;
    let figures = measure(Scenario::healthy(1, 21, 150, millis(500), true)).unwrap();
    assert!(figures.finality_median >= millis(450), "{figures:?}");
    assert!(figures.finality_max < millis(800), "{figures:?}");
}

/// Precommits that come after the decision count, too: nobody is absent for being far away.
#[test]
fn a_block_carries_the_precommits_that_came_late() {
    let scenario = Scenario::healthy(3, 10, 60, Duration::from_millis(500), true);
    let outcome = World::new(scenario, None).run().unwrap();
    assert!(outcome.signers.range(4..).count() >= 5);
    assert!(outcome.signers.range(4..).all(|(_, signers)| *signers == 10), "{:?}", outcome.signers);
}

/// The interval is the block time under load, and longer when nothing is to be included.
#[test]
fn the_interval_is_steady() {
    let millis = Duration::from_millis;
    for block_time in [100, 500] {
        let figures = measure(Scenario::healthy(2, 4, 5, millis(block_time), true)).unwrap();
        let interval = figures.interval;
        assert!(interval >= millis(block_time * 9 / 10) && interval <= millis(block_time * 13 / 10), "{figures:?}");
    }
    let idle = measure(Scenario::healthy(2, 4, 5, millis(500), false)).unwrap();
    assert!(idle.interval > millis(600) && idle.interval <= millis(2_300), "{idle:?}");
}

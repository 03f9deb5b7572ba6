use super::{random::History, *};
use proptest::prelude::*;

/// A history of so many steps, every invariant checked after each; answers with the model and what happened how often.
fn run(seed: u64, steps: usize) -> (Model, BTreeMap<String, u64>) {
    let mut history = History::new(seed);
    let mut model = Model::genesis(history.genesis()).unwrap();
    model.check().unwrap();
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for number in 0..steps {
        let step = history.next(&model);
        let before = model.clone();
        let result = model.apply(&step.operation, step.caller, step.value, step.now);
        history.observe(&step, result.as_ref().ok());
        let name = match &result {
            Ok(_) => format!("{:?}", step.operation).split([' ', '{']).next().unwrap().to_owned(),
            Err(refusal) => {
                assert_eq!(model, before, "a refused {step:?} changed something");
                format!("{refusal:?}")
            }
        };
        *counts.entry(name).or_default() += 1;
        if let Err(broken) = model.check() {
            panic!("seed {seed}, step {number}, {step:?}: {broken}");
        }
        rates_fall_by_slashes_alone(&before, &model, &step.operation);
    }
    (model, counts)
}

fn rates_fall_by_slashes_alone(before: &Model, after: &Model, operation: &Operation) {
    for (operator, was) in &before.validators {
        let is = &after.validators[operator];
        let slashed = is.pool.slashes.len() > was.pool.slashes.len();
        let kept = is.pool.tokens * was.pool.shares >= was.pool.tokens * is.pool.shares;
        assert_eq!(!kept, slashed && !was.pool.tokens.is_zero(), "{operator} after {operation:?}");
    }
}

/// One long history does everything, most of it with success: a generator gone stale would leave parts untested.
#[test]
fn a_long_history_comes_everywhere() {
    let (model, counts) = run(1, 6_000);
    let done = [
        "AnnounceCommission",
        "CancelUnbonding",
        "Claim",
        "ClaimCommission",
        "CloseEpoch",
        "CreateValidator",
        "Delegate",
        "Evict",
        "Leave",
        "OnBlock",
        "Redelegate",
        "RedelegateAll",
        "Rejoin",
        "Restake",
        "RotateKey",
        "SettleMoved",
        "SlashDoubleSign",
        "SlashDowntime",
        "Undelegate",
        "UndelegateAll",
        "Unjail",
        "Withdraw",
        "WithdrawAll",
    ];
    for name in done {
        assert!(counts.contains_key(name), "{name} never succeeded: {counts:?}");
    }
    let refused: u64 = counts.iter().filter(|(name, _)| !done.contains(&name.as_str())).map(|(_, count)| count).sum();
    assert!(refused > 100 && refused < 2_000, "{counts:?}");
    assert!(model.positions.values().any(|position| !position.moved.is_empty()));
    assert!(model.epoch.number > 100);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn histories_keep_the_invariants(seed in any::<u64>()) {
        run(seed, 400);
    }
}

mod cases;

use crate::chain::*;
use alloy_primitives::{Address, TxKind, U256};
use bttc_contracts::addresses::TREASURY;
use bttc_execution::{BlockRun, TransactError};
use bttc_primitives::{Recovered, Transaction};
use proptest::{collection::vec, prelude::*};

#[derive(Clone, Debug)]
struct Plan {
    from: u8,
    nonce_off: u64,
    target: u8,
    kind: u8,
    value: u128,
    gas: u64,
    fee: u128,
    tip: u128,
}

fn plan() -> impl Strategy<Value = Plan> {
    (
        1u8..=4,
        prop_oneof![9 => Just(0u64), 1 => Just(1u64)],
        0u8..10,
        0u8..4,
        prop_oneof![Just(0u128), 1..BTT, Just(2_000_000 * BTT)],
        21_000u64..300_000,
        u128::from(BASE_FEE) - 1..u128::from(BASE_FEE) * 3,
        0..u128::from(BASE_FEE),
    )
        .prop_map(|(from, nonce_off, target, kind, value, gas, fee, tip)| Plan {
            from,
            nonce_off,
            target,
            kind,
            value,
            gas,
            fee,
            tip,
        })
}

fn build(plan: &Plan, nonce: u64) -> Recovered<Transaction> {
    let to: TxKind = match plan.target {
        0 => Address::repeat_byte(0x99).into(),
        1 => contracts::STORE.into(),
        2 => contracts::REVERT.into(),
        3 => contracts::LOOP.into(),
        4 => contracts::DESTROY.into(),
        5 => contracts::FORWARD.into(),
        6 => contracts::CLEAR.into(),
        7 => TREASURY.into(),
        8 => address(PROPOSER).into(),
        _ => TxKind::Create,
    };
    let mut draft = draft(plan.from, nonce + plan.nonce_off, to).value(plan.value).gas(plan.gas);
    (draft.fee, draft.tip) = (plan.fee, plan.tip.min(plan.fee));
    draft.input = match to {
        TxKind::Create => contracts::init(&contracts::STORE_CODE),
        TxKind::Call(_) => U256::from(plan.value).to_be_bytes_vec().into(),
    };
    // An authorization whose nonce is mostly wrong: it is skipped, not fatal.
    draft.delegate = vec![(4, nonce, contracts::STORE)];
    match plan.kind {
        0 => draft.legacy(),
        1 => draft.eip2930(),
        3 if to.is_call() => draft.eip7702(),
        _ => draft.eip1559(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever runs, fails or is refused: no wei is made or lost, and the sums of the block are those of its transactions.
    #[test]
    fn balances_and_burned_are_constant(plans in vec(plan(), 1..24)) {
        let (spec, state) = (spec(), state());
        let mut run = BlockRun::begin(&spec, state.clone(), &header()).unwrap();
        let mut nonces = [0u64; 5];
        let (mut gas, mut tips, mut count) = (0u64, U256::ZERO, 0usize);
        for plan in &plans {
            let nonce = &mut nonces[usize::from(plan.from)];
            let tx = build(plan, *nonce);
            match run.transact(tx.as_recovered_ref()) {
                Ok(result) => {
                    prop_assert!(plan.nonce_off == 0 || plan.from == 4, "a gap in the nonces was accepted");
                    *nonce = tx.inner().nonce() + 1;
                    gas += result.gas_used;
                    tips += result.tip;
                    count += 1;
                }
                Err(TransactError::Invalid(_)) => {}
                Err(other) => prop_assert!(false, "{other}"),
            }
        }
        let outcome = finish(run).unwrap();
        let mut after = state.clone();
        after.apply(&outcome.changes).unwrap();
        prop_assert_eq!(after.total() + outcome.fees.burned, state.total());
        prop_assert_eq!(outcome.receipts.len(), count);
        prop_assert_eq!(outcome.gas_used, gas);
        prop_assert_eq!(outcome.fees.tips, tips);
        prop_assert_eq!(outcome.fees.paid() - tips, U256::from(gas) * U256::from(BASE_FEE));
        prop_assert!(after.accounts.values().all(|account| !account.is_empty()));
        for change in outcome.changes.accounts.values() {
            prop_assert!(change.before != change.after || !change.storage.is_empty() || change.storage_wiped);
            prop_assert!(change.storage.values().all(|(before, after)| before != after || change.storage_wiped));
        }
    }
}

use alloy_consensus::Transaction as _;

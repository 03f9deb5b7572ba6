use crate::chain::*;
use crate::memory::MemoryState;
use alloy_consensus::{SignableTransaction, TxLegacy};
use alloy_primitives::{Address, U256};
use alloy_signer::SignerSync;
use bttc_consensus::{ConsensusSigner, InvalidBlock, SignError, SignRequest};
use bttc_contracts::addresses::TREASURY;
use bttc_execution::{BlockOutcome, BlockRun, FinishError, SYSTEM_TX_GAS, SystemCall, SystemTransactions};
use bttc_primitives::{Recovered, Transaction};

fn calls() -> Vec<SystemCall> {
    let word = |n: u64| U256::from(n).to_be_bytes_vec().into();
    vec![
        SystemCall { to: contracts::STORE, input: word(1) },
        SystemCall { to: contracts::LOG, input: word(2) },
        SystemCall { to: contracts::STORE, input: word(3) },
    ]
}

fn begun<'a>(spec: &'a bttc_primitives::ChainSpec, state: &MemoryState) -> BlockRun<'a, MemoryState> {
    let mut run = BlockRun::begin(spec, state.clone(), &header()).unwrap();
    run.reserve_system_gas(3);
    run.transact(draft(1, 0, address(2)).value(7).eip1559().as_recovered_ref()).unwrap();
    run
}

fn make(calls: &[SystemCall]) -> Result<BlockOutcome, FinishError> {
    let (spec, state) = (spec(), state());
    let signer = Consensus(key(PROPOSER));
    begun(&spec, &state).finish(SystemTransactions::Make { calls: &mut calls.iter(), signer: &signer })
}

fn check(calls: &[SystemCall], txs: &[Transaction], sender: Address) -> Result<BlockOutcome, FinishError> {
    let (spec, state) = (spec(), state());
    let transactions: Vec<_> = txs.iter().map(|tx| Recovered::new_unchecked(tx, sender)).collect();
    begun(&spec, &state).finish(SystemTransactions::Check { calls: &mut calls.iter(), transactions: &transactions })
}

#[test]
fn what_is_made_is_accepted_with_the_same_outcome() {
    let made = make(&calls()).unwrap();
    assert_eq!(made.system_transactions.len(), 3);
    assert_eq!(made.receipts.len(), 4);
    assert_eq!(made.receipts[2].logs.len(), 1);
    let nonces: Vec<_> = made.system_transactions.iter().map(alloy_consensus::Transaction::nonce).collect();
    assert_eq!(nonces, [0, 1, 2]);
    for tx in &made.system_transactions {
        let senders = bttc_primitives::recover_senders(std::slice::from_ref(tx), true).unwrap();
        assert_eq!(senders, [address(PROPOSER)]);
    }
    let checked = check(&calls(), &made.system_transactions, address(PROPOSER)).unwrap();
    assert_eq!((&checked.receipts, &checked.changes, checked.fees), (&made.receipts, &made.changes, made.fees));
    assert!(checked.system_transactions.is_empty());
    let mut after = state();
    after.apply(&made.changes).unwrap();
    assert_eq!(after.storage[&(contracts::STORE, U256::ZERO)], U256::from(3));
    assert_eq!(after.total() + made.fees.burned, state().total(), "system transactions are free");
    assert_eq!(made.fees.tips, U256::from(21_000 * 1_000), "and add nothing to the fees");
}

#[test]
fn fees_are_credited_before_system_transactions_run() {
    // The contract stores the treasury's balance.
    let spec = spec();
    let mut state = state();
    let reader = Address::repeat_byte(0x71);
    let mut code = vec![0x73];
    code.extend(TREASURY.as_slice());
    code.extend([0x31, 0x60, 0x00, 0x55, 0x00]);
    state.set_code(reader, code);
    let signer = Consensus(key(PROPOSER));
    let calls = [SystemCall { to: reader, input: Default::default() }];
    let outcome =
        begun(&spec, &state).finish(SystemTransactions::Make { calls: &mut calls.iter(), signer: &signer }).unwrap();
    state.apply(&outcome.changes).unwrap();
    assert!(!outcome.fees.credited().is_zero());
    assert_eq!(state.storage[&(reader, U256::ZERO)], outcome.fees.credited());
}

#[test]
fn tampering_is_refused() {
    let good = make(&calls()).unwrap().system_transactions;
    let refused = |txs: &[Transaction], sender: Address| match check(&calls(), txs, sender) {
        Err(FinishError::Invalid(InvalidBlock::SystemTransaction { index, why })) => (index, why),
        other => panic!("{other:?}"),
    };
    let proposer = address(PROPOSER);
    let swapped = [good[1].clone(), good[0].clone(), good[2].clone()];
    assert!(refused(&swapped, proposer).1.starts_with("recipient is"));
    assert_eq!(
        refused(&good[..2], proposer),
        (3, "the block ends with 2 system transactions, expected more: one is missing".into())
    );
    let extra = [good.clone(), vec![good[2].clone()]].concat();
    assert_eq!(refused(&extra, proposer), (1, "the block ends with 4 system transactions, expected 3".into()));
    assert!(refused(&good, address(1)).1.starts_with("sender is"));
    type Change = fn(&mut TxLegacy);
    let changes: [(&str, Change); 6] = [
        ("gas limit is 9999999, expected 10000000", |tx| tx.gas_limit -= 1),
        ("gas price is 1, expected 0", |tx| tx.gas_price = 1),
        ("value is 1, expected 0", |tx| tx.value = U256::from(1)),
        ("nonce is 1, expected 0", |tx| tx.nonce = 1),
        ("chain id is None, expected Some(990992)", |tx| tx.chain_id = None),
        ("input is 0x, expected 0x0000", |tx| tx.input = Default::default()),
    ];
    for (message, change) in changes {
        let Transaction::Legacy(signed) = &good[0] else { panic!("not legacy") };
        let mut tx = signed.tx().clone();
        change(&mut tx);
        let signature = key(PROPOSER).sign_hash_sync(&tx.signature_hash()).unwrap();
        let txs = [tx.into_signed(signature).into(), good[1].clone(), good[2].clone()];
        let (index, why) = refused(&txs, proposer);
        assert_eq!(index, 1);
        assert!(why.starts_with(message), "{why}");
    }
    let typed = draft(PROPOSER, 0, contracts::STORE).eip1559().into_inner();
    let (_, why) = refused(&[typed, good[1].clone(), good[2].clone()], proposer);
    assert!(why.contains("expected legacy"), "{why}");
}

#[test]
fn a_revert_makes_the_block_invalid() {
    let calls = [SystemCall { to: contracts::REVERT, input: vec![0xde, 0xad].into() }];
    match make(&calls) {
        Err(FinishError::Invalid(InvalidBlock::SystemTransaction { index: 1, why })) => {
            assert_eq!(why, "failed with output 0xdead");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn gas_that_was_not_kept_free_is_missed() {
    let spec = spec();
    let mut run = BlockRun::begin(&spec, state(), &header()).unwrap();
    for n in 1..=4 {
        let _ = run.transact(draft(n, 0, contracts::LOOP).gas(13_000_000).eip1559().as_recovered_ref()).unwrap();
    }
    let signer = Consensus(key(PROPOSER));
    match run.finish(SystemTransactions::Make { calls: &mut calls().iter(), signer: &signer }) {
        Err(FinishError::Invalid(InvalidBlock::SystemTransaction { index: 4, why })) => {
            assert_eq!(why, format!("needs {SYSTEM_TX_GAS} gas, the block has 8000000 left"));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_the_proposer_can_make_them() {
    let (spec, state) = (spec(), state());
    let signer = Consensus(key(1));
    let made = begun(&spec, &state).finish(SystemTransactions::Make { calls: &mut calls().iter(), signer: &signer });
    assert!(matches!(made, Err(FinishError::Fatal(_))), "{made:?}");
}

struct Absent;

impl ConsensusSigner for Absent {
    fn address(&self) -> Address {
        address(PROPOSER)
    }
    fn sign(&self, _: &SignRequest) -> Result<alloy_primitives::Signature, SignError> {
        Err(SignError::Unavailable("nobody there".into()))
    }
}

#[test]
fn a_signer_that_is_away_is_no_trouble_of_ours() {
    let (spec, state) = (spec(), state());
    let finish = |calls: &[SystemCall]| {
        begun(&spec, &state).finish(SystemTransactions::Make { calls: &mut calls.iter(), signer: &Absent })
    };
    let made = finish(&calls());
    assert!(matches!(made, Err(FinishError::Unsigned(SignError::Unavailable(_)))), "{made:?}");
    assert!(finish(&[]).is_ok(), "and not asked without need");
}

//! The contracts of the load do what the harness holds nodes against.

use alloy_primitives::{Address, TxKind, U256};
use bttc_benches::{
    generated::token_slot,
    ledger::{DevValidator, decide, open},
    load::{Question, TOKENS, Target, Workload},
    transactions::{Call, dev_key, sign},
};
use bttc_chain::Chain;
use bttc_primitives::StateReader;
use bttc_storage::Durability;
use bttc_txpool::Origin;
use tokio::runtime::Runtime;

/// Calls of each of two senders: more than results of the compute contract repeat after, and than are looked at one by one.
const CALLS: u64 = 19;

/// Puts calls of a sender into a block of their own; all succeed. Answers with the gas of the last.
fn block(runtime: &Runtime, chain: &Chain, sender: u32, nonce: u64, calls: &[Call]) -> u64 {
    for (call, nonce) in calls.iter().zip(nonce..) {
        chain.pool().add(sign(&dev_key(sender).unwrap(), nonce, call).unwrap(), Origin::Local).unwrap();
    }
    let block = runtime.block_on(decide(chain, &DevValidator::new().unwrap())).unwrap();
    assert_eq!(block.body.transactions.len(), calls.len());
    let receipts = chain.read().unwrap().receipts(block.height()).unwrap().unwrap();
    assert!(receipts.iter().all(|receipt| receipt.outcome.coerce_status()), "a call failed");
    let gas: Vec<_> = receipts.iter().map(|receipt| receipt.cumulative_gas_used).collect();
    gas[gas.len() - 1] - if gas.len() > 1 { gas[gas.len() - 2] } else { 0 }
}

fn answer(chain: &Chain, place: Address, question: &Question) -> U256 {
    let state = chain.read().unwrap().state().unwrap();
    match question {
        Question::Balance(of) => state.account(*of).unwrap().unwrap_or_default().balance,
        Question::Tokens(of) => state.storage(place, token_slot(*of)).unwrap(),
        Question::Slot(slot) => state.storage(place, *slot).unwrap(),
    }
}

fn holds(workload: Workload, gas: std::ops::Range<u64>) {
    let runtime = Runtime::new().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let chain = open(dir.path(), Durability::Ephemeral).unwrap();
    let senders: Vec<_> = (0..2).map(|index| dev_key(index).unwrap().address()).collect();
    let (place, mut nonces) = (senders[0].create(0), [0, 0]);
    if let Some(input) = workload.creation().unwrap() {
        let create = Call { to: TxKind::Create, input, value: U256::ZERO, gas: 1_500_000 };
        block(&runtime, &chain, 0, 0, &[create]);
        nonces[0] += 1;
    }
    for (sender, nonce) in nonces.iter_mut().enumerate() {
        if let Some(first) = workload.first(place) {
            block(&runtime, &chain, sender as u32, *nonce, &[first]);
            *nonce += 1;
        }
        // The second has made fewer.
        let calls = 0..CALLS - 3 * sender as u64;
        let calls: Vec<_> = calls.map(|n| workload.call(place, sender as u64, n)).collect();
        let used = block(&runtime, &chain, sender as u32, *nonce, &calls);
        assert!(gas.contains(&used), "a call of {} takes {used} gas", workload.name());
    }
    let done = [(senders[0], CALLS), (senders[1], CALLS - 3)];
    let expected = workload.expected(place, &done).unwrap();
    assert!(!expected.is_empty());
    for (question, wanted) in &expected {
        assert_eq!(answer(&chain, place, question), *wanted, "{question:?} of {}", workload.name());
    }
    // One call more would be seen.
    let more = workload.expected(place, &[(senders[0], CALLS + 1), done[1]]).unwrap();
    assert!(more.iter().any(|(question, wanted)| answer(&chain, place, question) != *wanted));
}

#[test]
fn transfers_do_what_is_expected_of_them() {
    holds(Workload::Transfers, 21_000..21_001);
}

#[test]
fn token_transfers_do_what_is_expected_of_them() {
    holds(Workload::Erc20, 25_000..60_000);
}

#[test]
fn storage_calls_do_what_is_expected_of_them() {
    holds(Workload::Storage, 120_000..160_000);
}

#[test]
fn compute_calls_do_what_is_expected_of_them() {
    holds(Workload::Compute, 200_000..260_000);
}

#[test]
fn a_sender_cannot_give_more_tokens_than_it_has() {
    assert!(Workload::Erc20.expected(Address::ZERO, &[(Address::ZERO, TOKENS + 1)]).is_err());
}

#[test]
fn targets_are_read_from_the_command_line() {
    let one = Target::parse("other=http://10.0.0.7:8545").unwrap();
    assert_eq!((one.name.as_str(), one.urls.len(), one.pids.len()), ("other", 1, 0));
    assert_eq!(one.cpu().unwrap(), None);
    let four = Target::parse("four=http://127.0.0.1:1,http://127.0.0.1:2,31,32").unwrap();
    assert_eq!((four.urls.len(), four.pids.as_slice()), (2, [31, 32].as_slice()));
    assert_eq!((four.url(0), four.url(3)), ("http://127.0.0.1:1", "http://127.0.0.1:2"));
    for wrong in ["http://127.0.0.1:1", "no-url=31", "name=ftp://127.0.0.1,3"] {
        assert!(Target::parse(wrong).is_err(), "{wrong}");
    }
}

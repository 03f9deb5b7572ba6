//! Blocks of unsigned calls.

use crate::chain::*;
use alloy_primitives::{Address, B256, TxKind, U256};
use alloy_rpc_types_eth::{
    BlockOverrides, TransactionRequest,
    simulate::{SimBlock, SimulatePayload},
    state::AccountOverride,
};
use bttc_execution::{CallError, InvalidTransaction, SimulateEnv, SimulateError, SimulatedBlock, simulate_blocks};
use bttc_primitives::Head;

const TO: Address = Address::repeat_byte(0x77);

fn send(value: u64) -> TransactionRequest {
    TransactionRequest {
        from: Some(Address::repeat_byte(0x50)),
        to: Some(TxKind::Call(TO)),
        value: Some(U256::from(value)),
        ..Default::default()
    }
}

fn run(payload: &SimulatePayload) -> Result<Vec<SimulatedBlock>, SimulateError> {
    let (spec, header) = (spec(), header());
    let base = Head { hash: header.hash_slow(), header };
    let env = SimulateEnv { spec: &spec, base: &base, gas_cap: 1_000_000, deadline: None };
    simulate_blocks(&env, state(), payload, |changes| Ok(B256::with_last_byte(changes.accounts.len() as u8)))
}

fn funded(balance: u64) -> SimBlock {
    let account = AccountOverride { balance: Some(U256::from(balance)), ..Default::default() };
    SimBlock::default().with_state_overrides([(Address::repeat_byte(0x50), account)].into_iter().collect())
}

#[test]
fn blocks_build_on_each_other_and_gaps_are_filled() {
    let later = BlockOverrides { number: Some(U256::from(header().number + 4)), ..Default::default() };
    let blocks =
        [funded(10).call(send(6)), SimBlock::default().with_block_overrides(later).call(send(3)).call(send(1))];
    let payload = SimulatePayload::default().extend_blocks(blocks).with_trace_transfers();
    let done = run(&payload).unwrap();
    let numbers: Vec<_> =
        done.iter().map(|one| (one.block.block.height() - header().number, one.calls.len())).collect();
    assert_eq!(numbers, [(1, 1), (2, 0), (3, 0), (4, 2)]);
    for pair in done.windows(2) {
        assert_eq!(pair[1].block.block.header.parent_hash, pair[0].block.block.hash());
        assert_eq!(pair[1].block.block.header.timestamp, pair[0].block.block.header.timestamp + 12);
    }
    let last = &done[3];
    assert_eq!(last.block.block.header.gas_used, 42_000);
    // The transfer is told, but is no log of the block.
    assert_eq!((last.calls[1].logs.len(), last.calls[1].gas_used), (1, 21_000));
    assert!(last.block.block.header.logs_bloom.is_zero());
    assert_eq!(alloy_consensus::Transaction::nonce(&last.block.block.body.transactions[1]), 2);
    // All gas of the request together is bounded.
    assert_eq!(alloy_consensus::Transaction::gas_limit(&last.block.block.body.transactions[1]), 1_000_000 - 42_000);
}

#[test]
fn what_cannot_be_simulated_is_refused() {
    let at = |number: u64, time| {
        SimBlock::default().with_block_overrides(BlockOverrides {
            number: Some(U256::from(header().number + number)),
            time,
            ..Default::default()
        })
    };
    let refused = |blocks: Vec<SimBlock>| run(&SimulatePayload::default().extend_blocks(blocks)).unwrap_err();
    assert!(matches!(refused(vec![at(1, None), at(1, None)]), SimulateError::Number { .. }));
    assert!(matches!(refused(vec![at(1, Some(header().timestamp))]), SimulateError::Time { .. }));
    assert!(matches!(refused(vec![at(257, None)]), SimulateError::TooMany));
    let poor = refused(vec![funded(5).call(send(6))]);
    assert!(
        matches!(poor, SimulateError::Call(CallError::Invalid(InvalidTransaction::InsufficientFunds { .. }))),
        "{poor}"
    );
    let greedy = TransactionRequest { gas: Some(u64::MAX), ..send(0) };
    assert!(matches!(refused(vec![SimBlock::default().call(greedy)]), SimulateError::BlockGas { .. }));
    let payload = SimulatePayload::default().extend(funded(5).call(TransactionRequest { nonce: Some(7), ..send(1) }));
    assert_eq!(run(&payload).unwrap().len(), 1, "nobody looks at nonces");
    let strict = run(&payload.with_validation()).unwrap_err();
    assert!(
        matches!(strict, SimulateError::Call(CallError::Invalid(InvalidTransaction::NonceTooHigh { .. }))),
        "{strict}"
    );
}

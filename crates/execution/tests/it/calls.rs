use crate::chain::*;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, hex};
use alloy_rpc_types_eth::{BlockOverrides, TransactionInput, TransactionRequest, state::AccountOverride};
use bttc_execution::{
    CallEnv, CallError, CallOutcome, InvalidTransaction, Overrides, call, call_short, create_access_list, estimate_gas,
};
use bttc_primitives::{ChainSpec, Header};
use std::time::{Duration, Instant};

const CAP: u64 = 50_000_000;

fn at<'a>(spec: &'a ChainSpec, header: &'a Header) -> CallEnv<'a> {
    CallEnv { spec, header, gas_cap: CAP, deadline: None }
}

fn request(from: u8, to: Address, input: impl Into<Bytes>) -> TransactionRequest {
    TransactionRequest {
        from: Some(address(from)),
        to: Some(to.into()),
        input: TransactionInput::new(input.into()),
        ..Default::default()
    }
}

fn word(n: u64) -> Bytes {
    U256::from(n).to_be_bytes_vec().into()
}

fn output(outcome: CallOutcome) -> Bytes {
    match outcome {
        CallOutcome::Success { output, .. } => output,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_call_needs_no_balance_and_sees_the_block() {
    let (spec, header) = (spec(), header());
    let result =
        call(&at(&spec, &header), state(), &request(50, contracts::BLOCK, vec![]), &Overrides::default()).unwrap();
    // A call that pays nothing sees no base fee, as in geth; one that pays sees the block's.
    assert_eq!(output(result.outcome), [word(0), word(7)].concat());
    assert!(result.gas_used > 21_000);
    let rich = AccountOverride { balance: Some(U256::MAX >> 1), ..Default::default() };
    let paying = TransactionRequest { gas_price: Some(BASE_FEE.into()), ..request(50, contracts::BLOCK, vec![]) };
    let overrides =
        Overrides { state: Some([(paying.from.unwrap(), rich)].into_iter().collect()), ..Default::default() };
    let seen = call(&at(&spec, &header), state(), &paying, &overrides).unwrap();
    assert_eq!(output(seen.outcome), [word(BASE_FEE), word(7)].concat());
    // Contracts may call too.
    let mut from_contract = request(1, contracts::BLOCK, vec![]);
    from_contract.from = Some(contracts::STORE);
    call(&at(&spec, &header), state(), &from_contract, &Overrides::default()).unwrap();
}

#[test]
fn value_and_named_fees_must_be_covered() {
    let (spec, header) = (spec(), header());
    let run = |request: &TransactionRequest| call(&at(&spec, &header), state(), request, &Overrides::default());
    let mut valued = request(50, contracts::STORE, word(1));
    valued.value = Some(U256::from(1));
    assert!(matches!(run(&valued), Err(CallError::Invalid(InvalidTransaction::InsufficientFunds { .. }))));
    let mut priced = request(50, contracts::STORE, word(1));
    priced.gas_price = Some(u128::from(BASE_FEE));
    priced.gas = Some(100_000);
    assert!(matches!(run(&priced), Err(CallError::Invalid(InvalidTransaction::InsufficientFunds { .. }))));
    priced.from = Some(address(1));
    run(&priced).unwrap();
    priced.gas_price = Some(1);
    let low = run(&priced);
    assert!(
        matches!(low, Err(CallError::Invalid(InvalidTransaction::FeeBelowBaseFee { got: 1, expected: BASE_FEE }))),
        "{low:?}"
    );
    priced.max_fee_per_gas = Some(1);
    assert!(matches!(run(&priced), Err(CallError::InvalidRequest(_))));
    let mut blob = request(1, contracts::STORE, word(1));
    blob.blob_versioned_hashes = Some(vec![B256::ZERO]);
    assert!(matches!(run(&blob), Err(CallError::Invalid(InvalidTransaction::Blob))));
    let mut absurd = request(1, contracts::STORE, word(1));
    (absurd.gas_price, absurd.value) = (Some(u128::MAX), Some(U256::MAX));
    assert!(matches!(run(&absurd), Err(CallError::Invalid(_))));
}

#[test]
fn reverts_carry_data_and_words() {
    let (spec, header) = (spec(), header());
    let error_string = hex!(
        "08c379a0000000000000000000000000000000000000000000000000000000000000002000000000000000000000000000000000000000000000000000000000000000036e6f700000000000000000000000000000000000000000000000000000000000"
    );
    let error_string = [&error_string[..], &[0][..]].concat();
    let panic = [&hex!("4e487b71")[..], &word(0x11)].concat();
    let custom = hex!("deadbeef01").to_vec();
    let cases = [
        (error_string, "execution reverted: nop"),
        (panic, "execution reverted: panic: arithmetic underflow or overflow (0x11)"),
        (custom, "execution reverted"),
        (vec![], "execution reverted"),
    ];
    for (data, message) in cases {
        let request = request(1, contracts::REVERT, data.clone());
        let called = call(&at(&spec, &header), state(), &request, &Overrides::default()).unwrap();
        assert_eq!(called.outcome, CallOutcome::Revert { output: data.clone().into() });
        let error = estimate_gas(&at(&spec, &header), state(), &request, &Overrides::default()).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert!(matches!(error, CallError::Reverted { output, .. } if output == data));
    }
}

#[test]
fn overrides_change_what_a_call_sees() {
    let (spec, header) = (spec(), header());
    let block = BlockOverrides { number: Some(U256::from(99)), base_fee: Some(U256::from(3)), ..Default::default() };
    // Returns slot 0, then the balance of the contract.
    let code = hex!("6000546000524760205260406000f3");
    let account = AccountOverride {
        balance: Some(U256::from(44)),
        code: Some(code.to_vec().into()),
        state_diff: Some([(B256::ZERO, B256::with_last_byte(5))].into_iter().collect()),
        ..Default::default()
    };
    let target = Address::repeat_byte(0x88);
    let overrides =
        Overrides { state: Some([(target, account.clone())].into_iter().collect()), block: Some(Box::new(block)) };
    let seen = call(&at(&spec, &header), state(), &request(1, target, vec![]), &overrides).unwrap();
    assert_eq!(output(seen.outcome), [word(5), word(44)].concat());
    let seen = call(&at(&spec, &header), state(), &request(1, contracts::BLOCK, vec![]), &overrides).unwrap();
    assert_eq!(output(seen.outcome), [word(0), word(99)].concat());
    // `state` replaces all storage, `stateDiff` only the slots it names.
    let reading = AccountOverride { code: account.code, ..Default::default() };
    let with = |account: AccountOverride| Overrides {
        state: Some([(contracts::CLEAR, account)].into_iter().collect()),
        block: None,
    };
    let slot_zero = |overrides: &Overrides| {
        let result = call(&at(&spec, &header), state(), &request(1, contracts::CLEAR, vec![]), overrides).unwrap();
        U256::from_be_slice(&output(result.outcome)[..32])
    };
    let other: Option<_> = Some([(B256::with_last_byte(1), B256::ZERO)].into_iter().collect());
    assert_eq!(slot_zero(&with(reading.clone())), U256::from(5));
    assert_eq!(slot_zero(&with(AccountOverride { state_diff: other.clone(), ..reading.clone() })), U256::from(5));
    assert_eq!(slot_zero(&with(AccountOverride { state: other, ..reading })), U256::ZERO);
    let moved = AccountOverride { move_precompile_to: Some(Address::ZERO), ..Default::default() };
    let refused = call(&at(&spec, &header), state(), &request(1, target, vec![]), &with(moved)).unwrap_err();
    assert!(refused.to_string().contains("movePrecompileToAddress"), "{refused}");
}

#[test]
fn endless_calls_end_at_the_cap_or_at_the_deadline() {
    let (spec, header) = (spec(), header());
    let request = request(1, contracts::LOOP, vec![]);
    let capped = CallEnv { gas_cap: 1_000_000, ..at(&spec, &header) };
    let error = call(&capped, state(), &request, &Overrides::default()).unwrap_err();
    assert!(matches!(error, CallError::GasCap { limit: 1_000_000 }), "{error}");
    let own = TransactionRequest { gas: Some(100_000), ..request.clone() };
    let halted = call(&capped, state(), &own, &Overrides::default()).unwrap();
    assert!(matches!(halted.outcome, CallOutcome::Halt { .. }), "its own limit, its own fault");

    let start = Instant::now();
    let limit = Duration::from_millis(50);
    let timed = CallEnv { gas_cap: u64::MAX, deadline: Some(start + limit), ..at(&spec, &header) };
    let error = call(&timed, state(), &request, &Overrides::default()).unwrap_err();
    assert!(matches!(error, CallError::Timeout { limit: said } if said <= limit), "{error}");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    let past = CallEnv { deadline: Some(start), ..at(&spec, &header) };
    let error = estimate_gas(&past, state(), &request, &Overrides::default()).unwrap_err();
    assert!(matches!(error, CallError::Timeout { .. }), "{error}");
}

/// Whatever ends as a short call ends so in any case; what would hold up others is none.
#[test]
fn short_calls_are_calls() {
    let (spec, header) = (spec(), header());
    let limit = Instant::now() + Duration::from_secs(60);
    let env = CallEnv { deadline: Some(limit), ..at(&spec, &header) };
    let short = |request: &TransactionRequest| call_short(&env, state(), request).unwrap();
    let requests = [
        request(1, address(2), vec![]),
        request(1, contracts::STORE, word(7)),
        request(1, contracts::REVERT, vec![]),
        request(1, contracts::LOG, word(7)),
        request(1, contracts::BLOCK, vec![]),
        TransactionRequest { gas: Some(21_400), ..request(1, contracts::STORE, word(7)) },
        TransactionRequest { gas: Some(30_000), ..request(1, contracts::LOOP, vec![]) },
    ];
    for request in requests {
        let whole = call(&env, state(), &request, &Overrides::default()).unwrap();
        let found = short(&request);
        assert!(found.is_none() == (request.gas == Some(30_000)), "{request:?}");
        assert_eq!(found.unwrap_or_else(|| whole.clone()), whole, "{request:?}");
    }
    assert_eq!(short(&request(1, contracts::LOOP, vec![])), None);
    // A precompile, called directly and by a contract, which must not take its failure for an answer.
    let sha = Address::with_last_byte(2);
    assert_eq!(short(&request(1, sha, vec![1])), None);
    let to_sha = hex!("60006000600060006000600261fffff160005260206000f3");
    let mut with_caller = state();
    let caller = Address::repeat_byte(0x77);
    with_caller.set_code(caller, to_sha.to_vec());
    let whole = call(&env, with_caller.clone(), &request(1, caller, vec![]), &Overrides::default()).unwrap();
    assert_eq!(output(whole.outcome), word(1));
    assert_eq!(call_short(&env, with_caller, &request(1, caller, vec![])).unwrap(), None);
    // Our own contracts stand above the precompiles.
    let mut with_own = state();
    let own = bttc_contracts::addresses::TREASURY;
    with_own.set_code(own, hex!("4360005260206000f3").to_vec());
    let whole = call(&env, with_own.clone(), &request(1, own, vec![]), &Overrides::default()).unwrap();
    assert_eq!(call_short(&env, with_own, &request(1, own, vec![])).unwrap(), Some(whole));
    // 64 KiB of memory and one word.
    let mut with_memory = state();
    with_memory.set_code(caller, hex!("6001620100005200").to_vec());
    assert_eq!(call_short(&env, with_memory, &request(1, caller, vec![])).unwrap(), None);
    let created = TransactionRequest { to: Some(TxKind::Create), ..request(1, caller, vec![0]) };
    assert_eq!(short(&created), None);
    let free = TransactionRequest { value: Some(U256::MAX), ..request(1, address(2), vec![]) };
    assert!(call_short(&env, state(), &free).is_err(), "a refusal is an answer");
}

/// The estimate suffices in a block, and 2 % less of it does not.
fn assert_tight(from: u8, to: TxKind, input: Bytes) {
    let (spec, header) = (spec(), header());
    let request = TransactionRequest { to: Some(to), ..request(from, Address::ZERO, input.clone()) };
    let gas = estimate_gas(&at(&spec, &header), state(), &request, &Overrides::default()).unwrap();
    let succeeds = |gas: u64| {
        let tx = draft(from, 0, to).input(input.clone()).gas(gas).eip1559();
        let mut run = bttc_execution::BlockRun::begin(&spec, state(), &header).unwrap();
        run.transact(tx.as_recovered_ref()).is_ok_and(|result| result.success)
    };
    assert!(succeeds(gas), "{gas} is too little");
    assert!(!succeeds(gas * 98 / 100), "{gas} is too much");
}

#[test]
fn estimates_are_enough_and_tight() {
    assert_tight(1, contracts::STORE.into(), word(5));
    assert_tight(1, contracts::FORWARD.into(), word(5));
    assert_tight(1, contracts::CLEAR.into(), Bytes::new());
    assert_tight(1, TxKind::Create, contracts::init(&contracts::STORE_CODE));
    let (spec, header) = (spec(), header());
    let mut transfer = request(1, address(2), vec![]);
    transfer.value = Some(U256::from(1));
    assert_eq!(estimate_gas(&at(&spec, &header), state(), &transfer, &Overrides::default()).unwrap(), 21_000);
}

#[test]
fn estimates_respect_what_the_sender_can_pay_and_the_caps() {
    let (spec, header) = (spec(), header());
    let mut poor = state();
    poor.set_balance(address(50), U256::from(30_000 * u128::from(BASE_FEE)));
    let mut priced = request(50, contracts::STORE, word(1));
    priced.gas_price = Some(u128::from(BASE_FEE));
    let error = estimate_gas(&at(&spec, &header), poor, &priced, &Overrides::default()).unwrap_err();
    assert!(matches!(error, CallError::OutOfAllowance { limit: 30_000, .. }), "{error}");
    let endless = request(1, contracts::LOOP, vec![]);
    let error = estimate_gas(&at(&spec, &header), state(), &endless, &Overrides::default()).unwrap_err();
    assert!(matches!(error, CallError::OutOfAllowance { limit: 16_777_216, .. }), "EIP-7825: {error}");
    let capped = CallEnv { gas_cap: 1_000_000, ..at(&spec, &header) };
    let error = estimate_gas(&capped, state(), &endless, &Overrides::default()).unwrap_err();
    assert!(matches!(error, CallError::OutOfAllowance { limit: 1_000_000, .. }), "{error}");
    let mut broke = request(50, address(2), vec![]);
    broke.value = Some(U256::from(1));
    let error = estimate_gas(&at(&spec, &header), state(), &broke, &Overrides::default()).unwrap_err();
    assert!(matches!(error, CallError::Invalid(InvalidTransaction::InsufficientFunds { .. })), "{error}");
}

#[test]
fn access_list_names_what_is_touched() {
    let (spec, header) = (spec(), header());
    let request = request(1, contracts::FORWARD, word(5));
    let result = create_access_list(&at(&spec, &header), state(), &request, &Overrides::default()).unwrap();
    assert_eq!(result.error, None);
    assert_eq!(result.access_list.0.len(), 1, "neither sender nor recipient: {:?}", result.access_list);
    assert_eq!(result.access_list.0[0].address, contracts::STORE);
    assert_eq!(result.access_list.0[0].storage_keys, [B256::ZERO]);
    let failing = self::request(1, contracts::REVERT, vec![1]);
    let result = create_access_list(&at(&spec, &header), state(), &failing, &Overrides::default()).unwrap();
    assert_eq!(result.error.as_deref(), Some("execution reverted"));
}

use crate::chain::*;
use alloy_eips::{eip2935, eip4788};
use alloy_primitives::{Address, B256, TxKind, U256, keccak256};
use bttc_contracts::addresses::TREASURY;
use bttc_execution::{BlockRun, TransactError};
use bttc_primitives::TxType;

#[test]
fn transfers_of_all_four_types_pay_exactly() {
    let (spec, state) = (spec(), state());
    let to = Address::repeat_byte(0x77);
    let mut delegating = draft(4, 0, to).value(BTT);
    delegating.delegate = vec![(3, 1, contracts::STORE)];
    let txs = [
        draft(1, 0, to).value(BTT).legacy(),
        draft(2, 0, to).value(BTT).eip2930(),
        draft(3, 0, to).value(BTT).eip1559(),
        delegating.eip7702(),
    ];
    let (outcome, after) = run(&spec, &state, &txs);
    let types: Vec<_> = outcome.receipts.iter().map(|receipt| receipt.tx_type).collect();
    assert_eq!(types, [TxType::Legacy, TxType::Eip2930, TxType::Eip1559, TxType::Eip7702]);
    assert!(outcome.receipts.iter().all(|receipt| receipt.succeeded()));
    assert_eq!(balance(&after, to), U256::from(4 * BTT));
    let base = u128::from(BASE_FEE);
    let spent = |n: u8| balance(&state, address(n)) - balance(&after, address(n)) - U256::from(BTT);
    assert_eq!(spent(1), U256::from(21_000 * 2 * base));
    assert_eq!(spent(2), U256::from(21_000 * 2 * base));
    assert_eq!(spent(3), U256::from(21_000 * (base + 1_000)));
    // EIP-7702: 25,000 for the authorization; 12,500 back as the authority exists, but at most a fifth of all (EIP-3529).
    let delegation = 46_000 - 46_000 / 5;
    assert_eq!(spent(4), U256::from(delegation * (base + 1_000)));
    assert_eq!(u128::from(outcome.gas_used), 3 * 21_000 + delegation);
    let base_fees = U256::from(base) * U256::from(outcome.gas_used);
    let tips = U256::from(2 * 21_000 * base + (21_000 + delegation) * 1_000);
    assert_eq!(outcome.fees.tips, tips);
    assert_eq!(outcome.fees.paid(), base_fees + tips);
    assert_eq!(balance(&after, TREASURY), outcome.fees.credited());
    assert_eq!(balance(&after, address(PROPOSER)), U256::ZERO, "the EVM pays nobody");
    assert_eq!(after.total() + outcome.fees.burned, state.total());
    // The delegation is in the state, its code with the changes.
    let delegated = after.accounts[&address(3)];
    assert_eq!(after.code[&delegated.code_hash][..3], [0xef, 0x01, 0x00]);
    assert_eq!(outcome.changes.code.len(), 1);
    // And it works: a call to the delegating account runs the code in its storage.
    let (_, later) = run(&spec, &after, &[draft(1, 1, address(3)).input(U256::from(9).to_be_bytes_vec()).legacy()]);
    assert_eq!(later.storage[&(address(3), U256::ZERO)], U256::from(9));
}

#[test]
fn under_the_ethereum_spec_the_beneficiary_has_the_tips() {
    let (spec, state) = (ethereum(), state());
    let (outcome, after) = run(&spec, &state, &[draft(1, 0, address(2)).eip1559()]);
    assert_eq!(balance(&after, address(PROPOSER)), U256::from(21_000 * 1_000));
    assert_eq!(outcome.fees.paid(), U256::ZERO);
    assert_eq!(balance(&after, TREASURY), U256::ZERO);
    let burned = U256::from(21_000 * u128::from(BASE_FEE));
    assert_eq!(after.total() + burned, state.total());
}

#[test]
fn block_starts_with_history_and_commitment() {
    let (spec, state) = (spec(), state());
    let (outcome, after) = run(&spec, &state, &[]);
    let header = header();
    let history = after.storage[&(eip2935::HISTORY_STORAGE_ADDRESS, U256::from(6))];
    assert_eq!(history.to_be_bytes::<32>(), header.parent_hash.0);
    let slot = U256::from(header.timestamp % 8191);
    assert_eq!(after.storage[&(eip4788::BEACON_ROOTS_ADDRESS, slot)], U256::from(header.timestamp));
    let root = after.storage[&(eip4788::BEACON_ROOTS_ADDRESS, slot + U256::from(8191))];
    assert_eq!(root.to_be_bytes::<32>(), header.parent_beacon_block_root.unwrap().0);
    assert_eq!(outcome.changes.accounts.len(), 2, "nothing else changes in an empty block");
    assert_eq!(outcome.gas_used, 0);
}

#[test]
fn creation_and_storage_are_changes_with_values_before() {
    let (spec, state) = (spec(), state());
    let word = |n: u64| U256::from(n).to_be_bytes_vec();
    let created = address(1).create(0);
    let txs = [
        draft(1, 0, TxKind::Create).input(contracts::init(&contracts::STORE_CODE)).eip1559(),
        draft(1, 1, created).input(word(5)).eip1559(),
        draft(1, 2, contracts::STORE).input(word(5)).eip1559(),
        draft(1, 3, contracts::STORE).input(word(0)).eip1559(),
        draft(1, 4, contracts::CLEAR).eip1559(),
    ];
    let (outcome, after) = run(&spec, &state, &txs);
    let change = &outcome.changes.accounts[&created];
    assert_eq!(change.before, None);
    assert_eq!(change.after.unwrap().code_hash, keccak256(contracts::STORE_CODE));
    assert_eq!(change.storage[&U256::ZERO], (U256::ZERO, U256::from(5)));
    assert!(!change.storage_wiped);
    assert_eq!(outcome.changes.code[&keccak256(contracts::STORE_CODE)][..], contracts::STORE_CODE);
    assert!(!outcome.changes.accounts.contains_key(&contracts::STORE), "written and written back is no change");
    let cleared = &outcome.changes.accounts[&contracts::CLEAR];
    assert_eq!(cleared.storage[&U256::ZERO], (U256::from(5), U256::ZERO));
    assert!(!after.storage.contains_key(&(contracts::CLEAR, U256::ZERO)));
}

#[test]
fn selfdestruct_follows_eip_6780() {
    let (spec, mut state) = (spec(), state());
    state.set_balance(contracts::DESTROY, U256::from(7));
    let created = address(2).create(0);
    state.set_balance(created, U256::from(11));
    // Stores in slot 1, then destroys itself while it is being created.
    let init = [0x60, 0x01, 0x60, 0x01, 0x55, 0x33, 0xff];
    let txs = [draft(1, 0, contracts::DESTROY).eip1559(), draft(2, 0, TxKind::Create).input(init.to_vec()).eip1559()];
    let (outcome, after) = run(&spec, &state, &txs);
    let old = &outcome.changes.accounts[&contracts::DESTROY];
    assert_eq!(old.after.unwrap().balance, U256::ZERO);
    assert_eq!(old.after.unwrap().code_hash, old.before.unwrap().code_hash, "the code stays");
    let gone = &outcome.changes.accounts[&created];
    assert_eq!((gone.before.unwrap().balance, gone.after), (U256::from(11), None));
    assert!(gone.storage_wiped && gone.storage.is_empty());
    assert_eq!(after.total() + outcome.fees.burned, state.total());
}

#[test]
fn before_cancun_storage_goes_with_the_account_and_recreation_starts_empty() {
    let spec = bttc_primitives::ChainSpec::from_json(
        r#"{"config":{"chainId":990992,"homesteadBlock":0,"eip150Block":0,"eip155Block":0,"eip158Block":0,"byzantiumBlock":0,
        "constantinopleBlock":0,"petersburgBlock":0,"istanbulBlock":0,"berlinBlock":0,"londonBlock":0,"mergeNetsplitBlock":0,
        "terminalTotalDifficulty":0,"shanghaiTime":0},"gasLimit":"0x3938700","difficulty":"0x0","alloc":{}}"#,
    )
    .unwrap();
    let mut state = state();
    // A factory that makes, by CREATE2, a contract that stores 1 in slot 1 when made and destroys itself when called.
    let factory = Address::repeat_byte(0x61);
    // init: 1 -> slot 1, then return the runtime 33ff.
    let init = [0x60, 1, 0x60, 1, 0x55, 0x61, 0x33, 0xff, 0x5f, 0x52, 0x60, 2, 0x60, 30, 0xf3];
    let mut code = vec![0x6e];
    code.extend(init);
    // mstore(0, init); create2(0, 32 - 15, 15, 0)
    code.extend([0x5f, 0x52, 0x5f, 0x60, 15, 0x60, 17, 0x5f, 0xf5, 0x00]);
    state.set_code(factory, code);
    let child = factory.create2_from_code(B256::ZERO, init);
    let (_, mut state) = run(&spec, &state, &[draft(1, 0, factory).eip1559()]);
    assert_eq!(state.storage[&(child, U256::from(1))], U256::from(1));
    state.storage.insert((child, U256::from(2)), U256::from(2));

    let (outcome, after) = run(&spec, &state, &[draft(1, 1, child).eip1559()]);
    let change = &outcome.changes.accounts[&child];
    assert!(change.storage_wiped && change.after.is_none() && change.storage.is_empty());
    assert!(!after.storage.keys().any(|(of, _)| *of == child));

    let again = [draft(1, 1, child).eip1559(), draft(1, 2, factory).eip1559()];
    let (outcome, after) = run(&spec, &state, &again);
    let change = &outcome.changes.accounts[&child];
    assert!(change.storage_wiped && change.after.is_some());
    assert_eq!(change.storage[&U256::from(1)], (U256::from(1), U256::from(1)), "written anew after the wipe");
    assert!(!after.storage.contains_key(&(child, U256::from(2))));
}

#[test]
fn gas_of_the_block_is_kept_and_reserved() {
    let (spec, state) = (spec(), state());
    let mut run = BlockRun::begin(&spec, state, &header()).unwrap();
    assert_eq!(run.gas_left(), 60_000_000);
    run.reserve_system_gas(4);
    assert_eq!(run.gas_left(), 20_000_000);
    let looping = draft(1, 0, contracts::LOOP).gas(16_000_000).eip1559();
    let result = run.transact(looping.as_recovered_ref()).unwrap();
    assert_eq!((result.gas_used, result.success), (16_000_000, false));
    assert_eq!(run.gas_left(), 4_000_000);
    let large = draft(2, 0, contracts::LOOP).gas(4_000_001).eip1559();
    match run.transact(large.as_recovered_ref()) {
        Err(TransactError::Full { needed: 4_000_001, available: 4_000_000 }) => {}
        other => panic!("{other:?}"),
    }
    run.transact(draft(2, 0, contracts::LOG).gas(100_000).eip1559().as_recovered_ref()).unwrap();
    let outcome = finish(run).unwrap();
    assert_eq!(outcome.receipts.len(), 2);
    assert_eq!(outcome.receipts[1].cumulative_gas_used, outcome.gas_used);
    assert_eq!(outcome.receipts[1].logs.len(), 1);
    assert_eq!(outcome.receipts[1].logs[0].topics()[0], B256::with_last_byte(7));
}

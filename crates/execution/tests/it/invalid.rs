use crate::chain::*;
use alloy_consensus::{SignableTransaction, TxEip4844, TxLegacy};
use alloy_primitives::{Signature, TxKind, U256};
use bttc_execution::{BlockRun, InvalidTransaction as Invalid, TransactError};
use bttc_primitives::{Recovered, Transaction};

/// Why a transaction is refused; the run goes on and ends as if it had never been tried.
fn refusal(tx: Recovered<Transaction>) -> Invalid {
    let (spec, state) = (public(), state());
    let mut run = BlockRun::begin(&spec, state.clone(), &header()).unwrap();
    let good = draft(3, 0, address(1)).value(5).eip1559();
    run.transact(good.as_recovered_ref()).unwrap();
    let refused = match run.transact(tx.as_recovered_ref()) {
        Err(TransactError::Invalid(invalid)) => invalid,
        other => panic!("{other:?}"),
    };
    let outcome = finish(run).unwrap();
    assert_eq!(outcome, crate::chain::run(&spec, &state, &[good]).0, "a refusal changes nothing");
    refused
}

#[test]
fn each_refusal_has_its_kind_and_numbers() {
    let sender = address(1);
    let base = u128::from(BASE_FEE);
    assert_eq!(refusal(draft(1, 4, sender).eip1559()), Invalid::NonceTooHigh { sender, got: 4, expected: 0 });
    assert_eq!(
        refusal(draft(3, 0, sender).eip1559()),
        Invalid::NonceTooLow { sender: address(3), got: 0, expected: 1 }
    );
    assert_eq!(
        refusal(draft(1, 0, sender).gas(20_999).eip1559()),
        Invalid::IntrinsicGas { got: 20_999, expected: 21_000 }
    );
    let floor = draft(1, 0, sender).gas(21_500).input(vec![1; 20]).eip1559();
    assert_eq!(refusal(floor), Invalid::IntrinsicGas { got: 21_500, expected: 21_800 });
    let poor = draft(9, 0, sender).gas(21_000).value(1).eip1559();
    let expected = U256::from(21_000 * 2 * base + 1);
    assert_eq!(refusal(poor), Invalid::InsufficientFunds { sender: address(9), got: U256::ZERO, expected });
    let mut cheap = draft(1, 0, sender);
    cheap.fee = base - 1;
    assert_eq!(refusal(cheap.clone().eip1559()), Invalid::FeeBelowBaseFee { got: base - 1, expected: BASE_FEE });
    assert_eq!(refusal(cheap.legacy()), Invalid::FeeBelowBaseFee { got: base - 1, expected: BASE_FEE });
    let mut tip = draft(1, 0, sender);
    tip.tip = tip.fee + 1;
    assert_eq!(refusal(tip.eip1559()), Invalid::TipAboveFee { got: 2 * base + 1, expected: 2 * base });
    assert_eq!(
        refusal(draft(1, 0, sender).gas(16_777_217).eip1559()),
        Invalid::GasAboveCap { got: 16_777_217, expected: 16_777_216 }
    );
    assert_eq!(
        refusal(draft(1, 0, sender).gas(60_000_001).eip1559()),
        Invalid::GasAboveBlock { got: 60_000_001, expected: 60_000_000 }
    );
    let large = draft(1, 0, TxKind::Create).gas(16_000_000).input(vec![0; 49_153]).eip1559();
    assert_eq!(refusal(large), Invalid::InitCodeSize { got: 49_153, expected: 49_152 });
    assert_eq!(refusal(draft(1, 0, sender).eip7702()), Invalid::EmptyAuthorizationList);
    let mut endless = draft(1, 0, sender);
    endless.fee = u128::MAX;
    endless.value = U256::MAX;
    assert_eq!(refusal(endless.eip1559()), Invalid::CostOverflow);
}

#[test]
fn wrong_chain_blob_and_contract_senders() {
    let foreign =
        TxLegacy { chain_id: Some(1), gas_price: 2 * u128::from(BASE_FEE), gas_limit: 21_000, ..Default::default() };
    let foreign = Recovered::new_unchecked(foreign.into_signed(Signature::test_signature()).into(), address(1));
    assert_eq!(refusal(foreign), Invalid::ChainId { got: Some(1), expected: CHAIN_ID });
    let blob = TxEip4844 { chain_id: CHAIN_ID, gas_limit: 21_000, ..Default::default() };
    let blob = Recovered::new_unchecked(blob.into_signed(Signature::test_signature()).into(), address(1));
    assert_eq!(refusal(blob), Invalid::Blob);
    let contract = draft(1, 1, address(2)).eip1559().into_inner();
    let contract = Recovered::new_unchecked(contract, contracts::STORE);
    assert_eq!(refusal(contract.clone()), Invalid::SenderHasCode { sender: contracts::STORE });
    // On a development chain tests act in the name of contracts.
    let mut state = state();
    state.set_balance(contracts::STORE, U256::from(10 * BTT));
    assert!(run(&spec(), &state, &[contract]).0.receipts[0].succeeded());
}

#[test]
fn messages_say_what_to_do_in_btt() {
    let message = refusal(draft(9, 0, address(1)).gas(21_000).value(BTT).eip1559()).to_string();
    assert!(message.starts_with("insufficient funds for gas * price + value"), "{message}");
    assert!(message.contains("has 0 BTT, the transaction may cost 1.378 BTT"), "{message}");
    let message = refusal(draft(1, 4, address(1)).eip1559()).to_string();
    assert!(message.starts_with("nonce too high") && message.contains("the next nonce is 0, got 4"), "{message}");
}

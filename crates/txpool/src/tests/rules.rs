//! Rules for one transaction, and what its sender is told.

use super::*;
use alloy_consensus::{TxEip2930, TxEip4844, TxEip7702};

fn refused(bed: &Bed, tx: Recovered<Transaction>) -> String {
    let text = bed.add(tx).unwrap_err().to_string();
    bed.check();
    assert!(bed.pool.is_empty());
    text
}

#[test]
fn types() {
    let bed = Bed::rich();
    let text = refused(&bed, sign(1, TxEip4844::default()));
    assert!(text.contains("this chain has no blobs"), "{text}");
    let tx = TxEip7702 { chain_id: CHAIN, gas_limit: 100_000, max_fee_per_gas: FLOOR.into(), ..Default::default() };
    let text = refused(&bed, sign(1, tx));
    assert!(text.contains("must name at least one"), "{text}");
    let tx = TxEip2930 { chain_id: CHAIN, gas_limit: 21_000, gas_price: FLOOR.into(), ..Default::default() };
    let tx = TxEip2930 { to: TxKind::Call(Address::ZERO), ..tx };
    assert_eq!(bed.add(sign(1, tx)).unwrap().part, Part::Pending);
    assert_eq!(bed.add(sign(2, legacy(2, 0))).unwrap().part, Part::Pending);
    // Without replay protection, as keyless deployments are.
    assert!(bed.add(sign(3, TxLegacy { chain_id: None, ..legacy(3, 0) })).is_ok());
}

#[test]
fn chain_id_and_size() {
    let bed = Bed::rich();
    let text = refused(&bed, sign(1, TxLegacy { chain_id: Some(1), ..legacy(1, 0) }));
    assert!(
        text.starts_with("invalid chain id: the transaction is signed for chain 1, this chain is 990992"),
        "{text}"
    );
    let long = |length: usize| TxLegacy {
        input: vec![0; length].into(),
        gas_limit: 16_000_000,
        gas_price: FLOOR.into(),
        ..legacy(1, 0)
    };
    let text = refused(&bed, sign(1, long(128 * 1024)));
    assert!(text.contains("the limit is 131072"), "{text}");
    assert!(bed.add(sign(1, long(127 * 1024))).is_ok());
}

#[test]
fn initcode() {
    let bed = Bed::rich();
    let create = |length: usize| TxLegacy {
        to: TxKind::Create,
        input: vec![0; length].into(),
        gas_limit: 10_000_000,
        ..legacy(1, 0)
    };
    let text = refused(&bed, sign(1, create(49_153)));
    assert!(text.contains("49153") && text.contains("49152") && text.contains("EIP-3860"), "{text}");
    assert!(bed.add(sign(1, create(49_152))).is_ok());
}

#[test]
fn gas() {
    let bed = Bed::rich();
    bed.set(1, 0, btt(1_000_000));
    let with = |gas_limit| sign(1, TxLegacy { gas_limit, ..legacy(1, 0) });
    let text = refused(&bed, with(60_000_001));
    assert!(text.starts_with("exceeds block gas limit: the gas limit is 60000001, a block has 60000000"), "{text}");
    let text = refused(&bed, with((1 << 24) + 1));
    assert!(text.contains("16777216") && text.contains("EIP-7825"), "{text}");
    let text = refused(&bed, with(20_999));
    assert!(
        text.starts_with("intrinsic gas too low: the gas limit is 20999, this transaction needs at least 21000"),
        "{text}"
    );
    let data = |gas_limit| sign(1, TxLegacy { gas_limit, input: vec![1; 100].into(), ..legacy(1, 0) });
    let text = refused(&bed, data(24_999));
    assert!(text.contains("floor data gas") && text.contains("at least 25000"), "{text}");
    assert!(bed.add(data(25_000)).is_ok());
    assert!(bed.add(sign(2, TxLegacy { gas_limit: 1 << 24, ..legacy(2, 0) })).is_ok());
}

#[test]
fn fees() {
    let bed = Bed::rich();
    let text = refused(&bed, sign(1, dynamic(1, 0, 5 * GWEI, 5 * GWEI)));
    assert!(text.starts_with("max fee per gas less than block base fee: offered 5 gwei, on this chain the base fee is never below 9000 gwei"), "{text}");
    let text = refused(&bed, sign(1, dynamic(1, 0, u128::from(FLOOR) - 1, 0)));
    assert!(text.contains("offered 8999.999999999 gwei"), "{text}");
    let text = refused(&bed, sign(1, dynamic(1, 0, FLOOR.into(), u128::from(FLOOR) + 1)));
    assert!(text.contains("9000.000000001 gwei against 9000 gwei"), "{text}");
    assert!(bed.add(sign(1, dynamic(1, 0, FLOOR.into(), 0))).is_ok());
}

#[test]
fn nonces() {
    let bed = Bed::rich();
    bed.set(1, 7, btt(1_000));
    let text = refused(&bed, transfer(1, 6, 1));
    assert!(
        text.starts_with("nonce too low: the next nonce of") && text.contains("is 7, the transaction has 6"),
        "{text}"
    );
    let text = refused(&bed, transfer(1, 7 + 4_096, 1));
    assert!(text.starts_with("nonce too high") && text.contains("at most 4096 ahead"), "{text}");
    let text = refused(&bed, transfer(1, u64::MAX, 1));
    assert!(text.contains("EIP-2681"), "{text}");
    assert_eq!(bed.add(transfer(1, 7 + 4_095, 1)).unwrap().part, Part::Queued);
}

#[test]
fn money() {
    let bed = Bed::new(PoolConfig::default());
    let text = refused(&bed, transfer(1, 0, 0));
    assert!(
        text.starts_with("insufficient funds for gas * price + value")
            && text.contains("has 0 BTT, the transaction may cost 0.189 BTT"),
        "{text}"
    );
    bed.set(1, 0, btt(2));
    let with = |value| sign(1, TxLegacy { value, ..legacy(1, 0) });
    assert!(refused(&bed, with(btt(2))).contains("has 2 BTT, the transaction may cost 2.189 BTT"));
    assert!(refused(&bed, with(U256::MAX)).starts_with("insufficient funds"));
    assert!(bed.add(with(btt(1))).is_ok());
}

#[test]
fn a_contract_sends_nothing_but_a_delegated_account_does() {
    let bed = Bed::rich();
    let give_code = |index, code: Vec<u8>| {
        let hash = alloy_primitives::keccak256(&code);
        let mut accounts = bed.accounts.lock();
        accounts.code.insert(hash, code.into());
        accounts.by_address.get_mut(&address(index)).unwrap().code_hash = hash;
    };
    give_code(1, vec![0x60; 23]);
    give_code(2, [&[0xef, 0x01, 0x00][..], &[7; 20]].concat());
    assert!(refused(&bed, transfer(1, 0, 1)).contains("EIP-3607"));
    assert_eq!(bed.add(transfer(2, 0, 1)).unwrap().part, Part::Pending);
}

#[test]
fn twice_the_same() {
    let mut bed = Bed::rich();
    let hash = bed.add(transfer(1, 0, 1)).unwrap().hash;
    // The same whatever its sender could pay for by now.
    let poor = Account { nonce: 0, balance: U256::ZERO, code_hash: KECCAK256_EMPTY };
    bed.commit(&[], &[(address(1), poor)], FLOOR);
    let error = bed.add(transfer(1, 0, 1)).unwrap_err();
    assert_eq!(error, InvalidTransaction::AlreadyKnown { hash });
    assert!(error.to_string().starts_with("already known"));
}

#[test]
fn our_own_trouble_is_not_the_senders_fault() {
    let bed = Bed::rich();
    bed.accounts.lock().broken = true;
    let error = bed.pool.add(transfer(1, 0, 1), Origin::Local).unwrap_err();
    assert!(matches!(error, AddError::Fatal(_)), "{error}");
}

#[test]
fn replacement_needs_a_tenth_more_of_both() {
    let bed = Bed::rich();
    let fees = |cap, tip| sign(1, dynamic(1, 0, cap, tip));
    let (cap, tip) = (u128::from(FLOOR) + 5, 1_000_000_001);
    let first = bed.add(fees(cap, tip)).unwrap();
    // Rounded up to a wei: 1.1 * 1000000001 is 1100000001.1.
    let (enough_cap, enough_tip) = (u128::from(FLOOR) * 11 / 10 + 6, 1_100_000_002);
    for (cap, tip) in [(enough_cap - 1, enough_tip), (enough_cap, enough_tip - 1)] {
        let error = bed.add(fees(cap, tip)).unwrap_err();
        let wanted = InvalidTransaction::ReplacementUnderpriced {
            nonce: 0,
            known: first.hash,
            cap: enough_cap,
            tip: enough_tip,
        };
        assert_eq!(error, wanted);
    }
    let text = bed.add(fees(enough_cap, tip)).unwrap_err().to_string();
    assert!(
        text.starts_with("replacement transaction underpriced")
            && text.contains("maxPriorityFeePerGas 1.100000002 gwei"),
        "{text}"
    );
    let mut events = bed.pool.subscribe();
    let second = bed.add(fees(enough_cap, enough_tip)).unwrap();
    assert_eq!(drain(&mut events), ["dropped replaced", "added (1, 0) Pending"]);
    assert!(bed.pool.contains(&second.hash) && !bed.pool.contains(&first.hash));
    assert_eq!(bed.pool.len(), 1);
    bed.check();
}

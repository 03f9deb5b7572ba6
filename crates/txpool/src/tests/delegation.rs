//! EIP-7702: accounts whose code runs for others have one transaction at a time.

use super::*;
use alloy_consensus::{SignableTransaction, TxEip7702};
use alloy_eips::eip7702::{Authorization, SignedAuthorization};
use alloy_signer::SignerSync;
use alloy_signer_local::PrivateKeySigner;

fn signer(byte: u8) -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&B256::repeat_byte(byte)).unwrap()
}

fn authorize(by: &PrivateKeySigner, chain_id: u64) -> SignedAuthorization {
    let authorization = Authorization { chain_id: U256::from(chain_id), address: Address::ZERO, nonce: 0 };
    let signature = by.sign_hash_sync(&authorization.signature_hash()).unwrap();
    authorization.into_signed(signature)
}

fn by(signer: &PrivateKeySigner, nonce: u64) -> Recovered<Transaction> {
    let tx = dynamic(1, nonce, FLOOR.into(), 0);
    let signature = signer.sign_hash_sync(&tx.signature_hash()).unwrap();
    Recovered::new_unchecked(tx.into_signed(signature).into(), signer.address())
}

fn delegating(list: Vec<SignedAuthorization>, cap: u64) -> TxEip7702 {
    TxEip7702 {
        chain_id: CHAIN,
        gas_limit: 200_000,
        max_fee_per_gas: cap.into(),
        max_priority_fee_per_gas: 0,
        authorization_list: list,
        ..Default::default()
    }
}

fn bed_with(signers: &[&PrivateKeySigner]) -> Bed {
    let bed = Bed::rich();
    for signer in signers {
        let account = Account { nonce: 0, balance: btt(100), code_hash: KECCAK256_EMPTY };
        bed.accounts.lock().by_address.insert(signer.address(), account);
    }
    bed
}

#[test]
fn an_authority_of_a_waiting_transaction_has_one_at_a_time() {
    let (alice, bob) = (signer(1), signer(2));
    let bed = bed_with(&[&alice, &bob]);
    // Bob's is for another chain, which has no effect here.
    let list = vec![authorize(&alice, CHAIN), authorize(&bob, 1), authorize(&alice, 0)];
    let added = bed.add(sign(1, delegating(list, FLOOR))).unwrap();
    assert_eq!(bed.pool.get(&added.hash).unwrap().authorities(), [alice.address()]);
    let gap = bed.add(by(&alice, 1)).unwrap_err();
    let wanted = InvalidTransaction::DelegatedGap { sender: alice.address(), got: 1, expected: 0 };
    assert_eq!(gap, wanted);
    bed.add(by(&alice, 0)).unwrap();
    let second = bed.add(by(&alice, 1)).unwrap_err();
    assert_eq!(second, InvalidTransaction::Delegated { sender: alice.address() });
    assert!(second.to_string().starts_with("in-flight transaction limit reached for delegated accounts"));
    bed.add(by(&bob, 0)).unwrap();
    bed.add(by(&bob, 1)).unwrap();
    // Once the delegating transaction is gone or replaced by a plain one, the limit is gone too.
    bed.check();
    bed.add(sign(1, dynamic(1, 0, u128::from(FLOOR) * 2, 0))).unwrap();
    bed.add(by(&alice, 1)).unwrap();
    bed.check();
}

#[test]
fn who_has_several_waiting_cannot_be_delegated() {
    let alice = signer(1);
    let bed = bed_with(&[&alice]);
    bed.add(by(&alice, 0)).unwrap();
    bed.add(by(&alice, 1)).unwrap();
    let error = bed.add(sign(1, delegating(vec![authorize(&alice, CHAIN)], FLOOR))).unwrap_err();
    assert_eq!(error, InvalidTransaction::AuthorityBusy { authority: alice.address() });
    assert!(error.to_string().starts_with("authority already reserved"));
    bed.check();
    assert_eq!(bed.pool.len(), 2);
}

#[test]
fn delegating_oneself_counts_the_transaction_itself() {
    let alice = signer(1);
    let bed = bed_with(&[&alice]);
    let own = |nonce, cap| {
        let tx = TxEip7702 { nonce, ..delegating(vec![authorize(&alice, CHAIN)], cap) };
        sign(1, tx).map(|tx| tx).into_parts().0
    };
    let send = |nonce, cap| bed.add(Recovered::new_unchecked(own(nonce, cap), alice.address()));
    send(0, FLOOR).unwrap();
    assert!(matches!(send(1, FLOOR), Err(InvalidTransaction::Delegated { .. })));
    send(0, FLOOR * 2).unwrap();
    bed.check();
    assert_eq!(bed.pool.len(), 1);

    let bed = bed_with(&[&alice]);
    bed.add(by(&alice, 0)).unwrap();
    let error = bed.add(Recovered::new_unchecked(own(1, FLOOR), alice.address())).unwrap_err();
    assert_eq!(error, InvalidTransaction::AuthorityBusy { authority: alice.address() });
}

#[test]
fn a_delegated_account_has_one_at_a_time() {
    let mut bed = Bed::rich();
    for nonce in 0..3 {
        bed.add(transfer(1, nonce, 1)).unwrap();
    }
    let code: Bytes = [&[0xef, 0x01, 0x00][..], &[7; 20]].concat().into();
    let code_hash = alloy_primitives::keccak256(&code);
    bed.accounts.lock().code.insert(code_hash, code);
    let delegated = Account { nonce: 1, balance: btt(100), code_hash };
    bed.commit(&[], &[(address(1), delegated)], FLOOR);
    // Those that were there stay, another one must wait, a replacement need not.
    assert_eq!(bed.pool.status(), (2, 0));
    assert!(matches!(bed.add(transfer(1, 3, 1)), Err(InvalidTransaction::Delegated { .. })));
    bed.add(sign(1, dynamic(1, 2, u128::from(FLOOR) * 2, 2 * GWEI))).unwrap();
    bed.check();
}

//! Senders: what is known is not recovered, and what is recovered is right.

use super::*;
use alloy_consensus::{SignableTransaction, TxEip1559};
use alloy_signer::SignerSync;
use alloy_signer_local::PrivateKeySigner;

fn signed(by: &PrivateKeySigner, nonce: u64) -> Transaction {
    let tx = dynamic(1, nonce, FLOOR.into(), 0);
    let signature = by.sign_hash_sync(&tx.signature_hash()).unwrap();
    tx.into_signed(signature).into()
}

#[test]
fn what_is_known_is_not_recovered_again() {
    let bed = Bed::rich();
    let key = PrivateKeySigner::from_bytes(&B256::repeat_byte(7)).unwrap();
    let all: Vec<Transaction> = (0..6).map(|nonce| signed(&key, nonce)).collect();

    // Two are in the pool with a sender that no signature gives, so that it shows where a sender comes from.
    let [pooled, told] = [address(3), address(4)];
    bed.add(Recovered::new_unchecked(all[0].clone(), pooled)).unwrap();
    bed.pool.shared.recent.lock().insert(*all[1].tx_hash(), told);
    let expected = [pooled, told, key.address(), key.address(), key.address(), key.address()];
    assert_eq!(bed.pool.senders_of(&all).unwrap(), expected);
    let back: Vec<Transaction> = all.iter().rev().cloned().collect();
    assert_eq!(bed.pool.senders_of(&back).unwrap(), expected.iter().rev().copied().collect::<Vec<_>>());
    assert!(all[2..].iter().all(|tx| bed.pool.shared.recent.lock().get(tx.tx_hash()) == Some(key.address())));
    assert_eq!(bed.pool.shared.recent.lock().get(all[0].tx_hash()), None, "the pool has it");
    assert!(bed.pool.senders_of(&[]).unwrap().is_empty());
}

#[test]
fn who_signed_nothing_is_named_by_position() {
    let bed = Bed::rich();
    let key = PrivateKeySigner::from_bytes(&B256::repeat_byte(7)).unwrap();
    let nobody: Transaction = TxEip1559 { chain_id: CHAIN, ..Default::default() }
        .into_signed(Signature::new(U256::ZERO, U256::ZERO, false))
        .into();
    let known = signed(&key, 0);
    bed.pool.senders_of(std::slice::from_ref(&known)).unwrap();
    let error = bed.pool.senders_of(&[known, signed(&key, 1), nobody.clone()]).unwrap_err();
    assert_eq!((error.index, error.hash), (2, *nobody.tx_hash()));
    assert_eq!(bed.pool.shared.recent.lock().get(nobody.tx_hash()), None);
}

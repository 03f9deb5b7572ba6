//! Senders who want the pool to work or to keep more than they pay for. Steps and state reads are counted, no time is taken.

use super::*;
use alloy_consensus::TxEip7702;
use alloy_eips::eip7702::{Authorization, SignedAuthorization};
use alloy_signer::SignerSync;
use alloy_signer_local::PrivateKeySigner;

fn crowd(senders: u64, config: PoolConfig) -> Bed {
    let bed = Bed::new(config);
    for index in 0..senders {
        bed.set(index, 0, btt(1_000_000));
    }
    bed
}

/// Steps and state reads of some work.
fn cost(bed: &mut Bed, work: impl FnOnce(&mut Bed)) -> (u64, u64) {
    let (steps, reads) = (bed.pool.steps(), bed.accounts.lock().reads);
    work(bed);
    (bed.pool.steps() - steps, bed.accounts.lock().reads - reads)
}

fn long(sender: u64, nonce: u64, tip: u64, length: usize) -> Recovered<Transaction> {
    let tip = u128::from(tip) * GWEI;
    let tx = dynamic(sender, nonce, u128::from(FLOOR) + tip, tip);
    sign(sender, TxEip1559 { input: vec![0; length].into(), gas_limit: 21_000 + 10 * length as u64, ..tx })
}

#[test]
fn an_operation_costs_the_same_in_a_small_pool_and_in_a_large_one() {
    let mut costs = Vec::new();
    for senders in [100, 10_000] {
        let mut bed = crowd(senders + 10, PoolConfig::default());
        for nonce in 0..2 {
            for sender in 0..senders {
                let tip = u128::from(sender % 50) * GWEI;
                bed.add(sign(sender, dynamic(sender, nonce, u128::from(FLOOR) * 2, tip))).unwrap();
            }
        }
        costs.push(cost(&mut bed, |bed| {
            bed.add(transfer(senders, 0, 7)).unwrap();
            bed.add(sign(3, dynamic(3, 0, u128::from(FLOOR) * 3, u128::from(FLOOR)))).unwrap();
            let block: Vec<_> = bed.pool.best(FLOOR).take(20).collect();
            bed.move_to(&block, &[], FLOOR);
            bed.move_to(&[], &[], FLOOR + 1);
            bed.move_to(&[], &[], FLOOR);
        }));
    }
    let [(small, few), (large, many)] = costs[..] else { unreachable!() };
    assert_eq!((few, many), (1, 1), "only the new account is read");
    assert!(small <= 100 && large <= small, "{small} {large}");
}

#[test]
fn gaps_move_nothing_until_they_close() {
    let mut bed = crowd(2, PoolConfig::default());
    // Every second nonce: each gap that closes joins two transactions, not all behind it.
    let (steps, _) = cost(&mut bed, |bed| {
        for nonce in (1..4_000).step_by(2) {
            bed.add(transfer(1, nonce, 1)).unwrap();
        }
    });
    assert_eq!((steps, bed.pool.status()), (0, (0, 2_000)));
    let (steps, reads) = cost(&mut bed, |bed| {
        for nonce in (0..4_000).step_by(2) {
            bed.add(transfer(1, nonce, 1)).unwrap();
        }
    });
    assert_eq!(bed.pool.status(), (4_000, 0));
    assert!(steps <= 2 * 4_000 && reads == 0, "{steps} {reads}");
    bed.check();
}

#[test]
fn replacement_spam_is_refused_before_anything_moves() {
    let mut bed = crowd(2, PoolConfig::default());
    for nonce in 0..1_000 {
        bed.add(transfer(1, nonce, 100)).unwrap();
    }
    let before = bed.pool.content();
    let (steps, reads) = cost(&mut bed, |bed| {
        for round in 0..1_000u64 {
            let nonce = round * 7 % 1_000;
            // Nine percent more than the cap that is there.
            let cap = (u128::from(FLOOR) + 100 * GWEI) * 109 / 100 + u128::from(round);
            let error = bed.add(sign(1, dynamic(1, nonce, cap, cap))).unwrap_err();
            assert!(matches!(error, InvalidTransaction::ReplacementUnderpriced { .. }), "{error}");
        }
    });
    assert_eq!((steps, reads), (0, 0));
    assert_eq!(bed.pool.content(), before);
}

/// A replacement that takes up the balance moves the rest of its sender, once for each rise of ten percent, and nobody else.
#[test]
fn a_sender_who_moves_its_own_run_pays_for_each_time() {
    let mut bed = crowd(3, PoolConfig::default());
    bed.set(1, 0, btt(1_000));
    for nonce in 0..1_000 {
        bed.add(transfer(1, nonce, 0)).unwrap();
    }
    let mut cap = u128::from(FLOOR) * 11 / 10;
    let mut rounds = 0;
    let (steps, _) = cost(&mut bed, |bed| {
        for value in [btt(997), U256::ZERO].into_iter().cycle().take(40) {
            let tx = TxEip1559 { value, ..dynamic(1, 0, cap, 0) };
            if bed.add(sign(1, tx)).is_ok() {
                rounds += 1;
            }
            cap = cap * 11 / 10 + 1;
        }
    });
    assert!(rounds > 10, "{rounds}");
    assert!(steps <= rounds * 2 * 1_000, "{steps}");
    bed.check();
}

#[test]
fn huge_transactions_are_bounded_by_memory_not_by_number() {
    let config = PoolConfig { max_bytes: 4 << 20, ..PoolConfig::default() };
    let mut bed = crowd(400, config);
    for sender in 0..200 {
        bed.add(long(sender, 0, sender, 120_000)).ok();
        assert!(bed.pool.bytes() <= 4 << 20);
    }
    assert!((30..40).contains(&bed.pool.len()), "{}", bed.pool.len());
    // One that pays less than those it would have to push out is refused for the work of looking at them.
    let (steps, _) = cost(&mut bed, |bed| {
        for sender in 200..400 {
            assert!(bed.add(long(sender, 0, 1, 120_000)).is_err());
        }
    });
    assert!(steps <= 200 * 3, "{steps}");
    bed.check();
}

/// The worst refusal: room for a long one is made of short ones, then the next to go pays more than it, and all come back.
#[test]
fn a_refusal_that_undoes_evictions_is_bounded_by_the_size_of_a_transaction() {
    let config = PoolConfig { max_bytes: 500 * FOOTPRINT, ..PoolConfig::default() };
    let mut bed = crowd(700, config);
    for sender in 0..500 {
        bed.add(transfer(sender, 0, if sender < 50 { 1 } else { 100 })).unwrap();
    }
    let before = bed.pool.content();
    let (steps, _) = cost(&mut bed, |bed| {
        for sender in 500..600 {
            let error = bed.add(long(sender, 0, 50, 125_000)).unwrap_err();
            assert!(matches!(error, InvalidTransaction::Underpriced { .. }), "{error}");
        }
    });
    // 50 of 61 go and come back, whatever the size of the pool.
    assert!(steps <= 100 * 64 * 4, "{steps}");
    assert_eq!(bed.pool.content(), before);
    bed.check();
}

/// Everything that a decoded transaction holds counts, so that lists which are short on the wire do not slip past the limit.
#[test]
fn lists_count_as_they_lie_in_memory() {
    let bed = crowd(2, PoolConfig::default());
    let items = vec![alloy_eips::eip2930::AccessListItem::default(); 1_000];
    let tx = TxEip1559 { access_list: items.into(), gas_limit: 3_000_000, ..dynamic(1, 0, FLOOR.into(), 0) };
    let added = bed.add(sign(1, tx)).unwrap();
    let kept = bed.pool.get(&added.hash).unwrap();
    assert!(kept.size() < 25_000 && kept.footprint() >= FOOTPRINT + 44_000, "{} {}", kept.size(), kept.footprint());
}

#[test]
fn authorities_of_many_are_counted_and_forgotten() {
    let mut bed = crowd(200, PoolConfig::default());
    let victim = PrivateKeySigner::from_bytes(&B256::repeat_byte(3)).unwrap();
    bed.accounts
        .lock()
        .by_address
        .insert(victim.address(), Account { nonce: 0, balance: btt(1_000), code_hash: KECCAK256_EMPTY });
    let authorization = Authorization { chain_id: U256::from(CHAIN), address: Address::repeat_byte(7), nonce: 0 };
    let signature = victim.sign_hash_sync(&authorization.signature_hash()).unwrap();
    let signed: SignedAuthorization = authorization.into_signed(signature);
    // A hundred strangers name the same authority, fifty times each.
    let (steps, reads) = cost(&mut bed, |bed| {
        for sender in 0..100 {
            let tx = TxEip7702 {
                chain_id: CHAIN,
                gas_limit: 2_000_000,
                max_fee_per_gas: FLOOR.into(),
                to: address(sender),
                authorization_list: vec![signed.clone(); 50],
                ..Default::default()
            };
            bed.add(sign(sender, tx)).unwrap();
        }
    });
    assert!(steps <= 300 && reads == 100, "{steps} {reads}");
    let as_victim = |nonce| {
        let tx = dynamic(1, nonce, FLOOR.into(), 0);
        Recovered::new_unchecked(Signed::new_unhashed(tx, Signature::test_signature()).into(), victim.address())
    };
    // The authority may still send one transaction, not a run that a delegation could make worthless.
    bed.add(as_victim(0)).unwrap();
    assert!(matches!(bed.add(as_victim(1)), Err(InvalidTransaction::Delegated { .. })));
    bed.check();
    let hashes: Vec<_> = bed.pool.best(FLOOR).map(|tx| tx.hash()).collect();
    hashes.iter().for_each(|hash| drop(bed.pool.remove(hash)));
    assert_eq!(bed.pool.bytes(), 0);
    bed.check();
    bed.add(as_victim(0)).unwrap();
    bed.add(as_victim(1)).unwrap();
}

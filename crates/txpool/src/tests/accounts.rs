//! Parts of the pool, and how blocks and base fees move transactions among them.

use super::*;
use std::time::Duration;

fn with_value(sender: u64, nonce: u64, value: U256) -> Recovered<Transaction> {
    sign(sender, TxEip1559 { value, ..dynamic(sender, nonce, FLOOR.into(), 0) })
}

#[test]
fn a_gap_waits_until_it_is_filled() {
    let bed = Bed::rich();
    let mut events = bed.pool.subscribe();
    assert_eq!(bed.add(transfer(1, 2, 1)).unwrap().part, Part::Queued);
    assert_eq!(bed.add(transfer(1, 1, 1)).unwrap().part, Part::Queued);
    assert_eq!(bed.pool.status(), (0, 2));
    assert_eq!(bed.pool.pending_nonce(address(1)), Some(0));
    assert_eq!(bed.add(transfer(1, 0, 1)).unwrap().part, Part::Pending);
    assert_eq!(bed.pool.status(), (3, 0));
    assert_eq!(bed.pool.pending_nonce(address(1)), Some(3));
    assert_eq!(bed.pool.pending_nonce(address(2)), None);
    let seen = drain(&mut events);
    assert_eq!(
        seen,
        ["added (1, 2) Queued", "added (1, 1) Queued", "added (1, 0) Pending", "ready (1, 1)", "ready (1, 2)"]
    );
    bed.check();
}

#[test]
fn the_balance_must_cover_the_running_sum() {
    let mut bed = Bed::new(PoolConfig::default());
    bed.set(1, 0, btt(10));
    let parts: Vec<_> = (0..4).map(|nonce| bed.add(with_value(1, nonce, btt(3))).unwrap().part).collect();
    // 3.189 BTT each: three fit into ten.
    assert_eq!(parts, [Part::Pending, Part::Pending, Part::Pending, Part::Queued]);
    let poor = Account { nonce: 0, balance: btt(4), code_hash: KECCAK256_EMPTY };
    bed.commit(&[], &[(address(1), poor)], FLOOR);
    assert_eq!(bed.pool.status(), (1, 3));
    let mut events = bed.pool.subscribe();
    bed.commit(&[], &[(address(1), Account { balance: btt(7), ..poor })], FLOOR);
    assert_eq!(bed.pool.status(), (2, 2));
    assert_eq!(drain(&mut events), ["ready (1, 1)"]);
    // A dearer replacement pushes the ones behind it out of what the balance covers.
    bed.commit(&[], &[(address(1), Account { balance: btt(20), ..poor })], FLOOR);
    assert_eq!(bed.pool.status(), (4, 0));
    let dear = TxEip1559 { value: btt(13), ..dynamic(1, 1, u128::from(FLOOR) * 2, 1) };
    bed.add(sign(1, dear)).unwrap();
    assert_eq!(bed.pool.status(), (3, 1));
    bed.check();
}

#[test]
fn the_base_fee_splits_executable_ones() {
    let mut bed = Bed::rich();
    let floor = u128::from(FLOOR);
    for (nonce, cap) in [(0, floor * 3), (1, floor * 2), (2, floor * 3)] {
        bed.add(sign(1, dynamic(1, nonce, cap, 1))).unwrap();
    }
    let waiting = bed.add(sign(2, dynamic(2, 0, floor, 1))).unwrap();
    assert_eq!(bed.part(&waiting), Part::Pending);
    bed.commit(&[], &[], FLOOR * 2 + 1);
    assert_eq!(bed.part(&waiting), Part::BaseFee);
    let counts = bed.pool.counts();
    assert_eq!((counts.pending, counts.base_fee, counts.queued), (1, 3, 0));
    assert_eq!(bed.best_ids(), [(1, 0)]);
    // What could run but for the fee still counts for the next nonce.
    assert_eq!(bed.pool.pending_nonce(address(1)), Some(3));
    let mut events = bed.pool.subscribe();
    bed.commit(&[], &[], FLOOR * 2);
    assert_eq!(drain(&mut events), ["ready (1, 1)", "ready (1, 2)"]);
    assert_eq!(bed.pool.status(), (3, 1));
    let added = bed.add(sign(3, dynamic(3, 0, floor, 0))).unwrap();
    assert_eq!(added.part, Part::BaseFee);
    bed.commit(&[], &[], FLOOR);
    assert_eq!(bed.pool.status(), (5, 0));
}

#[test]
fn order_is_tip_then_arrival_and_nonces_of_a_sender_follow_each_other() {
    let bed = Bed::rich();
    for (sender, nonce, tip) in [(1, 0, 5), (2, 0, 9), (2, 1, 1), (3, 0, 5), (1, 1, 50), (4, 0, 3), (2, 2, 90)] {
        bed.add(transfer(sender, nonce, tip)).unwrap();
    }
    let order = [(2, 0), (1, 0), (1, 1), (3, 0), (4, 0), (2, 1), (2, 2)];
    assert_eq!(bed.best_ids(), order);
    let mut best = bed.pool.best(FLOOR);
    assert_eq!(id(&best.next().unwrap()), (2, 0));
    best.skip_sender(address(2));
    assert_eq!(id(&best.next().unwrap()), (1, 0));
    best.skip_sender(address(1));
    assert_eq!(best.map(|tx| id(&tx)).collect::<Vec<_>>(), [(3, 0), (4, 0)]);
}

#[test]
fn best_is_right_while_the_pool_changes() {
    let mut bed = Bed::rich();
    for nonce in 0..60 {
        bed.add(transfer(1, nonce, 5)).unwrap();
    }
    for sender in 2..80 {
        bed.add(transfer(sender, 0, 4)).unwrap();
    }
    let mut best = bed.pool.best(FLOOR);
    let first: Vec<_> = best.by_ref().take(10).map(|tx| id(&tx)).collect();
    assert_eq!(first, (0..10).map(|nonce| (1, nonce)).collect::<Vec<_>>());
    // Replaced, taken out and new ones: no nonce comes twice, none out of order.
    bed.add(transfer(1, 3, 6)).unwrap_err();
    bed.add(sign(1, dynamic(1, 3, u128::from(FLOOR) * 2, 10 * GWEI))).unwrap();
    bed.add(sign(70, dynamic(70, 0, u128::from(FLOOR) * 2, 90 * GWEI))).unwrap();
    let gone = bed.pool.content_from(address(1)).pending[50].hash();
    bed.pool.remove(&gone).unwrap();
    let rest: Vec<_> = best.map(|tx| id(&tx)).collect();
    let own: Vec<_> = rest.iter().filter(|id| id.0 == 1).map(|id| id.1).collect();
    assert_eq!(own, (10..50).collect::<Vec<_>>());
    let others: std::collections::BTreeSet<_> = rest.iter().filter(|id| id.0 != 1).collect();
    assert_eq!(others.len(), rest.len() - own.len());
    assert!(others.len() >= 77);
    // A block makes it end.
    let mut best = bed.pool.best(FLOOR);
    let first = best.next().unwrap();
    bed.commit(&[first], &[], FLOOR);
    assert!(best.count() < 120);
}

#[test]
fn what_is_mined_leaves_and_what_it_overtook_too() {
    let mut bed = Bed::rich();
    for nonce in 0..4 {
        bed.add(transfer(1, nonce, 1)).unwrap();
    }
    let mined = bed.best();
    let mut events = bed.pool.subscribe();
    bed.commit(&mined[..1], &[], FLOOR);
    assert_eq!(drain(&mut events), ["dropped mined"]);
    let known = bed.accounts.lock().by_address[&address(1)];
    bed.commit(&[], &[(address(1), Account { nonce: 3, ..known })], FLOOR);
    assert_eq!(drain(&mut events), ["dropped overtaken", "dropped overtaken"]);
    assert_eq!(bed.best_ids(), [(1, 3)]);
    bed.commit(&mined[3..], &[], FLOOR);
    assert!(bed.pool.is_empty() && bed.pool.bytes() == 0);
    assert_eq!(bed.add(transfer(1, 3, 1)).unwrap_err().to_string().split(':').next(), Some("nonce too low"));
}

#[test]
fn a_sender_of_the_block_that_is_not_among_its_changes_is_read() {
    let mut bed = Bed::rich();
    let added = bed.add(transfer(1, 0, 1)).unwrap();
    bed.set(1, 1, btt(1));
    bed.header.number += 1;
    bed.pool.on_commit(&Committed {
        header: &bed.header,
        next_base_fee: FLOOR,
        transactions: &[(added.hash, address(1), 0)],
        changed: &[],
    });
    assert!(bed.pool.is_empty());
    bed.check();
    // A second block in which nothing of ours stands reads nothing.
    bed.add(transfer(2, 0, 1)).unwrap();
    let before = bed.accounts.lock().reads;
    bed.commit(&[], &[], FLOOR);
    assert_eq!(bed.accounts.lock().reads, before);
}

#[test]
fn queued_ones_expire_with_the_time_of_blocks() {
    let mut bed = Bed::rich_with(PoolConfig { queued_lifetime: Duration::from_secs(100), ..PoolConfig::default() });
    bed.add(transfer(1, 0, 1)).unwrap();
    bed.add(transfer(1, 2, 1)).unwrap();
    bed.add_from(transfer(2, 2, 1), Origin::Local).unwrap();
    bed.header.timestamp += 60;
    bed.commit(&[], &[], FLOOR);
    bed.add(transfer(3, 2, 1)).unwrap();
    bed.header.timestamp += 50;
    let mut events = bed.pool.subscribe();
    bed.commit(&[], &[], FLOOR);
    assert_eq!(drain(&mut events), ["dropped expired"]);
    assert_eq!(bed.pool.status(), (1, 2));
    bed.header.timestamp += 500;
    bed.commit(&[], &[], FLOOR);
    assert_eq!(bed.pool.status(), (1, 1));
}

#[test]
fn a_sender_that_becomes_a_contract_or_unreadable_leaves() {
    let mut bed = Bed::rich();
    for sender in [1, 2] {
        bed.add(transfer(sender, 0, 1)).unwrap();
        bed.add(transfer(sender, 1, 1)).unwrap();
    }
    let hash = B256::repeat_byte(1);
    bed.accounts.lock().code.insert(hash, vec![1; 30].into());
    let mut events = bed.pool.subscribe();
    let contract = Account { nonce: 0, balance: btt(5), code_hash: hash };
    bed.commit(&[], &[(address(1), contract)], FLOOR);
    assert_eq!(drain(&mut events), ["dropped sender_is_contract"; 2]);
    // Its code is nowhere to be found: our own trouble, but the chain goes on.
    let lost = Account { code_hash: B256::repeat_byte(2), ..contract };
    bed.commit(&[], &[(address(2), lost)], FLOOR);
    assert_eq!(drain(&mut events), ["dropped unreadable"; 2]);
    assert!(bed.pool.is_empty());
}

#[test]
fn reset_reads_everybody_again() {
    let mut bed = Bed::rich();
    bed.set(1, 5, btt(100));
    for nonce in 5..8 {
        bed.add(transfer(1, nonce, 1)).unwrap();
    }
    bed.add(transfer(2, 0, 1)).unwrap();
    // Back in time: nonces fall, and a fee rises.
    bed.set(1, 3, btt(100));
    bed.set(2, 1, btt(100));
    bed.pool.reset(&bed.header, FLOOR + 1);
    bed.base_fee = FLOOR + 1;
    bed.check();
    assert_eq!(bed.pool.status(), (0, 3));
    for nonce in 3..5 {
        bed.add(transfer(1, nonce, 1)).unwrap();
    }
    assert_eq!(bed.pool.status(), (5, 0));
    bed.set(1, 5, btt(100));
    bed.pool.reset(&bed.header, FLOOR);
    assert_eq!(bed.pool.status(), (3, 0));
    bed.commit(&[], &[], FLOOR);
}

#[test]
fn taken_out_by_hand() {
    let bed = Bed::rich();
    let hashes: Vec<_> = (0..4).map(|nonce| bed.add(transfer(1, nonce, 1)).unwrap().hash).collect();
    assert_eq!(bed.pool.remove(&hashes[1]).unwrap().nonce(), 1);
    assert!(bed.pool.remove(&hashes[1]).is_none());
    bed.check();
    assert_eq!(bed.pool.status(), (1, 2));
    assert_eq!(bed.pool.content_from(address(1)).queued.len(), 2);
    assert_eq!(bed.pool.content()[&address(1)].pending.len(), 1);
    assert_eq!(bed.pool.drop_all(), 3);
    assert!(bed.pool.is_empty());
    bed.check();
}

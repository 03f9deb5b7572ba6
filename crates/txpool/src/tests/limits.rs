//! Limits, and who gives way.

use super::*;

fn small(max_transactions: usize) -> PoolConfig {
    PoolConfig { max_transactions, ..PoolConfig::default() }
}

#[test]
fn the_cheapest_gives_way_queued_first() {
    let mut bed = Bed::rich_with(small(4));
    let floor = u128::from(FLOOR);
    // One base fee below what account 3 offers.
    bed.commit(&[], &[], FLOOR + 10);
    bed.add(sign(1, dynamic(1, 0, floor * 2, 5))).unwrap();
    bed.add(sign(2, dynamic(2, 0, floor * 2, 9))).unwrap();
    assert_eq!(bed.add(sign(3, dynamic(3, 0, floor + 5, 5))).unwrap().part, Part::BaseFee);
    assert_eq!(bed.add(sign(4, dynamic(4, 3, floor * 9, 9))).unwrap().part, Part::Queued);
    let mut events = bed.pool.subscribe();
    // A queued one does not push out what runs sooner; equal is not enough either.
    for cap in [floor, floor * 9] {
        let error = bed.add(sign(5, dynamic(5, 1, cap, 9))).unwrap_err();
        assert!(matches!(error, InvalidTransaction::Underpriced { count: 5, .. }), "{error}");
        assert!(error.to_string().starts_with("transaction underpriced: the pool is full"));
        bed.check();
    }
    assert!(drain(&mut events).is_empty());
    bed.add(sign(5, dynamic(5, 0, floor * 2, 7))).unwrap();
    assert_eq!(drain(&mut events), ["dropped underpriced", "added (5, 0) Pending"]);
    assert!(bed.pool.content_from(address(4)).queued.is_empty());
    // Then the one below the base fee, then the lowest tip.
    bed.add(sign(6, dynamic(6, 0, floor * 2, 6))).unwrap();
    assert_eq!(bed.pool.counts().base_fee, 0);
    bed.add(sign(7, dynamic(7, 0, floor * 2, 8))).unwrap();
    assert_eq!(bed.best_ids(), [(2, 0), (7, 0), (5, 0), (6, 0)]);
    let error = bed.add(sign(8, dynamic(8, 0, floor * 2, 6))).unwrap_err();
    assert!(matches!(error, InvalidTransaction::Underpriced { .. }));
    bed.check();
}

#[test]
fn the_tail_of_a_sender_goes_before_its_head() {
    let bed = Bed::rich_with(small(4));
    for nonce in 0..3 {
        bed.add(transfer(1, nonce, 1)).unwrap();
    }
    bed.add(transfer(2, 0, 2)).unwrap();
    bed.add(transfer(3, 0, 2)).unwrap();
    assert_eq!(bed.best_ids(), [(2, 0), (3, 0), (1, 0), (1, 1)]);
    // Its own tail pays well now, so the later of the other two gives way.
    assert_eq!(bed.add(transfer(1, 2, 9)).unwrap().part, Part::Pending);
    assert_eq!(bed.best_ids(), [(2, 0), (1, 0), (1, 1), (1, 2)]);
    bed.check();
}

#[test]
fn a_refused_transaction_changes_nothing() {
    let config = PoolConfig { max_bytes: 8 * FOOTPRINT + 100, ..PoolConfig::default() };
    let bed = Bed::rich_with(config);
    for sender in 0..8 {
        bed.add(transfer(sender, 0, sender + 1)).unwrap();
    }
    let before = bed.pool.content();
    let mut events = bed.pool.subscribe();
    // Pays more than the three cheapest, but needs the room of five.
    let big = TxEip1559 {
        input: vec![0; 4 * FOOTPRINT].into(),
        gas_limit: 200_000,
        ..dynamic(9, 0, u128::from(FLOOR) * 2, 4 * GWEI - 1)
    };
    let error = bed.add(sign(9, big.clone())).unwrap_err();
    assert!(matches!(error, InvalidTransaction::Underpriced { .. }), "{error}");
    assert_eq!(bed.pool.content(), before);
    assert!(drain(&mut events).is_empty());
    bed.check();
    bed.add(sign(9, TxEip1559 { max_priority_fee_per_gas: 50 * GWEI, ..big })).unwrap();
    assert!(bed.pool.bytes() <= 8 * FOOTPRINT + 100);
    assert_eq!(bed.best_ids().first(), Some(&(9, 0)));
    bed.check();
}

#[test]
fn a_refused_replacement_puts_the_old_one_back() {
    let config = PoolConfig { max_bytes: 4 * FOOTPRINT + 100, ..PoolConfig::default() };
    let mut bed = Bed::rich_with(config);
    bed.commit(&[], &[], FLOOR + 10);
    let old = bed.add(sign(1, dynamic(1, 0, FLOOR.into(), 0))).unwrap();
    bed.add(sign(1, dynamic(1, 1, u128::from(FLOOR) * 2, 0))).unwrap();
    for sender in 2..4 {
        bed.add(transfer(sender, 0, 50)).unwrap();
    }
    assert_eq!(bed.part(&old), Part::BaseFee);
    let before = bed.pool.content();
    let big = TxEip1559 {
        input: vec![0; 2 * FOOTPRINT].into(),
        gas_limit: 200_000,
        ..dynamic(1, 0, u128::from(FLOOR) * 2, 0)
    };
    bed.add(sign(1, big)).unwrap_err();
    assert_eq!(bed.pool.content(), before);
    bed.check();
}

#[test]
fn one_account_cannot_take_all() {
    let config = PoolConfig { account_transactions: 3, account_bytes: 3 * FOOTPRINT + 300, ..PoolConfig::default() };
    let bed = Bed::rich_with(config);
    for nonce in 0..3 {
        bed.add(transfer(1, nonce, 1)).unwrap();
    }
    assert!(matches!(bed.add(transfer(1, 3, 1)), Err(InvalidTransaction::NonceTooFar { limit: 3, .. })));
    let long = |nonce, length: usize| {
        let tx = dynamic(2, nonce, FLOOR.into(), 0);
        sign(2, TxEip1559 { input: vec![0; FOOTPRINT + length].into(), gas_limit: 60_000, ..tx })
    };
    bed.add(long(2, 150)).unwrap();
    let error = bed.add(long(1, 250)).unwrap();
    // The later nonce gives way to the earlier one, without which it could not run.
    assert_eq!(error.part, Part::Queued);
    assert_eq!(bed.pool.content_from(address(2)).queued.len(), 1);
    let error = bed.add(long(2, 150)).unwrap_err();
    assert!(matches!(error, InvalidTransaction::AccountFull { .. }), "{error}");
    bed.check();
}

#[test]
fn locals_keep_their_place_but_not_beyond_the_limits() {
    let bed = Bed::rich_with(small(3));
    for sender in 1..3 {
        bed.add_from(transfer(sender, 0, 1), Origin::Local).unwrap();
    }
    bed.add(transfer(3, 0, 9)).unwrap();
    bed.add(transfer(4, 0, 10)).unwrap();
    assert!(matches!(bed.add(transfer(5, 0, 5)), Err(InvalidTransaction::Underpriced { .. })));
    bed.add_from(transfer(5, 0, 5), Origin::Local).unwrap();
    let error = bed.add_from(transfer(6, 0, 50), Origin::Local).unwrap_err();
    assert!(matches!(error, InvalidTransaction::Full { .. }), "{error}");
    assert_eq!(bed.best_ids(), [(5, 0), (1, 0), (2, 0)]);
    bed.check();

    let bed = Bed::rich_with(PoolConfig { protect_locals: false, ..small(1) });
    bed.add_from(transfer(1, 0, 1), Origin::Local).unwrap();
    bed.add(transfer(2, 0, 2)).unwrap();
    assert_eq!(bed.best_ids(), [(2, 0)]);
}

#[test]
fn config_reads_and_refuses_unknown_keys() {
    let config: PoolConfig = serde_json::from_str(r#"{"max_transactions":7,"queued_lifetime":"90s"}"#).unwrap();
    let wanted = PoolConfig {
        max_transactions: 7,
        queued_lifetime: std::time::Duration::from_secs(90),
        ..PoolConfig::default()
    };
    assert_eq!(config, wanted);
    assert!(serde_json::from_str::<PoolConfig>(r#"{"max_transaction":7}"#).is_err());
}

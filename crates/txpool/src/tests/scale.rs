//! Work grows with what changes, not with the pool. Steps are counted, no time is taken.

use super::*;

fn big() -> Bed {
    let bed = Bed::new(PoolConfig::default());
    for index in 0..2_000 {
        bed.set(index, 0, btt(1_000));
    }
    bed
}

/// 20,000 transactions of 2,000 senders, most of which can run.
fn filled() -> Bed {
    let bed = big();
    let mut transactions = Vec::new();
    for nonce in 0..10 {
        for sender in 0..2_000 {
            transactions.push(transfer(sender, nonce, (sender * 7 + nonce * 13) % 100));
        }
    }
    let added = bed.pool.add_many(transactions, Origin::Peer(1));
    assert!(added.iter().all(Result::is_ok));
    assert_eq!(bed.pool.status(), (20_000, 0));
    bed
}

#[test]
fn blocks_cost_what_they_change() {
    let mut bed = filled();
    let after_adds = bed.pool.steps();
    assert!(after_adds <= 40_000, "{after_adds}");
    let reads = bed.accounts.lock().reads;
    assert_eq!(reads, 2_000);
    for _ in 0..100 {
        let block: Vec<_> = bed.pool.best(FLOOR).take(50).collect();
        assert_eq!(block.len(), 50);
        bed.move_to(&block, &[], FLOOR);
    }
    let commits = bed.pool.steps() - after_adds;
    assert!(commits <= 100 * 50 * 2, "{commits}");
    assert_eq!(bed.accounts.lock().reads, reads);
    assert_eq!(bed.pool.len(), 15_000);
    bed.check();
}

#[test]
fn a_base_fee_costs_what_it_passes() {
    let mut bed = filled();
    let before = bed.pool.steps();
    // Caps are whole gwei above the floor: nothing lies in between.
    for round in 0..100 {
        bed.move_to(&[], &[], FLOOR + 1 + round % 2);
    }
    let first = bed.pool.steps() - before;
    // 2 % of the transactions offer the floor exactly, and the heads' tips turn as all caps are met by tips.
    assert!(first <= 6_000, "{first}");
    assert_eq!(bed.pool.counts().queued, 0);
    bed.check();
}

#[test]
fn one_account_with_thousands_is_no_quadratic_path() {
    let bed = big();
    bed.set(1, 0, btt(1_000_000));
    // Backwards, so that all but the last are queued until the gap closes.
    for nonce in (0..4_000).rev() {
        bed.add(transfer(1, nonce, 1)).unwrap();
    }
    assert_eq!(bed.pool.status(), (4_000, 0));
    assert!(bed.pool.steps() <= 8_000, "{}", bed.pool.steps());
    // Replacing the first one again and again leaves the rest alone.
    let before = bed.pool.steps();
    let (mut cap, mut tip) = (u128::from(FLOOR) * 2, 2 * GWEI);
    for _ in 0..20 {
        bed.add(sign(1, dynamic(1, 0, cap, tip))).unwrap();
        (cap, tip) = (cap * 11 / 10 + 1, tip * 11 / 10 + 1);
    }
    assert!(bed.pool.steps() - before <= 40, "{}", bed.pool.steps() - before);
    bed.check();
}

#[test]
fn a_full_pool_refuses_cheaply() {
    let config = PoolConfig { max_transactions: 5_000, ..PoolConfig::default() };
    let bed = Bed::new(config);
    for index in 0..6_000 {
        bed.set(index, 0, btt(1_000));
    }
    for sender in 0..5_000 {
        bed.add(transfer(sender, 0, 5)).unwrap();
    }
    let before = bed.pool.steps();
    for sender in 5_000..6_000 {
        assert!(matches!(bed.add(transfer(sender, 0, 5)), Err(InvalidTransaction::Underpriced { .. })));
    }
    let refused = bed.pool.steps() - before;
    assert!(refused <= 3_000, "{refused}");
    for sender in 5_000..6_000 {
        bed.add(transfer(sender, 0, 6)).unwrap();
    }
    assert_eq!(bed.pool.len(), 5_000);
    assert!(bed.pool.steps() - before <= 6_000);
    bed.check();
}

#[test]
fn many_at_once_leave_the_books_in_order() {
    let config = PoolConfig { max_transactions: 800, ..PoolConfig::default() };
    let mut bed = Bed::rich_with(config);
    let pool = bed.pool.clone();
    std::thread::scope(|scope| {
        for thread in 0..4u64 {
            let pool = pool.clone();
            scope.spawn(move || {
                for nonce in 0..30 {
                    for sender in (thread % 2)..50 {
                        // Two threads each race for the same senders and nonces.
                        let _ = pool.add(transfer(sender, nonce, (sender + thread) % 40), Origin::Peer(thread));
                    }
                    let nonces: Vec<_> = pool.best(FLOOR).map(|tx| id(&tx)).collect();
                    for sender in 0..50 {
                        let own: Vec<_> = nonces.iter().filter(|id| id.0 == sender).map(|id| id.1).collect();
                        assert!(own.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{own:?}");
                    }
                }
            });
        }
        for round in 0..60 {
            let block: Vec<_> = pool.best(bed.base_fee).take(10).collect();
            bed.move_to(&block, &[], FLOOR + round % 3);
            bed.check();
        }
    });
    bed.check();
    assert!(bed.pool.len() <= 800 && bed.header.number == 60);
}

//! Several relayers on the same chains.

use super::{
    ROOT_ID,
    checkpoints::{config, fixture, submitter},
};
use alloy_primitives::Address;
use bttc_bridge::{root::Ending, submit::Blocked};
use std::time::Duration;
use tokio::time::advance;

#[tokio::test(start_paused = true)]
async fn one_of_many_pays() {
    let (root, side, dir) = fixture(4);
    let mut all: Vec<_> = (1..=4u8)
        .map(|n| (root.for_account(n), submitter(&root, config(Some(n)), &dir.path().join(n.to_string()))))
        .collect();
    for round in 0..20u64 {
        side.exit(ROOT_ID, Address::ZERO, round);
        for _ in 0..25 {
            for (root, submitter) in &mut all {
                submitter.step(root, &side).await.unwrap();
            }
            root.mine(1);
            side.mine(1);
            advance(Duration::from_secs(2)).await;
        }
    }
    let world = root.world();
    assert_eq!(world.executed.len(), 20, "each exit was covered by one transaction");
    assert!(world.executed.iter().all(|(_, _, ending)| *ending == Ending::Done));
    let payers: std::collections::BTreeSet<_> = world.executed.iter().map(|(from, _, _)| *from).collect();
    assert!(payers.len() > 1, "the turn goes round");
}

#[tokio::test(start_paused = true)]
async fn others_take_over_from_a_leader_that_is_away() {
    let (root, side, dir) = fixture(4);
    side.exit(ROOT_ID, Address::ZERO, 1);
    // Find the leader: the one that would send at once.
    let mut all = vec![];
    let mut leader = None;
    for n in 1..=4u8 {
        let root = root.for_account(n);
        let mut one = submitter(&root, config(Some(n)), &dir.path().join(n.to_string()));
        if leader.is_none() {
            let out = one.step(&root, &side).await.unwrap();
            if !matches!(out.blocked, Some(Blocked::NotOurTurn { .. })) {
                leader = Some(n);
                continue;
            }
        }
        all.push((root, one));
    }
    assert!(leader.is_some());
    // What the leader sent is lost, and it never comes back.
    root.world().drop_pool();
    for _ in 0..60 {
        for (root, submitter) in &mut all {
            submitter.step(root, &side).await.unwrap();
        }
        root.mine(1);
        side.mine(1);
        advance(Duration::from_secs(2)).await;
    }
    assert!(root.tip_height() > 0);
    assert_eq!(root.world().executed.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn two_at_once_cost_one_revert_at_most_and_end_well() {
    let (root, side, dir) = fixture(1);
    // Neither knows of the other, and both are the leader.
    let mut all: Vec<_> = (1..=2u8)
        .map(|n| (root.for_account(n), submitter(&root, config(Some(1)), &dir.path().join(n.to_string()))))
        .collect();
    for round in 0..10u64 {
        side.exit(ROOT_ID, Address::ZERO, round);
        for _ in 0..25 {
            for (root, submitter) in &mut all {
                submitter.step(root, &side).await.unwrap();
            }
            root.mine(1);
            side.mine(1);
            advance(Duration::from_secs(3)).await;
        }
    }
    let world = root.world();
    let good = world.executed.iter().filter(|(_, _, ending)| *ending == Ending::Done).count();
    assert_eq!(good, 10);
    for account in [1, 2] {
        let own = world.executed.iter().filter(|(from, _, _)| *from == Address::repeat_byte(account)).count();
        assert!(own <= 10, "no more than one attempt of each for an exit");
    }
    drop(world);
    assert!(all.iter().all(|(_, submitter)| submitter.book().data().open.is_empty()));
}

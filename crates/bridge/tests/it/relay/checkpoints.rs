//! From here to the root chain: which block, when, in how many transactions, and what follows a failure.

use super::{MANAGER, ROOT_ID, STOP_AGE, hash_of, key, root::FakeRoot, set, side::FakeSide};
use alloy_primitives::{Address, U256};
use bttc_bridge::{
    checkpoint::{Tip, next_height, ready},
    intents::{Book, Outcome},
    policy::{Policy, PolicyKind, Why},
    root::{BroadcastVerdict, Ending, FeePolicy, RootChain, RootKind},
    submit::{Blocked, Outgoing, SubmitError, Submitter, SubmitterConfig},
};
use std::{path::Path, time::Duration};
use tokio::time::advance;

pub(super) fn config(own: Option<u8>) -> SubmitterConfig {
    SubmitterConfig {
        root_id: ROOT_ID,
        checkpoints: MANAGER,
        policy: Policy { kind: PolicyKind::Urgent, ..Policy::default() },
        takeover: Duration::from_secs(60),
        most_signatures: 32,
        fee: FeePolicy::new(U256::from(5_000)),
        pressing_fee: FeePolicy::new(U256::from(20_000)),
        own: own.map(|n| key(n).address()),
    }
}

pub(super) fn submitter(root: &FakeRoot, config: SubmitterConfig, folder: &Path) -> Submitter {
    std::fs::create_dir_all(folder).unwrap();
    Submitter::new(config, Book::open(folder.join("intents"), root.id()).unwrap())
}

/// Steps, while both chains go on.
pub(super) async fn steps(
    submitter: &mut Submitter,
    root: &FakeRoot,
    side: &FakeSide,
    count: usize,
) -> Vec<Result<Outgoing, SubmitError>> {
    let mut all = vec![];
    for _ in 0..count {
        all.push(submitter.step(root, side).await);
        root.mine(1);
        side.mine(1);
        advance(Duration::from_secs(3)).await;
    }
    all
}

pub(super) fn fixture(members: u8) -> (FakeRoot, FakeSide, tempfile::TempDir) {
    let side = FakeSide::new(members);
    side.mine(5);
    (FakeRoot::new(RootKind::Tron, side.trusted()), side, tempfile::tempdir().unwrap())
}

fn done(root: &FakeRoot) -> Vec<String> {
    root.world()
        .executed
        .iter()
        .filter(|(_, _, ending)| *ending == Ending::Done)
        .map(|(_, key, _)| key.clone())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_while_nothing_waits() {
    let (root, side, dir) = fixture(1);
    let mut submitter = submitter(&root, config(Some(1)), dir.path());
    let all = steps(&mut submitter, &root, &side, 20).await;
    assert!(all.iter().all(|out| out.as_ref().unwrap().due.is_none()));
    assert!(root.world().prepared.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_exit_is_covered_and_paid_for_once() {
    let (root, side, dir) = fixture(1);
    side.exit(ROOT_ID, Address::ZERO, 5);
    side.exit(1, Address::ZERO, 5);
    let height = side.height();
    let mut submitter = submitter(&root, config(Some(1)), dir.path());
    let all = steps(&mut submitter, &root, &side, 20).await;
    let first = all[0].as_ref().unwrap();
    assert_eq!((first.exits, first.due.map(|due| due.why)), (1, Some(Why::Urgent)), "exits to others do not count");
    assert_eq!(all[19].as_ref().unwrap().exits, 0);
    assert_eq!(root.tip_height(), height);
    assert_eq!(root.world().executed.len(), 1);
    let closed = &submitter.book().data().closed;
    assert_eq!(closed.iter().map(|closed| &closed.outcome).collect::<Vec<_>>(), [&Outcome::Done]);
    assert_eq!(submitter.book().data().paid.len(), 1);
    // An exit to another root chain alone is no reason.
    side.exit(1, Address::ZERO, 5);
    steps(&mut submitter, &root, &side, 10).await;
    assert_eq!(root.world().executed.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn every_change_of_the_set_goes_first_and_in_order() {
    let (root, side, dir) = fixture(4);
    let mut changes = vec![];
    for members in [set(1..=5), set(2..=5), set(2..=5), set(3..=9)] {
        side.mine(7);
        changes.push((side.change_set(members.clone()), hash_of(&members)));
    }
    side.mine(20);
    side.exit(ROOT_ID, Address::ZERO, 1);
    let config = SubmitterConfig { takeover: Duration::from_millis(1), ..config(None) };
    let mut submitter = submitter(&root, config, dir.path());
    steps(&mut submitter, &root, &side, 60).await;
    // The third change changes nothing, so three headers lead to the last set, and one covers the exit.
    let keys = done(&root);
    let at = |n: usize| format!("checkpoint/{}", changes[n].0);
    assert_eq!(keys[..3], [at(0), at(1), at(3)]);
    assert_eq!(keys.len(), 4, "{keys:?}");
    assert_eq!(root.world().newest().tip.0, changes[3].1);
}

#[tokio::test]
async fn a_set_that_comes_back_needs_no_header_between() {
    let side = FakeSide::new(4);
    side.mine(3);
    let trusted = side.trusted();
    side.change_set(set(1..=5));
    side.mine(9);
    side.change_set(set(1..=4));
    side.mine(9);
    let tip = Tip { validators_hash: trusted, height: 0, time: 0 };
    let head = side.height();
    assert_eq!(next_height(&side, &tip, head).await.unwrap(), Some(head));
    assert_eq!(next_height(&side, &tip, 0).await.unwrap(), None);
    // From any head there is a block that the trusted set has signed.
    for head in 1..=head {
        let height = next_height(&side, &tip, head).await.unwrap().unwrap();
        let block = ready(&side, height, &tip).await.unwrap();
        assert!(height == head || block.changes_set(), "{height} of {head}");
    }
    let strange = Tip { validators_hash: super::hash_of(&set(7..=9)), ..tip };
    let text = match next_height(&side, &strange, head).await {
        Ok(height) => ready(&side, height.unwrap(), &strange).await.unwrap_err().to_string(),
        Err(error) => error.to_string(),
    };
    assert!(text.contains("follows another chain"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn many_signatures_come_in_parts() {
    let (root, side, dir) = fixture(100);
    root.world().faults.most_signatures = Some(32);
    side.exit(ROOT_ID, Address::ZERO, 1);
    let height = side.height();
    let mut submitter = submitter(&root, config(None), dir.path());
    side.wait(100_000);
    steps(&mut submitter, &root, &side, 40).await;
    let keys = done(&root);
    // 67 of 100: 32, 32 and 3.
    assert_eq!(keys.len(), 3, "{keys:?}");
    assert!(keys[..2].iter().all(|key| key.starts_with("collect/")));
    assert!(keys[2].starts_with("checkpoint/") && root.tip_height() > height);
    assert!(submitter.book().data().open.is_empty());
}

#[tokio::test(start_paused = true)]
async fn out_of_time_means_fewer_signatures() {
    let (root, side, dir) = fixture(30);
    // 21 signatures of 30 are needed, and 8 are too many for this network today.
    root.world().faults.most_signatures = Some(7);
    side.exit(ROOT_ID, Address::ZERO, 1);
    side.wait(100_000);
    let mut submitter = submitter(&root, config(None), dir.path());
    steps(&mut submitter, &root, &side, 400).await;
    assert_eq!(root.tip_height(), root.world().newest().tip.1);
    assert!(root.tip_height() > 0, "{:?}", root.world().executed);
    let most = submitter.book().data().most_signatures.unwrap();
    assert_eq!(most, 5, "21 and 10 were too many");
    let late = root.world().executed.iter().filter(|(_, _, ending)| *ending == Ending::OutOfTime).count();
    // With 10 there were two on their way.
    assert_eq!(late, 3);
}

#[tokio::test(start_paused = true)]
async fn out_of_energy_raises_twice_and_no_more() {
    let (root, side, dir) = fixture(1);
    root.world().faults.endings = vec![Ending::OutOfEnergy; 3];
    side.exit(ROOT_ID, Address::ZERO, 1);
    let mut submitter = submitter(&root, config(Some(1)), dir.path());
    let all = steps(&mut submitter, &root, &side, 40).await;
    assert_eq!(root.world().executed.len(), 3, "then it rests");
    assert!(all.iter().flatten().any(|out| out.alarms.iter().any(|alarm| alarm.contains("OutOfEnergy"))));
    assert!(matches!(all.last().unwrap().as_ref().unwrap().blocked, Some(Blocked::Resting { .. })));
    root.world().wait(3_600);
    steps(&mut submitter, &root, &side, 10).await;
    assert!(root.tip_height() > 0);
}

#[tokio::test(start_paused = true)]
async fn what_vanishes_is_sent_again_until_it_is_dead_and_then_made_anew() {
    let (root, side, dir) = fixture(1);
    root.world().faults.forget = 3;
    side.exit(ROOT_ID, Address::ZERO, 1);
    let mut submitter = submitter(&root, config(Some(1)), dir.path());
    steps(&mut submitter, &root, &side, 30).await;
    assert_eq!(root.counts(), (1, 1), "the same bytes");
    // Now they are lost for longer than they live.
    root.world().faults.forget = 30;
    side.exit(ROOT_ID, Address::ZERO, 1);
    steps(&mut submitter, &root, &side, 200).await;
    assert_eq!(root.world().executed.len(), 2);
    assert!(root.world().prepared.len() > 2);
    let dropped = submitter.book().data().closed.iter().filter(|closed| matches!(closed.outcome, Outcome::Dropped(_)));
    assert_eq!(dropped.count(), root.world().prepared.len() - 2);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_an_alarm_and_no_loop() {
    let (root, side, dir) = fixture(1);
    root.world().faults.verdicts = vec![BroadcastVerdict::Refused("SIGERROR".into()); 1_000];
    side.exit(ROOT_ID, Address::ZERO, 1);
    let mut submitter = submitter(&root, config(Some(1)), dir.path());
    let all = steps(&mut submitter, &root, &side, 50).await;
    assert!(all.iter().flatten().any(|out| out.alarms.iter().any(|alarm| alarm.contains("SIGERROR"))));
    // 150 s: at 0, 20, 60, 140 s.
    assert_eq!(1_000 - root.world().faults.verdicts.len(), 4);
    assert_eq!(root.world().prepared.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_reverted_block_takes_nothing_twice() {
    for lose in [false, true] {
        let (root, side, dir) = fixture(1);
        side.exit(ROOT_ID, Address::ZERO, 1);
        let mut submitter = submitter(&root, config(Some(1)), dir.path());
        steps(&mut submitter, &root, &side, 3).await;
        assert!(root.tip_height() > 0);
        root.world().reorg(3, lose);
        assert_eq!(root.tip_height(), 0);
        root.mine(1);
        steps(&mut submitter, &root, &side, 20).await;
        assert_eq!(root.world().prepared.len(), 1, "the same bytes went out again");
        assert!(root.tip_height() > 0);
        assert!(submitter.book().data().open.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn fees_above_the_ceiling_wait_until_it_presses() {
    let (root, side, dir) = fixture(1);
    root.world().faults.cost = 10_000;
    side.exit(ROOT_ID, Address::ZERO, 1);
    let mut submitter = submitter(&root, config(Some(1)), dir.path());
    let all = steps(&mut submitter, &root, &side, 5).await;
    assert!(matches!(all[4].as_ref().unwrap().blocked, Some(Blocked::Fees(_))));
    root.world().wait(STOP_AGE / 2 + 100);
    steps(&mut submitter, &root, &side, 10).await;
    assert!(root.tip_height() > 0, "half of the age stop is over: the higher ceiling counts");
}

#[tokio::test(start_paused = true)]
async fn after_the_age_stop_nothing_is_sent() {
    let (root, side, dir) = fixture(1);
    side.exit(ROOT_ID, Address::ZERO, 1);
    root.world().wait(STOP_AGE + 100);
    let mut submitter = submitter(&root, config(Some(1)), dir.path());
    let all = steps(&mut submitter, &root, &side, 5).await;
    assert!(all.iter().all(|out| out.as_ref().unwrap().blocked == Some(Blocked::AgeStop)));
    assert!(all[0].as_ref().unwrap().alarms[0].contains("recovery"));
    assert!(root.world().prepared.is_empty());
}

#[tokio::test(start_paused = true)]
async fn ethereum_pays_more_after_a_minute_and_once() {
    let side = FakeSide::new(1);
    side.mine(5);
    let root = FakeRoot::new(RootKind::Ethereum, side.trusted());
    let dir = tempfile::tempdir().unwrap();
    side.exit(ROOT_ID, Address::ZERO, 1);
    root.world().faults.forget = 8;
    let mut submitter = submitter(&root, config(Some(1)), dir.path());
    steps(&mut submitter, &root, &side, 25).await;
    let open = submitter.book().data().open.values().next().cloned();
    assert!(open.is_some_and(|entry| !entry.attempt.earlier.is_empty()), "one more version, of the same nonce");
    steps(&mut submitter, &root, &side, 60).await;
    assert_eq!(root.counts(), (1, 1));
    assert!(root.tip_height() > 0);
}

#[tokio::test(start_paused = true)]
async fn without_a_key_it_says_so() {
    let (mut root, side, dir) = fixture(1);
    root.account = None;
    side.exit(ROOT_ID, Address::ZERO, 1);
    let mut submitter = submitter(&root, config(Some(1)), dir.path());
    let all = steps(&mut submitter, &root, &side, 2).await;
    assert_eq!(all[0].as_ref().unwrap().blocked, Some(Blocked::NoKey));
}

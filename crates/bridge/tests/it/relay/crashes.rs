//! Kills at every point, and random faults: nothing is sent twice, and all is done in the end.

use super::{
    ROOT_ID,
    checkpoints::{config, fixture, steps, submitter},
    root::{FakeRoot, World},
    set,
    side::FakeSide,
};
use alloy_primitives::Address;
use bttc_bridge::{
    root::{BroadcastVerdict, Ending, RootKind},
    watch::Watcher,
};
use futures::FutureExt;
use proptest::prelude::*;
use std::{
    path::Path,
    sync::{Arc, atomic::AtomicI64},
    time::Duration,
};
use tokio::time::advance;

#[tokio::test(start_paused = true)]
async fn killed_at_any_point_it_goes_on_with_the_same_bytes() {
    let mut kills = 0;
    for life in 0..400 {
        let (root, side, dir) = fixture(1);
        side.exit(ROOT_ID, Address::ZERO, 1);
        let mut dying = root.clone();
        dying.life = Some(Arc::new(AtomicI64::new(life)));
        let mut first = submitter(&root, config(Some(1)), dir.path());
        let mut was_killed = false;
        for _ in 0..12 {
            if first.step(&dying, &side).now_or_never().is_none() {
                was_killed = true;
                break;
            }
            root.mine(1);
            advance(Duration::from_secs(3)).await;
        }
        drop(first);
        kills += usize::from(was_killed);
        let mut second = submitter(&root, config(Some(1)), dir.path());
        steps(&mut second, &root, &side, 15).await;
        assert_eq!(root.world().executed.len(), 1, "killed after {life} questions");
        assert_eq!(root.world().seen.len(), 1, "killed after {life} questions");
        assert!(second.book().data().open.is_empty());
        if !was_killed {
            break;
        }
    }
    assert!((20..400).contains(&kills), "{kills} points");
}

#[tokio::test(start_paused = true)]
async fn a_killed_watcher_loses_nothing() {
    for life in 0..200 {
        let (root, _, dir) = fixture(1);
        for n in 0..5 {
            root.deposit(n);
            root.mine(5);
        }
        root.world().faults.holes.insert(2);
        let open = |dir: &Path| Watcher::open(dir.join("records"), World::of(), 0).unwrap();
        let mut dying = root.clone();
        dying.life = Some(Arc::new(AtomicI64::new(life)));
        let mut first = open(dir.path());
        let mut was_killed = false;
        for _ in 0..8 {
            was_killed |= first.step(&dying).now_or_never().is_none();
        }
        drop(first);
        let mut second = open(dir.path());
        for _ in 0..8 {
            second.step(&root).await.unwrap();
        }
        assert_eq!(second.ledger().next(), 5);
        if !was_killed {
            assert!(life > 10);
            return;
        }
    }
    panic!("it asks without end");
}

/// What happens to a relayer.
#[derive(Clone, Debug)]
enum Happening {
    Steps(usize),
    Kill(i64),
    Exit,
    ChangeSet(u8),
    Forget(u32),
    Verdict(u8),
    Ending(u8),
    Reorg(u64, bool),
    Silent(usize),
    Wait(u64),
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        4 => (1usize..8).prop_map(Happening::Steps),
        2 => (0i64..25).prop_map(Happening::Kill),
        2 => Just(Happening::Exit),
        1 => (1u8..9).prop_map(Happening::ChangeSet),
        1 => (1u32..6).prop_map(Happening::Forget),
        1 => (0u8..4).prop_map(Happening::Verdict),
        1 => (0u8..4).prop_map(Happening::Ending),
        1 => ((1u64..4), any::<bool>()).prop_map(|(blocks, lose)| Happening::Reorg(blocks, lose)),
        1 => (1usize..5).prop_map(Happening::Silent),
        1 => (1u64..400).prop_map(Happening::Wait),
    ]
}

async fn live(happenings: Vec<Happening>, kind: RootKind) {
    let side = FakeSide::new(4);
    side.mine(3);
    let root = FakeRoot::new(kind, side.trusted());
    root.mine(5);
    let dir = tempfile::tempdir().unwrap();
    let mut config = config(None);
    config.most_signatures = 2;
    config.takeover = Duration::from_millis(1);
    let mut relayer = submitter(&root, config.clone(), dir.path());
    let mut exits = 0;
    for happening in happenings {
        match happening {
            Happening::Steps(count) => {
                steps(&mut relayer, &root, &side, count).await;
            }
            Happening::Kill(life) => {
                let mut dying = root.clone();
                dying.life = Some(Arc::new(AtomicI64::new(life)));
                for _ in 0..3 {
                    if relayer.step(&dying, &side).now_or_never().is_none() {
                        break;
                    }
                    root.mine(1);
                    advance(Duration::from_secs(3)).await;
                }
                drop(relayer);
                relayer = submitter(&root, config.clone(), dir.path());
            }
            Happening::Exit => {
                exits += 1;
                side.exit(ROOT_ID, Address::ZERO, exits);
            }
            Happening::ChangeSet(from) => {
                side.change_set(set(from..=from + 4));
                side.mine(2);
            }
            Happening::Forget(count) => root.world().faults.forget += count,
            Happening::Verdict(which) => {
                let why = "a fault".to_owned();
                let verdict = match which {
                    0 => BroadcastVerdict::RetrySame(why),
                    1 => BroadcastVerdict::Rebuild(why),
                    2 => BroadcastVerdict::Refused(why),
                    _ => BroadcastVerdict::Known,
                };
                root.world().faults.verdicts.push(verdict);
            }
            Happening::Ending(which) => {
                let ending = match which {
                    0 => Ending::OutOfEnergy,
                    1 => Ending::OutOfTime,
                    2 => Ending::Reverted("a fault".into()),
                    _ => Ending::Failed("a fault".into()),
                };
                root.world().faults.endings.push(ending);
            }
            Happening::Reorg(blocks, lose) => {
                root.world().reorg(blocks, lose);
                root.mine(1);
            }
            Happening::Silent(count) => {
                root.world().faults.silent = true;
                steps(&mut relayer, &root, &side, count).await;
                root.world().faults.silent = false;
            }
            Happening::Wait(seconds) => {
                root.world().wait(seconds);
                advance(Duration::from_secs(seconds)).await;
            }
        }
    }
    // The faults end, and the rests after failures.
    heal(&root);
    exits += 1;
    side.exit(ROOT_ID, Address::ZERO, exits);
    let last = side.height();
    for _ in 0..6 {
        root.world().wait(8 * 60 * 60);
        advance(Duration::from_secs(1_000)).await;
        steps(&mut relayer, &root, &side, 60).await;
    }
    assert!(root.tip_height() >= last, "the last exit is not covered: {:?}", relayer.book().data());
    assert!(relayer.book().data().open.is_empty(), "{:?}", relayer.book().data());
}

/// Ends all faults.
fn heal(root: &FakeRoot) {
    let mut world = root.world();
    world.faults.forget = 0;
    world.faults.verdicts.clear();
    world.faults.endings.clear();
    world.faults.silent = false;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, max_shrink_iters: 2_000, ..ProptestConfig::default() })]

    // The root chain in memory fails the test if two attempts of one intent could both happen.
    #[test]
    fn whatever_happens_each_thing_is_done_once(
        happenings in proptest::collection::vec(happening(), 1..40),
        is_tron in any::<bool>(),
    ) {
        let kind = if is_tron { RootKind::Tron } else { RootKind::Ethereum };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(live(happenings, kind));
    }
}

//! From the root chain here: reading, holes, lies, votes, execution.

use super::{
    BRIDGE, ROOT_ID, SIDE, key,
    root::{FakeRoot, World},
    side::FakeSide,
};
use alloy_primitives::{Address, B256};
use bttc_bridge::{
    attest::{Attester, Inbox},
    execute::Executor,
    records::Record,
    root::RootKind,
    side::{
        SideError,
        account::{Sent, SideAccount, SideCall},
        views,
    },
    watch::{Halt, Step, WatchError, Watcher},
};
use std::{path::Path, sync::Arc, time::Duration};
use tokio::{sync::Mutex, time::advance};

const TAKEOVER: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_secs(120);

fn watcher(folder: &Path) -> Watcher {
    Watcher::open(folder.join("records"), World::of(), 0).unwrap()
}

async fn read_all(watcher: &mut Watcher, root: &FakeRoot) -> Result<(), WatchError> {
    for _ in 0..200 {
        if watcher.step(root).await? == Step::AtHead {
            return Ok(());
        }
    }
    panic!("it never comes to the head");
}

/// One validator's relayer of deposits.
struct Node {
    watcher: Watcher,
    attester: Attester,
    executor: Executor,
    account: Mutex<SideAccount>,
}

impl Node {
    fn new(n: u8, folder: &Path) -> Self {
        let own = key(n).address();
        let folder = folder.join(n.to_string());
        std::fs::create_dir_all(&folder).unwrap();
        Self {
            watcher: watcher(&folder),
            attester: Attester::new(ROOT_ID, own, TAKEOVER, PATIENCE),
            executor: Executor::new(ROOT_ID, Some(own), TAKEOVER),
            account: Mutex::new(SideAccount::new(Arc::new(key(n)), SIDE, Duration::from_secs(5))),
        }
    }

    async fn round(&mut self, root: &FakeRoot, side: &FakeSide) -> Result<(), WatchError> {
        let view = views::root_chain(side, ROOT_ID).await.unwrap().unwrap();
        self.watcher.step(root).await?;
        let (executed, accepted) = ((view.executed, view.executedChain), (view.accepted, view.acceptedChain));
        self.watcher.reconcile(executed, accepted)?;
        let epoch = views::epoch(side).await.unwrap();
        let inbox = Inbox { view: &view, epoch: &epoch, head: side.height() };
        self.attester.step(side, &self.account, self.watcher.ledger(), inbox).await.unwrap();
        let view = views::root_chain(side, ROOT_ID).await.unwrap().unwrap();
        match self.executor.step(side, &self.account, self.watcher.ledger(), &view, &epoch).await {
            Ok(_) | Err(SideError::Reverted { .. }) => Ok(()),
            Err(error) => panic!("{error}"),
        }
    }
}

async fn rounds(nodes: &mut [Node], root: &FakeRoot, side: &FakeSide, count: usize) {
    for _ in 0..count {
        for node in &mut *nodes {
            node.round(root, side).await.unwrap();
        }
        advance(Duration::from_secs(3)).await;
        side.mine(1);
    }
}

fn fixture(members: u8) -> (FakeRoot, FakeSide, tempfile::TempDir) {
    let side = FakeSide::new(members);
    (FakeRoot::new(RootKind::Tron, side.trusted()), side, tempfile::tempdir().unwrap())
}

#[tokio::test(start_paused = true)]
async fn deposits_and_names_arrive_in_order_and_once() {
    let (root, side, dir) = fixture(4);
    root.names(b"\xffToken");
    for n in 0..70 {
        root.deposit(n);
    }
    root.names(b"Other");
    root.deposit(99);
    root.mine(9);
    let mut nodes: Vec<_> = (1..=4).map(|n| Node::new(n, dir.path())).collect();
    rounds(&mut nodes, &root, &side, 40).await;
    let world = side.world();
    assert_eq!((world.inbox.view.accepted, world.inbox.view.executed), (73, 73));
    let Record::Metadata(names) = &world.inbox.delivered[&0] else { panic!() };
    assert_eq!(names.name.as_ref(), b"\xffToken");
    let sums: Vec<_> = world
        .inbox
        .delivered
        .values()
        .filter_map(|record| match record {
            Record::Deposit(deposit) => Some(deposit.amount.to::<u64>()),
            Record::Metadata(_) => None,
        })
        .collect();
    assert_eq!(sums, (0..70).chain([99]).collect::<Vec<_>>());
    drop(world);
    // Three votes accept it, the fourth validator saves its fee.
    assert_eq!(side.votes(), 3);
    // 1 of names, 3 of deposits (32 + 32 + 6), 1 of names, 1: nobody sent what another one had.
    let world = side.world();
    let calls: Vec<_> = world.sent.iter().filter(|(_, what, _)| *what != "attest").collect();
    assert_eq!(calls.len(), 6, "{calls:?}");
    assert!(calls.iter().all(|(_, _, good)| *good));
    drop(world);
    assert!(nodes.iter().all(|node| node.watcher.ledger().is_empty()), "what was carried out is forgotten");
}

#[tokio::test(start_paused = true)]
async fn the_next_one_steps_in_where_the_leader_is_away() {
    let (root, side, dir) = fixture(4);
    root.deposit(5);
    root.mine(9);
    // Whoever leads, one of these three is enough with the others; the fourth never runs.
    for away in 1..=4 {
        let mut nodes: Vec<_> = (1..=4).filter(|n| *n != away).map(|n| Node::new(n, dir.path())).collect();
        let before = side.world().inbox.view.executed;
        root.deposit(u64::from(away));
        root.mine(9);
        rounds(&mut nodes, &root, &side, 40).await;
        assert!(side.world().inbox.view.executed > before, "without validator {away}");
    }
    assert_eq!(side.world().inbox.delivered.len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_vote_counts_anew_after_its_epoch() {
    let (root, side, dir) = fixture(4);
    root.deposit(5);
    root.mine(9);
    let mut two: Vec<_> = (1..=2).map(|n| Node::new(n, dir.path())).collect();
    rounds(&mut two, &root, &side, 40).await;
    assert_eq!((side.votes(), side.world().inbox.view.accepted), (2, 0));
    side.end_epoch();
    let mut third = [Node::new(3, dir.path())];
    rounds(&mut third, &root, &side, 20).await;
    assert_eq!((side.votes(), side.world().inbox.view.accepted), (3, 0), "votes of the old epoch are gone");
    rounds(&mut two, &root, &side, 3).await;
    assert_eq!(side.world().inbox.view.accepted, 1);
}

#[tokio::test(start_paused = true)]
async fn a_stuck_pair_is_passed_by_a_higher_one() {
    let (root, side, dir) = fixture(4);
    root.deposit(1);
    root.mine(9);
    let mut first = [Node::new(1, dir.path()), Node::new(2, dir.path())];
    rounds(&mut first, &root, &side, 20).await;
    assert_eq!(side.votes(), 2);
    // Two others vouch for what never happened, above it: they cannot come back to the right pair.
    for n in 3..=4 {
        let mut account = SideAccount::new(Arc::new(key(n)), SIDE, Duration::from_secs(5));
        let call = bttc_contracts::bridge::IBridgeInbox::attestCall {
            rootId: super::amount(u64::from(ROOT_ID)),
            to: 2,
            chainHash: B256::repeat_byte(9),
        };
        let data = alloy_sol_types::SolCall::abi_encode(&call).into();
        let sent = account.send(&side, SideCall { to: bttc_contracts::addresses::BRIDGE_INBOX, data, gas: 1 }).await;
        assert!(matches!(sent.unwrap(), Sent::Done(_)));
    }
    root.deposit(2);
    root.deposit(3);
    root.mine(9);
    let mut all: Vec<_> = first.into_iter().chain((3..=4).map(|n| Node::new(n, dir.path()))).collect();
    rounds(&mut all, &root, &side, 80).await;
    assert_eq!(side.world().inbox.view.executed, 3);
}

#[tokio::test(start_paused = true)]
async fn holes_in_the_index_are_filled_from_receipts() {
    for hole in [0, 3, 9] {
        let (root, _, dir) = fixture(4);
        (0..10).for_each(|n| root.deposit(n));
        root.mine(9);
        root.world().faults.holes.insert(hole);
        let mut watcher = watcher(dir.path());
        for _ in 0..10 {
            watcher.step(&root).await.unwrap();
        }
        assert_eq!((watcher.ledger().next(), watcher.audits()), (10, 1), "without {hole}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_in_no_receipt_halts() {
    for hole in [0, 3, 9] {
        let (root, _, dir) = fixture(4);
        (0..10).for_each(|n| root.deposit(n));
        root.mine(9);
        root.world().faults.deep_holes.insert(hole);
        let mut watcher = watcher(dir.path());
        let mut halt = None;
        for _ in 0..10 {
            if let Err(WatchError::Halt(found)) = watcher.step(&root).await {
                halt = Some(found);
                break;
            }
        }
        assert!(matches!(halt, Some(Halt::Gap { nonce, .. }) if nonce == hole), "{halt:?}");
        assert!(watcher.ledger().next() <= hole);
    }
}

#[tokio::test(start_paused = true)]
async fn lies_halt() {
    let (root, side, dir) = fixture(4);
    (0..5).for_each(|n| root.deposit(n));
    root.mine(9);
    root.world().tamper(2, 1_000_000);
    let error = read_all(&mut watcher(dir.path()), &root).await.unwrap_err();
    assert!(matches!(error, WatchError::Halt(Halt::WrongHash { nonce: 2, .. })), "{error}");

    // A final block gets another id.
    let (root, _, dir) = fixture(4);
    root.deposit(1);
    root.mine(9);
    let mut first = watcher(dir.path());
    read_all(&mut first, &root).await.unwrap();
    let last = first.ledger().block.unwrap();
    root.world().rewrite(last.number);
    root.mine(3);
    for mut watcher in [first, watcher(dir.path())] {
        let error = watcher.step(&root).await.unwrap_err();
        assert!(matches!(error, WatchError::Halt(Halt::Rewritten { .. })), "{error}");
        assert_eq!(watcher.ledger().block, Some(last), "nothing is rewound");
    }

    // What our chain accepted never happened.
    let (root, _, dir) = fixture(4);
    root.deposit(1);
    root.mine(9);
    let mut watcher = watcher(dir.path());
    read_all(&mut watcher, &root).await.unwrap();
    let right = watcher.ledger().chain_at(1).unwrap();
    assert!(watcher.reconcile((0, B256::ZERO), (1, right)).unwrap());
    let error = watcher.reconcile((0, B256::ZERO), (1, B256::repeat_byte(5))).unwrap_err();
    assert!(matches!(error, WatchError::Halt(Halt::Contradicted { count: 1, .. })), "{error}");
    let error = watcher.reconcile((1, B256::repeat_byte(5)), (1, right)).unwrap_err();
    assert!(error.to_string().contains("carried out"), "{error}");
    drop(side);
}

#[tokio::test(start_paused = true)]
async fn reading_goes_on_from_its_file_and_begins_anew_without_it() {
    let (root, _, dir) = fixture(4);
    (0..5).for_each(|n| root.deposit(n));
    root.mine(9);
    let mut first = watcher(dir.path());
    read_all(&mut first, &root).await.unwrap();
    first.reconcile((3, first.ledger().chain_at(3).unwrap()), (3, first.ledger().chain_at(3).unwrap())).unwrap();
    let known = first.ledger().clone();
    drop(first);
    (5..8).for_each(|n| root.deposit(n));
    root.mine(9);

    let mut second = watcher(dir.path());
    assert_eq!((second.ledger().next(), second.ledger().base()), (known.next(), 3));
    read_all(&mut second, &root).await.unwrap();
    assert_eq!(second.ledger().next(), 8);

    std::fs::remove_file(dir.path().join("records")).unwrap();
    let mut third = watcher(dir.path());
    assert_eq!(third.ledger().next(), 0);
    read_all(&mut third, &root).await.unwrap();
    for count in 3..=8 {
        assert_eq!(third.ledger().chain_at(count), second.ledger().chain_at(count));
    }

    let mut other = World::of();
    other.bridge = Address::repeat_byte(0xb2);
    let text = Watcher::open(dir.path().join("records"), other, 0).unwrap_err().to_string();
    assert!(text.contains(&BRIDGE.to_string()) && text.contains("delete it"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_pause_only_delays() {
    let (root, side, dir) = fixture(1);
    root.deposit(1);
    root.mine(9);
    side.world().inbox.paused = true;
    let mut node = [Node::new(1, dir.path())];
    rounds(&mut node, &root, &side, 10).await;
    assert_eq!(side.progress(), (1, 0));
    assert_eq!(side.world().sent.len(), 1, "what would revert is not sent");
    side.world().inbox.paused = false;
    rounds(&mut node, &root, &side, 3).await;
    assert_eq!(side.world().inbox.view.executed, 1);
}

//! The whole relayer, as a node runs it.

use super::{BRIDGE, MANAGER, ROOT_ID, SIDE, key, root::FakeRoot, side::FakeSide};
use alloy_primitives::{Address, U256};
use bttc_bridge::{
    config::{BridgeConfig, EndpointConfig, RootConfig},
    files::StoreError,
    policy::{Policy, PolicyKind},
    relayer::{Relayer, SideKeys},
    root::RootKind,
    status::{Direction, Status},
};
use std::{path::Path, sync::Arc, time::Duration};
use tokio::{sync::watch, time::sleep};
use tokio_util::sync::CancellationToken;

fn root_config(root_id: u8) -> RootConfig {
    RootConfig {
        root_id,
        kind: RootKind::Tron,
        chain_id: 7,
        endpoints: vec![EndpointConfig { url: "http://127.0.0.1:1".into(), solid: None, json_rpc: None }],
        agree: None,
        final_depth: None,
        bridge: BRIDGE,
        checkpoints: MANAGER,
        from_block: 0,
        key: None,
        password_file: None,
        account: None,
        permission: 0,
        policy: Policy { kind: PolicyKind::Urgent, ..Policy::default() },
        fee_ceiling: U256::from(5_000),
        pressing_fee_ceiling: None,
        lifetime: Duration::from_secs(180),
        takeover: Duration::from_secs(60),
        poll: Duration::from_secs(3),
        most_signatures: None,
    }
}

fn config(path: &Path) -> BridgeConfig {
    BridgeConfig { path: path.into(), ..BridgeConfig::default() }
}

fn keys(n: u8) -> SideKeys {
    SideKeys { consensus: Some(Arc::new(key(n))), payer: None }
}

/// Both chains go on, for some blocks.
async fn time(root: &FakeRoot, side: &FakeSide, blocks: u64) {
    for _ in 0..blocks {
        sleep(Duration::from_secs(3)).await;
        root.mine(1);
        side.mine(1);
    }
}

fn seen(status: &watch::Receiver<Status>) -> Status {
    status.borrow().clone()
}

#[tokio::test(start_paused = true)]
async fn value_goes_both_ways_and_a_dead_root_chain_stops_no_other() {
    let side = FakeSide::new(1);
    let root = FakeRoot::new(RootKind::Tron, side.trusted());
    let dead = FakeRoot::new(RootKind::Ethereum, side.trusted());
    dead.world().faults.silent = true;
    let dir = tempfile::tempdir().unwrap();
    let (mut relayer, status) = Relayer::new(&config(dir.path()), side.clone(), SIDE, keys(1)).unwrap();
    relayer.add(&root_config(ROOT_ID), root.clone()).unwrap();
    relayer.add(&root_config(1), dead.clone()).unwrap();
    let again = Relayer::new(&config(dir.path()), side.clone(), SIDE, keys(1));
    assert!(matches!(again.map(|_| ()), Err(StoreError::InUse(_))));

    let shutdown = CancellationToken::new();
    let story = async {
        root.deposit(70);
        root.names(b"Coin");
        side.mine(5);
        side.exit(ROOT_ID, Address::ZERO, 3);
        let exit = side.height();
        time(&root, &side, 60).await;
        assert_eq!(side.world().inbox.view.executed, 2);
        assert!(root.tip_height() >= exit);
        let now = seen(&status);
        let good = &now.roots[&ROOT_ID];
        assert!(good.halted.is_none() && good.alarms.is_empty() && good.errors.is_empty(), "{good:?}");
        assert_eq!((good.incoming.records, good.incoming.executed, good.incoming.accepted), (2, 2, 2));
        let outgoing = good.outgoing.as_ref().unwrap();
        assert_eq!((outgoing.exits, outgoing.balance), (0, Some(U256::from(1_000_000))));
        assert_eq!((outgoing.days_left, outgoing.oldest_exit), (Some(1_000), None));
        // Of the coin alone, as BTT is it here; what leaves has no limit.
        let limits: Vec<_> =
            good.limits.iter().map(|of| (of.token, of.direction, of.left.to::<u64>(), of.most.to::<u64>())).collect();
        let coin = Address::ZERO;
        assert_eq!(limits, [(coin, Direction::Claim, 40, 101), (coin, Direction::Deposit, 7, 100)]);
        let bad = &now.roots[&1];
        assert!(
            bad.alarms["unregistered"].contains("root chain 1") && bad.errors["submit"].contains("silent"),
            "{bad:?}"
        );
        assert!(now.side_head.is_some() && now.accounts.contains_key(&key(1).address()));

        // Our own node is away for a while.
        side.world().silent = true;
        root.deposit(71);
        time(&root, &side, 30).await;
        assert!(seen(&status).roots[&ROOT_ID].errors["our chain"].contains("silent"));
        side.world().silent = false;
        time(&root, &side, 60).await;
        assert_eq!(side.world().inbox.view.executed, 3);
        assert!(seen(&status).roots[&ROOT_ID].errors.is_empty());

        // A lie halts what comes in; checkpoints go on.
        root.deposit(72);
        root.world().tamper(3, 1_000_000);
        side.exit(ROOT_ID, Address::ZERO, 4);
        let exit = side.height();
        time(&root, &side, 60).await;
        assert!(seen(&status).roots[&ROOT_ID].halted.as_ref().unwrap().contains("record 3"));
        assert_eq!(side.world().inbox.view.executed, 3);
        assert!(root.tip_height() >= exit);
        shutdown.cancel();
    };
    tokio::join!(relayer.run(shutdown.clone()), story);

    // The folder is free, and what was known is there.
    let (mut relayer, status) = Relayer::new(&config(dir.path()), side.clone(), SIDE, keys(1)).unwrap();
    relayer.add(&root_config(ROOT_ID), root.clone()).unwrap();
    root.world().tamper(3, 72);
    let shutdown = CancellationToken::new();
    let story = async {
        time(&root, &side, 60).await;
        assert_eq!(side.world().inbox.view.executed, 4, "{:?}", seen(&status));
        shutdown.cancel();
    };
    tokio::join!(relayer.run(shutdown.clone()), story);
}

#[tokio::test(start_paused = true)]
async fn a_root_chain_with_another_code_is_not_vouched_for() {
    let side = FakeSide::new(1);
    let root = FakeRoot::new(RootKind::Tron, side.trusted());
    root.world().faults.other_code = true;
    root.deposit(1);
    let dir = tempfile::tempdir().unwrap();
    let (mut relayer, status) = Relayer::new(&config(dir.path()), side.clone(), SIDE, keys(1)).unwrap();
    relayer.add(&root_config(ROOT_ID), root.clone()).unwrap();
    let shutdown = CancellationToken::new();
    let story = async {
        time(&root, &side, 30).await;
        assert!(seen(&status).roots[&ROOT_ID].halted.as_ref().unwrap().contains("another contract"));
        assert_eq!(side.votes(), 0);
        shutdown.cancel();
    };
    tokio::join!(relayer.run(shutdown.clone()), story);
}

#[tokio::test(start_paused = true)]
async fn damaged_files_name_themselves() {
    let side = FakeSide::new(1);
    let root = FakeRoot::new(RootKind::Tron, side.trusted());
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("2")).unwrap();
    std::fs::write(dir.path().join("2/intents"), b"?").unwrap();
    let (mut relayer, _) = Relayer::new(&config(dir.path()), side, SIDE, keys(1)).unwrap();
    let text = relayer.add(&root_config(ROOT_ID), root).unwrap_err().to_string();
    assert!(text.contains("2/intents") && text.contains("delete it"), "{text}");
}

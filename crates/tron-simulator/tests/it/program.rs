//! The real clock, the control interface, and running as a program.

use crate::world::{World, client, payment};
use alloy_primitives::{Address, address, hex};
use bttc_tron_simulator::{Clock, Config, run, serve};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const SOMEBODY: Address = address!("00000000000000000000000000000000000000dd");

#[tokio::test]
async fn blocks_come_by_the_real_clock() {
    let config = Config { clock: Clock::Real, interval: Duration::from_millis(20), solid_lag: 2, ..Config::default() };
    let world = World::with(config).await;
    let (id, bytes) = world.signed(&payment(SOMEBODY), |_| ());
    assert_eq!(world.code(&bytes).await, "SUCCESS");
    let value = json!({ "value": hex::encode(id) });
    let deadline = Instant::now() + Duration::from_secs(30);
    let info = loop {
        let info = world.ask("/walletsolidity/gettransactioninfobyid", value.clone()).await;
        if info["id"].is_string() {
            break info;
        }
        assert!(Instant::now() < deadline, "no block has it");
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    let (status, number) = (world.net.status(), info["blockNumber"].as_u64().unwrap());
    assert!(status.solid >= number && status.head == status.solid + 2, "{status:?}");
    let times: Vec<_> = (0..=status.head).map(|number| world.net.block(number).unwrap().time).collect();
    assert!(times.is_sorted() && times.windows(2).all(|pair| pair[0] < pair[1]), "{times:?}");
    world.ask("/simulator/command", json!({ "command": "pause", "paused": true })).await;
    let stopped = world.net.status();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(world.net.status(), stopped);
    assert!(world.net.command(bttc_tron_simulator::Command::SkipSlots { slots: 1 }).is_err());
}

#[tokio::test]
async fn commands_come_over_http() {
    let world = World::new().await;
    let mined = world.ask("/simulator/command", json!({ "command": "mine", "blocks": 20 })).await;
    assert_eq!((&mined["head"], &mined["solid"]), (&json!(20), &json!(2)));
    for command in [
        json!({ "command": "reorg", "depth": 2, "transactions": { "at": 1 } }),
        json!({ "command": "reorg", "depth": 1, "transactions": "vanish" }),
        json!({ "command": "answer", "node": 0, "code": "SERVER_BUSY", "accept": false }),
        json!({ "command": "fund", "account": SOMEBODY, "sun": 5 }),
        json!({ "command": "signature_limit", "most": 32, "overrun": "out_of_time" }),
        json!({ "command": "heal" }),
        json!({ "command": "mine", "blocks": 1 }),
    ] {
        let done = world.ask("/simulator/command", command.clone()).await;
        assert!(done["head"].is_number(), "{command}: {done}");
    }
    assert_eq!(world.net.balance(SOMEBODY), 5);
    assert_eq!(world.ask("/simulator/status", json!({})).await, json!(world.net.status()));
    for command in [
        json!({ "command": "nothing" }),
        json!({ "command": "mine" }),
        json!({ "command": "mine", "blocks": 1, "more": 1 }),
        json!({ "command": "lag", "node": 9, "blocks": 1 }),
    ] {
        assert!(world.ask("/simulator/command", command.clone()).await["error"].is_string(), "{command}");
    }
    let closed = World::with(Config { control: false, ..Config::default() }).await;
    let answer = closed.ask("/simulator/command", json!({ "command": "mine", "blocks": 1 })).await;
    assert_eq!((answer, closed.net.status().head), (json!("there is no such path on this node"), 0));
}

#[tokio::test]
async fn a_program_says_where_it_listens_and_ends() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tron.json");
    let config = Config { ready_file: Some(file.clone()), nodes: 2, chain_id: Some(7), ..Config::default() };
    let (ready, said) = tokio::sync::oneshot::channel();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(run(config, |line| ready.send(line.to_owned()).unwrap(), async move {
        let _ = stopped.await;
    }));
    let line = said.await.unwrap();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), line);
    let told: Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&told["chain_id"], told["nodes"].as_array().unwrap().len()), (&json!(7), 2));
    let url = told["nodes"][1]["jsonrpc"].as_str().unwrap().to_owned();
    let ask = || client().post(&url).body(r#"{"id":1,"method":"eth_chainId"}"#).send();
    assert!(ask().await.unwrap().text().await.unwrap().contains("\"0x7\""));
    stop.send(()).unwrap();
    tasks.join_next().await.unwrap().unwrap().unwrap();
    assert!(ask().await.is_err(), "it listens no more");
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    let bad = |change: fn(&mut Config)| {
        let mut config = Config::default();
        change(&mut config);
        async move { serve(&config).await.unwrap_err().to_string() }
    };
    assert!(bad(|config| config.nodes = 0).await.contains("at least one node"));
    assert!(bad(|config| config.interval = Duration::ZERO).await.contains("interval"));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let config = Config { http: taken.local_addr().unwrap(), ..Config::default() };
    assert!(serve(&config).await.unwrap_err().to_string().contains("another port"));
}

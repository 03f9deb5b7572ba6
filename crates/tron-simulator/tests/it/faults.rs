//! Every fault that can be switched on.

use crate::world::{GET, GET_CODE, LOGGER_CODE, World, call, log, payment};
use alloy_primitives::{Address, B256, address, hex};
use bttc_tron_simulator::{Command, Config, ErrorCode, Returned};
use serde_json::{Value, json};

const SOMEBODY: Address = address!("00000000000000000000000000000000000000dd");

#[tokio::test]
async fn a_waiting_transaction_is_lost() {
    let world = World::new().await;
    for (remember, code) in [(true, "DUP_TRANSACTION_ERROR"), (false, "SUCCESS")] {
        let (id, bytes) = world.signed(&payment(SOMEBODY), |terms| terms.timestamp += i64::from(remember));
        assert_eq!(world.code(&bytes).await, "SUCCESS");
        world.net.command(Command::Drop { transaction: id, remember }).unwrap();
        assert!(!world.net.waits(id));
        assert_eq!(world.code(&bytes).await, code);
        world.net.mine(1).unwrap();
        assert_eq!(world.net.receipt(id).is_some(), !remember);
    }
    assert!(world.net.command(Command::Drop { transaction: B256::ZERO, remember: true }).is_err());
}

#[tokio::test]
async fn a_node_answers_what_it_is_told_once() {
    let world = World::new().await;
    let (id, bytes) = world.signed(&payment(SOMEBODY), |_| ());
    for code in [ErrorCode::ServerBusy, ErrorCode::NoConnection, ErrorCode::BlockUnsolidified, ErrorCode::OtherError] {
        world.net.command(Command::Answer { node: 0, code, accept: false }).unwrap();
        assert_eq!(world.code(&bytes).await, code.name());
        assert!(!world.net.waits(id));
    }
    let code = ErrorCode::NotEnoughEffectiveConnection;
    world.net.command(Command::Answer { node: 0, code, accept: true }).unwrap();
    assert_eq!(world.code(&bytes).await, "NOT_ENOUGH_EFFECTIVE_CONNECTION");
    assert!(world.net.waits(id), "taken nevertheless");
    assert_eq!(world.code(&bytes).await, "DUP_TRANSACTION_ERROR", "once");
}

#[tokio::test]
async fn a_reorganisation_takes_blocks_that_are_not_solid() {
    let world = World::new().await;
    world.net.mine(30).unwrap();
    let contract = world.deploy(&LOGGER_CODE);
    let lost = |returned| {
        let world = &world;
        async move {
            let (id, bytes) = world.signed(&log(contract, 1), |terms| {
                terms.timestamp += i64::try_from(world.net.status().head).unwrap();
            });
            assert_eq!(world.code(&bytes).await, "SUCCESS");
            world.net.mine(3).unwrap();
            let before = world.net.status();
            let was = world.net.receipt(id).unwrap().block;
            let old = world.net.block(was).unwrap();
            let rich = world.net.balance(world.rich.address());
            let after = world.net.reorg(3, returned).unwrap();
            assert_eq!(after.head, before.head + 1);
            assert_ne!(world.net.block(was).unwrap().id, old.id);
            assert_eq!(world.net.block(was - 1).unwrap().number, was - 1);
            (id, bytes, was, rich)
        }
    };
    let (id, _, was, rich) = lost(Returned::At(0)).await;
    assert_eq!(world.net.receipt(id).unwrap().block, was);
    assert_eq!(world.net.balance(world.rich.address()), rich);

    let (id, _, was, _) = lost(Returned::At(2)).await;
    assert_eq!(world.net.receipt(id).unwrap().block, was + 2, "it moved");
    let logs = world.rpc("eth_getLogs", json!([{ "fromBlock": format!("{was:#x}"), "toBlock": "latest" }])).await;
    assert_eq!(logs["result"].as_array().unwrap().len(), 1);

    let (id, bytes, _, rich) = lost(Returned::Vanish).await;
    assert!(world.net.receipt(id).is_none() && !world.net.waits(id));
    assert!(world.net.balance(world.rich.address()) > rich, "what it cost is back");
    assert_eq!(world.code(&bytes).await, "DUP_TRANSACTION_ERROR");

    let (id, bytes, _, _) = lost(Returned::Forget).await;
    assert_eq!(world.code(&bytes).await, "SUCCESS");
    world.net.mine(1).unwrap();
    assert!(world.net.receipt(id).is_some());

    assert!(world.net.reorg(19, Returned::Vanish).unwrap_err().to_string().contains("18"));
    let solid = world.net.block(world.net.status().solid).unwrap();
    world.net.command(Command::Fund { account: SOMEBODY, sun: 77 }).unwrap();
    world.net.mine(1).unwrap();
    let solid = world.net.block(solid.number + 1).unwrap();
    world.net.reorg(18, Returned::At(0)).unwrap();
    assert_eq!(world.net.balance(SOMEBODY), 77, "what was given stays given");
    assert_eq!(world.net.block(solid.number), Some(solid));
}

#[tokio::test]
async fn a_reference_to_a_block_that_is_gone_kills_a_transaction() {
    let world = World::new().await;
    world.net.mine(20).unwrap();
    let (bytes, hash) = world.net.block(20).unwrap().id.reference();
    let (id, signed) = world.signed(&payment(SOMEBODY), |terms| {
        (terms.ref_bytes, terms.ref_hash) = (bytes.to_vec(), hash.to_vec());
    });
    assert_eq!(world.code(&signed).await, "SUCCESS");
    world.net.mine(1).unwrap();
    assert!(world.net.receipt(id).is_some());
    world.net.reorg(2, Returned::At(0)).unwrap();
    assert!(world.net.receipt(id).is_none() && !world.net.waits(id));
    world.net.command(Command::Restart { node: 0 }).unwrap();
    assert_eq!(world.code(&signed).await, "TAPOS_ERROR");
    assert_eq!(world.net.balance(SOMEBODY), 0);
}

#[tokio::test]
async fn a_node_is_behind_and_another_is_not() {
    let world = World::with(Config { nodes: 2, ..Config::default() }).await;
    world.net.mine(40).unwrap();
    let id = world.net.send(&world.rich, &payment(SOMEBODY)).unwrap();
    world.net.mine(1).unwrap();
    world.net.command(Command::Lag { node: 1, blocks: 5 }).unwrap();
    let number = |url: String| {
        let world = &world;
        async move {
            let block: Value = serde_json::from_str(&world.post(&url, &json!({})).await.unwrap()).unwrap();
            block["block_header"]["raw_data"]["number"].as_u64().unwrap()
        }
    };
    assert_eq!(number(format!("{}/wallet/getnowblock", world.net.full(0))).await, 41);
    assert_eq!(number(format!("{}/wallet/getnowblock", world.net.full(1))).await, 36);
    assert_eq!(number(format!("{}/walletsolidity/getnowblock", world.net.solid(1))).await, 18);
    assert_eq!(number(format!("{}/walletsolidity/getnowblock", world.net.full(0))).await, 23);
    let ask = json!({ "value": hex::encode(id) });
    assert_eq!(world.post(&format!("{}/wallet/gettransactioninfobyid", world.net.full(1)), &ask).await.unwrap(), "{}");
    let account = json!({ "address": hex::encode([&[0x41], SOMEBODY.as_slice()].concat()) });
    assert_eq!(world.post(&format!("{}/wallet/getaccount", world.net.full(1)), &account).await.unwrap(), "{}");
    // Each has seen what it was given, no more; both give it to the same producers.
    let (_, bytes) = world.signed(&payment(SOMEBODY), |terms| terms.timestamp += 1);
    let body = json!({ "transaction": hex::encode(&bytes) });
    for node in 0..2 {
        let answer = world.post(&format!("{}/wallet/broadcasthex", world.net.full(node)), &body).await.unwrap();
        assert!(answer.contains("\"SUCCESS\""), "{answer}");
    }
    world.net.mine(1).unwrap();
    assert_eq!(world.net.balance(SOMEBODY), 2_000_000, "once");
    assert!(world.net.command(Command::Lag { node: 1, blocks: 65 }).is_err());
    assert!(world.net.command(Command::Lag { node: 2, blocks: 1 }).unwrap_err().to_string().contains("node 2"));
}

#[tokio::test]
async fn a_node_starts_again_and_has_forgotten() {
    let world = World::new().await;
    let (id, bytes) = world.signed(&payment(SOMEBODY), |_| ());
    assert_eq!(world.code(&bytes).await, "SUCCESS");
    world.net.command(Command::Restart { node: 0 }).unwrap();
    assert!(!world.net.waits(id));
    assert_eq!(world.code(&bytes).await, "SUCCESS");

    world.net.command(Command::Down { node: 0, down: true }).unwrap();
    let url = format!("{}/wallet/getnowblock", world.net.full(0));
    assert!(world.post(&url, &json!({})).await.is_err());
    world.net.command(Command::Down { node: 0, down: false }).unwrap();
    assert!(world.post(&url, &json!({})).await.is_ok());
}

#[tokio::test]
async fn a_node_takes_and_does_not_answer() {
    let world = World::new().await;
    world.net.command(Command::Mute { node: 0, broadcasts: 1, after: 1 }).unwrap();
    let (id, bytes) = world.signed(&payment(SOMEBODY), |_| ());
    let url = format!("{}/wallet/broadcasthex", world.net.full(0));
    assert!(world.post(&url, &json!({ "transaction": hex::encode(&bytes) })).await.is_err());
    assert!(world.net.waits(id));
    assert_eq!(world.code(&bytes).await, "DUP_TRANSACTION_ERROR");
}

#[tokio::test]
async fn a_node_is_too_busy() {
    let world = World::new().await;
    world.net.command(Command::RateLimit { node: 0, requests: 2 }).unwrap();
    let (id, bytes) = world.signed(&payment(SOMEBODY), |_| ());
    let answer = world.broadcast(&bytes).await;
    assert!(answer["Error"].as_str().unwrap().contains("lack of computing resources"));
    assert!(!world.net.waits(id));
    assert!(world.ask("/walletsolidity/getnowblock", json!({})).await["Error"].is_string());
    assert_eq!(world.code(&bytes).await, "SUCCESS");
}

#[tokio::test]
async fn transactions_are_accepted_and_never_included() {
    let world = World::new().await;
    world.net.command(Command::Withhold { on: true }).unwrap();
    let (id, bytes) = world.signed(&payment(SOMEBODY), |_| ());
    assert_eq!(world.code(&bytes).await, "SUCCESS");
    // It expires after a minute, which is 20 blocks.
    world.net.mine(20).unwrap();
    assert!(world.net.waits(id));
    world.net.mine(1).unwrap();
    assert!(!world.net.waits(id) && world.net.receipt(id).is_none());
}

#[tokio::test]
async fn a_pruned_node_answers_plain_text() {
    let world = World::new().await;
    let contract = world.deploy(&GET_CODE);
    let id = world.net.send(&world.rich, &call(contract, GET)).unwrap();
    world.net.mine(1).unwrap();
    world.net.command(Command::Prune { node: 0, below: 3 }).unwrap();
    for (path, body) in [
        ("/wallet/gettransactioninfobyid", json!({ "value": hex::encode(id) })),
        ("/wallet/gettransactioninfobyblocknum", json!({ "num": 2 })),
        ("/wallet/getblockbynum", json!({ "num": 2 })),
    ] {
        let answer = world.ask(path, body).await;
        assert!(answer.as_str().unwrap().contains("lite fullnode"), "{answer}");
    }
    world.net.mine(1).unwrap();
    assert_eq!(world.ask("/wallet/getblockbynum", json!({ "num": 3 })).await["block_header"]["raw_data"]["number"], 3);
}

//! `eth_getLogs`: filters, limits, and what it keeps silent about.

use crate::world::{LOGGER_CODE, World, log};
use alloy_primitives::{Address, B256};
use bttc_tron_simulator::Command;
use serde_json::{Value, json};

async fn logs(world: &World, filter: Value) -> Vec<Value> {
    let answer = world.rpc("eth_getLogs", json!([filter])).await;
    answer["result"].as_array().unwrap_or_else(|| panic!("{answer}")).clone()
}

async fn fault(world: &World, filter: Value) -> (i64, String) {
    let error = world.rpc("eth_getLogs", json!([filter])).await["error"].clone();
    (error["code"].as_i64().unwrap(), error["message"].as_str().unwrap().to_owned())
}

fn hexed(number: u64) -> String {
    format!("{number:#x}")
}

#[tokio::test]
async fn filters_and_fields() {
    let world = World::new().await;
    let contract = world.deploy(&LOGGER_CODE);
    let (one, bytes) = world.signed(&log(contract, 2), |_| ());
    world.net.submit(&bytes).unwrap();
    let (two, bytes) = world.signed(&log(contract, 1), |_| ());
    world.net.submit(&bytes).unwrap();
    world.net.mine(3).unwrap();
    let all = logs(&world, json!({ "fromBlock": "0x0", "toBlock": "latest", "address": contract })).await;
    assert_eq!(all.len(), 3);
    let block = world.net.block(2).unwrap();
    for (place, (log, id)) in all.iter().zip([one, one, two]).enumerate() {
        assert_eq!((&log["logIndex"], &log["transactionHash"]), (&json!(hexed(place as u64)), &json!(id)));
        assert_eq!((&log["blockNumber"], &log["blockHash"]), (&json!("0x2"), &json!(block.id.0)));
        assert_eq!(log["topics"], json!([B256::with_last_byte(7)]));
        assert_eq!(log["address"], json!(contract));
    }
    assert_eq!(all[2]["transactionIndex"], "0x1");
    let with = |field: &str, value: Value| {
        let mut filter = json!({ "fromBlock": "0x1", "toBlock": "0x4" });
        filter[field] = value;
        logs(&world, filter)
    };
    assert_eq!(with("address", json!([Address::ZERO, contract])).await.len(), 3);
    assert_eq!(with("address", json!(Address::ZERO)).await.len(), 0);
    assert_eq!(with("topics", json!([[B256::ZERO, B256::with_last_byte(7)]])).await.len(), 3);
    assert_eq!(with("topics", json!([null])).await.len(), 3);
    assert_eq!(with("topics", json!([B256::ZERO])).await.len(), 0);
    assert_eq!(with("topics", json!([null, B256::ZERO])).await.len(), 0);
    assert_eq!(logs(&world, json!({ "blockHash": block.id.0 })).await.len(), 3);
    let receipt = world.rpc("eth_getTransactionReceipt", json!([two])).await;
    assert_eq!((&receipt["result"]["logs"][0], &receipt["result"]["status"]), (&all[2], &json!("0x1")));
}

#[tokio::test]
async fn limits_and_silence() {
    let world = World::new().await;
    let contract = world.deploy(&LOGGER_CODE);
    for _ in 0..2 {
        world.net.send(&world.rich, &log(contract, 5_000)).unwrap();
        world.net.mine(1).unwrap();
    }
    let all = json!({ "fromBlock": "0x0", "toBlock": "0x3" });
    assert_eq!(logs(&world, all.clone()).await.len(), 10_000);
    world.net.send(&world.rich, &log(contract, 1)).unwrap();
    world.net.mine(1).unwrap();
    let all = json!({ "fromBlock": "0x0", "toBlock": "0x4" });
    assert_eq!(fault(&world, all.clone()).await, (-32_005, "query returned more than 10000 results".to_owned()));

    // Beyond the head it answers short, without an error.
    assert_eq!(logs(&world, json!({ "fromBlock": "0x4", "toBlock": "0x1000" })).await.len(), 1);
    assert_eq!(logs(&world, json!({ "fromBlock": "0x5", "toBlock": "0x1000" })).await.len(), 0);
    assert_eq!(fault(&world, json!({ "fromBlock": "0x2", "toBlock": "0x1" })).await.0, -32_602);

    world.net.mine(5_100).unwrap();
    let range = |to: u64| json!({ "fromBlock": "0x4", "toBlock": hexed(to) });
    assert_eq!(logs(&world, range(5_004)).await.len(), 1);
    assert_eq!(fault(&world, range(5_005)).await, (-32_602, "exceed max block range: 5000".to_owned()));

    // A hole in the index of a node is not told.
    world.net.command(Command::LogHole { node: 0, from: 4, to: 4 }).unwrap();
    assert_eq!(logs(&world, range(5_004)).await.len(), 0);
    let infos = world.ask("/walletsolidity/gettransactioninfobyblocknum", json!({ "num": 4 })).await;
    assert_eq!(infos[0]["log"].as_array().unwrap().len(), 1, "the receipts still have it");
    world.net.command(Command::Heal).unwrap();
    assert_eq!(logs(&world, range(5_004)).await.len(), 1);
}

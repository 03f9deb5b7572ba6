//! `btt_upgradeReadiness`, on the staking contracts: a fork is planned, announced, and taken back.

use crate::{
    fixture::{Node, key, knowing, staking_node},
    staking::{TIME, operator},
};
use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::{SolCall, sol};
use bttc_contracts::addresses::{PARAMS, TIMELOCK};
use serde_json::{Value, json};

sol! {
    function planFork(string name, uint64 time);
    function cancelFork();
}

const FORK: u64 = TIME + 1_000;

/// A transaction of the timelock to `Params`.
async fn decide(node: &Node, call: impl SolCall) {
    node.call("anvil_setBalance", json!([TIMELOCK, U256::from(10).pow(U256::from(24))])).await;
    node.call("anvil_impersonateAccount", json!([TIMELOCK])).await;
    let tx = json!([{"from": TIMELOCK, "to": PARAMS, "data": Bytes::from(call.abi_encode()), "gas": "0xf4240"}]);
    let hash = node.call("eth_sendTransaction", tx).await;
    let receipt = node.call("eth_getTransactionReceipt", json!([hash])).await;
    assert_eq!(receipt["status"], "0x1", "{receipt}");
}

async fn readiness(node: &Node) -> Value {
    node.call("btt_upgradeReadiness", json!([])).await
}

fn row(version: Value, ready: Value, last: Value) -> Value {
    let named = |address: Address| address.to_checksum(None);
    json!([{
        "operator": named(operator()), "name": "first", "signer": named(key(100).address()), "share": 10_000,
        "version": version, "ready": ready, "lastProposed": last,
    }])
}

async fn mine_at(node: &Node, time: u64) {
    node.call("evm_mine", json!([time])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_tell_who_knows_the_planned_fork() {
    let (old, new, version) = (staking_node().await, knowing(&["pine"]).await, env!("CARGO_PKG_VERSION"));
    for (node, ready) in [(&old, false), (&new, true)] {
        let expected = json!({"plan": null, "ready": null, "validators": row(Value::Null, Value::Null, Value::Null)});
        assert_eq!(readiness(node).await, expected);
        node.call("evm_setTime", json!([TIME + 5])).await;
        decide(node, planForkCall { name: "pine".to_owned(), time: FORK }).await;
        // A build names its newest fork also before that is planned.
        let plan = json!({"name": "pine", "time": FORK, "known": ready});
        let share = if ready { 10_000 } else { 0 };
        let expected = json!({"plan": plan, "ready": share, "validators": row(json!(version), json!(ready), json!(1))});
        assert_eq!(readiness(node).await, expected);
        mine_at(node, TIME + 10).await;
        let expected = json!({"plan": plan, "ready": share, "validators": row(json!(version), json!(ready), json!(2))});
        assert_eq!(readiness(node).await, expected);
        // As it was.
        let before = node.call("btt_upgradeReadiness", json!(["0x1"])).await;
        assert_eq!((&before["plan"], &before["validators"][0]["lastProposed"]), (&plan, &json!(1)));
        assert_eq!(node.call("btt_upgradeReadiness", json!(["0x0"])).await["plan"], Value::Null);
    }

    let (_, why, _) = old.fail("evm_mine", json!([FORK])).await;
    assert!(why.contains("does not know the fork \"pine\"") && why.contains("block 3"), "{why}");
    mine_at(&new, FORK).await;
    assert_eq!(readiness(&new).await["validators"][0]["lastProposed"], json!(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_taken_back_is_no_plan() {
    let node = staking_node().await;
    node.call("evm_setTime", json!([TIME + 5])).await;
    decide(&node, planForkCall { name: "pine".to_owned(), time: FORK }).await;
    assert_eq!(readiness(&node).await["plan"]["known"], json!(false));
    decide(&node, cancelForkCall {}).await;
    let told = readiness(&node).await;
    assert_eq!(
        (&told["plan"], &told["ready"], &told["validators"][0]["ready"]),
        (&json!(null), &json!(null), &json!(null))
    );
    mine_at(&node, FORK + 5).await;
    assert_eq!(node.call("eth_blockNumber", json!([])).await, "0x3");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_without_the_contracts_has_no_plans() {
    let node = crate::fixture::node().await;
    let (code, why, _) = node.fail("btt_upgradeReadiness", json!([])).await;
    assert!(code == -32004 && why.contains("no staking contracts"), "{code} {why}");
}

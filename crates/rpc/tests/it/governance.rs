//! A proposal from its deposit to its execution, on a development chain with the staking contracts.

use crate::{
    doors::Ipc,
    fixture::{Node, key},
    staking::{BTT, TIME, act_on, delegated, mine_at, named, number, operator, wei},
};
use alloy_primitives::{Address, U256};
use alloy_sol_types::SolCall;
use bttc_contracts::{
    addresses::{GOVERNOR, PARAMS},
    governance::Action,
    governor::IGovernor,
};
use serde_json::{Value, json};

const GWEI: u128 = 1_000_000_000;
const DAY: u64 = 86_400;

async fn act(node: &Node, from: u32, nonce: u64, value: u128, call: impl SolCall) -> Value {
    act_on(node, GOVERNOR, from, nonce, value, call).await
}

fn propose(actions: &[Action], description: &str) -> IGovernor::proposeCall {
    let (targets, calldatas) = actions.iter().map(Action::call).unzip();
    IGovernor::proposeCall {
        targets,
        values: vec![U256::ZERO; actions.len()],
        calldatas,
        description: description.to_owned(),
    }
}

fn base_fee(gwei: u128) -> Action {
    Action::SetParam { id: 0, value: U256::from(gwei * GWEI) }
}

/// Blocks at a time and after it.
async fn at(node: &Node, time: u64) {
    node.call("evm_setTime", json!([time])).await;
    mine_at(node, time).await;
}

async fn status(node: &Node, id: u64) -> Value {
    node.call("btt_proposal", json!([id])).await["status"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parameter_goes_through_a_vote() {
    let node = delegated().await;
    at(&node, TIME + 61).await;
    let mut ipc = Ipc::open(&node).await;
    let request = json!({"jsonrpc": "2.0", "id": 1, "method": "staking_subscribe", "params": ["proposals"]});
    ipc.send(&request.to_string()).await;
    assert!(ipc.next().await["result"].is_string());
    assert_eq!(node.call("btt_proposals", json!([])).await, json!([]));

    // A tenth of the deposit comes with it.
    let call = propose(&[base_fee(8_000)], "# Lower fees\n\nPeople want it.");
    act(&node, 200, 0, 100_000 * BTT, call).await;
    let told = node.call("btt_proposal", json!([1])).await;
    assert_eq!((&told["id"], &told["proposer"]), (&json!(1), &named(operator())));
    assert_eq!((&told["title"], &told["lane"]), (&json!("Lower fees"), &json!("standard")));
    assert_eq!(told["description"], "# Lower fees\n\nPeople want it.");
    assert_eq!((&told["status"], &told["tally"]), (&json!("deposit"), &Value::Null));
    assert!(told["statusText"].as_str().unwrap().starts_with("900000 BTT of the deposit are missing"), "{told}");
    let deposit = json!({"paid": wei(100_000 * BTT), "needed": wei(1_000_000 * BTT), "burned": false});
    assert_eq!(told["deposit"], deposit);
    let proposed = told["times"]["proposed"].as_u64().unwrap();
    assert!(proposed.abs_diff(TIME + 61) < 20, "{told}");
    let times = json!({
        "proposed": proposed, "depositEnd": proposed + 14 * DAY, "voteStart": null, "voteEnd": null, "queueUntil": null,
        "executableFrom": null, "executableUntil": null,
    });
    assert_eq!(told["times"], times);
    let (target, data) = base_fee(8_000).call();
    assert_eq!(target, PARAMS);
    let action = json!({
        "target": named(target), "data": data, "kind": "setParam", "id": 0, "name": "MIN_BASE_FEE", "unit": "wei per gas",
        "old": wei(9_000 * GWEI), "new": wei(8_000 * GWEI),
    });
    assert_eq!(told["actions"], json!([action]));
    let touching = node.call("btt_params", json!([])).await[0]["proposals"].clone();
    assert_eq!(touching, json!([{"id": 1, "status": "deposit", "value": wei(8_000 * GWEI)}]));
    // Nobody can vote yet.
    let vote = node.call("btt_vote", json!([1, operator()])).await;
    assert_eq!((&vote["power"], &vote["pool"], &vote["own"]), (&json!("0"), &Value::Null, &json!([])));

    act(&node, 2, 0, 900_000 * BTT, IGovernor::depositCall { id: U256::from(1) }).await;
    let told = node.call("btt_proposal", json!([1])).await;
    assert_eq!((&told["status"], &told["tally"]["total"]), (&json!("waiting"), &json!("0")));
    let (start, end) = (told["times"]["voteStart"].as_u64().unwrap(), told["times"]["voteEnd"].as_u64().unwrap());
    assert!(end == start + 5 * DAY && start >= TIME + 120, "{told}");
    assert_eq!(told["times"]["queueUntil"], json!(end + 14 * DAY));

    // The vote: the validator with its pool, less who votes otherwise.
    at(&node, start).await;
    assert_eq!(status(&node, 1).await, "voting");
    act(&node, 200, 1, 0, IGovernor::vote_0Call { id: U256::from(1), choice: 1 }).await;
    let own = IGovernor::vote_1Call { id: U256::from(1), choice: 2, operators: vec![operator()] };
    let owner = key(0).address();
    let vote = node.call("btt_vote", json!([1, owner])).await;
    let expected = json!([{
        "operator": named(operator()), "name": "first", "weight": wei(1_000_000 * BTT), "choice": null, "overrides": false,
        "validatorChoice": "for",
    }]);
    assert_eq!((&vote["own"], &vote["power"], &vote["pool"]), (&expected, &wei(1_000_000 * BTT), &Value::Null));
    act(&node, 0, 1, 0, own).await;
    let voted = node.call("eth_blockNumber", json!([])).await;
    let vote = node.call("btt_vote", json!([1, owner])).await;
    assert_eq!((&vote["own"][0]["choice"], &vote["own"][0]["overrides"]), (&json!("against"), &json!(true)));
    let vote = node.call("btt_vote", json!([1, operator()])).await;
    let pool = json!({
        "choice": "for", "tokens": wei(101_000_000 * BTT), "overridden": wei(1_000_000 * BTT), "weight": wei(100_000_000 * BTT),
    });
    assert_eq!(vote["pool"], pool);
    let tally = node.call("btt_proposal", json!([1])).await["tally"].clone();
    let expected = json!({
        "for": wei(100_000_000 * BTT), "against": wei(1_000_000 * BTT), "abstain": "0", "veto": "0",
        "forBp": 9_900, "againstBp": 99, "abstainBp": 0, "vetoBp": 0, "total": wei(101_000_000 * BTT), "turnoutBp": 10_000,
        "quorum": wei(40_400_000 * BTT), "quorumBp": 4_000, "quorumReached": true, "vetoBoundBp": 3_334, "extended": false,
    });
    assert_eq!(tally, expected);

    at(&node, end).await;
    assert_eq!(status(&node, 1).await, "succeeded");
    act(&node, 1, 0, 0, IGovernor::queueCall { id: U256::from(1) }).await;
    let told = node.call("btt_proposal", json!([1])).await;
    let from = told["times"]["executableFrom"].as_u64().unwrap();
    assert_eq!((&told["status"], &told["times"]["executableUntil"]), (&json!("queued"), &json!(from + 14 * DAY)));
    assert!(from >= end + 2 * DAY && from < end + 2 * DAY + 60, "{told}");
    at(&node, from).await;
    assert_eq!(status(&node, 1).await, "executable");
    act(&node, 1, 1, 0, IGovernor::executeCall { id: U256::from(1) }).await;
    let row = node.call("btt_params", json!([])).await[0].clone();
    assert_eq!((&row["pending"], &row["proposals"]), (&wei(8_000 * GWEI), &json!([])));
    at(&node, from + 120).await;
    let row = node.call("btt_params", json!([])).await[0].clone();
    assert_eq!((&row["value"], &row["pending"]), (&wei(8_000 * GWEI), &Value::Null));
    // What it replaced is known for ever.
    let told = node.call("btt_proposal", json!([1])).await;
    assert_eq!((&told["status"], &told["actions"][0]["old"]), (&json!("executed"), &wei(9_000 * GWEI)));
    // The past is as it was.
    assert_eq!(node.call("btt_proposal", json!([1, voted])).await["status"], "voting");

    let mut events = Vec::new();
    while events.last() != Some(&"executed".to_owned()) {
        let told = ipc.next().await["params"]["result"].clone();
        assert_eq!(told["id"], 1, "{told}");
        if told["event"] == "scheduled" {
            assert_eq!((&told["from"], &told["until"]), (&json!(start), &json!(end)));
        }
        events.push(told["event"].as_str().unwrap().to_owned());
    }
    assert_eq!(events, ["proposed", "deposited", "deposited", "scheduled", "queued", "executed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn proposals_are_listed_by_status_and_decoded() {
    let node = delegated().await;
    let to = Address::repeat_byte(0x77);
    let spend = Action::Spend { to, amount: U256::from(5 * BTT), programme: false };
    let fork = Action::PlanFork { name: "Next".to_owned(), time: TIME + 100 * DAY };
    let upgrade = Action::Upgrade { proxy: PARAMS, implementation: to, data: vec![1, 2].into() };
    let raw = Action::Call { to: bttc_contracts::addresses::BRIDGE_INBOX, data: vec![9; 36].into() };
    act(&node, 1, 0, 1_000_000 * BTT, propose(&[spend], "Pay")).await;
    act(&node, 1, 1, 100_000 * BTT, propose(&[fork, upgrade], "")).await;
    act(&node, 1, 2, 100_000 * BTT, propose(&[raw], "A call")).await;
    act(&node, 1, 3, 0, IGovernor::cancelCall { id: U256::from(3) }).await;

    let ids = |list: &Value| list.as_array().unwrap().iter().map(|of| of["id"].as_u64().unwrap()).collect::<Vec<_>>();
    let list = node.call("btt_proposals", json!([])).await;
    assert_eq!(ids(&list), [3, 2, 1]);
    for (filter, expected) in [
        (json!({"status": "open"}), vec![2, 1]),
        (json!({"status": "canceled"}), vec![3]),
        (json!({"status": "executed"}), vec![]),
        (json!({"limit": 2}), vec![3, 2]),
        (json!({"status": "open", "limit": 1}), vec![2]),
    ] {
        assert_eq!(ids(&node.call("btt_proposals", json!([filter])).await), expected, "{filter}");
    }
    let action = |id: usize, number: usize| list[3 - id]["actions"][number].clone();
    let spent = action(1, 0);
    assert_eq!(
        (&spent["kind"], &spent["to"], &spent["amount"], &spent["from"]),
        (&json!("spend"), &named(to), &wei(5 * BTT), &json!("funds"))
    );
    let fork = action(2, 0);
    assert_eq!(
        (&fork["kind"], &fork["name"], &fork["time"]),
        (&json!("planFork"), &json!("Next"), &json!(TIME + 100 * DAY))
    );
    let upgrade = action(2, 1);
    assert_eq!(
        (&upgrade["kind"], &upgrade["name"], &upgrade["implementation"], &upgrade["call"]),
        (&json!("upgrade"), &json!("Params"), &named(to), &json!("0x0102"))
    );
    assert_eq!((&list[1]["lane"], &list[1]["title"]), (&json!("long"), &json!("")));
    assert_eq!((&action(3, 0)["kind"], &list[0]["lane"]), (&json!("call"), &json!("long")));

    // Nobody votes: without quorum.
    let end = list[2]["times"]["voteEnd"].as_u64().unwrap();
    at(&node, TIME + 61).await;
    at(&node, end).await;
    assert_eq!(status(&node, 1).await, "noQuorum");
    let first = node.call("btt_proposal", json!([1])).await;
    assert_eq!(
        (number(&first["tally"]["total"]), &first["tally"]["quorumReached"]),
        (101_000_000 * BTT, &json!(false))
    );
    // The deposit of the second one never comes.
    at(&node, TIME + 15 * DAY).await;
    assert_eq!(status(&node, 2).await, "lapsed");

    for (method, params, why) in [
        ("btt_proposal", json!([9]), "there is no proposal 9"),
        ("btt_vote", json!([0, to]), "there is no proposal 0"),
        ("btt_proposal", json!([]), "missing value for required argument 0 (id)"),
        ("btt_proposals", json!([{"status": "fresh"}]), "no status \"fresh\"; there are deposit"),
        ("btt_proposals", json!([{"limit": 101}]), "at most 100"),
        ("btt_proposals", json!([{"sort": 1}]), "unknown field `sort`"),
    ] {
        let (_, message, _) = node.fail(method, params.clone()).await;
        assert!(message.contains(why), "{method} {params}: {message}");
    }
    assert_eq!(crate::fixture::node().await.fail("btt_proposal", json!([1])).await.0, -32004);
}

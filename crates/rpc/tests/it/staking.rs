//! Validators, stake and rewards on a development chain with the staking contracts.

use crate::{
    doors::Ipc,
    fixture::{CHAIN_ID, Node, key, node, signed, staking_node},
};
use alloy_primitives::{Address, B256, TxKind, U256, keccak256};
use alloy_signer::SignerSync;
use alloy_sol_types::{SolCall, SolEvent, SolValue};
use bttc_consensus::Vote;
use bttc_contracts::{addresses::STAKING, staking::IStaking};
use bttc_primitives::{DoubleSign, Evidence, VoteKind};
use serde_json::{Value, json};

/// When the chain begins (`crates/node/src/genesis/tests.rs`). Unit: Unix seconds.
pub(crate) const TIME: u64 = 1_800_000_000;
pub(crate) const BTT: u128 = 1_000_000_000_000_000_000;
/// Its one validator.
const STAKE: u128 = 100_000_000 * BTT;

pub(crate) fn operator() -> Address {
    key(200).address()
}

/// An address as the answers write it.
pub(crate) fn named(address: Address) -> Value {
    json!(address.to_checksum(None))
}

pub(crate) fn wei(amount: u128) -> Value {
    json!(amount.to_string())
}

pub(crate) fn number(value: &Value) -> u128 {
    value.as_str().unwrap().parse().unwrap()
}

/// A transaction to `Staking` that must succeed.
async fn act(node: &Node, from: u32, nonce: u64, value: u128, call: impl SolCall) -> Value {
    act_on(node, STAKING, from, nonce, value, call).await
}

/// A transaction to a contract that must succeed.
pub(crate) async fn act_on(node: &Node, to: Address, from: u32, nonce: u64, value: u128, call: impl SolCall) -> Value {
    let raw = signed(from, nonce, TxKind::Call(to), value, call.abi_encode().into(), 2_000_000);
    let receipt = node.send(&raw).await;
    assert_eq!(receipt["status"], "0x1", "{receipt}");
    receipt
}

/// A block at a time, which closes the epoch if that is over.
pub(crate) async fn mine_at(node: &Node, time: u64) {
    node.call("evm_mine", json!([time])).await;
}

/// A chain whose clock stands at its beginning, with 1,000,000 BTT of account 0 delegated in the first block.
pub(crate) async fn delegated() -> Node {
    let node = staking_node().await;
    node.call("evm_setTime", json!([TIME + 5])).await;
    act(&node, 0, 0, 1_000_000 * BTT, IStaking::delegateCall { operator: operator() }).await;
    node
}

#[tokio::test(flavor = "multi_thread")]
async fn the_validator_and_its_epoch_are_told() {
    let node = delegated().await;
    let epoch = node.call("staking_epoch", json!([])).await;
    assert_eq!((&epoch["number"], &epoch["startHeight"]), (&json!(1), &json!(1)));
    assert_eq!((&epoch["startTime"], &epoch["length"]), (&json!(TIME), &json!(60)));
    assert_eq!(epoch["endEstimate"], json!(TIME + 60));
    assert!(number(&epoch["stakersFees"]) > number(&epoch["treasuryFees"]));
    assert!(number(&epoch["treasuryFees"]) > 0);

    mine_at(&node, TIME + 10).await;
    let told = node.call("staking_validators", json!([])).await;
    assert_eq!((&told["epoch"], told["validators"].as_array().unwrap().len()), (&json!(1), 1));
    let first = told["validators"][0].clone();
    let expected = json!({
        "operator": named(operator()), "signer": named(key(100).address()), "name": "first", "site": "",
        "stake": (STAKE + 1_000_000 * BTT).to_string(), "selfStake": STAKE.to_string(),
        "power": 100_000_000, "share": 10_000, "inSet": true, "commission": 1_000, "nextCommission": null,
        "jailedUntil": null, "tombstoned": false, "left": false, "listed": true, "uptime": 10_000,
        // The cap of 8 % less the treasury's 2 % of it, less 10 % of commission.
        "missedInWindow": 0, "proposed": 2, "apr": 705, "commissionOwed": "0",
    });
    assert_eq!(first, expected);
    let one = node.call("staking_validator", json!([operator()])).await;
    assert_eq!((&one["slashes"], &one["why"], &one["stake"]), (&json!([]), &Value::Null, &first["stake"]));
    // As it was in genesis.
    let before = node.call("staking_validator", json!([operator(), "0x0"])).await;
    assert_eq!((&before["stake"], &before["uptime"]), (&wei(STAKE), &Value::Null));

    let apr = node.call("staking_apr", json!([])).await;
    assert_eq!((&apr["apr"], &apr["stake"]), (&json!(784), &first["stake"]));
    assert_eq!(apr["budget"], wei(9_900_000_000 * BTT));
    assert_eq!(apr["cap"], wei((STAKE + 1_000_000 * BTT) / 100 * 8));
    assert_eq!(
        number(&apr["fees"]),
        number(&node.call("staking_epoch", json!([])).await["stakersFees"]) * 31_536_000 / 60
    );
    assert!(apr["formula"].as_str().unwrap().contains("pot = min(cap, fees + min(budget, reserve))"));

    mine_at(&node, TIME + 61).await;
    let epoch = node.call("staking_epoch", json!([])).await;
    assert_eq!((&epoch["number"], &epoch["startHeight"], &epoch["blocks"]), (&json!(2), &json!(4), &json!(0)));
    let first = node.call("staking_validators", json!([])).await["validators"][0].clone();
    assert_eq!((&first["power"], &first["proposed"], &first["uptime"]), (&json!(101_000_000), &json!(0), &Value::Null));
    assert!(number(&first["commissionOwed"]) > 0);
    let (_, why, _) = node.fail("staking_validator", json!([key(5).address()])).await;
    assert!(why.contains("operates no validator") && why.contains("staking_validators"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rewards_and_stake_on_its_way_out_are_told() {
    let node = delegated().await;
    let owner = key(0).address();
    let shares = wei(1_000_000 * BTT);
    assert_eq!(node.call("staking_delegations", json!([owner, "earliest"])).await, json!([]));
    let stake = node.call("staking_delegations", json!([owner])).await;
    let expected = json!([{
        "operator": named(operator()), "name": "first", "shares": shares, "active": "0", "worth": shares,
        "pendingReward": "0", "moved": [],
    }]);
    assert_eq!(stake, expected);

    // Warm in the second epoch, which the block at the third time closes.
    mine_at(&node, TIME + 61).await;
    assert_eq!(node.call("staking_rewards", json!([owner])).await, json!({"pending": [], "history": []}));
    mine_at(&node, TIME + 122).await;
    let height = node.call("eth_blockNumber", json!([])).await;
    let filter = json!([{"fromBlock": height, "address": STAKING, "topics": [IStaking::MemberPaid::SIGNATURE_HASH]}]);
    let log = node.call("eth_getLogs", filter).await[0]["data"].as_str().unwrap().to_owned();
    let data = alloy_primitives::hex::decode(log).unwrap();
    let (to_pool, _, _) = <(U256, U256, U256)>::abi_decode_params(&data).unwrap();
    // 1 BTT of the validator's shares is dead and earns nothing.
    let part: u128 = (to_pool * U256::from(1_000_000) / U256::from(100_999_999)).to();

    let rewards = node.call("staking_rewards", json!([owner])).await;
    let earned = number(&rewards["history"][0]["amount"]);
    assert!(earned > 0 && part.abs_diff(earned) <= 1, "{earned} of {to_pool}");
    let earned = wei(earned);
    assert_eq!(rewards["history"], json!([{"epoch": 2, "operator": named(operator()), "amount": earned}]));
    assert_eq!(rewards["pending"], json!([{"operator": named(operator()), "amount": earned}]));
    let own = node.call("staking_rewards", json!([operator(), 1, 2])).await;
    assert_eq!(own["history"].as_array().unwrap().len(), 2, "its own stake earns from the first epoch on: {own}");
    assert_eq!(own["history"][0]["epoch"], 1);
    let both = own["history"].as_array().unwrap().iter().map(|of| number(&of["amount"])).sum::<u128>();
    assert_eq!(own["pending"][0]["amount"], wei(both));

    act(&node, 0, 1, 0, IStaking::claimCall { operators: vec![operator()] }).await;
    let claimed = node.call("staking_rewards", json!([owner])).await;
    assert_eq!((&claimed["pending"], &claimed["history"]), (&json!([]), &rewards["history"]));

    // A claim in the block that closes the epoch hides nothing.
    node.call("evm_setAutomine", json!([false])).await;
    let claim = IStaking::claimCall { operators: vec![operator()] }.abi_encode();
    node.call("eth_sendRawTransaction", json!([signed(200, 0, TxKind::Call(STAKING), 0, claim.into(), 2_000_000)]))
        .await;
    mine_at(&node, TIME + 190).await;
    node.call("evm_setAutomine", json!([true])).await;
    let own = node.call("staking_rewards", json!([operator(), 3, 3])).await;
    assert_eq!(own["history"][0]["amount"], own["pending"][0]["amount"]);

    act(&node, 0, 2, 0, IStaking::undelegateCall { operator: operator(), amount: U256::from(400_000 * BTT) }).await;
    let out = node.call("staking_unbondings", json!([owner])).await;
    let start = out[0]["start"].as_u64().unwrap();
    let expected = json!([{
        "id": 0, "operator": named(operator()), "amount": wei(400_000 * BTT), "left": wei(400_000 * BTT), "start": start,
        "unlock": start + 604_800, "source": null, "sourceEnd": null,
    }]);
    assert_eq!(out, expected);
    assert_eq!(node.call("staking_delegations", json!([owner])).await[0]["worth"], wei(600_000 * BTT));

    let (code, why, _) = node.fail("staking_rewards", json!([owner, 9])).await;
    assert!(code == -32602 && why.contains("running epoch is 4"), "{why}");
    assert_eq!(node.call("staking_rewards", json!([owner, 4, 9])).await["history"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_validate_hears_why() {
    let node = delegated().await;
    let (account, signer) = (key(1).address(), key(101));
    let hash = keccak256((keccak256("bttc.key.v1"), U256::from(CHAIN_ID), account).abi_encode());
    let create = IStaking::createValidatorCall {
        signer: signer.address(),
        proof: signer.sign_hash_sync(&hash).unwrap().as_bytes().into(),
        commission: 700,
        name: "second".to_owned(),
        site: "https://second.example".to_owned(),
    };
    act(&node, 1, 0, 10_000_000 * BTT, create).await;
    act(&node, 1, 1, 0, IStaking::redelegateCall { from: account, to: operator(), amount: U256::from(BTT) }).await;
    let moved = node.call("staking_delegations", json!([account])).await;
    let notes: Vec<_> = moved.as_array().unwrap().iter().map(|of| &of["moved"]).collect();
    assert_eq!(notes[0], &json!([]));
    assert_eq!((&notes[1][0]["source"], &notes[1][0]["shares"]), (&named(account), &wei(BTT)));

    let second = node.call("staking_validator", json!([account])).await;
    assert_eq!((&second["inSet"], &second["power"], &second["uptime"]), (&json!(false), &json!(0), &Value::Null));
    assert_eq!((&second["site"], &second["apr"]), (&json!("https://second.example"), &json!(0)));
    let why = second["why"].as_str().unwrap();
    assert!(why.contains("own stake is 9999999 BTT, 1 BTT below the minimum of 10000000 BTT"), "{why}");
    act(&node, 1, 2, BTT, IStaking::delegateCall { operator: account }).await;
    let second = node.call("staking_validator", json!([account])).await;
    let why = second["why"].as_str().unwrap();
    // 101,000,001 BTT are behind the first one.
    assert!(why.contains("not among the 1 highest") && why.contains("more than 91000001 BTT"), "{why}");
    let all = node.call("staking_validators", json!([])).await;
    assert_eq!(all["validators"][1]["operator"], named(account), "the set comes first");

    act(&node, 1, 3, 0, IStaking::leaveCall {}).await;
    act(&node, 2, 0, 0, IStaking::evictCall { operator: account }).await;
    let second = node.call("staking_validator", json!([account])).await;
    assert_eq!((&second["left"], &second["listed"]), (&json!(true), &json!(false)));
    assert!(second["why"].as_str().unwrap().contains("final"));
    let all = node.call("staking_validators", json!([])).await;
    assert_eq!(all["validators"].as_array().unwrap().len(), 1);
    // Stake with an evicted validator is not lost from sight.
    let left = node.call("staking_delegations", json!([account])).await;
    assert_eq!((&left[0]["name"], &left[0]["operator"]), (&json!("second"), &named(account)));
}

/// Proof that the only validator voted for two blocks at height 1.
fn double_sign() -> Evidence {
    let sign = |block_hash| {
        let vote = Vote { chain_id: CHAIN_ID, kind: VoteKind::Prevote, height: 1, round: 3, block_hash };
        bttc_consensus::vote_signature(&key(100).sign_hash_sync(&vote.signing_hash()).unwrap())
    };
    let (first_hash, second_hash) = (B256::repeat_byte(1), B256::repeat_byte(2));
    Evidence::DoubleSign(DoubleSign {
        signer: key(100).address(),
        height: 1,
        round: 3,
        kind: VoteKind::Prevote,
        first_hash,
        first_signature: sign(first_hash),
        second_hash,
        second_signature: sign(second_hash),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn slashes_are_told_from_logs_and_to_subscribers() {
    let node = delegated().await;
    let mut ipc = Ipc::open(&node).await;
    for (id, kind) in ["epochs", "slashes", "commissions"].into_iter().enumerate() {
        let request = json!({"jsonrpc": "2.0", "id": id, "method": "staking_subscribe", "params": [kind]});
        ipc.send(&request.to_string()).await;
        assert!(ipc.next().await["result"].is_string());
    }
    assert_eq!(node.call("staking_slashes", json!([])).await, json!([]));
    let (_, why, _) = node.fail("staking_subscribe", json!(["epochs"])).await;
    assert!(why.contains("not supported over HTTP"), "{why}");

    let announced = act(&node, 200, 0, 0, IStaking::announceCommissionCall { commission: 900 }).await;
    let told = ipc.next().await;
    assert_eq!(told["method"], "staking_subscription");
    let told = told["params"]["result"].clone();
    assert_eq!((&told["operator"], &told["commission"]), (&named(operator()), &json!(900)));
    assert_eq!(announced["blockNumber"], json!(format!("{:#x}", told["height"].as_u64().unwrap())));
    let due = json!({"commission": 900, "inForce": told["inForce"]});
    assert_eq!(node.call("staking_validator", json!([operator()])).await["nextCommission"], due);
    mine_at(&node, TIME + 130).await;
    let mut told = [ipc.next().await["params"]["result"].clone(), ipc.next().await["params"]["result"].clone()];
    told.sort_by_key(|of| of.get("pot").is_none());
    assert_eq!((&told[0]["number"], &told[0]["members"]), (&json!(1), &json!("1")));
    assert_eq!(told[0]["stake"], wei(STAKE + 1_000_000 * BTT));
    assert_eq!((&told[1]["commission"], &told[1]["inForce"]), (&json!(900), &Value::Null));

    bttc_consensus::Application::report(&node.chain, vec![double_sign()]).await.unwrap();
    mine_at(&node, TIME + 140).await;
    let all = json!([{
        "operator": named(operator()), "height": 4, "time": TIME + 140,
        // It was all the power there is: three times that is more than everything.
        "rate": BTT.to_string(), "amount": (STAKE + 1_000_000 * BTT).to_string(), "kind": "doubleSign",
    }]);
    assert_eq!(node.call("staking_slashes", json!([])).await, all);
    assert_eq!(ipc.next().await["params"]["result"], all[0]);
    assert_eq!(node.call("staking_slashes", json!([operator(), "0x4", "0x4"])).await, all);
    assert_eq!(node.call("staking_slashes", json!([operator(), "0x0", "0x3"])).await, json!([]));
    assert_eq!(node.call("staking_slashes", json!([key(0).address()])).await, json!([]));
    let (_, why, _) = node.fail("staking_slashes", json!([null, "0x4", "0x3"])).await;
    assert!(why.contains("fromBlock 4 is after toBlock 3"), "{why}");

    let first = node.call("staking_validator", json!([operator()])).await;
    assert_eq!(
        (&first["tombstoned"], &first["jailedUntil"], &first["stake"]),
        (&json!(true), &Value::Null, &json!("0"))
    );
    assert_eq!(first["slashes"], json!([{"time": TIME + 140, "left": "0"}]));
    let why = first["why"].as_str().unwrap();
    assert!(why.contains("for ever") && why.contains("nobody else can be elected"), "{why}");
    // And the chain goes on.
    mine_at(&node, TIME + 200).await;
    assert_eq!(ipc.next().await["params"]["result"]["number"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_without_the_contracts_says_so() {
    let node = node().await;
    for method in [
        "staking_validators",
        "staking_epoch",
        "staking_apr",
        "staking_slashes",
        "btt_supply",
        "btt_params",
        "btt_auditSupply",
        "btt_proposals",
    ] {
        let (code, why, _) = node.fail(method, json!([])).await;
        assert!(
            code == -32004 && why.contains("no staking contracts") && why.contains("bttc testnet up"),
            "{method}: {why}"
        );
    }
    for method in ["staking_delegations", "staking_unbondings", "staking_rewards", "staking_validator"] {
        assert_eq!(node.fail(method, json!([operator()])).await.0, -32004, "{method}");
    }
}

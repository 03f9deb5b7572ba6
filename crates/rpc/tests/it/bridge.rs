//! Exits and checkpoints: proofs against the model of the tree, and their call data against the contracts of root chains themselves.

use crate::{
    bridge_view::{View, seen},
    doors::Ipc,
    fixture::{CHAIN_ID, Node, Others, key, signed, staking_node, staking_node_among},
    staking::{BTT, TIME, act_on, mine_at, named, wei},
};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, keccak256};
use alloy_sol_types::{SolCall, sol};
use bttc_contracts::{
    addresses::{BRIDGE_OUTBOX, MULTICALL3},
    bridge::IBridgeOutbox,
    root::{ICheckpointManager, IRootBridge, ITestToken, creation_code},
};
use bttc_primitives::{ExitPayment, RootLimits};
use bttc_storage::Kept;
use bttc_trie::{Exit, ExitTree, empty_exit_root, exit_root};
use serde_json::{Value, json};
use std::sync::Arc;

/// Of TRON, as genesis registers it.
pub(crate) const BRIDGE: Address = Address::repeat_byte(0x71);
pub(crate) const TOKEN: Address = Address::repeat_byte(0x73);

sol! {
    struct Call3Value { address target; bool allowFailure; uint256 value; bytes callData; }
    function aggregate3Value(Call3Value[] calldata calls) external payable returns (bytes[] memory);
}

fn exit_call(to: Address, amount: u128) -> IBridgeOutbox::exitCall {
    IBridgeOutbox::exitCall { rootId: U256::from(2), token: Address::ZERO, to, amount: U256::from(amount) }
}

/// An exit of BTT to TRON that must succeed; answers with its transaction.
pub(crate) async fn leave(node: &Node, nonce: u64, to: Address, amount: u128) -> Value {
    act_on(node, BRIDGE_OUTBOX, 0, nonce, amount, exit_call(to, amount)).await
}

fn leaf(index: u32, to: Address, amount: u128) -> B256 {
    let (from, token) = (key(0).address(), TOKEN);
    let amount = U256::from(amount);
    Exit { chain_id: CHAIN_ID, root_id: 2, root_bridge: BRIDGE, index, token, from, to, amount }.leaf()
}

async fn at_the_beginning(node: Node) -> Node {
    node.call("evm_setTime", json!([TIME + 5])).await;
    node
}

/// Five exits, in blocks 1, 2, 4, 5 and 6; the head is 7.
async fn five_exits(node: &Node) -> (Vec<Value>, ExitTree) {
    let (mut receipts, mut model) = (Vec::new(), ExitTree::default());
    for n in 0..5u64 {
        if n == 2 {
            node.call("evm_mine", json!([])).await;
        }
        let (to, amount) = (Address::with_last_byte(n as u8 + 1), (u128::from(n) + 1) * BTT);
        receipts.push(leave(node, n, to, amount).await);
        model.push(leaf(n as u32, to, amount)).unwrap();
    }
    node.call("evm_mine", json!([])).await;
    (receipts, model)
}

fn proof_of(answer: &Value) -> [B256; 32] {
    serde_json::from_value::<Vec<B256>>(answer["proof"].clone()).unwrap().try_into().unwrap()
}

fn bytes(value: &Value) -> Bytes {
    serde_json::from_value(value.clone()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_exit_is_proved_at_every_checkpoint_after_it() {
    let node = at_the_beginning(staking_node().await).await;
    let (receipts, model) = five_exits(&node).await;
    let status = node.call("bridge_status", json!([])).await;
    assert_eq!((&status["exitCount"], &status["exitRoot"]), (&json!(5), &json!(model.root())));
    for (index, exit_height) in [1u64, 2, 4, 5, 6].into_iter().enumerate() {
        for height in 1..=7u64 {
            if height < exit_height {
                let (code, why, _) = node.fail("bridge_getExitProof", json!([index, height])).await;
                assert!(code == -32602 && why.contains(&format!("made in block {exit_height}")), "{why}");
                continue;
            }
            let proof = node.call("bridge_getExitProof", json!([index, height])).await;
            let amount = (index as u128 + 1) * BTT;
            let leaf = leaf(index as u32, Address::with_last_byte(index as u8 + 1), amount);
            assert_eq!((&proof["exit"]["leaf"], &proof["checkpoint"]), (&json!(leaf), &json!(height)));
            let root = exit_root(leaf, index as u32, &proof_of(&proof));
            let checkpoint = node.call("bridge_getCheckpoint", json!([height])).await;
            assert_eq!((&proof["exitRoot"], &checkpoint["exitRoot"]), (&json!(root), &json!(root)));
            let call = IRootBridge::claimCall::abi_decode(&bytes(&proof["calldata"])).unwrap();
            assert_eq!((call.exit.amount, call.checkpoint), (U256::from(amount), height));
        }
    }
    // By transaction, for the newest block: nobody watches TRON here.
    let tx = &receipts[2]["transactionHash"];
    let proof = node.call("bridge_getExitProof", json!([tx])).await;
    assert_eq!(
        (&proof["exit"]["index"], &proof["checkpoint"], &proof["isCheckpoint"]),
        (&json!(2), &json!(7), &Value::Null)
    );
    assert!(proof["note"].as_str().unwrap().contains("--relay"));
    let told = node.call("bridge_exit", json!([tx])).await;
    assert_eq!((&told["stage"], &told["height"]), (&json!("final"), &json!(4)));
    let one = &told["exits"][0];
    assert_eq!((&one["stage"], &one["root"], &one["index"]), (&json!("final"), &json!("tron"), &json!(2)));
    assert_eq!((&one["amount"], &one["token"]), (&wei(3 * BTT), &named(TOKEN)));
    assert!(one["reason"].as_str().unwrap().contains("--relay"));
    assert_eq!(node.call("bridge_exit", json!([2])).await, told);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_exit_is_said_to_be_none() {
    let node = at_the_beginning(staking_node().await).await;
    let (_, why, _) = node.fail("bridge_exit", json!([0])).await;
    assert!(why.contains("no exit 0") && why.contains("0 so far"), "{why}");
    let unknown = node.call("bridge_exit", json!([B256::repeat_byte(7)])).await;
    assert_eq!((&unknown["stage"], &unknown["exits"]), (&json!("unknown"), &json!([])));
    let plain = node.send(&crate::fixture::transfer(0, 0)).await;
    assert_eq!(node.call("bridge_exit", json!([plain["transactionHash"]])).await["stage"], "no exit");
    // More than is locked on TRON.
    let amount = 2_000_000 * BTT;
    let input = exit_call(Address::with_last_byte(1), amount).abi_encode().into();
    let refused = node.send(&signed(0, 1, TxKind::Call(BRIDGE_OUTBOX), amount, input, 400_000)).await;
    let told = node.call("bridge_exit", json!([refused["transactionHash"]])).await;
    assert_eq!((&told["stage"], &told["height"]), (&json!("failed"), &json!(2)));
    let (_, why, _) = node.fail("bridge_getExitProof", json!([refused["transactionHash"]])).await;
    assert!(why.contains("reverted"), "{why}");
    // Two in one transaction.
    let calls = [1u8, 2].map(|to| Call3Value {
        target: BRIDGE_OUTBOX,
        allowFailure: false,
        value: U256::from(BTT),
        callData: exit_call(Address::with_last_byte(to), BTT).abi_encode().into(),
    });
    let two = act_on(&node, MULTICALL3, 0, 2, 2 * BTT, aggregate3ValueCall { calls: calls.to_vec() }).await;
    let told = node.call("bridge_exit", json!([two["transactionHash"]])).await;
    assert_eq!(told["exits"].as_array().unwrap().len(), 2);
    assert_eq!(told["exits"][1]["from"], named(MULTICALL3));
    let (_, why, _) = node.fail("bridge_getExitProof", json!([two["transactionHash"]])).await;
    assert!(why.ends_with("by its index: 0, 1"), "{why}");
    assert_eq!(node.call("bridge_getExitProof", json!([1])).await["exit"]["index"], 1);
    let (code, why, _) = node.fail("bridge_exit", json!(["0x12"])).await;
    assert!(code == -32602 && why.contains("64 hex digits"), "{why}");
    let bare = crate::fixture::node().await;
    for (method, params) in [("bridge_status", json!([])), ("bridge_exit", json!([0])), ("bridge_limits", json!([]))] {
        assert_eq!(bare.fail(method, params).await.0, -32004, "{method}");
    }
}

/// Creates a contract and answers with its address.
async fn create(node: &Node, nonce: u64, code: Bytes) -> Address {
    let receipt = node.send(&signed(0, nonce, TxKind::Create, 0, code, 9_000_000)).await;
    assert_eq!(receipt["status"], "0x1", "{receipt}");
    receipt["contractAddress"].as_str().unwrap().parse().unwrap()
}

/// Moves code and the first slots of a contract to where genesis says that it is.
async fn move_to(node: &Node, from: Address, to: Address) {
    let code = node.call("eth_getCode", json!([from, "latest"])).await;
    node.call("anvil_setCode", json!([to, code])).await;
    for slot in 0..16u64 {
        let slot = B256::from(U256::from(slot));
        let value = node.call("eth_getStorageAt", json!([from, slot, "latest"])).await;
        node.call("anvil_setStorageAt", json!([to, slot, value])).await;
    }
}

async fn ask<C: SolCall>(node: &Node, to: Address, call: C) -> C::Return {
    let request = json!({"to": to, "data": Bytes::from(call.abi_encode())});
    let answer = node.call("eth_call", json!([request, "latest"])).await;
    C::abi_decode_returns(&bytes(&answer)).unwrap()
}

/// This chain plays the root chain too: its contracts take what the methods make.
#[tokio::test(flavor = "multi_thread")]
async fn the_contracts_of_root_chains_take_the_call_data() {
    let node = at_the_beginning(staking_node().await).await;
    let (_, model) = five_exits(&node).await;
    let validators = node.call("consensus_validators", json!(["0x1"])).await["hash"].take();
    let next = node.call("bridge_nextCheckpoint", json!([0])).await;
    assert_eq!(
        (&next["height"], &next["changesSet"], &next["validatorsHash"]),
        (&next["head"], &json!(false), &validators)
    );
    let manager = ICheckpointManager::constructorCall {
        sideChainId_: U256::from(CHAIN_ID),
        owner_: key(0).address(),
        maxAge_: 302_400,
        validatorsHash: serde_json::from_value(validators.clone()).unwrap(),
        height: 0,
    };
    let manager = create(&node, 5, creation_code(&manager)).await;
    let bridge = IRootBridge::constructorCall {
        rootId_: U256::from(2),
        checkpoints_: manager,
        owner_: key(0).address(),
        guardian_: Address::ZERO,
    };
    let bridge = create(&node, 6, creation_code(&bridge)).await;
    let names = ITestToken::constructorCall { name_: "BitTorrent".into(), symbol_: "BTT".into(), decimals_: 18 };
    let token = create(&node, 7, creation_code(&names)).await;
    move_to(&node, bridge, BRIDGE).await;
    move_to(&node, token, TOKEN).await;
    let million = U256::from(1_000_000 * BTT);
    let (cap, floor) = ((million * U256::from(10)).to(), million.to());
    act_on(
        &node,
        BRIDGE,
        0,
        8,
        0,
        IRootBridge::setAssetCall { token: TOKEN, enabled: true, cap, dailyBps: 200, floor },
    )
    .await;
    act_on(&node, TOKEN, 0, 9, 0, ITestToken::mintCall { to: key(0).address(), amount: million }).await;
    act_on(&node, TOKEN, 0, 10, 0, ITestToken::approveCall { spender: BRIDGE, amount: million }).await;
    act_on(&node, BRIDGE, 0, 11, 0, IRootBridge::lockCall { token: TOKEN, amount: million }).await;

    let ready = node.call("bridge_getCheckpoint", json!(["0x7"])).await;
    assert_eq!(keccak256(bytes(&ready["header"])), serde_json::from_value::<B256>(ready["blockHash"].clone()).unwrap());
    assert_eq!(keccak256(bytes(&ready["validators"])).to_string(), validators.as_str().unwrap());
    assert_eq!((&ready["signers"], bytes(&ready["signatures"]).len()), (&json!("0x1"), 65));
    assert_eq!((&ready["parts"]["collect"], &ready["parts"]["submit"]), (&json!([]), &ready["submit"]));
    let raw = |nonce, to, input: &Value| signed(0, nonce, TxKind::Call(to), 0, bytes(input), 2_000_000);
    let receipt = node.send(&raw(12, manager, &ready["submit"])).await;
    assert_eq!(receipt["status"], "0x1", "{receipt}");
    assert_eq!(ask(&node, manager, ICheckpointManager::exitRootCall { height: 7 }).await, model.root());
    let state: B256 = serde_json::from_value(ready["stateRoot"].clone()).unwrap();
    assert_eq!(ask(&node, manager, ICheckpointManager::stateRootCall { height: 7 }).await, state);
    for index in 0..5u64 {
        let proof = node.call("bridge_getExitProof", json!([index, 7])).await;
        assert_eq!(proof["rootBridge"], named(BRIDGE));
        let receipt = node.send(&raw(13 + index, BRIDGE, &proof["calldata"])).await;
        assert_eq!(receipt["status"], "0x1", "exit {index}: {receipt}");
        let account = Address::with_last_byte(index as u8 + 1);
        let paid = ask(&node, TOKEN, ITestToken::balanceOfCall { account }).await;
        assert_eq!(paid, U256::from((u128::from(index) + 1) * BTT), "exit {index}");
    }
    // For another checkpoint the proof is another, and this one does not have it.
    let early = node.call("bridge_getExitProof", json!([0, 1])).await;
    let receipt = node.send(&raw(18, BRIDGE, &early["calldata"])).await;
    assert_eq!(receipt["status"], "0x0");
    let (_, why, _) = node.fail("bridge_getCheckpoint", json!([0])).await;
    assert!(why.contains("genesis has no certificate"), "{why}");
    assert_eq!(node.fail("bridge_getCheckpoint", json!([1_000])).await.0, -32000);
}

/// A set that changes is named by the block before: that is where a root chain must go first.
#[tokio::test(flavor = "multi_thread")]
async fn the_next_checkpoint_does_not_skip_a_change_of_the_set() {
    let node = at_the_beginning(staking_node().await).await;
    // Stake that is added in the first epoch is power from the second on.
    let delegate = bttc_contracts::staking::IStaking::delegateCall { operator: key(200).address() };
    act_on(&node, bttc_contracts::addresses::STAKING, 0, 0, 1_000_000 * BTT, delegate).await;
    for time in [10, 61, 70, 80] {
        mine_at(&node, TIME + time).await;
    }
    let next = |tip: u64| node.call("bridge_nextCheckpoint", json!([tip]));
    let first = next(0).await;
    assert_eq!((&first["height"], &first["changesSet"], &first["head"]), (&json!(3), &json!(true), &json!(5)));
    let change = node.call("bridge_getCheckpoint", json!([3])).await;
    assert_eq!((&change["changesSet"], &change["validatorsHash"]), (&json!(true), &first["validatorsHash"]));
    let later = next(3).await;
    assert_eq!((&later["height"], &later["changesSet"]), (&json!(5), &json!(false)));
    assert_eq!(later["validatorsHash"], change["nextValidatorsHash"]);
    assert_eq!(next(5).await["height"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watched_exit_goes_through_its_stages_and_a_subscriber_hears_of_each() {
    let view = Arc::new(View::default());
    let others = Others { roots: Some(view.clone()), ..Others::default() };
    let node = at_the_beginning(staking_node_among(others).await).await;
    view.watch(2);
    let (to, amount) = (Address::repeat_byte(9), 100 * BTT);
    let receipt = leave(&node, 0, to, amount).await;
    let tx = receipt["transactionHash"].clone();
    let mut ipc = Ipc::open(&node).await;
    ipc.send(&json!({"jsonrpc": "2.0", "id": 1, "method": "bridge_subscribe", "params": ["transfer", tx]}).to_string())
        .await;
    let mut first = [ipc.next().await, ipc.next().await];
    first.sort_by_key(|of| of.get("method").is_some());
    assert!(first[0]["result"].is_string(), "{}", first[0]);
    let told = |of: &Value| of["params"]["result"]["exits"][0].clone();
    let exit = told(&first[1]);
    assert_eq!((&exit["stage"], &exit["checkpoint"]), (&json!("waiting for checkpoint"), &Value::Null));
    // The epoch ends 60 seconds after it began.
    assert!(exit["etaSeconds"].as_u64().unwrap() <= 55);

    view.checkpoint(2, 1, empty_exit_root());
    view.checkpoint(2, 4, B256::repeat_byte(4));
    let exit = told(&ipc.next().await);
    assert_eq!((&exit["stage"], &exit["checkpoint"]["height"]), (&json!("checkpointed"), &json!(1)));
    // Not one a root chain has never seen: the proof is made for that checkpoint.
    node.call("evm_mine", json!([])).await;
    let proof = node.call("bridge_getExitProof", json!([tx])).await;
    assert_eq!((&proof["checkpoint"], &proof["isCheckpoint"], &proof["note"]), (&json!(1), &json!(true), &Value::Null));
    let known = node.call("bridge_checkpoints", json!([2, 1])).await;
    assert_eq!((&known["watched"], &known["checkpoints"][0]["height"]), (&json!(true), &json!(4)));
    assert_eq!(known["checkpoints"].as_array().unwrap().len(), 1);
    let unknown = node.call("bridge_checkpoints", json!([1])).await;
    assert_eq!((&unknown["watched"], &unknown["checkpoints"]), (&json!(false), &json!([])));
    let (_, why, _) = node.fail("bridge_checkpoints", json!([3])).await;
    assert!(why.contains("1 (ethereum), 2 (tron)"), "{why}");

    let payments = [
        (ExitPayment { payable_from: Some(TIME + 90_000), available: U256::from(1), ..Default::default() }, "delayed"),
        (ExitPayment { paid: U256::from(BTT), available: U256::from(1), ..Default::default() }, "partly paid"),
        (ExitPayment { paid_in_full: true, ..Default::default() }, "paid"),
    ];
    for (payment, stage) in payments {
        view.pay(0, payment);
        let exit = told(&ipc.next().await);
        assert_eq!(exit["stage"], stage);
        if stage == "delayed" {
            let eta = exit["etaSeconds"].as_u64().unwrap();
            assert!((80_000..=90_000).contains(&eta), "{eta}");
        }
    }
    assert_eq!(node.call("bridge_exit", json!([0])).await["exits"][0]["paid"], wei(amount));

    // A root chain that does not answer is said to, and nothing is made up.
    view.break_down("the node of TRON is away");
    let told = node.call("bridge_exit", json!([0])).await;
    assert_eq!(
        (&told["exits"][0]["stage"], &told["exits"][0]["reason"]),
        (&json!("final"), &json!("the node of TRON is away"))
    );
    let status = node.call("bridge_status", json!([])).await;
    let tron = &status["roots"][1];
    assert_eq!((&tron["relay"]["lastError"], &tron["note"]), (&json!("the node of TRON is away"), &Value::Null));
    assert_eq!(tron["relay"]["checkpoint"], json!({"height": 4, "time": seen(4).time}));
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_and_the_state_of_the_bridge_are_told() {
    let view = Arc::new(View::default());
    let others = Others { roots: Some(view.clone()), ..Others::default() };
    let node = at_the_beginning(staking_node_among(others).await).await;
    view.watch(2);
    view.limit(RootLimits { available: U256::from(7), daily: U256::from(8), at_once: U256::from(9) });
    leave(&node, 0, Address::repeat_byte(9), 100 * BTT).await;
    let status = node.call("bridge_status", json!([])).await;
    assert_eq!((&status["reserve"], &status["guardian"]), (&wei(5_000_100 * BTT), &named(key(9).address())));
    assert_eq!((&status["inPausedUntil"], &status["outPausedUntil"]), (&Value::Null, &Value::Null));
    let [ethereum, tron] = &status["roots"].as_array().unwrap()[..] else { panic!("{status}") };
    assert_eq!(
        (&ethereum["name"], &ethereum["chainId"], &ethereum["btt"]),
        (&json!("ethereum"), &json!(31_337), &Value::Null)
    );
    assert!(ethereum["note"].as_str().unwrap().contains("--relay"));
    assert_eq!((&tron["name"], &tron["bridge"], &tron["btt"]), (&json!("tron"), &named(BRIDGE), &named(TOKEN)));
    assert_eq!((&tron["bttLocked"], &tron["enabled"]), (&wei(999_900 * BTT), &json!(true)));
    assert_eq!((&tron["executed"], &tron["keptCount"], &tron["votes"]), (&json!(0), &json!(0), &json!([])));

    let limits = node.call("bridge_limits", json!([])).await;
    let rows: Vec<_> =
        limits.as_array().unwrap().iter().map(|of| (of["rootId"].clone(), of["rootToken"].clone())).collect();
    assert_eq!(rows, [(json!(1), named(Address::ZERO)), (json!(2), named(Address::ZERO)), (json!(2), named(TOKEN))]);
    let btt = &limits[2];
    assert_eq!(
        (&btt["token"], &btt["bttLocked"], &btt["reserve"]),
        (&Value::Null, &wei(999_900 * BTT), &wei(5_000_100 * BTT))
    );
    assert_eq!((&btt["deposits"], &btt["payments"]["available"]), (&Value::Null, &json!("7")));
    let other = node.call("bridge_limits", json!([1, Address::repeat_byte(3)])).await;
    assert!(other[0]["token"].is_string() && other[0]["note"].as_str().unwrap().contains("--relay"));

    // The guardian pauses TRON and the token that is BTT.
    let pause = |what| bttc_contracts::bridge::IBridgeOutbox::pauseCall { what };
    node.call("anvil_setBalance", json!([key(9).address(), "0xde0b6b3a76400000000"])).await;
    act_on(&node, BRIDGE_OUTBOX, 9, 0, 0, pause(U256::from(2))).await;
    let status = node.call("bridge_status", json!([])).await;
    let until = status["roots"][1]["outPausedUntil"].as_u64().unwrap();
    assert!(until > TIME + 71 * 3_600, "{until}");
    assert_eq!(status["roots"][1]["inPausedUntil"], Value::Null);
}

/// What a node without old logs knows begins with the edge of the tree, and goes on from there.
#[tokio::test(flavor = "multi_thread")]
async fn a_pruned_node_proves_what_came_after() {
    let node = at_the_beginning(staking_node().await).await;
    let (_, mut model) = five_exits(&node).await;
    let mut write = node.chain.storage().write().unwrap();
    assert!(write.prune(Kept { state: 4, blocks: 4, logs: 4 }, u64::MAX).unwrap().done);
    write.commit().unwrap();
    let to = Address::with_last_byte(6);
    leave(&node, 5, to, 6 * BTT).await;
    model.push(leaf(5, to, 6 * BTT)).unwrap();
    for (index, from) in [(3u32, 5u64), (4, 6), (5, 8)] {
        for height in from..=8 {
            let proof = node.call("bridge_getExitProof", json!([index, height])).await;
            let leaf = leaf(index, Address::with_last_byte(index as u8 + 1), (u128::from(index) + 1) * BTT);
            let root = exit_root(leaf, index, &proof_of(&proof));
            assert_eq!(proof["exitRoot"], json!(root));
            assert!(height < 8 || root == model.root());
        }
    }
    for index in [0, 2] {
        let (code, why, _) = node.fail("bridge_getExitProof", json!([index])).await;
        assert!(code == 4444 && why.contains("made before block 4"), "{why}");
    }
    assert_eq!(node.call("bridge_status", json!([])).await["roots"][0]["keptCount"], Value::Null);
}

/// A development chain that goes back takes its exits back, in proofs too.
#[tokio::test(flavor = "multi_thread")]
async fn going_back_is_noticed() {
    let node = at_the_beginning(staking_node().await).await;
    leave(&node, 0, Address::with_last_byte(1), BTT).await;
    let snapshot = node.call("evm_snapshot", json!([])).await;
    let before = node.call("bridge_getExitProof", json!([0])).await;
    leave(&node, 1, Address::with_last_byte(2), BTT).await;
    assert_eq!(node.call("bridge_getExitProof", json!([1])).await["exitCount"], 2);
    assert_eq!(node.call("evm_revert", json!([snapshot])).await, json!(true));
    assert_eq!(node.call("bridge_getExitProof", json!([0])).await, before);
    let (_, why, _) = node.fail("bridge_getExitProof", json!([1])).await;
    assert!(why.contains("there are 1 so far"), "{why}");
    leave(&node, 1, Address::with_last_byte(3), BTT).await;
    let other = node.call("bridge_getExitProof", json!([1])).await;
    assert_eq!(other["exit"]["to"], named(Address::with_last_byte(3)));
}

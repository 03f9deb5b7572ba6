//! Deposits, from their root chain to their end here, attested by the one validator.

use crate::{
    bridge::{BRIDGE, TOKEN, leave},
    bridge_view::{View, seen},
    doors::Ipc,
    fixture::{CHAIN_ID, Node, Others, key, signed, staking_node_among},
    staking::{BTT, TIME, act_on, mine_at, named, wei},
};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, keccak256};
use alloy_sol_types::SolValue;
use bttc_contracts::{
    addresses::BRIDGE_INBOX,
    bridge::IBridgeInbox::{self, Deposit},
};
use bttc_primitives::{RootDeposit, RootDepositTx};
use serde_json::{Value, json};
use std::sync::Arc;

const TRON: u8 = 2;

/// The records of a root bridge and their running hashes.
#[derive(Default)]
struct Records {
    chain: Vec<B256>,
}

impl Records {
    fn add(&mut self, record: B256) {
        let before = self.chain.last().copied().unwrap_or_default();
        self.chain.push(keccak256((before, record).abi_encode()));
    }

    fn deposit(&mut self, of: &Deposit) {
        let form = (U256::from(2), U256::from(CHAIN_ID), U256::from(TRON), BRIDGE, U256::from(self.chain.len()));
        self.add(keccak256([form.abi_encode(), of.abi_encode()].concat()));
    }

    fn names(&mut self, of: &IBridgeInbox::Metadata) {
        let form = (U256::from(3), U256::from(CHAIN_ID), U256::from(TRON), BRIDGE, U256::from(self.chain.len()));
        let names = (of.token, keccak256(&of.name), keccak256(&of.symbol), U256::from(of.decimals));
        self.add(keccak256([form.abi_encode(), names.abi_encode()].concat()));
    }

    /// The consensus key vouches for all records so far.
    async fn attest(&self, node: &Node, nonce: u64) {
        let to = self.chain.len() as u64;
        let call = IBridgeInbox::attestCall { rootId: U256::from(TRON), to, chainHash: *self.chain.last().unwrap() };
        act_on(node, BRIDGE_INBOX, 100, nonce, 0, call).await;
    }
}

fn to(to: Address, amount: u128) -> Deposit {
    Deposit { token: TOKEN, from: Address::repeat_byte(0x44), to, amount: U256::from(amount) }
}

fn there(nonce: u64, of: &Deposit) -> RootDeposit {
    RootDeposit { nonce, token: of.token, from: of.from, to: of.to, amount: of.amount }
}

async fn node_with_view() -> (Node, Arc<View>) {
    let view = Arc::new(View::default());
    let node = staking_node_among(Others { roots: Some(view.clone()), ..Others::default() }).await;
    node.call("evm_setTime", json!([TIME + 5])).await;
    node.send(&signed(0, 0, TxKind::Call(key(100).address()), 1_000 * BTT, Bytes::new(), 21_000)).await;
    view.watch(TRON);
    (node, view)
}

fn execute(deposits: Vec<Deposit>) -> IBridgeInbox::executeCall {
    IBridgeInbox::executeCall { rootId: U256::from(TRON), deposits }
}

async fn stage(node: &Node, nonce: u64) -> Value {
    node.call("bridge_deposit", json!([{"rootId": TRON, "nonce": nonce}])).await["deposits"][0].take()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deposit_is_told_from_its_block_there_to_its_delivery() {
    let (node, view) = node_with_view().await;
    let tx = B256::repeat_byte(0xd1);
    let deposit = to(Address::repeat_byte(6), 7 * BTT);
    let mut ipc = Ipc::open(&node).await;
    let params = json!(["transfer", tx, TRON]);
    ipc.send(&json!({"jsonrpc": "2.0", "id": 1, "method": "bridge_subscribe", "params": params}).to_string()).await;
    let mut first = [ipc.next().await, ipc.next().await];
    first.sort_by_key(|of| of.get("method").is_some());
    let told = first[1]["params"]["result"].clone();
    assert_eq!((&told["stage"], &told["deposits"]), (&json!("unknown"), &json!([])));
    assert!(told["reason"].as_str().unwrap().contains("tron does not know"), "{told}");

    let mut found = RootDepositTx {
        block: Some(seen(50)),
        is_final: false,
        final_in: Some(57),
        failed: None,
        deposits: vec![there(0, &deposit)],
    };
    view.deposit(TRON, tx, found.clone());
    let told = ipc.next().await["params"]["result"].clone();
    assert_eq!((&told["stage"], &told["rootBlock"]["height"]), (&json!("seen"), &json!(50)));
    let one = &told["deposits"][0];
    assert_eq!((&one["stage"], &one["etaSeconds"], &one["nonce"]), (&json!("seen"), &json!(57 + 60), &json!(0)));
    assert_eq!((&one["deposit"]["amount"], &one["deposit"]["to"]), (&wei(7 * BTT), &named(Address::repeat_byte(6))));

    found.is_final = true;
    view.deposit(TRON, tx, found.clone());
    let told = ipc.next().await["params"]["result"].clone();
    assert_eq!((&told["stage"], &told["deposits"][0]["stage"]), (&json!("final there"), &json!("final there")));

    let mut records = Records::default();
    records.deposit(&deposit);
    records.attest(&node, 0).await;
    let one = ipc.next().await["params"]["result"]["deposits"][0].clone();
    assert_eq!((&one["stage"], &one["attestedPower"]), (&json!("accepted"), &one["totalPower"]));
    let receipt = act_on(&node, BRIDGE_INBOX, 0, 1, 0, execute(vec![deposit])).await;
    let one = ipc.next().await["params"]["result"]["deposits"][0].clone();
    assert_eq!((&one["stage"], &one["tx"]), (&json!("executed"), &receipt["transactionHash"]));
    let balance = node.call("eth_getBalance", json!([Address::repeat_byte(6), "latest"])).await;
    assert_eq!(balance, json!(format!("{:#x}", 7 * BTT)));
    // Without asking for the root chain, and by its number.
    let again = node.call("bridge_deposit", json!([tx])).await;
    assert_eq!((&again["root"], &again["deposits"][0]), (&json!("tron"), &one));
    assert_eq!(stage(&node, 0).await["stage"], "executed");
    assert_eq!(stage(&node, 1).await["stage"], "not known");

    for (failed, block, deposits, expected) in [
        (Some("it reverted with PausedNow".to_owned()), Some(seen(51)), vec![], "failed"),
        (None, Some(seen(51)), vec![], "no deposit"),
        (None, None, vec![], "pending"),
    ] {
        view.deposit(TRON, B256::ZERO, RootDepositTx { failed, block, deposits, ..found.clone() });
        let told = node.call("bridge_deposit", json!(["00".repeat(32), TRON])).await;
        assert_eq!(told["stage"], expected);
    }
    let unwatched = node.call("bridge_deposit", json!([tx, 1])).await;
    assert_eq!(unwatched["stage"], "unknown");
    assert!(unwatched["reason"].as_str().unwrap().contains("--relay"), "{unwatched}");
    let audit = node.call("btt_auditSupply", json!([])).await;
    assert_eq!(audit["exact"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn kept_deposits_say_why_and_what_helps_until_they_are_replayed_or_refunded() {
    let (node, _view) = node_with_view().await;
    let mut records = Records::default();
    // More than the reserve of 5,000,000; to nobody; names of a token between them.
    let large = to(Address::repeat_byte(6), 5_500_000 * BTT);
    let nowhere = to(Address::ZERO, 3 * BTT);
    let names = IBridgeInbox::Metadata {
        token: Address::repeat_byte(0x88),
        name: "Tether".to_owned(),
        symbol: "USDT".to_owned(),
        decimals: 6,
    };
    records.deposit(&large);
    records.deposit(&nowhere);
    records.names(&names);
    records.attest(&node, 0).await;
    let rest = records.chain.len();
    assert_eq!(rest, 3);
    let last = {
        let form = (U256::from(3), U256::from(CHAIN_ID), U256::from(TRON), BRIDGE, U256::from(2));
        let of = (names.token, keccak256(&names.name), keccak256(&names.symbol), U256::from(names.decimals));
        keccak256([form.abi_encode(), of.abi_encode()].concat())
    };
    let part = IBridgeInbox::executePartCall {
        rootId: U256::from(TRON),
        deposits: vec![large.clone(), nowhere.clone()],
        rest: vec![last],
    };
    act_on(&node, BRIDGE_INBOX, 0, 1, 0, part).await;
    let metadata = IBridgeInbox::executeMetadataCall { rootId: U256::from(TRON), metadata: names, rest: vec![] };
    act_on(&node, BRIDGE_INBOX, 0, 2, 0, metadata).await;

    let first = stage(&node, 0).await;
    assert_eq!(first["stage"], "kept");
    assert!(first["reason"].as_str().unwrap().starts_with("ReserveShort: "), "{first}");
    assert_eq!(first["deposit"]["from"], named(large.from));
    let refundable = first["refundableFrom"].as_u64().unwrap();
    assert!((TIME + 604_800..TIME + 604_900).contains(&refundable), "{refundable}");
    let second = stage(&node, 1).await;
    assert!(second["reason"].as_str().unwrap().starts_with("ReceiverRefused: "), "{second}");
    let third = stage(&node, 2).await;
    assert_eq!(third["stage"], "executed");
    assert!(third["reason"].as_str().unwrap().contains("names of a token"), "{third}");
    let tron = node.call("bridge_status", json!([])).await["roots"][1].take();
    assert_eq!((&tron["keptCount"], &tron["kept"], &tron["executed"]), (&json!(2), &json!([0, 1]), &json!(3)));

    // Somebody leaves, so the reserve is enough; the call data told does it.
    leave(&node, 3, Address::repeat_byte(1), 900_000 * BTT).await;
    let input = |of: &Value| serde_json::from_value::<Bytes>(of.clone()).unwrap();
    let raw = |nonce, of: &Value| signed(0, nonce, TxKind::Call(BRIDGE_INBOX), 0, input(of), 2_000_000);
    let receipt = node.send(&raw(4, &first["replay"])).await;
    assert_eq!(receipt["status"], "0x1", "{receipt}");
    let replayed = stage(&node, 0).await;
    assert_eq!((&replayed["stage"], &replayed["tx"]), (&json!("replayed"), &receipt["transactionHash"]));
    // The other goes back after seven days, as exit number 1.
    mine_at(&node, TIME + 605_000).await;
    let receipt = node.send(&raw(5, &second["refund"])).await;
    assert_eq!(receipt["status"], "0x1", "{receipt}");
    let refunded = stage(&node, 1).await;
    assert_eq!((&refunded["stage"], &refunded["exit"]), (&json!("refunded"), &json!("1")));
    let exit = node.call("bridge_exit", json!([1])).await["exits"][0].take();
    assert_eq!((&exit["from"], &exit["to"]), (&named(BRIDGE_INBOX), &named(nowhere.from)));
    let tron = node.call("bridge_status", json!([])).await["roots"][1].take();
    assert_eq!((&tron["keptCount"], &tron["kept"]), (&json!(0), &json!([])));
    assert_eq!(node.call("btt_auditSupply", json!([])).await["exact"], true);
}

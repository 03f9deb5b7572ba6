use super::*;
use crate::root::{ExpectedCode, mock::Server};
use alloy_consensus::Transaction;
use alloy_primitives::{B256, hex};
use alloy_signer::SignerSync;
use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
};

const CHAIN: u64 = 31_337;
const GWEI: u128 = 1_000_000_000;
const BRIDGE: Address = Address::repeat_byte(0xb1);

/// What a mined transaction came to.
#[derive(Clone, Copy)]
struct Mined {
    block: u64,
    status: u64,
    gas: u64,
}

/// What a node knows.
struct State {
    chain_id: u64,
    newest: u64,
    finalized: u64,
    base_fee: u128,
    tip: u128,
    /// Transactions of the account, below each block.
    nonces: BTreeMap<u64, u64>,
    balance: u128,
    code: Vec<u8>,
    gas: u64,
    /// Data with which calls revert.
    revert: Option<Vec<u8>>,
    /// What a view returns at a block.
    logs: Vec<(u64, u64, u8)>,
    /// Most blocks and most logs that it answers about.
    page: u64,
    mined: BTreeMap<B256, Mined>,
    sent: Vec<TxEnvelope>,
    refusal: Option<&'static str>,
    /// Makes ids of blocks of another chain.
    salt: u8,
}

impl Default for State {
    fn default() -> Self {
        Self {
            chain_id: CHAIN,
            newest: 100,
            finalized: 64,
            base_fee: 10 * GWEI,
            tip: GWEI,
            nonces: [(0, 3)].into(),
            balance: 10u128.pow(18),
            code: vec![1, 2, 3],
            gas: 100_000,
            revert: None,
            logs: vec![(5, 0, 1), (5, 2, 2), (40, 1, 1), (70, 0, 1)],
            page: 30,
            mined: BTreeMap::new(),
            sent: Vec::new(),
            refusal: None,
            salt: 0,
        }
    }
}

fn number(value: &Value) -> Option<u64> {
    u64::from_str_radix(value.as_str()?.strip_prefix("0x")?, 16).ok()
}

fn quantity(value: impl Into<u128>) -> Value {
    json!(format!("{:#x}", value.into()))
}

fn refused(message: &str) -> Value {
    json!({ "code": -32000, "message": message })
}

impl State {
    fn id(&self, block: u64) -> B256 {
        keccak256([block.to_be_bytes().as_slice(), &[self.salt]].concat())
    }

    fn height(&self, block: &Value) -> u64 {
        match block.as_str().unwrap() {
            "latest" => self.newest,
            "finalized" => self.finalized,
            _ => number(block).unwrap(),
        }
    }

    fn log(&self, (block, index, event): (u64, u64, u8)) -> Value {
        json!({
            "address": BRIDGE, "topics": [B256::repeat_byte(event)], "data": "0x01", "blockNumber": quantity(block),
            "transactionHash": B256::with_last_byte(index as u8), "logIndex": quantity(index), "removed": false,
        })
    }

    fn nonce(&self, block: u64) -> u64 {
        self.nonces.range(..=block).next_back().map_or(0, |(_, nonce)| *nonce)
    }

    fn answer(&mut self, method: &str, params: &Value) -> Result<Value, Value> {
        let reverted = |data: &Vec<u8>| {
            Err(json!({ "code": 3, "message": "execution reverted", "data": hex::encode_prefixed(data) }))
        };
        match method {
            "eth_chainId" => Ok(quantity(self.chain_id)),
            "eth_getBlockByNumber" => {
                let block = self.height(&params[0]);
                if block > self.newest {
                    return Ok(Value::Null);
                }
                Ok(json!({
                    "number": quantity(block), "hash": self.id(block), "timestamp": quantity(block * 12),
                    "baseFeePerGas": quantity(self.base_fee),
                }))
            }
            "eth_getLogs" => {
                let filter = &params[0];
                let (from, to) = (number(&filter["fromBlock"]).unwrap(), number(&filter["toBlock"]).unwrap());
                if to - from >= self.page {
                    return Err(refused("query exceeds max block range"));
                }
                let events = filter["topics"].as_array().map(|topics| topics[0].clone());
                let wanted = |event: u8| {
                    events.as_ref().is_none_or(|any| any.as_array().unwrap().contains(&json!(B256::repeat_byte(event))))
                };
                let logs = self.logs.iter().filter(|(block, _, event)| (from..=to).contains(block) && wanted(*event));
                Ok(logs.map(|log| self.log(*log)).collect())
            }
            "eth_getBlockReceipts" => {
                let block = number(&params[0]).unwrap();
                let receipt = |log: &(u64, u64, u8)| {
                    let id = B256::with_last_byte(log.1 as u8);
                    let logs = [self.log(*log)];
                    json!({ "transactionHash": id, "blockNumber": params[0], "status": "0x1", "gasUsed": "0x1", "logs": logs })
                };
                Ok(self.logs.iter().filter(|log| log.0 == block).map(receipt).collect())
            }
            "eth_call" => match &self.revert {
                Some(data) => reverted(data),
                None => Ok(json!(B256::with_last_byte(self.height(&params[1]) as u8))),
            },
            "eth_estimateGas" => match &self.revert {
                Some(data) => reverted(data),
                None => Ok(quantity(self.gas)),
            },
            "eth_maxPriorityFeePerGas" => Ok(quantity(self.tip)),
            "eth_getTransactionCount" => Ok(quantity(self.nonce(self.height(&params[1])))),
            "eth_getBalance" => Ok(quantity(self.balance)),
            "eth_getCode" => Ok(json!(hex::encode_prefixed(&self.code))),
            "eth_getTransactionReceipt" => {
                let id: B256 = serde_json::from_value(params[0].clone()).unwrap();
                let Some(Mined { block, status, gas }) = self.mined.get(&id).copied() else { return Ok(Value::Null) };
                Ok(json!({
                    "transactionHash": id, "blockNumber": quantity(block), "status": quantity(status),
                    "gasUsed": quantity(gas), "effectiveGasPrice": quantity(2u64), "logs": [],
                }))
            }
            "eth_sendRawTransaction" => {
                if let Some(refusal) = self.refusal {
                    return Err(refused(refusal));
                }
                let bytes: Bytes = serde_json::from_value(params[0].clone()).unwrap();
                let tx = TxEnvelope::decode_2718(&mut bytes.as_ref()).unwrap();
                let id = *tx.tx_hash();
                self.sent.push(tx);
                Ok(json!(id))
            }
            other => Err(json!({ "code": -32601, "message": format!("no method {other}") })),
        }
    }
}

/// One node.
struct Node {
    state: Arc<Mutex<State>>,
    server: Server,
}

impl Node {
    fn new() -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let served = Arc::clone(&state);
        let server = Server::json_rpc(move |method, params| served.lock().unwrap().answer(method, params));
        Self { state, server }
    }

    fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap());
    }
}

fn config(nodes: &[&Node]) -> EthereumConfig {
    EthereumConfig {
        chain_id: CHAIN,
        endpoints: nodes.iter().map(|node| node.server.url.clone()).collect(),
        agreement: Agreement { agree: None, patience: Duration::from_secs(5), pause: Duration::from_millis(1) },
        finality: Finality::Finalized,
    }
}

fn key() -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&B256::repeat_byte(7)).unwrap()
}

fn over(nodes: &[&Node]) -> Ethereum {
    Ethereum::new(config(nodes), Some(key())).unwrap()
}

fn intent() -> Intent {
    Intent::call("checkpoint/1", BRIDGE, Bytes::from_static(&[1, 2, 3, 4]))
}

fn policy() -> FeePolicy {
    FeePolicy::new(U256::from(10u128.pow(16)))
}

fn every() -> LogFilter {
    LogFilter { address: BRIDGE, events: Vec::new() }
}

#[test]
fn mainnet_has_no_other_finality() {
    let node = Node::new();
    let mainnet = EthereumConfig { chain_id: 1, finality: Finality::Depth(64), ..config(&[&node]) };
    assert!(Ethereum::new(mainnet, None).unwrap_err().to_string().contains("only finalized blocks are final"));
    let bad = EthereumConfig { endpoints: vec!["nowhere".to_owned()], ..config(&[&node]) };
    assert!(Ethereum::new(bad, None).unwrap_err().to_string().contains("it is no URL"));
}

/// A device: it shows what it signs, and its owner says yes or no.
struct Device {
    key: PrivateKeySigner,
    shown: Mutex<Vec<(Option<u64>, TxKind, Bytes)>>,
    agrees: bool,
}

impl TxSigner<Signature> for Device {
    fn address(&self) -> Address {
        self.key.address()
    }

    fn sign_transaction<'a, 'b, 'c>(
        &'a self,
        tx: &'b mut dyn SignableTransaction<Signature>,
    ) -> Pin<Box<dyn Future<Output = alloy_signer::Result<Signature>> + Send + 'c>>
    where
        'a: 'c,
        'b: 'c,
        Self: 'c,
    {
        self.shown.lock().unwrap().push((tx.chain_id(), tx.kind(), tx.input().clone()));
        let signed = self.key.sign_hash_sync(&tx.signature_hash());
        let answer = if self.agrees { signed } else { Err(alloy_signer::Error::other("refused on the device")) };
        Box::pin(async move { answer })
    }
}

#[tokio::test]
async fn a_device_signs_what_it_shows_or_nothing() {
    let node = Node::new();
    for agrees in [true, false] {
        let device = Arc::new(Device { key: key(), shown: Mutex::default(), agrees });
        let root = Ethereum::with_signer(config(&[&node]), Some(device.clone())).unwrap();
        assert_eq!(root.account(), Some(key().address()));
        let prepared = root.prepare(&intent(), &policy(), &[]).await;
        assert_eq!(*device.shown.lock().unwrap(), [(Some(CHAIN), TxKind::Call(BRIDGE), vec![1, 2, 3, 4].into())]);
        match prepared {
            Ok(attempt) => {
                assert!(agrees);
                // The same bytes as with the key itself.
                assert_eq!(attempt, over(&[&node]).prepare(&intent(), &policy(), &[]).await.unwrap());
            }
            Err(error) => {
                assert!(!agrees && matches!(error, RootError::Key { .. }), "{error}");
                assert!(error.to_string().contains("refused on the device"), "{error}");
            }
        }
    }
    assert!(node.state.lock().unwrap().sent.is_empty(), "nothing is sent by signing");
}

#[tokio::test]
async fn chain_and_code_are_checked() {
    let (a, b) = (Node::new(), Node::new());
    let root = over(&[&a, &b]);
    let code_hash = Some(keccak256([1, 2, 3]));
    let expected =
        Expected { chain_id: CHAIN, contracts: vec![ExpectedCode { name: "RootBridge", address: BRIDGE, code_hash }] };
    assert_eq!(root.check(&expected).await, Ok(()));
    [&a, &b].into_iter().for_each(|node| node.set(|state| state.code = vec![9]));
    let error = root.check(&expected).await.unwrap_err();
    assert!(matches!(error, RootError::WrongCode { name: "RootBridge", .. }) && error.halts(), "{error}");
    [&a, &b].into_iter().for_each(|node| node.set(|state| state.code = Vec::new()));
    let any = Expected {
        contracts: vec![ExpectedCode { code_hash: None, ..expected.contracts[0].clone() }],
        ..expected.clone()
    };
    assert!(matches!(root.check(&any).await, Err(RootError::WrongCode { .. })));
    b.set(|state| state.chain_id = 1);
    let error = root.check(&expected).await.unwrap_err();
    assert!(matches!(error, RootError::WrongChain { got: 1, expected: CHAIN, .. }), "{error}");
    assert!(matches!(root.check(&Expected { chain_id: 5, ..any }).await, Err(RootError::Configuration { .. })));
}

#[tokio::test]
async fn final_is_what_the_tag_says_or_the_depth() {
    let node = Node::new();
    let head = over(&[&node]).final_head().await.unwrap();
    assert_eq!((head.number, head.time), (64, 64 * 12_000));
    for (depth, number) in [(0, 100), (7, 93), (1000, 0)] {
        let config = EthereumConfig { finality: Finality::Depth(depth), ..config(&[&node]) };
        assert_eq!(Ethereum::new(config, None).unwrap().final_head().await.unwrap().number, number);
    }
    let root = over(&[&node]);
    assert_eq!(root.final_block(64).await, Ok(head));
    assert_eq!(root.final_block(65).await, Err(RootError::NotFinal { root: root.id, asked: 65, head: 64 }));
    // A node that lags does not hold back the others, and two chains are not one.
    let (ahead, other) = (Node::new(), Node::new());
    ahead.set(|state| state.finalized = 70);
    other.set(|state| state.finalized = 66);
    assert_eq!(over(&[&node, &ahead, &other]).final_head().await.unwrap().number, 66);
    other.set(|state| state.salt = 1);
    assert!(over(&[&node, &other]).final_head().await.unwrap_err().halts());
}

#[tokio::test]
async fn logs_come_in_pages_and_holes_show_in_an_audit() {
    let (a, b) = (Node::new(), Node::new());
    let root = over(&[&a, &b]);
    let places = |logs: Vec<RootLog>| logs.iter().map(|log| (log.block, log.index)).collect::<Vec<_>>();
    assert_eq!(places(root.final_logs(0, 64, &every()).await.unwrap()), [(5, 0), (5, 2), (40, 1)]);
    let some = LogFilter { events: vec![B256::repeat_byte(1)], ..every() };
    assert_eq!(places(root.final_logs(0, 64, &some).await.unwrap()), [(5, 0), (40, 1)]);
    assert!(matches!(root.final_logs(0, 65, &every()).await, Err(RootError::NotFinal { asked: 65, head: 64, .. })));
    assert_eq!(places(root.audit_logs(4, 6, &some).await.unwrap()), [(5, 0)]);

    // One leaves a log out, or is of another chain that has none either.
    b.set(|state| state.logs.clear());
    assert!(root.final_logs(0, 64, &every()).await.unwrap_err().halts());
    a.set(|state| state.logs.clear());
    assert_eq!(root.final_logs(0, 64, &every()).await, Ok(Vec::new()));
    b.set(|state| state.salt = 1);
    assert!(root.final_logs(0, 64, &every()).await.unwrap_err().halts());
}

#[tokio::test]
async fn a_log_that_was_not_asked_for_is_refused() {
    let state = Mutex::new(State { page: 1000, ..State::default() });
    let server = Server::json_rpc(move |method, params| {
        let mut params = params.clone();
        if method == "eth_getLogs" {
            // As a node would that ignores the filter.
            params[0]["fromBlock"] = json!("0x0");
        }
        state.lock().unwrap().answer(method, &params)
    });
    let config = EthereumConfig { endpoints: vec![server.url.clone()], ..config(&[]) };
    let error = Ethereum::new(config, None).unwrap().final_logs(30, 64, &every()).await.unwrap_err();
    assert!(error.to_string().contains("not asked for"), "{error}");
}

#[tokio::test]
async fn views_are_of_the_final_head_and_reverts_have_reasons() {
    let (node, ahead) = (Node::new(), Node::new());
    ahead.set(|state| state.finalized = 90);
    let root = over(&[&node, &ahead]);
    let answer = root.final_call(BRIDGE, Bytes::new()).await.unwrap();
    assert_eq!(answer.last(), Some(&64), "both at the block that both have");
    let message = hex!("08c379a000000000000000000000000000000000000000000000000000000000000000200000000000000000000000000000000000000000000000000000000000000004706169640000000000000000000000000000000000000000000000000000000000000000").to_vec();
    let panic = hex!("4e487b710000000000000000000000000000000000000000000000000000000000000011").to_vec();
    for (data, reason) in [
        (message, "paid"),
        (panic, "arithmetic"),
        (vec![0xde, 0xad, 0xbe, 0xef, 1], "error 0xdeadbeef"),
        (vec![], "no reason"),
    ] {
        [&node, &ahead].into_iter().for_each(|node| node.set(|state| state.revert = Some(data.clone())));
        let Err(RootError::Reverted { revert, .. }) = root.final_call(BRIDGE, Bytes::new()).await else { panic!() };
        assert!(revert.reason.contains(reason), "{revert}");
        let call = Call { from: None, to: BRIDGE, value: U256::ZERO, data: Bytes::new() };
        assert_eq!(root.simulate(&call).await.unwrap().result, Err(revert.clone()));
        assert!(matches!(root.prepare(&intent(), &policy(), &[]).await, Err(RootError::Reverted { .. })));
    }
}

#[tokio::test]
async fn an_attempt_takes_the_lowest_free_nonce() {
    let node = Node::new();
    let root = over(&[&node]);
    let first = root.prepare(&intent(), &policy(), &[]).await.unwrap();
    assert_eq!((first.slot, first.from), (Slot::Nonce(3), key().address()));
    let tx = TxEnvelope::decode_2718(&mut first.version.bytes.as_ref()).unwrap();
    assert_eq!((tx.nonce(), tx.chain_id(), tx.gas_limit(), tx.kind()), (3, Some(CHAIN), 120_000, TxKind::Call(BRIDGE)));
    assert_eq!((tx.max_fee_per_gas(), tx.max_priority_fee_per_gas()), (21 * GWEI, Some(GWEI)));
    assert_eq!(tx.as_eip1559().unwrap().recover_signer().unwrap(), key().address());

    // As after a restart: only what was kept counts.
    let text = serde_json::to_string(&first).unwrap();
    let kept: Attempt = serde_json::from_str(&text).unwrap();
    let second = root.prepare(&intent(), &policy(), std::slice::from_ref(&kept)).await.unwrap();
    assert_eq!(second.slot, Slot::Nonce(4));
    let third = root.prepare(&intent(), &policy(), std::slice::from_ref(&second)).await.unwrap();
    assert_eq!(third.slot, Slot::Nonce(3), "the gap is filled");
    let deployment =
        root.prepare(&Intent::deploy("d", "Bridge", Bytes::from_static(&[1])), &policy(), &[first, second]).await;
    let deployment = deployment.unwrap();
    assert_eq!((deployment.slot, deployment.creates), (Slot::Nonce(5), Some(key().address().create(5))));
}

#[tokio::test]
async fn an_attempt_must_be_affordable() {
    let node = Node::new();
    let root = over(&[&node]);
    // 120,000 gas at 11 gwei.
    let low = FeePolicy::new(U256::from(119_999 * 11 * GWEI));
    let error = root.prepare(&intent(), &low, &[]).await.unwrap_err();
    assert!(
        matches!(error, RootError::AboveCeiling { needs, .. } if needs == U256::from(120_000 * 11 * GWEI)),
        "{error}"
    );
    let first = root.prepare(&intent(), &policy(), &[]).await.unwrap();
    node.set(|state| state.balance = 120_000 * 21 * GWEI);
    assert!(root.prepare(&intent(), &policy(), &[]).await.is_ok());
    let error = root.prepare(&intent(), &policy(), &[first]).await.unwrap_err();
    assert!(matches!(error, RootError::Unfunded { needs, .. } if needs == U256::from(240_000 * 21 * GWEI)), "{error}");
    let funds = root.funds(&FeePolicy::new(U256::from(120_000 * 21 * GWEI + 1))).await.unwrap();
    assert!(!funds.suffice());
    let reader = Ethereum::new(config(&[&node]), None).unwrap();
    assert!(matches!(reader.prepare(&intent(), &policy(), &[]).await, Err(RootError::Key { .. })));
    let tired = Intent { raises: 3, ..intent() };
    assert!(matches!(root.prepare(&tired, &policy(), &[]).await, Err(RootError::Invalid { .. })));
}

#[tokio::test]
async fn a_bump_replaces_the_same_nonce_and_any_version_may_be_the_one() {
    let node = Node::new();
    let root = over(&[&node]);
    let first = root.prepare(&intent(), &policy(), &[]).await.unwrap();
    assert_eq!(root.broadcast(&first).await, BroadcastVerdict::Accepted);
    assert_eq!(root.bump(&first, &policy()).await, Ok(None), "it would do at these prices");
    node.set(|state| state.base_fee = 30 * GWEI);
    let second = root.bump(&first, &policy()).await.unwrap().unwrap();
    assert_eq!((second.slot, &second.earlier), (first.slot, &vec![first.version.clone()]));
    let tx = |version: &Version| TxEnvelope::decode_2718(&mut version.bytes.as_ref()).unwrap();
    let (old, new) = (tx(&first.version), tx(&second.version));
    assert_eq!((new.nonce(), new.input(), new.gas_limit()), (old.nonce(), old.input(), old.gas_limit()));
    assert!(new.max_fee_per_gas() * 8 >= old.max_fee_per_gas() * 9 && new.max_fee_per_gas() >= 31 * GWEI);
    assert!(new.max_priority_fee_per_gas().unwrap() * 8 >= old.max_priority_fee_per_gas().unwrap() * 9);
    assert_eq!(root.broadcast(&second).await, BroadcastVerdict::Accepted);
    assert_eq!(node.state.lock().unwrap().sent, [old, new]);
    // Above the ceiling nothing is offered.
    node.set(|state| state.base_fee = 1000 * GWEI);
    assert_eq!(root.bump(&second, &FeePolicy::new(second.version.fee.most())).await, Ok(None));
    // The first one happens all the same.
    let mined = Mined { block: 64, status: 1, gas: 90_000 };
    node.set(|state| _ = state.mined.insert(first.version.id, mined));
    let expected =
        AttemptStatus::Final { id: first.version.id, block: 64, ending: Ending::Done, fee: U256::from(180_000) };
    assert_eq!(root.status(&second).await, Ok(expected));
    let other = Ethereum::new(config(&[&node]), Some(PrivateKeySigner::random())).unwrap();
    assert!(matches!(other.bump(&second, &policy()).await, Err(RootError::Key { .. })));
}

#[tokio::test]
async fn a_status_goes_from_unknown_to_final_or_dead_and_back_before_that() {
    let node = Node::new();
    let root = over(&[&node]);
    let attempt = root.prepare(&intent(), &policy(), &[]).await.unwrap();
    let id = attempt.version.id;
    assert_eq!(root.status(&attempt).await, Ok(AttemptStatus::Unknown));
    node.set(|state| _ = state.mined.insert(id, Mined { block: 80, status: 1, gas: 90_000 }));
    node.set(|state| _ = state.nonces.insert(80, 4));
    assert_eq!(root.status(&attempt).await, Ok(AttemptStatus::Included { block: 80 }));
    // A reorganisation before it is final.
    node.set(|state| state.mined.clear());
    assert_eq!(root.status(&attempt).await, Ok(AttemptStatus::Unknown), "its nonce is used, but not finally");
    // Something else has the nonce, finally.
    node.set(|state| state.finalized = 80);
    assert!(matches!(root.status(&attempt).await, Ok(AttemptStatus::Dead { .. })));

    let endings = [
        (Mined { block: 80, status: 1, gas: 90_000 }, Ending::Done),
        (Mined { block: 80, status: 0, gas: 120_000 }, Ending::OutOfEnergy),
        (Mined { block: 80, status: 0, gas: 119_999 }, Ending::Reverted("error 0xdeadbeef".to_owned())),
    ];
    node.set(|state| state.revert = Some(vec![0xde, 0xad, 0xbe, 0xef]));
    for (mined, expected) in endings {
        node.set(|state| _ = state.mined.insert(id, mined));
        let Ok(AttemptStatus::Final { ending, .. }) = root.status(&attempt).await else { panic!() };
        assert_eq!(ending, expected);
    }
}

#[tokio::test]
async fn two_nodes_must_agree_that_an_attempt_is_dead() {
    let nodes = [Node::new(), Node::new(), Node::new()];
    let [a, b, c] = &nodes;
    let root = over(&[a, b, c]);
    let attempt = root.prepare(&intent(), &policy(), &[]).await.unwrap();
    a.set(|state| _ = state.nonces.insert(10, 9));
    assert_eq!(root.status(&attempt).await, Ok(AttemptStatus::Unknown));
    b.set(|state| _ = state.nonces.insert(10, 9));
    assert!(matches!(root.status(&attempt).await, Ok(AttemptStatus::Dead { .. })));
    let mined = Mined { block: 90, status: 1, gas: 1 };
    c.set(|state| _ = state.mined.insert(attempt.version.id, mined));
    assert_eq!(root.status(&attempt).await, Ok(AttemptStatus::Included { block: 90 }), "one has it in a block");
    c.set(|state| _ = state.mined.insert(attempt.version.id, Mined { block: 60, ..mined }));
    assert!(root.status(&attempt).await.unwrap_err().halts());
}

#[tokio::test]
async fn bytes_that_are_not_the_attempt_are_neither_sent_nor_believed() {
    let node = Node::new();
    let root = over(&[&node]);
    let mut attempt = root.prepare(&intent(), &policy(), &[]).await.unwrap();
    node.set(|state| state.refusal = Some("insufficient funds for gas * price + value"));
    let BroadcastVerdict::Refused(why) = root.broadcast(&attempt).await else { panic!() };
    assert!(why.contains("insufficient funds") && why.contains("127.0.0.1"), "{why}");
    attempt.version.id = B256::ZERO;
    assert!(
        matches!(root.broadcast(&attempt).await, BroadcastVerdict::Refused(why) if why.contains("not that transaction"))
    );
    assert!(matches!(root.status(&attempt).await, Err(RootError::Invalid { .. })));
    attempt.slot = Slot::Expires(1);
    assert!(matches!(root.status(&attempt).await, Err(RootError::Invalid { .. })));
    let gone = over(&[&Node::new()]);
    let attempt = root.prepare(&intent(), &policy(), &[]).await.unwrap();
    assert!(matches!(gone.broadcast(&attempt).await, BroadcastVerdict::RetrySame(_)));
    assert!(gone.status(&attempt).await.unwrap_err().is_passing());
}

#[tokio::test]
async fn a_transaction_waits_if_any_node_has_it() {
    let node = |has: bool| {
        Server::json_rpc(move |method, _| match method {
            "eth_getTransactionByHash" => Ok(if has { json!({ "blockNumber": null }) } else { Value::Null }),
            other => panic!("{other} is asked"),
        })
    };
    for (nodes, waits) in [([node(false), node(false)], false), ([node(false), node(true)], true)] {
        let endpoints = nodes.iter().map(|server| server.url.clone()).collect();
        let root = Ethereum::new(EthereumConfig { endpoints, ..config(&[]) }, None).unwrap();
        assert_eq!(root.is_waiting(B256::repeat_byte(1)).await, waits);
    }
}

use super::*;
use crate::{
    root::{
        Ending, ExpectedCode,
        mock::{Reply, Server, reply},
    },
    tron::{Action as Acts, address::to_wire},
};
use alloy_primitives::hex;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

const CHAIN: u64 = 728_126_428;
const BRIDGE: Address = Address::repeat_byte(0xb1);
const TRX: u64 = 1_000_000;
const GENESIS: u64 = 1_700_000_000_000;

/// What a node knows. Block `n` is of `GENESIS + 3000 n`.
struct State {
    chain_id: u64,
    newest: u64,
    solid: u64,
    salt: u8,
    balance: u64,
    free_bandwidth: u64,
    energy: u64,
    revert: Option<&'static str>,
    can_estimate_creation: bool,
    /// Receipts, each in a block.
    receipts: BTreeMap<B256, Value>,
    /// What the index of logs leaves out.
    hole: Option<B256>,
    broadcast: Value,
    sent: Vec<Signed>,
    /// Paths asked, in order.
    asked: Vec<String>,
    busy: bool,
    /// What becomes of each answer, after the request took effect.
    instead: Option<fn() -> Reply>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            chain_id: CHAIN,
            newest: 100,
            solid: 81,
            salt: 0,
            balance: 10_000 * TRX,
            free_bandwidth: 0,
            energy: 396_000,
            revert: None,
            can_estimate_creation: true,
            receipts: BTreeMap::new(),
            hole: None,
            broadcast: json!({ "result": true, "code": "SUCCESS" }),
            sent: Vec::new(),
            asked: Vec::new(),
            busy: false,
            instead: None,
        }
    }
}

fn plain(id: B256) -> String {
    hex::encode(id)
}

fn receipt(block: u64, how: &str, logs: &[(Address, u8)]) -> Value {
    let logs: Vec<_> = logs
        .iter()
        .map(|(address, event)| json!({ "address": hex::encode(address), "topics": [plain(B256::repeat_byte(*event))], "data": "01" }))
        .collect();
    let mut receipt = json!({ "blockNumber": block, "fee": 345, "log": logs, "receipt": { "result": how } });
    if how != "SUCCESS" {
        receipt["result"] = json!("FAILED");
    }
    receipt
}

impl State {
    fn id(&self, number: u64) -> BlockId {
        BlockId::of(number, &[self.salt, number as u8])
    }

    fn block(&self, number: u64) -> Value {
        json!({
            "blockID": plain(self.id(number).0),
            "block_header": { "raw_data": { "number": number, "timestamp": GENESIS + 3000 * number } },
        })
    }

    fn told(&self, id: &B256) -> Option<Value> {
        let mut receipt = self.receipts.get(id)?.clone();
        receipt["id"] = json!(plain(*id));
        Some(receipt)
    }

    fn answer(&mut self, path: &str, body: &Value) -> Reply {
        self.asked.push(path.to_owned());
        if self.busy {
            return Reply::Json(json!({ "Error": "class X : lack of computing resources" }));
        }
        let id = |field: &str| body[field].as_str().unwrap().parse::<B256>().unwrap();
        Reply::Json(match path {
            "/wallet/getnowblock" => self.block(self.newest),
            "/walletsolidity/getnowblock" => self.block(self.solid),
            "/wallet/getblock" => match body["id_or_num"].as_str().unwrap().parse().unwrap() {
                number if number <= self.newest => self.block(number),
                _ => json!({}),
            },
            "/wallet/getchainparameters" => json!({ "chainParameter": [
                { "key": "getEnergyFee", "value": 100 }, { "key": "getTransactionFee", "value": 1000 },
                { "key": "getMaxFeeLimit", "value": 15_000 * TRX }, { "key": "getMaxCpuTimeOfOneTx", "value": 80 },
            ] }),
            "/wallet/getaccount" => json!({ "address": body["address"], "balance": self.balance }),
            "/wallet/getaccountresource" => json!({ "freeNetLimit": self.free_bandwidth }),
            "/wallet/triggerconstantcontract" | "/walletsolidity/triggerconstantcontract" => {
                let creation = body.get("contract_address").is_none();
                match self.revert {
                    _ if creation && !self.can_estimate_creation => {
                        json!({ "result": { "code": "CONTRACT_VALIDATE_ERROR", "message": "4e6f" } })
                    }
                    Some(data) => json!({
                        "result": { "result": true }, "energy_used": 300, "constant_result": [data],
                        "transaction": { "ret": [{ "ret": "FAILED" }] },
                    }),
                    None => {
                        json!({ "result": { "result": true }, "energy_used": self.energy, "constant_result": ["2a"] })
                    }
                }
            }
            "/wallet/broadcasthex" => {
                let bytes = hex::decode(body["transaction"].as_str().unwrap()).unwrap();
                self.sent.push(Signed::decode(&bytes).unwrap());
                self.broadcast.clone()
            }
            "/walletsolidity/gettransactioninfobyid" => {
                let solid = |told: &Value| told["blockNumber"].as_u64().unwrap() <= self.solid;
                self.told(&id("value")).filter(solid).unwrap_or_else(|| json!({}))
            }
            "/wallet/gettransactioninfobyid" => self.told(&id("value")).unwrap_or_else(|| json!({})),
            "/walletsolidity/gettransactioninfobyblocknum" => {
                let of = self.receipts.iter().filter(|(_, receipt)| receipt["blockNumber"] == body["num"]);
                of.map(|(id, _)| self.told(id).unwrap()).collect()
            }
            "/jsonrpc" => return reply(body, |method, params| Ok(self.rpc(method, params))),
            _ => return Reply::Status(404),
        })
    }

    fn rpc(&self, method: &str, params: &Value) -> Value {
        match method {
            "eth_chainId" => json!(format!("{:#x}", self.chain_id)),
            "eth_getCode" => json!("0x010203"),
            "eth_getLogs" => {
                let number = |field: &str| u64::from_str_radix(&params[0][field].as_str().unwrap()[2..], 16).unwrap();
                let mut logs = Vec::new();
                let mut places = BTreeMap::new();
                for (id, receipt) in &self.receipts {
                    let block = receipt["blockNumber"].as_u64().unwrap();
                    for log in receipt["log"].as_array().unwrap() {
                        let place: &mut u64 = places.entry(block).or_default();
                        let index = *place;
                        *place += 1;
                        // A node answers short beyond its head, without an error.
                        let asked = (number("fromBlock")..=number("toBlock").min(self.solid)).contains(&block);
                        let address: Address = log["address"].as_str().unwrap().parse().unwrap();
                        if asked && json!(address) == params[0]["address"] && self.hole != Some(*id) {
                            logs.push(json!({
                                "address": address, "topics": [format!("0x{}", log["topics"][0].as_str().unwrap())], "data": "0x01",
                                "blockNumber": format!("{block:#x}"), "transactionHash": id, "logIndex": format!("{index:#x}"), "removed": false,
                            }));
                        }
                    }
                }
                Value::Array(logs)
            }
            other => panic!("{other}"),
        }
    }
}

/// One node.
struct Served {
    state: Arc<Mutex<State>>,
    server: Server,
}

impl Served {
    fn new() -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let served = Arc::clone(&state);
        let server = Server::new(move |path, body| {
            let mut state = served.lock().unwrap();
            let answer = state.answer(path, &body);
            state.instead.map_or(answer, |instead| instead())
        });
        Self { state, server }
    }

    fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap());
    }
}

fn config(nodes: &[&Served]) -> TronConfig {
    let endpoint = |node: &&Served| {
        let url = node.server.url.clone();
        TronEndpoint { full: url.clone(), json_rpc: format!("{url}/jsonrpc"), solid: url }
    };
    TronConfig {
        chain_id: CHAIN,
        endpoints: nodes.iter().map(endpoint).collect(),
        agreement: Agreement { agree: None, patience: Duration::from_secs(5), pause: Duration::from_millis(1) },
        account: None,
        permission: 0,
    }
}

fn key() -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&B256::repeat_byte(7)).unwrap()
}

fn over(nodes: &[&Served]) -> Tron {
    Tron::new(config(nodes), Some(key())).unwrap()
}

fn intent() -> Intent {
    Intent::call("checkpoint/1", BRIDGE, Bytes::from_static(&[1, 2, 3, 4]))
}

fn policy() -> FeePolicy {
    FeePolicy::new(U256::from(200 * TRX))
}

fn read(attempt: &Attempt) -> (Signed, Terms) {
    let signed = Signed::decode(&attempt.version.bytes).unwrap();
    let terms = signed.terms().unwrap();
    (signed, terms)
}

#[tokio::test]
async fn chain_and_code_are_checked() {
    let node = Served::new();
    let root = over(&[&node]);
    let contract = ExpectedCode { name: "RootBridge", address: BRIDGE, code_hash: Some(keccak256([1, 2, 3])) };
    let expected = Expected { chain_id: CHAIN, contracts: vec![contract] };
    assert_eq!(root.check(&expected).await, Ok(()));
    let mut other = expected.clone();
    other.contracts[0].code_hash = Some(B256::ZERO);
    assert!(matches!(root.check(&other).await, Err(RootError::WrongCode { .. })));
    node.set(|state| state.chain_id = 1);
    assert!(matches!(root.check(&expected).await, Err(RootError::WrongChain { got: 1, .. })));
    assert!(Tron::new(TronConfig { permission: 1, ..config(&[&node]) }, None).is_err());
}

#[tokio::test]
async fn an_attempt_refers_to_a_solid_block_and_expires() {
    let node = Served::new();
    let root = over(&[&node]);
    let attempt = root.prepare(&intent(), &policy(), &[]).await.unwrap();
    let (signed, terms) = read(&attempt);
    assert_eq!(signed.signers().unwrap(), [key().address()]);
    assert!(signed.is_canonical());
    assert_eq!(terms.reference, node.state.lock().unwrap().id(81).reference());
    let head = GENESIS + 300_000;
    assert_eq!((terms.expiration, attempt.slot), (head + 180_000, Slot::Expires(head + 180_000)));
    assert!((head..head + 3000).contains(&terms.timestamp));
    // 396,000 energy x 1.3 x 100 sun.
    assert_eq!(terms.fee_limit, 51_480_000);
    let bandwidth = signed.bandwidth() * 1000;
    let VersionFee::Limit { fee_limit: 51_480_000, bandwidth: counted } = attempt.version.fee else { panic!() };
    assert!((bandwidth..=bandwidth + 4000).contains(&counted), "{counted} for {bandwidth}");
    let call =
        tron::Call { owner: key().address(), contract: BRIDGE, value: 0, data: Bytes::from_static(&[1, 2, 3, 4]) };
    assert_eq!(signed.action().unwrap(), Acts::Call(call));
    assert_eq!(attempt.version.id, signed.id());

    // The same call for another intent is another transaction, and so is one more attempt that is alive.
    let other = root.prepare(&Intent { key: "checkpoint/2".to_owned(), ..intent() }, &policy(), &[]).await.unwrap();
    assert_ne!(other.version.id, attempt.version.id);
    let again = root.prepare(&intent(), &policy(), std::slice::from_ref(&attempt)).await.unwrap();
    assert_ne!(again.version.id, attempt.version.id);
    for seconds in [59, 601] {
        let lifetime = FeePolicy { lifetime: Duration::from_secs(seconds), ..policy() };
        assert!(matches!(root.prepare(&intent(), &lifetime, &[]).await, Err(RootError::Configuration { .. })));
    }
}

#[tokio::test]
async fn fees_are_clamped_and_must_be_there() {
    let node = Served::new();
    let root = over(&[&node]);
    let limit = async |intent: &Intent, fee: &FeePolicy| {
        root.prepare(intent, fee, &[]).await.map(|made| read(&made).1.fee_limit)
    };
    let raised = |raises| Intent { raises, ..intent() };
    assert_eq!(limit(&raised(1), &policy()).await, Ok(77_220_000));
    assert_eq!(limit(&raised(2), &policy()).await, Ok(115_830_000));
    assert!(matches!(limit(&raised(3), &policy()).await, Err(RootError::Invalid { .. })));
    let low = FeePolicy::new(U256::from(45 * TRX));
    let clamped = limit(&intent(), &low).await.unwrap();
    assert!((44 * TRX..45 * TRX).contains(&clamped), "what bandwidth leaves: {clamped}");
    assert!(matches!(limit(&raised(1), &low).await, Err(RootError::AboveCeiling { .. })));
    let error = limit(&intent(), &FeePolicy::new(U256::from(39 * TRX))).await.unwrap_err();
    assert!(error.is_passing(), "{error}");
    node.set(|state| state.free_bandwidth = 600);
    let free = root.prepare(&intent(), &policy(), &[]).await.unwrap();
    assert!(matches!(free.version.fee, VersionFee::Limit { bandwidth: 0, .. }));
    node.set(|state| state.energy = 1_000);
    assert_eq!(limit(&intent(), &policy()).await, Ok(20 * TRX));

    node.set(|state| state.balance = 20 * TRX);
    let one = root.prepare(&intent(), &policy(), &[]).await.unwrap();
    let error = root.prepare(&intent(), &policy(), &[one]).await.unwrap_err();
    assert!(matches!(error, RootError::Unfunded { needs, .. } if needs == U256::from(40 * TRX)), "{error}");
    let funds = root.funds(&policy()).await.unwrap();
    assert_eq!((funds.balance, funds.least), (U256::from(20 * TRX), U256::from(220 * TRX)));
}

#[tokio::test]
async fn what_would_revert_is_not_signed() {
    let node = Served::new();
    let root = over(&[&node]);
    node.set(|state| state.revert = Some("deadbeef"));
    let error = root.prepare(&intent(), &policy(), &[]).await.unwrap_err();
    assert!(matches!(&error, RootError::Reverted { revert, .. } if revert.reason == "error 0xdeadbeef"), "{error}");
    let call = Call { from: None, to: BRIDGE, value: U256::from(5), data: Bytes::new() };
    assert!(root.simulate(&call).await.unwrap().result.is_err());
    assert!(matches!(root.final_call(BRIDGE, Bytes::new()).await, Err(RootError::Reverted { .. })));
    node.set(|state| state.revert = None);
    let simulation = root.simulate(&call).await.unwrap();
    assert_eq!((simulation.gas, simulation.cost), (396_000, U256::from(39_600_000)));
    let asked = node.state.lock().unwrap().asked.clone();
    assert_eq!(asked.iter().filter(|path| path.ends_with("solidity/triggerconstantcontract")).count(), 1);
    assert_eq!(root.final_call(BRIDGE, Bytes::new()).await, Ok(Bytes::from_static(&[0x2a])));
}

#[tokio::test]
async fn a_deployment_and_a_permission() {
    let node = Served::new();
    let deployment = Intent::deploy("deploy/RootBridge", "RootBridge", Bytes::from_static(&[0x60, 0x80]));
    for can_estimate in [true, false] {
        node.set(|state| state.can_estimate_creation = can_estimate);
        let attempt = over(&[&node]).prepare(&deployment, &policy(), &[]).await.unwrap();
        let (signed, terms) = read(&attempt);
        assert_eq!(attempt.creates, Some(created_address(signed.id(), key().address())));
        assert!(matches!(signed.action(), Ok(Acts::Creation(creation)) if creation.bytecode[..] == [0x60, 0x80]));
        assert!(if can_estimate { terms.fee_limit == 51_480_000 } else { terms.fee_limit > 199 * TRX });
    }
    let account = Address::repeat_byte(5);
    let shared = TronConfig { account: Some(account), permission: 2, ..config(&[&node]) };
    let attempt = Tron::new(shared, Some(key())).unwrap().prepare(&intent(), &policy(), &[]).await.unwrap();
    let (signed, _) = read(&attempt);
    assert!(matches!(signed.action(), Ok(Acts::Call(call)) if call.owner == account));
    assert_eq!((attempt.from, signed.signers().unwrap()), (account, vec![key().address()]));
    let owner = hex::encode(to_wire(account));
    let raw = hex::encode(&attempt.version.bytes);
    assert!(raw.contains(&owner) && raw.contains("2802"), "Permission_id is field 5");
}

#[tokio::test]
async fn the_same_bytes_go_to_every_node_and_the_best_verdict_counts() {
    let nodes = [Served::new(), Served::new()];
    let [a, b] = &nodes;
    let root = over(&[a, b]);
    let attempt = root.prepare(&intent(), &policy(), &[]).await.unwrap();
    let says =
        |node: &Served, code: &str| node.set(|state| state.broadcast = json!({ "code": code, "message": "4e6f" }));
    let verdict = async |first: &str, second: &str| {
        says(a, first);
        says(b, second);
        root.broadcast(&attempt).await
    };
    use BroadcastVerdict::{Accepted, Known, Rebuild, Refused, RetrySame};
    assert_eq!(verdict("SUCCESS", "SIGERROR").await, Accepted);
    assert_eq!(verdict("TAPOS_ERROR", "DUP_TRANSACTION_ERROR").await, Known);
    assert!(matches!(verdict("SERVER_BUSY", "TAPOS_ERROR").await, RetrySame(_)));
    assert!(matches!(verdict("CONTRACT_VALIDATE_ERROR", "TRANSACTION_EXPIRATION_ERROR").await, Rebuild(_)));
    assert!(matches!(verdict("BANDWITH_ERROR", "OTHER_ERROR").await, Refused(_)));
    b.set(|state| state.busy = true);
    assert!(matches!(root.broadcast(&attempt).await, RetrySame(_)), "it may have taken it");
    for node in &nodes {
        let sent = node.state.lock().unwrap();
        assert!(sent.sent.iter().all(|sent| sent.encode() == attempt.version.bytes) && sent.sent.len() >= 5);
    }
    let mut broken = attempt;
    broken.slot = Slot::Expires(1);
    assert!(matches!(root.broadcast(&broken).await, Refused(_)));
    assert_eq!(root.bump(&broken, &policy()).await, Ok(None));
}

#[tokio::test]
async fn an_answer_that_is_lost_is_no_refusal() {
    let node = Served::new();
    let mut config = config(&[&node]);
    config.agreement.patience = Duration::from_millis(300);
    let root = Tron::new(config, Some(key())).unwrap();
    let attempt = root.prepare(&intent(), &policy(), &[]).await.unwrap();
    let odd: [fn() -> Reply; 4] =
        [|| Reply::Hang, || Reply::Close, || Reply::Status(502), || Reply::Text("pruned".to_owned())];
    for (sent, instead) in (1..).zip(odd) {
        node.set(|state| state.instead = Some(instead));
        assert!(matches!(root.broadcast(&attempt).await, BroadcastVerdict::RetrySame(_)), "{sent}");
        assert_eq!(node.state.lock().unwrap().sent.len(), sent, "it was taken all the same");
        let error = root.final_head().await.unwrap_err();
        assert_eq!(error.is_passing(), sent < 4, "{error}");
        assert!(root.status(&attempt).await.is_err(), "nothing is concluded from silence");
    }
}

#[tokio::test]
async fn dead_only_once_the_solid_head_is_past_the_expiration() {
    let node = Served::new();
    let root = over(&[&node]);
    let attempt = root.prepare(&intent(), &policy(), &[]).await.unwrap();
    let id = attempt.version.id;
    assert_eq!(root.status(&attempt).await, Ok(AttemptStatus::Unknown));
    node.set(|state| _ = state.receipts.insert(id, receipt(101, "SUCCESS", &[])));
    node.set(|state| state.newest = 101);
    assert_eq!(root.status(&attempt).await, Ok(AttemptStatus::Included { block: 101 }));
    node.set(|state| state.receipts.clear());
    assert_eq!(root.status(&attempt).await, Ok(AttemptStatus::Unknown), "its block was reverted");
    // It expires with block 160.
    node.set(|state| (state.newest, state.solid) = (178, 159));
    assert_eq!(root.status(&attempt).await, Ok(AttemptStatus::Unknown), "the newest head does not count");
    node.set(|state| state.solid = 160);
    node.state.lock().unwrap().asked.clear();
    assert!(matches!(root.status(&attempt).await, Ok(AttemptStatus::Dead { .. })));
    let asked = node.state.lock().unwrap().asked.clone();
    assert_eq!(asked, ["/walletsolidity/getnowblock", "/walletsolidity/gettransactioninfobyid"], "the head first");
    node.set(|state| _ = state.receipts.insert(id, receipt(120, "SUCCESS", &[])));
    let done = AttemptStatus::Final { id, block: 120, ending: Ending::Done, fee: U256::from(345) };
    assert_eq!(root.status(&attempt).await, Ok(done));
    for (how, ending) in [
        ("REVERT", Ending::Reverted("it gives no reason".to_owned())),
        ("OUT_OF_ENERGY", Ending::OutOfEnergy),
        ("OUT_OF_TIME", Ending::OutOfTime),
        ("STACK_OVERFLOW", Ending::Failed("STACK_OVERFLOW FAILED ".to_owned())),
    ] {
        node.set(|state| _ = state.receipts.insert(id, receipt(120, how, &[])));
        let Ok(AttemptStatus::Final { ending: got, .. }) = root.status(&attempt).await else { panic!() };
        assert_eq!(got, ending);
    }
}

#[tokio::test]
async fn nodes_that_lag_neither_bury_an_attempt_nor_answer_for_others() {
    let nodes = [Served::new(), Served::new()];
    let [a, b] = &nodes;
    let root = over(&[a, b]);
    let attempt = root.prepare(&intent(), &policy(), &[]).await.unwrap();
    a.set(|state| (state.newest, state.solid) = (200, 181));
    assert_eq!(root.status(&attempt).await, Ok(AttemptStatus::Unknown));
    b.set(|state| (state.newest, state.solid) = (200, 181));
    assert!(matches!(root.status(&attempt).await, Ok(AttemptStatus::Dead { .. })));
    b.set(|state| _ = state.receipts.insert(attempt.version.id, receipt(150, "SUCCESS", &[])));
    assert!(root.status(&attempt).await.unwrap_err().halts(), "one of them lies");
    b.set(|state| state.busy = true);
    assert!(root.status(&attempt).await.unwrap_err().is_passing());
}

#[tokio::test]
async fn logs_are_of_the_solid_state_and_audits_find_what_the_index_lost() {
    let node = Served::new();
    let root = over(&[&node]);
    let (one, two, three) = (B256::repeat_byte(1), B256::repeat_byte(2), B256::repeat_byte(3));
    node.set(|state| {
        state.receipts.insert(one, receipt(50, "SUCCESS", &[(Address::ZERO, 9), (BRIDGE, 1)]));
        state.receipts.insert(two, receipt(50, "SUCCESS", &[(BRIDGE, 1), (BRIDGE, 2)]));
        state.receipts.insert(three, receipt(90, "SUCCESS", &[(BRIDGE, 1)]));
    });
    let filter = LogFilter { address: BRIDGE, events: Vec::new() };
    let found = root.final_logs(0, 81, &filter).await.unwrap();
    let places: Vec<_> = found.iter().map(|log| (log.block, log.transaction, log.index)).collect();
    assert_eq!(places, [(50, one, 1), (50, two, 2), (50, two, 3)]);
    assert_eq!(root.audit_logs(49, 51, &filter).await.unwrap(), found, "the same keys");
    node.set(|state| state.hole = Some(two));
    assert_eq!(root.final_logs(0, 81, &filter).await.unwrap().len(), 1);
    assert_eq!(root.audit_logs(50, 50, &filter).await.unwrap(), found);
    let error = root.final_logs(0, 90, &filter).await.unwrap_err();
    assert_eq!(error, RootError::NotFinal { root: root.id, asked: 90, head: 81 }, "the node would have answered short");
    assert!(matches!(root.audit_logs(90, 90, &filter).await, Err(RootError::NotFinal { .. })));
    let seen = root.transaction(three).await.unwrap().unwrap();
    assert_eq!((seen.block, seen.is_final, seen.succeeded, seen.logs.len()), (90, false, true, 1));
    assert_eq!(root.transaction(B256::ZERO).await, Ok(None));
    let whole = Served::new();
    whole.set(|state| state.receipts = node.state.lock().unwrap().receipts.clone());
    assert!(over(&[&node, &whole]).final_logs(0, 81, &filter).await.unwrap_err().halts());
    whole.set(|state| (state.solid, state.salt) = (70, 0));
    assert_eq!(over(&[&node, &whole]).final_head().await.unwrap().number, 70);
    whole.set(|state| state.salt = 1);
    assert!(over(&[&node, &whole]).final_head().await.unwrap_err().halts());
}

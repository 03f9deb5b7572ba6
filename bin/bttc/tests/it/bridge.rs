//! The bridge from the command line: a development chain here, a TRON network in this process or another development chain there.

use crate::{
    network::wei,
    program::{DEADLINE, Running, ask, bttc, told},
};
use alloy_primitives::{Address, B256, Bytes, U256, address, hex, keccak256};
use alloy_sol_types::SolCall;
use bttc_bridge::{
    events::{self, Event},
    records::{Record, RecordsOf, link},
    root::{self as roots, Agreement, RootChain, TronConfig, TronEndpoint},
};
use bttc_contracts::root::{ICheckpointManager, IRootBridge, ITestToken, creation_code};
use bttc_primitives::{ChainSpec, format_tron};
use bttc_tron_simulator::{
    Clock, Command, Config, Ending, GenesisAccount, Handle, serve,
    transaction::{Action, Creation},
};
use serde_json::{Value, json};
use std::{
    fs,
    time::{Duration, Instant},
};

/// Plan and genesis of a development chain with staking.
const PLANS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../genesis/dev-staking");
const CHAIN_ID: u64 = 990_994;
const BTT: u128 = crate::network::BTT;
/// One TRX. Unit: sun.
const TRX: u64 = 1_000_000;
/// BTT locked there at the start. Unit: BTT.
const LOCKED: u128 = 1_000_000;
/// Who gets what leaves.
const RECEIVER: Address = address!("0x00000000000000000000000000000000000A11cE");

/// Deploys there, and has everything.
fn owner() -> Address {
    bttc_node::dev_accounts()[0].address()
}

fn token_code() -> Bytes {
    let (name_, symbol_) = ("BitTorrent".to_owned(), "BTT".to_owned());
    creation_code(&ITestToken::constructorCall { name_, symbol_, decimals_: 18 })
}

fn manager_code() -> Bytes {
    let spec = ChainSpec::from_json(&fs::read_to_string(format!("{PLANS}/genesis.json")).unwrap()).unwrap();
    creation_code(&ICheckpointManager::constructorCall {
        sideChainId_: U256::from(CHAIN_ID),
        owner_: owner(),
        maxAge_: 3_650 * 86_400,
        validatorsHash: spec.genesis_validators().unwrap().hash(),
        height: 0,
    })
}

fn bridge_code(root_id: u8, manager: Address) -> Bytes {
    creation_code(&IRootBridge::constructorCall {
        rootId_: U256::from(root_id),
        checkpoints_: manager,
        owner_: owner(),
        guardian_: owner(),
    })
}

/// Calls that list BTT and the coin, and lock BTT: whom, and with what.
fn set_up(token: Address, bridge: Address) -> Vec<(Address, Bytes)> {
    let (cap, floor) = ((U256::from(u64::MAX) * U256::from(1_000_000_000u64)).to(), U256::from(1_000 * BTT).to());
    let list =
        |token| IRootBridge::setAssetCall { token, enabled: true, cap, dailyBps: 200, floor }.abi_encode().into();
    let locked = U256::from(LOCKED * BTT);
    vec![
        (bridge, list(token)),
        (bridge, list(Address::ZERO)),
        (token, ITestToken::mintCall { to: owner(), amount: locked * U256::from(2) }.abi_encode().into()),
        (token, ITestToken::approveCall { spender: bridge, amount: locked }.abi_encode().into()),
        (bridge, IRootBridge::lockCall { token, amount: locked }.abi_encode().into()),
    ]
}

/// A TRON network with the bridge's contracts.
struct Tron {
    net: Handle,
    runtime: tokio::runtime::Runtime,
    token: Address,
    manager: Address,
    bridge: Address,
    code_hash: B256,
}

impl Tron {
    fn up() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let rich = |key: &alloy_signer_local::PrivateKeySigner| GenesisAccount {
            address: key.address(),
            balance: 1_000_000 * TRX,
        };
        let accounts = bttc_node::dev_accounts().iter().map(rich).collect();
        let interval = Duration::from_millis(200);
        let config = Config { accounts, clock: Clock::Real, interval, solid_lag: 2, ..Config::default() };
        let net = runtime.block_on(serve(&config)).unwrap();
        let nobody = Address::ZERO;
        let mut tron = Self { net, runtime, token: nobody, manager: nobody, bridge: nobody, code_hash: B256::ZERO };
        tron.token = tron.create("TestToken", token_code());
        tron.manager = tron.create("CheckpointManager", manager_code());
        tron.bridge = tron.create("RootBridge", bridge_code(2, tron.manager));
        for (contract, data) in set_up(tron.token, tron.bridge) {
            tron.send(&Action::Trigger { contract, value: 0, data, token_value: 0 });
        }
        let question = json!({ "jsonrpc": "2.0", "id": 1, "method": "eth_getCode", "params": [tron.bridge, "latest"] });
        let (question, addr) = (question.to_string(), tron.net.full(0).trim_start_matches("http://").parse().unwrap());
        let length = question.len();
        let head = "POST /jsonrpc HTTP/1.1\r\nHost: tron\r\nContent-Type: application/json\r\nConnection: close";
        let answer = ask(addr, &format!("{head}\r\nContent-Length: {length}\r\n\r\n{question}"));
        let answer: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1.trim()).unwrap();
        let code: Bytes = answer["result"].as_str().unwrap().parse().unwrap();
        assert!(!code.is_empty());
        tron.code_hash = keccak256(code);
        tron
    }

    fn send(&self, action: &Action) -> bttc_tron_simulator::Receipt {
        let id = self.net.send(&bttc_node::dev_accounts()[0], action).unwrap();
        let end = Instant::now() + DEADLINE;
        loop {
            if let Some(receipt) = self.net.receipt(id) {
                assert_eq!(receipt.ending, Some(Ending::Success), "{receipt:?}");
                return receipt;
            }
            assert!(Instant::now() < end, "no block has the transaction");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn create(&self, name: &str, bytecode: Bytes) -> Address {
        let creation = Creation {
            origin: owner(),
            bytecode,
            value: 0,
            percent: 100,
            origin_energy_limit: 10_000_000,
            name: name.to_owned(),
            token_value: 0,
        };
        self.send(&Action::Create(creation)).contract.unwrap()
    }

    fn view<C: SolCall>(&self, to: Address, call: &C) -> C::Return {
        let (ending, output) = self.net.call(owner(), to, call.abi_encode().into()).unwrap();
        assert_eq!(ending, Ending::Success);
        C::abi_decode_returns(&output).unwrap()
    }

    fn registered(&self) -> Registered {
        let chain_id = self.net.chain_id().into();
        Registered { id: 2, chain_id, bridge: self.bridge, code_hash: self.code_hash, btt: self.token }
    }

    fn balance_of(&self, account: Address) -> U256 {
        self.view(self.token, &ITestToken::balanceOfCall { account })
    }

    fn records(&self) -> u64 {
        self.view(self.bridge, &IRootBridge::recordCountCall {})
    }

    /// What a relayer reads of all records.
    fn events(&self) -> Vec<Event> {
        let full = self.net.full(0);
        let json_rpc = format!("{full}/jsonrpc");
        let endpoints = vec![TronEndpoint { solid: full.clone(), full, json_rpc }];
        let chain_id = self.net.chain_id().into();
        let config = TronConfig { chain_id, endpoints, agreement: Agreement::default(), account: None, permission: 0 };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let root = roots::Tron::new(config, None).unwrap();
            let end = Instant::now() + DEADLINE;
            loop {
                let head = root.final_head().await.unwrap().number;
                let logs = root.final_logs(0, head, &events::filter(self.bridge)).await.unwrap();
                if logs.len() as u64 == self.records() {
                    return logs.iter().map(|log| events::read(log).unwrap()).collect();
                }
                assert!(Instant::now() < end, "the records are never final");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        })
    }
}

/// A root chain as the genesis here has it.
struct Registered {
    id: u8,
    chain_id: u64,
    bridge: Address,
    code_hash: B256,
    btt: Address,
}

/// A chain that knows a bridge, and the home of somebody who uses it.
struct World {
    node: Running,
    home: tempfile::TempDir,
    key: String,
}

impl World {
    fn up(root: &Registered) -> Self {
        let Registered { id, chain_id, bridge, code_hash, btt } = root;
        let home = tempfile::tempdir().unwrap();
        let path = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
        let plan = fs::read_to_string(format!("{PLANS}/plan.toml")).unwrap();
        let part = format!(
            r#"
[bridge]
reserve = "400_000_000 BTT"

[[bridge.root]]
root_id = {id}
chain_id = {chain_id}
bridge = "{bridge}"
code_hash = "{code_hash}"
btt = "{btt}"
btt_locked = "{LOCKED} BTT"
"#
        );
        let plan = plan.replacen("731_390_000_000", "730_990_000_000", 1) + &part;
        fs::write(path("plan.toml"), plan).unwrap();
        let build = ["genesis", "build", &path("plan.toml"), "--out", &path("genesis.json")];
        let (code, _, errors) = told(&bttc(&build).output().unwrap());
        assert_eq!(code, 0, "{errors}");
        let chain = path("genesis.json");
        let node = Running::start(&["node", "--chain", &chain, "--rpc.port", "0", "--datadir", &path("data")]);
        fs::write(path("password"), "correct horse\n").unwrap();
        let mut world = Self { node, home, key: String::new() };
        world.import();
        world
    }

    /// Takes in the key of the first account, which has BTT here and everything there.
    fn import(&mut self) {
        let key = &bttc_node::dev_accounts()[0];
        fs::write(self.path("key"), hex::encode_prefixed(key.to_bytes())).unwrap();
        let (file, password) = (self.path("key"), self.path("password"));
        let (code, _, errors) = self.run(&["account", "import", "--key-file", &file, "--password-file", &password]);
        assert_eq!(code, 0, "{errors}");
        self.key = self.path(&format!("bttc/keystore/{}.json", key.address()));
    }

    fn path(&self, name: &str) -> String {
        self.home.path().join(name).to_str().unwrap().to_owned()
    }

    fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let mut command = bttc(arguments);
        let rpc = format!("http://{}", self.node.http);
        command.env("XDG_DATA_HOME", self.home.path()).env("BTTC_RPC", rpc).env("TZ", "UTC");
        told(&command.output().unwrap())
    }

    fn bridge(&self, arguments: &[&str]) -> (i32, String, String) {
        self.run(&[&["bridge"], arguments].concat())
    }

    fn does(&self, arguments: &[&str]) -> String {
        let (code, text, errors) = self.bridge(arguments);
        assert_eq!(code, 0, "{arguments:?}: {text}{errors}");
        text
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.does(&[arguments, &["--json"]].concat())).unwrap()
    }

    /// With key and consent: a transaction, here or there.
    fn sends(&self, arguments: &[&str]) -> Value {
        let password = self.path("password");
        let answer = self.json(&[arguments, &["--keystore", &self.key, "--password-file", &password, "-y"]].concat());
        assert_eq!(answer["state"], "included", "{answer}");
        answer
    }

    /// Must end with an error whose id is known.
    fn refused(&self, id: &str, arguments: &[&str]) -> String {
        let (code, text, errors) = self.bridge(arguments);
        assert!(code == 1 && errors.contains(id), "{arguments:?}: {code} {text}{errors}");
        errors
    }

    /// The same, of a command that would send.
    fn refuses(&self, id: &str, arguments: &[&str]) -> String {
        let password = self.path("password");
        self.refused(id, &[arguments, &["--keystore", &self.key, "--password-file", &password, "-y"]].concat())
    }
}

#[test]
fn value_leaves_and_is_claimed_there() {
    let tron = &Tron::up();
    let (world, there) = (World::up(&tron.registered()), &*tron.net.full(0));
    let to = &*format_tron(RECEIVER);
    assert!(tron.balance_of(RECEIVER).is_zero());

    // What cannot be taken back is refused first.
    let hex_form = RECEIVER.to_string();
    let text = world.refused("E1401", &["exit", "5", "--root", "tron", "--to", &hex_form]);
    assert!(text.contains(to) && text.contains("--any-form"), "{text}");
    let mistyped = format!("{}1", &to[..33]);
    world.refused("E1402", &["exit", "5", "--root", "tron", "--to", &mistyped]);
    world.refused("E1406", &["exit", "5", "--root", "ethereum", "--to", &hex_form]);
    world.refused("E1404", &["exit", "5", "--root", "tron", "--to", &format_tron(tron.bridge)]);
    world.refused("E1404", &["exit", "5", "--root", "tron", "--to", &format_tron(tron.token)]);
    let contract = format_tron(tron.manager);
    world.refused("E1405", &["exit", "5", "--root", "tron", "--to", &contract, "--root-rpc", there]);
    world.refused("E1409", &["exit", "5", &contract, "--root", "tron", "--to", to]);
    world.refused("E1415", &["exit", "0", "--root", "tron", "--to", to]);
    world.refuses("E1414", &["exit", "2000000", "--root", "tron", "--to", to]);
    world.refused("E1419", &["status", "0x12"]);
    world.refused("E1419", &["status", "0"]);

    // A dry run shows all and sends nothing.
    let dry = ["exit", "5", "--root", "tron", "--to", to, "--keystore", &world.key];
    let (code, text, errors) = world.bridge(&dry);
    assert!(code == 2 && errors.contains("dry run"), "{text}{errors}");
    for part in ["sends 5 BTT to", to, "cannot be taken back", "Receiver    not looked at", "Fee         about"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let (code, text, _) = world.bridge(&[&dry[..], &["--root-rpc", there]].concat());
    assert!(code == 2 && !text.contains("not looked at"), "{text}");

    let sent = world.sends(&["exit", "5", "--root", "tron", "--to", to]);
    let event = &sent["events"][0];
    assert_eq!(
        (event["name"].as_str(), event["index"].as_u64(), wei(&event["amount"])),
        (Some("Exit"), Some(0), 5 * BTT)
    );
    let hash = sent["hash"].as_str().unwrap();
    // A second one, signed elsewhere; its bytes are what is told.
    let (unsigned, signed) = (world.path("tx.json"), world.path("tx.signed.json"));
    world.does(&[
        "exit",
        "1.5",
        "btt",
        "--root",
        "tron",
        "--to",
        to,
        "--keystore",
        &world.key,
        "--unsigned",
        &unsigned,
    ]);
    let password = world.path("password");
    let text = world.does(&["sign", &unsigned, "--keystore", &world.key, "--password-file", &password, "-y"]);
    assert!(text.contains(&format!("sends 1.5 BTT to {to} on tron")), "{text}");
    assert_eq!(world.json(&["send", &signed])["events"][0]["index"], 1);

    // How it stands: this node has no relayer, which waiting would not change.
    let text = world.does(&["status"]);
    assert!(text.contains("Exits       2 so far") && text.contains("does not watch"), "{text}");
    let by_hash = world.json(&["status", hash]);
    assert_eq!((by_hash["kind"].as_str(), &by_hash["status"]["exits"][0]["index"]), (Some("exit"), &Value::from(0)));
    let text = world.does(&["status", "1"]);
    assert!(text.contains(&format!("1: 1.5 BTT to {to} on tron")), "{text}");
    world.refused("E1440", &["status", "0", "--wait", "--timeout", "5s"]);
    let text = world.does(&["limits", "--root", "tron", "--token", &format_tron(tron.token)]);
    assert!(text.contains("BTT itself") && text.contains("Can leave   999993.5 BTT"), "{text}");
    assert!(world.does(&["tokens"]).contains("BTT itself"));
    assert!(world.does(&["checkpoints"]).contains("does not watch"));

    // A device cannot sign there, and is not even looked for.
    for command in
        [&["deposit", "1", "btt", "--root", "tron", "--to", &owner().to_string()][..], &["submit", "--root", "tron"]]
    {
        let text = world.refused("E1441", &[command, &["--root-rpc", there, "--ledger"]].concat());
        assert!(text.contains("bttc explain E1441"), "{text}");
    }

    // No checkpoint yet; anybody brings one.
    let claim = ["claim", "0", "--root-rpc", there];
    world.refuses("E1420", &claim);
    world.refused("E1428", &["claim", "0", "--keystore", &world.key]);
    let text = world.does(&["claim", "0", "--calldata"]);
    assert!(
        text.contains(&format!("Contract    {}", format_tron(tron.bridge))) && text.contains("Calldata    0x"),
        "{text}"
    );
    let submitted = world.sends(&["submit", "--root", "tron", "--root-rpc", there]);
    let height = submitted["height"].as_u64().unwrap();
    assert_eq!(tron.view(tron.manager, &ICheckpointManager::trustedCall {}).height, height);
    world.refuses("E1432", &["submit", &height.to_string(), "--root", "tron", "--root-rpc", there]);

    // Paid once, by anybody.
    let (code, text, errors) = world.bridge(&[&claim[..], &["--keystore", &world.key]].concat());
    assert!(code == 2 && errors.contains("dry run") && text.contains(&format!("pays 5 BTT to {to}")), "{text}{errors}");
    assert!(text.contains("energy), at most") && text.contains("TRX"), "{text}");
    let paid = world.sends(&claim);
    assert_eq!((paid["events"][0]["name"].as_str(), wei(&paid["events"][0]["left"])), (Some("ExitPaid"), 0));
    assert_eq!(tron.balance_of(RECEIVER), U256::from(5 * BTT));
    world.refuses("E1421", &claim);
    let paid = world.sends(&["claim", "1", "--root-rpc", there, "--finality"]);
    assert_eq!(paid["transactions"][0]["final"], true);
    assert_eq!(tron.balance_of(RECEIVER), U256::from(13 * BTT / 2));
}

#[test]
fn value_is_deposited_and_never_twice() {
    let tron = &Tron::up();
    let (world, there) = (World::up(&tron.registered()), &*tron.net.full(0));
    let to = &*bttc_node::dev_accounts()[3].address().to_string();
    let deposit = |amount: &'static str, token: &'static str| {
        ["deposit", amount, token, "--root", "tron", "--to", to, "--root-rpc", there]
    };

    // Another chain than the registered one.
    let config = Config { chain_id: Some(7), ..Config::default() };
    let other = tron.runtime.block_on(serve(&config)).unwrap();
    let elsewhere = ["deposit", "5", "btt", "--root", "tron", "--to", to, "--root-rpc", &other.full(0)];
    assert!(world.refuses("E1427", &elsewhere).contains("chain 7"));
    world.refuses("E1428", &["deposit", "5", "btt", "--root", "tron", "--to", to, "--root-rpc", "http://127.0.0.1:1"]);
    world.refuses("E1413", &deposit("1000001", "btt"));
    let unlisted = format_tron(tron.manager);
    world.refuses("E1425", &["deposit", "5", &unlisted, "--root", "tron", "--to", to, "--root-rpc", there]);
    let lost = ["deposit", "5", "btt", "--root", "tron", "--to", "0x0000000000000000000000000000000000001001"];
    world.refused("E1404", &[&lost[..], &["--root-rpc", there]].concat());
    world.refuses("E1430", &[&deposit("5", "native")[..], &["--max-fee", "0.000001"]].concat());

    // Both transactions are shown beforehand; exactly the amount is approved.
    let (code, text, errors) = world.bridge(&[&deposit("5", "btt")[..], &["--keystore", &world.key]].concat());
    assert!(code == 2 && errors.contains("dry run"), "{text}{errors}");
    for part in ["Step 1      lets the bridge", "take 5 BTT, and no more", "Step 2      deposits 5 BTT for"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let made = world.sends(&deposit("5", "btt"));
    assert_eq!(made["transactions"].as_array().unwrap().len(), 2, "{made}");
    // The first record tells the names of the token.
    assert_eq!((made["deposit"]["nonce"].as_u64(), wei(&made["deposit"]["amount"])), (Some(1), 5 * BTT));
    let allowance = ITestToken::allowanceCall { account: owner(), spender: tron.bridge };
    assert!(tron.view(tron.token, &allowance).is_zero());
    let made = world.sends(&deposit("100", "native"));
    assert_eq!((made["deposit"]["nonce"].as_u64(), wei(&made["deposit"]["amount"])), (Some(3), u128::from(100 * TRX)));
    assert_eq!(tron.records(), 4);
    // Nobody vouches for it here yet.
    let status = world.json(&["status", "tron/3"]);
    assert_eq!(status["status"]["deposits"][0]["stage"], "not known");
    world.refused("E1416", &["replay", "tron", "3", "--keystore", &world.key]);
    world.refused("E1416", &["refund", "tron", "3", "--keystore", &world.key]);

    // No block takes it in time: it is not known what becomes of it, and the same command goes on with it.
    tron.net.command(Command::Withhold { on: true }).unwrap();
    let text = world.refuses("E1436", &[&deposit("7", "native")[..], &["--timeout", "3s"]].concat());
    let hash = text.split("Transaction ").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    assert_eq!(tron.records(), 4);
    let text = world.refuses("E1436", &[&deposit("7", "native")[..], &["--timeout", "1s"]].concat());
    assert!(text.contains(&hash), "{text}");
    tron.net.command(Command::Withhold { on: false }).unwrap();
    let made = world.sends(&deposit("7", "native"));
    assert_eq!(made["transactions"][0]["hash"].as_str(), Some(&*hash), "{made}");
    assert_eq!((made["deposit"]["nonce"].as_u64(), tron.records()), (Some(4), 5));
    // Its end was told: the same command now means another deposit.
    let made = world.sends(&deposit("7", "native"));
    assert_eq!((made["deposit"]["nonce"].as_u64(), tron.records()), (Some(5), 6));

    // What the contract writes is read to the byte: names and deposits lead to its running hash.
    let of = RecordsOf { side_chain_id: CHAIN_ID, root_id: 2, bridge: tron.bridge };
    let events = tron.events();
    let names = events.iter().filter(|event| matches!(event.record, Record::Metadata(_))).count();
    assert!(names >= 1 && names < events.len(), "{events:?}");
    let mut chain = B256::ZERO;
    for (nonce, event) in (0..).zip(&events) {
        chain = link(chain, event.record.hash(&of, nonce));
        assert_eq!((event.nonce, event.chain), (nonce, chain));
    }
}

/// A development chain of this program stands for Ethereum: it speaks the same JSON-RPC, with a tag `finalized`.
#[test]
fn ethereum_is_reached_through_its_json_rpc() {
    let dir = tempfile::tempdir().unwrap();
    let ethereum = Running::dev(&dir.path().join("ethereum"), &[]);
    let send = |to: Option<Address>, data: Bytes| {
        let request = json!({ "from": owner(), "to": to, "data": data });
        let hash = ethereum.rpc("eth_sendTransaction", json!([request]));
        let end = Instant::now() + DEADLINE;
        loop {
            let receipt = ethereum.rpc("eth_getTransactionReceipt", json!([hash]));
            if !receipt.is_null() {
                assert_eq!(receipt["status"], "0x1", "{receipt}");
                return receipt["contractAddress"].as_str().and_then(|text| text.parse::<Address>().ok());
            }
            assert!(Instant::now() < end, "no block has the transaction");
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    let btt = send(None, token_code()).unwrap();
    let manager = send(None, manager_code()).unwrap();
    let bridge = send(None, bridge_code(1, manager)).unwrap();
    for (to, data) in set_up(btt, bridge) {
        send(Some(to), data);
    }
    let code: Bytes = ethereum.rpc("eth_getCode", json!([bridge, "latest"])).as_str().unwrap().parse().unwrap();
    let world = World::up(&Registered { id: 1, chain_id: 990_992, bridge, code_hash: keccak256(code), btt });
    let there = &*format!("http://{}", ethereum.http);
    let (to, here) = (&*RECEIVER.to_string(), &*owner().to_string());

    world.refused("E1401", &["exit", "5", "--root", "ethereum", "--to", &format_tron(RECEIVER)]);
    world.refused("E1405", &["exit", "5", "--root", "ethereum", "--to", &manager.to_string(), "--root-rpc", there]);
    let rpc = format!("http://{}", world.node.http);
    world.refused("E1427", &["exit", "5", "--root", "ethereum", "--to", to, "--root-rpc", &rpc]);
    let sent = world.sends(&["exit", "max", "--root", "ethereum", "--to", to, "--root-rpc", there]);
    assert_eq!(wei(&sent["events"][0]["amount"]), LOCKED * BTT, "no more than can leave");
    if !crate::stake::has_ledger() {
        let deposit = ["deposit", "2.5", "native", "--root", "ethereum", "--to", here, "--root-rpc", there, "--ledger"];
        world.refused("E1009", &deposit);
    }
    let made = world.sends(&["deposit", "2.5", "native", "--root", "ethereum", "--to", here, "--root-rpc", there]);
    assert_eq!((made["deposit"]["nonce"].as_u64(), wei(&made["deposit"]["amount"])), (Some(1), 5 * BTT / 2));
    let (code, text, _) =
        world.bridge(&["submit", "--root", "ethereum", "--root-rpc", there, "--keystore", &world.key]);
    assert!(code == 2 && text.contains("gas), at most") && text.contains("ETH"), "{text}");
    world.sends(&["submit", "--root", "ethereum", "--root-rpc", there]);
    // A large one: its first claim starts the clock.
    let (code, text, _) = world.bridge(&["claim", "0", "--root-rpc", there, "--keystore", &world.key]);
    assert!(code == 2 && text.contains("starts the 24 hours"), "{text}");
    let claimed = world.sends(&["claim", "0", "--root-rpc", there]);
    assert_eq!(claimed["events"][0]["name"], "ExitDelayed");
    let text = world.refuses("E1422", &["claim", "0", "--root-rpc", there]);
    assert!(text.contains("UTC"), "{text}");
}

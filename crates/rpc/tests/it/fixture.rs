//! A development node without its program: chain, driver and server.

use crate::staking_genesis::staking_genesis;
use alloy_consensus::{SignableTransaction, TxEip1559, TxLegacy};
use alloy_eips::Encodable2718;
use alloy_network::TxSignerSync;
use alloy_primitives::{Address, Bytes, Signature, TxKind, U256, hex};
use alloy_signer::SignerSync;
use alloy_signer_local::{MnemonicBuilder, PrivateKeySigner, coins_bip39::English};
use bttc_chain::{Chain, ChainConfig, Driver, Mining};
use bttc_consensus::{ConsensusSigner, SignError, SignRequest};
use bttc_primitives::{ChainSpec, Fatal, RootView, Transaction};
use bttc_rpc::{ConsensusView, PeerControl, RpcConfig, RpcContext, RpcServer};
use bttc_storage::{Durability, Storage, StorageConfig};
use bttc_txpool::PoolConfig;
use serde_json::{Value, json};
use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

const GENESIS: &str = include_str!("../../../../genesis/dev/genesis.json");
const MNEMONIC: &str = "test test test test test test test test test test test junk";
pub(crate) const CHAIN_ID: u64 = 990_992;
pub(crate) const GWEI: u128 = 1_000_000_000;
pub(crate) const BASE_FEE: u128 = 9_000 * GWEI;

pub(crate) fn key(index: u32) -> PrivateKeySigner {
    MnemonicBuilder::<English>::default().phrase(MNEMONIC).index(index).unwrap().build().unwrap()
}

struct LocalKey(PrivateKeySigner);

impl ConsensusSigner for LocalKey {
    fn address(&self) -> Address {
        self.0.address()
    }
    fn sign(&self, request: &SignRequest) -> Result<Signature, SignError> {
        let signed = self.0.sign_hash_sync(&request.signing_hash());
        Ok(signed.map_err(|error| Fatal::while_doing("signing", error))?)
    }
}

/// A running node; ends with the test.
pub(crate) struct Node {
    pub(crate) http: SocketAddr,
    pub(crate) ipc: PathBuf,
    pub(crate) chain: Chain,
    shutdown: CancellationToken,
    server: JoinHandle<Result<(), Fatal>>,
    _driver: JoinHandle<Result<(), Fatal>>,
    _dir: tempfile::TempDir,
}

pub(crate) async fn node() -> Node {
    node_with(|_| ()).await
}

/// What stands beside a node that is not alone.
#[derive(Default)]
pub(crate) struct Others {
    pub(crate) peers: Option<Arc<dyn PeerControl>>,
    pub(crate) consensus: Option<Arc<dyn ConsensusView>>,
    pub(crate) roots: Option<Arc<dyn RootView>>,
}

pub(crate) async fn node_with(change: impl FnOnce(&mut RpcConfig)) -> Node {
    node_among(Others::default(), change).await
}

pub(crate) async fn node_among(others: Others, change: impl FnOnce(&mut RpcConfig)) -> Node {
    node_on(ChainSpec::from_json(GENESIS).unwrap(), others, change).await
}

/// A node of the development chain with the staking contracts.
pub(crate) async fn staking_node() -> Node {
    knowing(&[]).await
}

/// The same, beside a relayer.
pub(crate) async fn staking_node_among(others: Others) -> Node {
    node_on(ChainSpec::from_genesis(staking_genesis(GENESIS)).unwrap(), others, |_| ()).await
}

/// The same, of a build that knows these forks.
pub(crate) async fn knowing(forks: &'static [&'static str]) -> Node {
    let spec = ChainSpec::from_genesis(staking_genesis(GENESIS)).unwrap().with_known_forks(forks);
    node_on(spec, Others::default(), |_| ()).await
}

async fn node_on(spec: ChainSpec, others: Others, change: impl FnOnce(&mut RpcConfig)) -> Node {
    let dir = tempfile::tempdir().unwrap();
    let storage = StorageConfig {
        path: dir.path().join("db"),
        max_size_gib: 4,
        durability: Durability::Ephemeral,
        ..Default::default()
    };
    let spec = Arc::new(spec);
    let signer: Arc<dyn ConsensusSigner> = Arc::new(LocalKey(key(100)));
    let storage = Storage::open(&storage).unwrap();
    let chain =
        Chain::open(spec, storage, ChainConfig::default(), PoolConfig::default(), Some(signer.clone())).unwrap();
    let (handle, driver) = Driver::new(chain.clone(), signer, Mining::OnDemand);
    let ipc = dir.path().join("node.ipc");
    let mut config = RpcConfig { port: 0, ipc_path: Some(ipc.clone()), ..Default::default() };
    change(&mut config);
    let context = RpcContext {
        chain: chain.clone(),
        driver: Some(handle),
        dev_accounts: (0..3).map(key).collect(),
        client_version: "bttc/test".to_owned(),
        peers: others.peers,
        consensus: others.consensus,
        roots: others.roots,
    };
    let server = RpcServer::bind(config, context).await.unwrap();
    let http = server.http_addr().unwrap();
    let shutdown = CancellationToken::new();
    Node {
        http,
        ipc,
        chain,
        server: tokio::spawn(server.run(shutdown.clone())),
        _driver: tokio::spawn(driver.run(shutdown.clone())),
        shutdown,
        _dir: dir,
    }
}

/// An HTTP answer: its status and its body.
pub(crate) async fn post(to: SocketAddr, headers: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(to).await.unwrap();
    let request = format!(
        "POST / HTTP/1.1\r\n{headers}content-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    // A refusal may come before the body was read.
    let _ = stream.write_all(request.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

impl Node {
    /// The whole JSON-RPC response.
    pub(crate) async fn ask(&self, request: &Value) -> Value {
        let (status, body) = post(self.http, "host: localhost\r\n", &request.to_string()).await;
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    async fn raw(&self, method: &str, params: Value) -> Value {
        self.ask(&json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})).await
    }

    /// The result of a call that must succeed.
    pub(crate) async fn call(&self, method: &str, params: Value) -> Value {
        let mut response = self.raw(method, params).await;
        assert!(response.get("error").is_none(), "{method}: {response}");
        response["result"].take()
    }

    /// The error of a call that must fail: code, message, data.
    pub(crate) async fn fail(&self, method: &str, params: Value) -> (i64, String, Value) {
        let mut response = self.raw(method, params).await;
        assert!(response.get("result").is_none(), "{method}: {response}");
        let error = &mut response["error"];
        let message = error["message"].as_str().unwrap().to_owned();
        (error["code"].as_i64().unwrap(), message, error["data"].take())
    }

    /// Sends a transaction and waits for its receipt.
    pub(crate) async fn send(&self, raw: &str) -> Value {
        self.call("eth_sendRawTransactionSync", json!([raw, 20_000])).await
    }

    /// Ends the server; how long it took.
    pub(crate) async fn stop(mut self) -> Duration {
        let started = std::time::Instant::now();
        self.shutdown.cancel();
        (&mut self.server).await.unwrap().unwrap();
        started.elapsed()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// A signed transaction of type 2, as hex.
pub(crate) fn signed(from: u32, nonce: u64, to: TxKind, value: u128, input: Bytes, gas: u64) -> String {
    let mut tx = TxEip1559 {
        chain_id: CHAIN_ID,
        nonce,
        gas_limit: gas,
        max_fee_per_gas: 2 * BASE_FEE,
        max_priority_fee_per_gas: 100 * GWEI,
        to,
        value: U256::from(value),
        input,
        ..Default::default()
    };
    let signature = key(from).sign_transaction_sync(&mut tx).unwrap();
    hex::encode_prefixed(Transaction::from(tx.into_signed(signature)).encoded_2718())
}

pub(crate) fn transfer(from: u32, nonce: u64) -> String {
    signed(from, nonce, TxKind::Call(Address::repeat_byte(7)), 5, Bytes::new(), 21_000)
}

/// A signed legacy transfer with a price, as hex.
pub(crate) fn legacy(from: u32, nonce: u64, gas: u64, gas_price: u128) -> String {
    let mut tx = TxLegacy {
        chain_id: Some(CHAIN_ID),
        nonce,
        gas_limit: gas,
        gas_price,
        to: TxKind::Call(Address::repeat_byte(7)),
        ..Default::default()
    };
    let signature = key(from).sign_transaction_sync(&mut tx).unwrap();
    hex::encode_prefixed(Transaction::from(tx.into_signed(signature)).encoded_2718())
}

/// Init code of a contract that holds 42 in slot 0. Called without data it logs slot 0 under topic 1 and returns it; called with data it
/// reverts with `Error("no")`.
pub(crate) fn contract() -> Bytes {
    // CALLDATASIZE, jump to the revert if not zero; slot 0 into memory; LOG1(0, 32, 1); RETURN(0, 32).
    let mut runtime = hex!("36601657 600054600052 600160206000a1 60206000f3").to_vec();
    // JUMPDEST; 100 bytes from behind the code into memory; REVERT(0, 100).
    runtime.extend(hex!("5b 60646023600039 60646000fd"));
    runtime.extend(hex!(
        "08c379a0"
        "0000000000000000000000000000000000000000000000000000000000000020"
        "0000000000000000000000000000000000000000000000000000000000000002"
        "6e6f000000000000000000000000000000000000000000000000000000000000"
    ));
    // SSTORE(0, 42); the code from behind this into memory; RETURN of it.
    let mut init = hex!("602a600055 6000601160003960006000f3").to_vec();
    let length = u8::try_from(runtime.len()).unwrap();
    init[6] = length;
    init[13] = length;
    init.extend(runtime);
    init.into()
}

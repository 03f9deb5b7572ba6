//! A network with a rich account, and a few contracts.

use alloy_primitives::{Address, B256, Bytes, hex};
use alloy_signer_local::PrivateKeySigner;
use bttc_tron_simulator::{
    Config, GenesisAccount, Handle,
    send::{Terms, sign},
    serve,
    transaction::{Action, Creation},
    wire::created_address,
};
use serde_json::{Value, json};

/// One TRX. Unit: sun.
pub(crate) const TRX: u64 = 1_000_000;
/// What the rich account has. Unit: sun.
pub(crate) const RICH: u64 = 1_000_000 * TRX;

/// docs/tron.md, V9.
pub(crate) const V9_CODE: [u8; 225] = hex!(
    "608060405234801561001057600080fd5b5060f78061001f6000396000f3fe6080604052348015600f57600080fd5b506004361060285760003560e01c80636d4ce63c14602d575b600080fd5b60336047565b604051603e9190606b565b60405180910390f35b6000600190565b6000819050919050565b6065816052565b82525050565b6000602082019050607e6000830184605c565b9291505056fea264697066735822122000000000000000000000000000000000000000000000000000000000000000006c6578706572696d656e74616cf564736f6c63430008100033"
);
/// A contract that answers 1 to `get()`, and reverts otherwise.
pub(crate) const GET_CODE: [u8; 35] = hex!("601a8060095f395ff35f3560e01c636d4ce63c146011575f5ffd5b60015f5260205ff3");
pub(crate) const GET: [u8; 4] = hex!("6d4ce63c");

/// A contract that makes as many logs as its first word says, each with the topic 7.
pub(crate) const LOGGER_CODE: [u8; 31] = hex!("60168060095f395ff35f355b801560145760075f5fa1600190036002565b00");

/// A network, its rich account, and a client.
pub(crate) struct World {
    pub(crate) net: Handle,
    pub(crate) rich: PrivateKeySigner,
    pub(crate) http: reqwest::Client,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Config::default()).await
    }

    pub(crate) async fn with(config: Config) -> Self {
        let rich = PrivateKeySigner::from_bytes(&B256::repeat_byte(0x11)).unwrap();
        let account = GenesisAccount { address: rich.address(), balance: RICH };
        let net = serve(&Config { accounts: vec![account], ..config }).await.unwrap();
        Self { net, rich, http: client() }
    }

    pub(crate) async fn post(&self, url: &str, body: &Value) -> Result<String, reqwest::Error> {
        self.http.post(url).body(body.to_string()).send().await?.text().await
    }

    /// Asks a path of the first node.
    pub(crate) async fn ask(&self, path: &str, body: Value) -> Value {
        let text = self.post(&format!("{}{path}", self.net.full(0)), &body).await.unwrap();
        serde_json::from_str(&text).unwrap_or(Value::String(text))
    }

    /// Calls the JSON-RPC of the first node.
    pub(crate) async fn rpc(&self, method: &str, params: Value) -> Value {
        self.rpc_at(&self.net.jsonrpc(0), method, params).await
    }

    pub(crate) async fn rpc_at(&self, url: &str, method: &str, params: Value) -> Value {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        serde_json::from_str(&self.post(url, &body).await.unwrap()).unwrap()
    }

    pub(crate) async fn broadcast(&self, bytes: &[u8]) -> Value {
        self.ask("/wallet/broadcasthex", json!({ "transaction": hex::encode(bytes) })).await
    }

    /// The code that a broadcast is answered with.
    pub(crate) async fn code(&self, bytes: &[u8]) -> String {
        let answer = self.broadcast(bytes).await;
        answer["code"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    /// A transaction of the rich account.
    pub(crate) fn signed(&self, action: &Action, change: impl FnOnce(&mut Terms)) -> (B256, Vec<u8>) {
        let mut terms = self.net.terms();
        change(&mut terms);
        sign(self.rich.address(), action, &terms, &[&self.rich])
    }

    /// Deploys and makes a block.
    pub(crate) fn deploy(&self, code: &[u8]) -> Address {
        let id = self.net.send(&self.rich, &creation(self.rich.address(), code)).unwrap();
        self.net.mine(1).unwrap();
        let receipt = self.net.receipt(id).unwrap();
        assert_eq!(receipt.ending, Some(bttc_tron_simulator::Ending::Success), "{receipt:?}");
        assert_eq!(receipt.contract, Some(created_address(id, self.rich.address())));
        receipt.contract.unwrap()
    }
}

/// A client; it needs to be told whose TLS it has, though it speaks none here.
pub(crate) fn client() -> reqwest::Client {
    // An error says that another test was first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

/// A payment of one TRX.
pub(crate) fn payment(to: Address) -> Action {
    Action::Transfer { to, amount: 1_000_000 }
}

pub(crate) fn call(contract: Address, data: impl Into<Bytes>) -> Action {
    Action::Trigger { contract, value: 0, data: data.into(), token_value: 0 }
}

pub(crate) fn creation(origin: Address, code: &[u8]) -> Action {
    Action::Create(Creation {
        origin,
        bytecode: Bytes::copy_from_slice(code),
        value: 0,
        percent: 100,
        origin_energy_limit: 10_000_000,
        name: "Test".to_owned(),
        token_value: 0,
    })
}

/// So many logs of the contract of [`LOGGER_CODE`].
pub(crate) fn log(contract: Address, count: u64) -> Action {
    call(contract, B256::from(alloy_primitives::U256::from(count)).to_vec())
}

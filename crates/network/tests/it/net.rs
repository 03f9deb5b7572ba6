//! Nodes for the tests.

use alloy_primitives::{Address, B256, Signature};
use alloy_signer::SignerSync;
use alloy_signer_local::PrivateKeySigner;
use bttc_consensus::{Acceptance, ConsensusSigner, PeerId, SignError, SignRequest, Transport, TransportEvent};
use bttc_network::{Identity, Network, NetworkConfig, NetworkHandle, PeerInfo};
use bttc_primitives::{Fatal, Validator, ValidatorSet};
use bytes::Bytes;
use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Nothing here takes so long unless it is broken.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A running node.
pub(crate) struct Node {
    pub(crate) net: NetworkHandle,
    pub(crate) dir: Arc<TempDir>,
    pub(crate) config: NetworkConfig,
    pub(crate) identity: Identity,
    stop: CancellationToken,
    task: JoinHandle<Result<(), Fatal>>,
}

/// A consensus key.
#[derive(Debug)]
pub(crate) struct Key(pub(crate) PrivateKeySigner);

impl ConsensusSigner for Key {
    fn address(&self) -> Address {
        self.0.address()
    }

    fn sign(&self, request: &SignRequest) -> Result<Signature, SignError> {
        Ok(self.0.sign_hash_sync(&request.signing_hash()).unwrap())
    }
}

/// The chain of the tests.
pub(crate) fn identity() -> Identity {
    Identity { chain_id: 990_992, genesis_hash: B256::repeat_byte(7), client: "bttc/test".into(), signer: None }
}

/// An identity with a key of its own.
pub(crate) fn validator() -> (Identity, Address) {
    let key = PrivateKeySigner::random();
    let address = key.address();
    (Identity { signer: Some(Arc::new(Key(key))), ..identity() }, address)
}

/// Settings that suit a test: any free port, many peers on one IP.
pub(crate) fn config() -> NetworkConfig {
    NetworkConfig { listen: vec!["127.0.0.1:0".parse().unwrap()], max_per_ip: 100, ..NetworkConfig::default() }
}

impl Node {
    pub(crate) async fn start(config: NetworkConfig, identity: Identity) -> Self {
        Self::start_in(Arc::new(tempfile::tempdir().unwrap()), config, identity).await
    }

    pub(crate) async fn start_in(dir: Arc<TempDir>, mut config: NetworkConfig, identity: Identity) -> Self {
        config.path = dir.path().join("network");
        let (net, service) = Network::open(config.clone(), identity.clone()).await.unwrap();
        let stop = CancellationToken::new();
        let task = tokio::spawn(service.run(stop.clone()));
        Self { net, dir, config, identity, stop, task }
    }

    /// A node of the tests' chain that dials `others` and keeps to them.
    pub(crate) async fn joined(others: &[&Self]) -> Self {
        let persistent_peers = others.iter().map(|other| other.address()).collect();
        Self::start(NetworkConfig { persistent_peers, ..config() }, identity()).await
    }

    pub(crate) fn id(&self) -> &PeerId {
        self.net.id()
    }

    pub(crate) fn text_id(&self) -> String {
        self.net.local().id
    }

    /// `/ip4/.../tcp/...` and the port.
    pub(crate) fn listen(&self) -> String {
        self.net.local().listen.first().unwrap().clone()
    }

    pub(crate) fn port(&self) -> u16 {
        self.listen().rsplit('/').next().unwrap().parse().unwrap()
    }

    pub(crate) fn address(&self) -> String {
        format!("{}/p2p/{}", self.listen(), self.text_id())
    }

    pub(crate) fn peer(&self, other: &Self) -> Option<PeerInfo> {
        let id = other.text_id();
        self.net.peers().into_iter().find(|peer| peer.id == id)
    }

    pub(crate) fn sees(&self, other: &Self) -> bool {
        self.peer(other).is_some()
    }

    pub(crate) async fn meets(&self, other: &Self) {
        until("the nodes to meet", || self.sees(other) && other.sees(self)).await;
    }

    /// Ends the node as shutdown does; its directory stays.
    pub(crate) async fn stop(self) -> (Arc<TempDir>, NetworkConfig, Identity) {
        self.stop.cancel();
        within("the service to end", self.task).await.unwrap().unwrap();
        (self.dir, self.config, self.identity)
    }

    /// The next gossiped message, judged; connections and requests are passed over.
    pub(crate) async fn message(&self, acceptance: Acceptance) -> (PeerId, Bytes) {
        within("a message", async {
            loop {
                if let TransportEvent::Message { from, id, data, .. } = self.net.next().await.unwrap() {
                    self.net.judge(id, acceptance);
                    return (from, data);
                }
            }
        })
        .await
    }

    /// Answers requests with what `answer` makes of them, for ever.
    pub(crate) async fn serve(&self, answer: impl Fn(Bytes) -> Bytes) {
        while let Some(event) = self.net.next().await {
            if let TransportEvent::Request { id, data, .. } = event {
                self.net.respond(id, answer(data));
            }
        }
    }
}

/// A set of equals.
pub(crate) fn set_of(addresses: &[Address]) -> ValidatorSet {
    let members = addresses.iter().map(|address| Validator { address: *address, power: 10 }).collect();
    ValidatorSet::new(members).unwrap()
}

/// What a future gives, if it comes in time.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited in vain for {what}"),
    }
}

/// Waits until something holds.
pub(crate) async fn until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

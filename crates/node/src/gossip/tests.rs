#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::{Config, dev_accounts, launch};
use alloy_consensus::{SignableTransaction, TxEip1559};
use alloy_primitives::{B256, Signature, TxKind, U256};
use alloy_signer::SignerSync;
use alloy_signer_local::PrivateKeySigner;
use bttc_chain::Chain;
use bttc_network::{Identity, Network, NetworkConfig};
use bttc_storage::{Durability, Storage, StorageConfig};
use std::sync::Arc;
use tempfile::TempDir;
use tokio::task::JoinSet;

/// Pool and network of a node without the rest.
struct Half {
    chain: Chain,
    network: NetworkHandle,
    tasks: JoinSet<Result<(), Fatal>>,
    _dir: TempDir,
}

impl Half {
    async fn start(others: &[&Self]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let storage = StorageConfig {
            path: dir.path().join("db"),
            max_size_gib: 1,
            durability: Durability::Ephemeral,
            ..Default::default()
        };
        let (spec, _) = crate::load_spec("dev").unwrap();
        let chain =
            launch::open_chain(&Config::default(), Arc::new(spec), Storage::open(&storage).unwrap(), None).unwrap();
        let address = |other: &&Self| {
            let local = other.network.local();
            format!("{}/p2p/{}", local.listen.first().unwrap(), local.id)
        };
        let config = NetworkConfig {
            listen: vec!["127.0.0.1:0".parse().unwrap()],
            path: dir.path().join("network"),
            bootnodes: others.iter().map(address).collect(),
            ..Default::default()
        };
        let identity = Identity { chain_id: 990_992, genesis_hash: B256::ZERO, client: "test".into(), signer: None };
        let (network, service) = Network::open(config, identity).await.unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(service.run(CancellationToken::new()));
        tasks.spawn(Gossip::new(chain.pool().clone(), network.clone()).run(CancellationToken::new()));
        Self { chain, network, tasks, _dir: dir }
    }

    fn pool(&self) -> &Pool {
        self.chain.pool()
    }
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(60), waiting).await.is_ok(), "waited in vain for {what}");
}

fn transfer(key: &PrivateKeySigner, nonce: u64, chain_id: u64) -> Recovered<Transaction> {
    let tx = TxEip1559 {
        chain_id,
        nonce,
        gas_limit: 21_000,
        max_fee_per_gas: 20_000_000_000_000,
        max_priority_fee_per_gas: 1_000_000_000,
        to: TxKind::Call(key.address()),
        value: U256::from(1),
        ..Default::default()
    };
    let signature = key.sign_hash_sync(&tx.signature_hash()).unwrap();
    Recovered::new_unchecked(tx.into_signed(signature).into(), key.address())
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_cross_from_pool_to_pool_over_a_node_between() {
    let first = Half::start(&[]).await;
    let middle = Half::start(&[&first]).await;
    let last = Half::start(&[&middle]).await;
    until("the connections", || middle.network.peer_count() >= 2 && last.network.peer_count() >= 1).await;
    let keys = dev_accounts();
    let mut hashes = Vec::new();
    // One after the other, until the first has arrived: topics are known a moment after the connection.
    let key = keys.first().unwrap();
    for nonce in 0..50 {
        hashes.push(first.pool().add(transfer(key, nonce, 990_992), Origin::Local).unwrap().hash);
        tokio::time::sleep(Duration::from_millis(50)).await;
        if last.pool().contains(hashes.last().unwrap()) {
            break;
        }
    }
    let other = keys.last().unwrap();
    let many = (0..1_500).map(|nonce| transfer(other, nonce, 990_992)).collect();
    hashes = first.pool().add_many(many, Origin::Local).into_iter().map(|added| added.unwrap().hash).collect();
    for half in [&middle, &last] {
        until("all transactions", || hashes.iter().all(|hash| half.pool().contains(hash))).await;
    }
    let content = last.pool().content_from(other.address());
    assert_eq!(content.pending.len(), 1_500);
    assert!(content.pending.iter().all(|tx| matches!(tx.origin(), Origin::Peer(_))));
    drop((first.tasks, middle.tasks, last.tasks));
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_are_judged_by_their_worst_and_their_newest() {
    let half = Half::start(&[]).await;
    let key = PrivateKeySigner::random();
    let funded = dev_accounts().into_iter().next().unwrap();
    let raw = |tx: &Recovered<Transaction>| Bytes::from(tx.inner().encoded_2718());
    let judge = |transactions: Vec<Bytes>| {
        let from = PeerId(Bytes::from_static(b"peer"));
        add(half.pool(), &TransactionBatch { from, id: bttc_consensus::MessageId(1), transactions }).unwrap()
    };
    let good = raw(&transfer(&funded, 0, 990_992));
    assert_eq!(judge(vec![good.clone()]), Acceptance::Accept);
    assert_eq!(judge(vec![good.clone()]), Acceptance::Ignore, "it is known by now");
    assert_eq!(judge(vec![good.clone(), raw(&transfer(&funded, 1, 990_992))]), Acceptance::Accept);
    let poor = raw(&transfer(&key, 0, 990_992));
    assert_eq!(judge(vec![poor]), Acceptance::Ignore, "it may have been funded where it comes from");
    let foreign = raw(&transfer(&funded, 2, 1));
    assert_eq!(judge(vec![good.clone(), foreign]), Acceptance::Reject);
    assert_eq!(judge(vec![good, Bytes::from_static(b"\x02nonsense")]), Acceptance::Reject);
    let nobody = TxEip1559 { chain_id: 990_992, ..Default::default() }.into_signed(Signature::new(
        U256::ZERO,
        U256::ZERO,
        false,
    ));
    assert_eq!(judge(vec![Bytes::from(Transaction::from(nobody).encoded_2718())]), Acceptance::Reject);
}

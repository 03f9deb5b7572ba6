//! Who decides the blocks, and what proves it.

use crate::fixture::{CHAIN_ID, Others, key, node, node_among, transfer};
use alloy_primitives::{Address, B256};
use bttc_consensus::{Vote, recover_signer};
use bttc_primitives::{DoubleSign, Evidence, VoteKind, VoteSignature};
use bttc_rpc::{ConsensusView, Progress};
use futures::future::{BoxFuture, FutureExt, ready};
use serde_json::{Value, json};
use std::sync::Arc;

#[tokio::test]
async fn a_certificate_proves_its_block() {
    let node = node().await;
    let receipt = node.send(&transfer(0, 0)).await;
    let certificate = node.call("consensus_certificate", json!(["0x1"])).await;
    assert_eq!(certificate["blockHash"], receipt["blockHash"]);
    assert_eq!((&certificate["power"], &certificate["totalPower"]), (&json!(1), &json!(1)));
    let block_hash: B256 = certificate["blockHash"].as_str().unwrap().parse().unwrap();
    let vote = Vote { chain_id: CHAIN_ID, kind: VoteKind::Precommit, height: 1, round: 0, block_hash };
    let signed = &certificate["signatures"][0];
    let signature: VoteSignature = signed["signature"].as_str().unwrap().parse().unwrap();
    let signer = recover_signer(vote.signing_hash(), &signature).unwrap();
    assert_eq!(signer, key(100).address());
    assert_eq!(signed["validator"].as_str().unwrap().parse::<Address>().unwrap(), signer);
    assert_eq!(
        node.call("consensus_certificate", json!(["earliest"])).await,
        Value::Null,
        "nobody decided the genesis"
    );
    let (_, why, _) = node.fail("consensus_certificate", json!([])).await;
    assert!(why.contains("block"), "{why}");
}

#[tokio::test]
async fn validators_are_told_with_the_blocks_they_missed() {
    let node = node().await;
    for nonce in 0..3 {
        node.send(&transfer(0, nonce)).await;
    }
    let set = node.call("consensus_validators", json!([])).await;
    let member = json!({"address": format!("{:?}", key(100).address()), "power": 1, "missed": 0});
    assert_eq!(set["validators"][0]["address"].as_str().unwrap().to_lowercase(), member["address"]);
    assert_eq!(
        (&set["validators"][0]["power"], &set["validators"][0]["missed"]),
        (&member["power"], &member["missed"])
    );
    assert_eq!((&set["height"], &set["quorumPower"], &set["window"]), (&json!(3), &json!(1), &json!(2)));
    assert_eq!(set["hash"], node.call("consensus_validators", json!(["0x1"])).await["hash"]);
}

#[tokio::test]
async fn evidence_waits_and_is_named() {
    let node = node().await;
    assert_eq!(node.call("consensus_evidence", json!([])).await, json!([]));
    let sign = |block_hash| {
        let vote = Vote { chain_id: CHAIN_ID, kind: VoteKind::Prevote, height: 1, round: 3, block_hash };
        let signature = alloy_signer::SignerSync::sign_hash_sync(&key(100), &vote.signing_hash()).unwrap();
        bttc_consensus::vote_signature(&signature)
    };
    let (first, second) = (B256::repeat_byte(1), B256::repeat_byte(2));
    let proof = Evidence::DoubleSign(DoubleSign {
        signer: key(100).address(),
        height: 1,
        round: 3,
        kind: VoteKind::Prevote,
        first_hash: first,
        first_signature: sign(first),
        second_hash: second,
        second_signature: sign(second),
    });
    bttc_consensus::Application::report(&node.chain, vec![proof]).await.unwrap();
    let waiting = node.call("consensus_evidence", json!([])).await;
    assert_eq!(
        (&waiting[0]["kind"], &waiting[0]["vote"], &waiting[0]["round"]),
        (&json!("doubleSign"), &json!("prevote"), &json!(3))
    );
    node.send(&transfer(0, 0)).await;
    assert_eq!(node.call("consensus_evidence", json!(["latest"])).await, waiting);
    assert_eq!(node.call("consensus_evidence", json!([])).await, json!([]));
}

#[derive(Debug)]
struct Engine;

impl ConsensusView for Engine {
    fn progress(&self) -> Option<Progress> {
        Some(Progress { deciding: 9, round: 2, address: None, is_validator: false, peers: 3, best_peer: 8 })
    }

    fn dump(&self) -> BoxFuture<'_, Option<Value>> {
        ready(Some(json!({"phase": "waiting"}))).boxed()
    }
}

#[tokio::test]
async fn the_engine_is_shown_where_there_is_one() {
    let alone = node().await;
    let status = alone.call("consensus_status", json!([])).await;
    assert_eq!((&status["height"], &status["behind"], status.get("round")), (&json!(0), &json!(0), None));
    assert_eq!(alone.call("eth_syncing", json!([])).await, json!(false));
    let (_, why, _) = alone.fail("consensus_dumpState", json!([])).await;
    assert!(why.contains("decides no blocks with others"), "{why}");

    let among = node_among(Others { consensus: Some(Arc::new(Engine)), ..Others::default() }, |_| ()).await;
    let status = among.call("consensus_status", json!([])).await;
    assert_eq!((&status["behind"], &status["round"], &status["peers"]), (&json!(8), &json!(2), &json!(3)));
    assert_eq!(among.call("eth_syncing", json!([])).await["highestBlock"], json!("0x8"));
    assert_eq!(among.call("consensus_dumpState", json!([])).await, json!({"phase": "waiting"}));
}

//! What is left after the process is gone.

use crate::fixture::*;
use alloy_primitives::Address;
use bttc_consensus::Application;

#[tokio::test]
async fn a_stored_proposal_can_still_be_committed_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let chain = open(dir.path());
    decide(&chain).await;
    add(&chain, transfer(0, 0, Address::repeat_byte(9), 7));
    let block = propose(&chain).await;
    assert_eq!(block.body.transactions.len(), 1);
    drop(chain);

    let chain = open(dir.path());
    assert_eq!(chain.head().height(), 1);
    let kept = chain.proposals(2).await.unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].block, block);
    chain.commit(decision(&chain, &block)).await.unwrap();
    assert_eq!(chain.head().hash, block.hash());
    // Committing the same decision again changes nothing.
    let start = chain.commit(decision(&chain, &block)).await.unwrap();
    assert_eq!(start.height, 3);
    assert!(chain.proposals(2).await.unwrap().is_empty());
    drop(chain);

    let chain = open(dir.path());
    assert_eq!(chain.head().hash, block.hash());
    assert_eq!(chain.start().await.unwrap().height, 3);
}

#[tokio::test]
async fn a_decision_for_an_unknown_block_stops_the_node() {
    let dir = tempfile::tempdir().unwrap();
    let chain = open(dir.path());
    let mut block = propose(&chain).await;
    block.header.gas_used = 1;
    let block = bttc_primitives::SealedBlock::seal(block.header, block.body);
    let error = chain.commit(decision(&chain, &block)).await.unwrap_err();
    assert!(error.to_string().contains("not among the stored proposals"), "{error}");
}

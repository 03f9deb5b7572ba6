//! Proposing on one ledger, judging and committing on another.

use crate::fixture::*;
use alloy_primitives::{Address, B64, B256, Bytes, TxKind, U256, bytes};
use bttc_chain::{Chain, ChainEvent};
use bttc_consensus::{Application, InvalidBlock, Verdict};
use bttc_primitives::{Body, DoubleSign, Evidence, Header, SealedBlock, StateReader, VoteKind, VoteSignature};

async fn verdict(chain: &Chain, block: SealedBlock) -> Verdict {
    chain.verify(turn(chain), block).await.unwrap()
}

#[tokio::test]
async fn two_ledgers_agree_block_by_block() {
    let (left, right) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (proposer, follower) = (open(left.path()), open(right.path()));
    assert_eq!(proposer.head(), follower.head());
    // Stores its call data's first word into slot 0 when called.
    let init = bytes!("67600035600055000060005260086018f3");
    let contract = key(1).address().create(0);
    add(&proposer, call(1, 0, TxKind::Create, 0, init, 200_000));
    for height in 1..=12u64 {
        for nonce in (height - 1) * 3..height * 3 {
            add(&proposer, transfer(0, nonce, Address::with_last_byte(nonce as u8 + 50), 1_000 + u128::from(nonce)));
        }
        if height > 1 {
            let word = Bytes::from(U256::from(height).to_be_bytes_vec());
            add(&proposer, call(1, height - 1, TxKind::Call(contract), 0, word, 100_000));
        }
        let block = propose(&proposer).await;
        assert_eq!(block.body.transactions.len(), 4);
        assert_eq!(verdict(&follower, block.clone()).await, Verdict::Valid);
        for chain in [&proposer, &follower] {
            let start = chain.commit(decision(chain, &block)).await.unwrap();
            assert_eq!(start.height, height + 1);
            assert_eq!(chain.head().hash, block.hash());
            let state = chain.read().unwrap().state().unwrap();
            assert_eq!(state.storage(contract, U256::ZERO).unwrap(), U256::from(if height > 1 { height } else { 0 }));
        }
        assert_eq!(proposer.pool().status(), (0, 0));
    }
    let decided = follower.decided(1..100, 1 << 20).await.unwrap();
    assert_eq!(decided.len(), 12);
    assert_eq!(follower.decided(1..100, 1).await.unwrap().len(), 1);
    assert_eq!(decided[11].block.body.last_commit, decided[10].certificate.to_last_commit());
}

#[tokio::test]
async fn what_others_decided_is_committed_without_being_stored_first() {
    let (left, right) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (proposer, follower) = (open(left.path()), open(right.path()));
    for height in 1..=3u64 {
        for sender in 0..5 {
            add(&proposer, transfer(sender, height - 1, Address::with_last_byte(0x70), 1));
        }
        let block = propose(&proposer).await;
        // The header says nothing yet: whoever gave it may have put other transactions beneath.
        let mut forged = block.body.clone();
        forged.transactions.reverse();
        follower.foresee(SealedBlock::with_known_hash(block.hash(), block.header.clone(), forged));
        follower.foresee(block.clone());
        assert_eq!(follower.verify_decided(turn(&follower), block.clone()).await.unwrap(), Verdict::Valid);
        assert_eq!(follower.proposals(height).await.unwrap().len(), 0);
        if height == 2 {
            // A vote for it wants it on the disk.
            assert_eq!(verdict(&follower, block.clone()).await, Verdict::Valid);
            assert_eq!(follower.proposals(height).await.unwrap().len(), 1);
        }
        for chain in [&proposer, &follower] {
            chain.commit(decision(chain, &block)).await.unwrap();
        }
        assert_eq!(follower.head(), proposer.head());
        assert_eq!(follower.proposals(height).await.unwrap().len(), 0);
    }
}

#[tokio::test]
async fn supply_is_kept_but_for_what_is_burned() {
    let dir = tempfile::tempdir().unwrap();
    let chain = open(dir.path());
    let mut events = chain.subscribe();
    let treasury = bttc_contracts::addresses::TREASURY;
    let balance =
        |address| chain.read().unwrap().state().unwrap().account(address).unwrap().unwrap_or_default().balance;
    let (to, from) = (Address::repeat_byte(0x77), key(0).address());
    let before = (balance(from), balance(treasury));
    add(&chain, transfer(0, 0, to, 5));
    decide(&chain).await;
    let ChainEvent::Committed(committed) = events.recv().await.unwrap() else { panic!() };
    let fees = committed.fees;
    assert_eq!(fees.tips, U256::from(21_000 * 100 * GWEI));
    assert_eq!(fees.burned, U256::from(21_000 * BASE_FEE / 2));
    assert_eq!(balance(treasury), before.1 + fees.credited());
    assert_eq!(balance(from) + U256::from(5) + fees.paid(), before.0);
    assert_eq!(balance(to), U256::from(5));
    // The proposer itself is paid nothing by a transaction.
    assert_eq!(balance(signer().address()), U256::ZERO);
}

type Change = (&'static str, fn(&mut Header, &mut Body));

#[tokio::test]
async fn each_changed_field_is_named() {
    let (left, right) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (proposer, follower) = (open(left.path()), open(right.path()));
    let first = decide(&proposer).await;
    assert_eq!(verdict(&follower, first.clone()).await, Verdict::Valid);
    follower.commit(decision(&follower, &first)).await.unwrap();
    add(&proposer, transfer(0, 0, Address::repeat_byte(1), 1));
    let good = propose(&proposer).await;
    let changes: &[Change] = &[
        ("gas_used", |h, _| h.gas_used += 1),
        ("state_root", |h, _| h.state_root = B256::ZERO),
        ("receipts_root", |h, _| h.receipts_root = B256::ZERO),
        ("extra_data", |h, _| h.extra_data = Bytes::new()),
        ("mix_hash", |h, _| h.mix_hash = B256::ZERO),
        ("gas_limit", |h, _| h.gas_limit += 1),
        ("base_fee_per_gas", |h, _| h.base_fee_per_gas = Some(9_000_000_000_001)),
        ("timestamp", |h, _| h.timestamp += 1_000),
        ("timestamp", |h, _| h.timestamp = 0),
        ("transactions_root", |_, b| b.transactions.clear()),
        ("parent_beacon_block_root", |_, b| b.last_commit.round += 1),
        ("blob_gas_used", |h, _| h.blob_gas_used = Some(1)),
        ("nonce", |h, _| h.nonce = B64::repeat_byte(1)),
        ("difficulty", |h, _| h.difficulty = U256::from(1)),
        ("proposer", |h, _| h.beneficiary = Address::ZERO),
        ("Parent", |h, _| h.parent_hash = B256::ZERO),
        ("Height", |h, _| h.number += 1),
    ];
    for (name, change) in changes {
        let (mut header, mut body) = (good.header.clone(), good.body.clone());
        change(&mut header, &mut body);
        let Verdict::Invalid(why) = verdict(&follower, SealedBlock::seal(header, body)).await else {
            panic!("a changed {name} was accepted");
        };
        let text = format!("{why:?} {why}").to_lowercase();
        assert!(text.contains(&name.to_lowercase()), "{name}: {text}");
    }
    let mut unsigned = good.clone();
    unsigned.body.last_commit.signatures.clear();
    let judged = verdict(&follower, unsigned).await;
    assert!(matches!(judged, Verdict::Invalid(InvalidBlock::LastCommit(_))), "{judged:?}");
    assert_eq!(verdict(&follower, good).await, Verdict::Valid);
}

#[tokio::test]
async fn reported_evidence_enters_the_next_block_once() {
    let dir = tempfile::tempdir().unwrap();
    let chain = open(dir.path());
    let signed = |block_hash| {
        let vote = bttc_consensus::Vote { chain_id: 990_992, kind: VoteKind::Prevote, height: 1, round: 4, block_hash };
        bttc_consensus::vote_signature(&signer().sign(&vote.into()).unwrap())
    };
    let proof = DoubleSign {
        signer: signer().address(),
        kind: VoteKind::Prevote,
        height: 1,
        round: 4,
        first_hash: B256::ZERO,
        second_hash: B256::repeat_byte(1),
        first_signature: signed(B256::ZERO),
        second_signature: signed(B256::repeat_byte(1)),
    };
    let false_proof = DoubleSign { first_signature: VoteSignature::ZERO, ..proof.clone() };
    let reports = [proof.clone(), false_proof, proof.clone()].map(Evidence::DoubleSign);
    chain.report(reports.to_vec()).await.unwrap();
    let block = decide(&chain).await;
    assert_eq!(block.body.evidence, [Evidence::DoubleSign(proof)]);
    assert!(decide(&chain).await.body.evidence.is_empty());
}

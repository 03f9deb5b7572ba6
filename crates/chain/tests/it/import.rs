//! Blocks under the `ethereum` spec: built by hand, exported, imported into another store.
//!
//! `testnet/conformance/own` holds that chain as a file; `BTTC_WRITE_CHAIN=1 cargo test -p bttc-chain` writes it anew.

use crate::fixture::*;
use alloy_consensus::{SignableTransaction, TxEip1559, proofs};
use alloy_eips::eip4895::Withdrawal;
use alloy_network::TxSignerSync;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use bttc_chain::{Chain, ChainConfig, ChainEvent, ImportError, Imported};
use bttc_consensus::next_base_fee;
use bttc_execution::{BlockRun, EthereumEnd};
use bttc_primitives::{
    Body, ChainSpec, Header, Recovered, SealedBlock, StateReader, Transaction, logs_bloom, receipts_root,
};
use bttc_storage::Storage;
use bttc_trie::{HashedChanges, state_root};
use bttc_txpool::PoolConfig;
use std::{path::Path, sync::Arc};

const ETHEREUM: &str = include_str!("../../../../testnet/conformance/own/genesis.json");
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testnet/conformance/own/chain.rlp");
/// Stores its call data's first word.
const CONTRACT: Address = Address::with_last_byte(0xc0);

fn open_ethereum(path: &Path) -> Chain {
    let spec = Arc::new(ChainSpec::from_json(ETHEREUM).unwrap());
    let storage = Storage::open(&config(path)).unwrap();
    Chain::open(spec, storage, ChainConfig::default(), PoolConfig::default(), None).unwrap()
}

fn signed(nonce: u64, to: Address, value: u64, input: Bytes) -> Recovered<Transaction> {
    let key = key(0);
    let mut tx = TxEip1559 {
        chain_id: 4242,
        nonce,
        gas_limit: 100_000,
        max_fee_per_gas: 20 * GWEI,
        max_priority_fee_per_gas: GWEI,
        to: TxKind::Call(to),
        value: U256::from(value),
        input,
        ..Default::default()
    };
    let signature = key.sign_transaction_sync(&mut tx).unwrap();
    Recovered::new_unchecked(tx.into_signed(signature).into(), key.address())
}

/// The next block of `chain` with everything in its header as it must be.
fn build(chain: &Chain, transactions: &[Recovered<Transaction>]) -> SealedBlock {
    let (store, head, spec) = (chain.read().unwrap(), chain.head(), chain.spec());
    let withdrawals =
        vec![Withdrawal { index: head.height(), validator_index: 1, address: Address::repeat_byte(0xdd), amount: 5 }];
    let mut header = Header {
        parent_hash: head.hash,
        number: head.height() + 1,
        timestamp: head.header.timestamp + 12,
        gas_limit: head.header.gas_limit,
        beneficiary: Address::repeat_byte(0xee),
        mix_hash: B256::with_last_byte(7),
        base_fee_per_gas: next_base_fee(spec, &head.header),
        withdrawals_root: Some(proofs::calculate_withdrawals_root(&withdrawals)),
        blob_gas_used: Some(0),
        excess_blob_gas: Some(0),
        parent_beacon_block_root: Some(B256::repeat_byte(3)),
        ..Default::default()
    };
    let mut run = BlockRun::begin(spec, store.state().unwrap(), &header).unwrap();
    for tx in transactions {
        run.transact(tx.as_recovered_ref()).unwrap();
    }
    let end = EthereumEnd { ommers: &[], withdrawals: Some(&withdrawals) };
    let outcome = run.finish_ethereum(end).unwrap().block;
    let transactions: Vec<_> = transactions.iter().map(|tx| tx.inner().clone()).collect();
    header.transactions_root = proofs::calculate_transaction_root(&transactions);
    header.receipts_root = receipts_root(&outcome.receipts);
    header.logs_bloom = logs_bloom(&outcome.receipts);
    header.gas_used = outcome.gas_used;
    header.state_root = state_root(&store, &HashedChanges::new(&outcome.changes)).unwrap().root;
    SealedBlock::seal(header, Body { transactions, withdrawals: Some(withdrawals.into()), ..Default::default() })
}

/// Ten blocks; the chain that has them and their encodings.
pub(crate) fn make(path: &Path) -> (Chain, Vec<SealedBlock>) {
    let chain = open_ethereum(path);
    let mut blocks = Vec::new();
    for height in 1..=10u64 {
        let nonce = (height - 1) * 2;
        let word = Bytes::from(U256::from(height).to_be_bytes_vec());
        let transactions =
            [signed(nonce, Address::repeat_byte(9), height, Bytes::new()), signed(nonce + 1, CONTRACT, 0, word)];
        let block = build(&chain, &transactions);
        assert_eq!(chain.import_block(block.clone()).unwrap(), Imported::Appended);
        blocks.push(block);
    }
    (chain, blocks)
}

#[test]
fn an_exported_chain_is_imported_to_the_same_head() {
    let (left, right) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (made, blocks) = make(left.path());
    let file: Vec<u8> = blocks.iter().flat_map(SealedBlock::ethereum_rlp).collect();
    let chain = open_ethereum(right.path());
    let mut events = chain.subscribe();
    let mut rest = file.as_slice();
    while !rest.is_empty() {
        let block = SealedBlock::decode_ethereum(&mut rest).unwrap();
        assert_eq!(chain.import_block(block.clone()).unwrap(), Imported::Appended);
        assert_eq!(chain.import_block(block.clone()).unwrap(), Imported::Known);
        let Ok(ChainEvent::Committed(told)) = events.try_recv() else { panic!("nobody was told") };
        assert_eq!((told.block.block.hash(), told.receipts.len()), (block.hash(), 2));
        assert!(events.try_recv().is_err(), "a known block is no news");
    }
    assert_eq!(chain.head(), made.head());
    let store = chain.read().unwrap();
    let state = store.state().unwrap();
    assert_eq!(state.account(Address::repeat_byte(9)).unwrap().unwrap().balance, U256::from(55));
    assert_eq!(state.storage(CONTRACT, U256::ZERO).unwrap(), U256::from(10));
    // Ten withdrawals of 5 gwei.
    assert_eq!(state.account(Address::repeat_byte(0xdd)).unwrap().unwrap().balance, U256::from(50 * GWEI));
    assert_eq!(store.certificate(10).unwrap(), None);
    drop((store, state, chain));
    assert_eq!(open_ethereum(right.path()).head(), made.head(), "it is still there after a restart");
}

#[test]
fn a_block_that_breaks_a_rule_is_refused_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (chain, blocks) = make(dir.path());
    let head = chain.head();
    let good = build(&chain, &[signed(20, Address::repeat_byte(9), 1, Bytes::new())]);
    let spoiled = |spoil: &dyn Fn(&mut SealedBlock)| {
        let mut block = good.clone();
        spoil(&mut block);
        SealedBlock::seal(block.header, block.body)
    };
    let faults: [(&str, SealedBlock); 9] = [
        ("state_root is", spoiled(&|block| block.header.state_root = B256::repeat_byte(1))),
        ("gas_used is", spoiled(&|block| block.header.gas_used += 1)),
        ("receipts_root is", spoiled(&|block| block.header.receipts_root = B256::repeat_byte(1))),
        ("does not build on the head", spoiled(&|block| block.header.parent_hash = B256::repeat_byte(1))),
        ("height is 12, expected 11", spoiled(&|block| block.header.number = 12)),
        ("base_fee_per_gas is", spoiled(&|block| block.header.base_fee_per_gas = Some(1))),
        ("transactions_root is", spoiled(&|block| block.body.transactions.clear())),
        ("withdrawals_root is", spoiled(&|block| block.body.withdrawals = Some(Default::default()))),
        ("transaction 0 does not run", {
            let again = signed(19, Address::repeat_byte(9), 1, Bytes::new()).into_inner();
            spoiled(&|block| {
                block.body.transactions = vec![again.clone()];
                block.header.transactions_root = proofs::calculate_transaction_root(&block.body.transactions);
            })
        }),
    ];
    let mut events = chain.subscribe();
    for (why, block) in faults {
        match chain.import_block(block) {
            Err(ImportError::Invalid(refusal)) => assert!(refusal.to_string().contains(why), "{why}: {refusal}"),
            other => panic!("{why}: {other:?}"),
        }
        assert_eq!(chain.head(), head, "{why}");
        let store = chain.read().unwrap();
        assert_eq!(store.head().unwrap().unwrap(), *head, "{why}");
        assert!(!store.has_transaction(*good.body.transactions[0].tx_hash()).unwrap(), "{why}");
        assert!(events.try_recv().is_err(), "{why}");
    }
    let mut other = blocks[4].clone();
    other.header.timestamp += 1;
    let other = SealedBlock::seal(other.header, other.body);
    match chain.import_block(other) {
        Err(ImportError::OtherChain { height: 5, expected, .. }) => assert_eq!(expected, blocks[4].hash()),
        other => panic!("{other:?}"),
    }
    assert_eq!(chain.import_block(good.clone()).unwrap(), Imported::Appended);
    assert_eq!(chain.head().hash, good.hash());
}

#[test]
fn our_own_chain_takes_no_block_without_a_certificate() {
    let dir = tempfile::tempdir().unwrap();
    let chain = open(dir.path());
    let block = SealedBlock::seal(Header { number: 1, ..Default::default() }, Body::default());
    assert!(matches!(chain.import_block(block), Err(ImportError::Fatal(_))));
    assert_eq!(chain.head().height(), 0);
}

#[test]
fn the_chain_file_of_the_repository_is_this_chain() {
    let dir = tempfile::tempdir().unwrap();
    let (_, blocks) = make(dir.path());
    let bytes: Vec<u8> = blocks.iter().flat_map(SealedBlock::ethereum_rlp).collect();
    if std::env::var_os("BTTC_WRITE_CHAIN").is_some() {
        std::fs::write(FILE, &bytes).unwrap();
    }
    assert!(std::fs::read(FILE).unwrap() == bytes, "the rules that made {FILE} have changed");
}

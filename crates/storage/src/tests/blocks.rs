//! Blocks, proposals, indices and notes: written, and read back.

use super::fixture::{Op, TestChain, address, apply, certificate, config, log, receipts};
use crate::{BlockCommit, Storage, StoredProposal, rows::MAX_VALUE_BYTES};
use alloy_primitives::{Address, B256, Log};
use bttc_primitives::{Fatal, RecoveredBlock};
use proptest::{collection::vec, prelude::*};
use std::ops::RangeInclusive;

#[test]
fn what_was_appended_is_read_back() {
    let mut chain = TestChain::new(&[Op::Balance(1, 5)]);
    let logs = [vec![log(1, Some(1)), log(2, None)], vec![], vec![log(3, Some(1))]];
    let blocks: Vec<RecoveredBlock> =
        (0..3).map(|n| chain.add(&[Op::Balance(2, n + 1)], &logs[..n as usize + 1])).collect();
    let store = chain.read();
    for (height, block) in (1u64..).zip(&blocks) {
        let hash = block.block.hash();
        assert_eq!(store.recovered_block(height).unwrap().as_ref(), Some(block));
        assert_eq!(store.header(height).unwrap().unwrap(), block.block.header);
        assert_eq!(store.block_hash(height).unwrap(), Some(hash));
        assert_eq!(store.height_of(hash).unwrap(), Some(height));
        assert_eq!(store.certificate(height).unwrap().unwrap(), certificate(block));
        let expected = receipts(&logs[..height as usize]);
        assert_eq!(store.receipts(height).unwrap().unwrap(), expected);
        assert_eq!(store.transaction_count(height).unwrap(), Some(expected.len()));
        let mut first_log = 0;
        for (index, receipt) in expected.iter().enumerate() {
            let tx = &block.block.body.transactions[index];
            let stored = store.transaction(*tx.tx_hash()).unwrap().unwrap();
            assert_eq!((&stored.tx, stored.sender), (tx, address(index as u8)));
            assert_eq!((stored.height, stored.index, stored.block_hash), (height, index, hash));
            assert_eq!(store.transaction_at(height, index).unwrap(), Some(stored));
            assert_eq!(store.transaction_location(*tx.tx_hash()).unwrap(), Some((height, index)));
            let stored = store.receipt(height, index).unwrap().unwrap();
            assert_eq!((&stored.receipt, stored.gas_used, stored.first_log_index), (receipt, 21_000, first_log));
            assert_eq!(store.receipt_of(*tx.tx_hash()).unwrap(), Some((height, index, stored)));
            first_log += receipt.logs.len() as u64;
        }
        assert_eq!(store.receipt(height, expected.len()).unwrap(), None);
        assert_eq!(store.transaction_at(height, expected.len()).unwrap(), None);
    }
    assert_eq!(store.head().unwrap().unwrap().hash, blocks[2].block.hash());
    assert_eq!(store.total_transactions().unwrap(), 6);
    assert_eq!(store.block(4).unwrap(), None);
    assert_eq!(store.receipts(4).unwrap(), None);
    assert_eq!(store.transaction(B256::ZERO).unwrap(), None);
    assert_eq!(store.certificate(0).unwrap(), None);
}

#[test]
fn a_snapshot_stays_as_it_was_and_is_counted() {
    let mut chain = TestChain::new(&[Op::Balance(1, 5)]);
    let old = chain.read();
    chain.add(&[Op::Balance(1, 6)], &[vec![]]);
    assert_eq!(chain.storage.open_readers(), 1);
    assert_eq!(old.head().unwrap().unwrap().height(), 0);
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let old = old.clone();
            std::thread::spawn(move || (0..100).all(|_| old.state().is_ok() && old.block(1).unwrap().is_none()))
        })
        .collect();
    assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
    drop(old);
    assert_eq!(chain.storage.open_readers(), 0);
    assert_eq!(chain.read().head().unwrap().unwrap().height(), 1);
}

#[test]
fn without_a_commit_nothing_stays_and_a_commit_survives_closing() {
    let mut chain = TestChain::new(&[Op::Balance(1, 5)]);
    let sizes = chain.storage.stats().unwrap();
    let block = append(&chain, |_| {}).unwrap();
    assert_eq!(chain.storage.stats().unwrap(), sizes);
    assert_eq!(chain.read().height_of(block.block.hash()).unwrap(), None);
    let block = chain.add(&[Op::Balance(1, 6)], &[vec![log(1, None)]]);
    let TestChain { storage, dir, .. } = chain;
    drop(storage);
    let storage = Storage::open(&config(dir.path())).unwrap();
    assert_eq!(storage.read().unwrap().recovered_block(1).unwrap(), Some(block));
    assert_eq!(storage.identity().unwrap().unwrap().chain_id, 990_992);
}

/// Appends a block that `spoil` has changed, without committing.
fn append(chain: &TestChain, spoil: impl FnOnce(&mut RecoveredBlock)) -> Result<RecoveredBlock, Fatal> {
    let (_, changes) = apply(chain.states.last().unwrap(), &[Op::Balance(1, 77)]);
    let (mut block, hashed, trie) = chain.seal(&changes, vec![super::fixture::transaction(9, 9)]);
    spoil(&mut block);
    let mut write = chain.storage.write().unwrap();
    write.append(BlockCommit {
        block: &block,
        receipts: &receipts(&[vec![]]),
        certificate: Some(&certificate(&block)),
        code: &changes.code,
        changes: &hashed,
        trie: &trie,
    })?;
    Ok(block)
}

#[test]
fn a_block_that_does_not_fit_is_refused() {
    let chain = TestChain::new(&[Op::Balance(1, 5)]);
    assert!(append(&chain, |_| {}).is_ok());
    assert!(append(&chain, |block| block.block.header.number = 2).is_err());
    assert!(append(&chain, |block| block.block.header.parent_hash = B256::ZERO).is_err());
    assert!(append(&chain, |block| block.block.header.state_root = B256::ZERO).is_err());
    assert!(append(&chain, |block| block.senders.clear()).is_err());
    let error = append(&chain, |block| block.block.header.number = 2).unwrap_err().to_string();
    assert!(error.contains("does not follow the head"), "{error}");
}

#[test]
fn a_second_genesis_is_refused() {
    let chain = TestChain::new(&[Op::Balance(1, 5)]);
    let identity = chain.storage.identity().unwrap().unwrap();
    let block = chain.read().recovered_block(0).unwrap().unwrap();
    let mut write = chain.storage.write().unwrap();
    let commit = BlockCommit {
        block: &block,
        receipts: &[],
        certificate: None,
        code: &Default::default(),
        changes: &Default::default(),
        trie: &Default::default(),
    };
    assert!(write.init(&identity, commit).is_err());
}

#[test]
fn proposals_are_kept_until_their_height_is_decided() {
    let mut chain = TestChain::new(&[Op::Balance(1, 5)]);
    let proposal = |height: u64, round: u32| {
        let mut block = chain.read().recovered_block(0).unwrap().unwrap().block;
        block.header.number = height;
        block.header.timestamp = u64::from(round);
        let block = bttc_primitives::SealedBlock::seal(block.header, block.body);
        StoredProposal { round, proposer: address(7), block: RecoveredBlock { block, senders: vec![] } }
    };
    let all = [proposal(1, 0), proposal(1, 1), proposal(2, 0)];
    for proposal in &all {
        let mut write = chain.storage.write().unwrap();
        write.put_proposal(proposal).unwrap();
        write.commit().unwrap();
    }
    let mut kept = chain.read().proposals(1).unwrap();
    kept.sort_by_key(|proposal| proposal.round);
    assert_eq!(kept, all[..2]);
    chain.add(&[], &[]);
    assert!(chain.read().proposals(1).unwrap().is_empty());
    assert_eq!(chain.read().proposals(2).unwrap(), all[2..]);
}

#[test]
fn notes_are_kept_and_too_large_ones_refused() {
    let chain = TestChain::new(&[]);
    let mut write = chain.storage.write().unwrap();
    write.put_meta("dev/irregular", b"1").unwrap();
    write.put_meta("empty", b"").unwrap();
    let error = write.put_meta(&"k".repeat(100), b"1").unwrap_err().to_string();
    assert!(error.contains("longer than"), "{error}");
    let error = write.put_meta("large", &vec![0; MAX_VALUE_BYTES + 1]).unwrap_err().to_string();
    assert!(error.contains("larger than"), "{error}");
    write.commit().unwrap();
    let store = chain.read();
    assert_eq!(store.meta("dev/irregular").unwrap().as_deref(), Some(&b"1"[..]));
    assert_eq!(store.meta("empty").unwrap().as_deref(), Some(&b""[..]));
    assert_eq!(store.meta("format").unwrap(), None);
    assert_eq!(store.format_version().unwrap(), Some(crate::tables::FORMAT_VERSION));
}

#[test]
fn a_full_database_says_so_and_keeps_what_it_has() {
    let dir = tempfile::tempdir().unwrap();
    let mut small = config(dir.path());
    small.max_size_gib = 1;
    let storage = Storage::open(&small).unwrap();
    let large = vec![7u8; MAX_VALUE_BYTES];
    let mut write = storage.write().unwrap();
    let error = (0..5).find_map(|n| write.put_meta(&format!("{n}"), &large).err()).unwrap();
    assert!(error.to_string().contains("storage.max_size_gib"), "{error}");
    drop(write);
    assert_eq!(storage.read().unwrap().meta("0").unwrap(), None);
}

fn blocks_of_logs() -> impl Strategy<Value = Vec<Vec<Log>>> {
    let log = (0u8..5, proptest::option::of(0u8..4)).prop_map(|(address, topic)| log(address, topic));
    vec(vec(log, 0..4), 1..25)
}

/// The slow way: look at every block.
fn expected(blocks: &[Vec<Log>], range: RangeInclusive<u64>, addresses: &[Address], topics: &[B256]) -> Vec<u64> {
    let meets = |logs: &Vec<Log>| {
        (addresses.is_empty() || logs.iter().any(|log| addresses.contains(&log.address)))
            && (topics.is_empty()
                || logs.iter().any(|log| log.topics().first().is_some_and(|topic| topics.contains(topic))))
    };
    let heights = (1u64..).zip(blocks).filter(|(height, _)| range.contains(height));
    let mut found: Vec<_> = heights.filter(|(_, logs)| meets(logs)).map(|(height, _)| height).collect();
    if addresses.is_empty() && topics.is_empty() && range.contains(&0) {
        found.insert(0, 0);
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..Default::default() })]

    #[test]
    fn the_log_index_finds_what_a_scan_finds(
        blocks in blocks_of_logs(),
        queries in vec((vec(0u8..6, 0..4), vec(0u8..5, 0..4), 0u64..28, 0u64..28), 1..12),
        limit in 0usize..30,
    ) {
        let mut chain = TestChain::new(&[]);
        for logs in &blocks {
            chain.add(&[], std::slice::from_ref(logs));
        }
        let store = chain.read();
        for (addresses, topics, start, end) in queries {
            let addresses: Vec<_> = addresses.into_iter().map(address).collect();
            let topics: Vec<_> = topics.into_iter().map(B256::repeat_byte).collect();
            let mut all = expected(&blocks, start..=end, &addresses, &topics);
            prop_assert_eq!(&store.blocks_with_logs(start..=end, &addresses, &topics, usize::MAX).unwrap(), &all);
            all.truncate(limit);
            prop_assert_eq!(store.blocks_with_logs(start..=end, &addresses, &topics, limit).unwrap(), all);
        }
    }
}

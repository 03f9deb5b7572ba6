//! A chain with the staking contracts: its epochs through restarts, going back, snapshots and damage.

use crate::{
    development::run,
    fixture::*,
    snapshot::{export, follow},
    verify::{is_sound, unnoticed},
};
use alloy_primitives::Address;
use bttc_chain::{Chain, ChainConfig, Mining, snapshot::import};
use bttc_primitives::{ChainSpec, SealedBlock};
use bttc_storage::{Storage, test_utils};
use bttc_txpool::PoolConfig;
use std::sync::Arc;

/// Seconds of an epoch (`staking-genesis.json`).
const EPOCH: u64 = 60;

fn spec() -> ChainSpec {
    ChainSpec::from_genesis(staking_genesis()).unwrap()
}

fn open(path: &std::path::Path) -> Chain {
    open_spec(path, spec())
}

/// A block so many seconds after the last, with a transfer.
async fn block(chain: &Chain, seconds: u64) -> SealedBlock {
    let head = chain.head();
    chain.clock().set_next(head.header.timestamp + seconds);
    let nonce = head.height();
    add(chain, transfer(0, nonce, Address::with_last_byte(nonce as u8), 7));
    decide(chain).await
}

/// First heights of the epochs that the store knows.
fn epochs(chain: &Chain) -> Vec<u64> {
    chain.read().unwrap().epochs().unwrap().into_iter().map(|(first, _)| first).collect()
}

/// Three epochs: blocks 1 to 3, 4 to 6, 7 to 8.
async fn three_epochs(chain: &Chain) {
    for (height, seconds) in [1, 1, EPOCH, 1, 1, EPOCH, 1, 1].into_iter().enumerate() {
        let made = block(chain, seconds).await;
        let closes = seconds == EPOCH;
        assert_eq!(made.body.transactions.len(), 1 + usize::from(closes), "block {}", height + 1);
    }
    assert_eq!(epochs(chain), [4, 7]);
}

#[tokio::test]
async fn epochs_are_kept_and_damage_to_them_is_found_and_named() {
    let dir = tempfile::tempdir().unwrap();
    let chain = open(dir.path());
    three_epochs(&chain).await;
    drop(chain);
    let chain = open(dir.path());
    assert_eq!(epochs(&chain), [4, 7]);
    is_sound(chain.storage());
    let rows = test_utils::rows(chain.storage(), "Epochs").unwrap();
    assert_eq!(unnoticed(chain.storage(), "Epochs", &rows), Vec::<String>::new());
    is_sound(chain.storage());
}

#[tokio::test(flavor = "multi_thread")]
async fn going_back_takes_epochs_back() {
    let dir = tempfile::tempdir().unwrap();
    let chain = open(dir.path());
    three_epochs(&chain).await;
    let before = chain.head();
    let node = run(chain.clone(), Mining::Manual);
    let snapshot = node.driver.snapshot().await.unwrap();
    let later = before.header.timestamp + EPOCH;
    assert_eq!(node.driver.mine(3, None, Some(later)).await.unwrap(), 11);
    assert_eq!(epochs(&chain), [4, 7, 10]);
    assert!(node.driver.revert(snapshot).await.unwrap());
    assert_eq!((chain.head(), epochs(&chain)), (before, vec![4, 7]));
    is_sound(chain.storage());
    // A block of another time: this epoch goes on until the next one.
    assert_eq!(node.driver.mine(2, Some(EPOCH), Some(later - 10)).await.unwrap(), 10);
    assert_eq!(epochs(&chain), [4, 7, 11]);
    is_sound(chain.storage());
    node.stop().await;
}

#[tokio::test]
async fn an_imported_ledger_closes_the_epoch_like_a_full_one() {
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let original = open(dirs[0].path());
    three_epochs(&original).await;
    let memory = export(&original, None);
    let storage = Storage::open(&config(dirs[1].path())).unwrap();
    let spec = Arc::new(spec());
    import(&spec, &storage, &memory, None, |_| ()).unwrap();
    let chain = Chain::open(spec, storage, ChainConfig::default(), PoolConfig::default(), Some(signer())).unwrap();
    assert_eq!(chain.head(), original.head());
    is_sound(chain.storage());
    let mut more = Vec::new();
    for seconds in [1, EPOCH, 1] {
        more.push(block(&original, seconds).await);
    }
    set_clock(&chain, original.head().header.timestamp);
    follow(&chain, &more).await;
    assert_eq!(epochs(&original), [4, 7, 11]);
    assert_eq!(epochs(&chain).last(), Some(&11));
    is_sound(chain.storage());
    let made = block(&chain, EPOCH).await;
    set_clock(&original, made.header.timestamp);
    follow(&original, &[made]).await;
}

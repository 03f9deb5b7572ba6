//! The service that prunes, beside blocks that are made.

use crate::fixture::*;
use alloy_primitives::Address;
use bttc_chain::{Chain, Driver, Mining, Pruner};
use bttc_consensus::Application;
use bttc_primitives::{Fatal, StateReader};
use bttc_storage::{History, HistoryError, Kept, Pruned, Retention};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const SHORT: Retention = Retention { state: Some(10), blocks: Some(20), logs: None };

struct Running {
    stop: CancellationToken,
    task: JoinHandle<Result<(), Fatal>>,
}

fn run(chain: &Chain, retention: Retention) -> Running {
    let pruner = Pruner::new(chain.clone(), retention).unwrap().unwrap();
    let stop = CancellationToken::new();
    #[expect(clippy::disallowed_methods, reason = "a test plays the node")]
    let task = tokio::spawn(pruner.run(stop.clone()));
    Running { stop, task }
}

impl Running {
    async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(Duration::from_secs(20), self.task).await.unwrap().unwrap().unwrap();
    }
}

fn kept(chain: &Chain) -> Kept {
    chain.read().unwrap().kept().unwrap()
}

/// Waits until the marks are at least these, for a bounded time.
async fn reached(chain: &Chain, wanted: Kept) {
    let wait = async {
        while History::ALL.into_iter().any(|part| kept(chain).of(part) < wanted.of(part)) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let done = tokio::time::timeout(Duration::from_secs(60), wait).await;
    assert!(done.is_ok(), "{:?} instead of {wanted:?}", kept(chain));
}

async fn grow(chain: &Chain, blocks: u64) {
    for _ in 0..blocks {
        let nonce = chain.head().height();
        add(chain, transfer(0, nonce, Address::with_last_byte(nonce as u8), 1 + u128::from(nonce)));
        assert_eq!(decide(chain).await.body.transactions.len(), 1);
    }
}

/// Everything at and above the marks is there, nothing below.
fn assert_kept(chain: &Chain) {
    let store = chain.read().unwrap();
    let Kept { state, blocks, logs } = store.kept().unwrap();
    assert_eq!(logs, blocks);
    let head = chain.head().height();
    for height in 1..=head {
        assert_eq!(store.header(height).unwrap().unwrap().number, height);
        assert_eq!(store.certificate(height).unwrap().unwrap().height, height);
        match store.block(height) {
            Ok(block) if height >= blocks => assert_eq!(block.unwrap().body.transactions.len(), 1),
            Err(HistoryError::Pruned(pruned)) if height < blocks => assert_eq!(pruned.kept_from, blocks),
            other => panic!("block {height}, kept from {blocks}: {other:?}"),
        }
        match store.state_at(height) {
            Ok(view) if height >= state => {
                let nonce = view.unwrap().account(key(0).address()).unwrap().unwrap().nonce;
                assert_eq!(nonce, height);
            }
            Err(HistoryError::Pruned(pruned)) if height < state => assert_eq!(pruned.kept_from, state),
            other => panic!("state {height}, kept from {state}: {other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_marks_follow_the_head_through_restarts_and_changes_of_mind() {
    let dir = tempfile::tempdir().unwrap();
    let chain = open(dir.path());
    let pruner = run(&chain, SHORT);
    grow(&chain, 160).await;
    // 64 heights must be due before anything happens.
    reached(&chain, Kept { state: 160 - 10 - 64, blocks: 160 - 20 - 64, logs: 160 - 20 - 64 }).await;
    pruner.stop().await;
    assert_kept(&chain);
    let before = kept(&chain);
    drop(chain);

    // Back to archive: what is there stays, and nothing prunes.
    let chain = open(dir.path());
    assert!(Pruner::new(chain.clone(), Retention::ARCHIVE).unwrap().is_none());
    grow(&chain, 70).await;
    assert_eq!(kept(&chain), before);
    assert_kept(&chain);

    // And pruning again: the backlog is worked off without a new block.
    let pruner = run(&chain, SHORT);
    reached(&chain, Kept { state: 220, blocks: 210, logs: 210 }).await;
    pruner.stop().await;
    assert_eq!(kept(&chain), Kept { state: 220, blocks: 210, logs: 210 });
    assert_kept(&chain);
    assert!(chain.decided(100..240, 1 << 20).await.unwrap().is_empty());
    assert_eq!(chain.decided(210..240, 1 << 20).await.unwrap().len(), 21);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_before_enough_is_due_and_a_stop_ends_it_between_steps() {
    let dir = tempfile::tempdir().unwrap();
    let chain = open(dir.path());
    let stopped = CancellationToken::new();
    stopped.cancel();
    let once = |retention| Pruner::new(chain.clone(), retention).unwrap().unwrap().run(stopped.clone());
    grow(&chain, 73).await;
    once(SHORT).await.unwrap();
    assert_eq!(kept(&chain), Kept::default());
    grow(&chain, 1).await;
    once(SHORT).await.unwrap();
    let after_one = kept(&chain);
    assert!(after_one.state > 0 && after_one.state < 64, "a step is small: {after_one:?}");
    let pruner = run(&chain, SHORT);
    grow(&chain, 64).await;
    reached(&chain, Kept { state: 64, blocks: 54, logs: 54 }).await;
    pruner.stop().await;
    assert_kept(&chain);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revert_to_what_is_pruned_is_refused_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let chain = open(dir.path());
    let (driver, service) = Driver::new(chain.clone(), signer(), Mining::Manual);
    let stop = CancellationToken::new();
    #[expect(clippy::disallowed_methods, reason = "a test plays the node")]
    let task = tokio::spawn(service.run(stop.clone()));
    driver.mine(2, None, None).await.unwrap();
    let early = driver.snapshot().await.unwrap();
    driver.mine(100, None, None).await.unwrap();
    let late = driver.snapshot().await.unwrap();
    driver.mine(2, None, None).await.unwrap();
    let pruner = run(&chain, SHORT);
    reached(&chain, Kept { state: 94, blocks: 84, logs: 84 }).await;
    let head = chain.head();
    let refused = driver.revert(early).await.unwrap_err();
    let expected = Pruned { part: History::State, height: 2, kept_from: 94 };
    assert!(matches!(refused, HistoryError::Pruned(pruned) if pruned == expected), "{refused}");
    assert_eq!(chain.head(), head);
    assert!(driver.revert(late).await.unwrap());
    assert_eq!(chain.head().height(), 102);
    assert_eq!(driver.mine(1, None, None).await.unwrap(), 103);
    pruner.stop().await;
    stop.cancel();
    tokio::time::timeout(Duration::from_secs(20), task).await.unwrap().unwrap().unwrap();
}

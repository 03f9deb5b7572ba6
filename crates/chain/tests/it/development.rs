//! The built-in driver, and what is done to a development chain by hand.

use crate::fixture::*;
use alloy_primitives::{Address, Bytes, U256};
use bttc_chain::{Chain, ChainEvent, Driver, DriverHandle, Mining};
use bttc_primitives::StateReader;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) struct Running {
    pub(crate) chain: Chain,
    pub(crate) driver: DriverHandle,
    stop: CancellationToken,
    task: JoinHandle<Result<(), bttc_primitives::Fatal>>,
}

pub(crate) fn run(chain: Chain, mining: Mining) -> Running {
    let (driver, service) = Driver::new(chain.clone(), signer(), mining);
    let stop = CancellationToken::new();
    #[expect(clippy::disallowed_methods, reason = "a test plays the node")]
    let task = tokio::spawn(service.run(stop.clone()));
    Running { chain, driver, stop, task }
}

impl Running {
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(Duration::from_secs(20), self.task).await.unwrap().unwrap().unwrap();
    }

    fn balance(&self, address: Address) -> U256 {
        let state = self.chain.read().unwrap().state().unwrap();
        state.account(address).unwrap().unwrap_or_default().balance
    }

    fn root_is_right(&self) {
        let store = self.chain.read().unwrap();
        let root = bttc_trie::state_root(&store, &Default::default()).unwrap().root;
        assert_eq!(root, self.chain.head().header.state_root);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_brings_about_a_block() {
    let dir = tempfile::tempdir().unwrap();
    let node = run(open(dir.path()), Mining::OnDemand);
    let mut events = node.chain.subscribe();
    let hash = add(&node.chain, transfer(0, 0, Address::repeat_byte(4), 1));
    let event = tokio::time::timeout(Duration::from_secs(20), events.recv()).await.unwrap().unwrap();
    let ChainEvent::Committed(block) = event else { panic!() };
    assert_eq!(*block.block.block.body.transactions[0].tx_hash(), hash);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_come_at_an_interval_and_on_request() {
    let dir = tempfile::tempdir().unwrap();
    let node = run(open(dir.path()), Mining::Every(Duration::from_millis(20)));
    let mut events = node.chain.subscribe();
    for _ in 0..3 {
        tokio::time::timeout(Duration::from_secs(20), events.recv()).await.unwrap().unwrap();
    }
    node.driver.set_mining(Mining::Manual).await.unwrap();
    let height = node.chain.head().height();
    let now = node.driver.now() + 1_000;
    node.driver.set_next_timestamp(now).unwrap();
    assert_eq!(node.driver.mine(3, Some(60), None).await.unwrap(), height + 3);
    assert_eq!(node.chain.head().header.timestamp, now + 120);
    assert!(node.driver.set_next_timestamp(5).is_err());
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revert_takes_back_blocks_and_patches() {
    let dir = tempfile::tempdir().unwrap();
    let node = run(open(dir.path()), Mining::Manual);
    let (rich, code_at) = (Address::repeat_byte(0xaa), Address::repeat_byte(0xbb));
    node.driver.mine(2, None, None).await.unwrap();
    node.driver.set_balance(rich, U256::from(1)).await.unwrap();
    let snapshot = node.driver.snapshot().await.unwrap();
    // Changed at the snapshot's own height, then once more above it.
    node.driver.set_balance(rich, U256::from(2)).await.unwrap();
    node.driver.set_code(code_at, Bytes::from_static(&[0x60, 0x00])).await.unwrap();
    node.driver.set_storage_at(code_at, U256::from(3), U256::from(4)).await.unwrap();
    add(&node.chain, transfer(0, 0, rich, 100));
    node.driver.mine(1, None, None).await.unwrap();
    node.driver.set_balance(rich, U256::from(3)).await.unwrap();
    node.driver.set_nonce(rich, 9).await.unwrap();
    assert_eq!(node.driver.mine(1, None, None).await.unwrap(), 4);
    node.root_is_right();
    assert_eq!(node.balance(rich), U256::from(3));

    assert!(node.driver.revert(snapshot).await.unwrap());
    assert_eq!(node.chain.head().height(), 2);
    assert_eq!(node.balance(rich), U256::from(1));
    let state = node.chain.read().unwrap().state().unwrap();
    assert_eq!(state.account(code_at).unwrap(), None);
    assert_eq!(state.storage(code_at, U256::from(3)).unwrap(), U256::ZERO);
    drop(state);
    assert!(!node.driver.revert(snapshot).await.unwrap());
    // The chain goes on from there as if nothing had been.
    add(&node.chain, transfer(0, 0, rich, 1));
    node.driver.mine(1, None, None).await.unwrap();
    assert_eq!(node.balance(rich), U256::from(2));
    node.root_is_right();
    node.stop().await;
}

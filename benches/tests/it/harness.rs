//! The harness against a node in this process.

use bttc_benches::{
    http::Connection,
    ledger::open,
    load::{Stand, Target, Workload, dev_senders},
    served::Served,
    transactions::{bodies, dev_key, sign},
};
use bttc_storage::Durability;
use std::{sync::atomic::AtomicBool, time::Duration};

fn node() -> (tempfile::TempDir, Served, Target) {
    let dir = tempfile::tempdir().unwrap();
    let served = Served::start(open(dir.path(), Durability::Ephemeral).unwrap(), true).unwrap();
    let target = Target { name: "here".to_owned(), urls: vec![served.url.clone()], pids: vec![std::process::id()] };
    (dir, served, target)
}

fn height(target: &Target) -> u64 {
    target.connect(0).unwrap().quantity("eth_blockNumber", serde_json::json!([])).unwrap()
}

#[test]
fn what_is_sent_is_counted_and_checked() {
    let (_dir, _served, target) = node();
    let stand = Stand::prepare(target.clone(), dev_senders(3).unwrap(), Workload::Erc20).unwrap();
    let round = stand.saturate(60, 7).unwrap();
    assert_eq!((round.included, round.rejected, round.lost), (60, 0, 0));
    assert!(round.per_second() > 0.0 && round.cpu.is_some());
    let paced = stand.paced(60.0, Duration::from_secs(1), &AtomicBool::new(false)).unwrap();
    assert_eq!((paced.sent, paced.rejected, paced.lost), (60, 0, 0));
    assert_eq!(paced.receipts.len(), 60);
    // One block for each.
    let before = height(&target);
    assert_eq!(stand.step(&mut target.connect(0).unwrap(), 2).unwrap(), 2);
    assert_eq!(height(&target), before + 2);
    assert!(stand.check().unwrap() > 3);
    // A load that is stopped has sent nothing, and nothing is missing.
    let stopped = stand.paced(60.0, Duration::from_secs(1), &AtomicBool::new(true)).unwrap();
    assert_eq!((stopped.sent, stopped.lost), (0, 0));
}

#[test]
fn a_balance_that_the_load_did_not_make_is_seen() {
    let (_dir, _served, target) = node();
    let stand = Stand::prepare(target.clone(), dev_senders(2).unwrap(), Workload::Transfers).unwrap();
    stand.saturate(10, 1).unwrap();
    stand.check().unwrap();
    let call = Workload::Transfers.call(stand.place(), 0, 0);
    let foreign = sign(&dev_key(9).unwrap(), 0, &call).unwrap();
    let mut connection = Connection::open(target.url(0)).unwrap();
    connection.post(&bodies(&[foreign], 1)[0]).unwrap();
    // The receiver's balance shows once its block is there.
    let account = dev_key(9).unwrap().address();
    let end = std::time::Instant::now() + Duration::from_secs(30);
    while connection.quantity("eth_getTransactionCount", serde_json::json!([account, "latest"])).unwrap() == 0 {
        assert!(std::time::Instant::now() < end, "the transfer has no block");
    }
    assert!(stand.check().unwrap_err().to_string().contains("its blocks make it"));
}

#[test]
fn refused_transactions_are_counted_apart() {
    let (_dir, _served, target) = node();
    // This account has nothing.
    let poor = alloy_signer_local::PrivateKeySigner::from_bytes(&alloy_primitives::B256::repeat_byte(7)).unwrap();
    let stand = Stand::prepare(target, vec![poor], Workload::Transfers).unwrap();
    let round = stand.saturate(5, 2).unwrap();
    assert_eq!((round.included, round.rejected, round.lost), (0, 5, 0));
    assert!(round.refusal.unwrap().contains("insufficient funds"));
}

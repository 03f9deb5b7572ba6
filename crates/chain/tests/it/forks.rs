//! Planned forks: blocks before their time pass, blocks from it on stop a build that does not know them.

use crate::{development::run, fixture::*};
use alloy_primitives::{B64, B256, U256};
use bttc_chain::{Chain, Driver, Mining};
use bttc_consensus::{Announcement, Application, ForkDigest, InvalidBlock, Verdict, Version};
use bttc_contracts::addresses::PARAMS;
use bttc_primitives::{ChainSpec, ForkPlan, Genesis, SealedBlock};
use std::{
    path::Path,
    time::{Duration, Instant},
};

/// When the chain begins, and when the rules of the fork do. Unit: Unix seconds.
const TIME: u64 = 1_800_000_000;
const FORK: u64 = TIME + 100;

/// Slots of `Params` with the name and the time of the plan.
const NAME_SLOT: u64 = 4;
const TIME_SLOT: u64 = 5;

/// A short string as Solidity stores it.
fn short(text: &[u8]) -> B256 {
    let mut word = B256::right_padding_from(text);
    word[31] = u8::try_from(2 * text.len()).unwrap();
    word
}

/// The development genesis with staking, and a plan of this name.
fn genesis(name: &[u8]) -> Genesis {
    let mut genesis = crate::staking_genesis::staking_genesis(GENESIS);
    if !name.is_empty() {
        let slots = genesis.alloc.get_mut(&PARAMS).unwrap().storage.as_mut().unwrap();
        slots.insert(B256::from(U256::from(NAME_SLOT)), short(name));
        slots.insert(B256::from(U256::from(TIME_SLOT)), B256::from(U256::from(FORK)));
    }
    genesis
}

/// The chain with the fork "pine" ahead, opened by a build that knows these forks; its clock stands at the beginning.
fn chain(path: &Path, known: &'static [&'static str]) -> Chain {
    planned(path, b"pine", known)
}

fn planned(path: &Path, name: &[u8], known: &'static [&'static str]) -> Chain {
    let chain = open_spec(path, ChainSpec::from_genesis(genesis(name)).unwrap().with_known_forks(known));
    set_clock(&chain, TIME);
    chain
}

fn set_clock(chain: &Chain, time: u64) {
    Driver::new(chain.clone(), signer(), Mining::Manual).0.set_time(time);
}

async fn try_propose(chain: &Chain, time: u64) -> Result<SealedBlock, String> {
    chain.clock().set_next(time);
    let proposed = chain.propose(turn(chain), None, Instant::now() + Duration::from_secs(10)).await;
    proposed.map_err(|error| error.to_string())
}

async fn decide_at(chain: &Chain, time: u64) -> SealedBlock {
    let block = try_propose(chain, time).await.unwrap();
    assert_eq!(block.header.timestamp, time);
    chain.commit(decision(chain, &block)).await.unwrap();
    block
}

/// What a stopped node says: which fork, when, before which block, what to do.
fn stops_before(height: u64, error: &str) {
    let (version, block) = (env!("CARGO_PKG_VERSION"), format!("block {height} is the first"));
    let parts = [version, "\"pine\"", "2027-01-15T08:01:40Z", &block, "nothing is lost", "install a version"];
    for part in parts {
        assert!(error.contains(part), "{part:?} is missing: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_know_the_fork_proposes_until_its_time_alone() {
    let dir = tempfile::tempdir().unwrap();
    let old = chain(dir.path(), &[]);
    assert_eq!(old.fork_plan().unwrap().map(|plan| (plan.name, plan.time)), Some((b"pine".into(), FORK)));
    old.check_forks().unwrap();
    let last = decide_at(&old, FORK - 1).await;
    stops_before(2, &try_propose(&old, FORK).await.unwrap_err());
    assert_eq!(old.head().hash, last.hash());
    assert!(old.proposals(2).await.unwrap().is_empty());
    drop(old);

    // The same version says the same at once, from then on.
    let old = chain(dir.path(), &["oak"]);
    set_clock(&old, FORK + 1_000);
    stops_before(2, &old.check_forks().unwrap_err().to_string());
    // A clock that was ahead and is put right keeps nobody out.
    set_clock(&old, FORK - 1);
    old.check_forks().unwrap();
    drop(old);

    // A version that knows it goes on where the other stopped.
    let new = chain(dir.path(), &["oak", "pine"]);
    set_clock(&new, FORK + 1_000);
    new.check_forks().unwrap();
    let block = decide_at(&new, FORK + 1_000).await;
    assert_eq!((block.height(), block.header.parent_hash), (2, last.hash()));
    drop(new);
    let old = chain(dir.path(), &[]);
    stops_before(3, &try_propose(&old, FORK + 2_000).await.unwrap_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_know_the_fork_verifies_until_its_time_alone() {
    let (left, right) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (new, old) = (chain(left.path(), &["pine"]), chain(right.path(), &[]));
    let first = decide_at(&new, FORK - 1).await;
    set_clock(&old, FORK - 1);
    // As catch-up does it: verdict, then commit.
    assert_eq!(old.verify(turn(&old), first.clone()).await.unwrap(), Verdict::Valid);
    old.commit(decision(&old, &first)).await.unwrap();

    let block = try_propose(&new, FORK).await.unwrap();
    // A block that is too far ahead of the clock is invalid by every version, and stops nobody.
    set_clock(&old, FORK - 10);
    let early = old.verify(turn(&old), block.clone()).await.unwrap();
    assert!(matches!(early, Verdict::Invalid(InvalidBlock::Timestamp { .. })), "{early:?}");
    set_clock(&old, FORK + 50);
    old.check_forks().unwrap();

    // It is no vote, also where the old rules would find a fault first.
    let mut other = block.header.clone();
    other.gas_limit += 1;
    let other = SealedBlock::seal(other, block.body.clone());
    for block in [other, block.clone()] {
        stops_before(2, &old.verify(turn(&old), block).await.unwrap_err().to_string());
    }
    assert_eq!(old.head().hash, first.hash());
    stops_before(2, &old.check_forks().unwrap_err().to_string());
    assert_eq!(new.verify(turn(&new), block).await.unwrap(), Verdict::Valid);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_of_a_newer_version_is_not_committed_by_an_older_one() {
    let dir = tempfile::tempdir().unwrap();
    let new = chain(dir.path(), &["pine"]);
    let block = try_propose(&new, FORK).await.unwrap();
    let decided = decision(&new, &block);
    drop(new);
    let old = chain(dir.path(), &[]);
    stops_before(1, &old.commit(decided.clone()).await.unwrap_err().to_string());
    assert_eq!(old.head().height(), 0);
    drop(old);
    let new = chain(dir.path(), &["pine"]);
    assert_eq!(new.commit(decided).await.unwrap().height, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_was_taken_back_stops_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let node = run(chain(dir.path(), &[]), Mining::Manual);
    let stop = try_propose(&node.chain, FORK).await.unwrap_err();
    stops_before(1, &stop);
    for slot in [NAME_SLOT, TIME_SLOT] {
        node.driver.set_storage_at(PARAMS, U256::from(slot), U256::ZERO).await.unwrap();
    }
    assert_eq!(node.chain.fork_plan().unwrap(), None);
    node.chain.check_forks().unwrap();
    assert_eq!(node.driver.mine(3, Some(60), Some(FORK)).await.unwrap(), 3);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_no_text_stops_nobody_before_its_time() {
    let dir = tempfile::tempdir().unwrap();
    let chain = planned(dir.path(), &[0xff, 0x1b, 0xc3], &["pine"]);
    decide_at(&chain, FORK - 1).await;
    let error = try_propose(&chain, FORK).await.unwrap_err();
    assert!(error.contains("does not know the fork \"\u{fffd}\\u{1b}\u{fffd}\""), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn proposers_announce_what_they_know_and_any_announcement_is_valid() {
    let (left, right) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (new, old) = (chain(left.path(), &["pine", "oak"]), chain(right.path(), &["oak"]));
    let said = |block: &SealedBlock| Announcement::decode(block.header.nonce).unwrap();
    let plan = ForkPlan { name: b"pine".into(), time: FORK };
    let ours = try_propose(&new, TIME + 1).await.unwrap();
    assert_eq!((said(&ours).version, said(&ours).fork), (Version::of_build(), Some(ForkDigest::of(b"pine"))));
    assert!(said(&ours).is_ready_for(&plan));
    let theirs = try_propose(&old, TIME + 1).await.unwrap();
    assert_eq!(said(&theirs).fork, Some(ForkDigest::of(b"oak")));
    assert!(!said(&theirs).is_ready_for(&plan));
    for nonce in [B64::ZERO, B64::repeat_byte(0xff), B64::repeat_byte(1)] {
        let mut header = ours.header.clone();
        header.nonce = nonce;
        let block = SealedBlock::seal(header, ours.body.clone());
        assert_eq!(old.verify(turn(&old), block).await.unwrap(), Verdict::Valid, "{nonce}");
    }
    let none = tempfile::tempdir().unwrap();
    let none = planned(none.path(), b"", &[]);
    assert_eq!(none.fork_plan().unwrap(), None);
    assert_eq!(said(&try_propose(&none, TIME + 1).await.unwrap()).fork, None);
}

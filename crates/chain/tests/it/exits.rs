//! Exits: what headers commit to, against the model of the exit tree; restarts, snapshots, checks of stores, and blocks that say otherwise.

use crate::{
    development::run,
    fixture::*,
    snapshot::{export, follow},
    verify::{check, is_sound},
};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use alloy_sol_types::{SolCall, SolEvent};
use bttc_chain::{Chain, ChainConfig, Mining, audit_supply, exit_state, snapshot::import};
use bttc_consensus::{Application, InvalidBlock, Verdict, output_commitment};
use bttc_contracts::{
    addresses::{BRIDGE_INBOX, BRIDGE_OUTBOX},
    bridge::{IBridgeInbox, IBridgeOutbox},
};
use bttc_primitives::{ChainSpec, Recovered, SealedBlock, Transaction};
use bttc_storage::{Storage, test_utils};
use bttc_trie::{Exit, ExitTree, empty_exit_root};
use bttc_txpool::PoolConfig;
use proptest::{prelude::*, test_runner::TestRunner};
use std::{path::Path, sync::Arc};

const TRON: u32 = 2;
const BTT: u128 = 1_000_000_000_000_000_000;

fn spec() -> ChainSpec {
    ChainSpec::from_genesis(staking_genesis()).unwrap()
}

fn reopen(path: &Path) -> Chain {
    let storage = Storage::open(&config(path)).unwrap();
    Chain::open(Arc::new(spec()), storage, ChainConfig::default(), PoolConfig::default(), Some(signer())).unwrap()
}

/// An exit of BTT to TRON.
fn exit(from: u32, nonce: u64, to: Address, amount: u128) -> Recovered<Transaction> {
    let input =
        IBridgeOutbox::exitCall { rootId: U256::from(TRON), token: Address::ZERO, to, amount: U256::from(amount) };
    call(from, nonce, TxKind::Call(BRIDGE_OUTBOX), amount, input.abi_encode().into(), 400_000)
}

/// The leaf that an exit must become.
fn leaf(index: u64, from: u32, to: Address, amount: u128) -> B256 {
    let exit = Exit {
        chain_id: 990_992,
        root_id: TRON,
        root_bridge: Address::repeat_byte(0x71),
        index: index.try_into().unwrap(),
        token: Address::repeat_byte(0x73),
        from: key(from).address(),
        to,
        amount: U256::from(amount),
    };
    exit.leaf()
}

/// The root of the model and what a block commits to.
#[track_caller]
fn commits_to(chain: &Chain, block: &SealedBlock, root: B256) {
    let voters = chain.validators(block.height() + 1).unwrap().hash();
    assert_eq!(block.header.extra_data, output_commitment(voters, root), "block {}", block.height());
}

/// Blocks with and without exits; answers with the blocks and the model.
async fn exits(chain: &Chain) -> (Vec<SealedBlock>, ExitTree) {
    let (mut blocks, mut model) = (Vec::new(), ExitTree::default());
    let mut nonce = 0;
    for (height, count) in (1..=9u64).zip([0, 1, 0, 3, 2, 0, 1, 5, 0]) {
        chain.clock().set_next(chain.head().header.timestamp + 10);
        for n in 0..count {
            let to = Address::with_last_byte(n as u8 + 1);
            let amount = BTT + u128::from(height);
            add(chain, exit(0, nonce, to, amount));
            model.push(leaf(model.count(), 0, to, amount)).unwrap();
            nonce += 1;
        }
        let block = decide(chain).await;
        commits_to(chain, &block, model.root());
        blocks.push(block);
    }
    let state = exit_state(&chain.read().unwrap().state().unwrap()).unwrap();
    assert_eq!((state.root, state.count), (model.root(), 12));
    (blocks, model)
}

#[tokio::test]
async fn headers_commit_to_the_exits_of_their_block_and_a_follower_agrees() {
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let chain = open_spec(dirs[0].path(), spec());
    commits_to(&chain, &chain.read().unwrap().block(0).unwrap().unwrap(), empty_exit_root());
    let (blocks, model) = exits(&chain).await;
    is_sound(chain.storage());

    let follower = open_spec(dirs[1].path(), spec());
    set_clock(&follower, chain.head().header.timestamp);
    follow(&follower, &blocks[..6]).await;
    // As after a crash: what is in the store is enough.
    drop(follower);
    let follower = reopen(dirs[1].path());
    set_clock(&follower, chain.head().header.timestamp);
    follow(&follower, &blocks[6..]).await;
    assert_eq!(exit_state(&follower.read().unwrap().state().unwrap()).unwrap().root, model.root());
    is_sound(follower.storage());

    // What left is in the reserve again: no BTT is lost, none appeared.
    let audit = audit_supply(&spec(), &chain.read().unwrap(), None, |_| true).unwrap();
    assert!(audit.exact() && audit.holds(), "{audit:?}");
    let before = audit_supply(&spec(), &chain.read().unwrap(), Some(0), |_| true).unwrap();
    assert!(before.exact(), "{before:?}");
}

#[tokio::test]
async fn a_block_that_commits_to_another_exit_root_is_refused() {
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let chain = open_spec(dirs[0].path(), spec());
    let (blocks, model) = exits(&chain).await;
    let follower = open_spec(dirs[1].path(), spec());
    set_clock(&follower, chain.head().header.timestamp);
    let (last, before) = blocks.split_last().unwrap();
    follow(&follower, before).await;
    let voters = follower.validators(last.height()).unwrap().hash();
    let mut other = model.clone();
    other.push(B256::repeat_byte(1)).unwrap();
    for wrong in [empty_exit_root(), other.root(), B256::ZERO] {
        let mut header = last.header.clone();
        header.extra_data = output_commitment(voters, wrong);
        let block = SealedBlock::seal(header, last.body.clone());
        let verdict = follower.verify(turn(&follower), block).await.unwrap();
        assert!(matches!(verdict, Verdict::Invalid(InvalidBlock::Field { field: "extra_data", .. })), "{verdict:?}");
    }
    assert_eq!(follower.verify(turn(&follower), last.clone()).await.unwrap(), Verdict::Valid);
}

#[tokio::test]
async fn a_store_whose_exit_root_was_changed_is_found_out() {
    let dir = tempfile::tempdir().unwrap();
    let chain = open_spec(dir.path(), spec());
    exits(&chain).await;
    drop(chain);
    let storage = Storage::open(&config(dir.path())).unwrap();
    is_sound(&storage);
    // The row of the newest root: the header of the last block speaks of another.
    let key = [alloy_primitives::keccak256(BRIDGE_OUTBOX), alloy_primitives::keccak256([0u8; 32])].concat();
    let rows = test_utils::rows(&storage, "HashedStorages").unwrap();
    let (_, value) = rows.iter().find(|(at, _)| *at == key).expect("the root has a row").clone();
    let mut changed = value.clone();
    changed[5] ^= 1;
    test_utils::set(&storage, "HashedStorages", &[(key.clone(), Some(changed))]).unwrap();
    let found = check(&storage);
    assert!(found.iter().any(|of| of.table == "Headers" && of.what.contains("exit root")), "{found:?}");
    test_utils::set(&storage, "HashedStorages", &[(key, Some(value))]).unwrap();
    is_sound(&storage);
}

#[tokio::test]
async fn a_pruned_store_with_exits_is_sound() {
    let dir = tempfile::tempdir().unwrap();
    let chain = open_spec(dir.path(), spec());
    exits(&chain).await;
    drop(chain);
    let storage = Storage::open(&config(dir.path())).unwrap();
    for state in 1..=9 {
        let mut write = storage.write().unwrap();
        let target = bttc_storage::Kept { state, ..Default::default() };
        assert!(write.prune(target, 10_000).unwrap().done);
        write.commit().unwrap();
        is_sound(&storage);
    }
}

#[tokio::test]
async fn a_ledger_begun_from_a_snapshot_goes_on_with_the_exits() {
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let original = open_spec(dirs[0].path(), spec());
    let (_, mut model) = exits(&original).await;
    let memory = export(&original, None);
    let storage = Storage::open(&config(dirs[1].path())).unwrap();
    let network = Arc::new(spec());
    import(&network, &storage, &memory, None, |_| ()).unwrap();
    let chain = Chain::open(network, storage, ChainConfig::default(), PoolConfig::default(), Some(signer())).unwrap();
    is_sound(chain.storage());
    set_clock(&chain, original.head().header.timestamp + 60);
    let mut more = Vec::new();
    for n in 0..3 {
        let to = Address::with_last_byte(9);
        add(&original, exit(0, 12 + n, to, BTT));
        model.push(leaf(model.count(), 0, to, BTT)).unwrap();
        original.clock().set_next(original.head().header.timestamp + 1);
        let block = decide(&original).await;
        commits_to(&original, &block, model.root());
        more.push(block);
    }
    follow(&chain, &more).await;
    is_sound(chain.storage());
}

#[tokio::test(flavor = "multi_thread")]
async fn going_back_takes_exits_back() {
    let dir = tempfile::tempdir().unwrap();
    let chain = open_spec(dir.path(), spec());
    let node = run(chain.clone(), Mining::Manual);
    let snapshot = node.driver.snapshot().await.unwrap();
    add(&chain, exit(0, 0, Address::repeat_byte(1), BTT));
    node.driver.mine(1, None, None).await.unwrap();
    let read = || exit_state(&chain.read().unwrap().state().unwrap()).unwrap();
    assert_eq!(read().count, 1);
    assert!(node.driver.revert(snapshot).await.unwrap());
    assert_eq!((read().count, read().root), (0, empty_exit_root()));
    let block = node.driver.mine(1, None, None).await.unwrap();
    let block = chain.read().unwrap().block(block).unwrap().unwrap();
    commits_to(&chain, &block, empty_exit_root());
    is_sound(chain.storage());
    node.stop().await;
}

/// One history: by block the exits of it, each with its sender, receiver and amount; some are refused for too large an amount or none.
type History = Vec<Vec<(u32, u8, u128)>>;

fn history() -> impl Strategy<Value = History> {
    let amount = prop_oneof![1u128..5 * BTT, Just(0), Just(2_000_000 * BTT)];
    let exit = (0u32..3, 1u8..5, amount);
    prop::collection::vec(prop::collection::vec(exit, 0..5), 1..6)
}

/// The leaves that the receipts tell of are the tree's, and nothing else is.
#[test]
fn random_exits_are_those_of_the_model() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let config = ProptestConfig { cases: 12, max_shrink_iters: 40, ..ProptestConfig::default() };
    TestRunner::new(config)
        .run(&history(), |history| {
            let dir = tempfile::tempdir().unwrap();
            let chain = open_spec(dir.path(), spec());
            let mut model = ExitTree::default();
            let mut nonces = [0u64; 3];
            for block in history {
                for (from, to, amount) in &block {
                    let nonce = &mut nonces[*from as usize];
                    add(&chain, exit(*from, *nonce, Address::with_last_byte(*to), *amount));
                    *nonce += 1;
                }
                chain.clock().set_next(chain.head().header.timestamp + 1);
                let made = runtime.block_on(decide(&chain));
                let receipts = chain.read().unwrap().receipts(made.height()).unwrap().unwrap();
                let mut good = 0;
                for log in receipts.iter().flat_map(|receipt| &receipt.logs) {
                    let Ok(event) = IBridgeOutbox::Exit::decode_log(log) else { continue };
                    prop_assert_eq!(event.index, U256::from(model.count()));
                    let amount: u128 = event.amount.to();
                    let from = (0..3).find(|from| key(*from).address() == event.from).unwrap();
                    prop_assert_eq!(event.leaf, leaf(model.count(), from, event.to, amount));
                    model.push(event.leaf).unwrap();
                    good += 1;
                }
                let fit = block.iter().filter(|(_, _, amount)| (1..1_000_000 * BTT).contains(amount)).count();
                prop_assert_eq!(good, fit);
                commits_to(&chain, &made, model.root());
            }
            let state = exit_state(&chain.read().unwrap().state().unwrap()).unwrap();
            prop_assert_eq!((state.root, state.count), (model.root(), model.count()));
            Ok(())
        })
        .unwrap();
}

/// A deposit that the one validator vouches for arrives, and its BTT is that of the reserve.
#[tokio::test]
async fn a_deposit_moves_btt_out_of_the_reserve_and_the_audit_stays_exact() {
    let dir = tempfile::tempdir().unwrap();
    let chain = open_spec(dir.path(), spec());
    let deposit = IBridgeInbox::Deposit {
        token: Address::repeat_byte(0x73),
        from: Address::repeat_byte(5),
        to: Address::repeat_byte(6),
        amount: U256::from(7 * BTT),
    };
    let (record, link) = deposit_hashes(0, &deposit);
    assert_ne!(record, link);
    // The consensus key pays for what it says.
    add(&chain, transfer(0, 0, key(100).address(), 1_000 * BTT));
    decide(&chain).await;
    let attest = IBridgeInbox::attestCall { rootId: U256::from(TRON), to: 1, chainHash: link };
    let inbox =
        |from, nonce, input: Vec<u8>| call(from, nonce, TxKind::Call(BRIDGE_INBOX), 0, Bytes::from(input), 1_500_000);
    add(&chain, inbox(100, 0, attest.abi_encode()));
    let execute = IBridgeInbox::executeCall { rootId: U256::from(TRON), deposits: vec![deposit] };
    decide(&chain).await;
    add(&chain, inbox(1, 0, execute.abi_encode()));
    decide(&chain).await;
    let read = chain.read().unwrap();
    use bttc_primitives::StateReader;
    let balance = |of| read.state().unwrap().account(of).unwrap().map_or(U256::ZERO, |account| account.balance);
    assert_eq!(balance(Address::repeat_byte(6)), U256::from(7 * BTT));
    assert_eq!(balance(BRIDGE_INBOX), U256::from((5_000_000 - 7) * BTT));
    let audit = audit_supply(&spec(), &read, None, |_| true).unwrap();
    assert!(audit.exact(), "{audit:?}");
}

/// Record of the deposit number `nonce` from TRON, and the running hash that begins with it.
fn deposit_hashes(nonce: u64, deposit: &IBridgeInbox::Deposit) -> (B256, B256) {
    use alloy_sol_types::SolValue;
    let words = (
        U256::from(2),
        U256::from(990_992),
        U256::from(TRON),
        Address::repeat_byte(0x71),
        U256::from(nonce),
        deposit.token,
        deposit.from,
        deposit.to,
        deposit.amount,
    );
    let record = alloy_primitives::keccak256(words.abi_encode());
    (record, alloy_primitives::keccak256((B256::ZERO, record).abi_encode()))
}

//! Answers of nodes of Ethereum, of TRON, and of our own, as the relayer asks them: read or refused, never misread, whatever they are.
//!
//! The first byte says who is asked and what; the rest are the answers, one a line, given out in turn.

use super::canned::CannedNode;
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_signer_local::PrivateKeySigner;
use bttc_bridge::{
    checkpoint::{self, Tip},
    events,
    records::RecordsOf,
    root::{
        Agreement, Attempt, AttemptStatus, Call, Ethereum, EthereumConfig, Expected, ExpectedCode, FeePolicy, Finality,
        Intent, RootChain, RootLog, Tron, TronConfig, TronEndpoint,
    },
    side::{SideChain, SideFilter, rpc::SideRpc, views},
    watch::Watcher,
};
use std::{sync::Arc, time::Duration};

mod seeds;
pub(super) use seeds::seeds;
use seeds::{ETHEREUM_PREPARED, TRON_PREPARED};

pub(super) const BRIDGE: Address = Address::repeat_byte(0xb1);
const ROOT_CHAIN: u64 = 31_337;
/// Things that are asked.
const ROOT_METHODS: u8 = 15;
const SIDE_METHODS: u8 = 15;
/// First bytes of what is asked of TRON, and of ourselves.
const OF_TRON: u8 = ROOT_METHODS;
const OF_SIDE: u8 = 2 * ROOT_METHODS;

/// Clients, and transactions of theirs that may be on their way.
pub(super) struct Bed {
    runtime: tokio::runtime::Runtime,
    node: Arc<CannedNode>,
    pub(super) ethereum: Ethereum,
    pub(super) tron: Tron,
    side: SideRpc,
    /// An attempt of each.
    pub(super) attempts: [Attempt; 2],
    pub(super) dir: tempfile::TempDir,
}

thread_local! {
    pub(super) static BED: Bed = Bed::new();
}

pub(super) fn fee() -> FeePolicy {
    FeePolicy::new(U256::from(10u128.pow(17)))
}

fn intent() -> Intent {
    Intent::call("checkpoint/7", BRIDGE, vec![1, 2, 3, 4])
}

impl Bed {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let node = Arc::new(runtime.block_on(CannedNode::start()));
        let key = || Some(PrivateKeySigner::from_bytes(&B256::repeat_byte(7)).unwrap());
        let (url, agreement) = (node.url(), Agreement::default());
        let (chain_id, endpoints) = (ROOT_CHAIN, vec![url.clone()]);
        let ethereum = EthereumConfig { chain_id, endpoints, agreement, finality: Finality::Finalized };
        let ethereum = Ethereum::new(ethereum, key()).unwrap();
        let endpoints =
            vec![TronEndpoint { full: url.clone(), solid: url.clone(), json_rpc: format!("{url}/jsonrpc") }];
        let tron =
            Tron::new(TronConfig { chain_id, endpoints, agreement, account: None, permission: 0 }, key()).unwrap();
        let side = SideRpc::new(url).unwrap();
        let attempts = runtime.block_on(async {
            node.feed(ETHEREUM_PREPARED.as_bytes());
            let first = ethereum.prepare(&intent(), &fee(), &[]).await.unwrap();
            node.feed(TRON_PREPARED.as_bytes());
            [first, tron.prepare(&intent(), &fee(), &[]).await.unwrap()]
        });
        Self { runtime, node, ethereum, tron, side, attempts, dir: tempfile::tempdir().unwrap() }
    }

    /// Asks with these answers, within a time in which nobody waits for anybody. Says whether there was an answer of use.
    pub(super) fn wait(&self, lines: &[u8], asked: impl Future<Output = bool>) -> bool {
        self.node.feed(lines);
        let in_time = async { tokio::time::timeout(Duration::from_secs(15), asked).await };
        let done = self.runtime.block_on(in_time).expect("no end within 15 seconds");
        self.node.check();
        done
    }
}

pub(super) fn run(bytes: &[u8]) {
    let _ = of_use(bytes);
}

/// Whether what the input asks has an answer of use.
pub(super) fn of_use(bytes: &[u8]) -> bool {
    let Some((first, lines)) = bytes.split_first() else { return false };
    BED.with(|bed| {
        let [ethereum, tron] = &bed.attempts;
        match first % (OF_SIDE + SIDE_METHODS) {
            method @ 0..OF_TRON => bed.wait(lines, ask(bed, &bed.ethereum, method, ethereum)),
            method @ OF_TRON..OF_SIDE => bed.wait(lines, ask(bed, &bed.tron, method - OF_TRON, tron)),
            method => bed.wait(lines, ask_side(&bed.side, method - OF_SIDE)),
        }
    })
}

fn in_order(logs: &[RootLog]) {
    let place = |log: &RootLog| (log.block, log.index);
    assert!(logs.iter().zip(logs.iter().skip(1)).all(|(a, b)| place(a) < place(b)), "two logs of one place");
    for log in logs {
        assert_eq!(log.address, BRIDGE, "a log that nobody asked for");
        let _ = events::read(log);
    }
}

async fn ask<R: RootChain>(bed: &Bed, root: &R, method: u8, sent: &Attempt) -> bool {
    let filter = events::filter(BRIDGE);
    match method {
        0 => root.final_head().await.is_ok(),
        1 => root.newest_head().await.is_ok(),
        2 => root.final_block(7).await.is_ok_and(|block| block.number == 7 || panic!("{block:?}")),
        3 => root.final_logs(5, 9, &filter).await.is_ok_and(|logs| {
            in_order(&logs);
            assert!(logs.iter().all(|log| (5..=9).contains(&log.block)), "blocks that nobody asked for");
            true
        }),
        4 => root.audit_logs(7, 7, &filter).await.is_ok_and(|logs| {
            in_order(&logs);
            assert!(logs.iter().all(|log| log.block == 7), "blocks that nobody asked for");
            true
        }),
        5 => root.final_call(BRIDGE, Bytes::from_static(&[1, 2, 3, 4])).await.is_ok(),
        6 => {
            let data = Bytes::from_static(&[1, 2, 3, 4]);
            let call = Call { from: None, to: BRIDGE, value: U256::ZERO, data };
            root.simulate(&call).await.is_ok()
        }
        7 => root.funds(&fee()).await.is_ok(),
        8 => {
            let id = B256::repeat_byte(0x22);
            matches!(root.transaction(id).await, Ok(Some(seen)) if {
                let here = seen.logs.iter().all(|log| log.transaction == id && log.block == seen.block);
                here || panic!("logs of another transaction")
            })
        }
        9 => root.prepare(&intent(), &fee(), std::slice::from_ref(sent)).await.is_ok_and(|attempt| {
            assert!(attempt.version.fee.most() <= fee().ceiling, "above the ceiling");
            assert!(attempt.slot != sent.slot || attempt.version.id != sent.version.id, "one transaction for two");
            true
        }),
        10 => matches!(root.bump(sent, &fee()).await, Ok(Some(higher)) if {
            assert!(higher.version.fee.most() <= fee().ceiling, "above the ceiling");
            assert!(higher.slot == sent.slot && higher.earlier.len() == sent.earlier.len() + 1);
            true
        }),
        11 => {
            use bttc_bridge::root::BroadcastVerdict::{Accepted, Known};
            matches!(root.broadcast(sent).await, Accepted | Known)
        }
        12 => root.status(sent).await.is_ok_and(|status| match status {
            AttemptStatus::Final { id, .. } => sent.versions().any(|version| version.id == id) || panic!("{id}"),
            AttemptStatus::Unknown => false,
            _ => true,
        }),
        13 => {
            let code = ExpectedCode { name: "RootBridge", address: BRIDGE, code_hash: None };
            root.check(&Expected { chain_id: ROOT_CHAIN, contracts: vec![code] }).await.is_ok()
        }
        _ => follow(bed, root).await,
    }
}

/// Reads records until nothing more comes, or something is wrong.
async fn follow<R: RootChain>(bed: &Bed, root: &R) -> bool {
    let path = bed.dir.path().join("followed");
    let _ = std::fs::remove_file(&path);
    let of = RecordsOf { side_chain_id: 990_992, root_id: 1, bridge: BRIDGE };
    let mut watcher = Watcher::open(path.clone(), of, 5).unwrap();
    for _ in 0..4 {
        let before = watcher.ledger().next();
        if watcher.step(root).await.is_err() {
            break;
        }
        assert!(watcher.ledger().next() >= before, "records are gone");
    }
    if path.exists() {
        let kept = Watcher::open(path, of, 5).unwrap();
        let (kept, here) = (kept.ledger(), watcher.ledger());
        assert_eq!((kept.next(), kept.block), (here.next(), here.block), "another thing is kept than is known");
    }
    let ledger = watcher.ledger();
    (0..=ledger.next()).all(|count| ledger.chain_at(count).is_some()) && ledger.block.is_some()
}

async fn ask_side(side: &SideRpc, method: u8) -> bool {
    let hash = B256::repeat_byte(0x22);
    let filter = SideFilter { address: BRIDGE, event: hash, topics: [None, Some(hash), None] };
    match method {
        0 => side.chain_id().await.is_ok(),
        1 => side.head().await.is_ok(),
        2 => side.block(7).await.is_ok_and(|block| block.height == 7 || panic!("{block:?}")),
        3 => side.call(None, BRIDGE, Bytes::new()).await.is_ok(),
        4 => side.logs(5, 9_000, &filter).await.is_ok(),
        5 => side.account(BRIDGE).await.is_ok(),
        6 => side.tip_fee().await.is_ok(),
        7 => side.send(Bytes::from_static(&[2])).await.is_ok(),
        8 => side.receipt(hash).await.is_ok_and(|receipt| receipt.is_some()),
        9 => side.validators_hash(7).await.is_ok(),
        10 => {
            let Ok(checkpoint) = side.checkpoint(7).await else { return false };
            let sound = checkpoint.check();
            let parts = checkpoint.parts(U256::ZERO, 2);
            if sound.is_ok() {
                let parts = parts.expect("a checkpoint that was checked has its quorum");
                let all = parts.collects.iter().chain([&parts.submit]);
                assert!(all.clone().all(|part| part.signatures.len() == 65 * part.signers.count_ones()));
                let signers = all.fold(U256::ZERO, |sum, part| sum | part.signers);
                assert_eq!(signers & !checkpoint.signers, U256::ZERO, "somebody who has not signed");
            }
            let tip = Tip { validators_hash: checkpoint.validators_hash(), height: 3, time: 1 };
            let _ = checkpoint::ready(side, 7, &tip).await;
            sound.is_ok()
        }
        11 => {
            let tip = Tip { validators_hash: hash, height: 3, time: 1 };
            checkpoint::next_height(side, &tip, 900).await.is_ok_and(|next| {
                assert!(next.is_none_or(|next| next > 3 && next <= 900));
                next.is_some()
            })
        }
        12 => views::root_chain(side, 2).await.is_ok(),
        13 => {
            let Ok(epoch) = views::epoch(side).await else { return false };
            views::open_pairs(side, 2, 5, &epoch, epoch.start.saturating_add(3)).await.is_ok()
        }
        _ => views::exits(side, 2, 5, 9).await.is_ok(),
    }
}

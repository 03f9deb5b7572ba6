//! Several engines decide together.

use crate::{
    ledger::{CHAIN, Key, Ledger, validators},
    network::{Hub, Wire},
};
use bttc_bft::{ConsensusConfig, Engine, EngineHandle, EngineSetup};
use bttc_consensus::{ConsensusSigner, check_certificate};
use bttc_primitives::{Fatal, Height};
use futures::future::{BoxFuture, FutureExt, join_all, select_all};
use std::{path::PathBuf, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// No test takes longer, however slow the machine.
const PATIENCE: Duration = Duration::from_secs(90);

struct Node {
    ledger: Ledger,
    handle: EngineHandle,
    wire: Wire,
    stop: CancellationToken,
    running: BoxFuture<'static, Result<(), Fatal>>,
}

fn start(hub: &Hub, number: u8, ledger: &Ledger, folder: PathBuf, votes: bool) -> Node {
    let wire = hub.join(number);
    let setup = EngineSetup {
        chain_id: CHAIN,
        config: ConsensusConfig { listen: Duration::from_millis(50), ..ConsensusConfig::default() },
        log_folder: folder,
        signer: votes.then(|| Arc::new(Key::new(number)) as Arc<dyn ConsensusSigner>),
    };
    let (handle, engine) = Engine::new(ledger.clone(), wire.clone(), setup);
    let stop = CancellationToken::new();
    let running = engine.run(stop.clone()).boxed();
    Node { ledger: ledger.clone(), handle, wire, stop, running }
}

async fn reach(mut handle: EngineHandle, height: Height) {
    while handle.status().is_none_or(|status| status.committed < height) {
        if handle.changed().await.is_none() {
            return;
        }
    }
}

/// Runs nodes until all of `waiting` stand at `height`, then stops them; the first error of a node ends it.
async fn run_until(nodes: Vec<Node>, waiting: &[usize], height: Height) -> Result<Vec<Ledger>, Fatal> {
    let goals = waiting.iter().map(|at| reach(nodes[*at].handle.clone(), height).boxed()).collect::<Vec<_>>();
    let (mut ledgers, mut stops, mut engines) = (vec![], vec![], vec![]);
    for node in nodes {
        ledgers.push(node.ledger);
        stops.push(node.stop);
        engines.push(node.running);
    }
    let all = async {
        let mut rest = engines;
        let mut goal = join_all(goals).boxed();
        loop {
            tokio::select! {
                _ = &mut goal => break,
                (ended, _, others) = select_all(rest) => {
                    ended?;
                    rest = others;
                }
            }
        }
        Ok::<_, Fatal>(())
    };
    tokio::time::timeout(PATIENCE, all).await.expect("in time")?;
    stops.iter().for_each(CancellationToken::cancel);
    Ok(ledgers)
}

fn agree(ledgers: &[Ledger], count: u8, height: Height) {
    let reference = ledgers[0].decided_blocks();
    for ledger in ledgers {
        let blocks = ledger.decided_blocks();
        for (ours, theirs) in reference.iter().zip(&blocks).take(height as usize) {
            assert_eq!(ours.block.hash(), theirs.block.hash());
            check_certificate(CHAIN, &validators(count), &theirs.certificate).unwrap();
        }
        assert_eq!(ledger.evidence(), 0);
    }
}

#[tokio::test]
async fn four_engines_decide_the_same_blocks() {
    let (hub, folder) = (Hub::default(), tempfile::tempdir().unwrap());
    let ledger = |_| Ledger::new(4);
    let nodes: Vec<_> = (1..=4)
        .map(|number| start(&hub, number, &ledger(number), folder.path().join(number.to_string()), true))
        .collect();
    let rejected: Vec<_> = nodes.iter().map(|node| node.wire.rejected.clone()).collect();
    let ledgers = run_until(nodes, &[0, 1, 2, 3], 10).await.unwrap();
    agree(&ledgers, 4, 10);
    assert!(rejected.iter().all(|count| *count.lock() == 0), "honest nodes find nothing to reject");
}

/// A ledger that is slow on one node keeps nobody from deciding: its vote is not needed, and it follows.
#[tokio::test]
async fn a_slow_ledger_delays_nobody_else() {
    let (hub, folder) = (Hub::default(), tempfile::tempdir().unwrap());
    let nodes: Vec<_> = (1..=4)
        .map(|number| {
            let mut ledger = Ledger::new(4);
            ledger.judging = if number == 4 { Duration::from_secs(3_600) } else { Duration::ZERO };
            start(&hub, number, &ledger, folder.path().join(number.to_string()), true)
        })
        .collect();
    let ledgers = run_until(nodes, &[0, 1, 2], 6).await.unwrap();
    agree(&ledgers, 4, 6);
    assert!(ledgers[3].decided_blocks().len() <= 1, "at most the one it proposed itself");
}

/// A fresh node without a key gets what was decided before it came, and follows.
#[tokio::test]
async fn a_fresh_node_catches_up_and_follows() {
    let (hub, folder) = (Hub::default(), tempfile::tempdir().unwrap());
    let ledgers: Vec<_> = (1..=4).map(|_| Ledger::new(4)).collect();
    let validators = |hub: &Hub, round: &str| -> Vec<Node> {
        let start = |(number, ledger): (u8, &Ledger)| {
            start(hub, number, ledger, folder.path().join(format!("{round}{number}")), true)
        };
        (1u8..).zip(&ledgers).map(start).collect()
    };
    run_until(validators(&hub, "a"), &[0, 1, 2, 3], 60).await.unwrap();
    (1..=4).for_each(|number| hub.leave(number));
    let mut nodes = validators(&hub, "b");
    nodes.push(start(&hub, 5, &Ledger::new(4), folder.path().join("5"), false));
    let all = run_until(nodes, &[0, 1, 2, 3, 4], 70).await.unwrap();
    agree(&all, 4, 70);
}

/// Engines stop and come back with their logs and ledgers; the chain goes on where it was.
#[tokio::test]
async fn a_restart_of_all_goes_on() {
    let (hub, folder) = (Hub::default(), tempfile::tempdir().unwrap());
    let ledgers: Vec<_> = (1..=4).map(|_| Ledger::new(4)).collect();
    for goal in [3, 6, 9] {
        let start =
            |(number, ledger): (u8, &Ledger)| start(&hub, number, ledger, folder.path().join(number.to_string()), true);
        let nodes: Vec<_> = (1u8..).zip(&ledgers).map(start).collect();
        run_until(nodes, &[0, 1, 2, 3], goal).await.unwrap();
        (1..=4).for_each(|number| hub.leave(number));
    }
    agree(&ledgers, 4, 9);
}

/// With nothing to include a chain of one goes on by the idle time.
#[tokio::test]
async fn an_idle_validator_alone_makes_empty_blocks() {
    let (hub, folder) = (Hub::default(), tempfile::tempdir().unwrap());
    let mut ledger = Ledger::new(1);
    ledger.busy = false;
    let node = start(&hub, 1, &ledger, folder.path().to_owned(), true);
    let ledgers = run_until(vec![node], &[0], 4).await.unwrap();
    agree(&ledgers, 1, 4);
}

/// Trouble of the ledger stops the engine and is no vote.
#[tokio::test]
async fn a_failing_ledger_stops_the_engine() {
    let (hub, folder) = (Hub::default(), tempfile::tempdir().unwrap());
    let ledger = Ledger::new(1);
    ledger.break_disk();
    let node = start(&hub, 1, &ledger, folder.path().to_owned(), true);
    let fatal = run_until(vec![node], &[0], 1).await.err().unwrap();
    assert_eq!(fatal.to_string(), "the disk is full");
}

/// Two nodes with one key: as soon as one hears the other it ends, and says why.
#[tokio::test]
async fn a_key_that_signs_elsewhere_is_not_used() {
    let hub = Hub::default();
    let folders = tempfile::tempdir().unwrap();
    let nodes: Vec<Node> = [1, 2, 3, 4, 4]
        .into_iter()
        .zip(1u8..)
        .map(|(key, place)| {
            let wire = hub.join(place);
            let setup = EngineSetup {
                chain_id: CHAIN,
                config: ConsensusConfig { listen: Duration::from_millis(50 * u64::from(place)), ..Default::default() },
                log_folder: folders.path().join(place.to_string()),
                signer: Some(Arc::new(Key::new(key))),
            };
            let ledger = Ledger::new(4);
            let (handle, engine) = Engine::new(ledger.clone(), wire.clone(), setup);
            let stop = CancellationToken::new();
            let running = engine.run(stop.clone()).boxed();
            Node { ledger, handle, wire, stop, running }
        })
        .collect();
    let error = run_until(nodes, &[0, 1, 2], 5).await.err().unwrap().to_string();
    assert!(error.contains("signs elsewhere too") && error.contains("Stop the other node"), "{error}");
}

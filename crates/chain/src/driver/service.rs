//! The driver's loop.

use super::handle::{Answer, Command, DriverHandle, Mining, Request};
use crate::{Chain, dev::DevLedger};
use bttc_consensus::{Application, ConsensusSigner, HeightStart, Turn, Vote, vote_signature};
use bttc_primitives::{CommitCertificate, Fatal, SignerBitmap, VoteKind};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// Requests that may wait.
const QUEUE: usize = 1_024;
/// How long transactions are gathered for the next block on demand; unit: the time that the last one took.
const GATHER: u32 = 2;
/// The longest time for that.
const LONGEST_GATHER: Duration = Duration::from_millis(10);
/// Time given to building a block that was asked for.
const BUILD_TIME: Duration = Duration::from_secs(2);

/// Decides blocks with one validator.
pub struct Driver {
    chain: Chain,
    signer: Arc<dyn ConsensusSigner>,
    requests: mpsc::Receiver<Request>,
    mining: Arc<parking_lot::Mutex<Mining>>,
    dev: DevLedger,
}

impl Driver {
    /// A driver of `chain`, and the way to it.
    pub fn new(chain: Chain, signer: Arc<dyn ConsensusSigner>, mining: Mining) -> (DriverHandle, Self) {
        let (sender, requests) = mpsc::channel(QUEUE);
        let mining = Arc::new(parking_lot::Mutex::new(mining));
        let handle = DriverHandle { chain: chain.clone(), requests: sender, mining: mining.clone() };
        let dev = DevLedger::new(chain.clone());
        (handle, Self { chain, signer, requests, mining, dev })
    }

    /// Makes blocks until `shutdown`.
    pub async fn run(mut self, shutdown: CancellationToken) -> Result<(), Fatal> {
        let mut start = self.chain.start().await?;
        let mut pool_events = self.chain.pool().subscribe();
        let mut next_tick = tokio::time::Instant::now();
        let mut gather_until = next_tick;
        loop {
            let mining = *self.mining.lock();
            let began = tokio::time::Instant::now();
            let on_demand = mining == Mining::OnDemand;
            let gathers = on_demand && began < gather_until;
            if on_demand && !gathers && self.chain.has_ready_transactions() {
                let transactions;
                (start, transactions) = self.decide(start).await?;
                gather_until = gather_until_after(transactions, began.elapsed());
                // Requests and the end of the node come in between two blocks of a full pool.
                if let Ok(request) = self.requests.try_recv() {
                    start = self.answer(request, start, &shutdown).await?;
                }
                if shutdown.is_cancelled() {
                    return Ok(());
                }
                continue;
            }
            tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                request = self.requests.recv() => match request {
                    Some(request) => {
                        start = self.answer(request, start, &shutdown).await?;
                        next_tick = self.next_tick(next_tick);
                    }
                    None => return Ok(()),
                },
                event = pool_events.recv(), if on_demand && !gathers => match event {
                    Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
                    Err(broadcast::error::RecvError::Closed) => return Ok(()),
                },
                () = tokio::time::sleep_until(gather_until), if gathers => {}
                () = tokio::time::sleep_until(next_tick), if matches!(mining, Mining::Every(_)) => {
                    (start, _) = self.decide(start).await?;
                    next_tick = self.next_tick(next_tick);
                }
            }
        }
    }

    /// The next block is due one interval after the last was, or at once when that has passed.
    fn next_tick(&self, last: tokio::time::Instant) -> tokio::time::Instant {
        match *self.mining.lock() {
            Mining::Every(interval) => (last + interval).max(tokio::time::Instant::now()),
            Mining::OnDemand | Mining::Manual => last,
        }
    }

    async fn answer(
        &mut self,
        request: Request,
        start: HeightStart,
        shutdown: &CancellationToken,
    ) -> Result<HeightStart, Fatal> {
        let (command, sender): (Command, oneshot::Sender<_>) = request;
        // Whoever asked may have gone.
        match self.carry_out(command, start, shutdown).await {
            Ok((answer, start)) => {
                let _ = sender.send(answer);
                Ok(start)
            }
            Err(fatal) => {
                let _ = sender.send(Err(Fatal::while_doing("the block driver has failed", fatal.clone())));
                Err(fatal)
            }
        }
    }

    /// Does what was asked: the answer to it, and where the next height starts.
    async fn carry_out(
        &mut self,
        command: Command,
        start: HeightStart,
        shutdown: &CancellationToken,
    ) -> Result<(Result<Answer, Fatal>, HeightStart), Fatal> {
        let (answer, start) = match command {
            Command::Mine { blocks, interval, timestamp } => {
                let wanted = start.height.saturating_add(blocks);
                let start = self.mine(start, blocks, interval, timestamp, shutdown).await?;
                if start.height < wanted {
                    return Ok((Err(Fatal::new("the node is stopping")), start));
                }
                (Answer::Height(start.height.saturating_sub(1)), start)
            }
            Command::SetMining(mining) => {
                *self.mining.lock() = mining;
                (Answer::Done, start)
            }
            Command::Patch(patch) => {
                self.dev.patch(patch).await?;
                (Answer::Done, start)
            }
            Command::Snapshot => (Answer::Snapshot(self.dev.snapshot()), start),
            Command::Revert(id) => {
                let reverted = self.dev.revert(id).await?;
                (Answer::Reverted(reverted), self.chain.start().await?)
            }
        };
        Ok((Ok(answer), start))
    }

    async fn mine(
        &self,
        mut start: HeightStart,
        blocks: u64,
        interval: Option<u64>,
        timestamp: Option<u64>,
        shutdown: &CancellationToken,
    ) -> Result<HeightStart, Fatal> {
        for index in 0..blocks {
            if shutdown.is_cancelled() {
                break;
            }
            if let Some(timestamp) = timestamp.filter(|_| index == 0) {
                self.chain.clock().set_next(timestamp);
            } else if let Some(interval) = interval.filter(|_| index > 0) {
                let head = self.chain.head().header.timestamp;
                self.chain.clock().set_next(head.saturating_add(interval));
            }
            (start, _) = self.decide(start).await?;
        }
        Ok(start)
    }

    /// Builds, signs and commits the next block; answers with the height after it and the number of its transactions.
    ///
    /// It is not stored as a proposal first: the signature leaves this process in the committed block alone, so that whatever a crash before the commit
    /// loses contradicts nothing.
    async fn decide(&self, start: HeightStart) -> Result<(HeightStart, usize), Fatal> {
        let signer = self.signer.clone();
        let turn = Turn { height: start.height, round: 0, proposer: signer.address() };
        let deadline = Instant::now() + BUILD_TIME;
        self.chain.blocking(move |chain| chain.decide_alone(turn, deadline, &*signer)).await
    }
}

impl Chain {
    fn decide_alone(
        &self,
        turn: Turn,
        deadline: Instant,
        signer: &dyn ConsensusSigner,
    ) -> Result<(HeightStart, usize), Fatal> {
        let executed = Arc::new(self.build_block(turn, None, deadline)?);
        let block_hash = executed.block.block.hash();
        let Turn { height, round, .. } = turn;
        let vote = Vote { chain_id: self.spec().chain_id(), kind: VoteKind::Precommit, height, round, block_hash };
        let signatures = vec![vote_signature(&signer.sign(&vote.into())?)];
        let signers = SignerBitmap::from_indices(1, [0]);
        self.append(&executed, Some(&CommitCertificate { height, round, block_hash, signers, signatures }))?;
        self.publish(&executed);
        Ok((self.height_start()?, executed.receipts.len()))
    }
}

/// When the next block may be made on demand, after one of `transactions` that took so long: at once where a single sender waits for each of its
/// transactions, later where there are several, as the pages and the sync of a block cost about the same for few transactions as for many.
fn gather_until_after(transactions: usize, took: Duration) -> tokio::time::Instant {
    let gather = if transactions > 1 { took.saturating_mul(GATHER).min(LONGEST_GATHER) } else { Duration::ZERO };
    tokio::time::Instant::now() + gather
}

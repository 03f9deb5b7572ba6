//! The driver's loop.

use super::handle::{Answer, Command, DriverHandle, Mining, Request};
use crate::{Chain, dev::DevLedger};
use bttc_consensus::{Application, ConsensusSigner, Decision, HeightStart, Turn, Vote, vote_signature};
use bttc_primitives::{CommitCertificate, Fatal, Height, SealedBlock, SignerBitmap, VoteKind};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// Requests that may wait.
const QUEUE: usize = 1_024;
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
        self.note_undecided(start.height).await?;
        let mut pool_events = self.chain.pool().subscribe();
        let mut next_tick = tokio::time::Instant::now();
        loop {
            let mining = *self.mining.lock();
            if mining == Mining::OnDemand && self.chain.has_ready_transactions() {
                start = self.decide(start).await?;
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
                event = pool_events.recv(), if mining == Mining::OnDemand => match event {
                    Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
                    Err(broadcast::error::RecvError::Closed) => return Ok(()),
                },
                () = tokio::time::sleep_until(next_tick), if matches!(mining, Mining::Every(_)) => {
                    start = self.decide(start).await?;
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

    /// After a crash between proposal and commit a proposal is left. It is not taken up: its vote never left this process, as it only
    /// does with the committed certificate, so a new block of that height contradicts nothing.
    async fn note_undecided(&self, height: Height) -> Result<(), Fatal> {
        let left = self.chain.proposals(height).await?.len();
        if left > 0 {
            tracing::debug!(height, left, "undecided proposals from before the restart");
        }
        Ok(())
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
            start = self.decide(start).await?;
        }
        Ok(start)
    }

    async fn decide(&self, start: HeightStart) -> Result<HeightStart, Fatal> {
        let turn = Turn { height: start.height, round: 0, proposer: self.signer.address() };
        let block = self.chain.propose(turn, None, Instant::now() + BUILD_TIME).await?;
        let certificate = self.certificate(&block, start.height)?;
        self.chain.commit(Decision { block_hash: block.hash(), certificate }).await
    }

    fn certificate(&self, block: &SealedBlock, height: Height) -> Result<CommitCertificate, Fatal> {
        let vote = Vote {
            chain_id: self.chain.spec().chain_id(),
            kind: VoteKind::Precommit,
            height,
            round: 0,
            block_hash: block.hash(),
        };
        let signature = self.signer.sign(&vote.into())?;
        Ok(CommitCertificate {
            height,
            round: 0,
            block_hash: block.hash(),
            signers: SignerBitmap::from_indices(1, [0]),
            signatures: vec![vote_signature(&signature)],
        })
    }
}

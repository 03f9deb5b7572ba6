//! The ledger as a consensus engine sees it.

use crate::{
    Chain,
    outcomes::Keep,
    snapshot::{ChunkSource, Shelf},
};
use alloy_rlp::Encodable;
use bttc_consensus::{
    Application, DecidedBlock, Decision, HeightStart, Proposal, ProposeError, SnapshotPart, Turn, Verdict,
    check_evidence,
};
use bttc_primitives::{Evidence, Fatal, Height, LastCommit, SealedBlock};
use bttc_storage::HistoryError;
use bytes::Bytes;
use std::{ops::Range, time::Instant};
use tokio::sync::broadcast::error::RecvError;

impl Application for Chain {
    async fn start(&self) -> Result<HeightStart, Fatal> {
        self.height_start()
    }

    async fn work(&self) -> Result<(), Fatal> {
        let mut events = self.pool().subscribe();
        while !self.blocking(|chain| Ok::<_, Fatal>(chain.has_ready_transactions())).await? {
            if let Err(RecvError::Closed) = events.recv().await {
                return Err(Fatal::new("the pool has stopped"));
            }
        }
        Ok(())
    }

    async fn propose(
        &self,
        turn: Turn,
        last_commit: Option<LastCommit>,
        deadline: Instant,
    ) -> Result<SealedBlock, ProposeError> {
        self.blocking(move |chain| chain.propose_block(turn, last_commit, deadline)).await
    }

    async fn verify(&self, turn: Turn, block: SealedBlock) -> Result<Verdict, Fatal> {
        self.blocking(move |chain| chain.verify_block(turn, block, Keep::OnDisk)).await
    }

    async fn verify_decided(&self, turn: Turn, block: SealedBlock) -> Result<Verdict, Fatal> {
        self.blocking(move |chain| chain.verify_block(turn, block, Keep::InMemory)).await
    }

    fn foresee(&self, block: SealedBlock) {
        let chain = self.clone();
        tokio::task::spawn_blocking(move || chain.inner.foreseen.compute(chain.pool(), &block));
    }

    async fn proposals(&self, height: Height) -> Result<Vec<Proposal>, Fatal> {
        self.blocking(move |chain| {
            let stored = chain.read()?.proposals(height)?;
            let proposals = stored.into_iter().map(|stored| Proposal {
                round: stored.round,
                proposer: stored.proposer,
                block: stored.block.block,
            });
            Ok(proposals.collect())
        })
        .await
    }

    async fn commit(&self, decision: Decision) -> Result<HeightStart, Fatal> {
        self.blocking(move |chain| chain.commit_decision(&decision)).await
    }

    async fn report(&self, evidence: Vec<Evidence>) -> Result<(), Fatal> {
        for evidence in evidence {
            let Evidence::DoubleSign(proof) = &evidence;
            let validators = self.validators(proof.height)?;
            match check_evidence(self.spec().chain_id(), &validators, &evidence) {
                Ok(()) => self.keep_evidence(evidence),
                Err(why) => tracing::warn!(signer = %proof.signer, %why, "reported evidence proves nothing"),
            }
        }
        Ok(())
    }

    async fn decided(&self, heights: Range<Height>, max_bytes: usize) -> Result<Vec<DecidedBlock>, Fatal> {
        self.blocking(move |chain| chain.decided_blocks(heights, max_bytes)).await
    }

    async fn snapshot(&self, part: SnapshotPart) -> Result<Option<Bytes>, Fatal> {
        self.blocking(move |chain| chain.snapshot_part(&part)).await
    }
}

impl Chain {
    /// Evidence that waits for a block of ours.
    pub fn pending_evidence(&self) -> Vec<Evidence> {
        self.inner.evidence.lock().clone()
    }

    /// Peers that start are given the snapshots of this shelf. Only the first shelf counts.
    pub fn offer_snapshots(&self, shelf: Shelf) {
        let _first = self.inner.shelf.set(shelf);
    }

    fn snapshot_part(&self, part: &SnapshotPart) -> Result<Option<Bytes>, Fatal> {
        let Some(shelf) = self.inner.shelf.get() else { return Ok(None) };
        let height = match part {
            SnapshotPart::Newest => shelf.heights()?.last().copied(),
            SnapshotPart::Manifest(height) | SnapshotPart::Chunk(height, _) => Some(*height),
        };
        let Some(dir) = height.and_then(|height| shelf.at(height)) else { return Ok(None) };
        let bytes = match part {
            SnapshotPart::Newest | SnapshotPart::Manifest(_) => dir.manifest()?,
            SnapshotPart::Chunk(_, name) => match name.parse() {
                Ok(id) => dir.chunk(id)?,
                Err(()) => None,
            },
        };
        Ok(bytes.map(Bytes::from))
    }

    fn keep_evidence(&self, evidence: Evidence) {
        let mut known = self.inner.evidence.lock();
        if !known.contains(&evidence) {
            known.push(evidence);
        }
    }

    /// Decided blocks from the start of the range, as many as fit; at least one if the chain has it.
    fn decided_blocks(&self, heights: Range<Height>, max_bytes: usize) -> Result<Vec<DecidedBlock>, Fatal> {
        let store = self.read()?;
        let mut decided = Vec::new();
        let mut bytes = 0usize;
        for height in heights {
            let block = match store.block(height) {
                Ok(block) => block,
                // Whoever is that far behind must ask a node that keeps more.
                Err(HistoryError::Pruned(_)) => break,
                Err(HistoryError::Fatal(fatal)) => return Err(fatal),
            };
            let (Some(block), Some(certificate)) = (block, store.certificate(height)?) else { break };
            let block = DecidedBlock { block, certificate };
            bytes = bytes.saturating_add(block.length());
            if bytes > max_bytes && !decided.is_empty() {
                break;
            }
            decided.push(block);
        }
        Ok(decided)
    }
}

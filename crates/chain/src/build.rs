//! Building a block on the head (docs/architecture.md, section 6).

use crate::{
    duties::Duties,
    ledger::Chain,
    outcomes::{Executed, Keep},
    run::{hash_state, outputs_of},
};
use alloy_eips::eip2718::Encodable2718;
use bttc_consensus::{Announcement, MAX_BODY_BYTES, NextBlock, ProposeError, Turn, check_evidence};
use bttc_execution::{BlockOutcome, BlockRun, FinishError, SystemTransactions, TransactError};
use bttc_primitives::{Body, Evidence, Fatal, Head, LastCommit, RecoveredBlock, SealedBlock, StateReader, Transaction};
use bttc_storage::{ReadTx, StoredProposal};
use std::{sync::Arc, time::Instant};

/// Least gas a transaction needs: with less left, a block is full.
const LEAST_GAS: u64 = 21_000;

/// Senders in a row whose next transaction does not fit, after which the block is full. Without it every block would look through all senders of a
/// pool that holds only large transactions.
const MOST_MISFITS: usize = 256;

impl Chain {
    /// Builds, runs and stores our block for `turn`.
    pub(crate) fn propose_block(
        &self,
        turn: Turn,
        last_commit: Option<LastCommit>,
        deadline: Instant,
    ) -> Result<SealedBlock, ProposeError> {
        let executed = self.build_block(turn, last_commit, deadline)?;
        let block = executed.block.block.clone();
        self.keep_proposal(turn, Arc::new(executed))?;
        Ok(block)
    }

    /// Builds and runs our block for `turn`, with `last_commit` or else the committed certificate of the head. Nothing is stored.
    pub(crate) fn build_block(
        &self,
        turn: Turn,
        last_commit: Option<LastCommit>,
        deadline: Instant,
    ) -> Result<Executed, ProposeError> {
        let head = self.head();
        let next_height = head.height().saturating_add(1);
        if turn.height != next_height {
            let what = format!("asked to propose height {}, the next one is {next_height}", turn.height);
            return Err(Fatal::new(what).into());
        }
        let store = self.read()?;
        let last_commit = match last_commit {
            Some(commit) => commit,
            None => last_commit_of(&store, &head)?,
        };
        self.execute_new_block(&store, &head, turn, last_commit, deadline)
    }

    /// Stores a proposal durably, and keeps its outcome at hand.
    pub(crate) fn keep_proposal(&self, turn: Turn, executed: Arc<Executed>) -> Result<(), Fatal> {
        let proposal = StoredProposal { round: turn.round, proposer: turn.proposer, block: executed.block.clone() };
        let _writing = self.inner.writer.lock();
        let mut write = self.inner.storage.write()?;
        write.put_proposal(&proposal)?;
        write.commit()?;
        self.inner.outcomes.insert(executed, Keep::OnDisk);
        Ok(())
    }

    fn execute_new_block(
        &self,
        store: &ReadTx,
        head: &Head,
        turn: Turn,
        last_commit: LastCommit,
        deadline: Instant,
    ) -> Result<Executed, ProposeError> {
        let epoch = self.epoch(turn.height)?;
        let spec = epoch.spec.as_ref();
        let evidence = self.evidence_to_include();
        let now = self.clock().take_next();
        let mut next = NextBlock::new(spec, head, turn, now, &last_commit, &evidence);
        let plan = self.pass_forks(store, head, next.header.timestamp)?;
        if spec.has_staking() {
            next.header.nonce = Announcement::of_build(spec, plan.as_ref()).encode();
        }
        let state = store.state()?;
        let mut run = BlockRun::begin(spec, state, &next.header)
            .map_err(|error| Fatal::while_doing("beginning our own block", error))?;
        let mut body = Body { last_commit, evidence, ..Default::default() };
        let mut duties = Duties::begin(&mut run, spec, &next.header, &body, epoch.validators.clone())?;
        run.reserve_system_gas(duties.count());
        let (mut transactions, mut senders) = self.fill(&mut run, &next, deadline)?;
        let outcome = self.finish_run(run, &mut duties)?;
        for tx in &outcome.system_transactions {
            transactions.push(tx.clone());
            senders.push(turn.proposer);
        }
        let (changes, trie) = hash_state(store, &outcome)?;
        body.transactions = transactions;
        let header = next.finish(&body, outputs_of(spec, store, &outcome, trie.root, &duties)?);
        let block = RecoveredBlock { block: SealedBlock::seal(header, body), senders };
        Ok(Executed {
            block,
            receipts: outcome.receipts,
            fees: outcome.fees,
            code: outcome.changes.code,
            changes,
            trie,
            next_epoch: duties.next_epoch,
        })
    }

    /// Takes the best transactions from the pool until the block is full or time is up.
    fn fill<S: StateReader>(
        &self,
        run: &mut BlockRun<'_, S>,
        next: &NextBlock,
        deadline: Instant,
    ) -> Result<(Vec<Transaction>, Vec<alloy_primitives::Address>), Fatal> {
        let (mut transactions, mut senders) = (Vec::new(), Vec::new());
        let (mut bytes, mut misfits) = (0usize, 0usize);
        let mut best = self.pool().best(next.header.base_fee_per_gas.unwrap_or_default());
        while run.gas_left() >= LEAST_GAS && misfits < MOST_MISFITS && Instant::now() < deadline {
            let Some(pooled) = best.next() else { break };
            let size = pooled.tx.inner().encode_2718_len();
            if bytes.saturating_add(size) > MAX_BODY_BYTES {
                best.skip_sender(pooled.sender());
                misfits = misfits.saturating_add(1);
                continue;
            }
            match run.transact(pooled.tx.as_recovered_ref()) {
                Ok(_) => {
                    misfits = 0;
                    bytes = bytes.saturating_add(size);
                    transactions.push(pooled.tx.inner().clone());
                    senders.push(pooled.sender());
                }
                Err(TransactError::Fatal(fatal)) => return Err(fatal),
                Err(TransactError::Full { .. }) => {
                    best.skip_sender(pooled.sender());
                    misfits = misfits.saturating_add(1);
                }
                Err(TransactError::Invalid(why)) => {
                    tracing::debug!(hash = %pooled.hash(), %why, "transaction no longer runs, dropped");
                    self.pool().remove(&pooled.hash());
                    best.skip_sender(pooled.sender());
                }
            }
        }
        Ok((transactions, senders))
    }

    fn finish_run<S: StateReader>(
        &self,
        run: BlockRun<'_, S>,
        duties: &mut Duties,
    ) -> Result<BlockOutcome, ProposeError> {
        let signer = self
            .inner
            .signer
            .as_deref()
            .ok_or_else(|| Fatal::new("asked to propose a block without a consensus key"))?;
        run.finish(SystemTransactions::Make { calls: duties, signer }).map_err(|error| match error {
            FinishError::Unsigned(error) => error.into(),
            error => Fatal::while_doing("finishing our own block", error).into(),
        })
    }

    /// Reported evidence that still proves something.
    fn evidence_to_include(&self) -> Vec<Evidence> {
        let chain_id = self.spec().chain_id();
        let mut reported = self.inner.evidence.lock();
        reported.retain(|evidence| {
            let Evidence::DoubleSign(proof) = evidence;
            self.validators(proof.height).is_ok_and(|set| check_evidence(chain_id, &set, evidence).is_ok())
        });
        reported.iter().take(self.inner.config.max_evidence).cloned().collect()
    }
}

/// The certificate of the head, as the next block carries it.
fn last_commit_of(store: &ReadTx, head: &Head) -> Result<LastCommit, Fatal> {
    if head.height() == 0 {
        return Ok(LastCommit::default());
    }
    let certificate = store
        .certificate(head.height())?
        .ok_or_else(|| Fatal::new(format!("the certificate of height {} is missing", head.height())))?;
    Ok(certificate.to_last_commit())
}

//! Making a decided block final.

use crate::{
    epochs::Epoch,
    events::{ChainEvent, CommittedBlock},
    ledger::Chain,
    outcomes::Executed,
};
use bttc_consensus::{Decision, HeightStart, ProposerOrder};
use bttc_primitives::{CommitCertificate, Fatal, Head, SealedBlock};
use bttc_storage::BlockCommit;
use bttc_txpool::Committed;
use std::{sync::Arc, time::Instant};

impl Chain {
    /// The next height.
    pub(crate) fn height_start(&self) -> Result<HeightStart, Fatal> {
        let height = self.head().height().saturating_add(1);
        let epoch = self.epoch(height)?;
        let proposers = ProposerOrder::at(&epoch.validators, epoch.since, height);
        Ok(HeightStart { height, validators: epoch.validators.clone(), proposers, timing: epoch.spec.timing() })
    }

    /// Commits what was decided; nothing happens if it is committed already.
    pub(crate) fn commit_decision(&self, decision: &Decision) -> Result<HeightStart, Fatal> {
        let head = self.head();
        if head.hash == decision.block_hash {
            return self.height_start();
        }
        let certificate = &decision.certificate;
        if certificate.block_hash != decision.block_hash {
            return Err(Fatal::new("the certificate of a decision is for another block"));
        }
        let executed = match self.inner.outcomes.get(decision.block_hash) {
            Some((executed, _)) => executed,
            None => Arc::new(self.recompute(decision)?),
        };
        self.append(&executed, Some(certificate))?;
        self.publish(&executed);
        self.height_start()
    }

    /// After a crash only the stored proposal is left: runs it again.
    fn recompute(&self, decision: &Decision) -> Result<Executed, Fatal> {
        let head = self.head();
        let height = head.height().saturating_add(1);
        let store = self.read()?;
        let stored = store
            .proposals(height)?
            .into_iter()
            .find(|stored| stored.block.block.hash() == decision.block_hash)
            .ok_or_else(|| {
                Fatal::new(format!(
                    "block {} was decided for height {height} but is not among the stored proposals",
                    decision.block_hash
                ))
            })?;
        // Another version of the program may have stored it.
        self.pass_forks(&store, &head, stored.block.block.header.timestamp)?;
        self.run_block(&store, stored.block)?
            .map_err(|invalid| Fatal::while_doing("running a stored proposal a second time", invalid))
    }

    /// Makes block, receipts, state and certificate visible at once; imported blocks have no certificate.
    pub(crate) fn append(&self, executed: &Executed, certificate: Option<&CommitCertificate>) -> Result<(), Fatal> {
        let started = Instant::now();
        let _writing = self.inner.writer.lock();
        let mut write = self.inner.storage.write()?;
        write.append(BlockCommit {
            block: &executed.block,
            receipts: &executed.receipts,
            certificate,
            code: &executed.code,
            changes: &executed.changes,
            trie: &executed.trie,
        })?;
        if let Some(epoch) = &executed.next_epoch {
            write.put_epoch(epoch.since, epoch)?;
        }
        write.commit()?;
        metrics::histogram!("bttc_chain_commit_seconds").record(started.elapsed().as_secs_f64());
        Ok(())
    }

    /// Moves the head, the pool and the subscribers on.
    pub(crate) fn publish(&self, executed: &Arc<Executed>) {
        let block = &executed.block.block;
        let head = Arc::new(Head { hash: block.hash(), header: block.header.clone() });
        *self.inner.head.write() = head.clone();
        if let Some(epoch) = &executed.next_epoch {
            self.enter(Epoch::of(self.spec(), epoch.clone()));
        }
        self.inner.outcomes.clear();
        self.inner.evidence.lock().retain(|known| !block.body.evidence.contains(known));
        let mined: Vec<_> = executed
            .block
            .recovered()
            .map(|tx| {
                let nonce = alloy_consensus::Transaction::nonce(*tx.inner());
                (*tx.inner().tx_hash(), tx.signer(), nonce)
            })
            .collect();
        self.inner.pool.on_commit(&Committed {
            header: &head.header,
            next_base_fee: self.next_base_fee().unwrap_or_default(),
            transactions: &mined,
            changed: &executed.changed_accounts(),
        });
        record_metrics(executed);
        self.record_missed(block);
        let committed =
            CommittedBlock { block: executed.block.clone(), receipts: executed.receipts.clone(), fees: executed.fees };
        // Nobody may be listening.
        let _ = self.inner.events.send(ChainEvent::Committed(Arc::new(committed)));
    }
}

impl Chain {
    /// Counts who did not sign the block before, as `block` says.
    fn record_missed(&self, block: &SealedBlock) {
        let signed = block.height().saturating_sub(1);
        let Ok(set) = self.validators(signed) else { return };
        let signers: Vec<usize> = block.body.last_commit.signers.indices().collect();
        let absent = set.members().iter().enumerate().filter(|(at, _)| signed > 0 && !signers.contains(at));
        for (_, member) in absent {
            let validator = member.address.to_string();
            metrics::counter!("bttc_chain_validator_missed_blocks_total", "validator" => validator).increment(1);
        }
    }
}

fn record_metrics(executed: &Executed) {
    let header = &executed.block.block.header;
    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
    {
        metrics::gauge!("bttc_chain_head_height").set(header.number as f64);
        metrics::gauge!("bttc_chain_base_fee_wei").set(header.base_fee_per_gas.unwrap_or(0) as f64);
        metrics::gauge!("bttc_chain_head_timestamp_seconds").set(header.timestamp as f64);
    }
    metrics::counter!("bttc_chain_transactions_total").increment(executed.receipts.len() as u64);
    metrics::counter!("bttc_chain_gas_used_total").increment(header.gas_used);
}

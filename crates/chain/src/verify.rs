//! Judging a block that another validator proposed (docs/architecture.md, section 6).

use crate::{
    ledger::Chain,
    outcomes::{Executed, Keep},
    run::{Judged, judge},
};
use bttc_consensus::{InvalidBlock, Turn, Verdict, check_body, check_evidence, check_header, check_last_commit};
use bttc_primitives::{Evidence, Fatal, Head, RecoveredBlock, SealedBlock};
use std::{collections::HashSet, sync::Arc};

impl Chain {
    /// Checks every rule; a valid block is kept with its outcome.
    pub(crate) fn verify_block(&self, turn: Turn, block: SealedBlock, keep: Keep) -> Result<Verdict, Fatal> {
        let executed = match self.inner.outcomes.get(block.hash()) {
            Some((_, kept)) if kept == Keep::OnDisk || kept == keep => return Ok(Verdict::Valid),
            Some((executed, _)) => executed,
            None => match self.judge_block(&self.head(), turn, block)? {
                Ok(executed) => Arc::new(executed),
                Err(invalid) => return Ok(Verdict::Invalid(invalid)),
            },
        };
        match keep {
            Keep::OnDisk => self.keep_proposal(turn, executed)?,
            Keep::InMemory => self.inner.outcomes.insert(executed, keep),
        }
        Ok(Verdict::Valid)
    }

    fn judge_block(&self, head: &Head, turn: Turn, block: SealedBlock) -> Judged<Executed> {
        let store = self.read()?;
        self.pass_forks_of(&store, head, &block.header)?;
        drop(store);
        let epoch = self.epoch(turn.height)?;
        judge!(check_header(&epoch.spec, head, turn, self.clock().now(), &block));
        judge!(check_body(&block));
        judge!(self.check_commit(head, &block)?);
        judge!(self.check_all_evidence(&block)?);
        let senders = judge!(
            (self.inner.foreseen.take(self.pool(), &block))
                .map_err(|error| { InvalidBlock::Transaction { index: error.index, why: error.to_string() } })
        );
        let store = self.read()?;
        self.run_block(&store, RecoveredBlock { block, senders })
    }

    fn check_commit(&self, head: &Head, block: &SealedBlock) -> Judged<()> {
        let validators = self.validators(head.height())?;
        let parent = (head.height(), head.hash);
        let commit = &block.body.last_commit;
        let checked = check_last_commit(self.spec().chain_id(), &validators, parent, commit, true);
        Ok(checked.map_err(InvalidBlock::LastCommit))
    }

    fn check_all_evidence(&self, block: &SealedBlock) -> Judged<()> {
        let mut seen = HashSet::new();
        for (index, evidence) in block.body.evidence.iter().enumerate() {
            let Evidence::DoubleSign(proof) = evidence;
            let set = self.validators(proof.height)?;
            let fault = check_evidence(self.spec().chain_id(), &set, evidence).err().or_else(|| {
                let new = seen.insert((proof.signer, proof.height, proof.round, proof.kind));
                (!new).then(|| "the same fault stands twice in the block".to_owned())
            });
            if let Some(why) = fault {
                return Ok(Err(InvalidBlock::Evidence { index, why }));
            }
        }
        Ok(Ok(()))
    }
}

//! Who votes on which height.
//!
//! Without staking contracts: the validators of genesis, always. With them: each block that closes an epoch writes whom it elected, with the block
//! (`commit.rs`). A database that begins with a snapshot has no such rows; then the contract is asked, whose state came with the snapshot.

use crate::{OpenError, duties::put, ledger::Chain};
use bttc_execution::BlockRun;
use bttc_primitives::{Fatal, Height, ValidatorSet};
use bttc_staking::epoch::{Query, decode_epoch, decode_members};
use bttc_storage::VotersSince;

impl Chain {
    /// Who votes on a height: as elected for it, up to the one after the head; above, who votes on that.
    pub fn validators(&self, height: Height) -> Result<ValidatorSet, Fatal> {
        self.voters(height).map(|voters| voters.validators)
    }

    /// Who votes on a height, and since when they do.
    pub(crate) fn voters(&self, height: Height) -> Result<VotersSince, Fatal> {
        let genesis = self.inner.validators.as_ref();
        let genesis = genesis.ok_or_else(|| Fatal::new("a chain under the `ethereum` spec has no validators"))?;
        let elected = if self.spec().has_staking() { self.read()?.validators(height)? } else { None };
        Ok(elected.unwrap_or_else(|| VotersSince { since: 1, validators: genesis.clone() }))
    }

    /// Holds what the database says of the next height's voters against the contract, and adds what it lacks.
    pub(crate) fn check_voters(&self) -> Result<(), OpenError> {
        if !self.spec().has_staking() {
            return Ok(());
        }
        let head = self.head();
        let next = head.height().saturating_add(1);
        let state = self.read()?.state()?;
        let mut run = BlockRun::resume(self.spec(), state, &head.header);
        let ask = &mut |question: &_| run.ask(question);
        let since = put(ask, Query::Epoch, decode_epoch)?.start_height;
        let in_state = VotersSince { since, validators: put(ask, Query::Members, decode_members)? };
        let known = self.voters(next)?;
        if known == in_state {
            return Ok(());
        }
        if head.height() == 0 {
            return Err(OpenError::GenesisVoters {
                got: in_state.validators.hash(),
                expected: known.validators.hash(),
            });
        }
        let _writing = self.inner.writer.lock();
        let mut write = self.inner.storage.write()?;
        write.put_validators(next, &in_state)?;
        Ok(write.commit()?)
    }
}

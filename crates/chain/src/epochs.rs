//! Who votes on which height, and by which numbers.
//!
//! Without staking contracts: the validators and numbers of genesis, always. With them: each block that closes an epoch writes the next one, with the
//! block (`commit.rs`). The import of a snapshot asks the contracts, whose state came with it.

use crate::{OpenError, duties::put, ledger::Chain};
use bttc_execution::BlockRun;
use bttc_primitives::{ChainSpec, ConsensusParams, Fatal, Height, StateReader, ValidatorSet};
use bttc_staking::epoch::{Query, decode_consensus, decode_epoch, decode_members};
use bttc_storage::StoredEpoch;
use std::sync::Arc;

/// The rules of a run of heights.
#[derive(Clone, Debug)]
pub(crate) struct Epoch {
    /// Its first height.
    pub(crate) since: Height,
    /// Who votes.
    pub(crate) validators: ValidatorSet,
    /// The network with the numbers in force.
    pub(crate) spec: Arc<ChainSpec>,
}

impl Epoch {
    pub(crate) fn of(network: &ChainSpec, stored: StoredEpoch) -> Self {
        let StoredEpoch { since, validators, params } = stored;
        Self { since, validators, spec: Arc::new(network.with_params(&params)) }
    }
}

impl Chain {
    /// Who votes on a height: as elected for it, up to the one after the head; above, who votes on that.
    pub fn validators(&self, height: Height) -> Result<ValidatorSet, Fatal> {
        self.epoch(height).map(|epoch| epoch.validators.clone())
    }

    /// The network with the numbers in force at a height.
    pub fn spec_at(&self, height: Height) -> Result<Arc<ChainSpec>, Fatal> {
        if !self.spec().has_staking() {
            return Ok(self.spec().clone());
        }
        self.epoch(height).map(|epoch| epoch.spec.clone())
    }

    /// The epoch of a height.
    pub(crate) fn epoch(&self, height: Height) -> Result<Arc<Epoch>, Fatal> {
        let current = self.inner.epoch.read().clone();
        let current = current.ok_or_else(|| Fatal::new("a chain under the `ethereum` spec has no validators"))?;
        if height >= current.since || !self.spec().has_staking() {
            return Ok(current);
        }
        let stored = self.read()?.epoch(height)?;
        Ok(Arc::new(match stored {
            Some(stored) => Epoch::of(self.spec(), stored),
            None => self.first_epoch()?,
        }))
    }

    /// That of genesis.
    pub(crate) fn first_epoch(&self) -> Result<Epoch, Fatal> {
        let validators = self.spec().genesis_validators();
        let validators = validators.map_err(|error| Fatal::while_doing("reading the validators of genesis", error))?;
        Ok(Epoch { since: 1, validators, spec: self.spec().clone() })
    }

    /// Takes the epoch of the next height from the contracts.
    pub(crate) fn open_epoch(&self) -> Result<(), OpenError> {
        if self.spec().is_ethereum() {
            return Ok(());
        }
        let mut epoch = self.first_epoch()?;
        if self.spec().has_staking() {
            let head = self.head();
            let store = self.read()?;
            let in_state = epoch_in_state(self.spec(), store.state()?, &head.header)?;
            drop(store);
            if head.height() == 0 && in_state.validators != epoch.validators {
                let (got, expected) = (in_state.validators.hash(), epoch.validators.hash());
                return Err(OpenError::GenesisVoters { got, expected });
            }
            epoch = Epoch::of(self.spec(), in_state);
        }
        self.enter(epoch);
        Ok(())
    }

    /// The first height of the epoch of the next height; none under the `ethereum` spec.
    pub(crate) fn epoch_start(&self) -> Option<Height> {
        self.inner.epoch.read().as_ref().map(|epoch| epoch.since)
    }

    /// Lets an epoch be that of the next height.
    pub(crate) fn enter(&self, epoch: Epoch) {
        self.inner.pool.set_spec(epoch.spec.clone());
        *self.inner.epoch.write() = Some(Arc::new(epoch));
    }
}

/// What the contracts say of the block after `header`, whose state `state` is.
pub(crate) fn epoch_in_state<S: StateReader>(
    spec: &ChainSpec,
    state: S,
    header: &bttc_primitives::Header,
) -> Result<StoredEpoch, Fatal> {
    let mut run = BlockRun::resume(spec, state, header);
    let ask = &mut |question: &_| run.ask(question);
    let since = put(ask, Query::Epoch, decode_epoch)?.start_height;
    let validators = put(ask, Query::Members, decode_members)?;
    let params: ConsensusParams = put(ask, Query::Consensus, decode_consensus)?;
    Ok(StoredEpoch { since, validators, params })
}

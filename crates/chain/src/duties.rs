//! What the rules demand of a block beside its transactions (docs/staking.md, section 2).

use alloy_primitives::{B256, Bytes};
use bttc_execution::{Ask, BlockRun, Demands, SystemCall};
use bttc_primitives::{Body, ChainSpec, Fatal, Header, Height, StateReader, ValidatorSet};
use bttc_staking::{
    ElectionRules, elect,
    epoch::{
        Call, InvalidAnswer, Query, SystemCall as Duty, decode_candidates, decode_consensus, decode_epoch,
        decode_operator, decode_power_cap, slashes,
    },
};
use bttc_storage::StoredEpoch;
use std::collections::VecDeque;

/// What consensus must do at the end of a block, and get out of it.
pub(crate) struct Duties {
    slashes: VecDeque<Duty>,
    /// Whether the epoch ends with this block, and the next set is still to be elected.
    election: bool,
    /// Validators of the block.
    validators: ValidatorSet,
    /// Who was elected, until the numbers of the next epoch are known too.
    elected: Option<ValidatorSet>,
    height: Height,
    /// The epoch of the next height, if the block closes one; known once it has ended.
    pub(crate) next_epoch: Option<StoredEpoch>,
}

impl Duties {
    /// Tells the staking contracts that a block begins, and finds out what is to be done at its end. `body` needs no transactions yet.
    ///
    /// Without staking contracts nothing is to be done, and the validators of genesis stay.
    pub(crate) fn begin<S: StateReader>(
        run: &mut BlockRun<'_, S>,
        spec: &ChainSpec,
        header: &Header,
        body: &Body,
        validators: ValidatorSet,
    ) -> Result<Self, Fatal> {
        let mut duties = Self {
            slashes: VecDeque::new(),
            election: false,
            validators,
            elected: None,
            height: header.number,
            next_epoch: None,
        };
        if !spec.has_staking() {
            return Ok(duties);
        }
        let down = run.open(&body.last_commit.signers)?;
        let ask = &mut |question: &SystemCall| run.ask(question);
        let epoch = put(ask, Query::Epoch, decode_epoch)?;
        let params = put(ask, Query::Consensus, decode_consensus)?;
        if !body.evidence.is_empty() || !down.is_empty() {
            let reporter = put(ask, Query::OperatorOf(header.beneficiary), decode_operator)?;
            duties.slashes = slashes(&body.evidence, reporter, &down).into();
        }
        duties.election = epoch.is_over(header.timestamp, params.epoch_length);
        Ok(duties)
    }

    /// How many system transactions there will be.
    pub(crate) fn count(&self) -> usize {
        self.slashes.len().saturating_add(usize::from(self.election))
    }

    /// Hash of the validators of the next height; known once the block has ended.
    pub(crate) fn next_validators_hash(&self) -> B256 {
        self.next_epoch.as_ref().map_or(&self.validators, |epoch| &epoch.validators).hash()
    }
}

impl Demands for Duties {
    fn next(&mut self, ask: &mut Ask<'_>) -> Result<Option<SystemCall>, Fatal> {
        if let Some(slash) = self.slashes.pop_front() {
            return Ok(Some(system_call(slash.call())));
        }
        if let Some(validators) = self.elected.take() {
            let params = put(ask, Query::Consensus, decode_consensus)?;
            self.next_epoch = Some(StoredEpoch { since: self.height.saturating_add(1), validators, params });
            return Ok(None);
        }
        if !std::mem::take(&mut self.election) {
            return Ok(None);
        }
        let params = put(ask, Query::Consensus, decode_consensus)?;
        let rules = ElectionRules {
            max_validators: usize::try_from(params.max_validators).unwrap_or(usize::MAX),
            power_cap_bp: put(ask, Query::PowerCap, decode_power_cap)?,
        };
        let candidates = put(ask, Query::Candidates, decode_candidates)?;
        let next = elect(&candidates, rules).unwrap_or_else(|why| {
            tracing::error!(%why, "the election gave no set, the validators stay");
            self.validators.clone()
        });
        self.elected = Some(next.clone());
        Ok(Some(system_call(Duty::CloseEpoch { next }.call())))
    }
}

fn system_call(Call { to, input }: Call) -> SystemCall {
    SystemCall { to, input }
}

/// Puts a question and reads the answer.
pub(crate) fn put<T>(
    ask: &mut Ask<'_>,
    query: Query,
    decode: impl FnOnce(&[u8]) -> Result<T, InvalidAnswer>,
) -> Result<T, Fatal> {
    let answer: Bytes = ask(&system_call(query.call()))?;
    decode(&answer).map_err(|error| Fatal::while_doing("reading an answer of the staking contracts", error))
}

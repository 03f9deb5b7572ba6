//! The consensus library, one input at a time.

use super::dump::RoundBlock;
use crate::{
    context::{Context, CoreAddress, CoreHeight, CoreRound, Voters, round_number},
    keys::Keys,
    record::Record,
    value::BlockValue,
};
use alloy_primitives::Address;
use bttc_primitives::{Evidence, Fatal, Height, Round};
use malachitebft_core_consensus::{Effect, Error, Input, Params, State, process};
use malachitebft_core_types::{ThresholdParams, ValuePayload, VoteExtensionPolicy};

/// Heights that the library may hold messages of; ours are held back before it.
const QUEUE: usize = 1;

/// The library's state with the keys that answer it.
pub(super) struct Core {
    state: State<Context>,
    pub(super) keys: Keys,
    /// Inputs that the library gave up on: none in a healthy build.
    pub(super) stumbles: u64,
}

impl Core {
    pub(super) fn new(keys: Keys, height: Height, voters: Voters) -> Self {
        let params = Params {
            address: CoreAddress(keys.address().unwrap_or(Address::ZERO)),
            threshold_params: ThresholdParams::default(),
            value_payload: ValuePayload::ProposalAndParts,
            enabled: keys.address().is_some(),
        };
        Self { state: State::new(Context, CoreHeight(height), voters, params, QUEUE, QUEUE), keys, stumbles: 0 }
    }

    /// Hands over one input; answers with what the library wants done, in order.
    pub(super) fn feed(&mut self, input: Input<Context>) -> Result<Vec<Effect<Context>>, Fatal> {
        let mut effects = Vec::new();
        let (state, keys) = (&mut self.state, &mut self.keys);
        let result: Result<(), Error<Context>> = process!(
            input: input,
            state: state,
            metrics: &(),
            with: effect => keys.answer(effect, &mut effects)
        );
        if let Some(failure) = self.keys.take_failure() {
            return Err(failure);
        }
        match result {
            Ok(()) => Ok(effects),
            Err(error @ (Error::ReplayDivergence(..) | Error::DecisionNotFound(..) | Error::UnexpectedResume(..))) => {
                Err(Fatal::new(format!("the consensus library stopped: {error}")))
            }
            Err(error) => {
                tracing::error!(%error, "the consensus library gave up on an input");
                self.stumbles = self.stumbles.saturating_add(1);
                Ok(effects)
            }
        }
    }

    /// Begins a height.
    pub(super) fn start(&mut self, height: Height, voters: Voters) -> Result<Vec<Effect<Context>>, Fatal> {
        let policy = VoteExtensionPolicy::Disabled;
        self.feed(Input::StartHeight(CoreHeight(height), voters, false, None, policy))
    }

    /// Announces the records that will be fed next.
    pub(super) fn begin_replay(&mut self, records: &[Record]) {
        let inputs: Vec<_> = records.iter().map(Record::to_input).collect();
        self.state.index_wal_entries(&inputs);
    }

    pub(super) fn end_replay(&mut self) {
        self.state.reset_entries_index();
    }

    pub(super) fn round(&self) -> Round {
        round_number(self.state.round())
    }

    /// Whether a value is awaited from us for `round`.
    pub(super) fn awaits_value(&self, round: Round) -> bool {
        self.state.driver.step_is_propose() && self.state.round() == CoreRound::new(round)
    }

    /// The blocks that the library is locked on, and found valid.
    pub(super) fn locked_and_valid(&self) -> (Option<RoundBlock>, Option<RoundBlock>) {
        let state = self.state.driver.round_state();
        let block = |round, value: BlockValue| RoundBlock { round: round_number(round), block_hash: value.hash };
        let locked = state.locked.as_ref().map(|of| block(of.round, of.value));
        (locked, state.valid.as_ref().map(|of| block(of.round, of.value)))
    }

    /// Double votes seen at the present height, which are forgotten by this.
    pub(super) fn take_evidence(&mut self) -> Vec<Evidence> {
        crate::convert::double_votes(self.state.driver.take_vote_evidence())
    }
}

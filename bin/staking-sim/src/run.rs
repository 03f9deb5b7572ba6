//! One history on both.

use crate::{
    calls,
    chain::{CHAIN_ID, Chain, Outcome},
    compare,
    keys::Keys,
};
use alloy_primitives::U256;
use alloy_sol_types::{SolCall, SolValue};
use bttc_contracts::{addresses, validator_set::IValidatorSet::onBlockCall};
use bttc_staking::model::{
    Effects, Genesis, Model, Operation, Refusal,
    random::{History, Step},
};
use eyre::{WrapErr, bail, ensure};
use std::{collections::BTreeMap, path::Path};

/// Operations for each consensus key that a history is given; it takes fewer.
const OPERATIONS_PER_KEY: u64 = 20;

/// What happened how often, and what it cost.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// By name of the operation: how often it was done, and the most gas it took.
    pub done: BTreeMap<String, (u64, u64)>,
    /// By name of the error.
    pub refused: BTreeMap<String, u64>,
    /// Epochs closed.
    pub epochs: u64,
}

/// Runs the history of `seed` for so many operations on the artifacts in `folder`.
///
/// Errors: the first difference, with the step that led to it.
pub fn run(folder: &Path, seed: u64, operations: u64) -> eyre::Result<Figures> {
    run_with(folder, seed, operations, |_| {})
}

/// The same, with a genesis of the contracts that was changed, to see that a difference is found.
///
/// Errors: the first difference, with the step that led to it.
pub fn run_with(folder: &Path, seed: u64, operations: u64, change: impl FnOnce(&mut Genesis)) -> eyre::Result<Figures> {
    let keys = Keys::new(CHAIN_ID, operations.div_ceil(OPERATIONS_PER_KEY).saturating_add(64))?;
    let mut history = History::with_signers(seed, keys.addresses.clone(), History::params());
    let mut genesis = history.genesis();
    let mut model = Model::genesis(genesis.clone())?;
    change(&mut genesis);
    let mut chain = Chain::new(folder, &genesis)?;
    let mut figures = Figures::default();
    compare::all(&mut chain, &model).wrap_err("after genesis")?;
    for number in 0..operations {
        let step = history.next(&model);
        let effects = both(&mut chain, &mut model, &step, &keys, &mut figures)
            .wrap_err_with(|| format!("seed {seed}, operation {number}: {step:?}"))?;
        history.observe(&step, effects.as_ref());
    }
    model.check()?;
    figures.epochs = model.epoch.number;
    compare::all(&mut chain, &model).wrap_err("after the last operation")?;
    Ok(figures)
}

/// One step on both, and what it could touch compared.
fn both(
    chain: &mut Chain,
    model: &mut Model,
    step: &Step,
    keys: &Keys,
    figures: &mut Figures,
) -> eyre::Result<Option<Effects>> {
    let result = model.apply(&step.operation, step.caller, step.value, step.now);
    if result == Err(Refusal::InsufficientBalance) {
        return Ok(None);
    }
    let outcome = on_chain(chain, model, step, keys)?;
    let name = calls::name(&step.operation);
    match (&result, outcome) {
        (Ok(effects), Outcome::Done(answer)) => {
            let count = figures.done.entry(name).or_default();
            *count = (count.0.saturating_add(1), count.1.max(chain.gas));
            answers(&step.operation, effects, &answer)?;
        }
        (Err(refusal), Outcome::Refused(error)) => {
            ensure!(
                format!("{refusal:?}") == error,
                "refused with {error} by the contracts, with {refusal:?} by the model"
            );
            let count = figures.refused.entry(error).or_default();
            *count = count.saturating_add(1);
        }
        (result, outcome) => bail!("contracts: {outcome:?}\nmodel:     {result:?}"),
    }
    compare_touched(chain, model, step)?;
    Ok(result.ok())
}

fn on_chain(chain: &mut Chain, model: &Model, step: &Step, keys: &Keys) -> eyre::Result<Outcome> {
    let height = match &step.operation {
        // The model has taken this one already.
        Operation::OnBlock { height, .. } => *height,
        Operation::SlashDoubleSign { .. } | Operation::SlashDowntime { .. } | Operation::CloseEpoch { .. } => {
            model.height
        }
        _ => model.height.saturating_add(1),
    };
    let proposer = match &step.operation {
        Operation::OnBlock { proposer, .. } => *proposer,
        _ => model.set.proposer,
    };
    chain.set_block(height, step.now, proposer);
    if let (Operation::OnBlock { fees, .. }, true) = (&step.operation, step.caller == addresses::SYSTEM) {
        let credited =
            [fees.stakers, fees.treasury, fees.tips].map(U256::from).into_iter().fold(U256::ZERO, U256::saturating_add);
        chain.credit(addresses::TREASURY, credited)?;
    }
    let call = calls::call(&step.operation, step.caller, keys, model.set.members.len())?;
    let outcome = chain.call(step.caller, call.to, step.value, call.input)?;
    if let (Operation::OnBlock { fees, .. }, Outcome::Done(_)) = (&step.operation, &outcome) {
        let (call, gas) = (calls::on_fees(fees), chain.gas);
        let fees = chain.call(step.caller, call.to, step.value, call.input)?;
        ensure!(matches!(fees, Outcome::Done(_)), "the fees of a block are refused: {fees:?}");
        chain.gas = chain.gas.saturating_add(gas);
    }
    Ok(outcome)
}

/// What a call returned.
fn answers(operation: &Operation, effects: &Effects, answer: &[u8]) -> eyre::Result<()> {
    match operation {
        Operation::OnBlock { .. } => {
            ensure!(onBlockCall::abi_decode_returns(answer)? == effects.down, "other members are down: {answer:?}")
        }
        Operation::Undelegate { .. } | Operation::UndelegateAll { .. } => {
            let id = effects.ids.first().copied().map(U256::from);
            ensure!(id.is_none_or(|id| answer == id.abi_encode()), "another id than {id:?}");
        }
        _ => ensure!(answer.is_empty(), "an answer that nobody asked for"),
    }
    Ok(())
}

fn compare_touched(chain: &mut Chain, model: &Model, step: &Step) -> eyre::Result<()> {
    // Questions are asked as of the last finished block, where the model stands.
    chain.set_block(model.height, step.now, model.set.proposer);
    compare::books(chain, model)?;
    match &step.operation {
        Operation::OnBlock { .. } => return compare::set(chain, model),
        Operation::CloseEpoch { .. } if model.epoch.number.is_multiple_of(10) => return compare::all(chain, model),
        Operation::CloseEpoch { .. } => {
            compare::set(chain, model)?;
            compare::candidates(chain, model)?;
            for member in &model.set.members {
                let operator = model.signers.get(&member.signer).copied().unwrap_or_default();
                compare::validator(chain, model, operator)?;
            }
            return Ok(());
        }
        Operation::SlashDoubleSign { signer, .. } | Operation::SlashDowntime { signer } => {
            compare::validator(chain, model, model.signers.get(signer).copied().unwrap_or_default())?;
            compare::candidates(chain, model)?;
        }
        _ => {}
    }
    let delegator = match &step.operation {
        Operation::SettleMoved { delegator, .. } => *delegator,
        _ => step.caller,
    };
    for operator in calls::touched(&step.operation, step.caller) {
        compare::validator(chain, model, operator)?;
        compare::position(chain, model, delegator, operator)?;
    }
    compare::unbondings(chain, model, delegator)?;
    compare::balance(chain, model, step.caller)
}

//! `staking_validators`, `staking_validator`: who validates, who could, and why somebody does not.

use crate::{
    args::Args,
    block_arg::BlockArg,
    context::Api,
    error::{Reply, RpcError},
    staking_contracts::Contracts,
    staking_set::{Set, listed},
    staking_values::{Account, Decimal, small},
    staking_why::Election,
};
use alloy_primitives::{Address, U256};
use alloy_sol_types::SolError;
use bttc_contracts::{
    addresses::{STAKING, VALIDATOR_SET},
    staking::IStaking::{self, UnknownValidator, ValidatorView},
    validator_set::IValidatorSet,
};
use serde::Serialize;
use std::{cmp::Reverse, collections::HashSet};

/// Slashes of one validator that are told, the last ones.
const MOST_SLASHES: u64 = 1_000;

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Validators {
    /// Number of the running epoch.
    epoch: u64,
    validators: Vec<ValidatorRow>,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct ValidatorRow {
    operator: Account,
    /// Address of its consensus key; a key that was changed in this epoch signs from the next on.
    signer: Account,
    name: String,
    site: String,
    stake: Decimal,
    self_stake: Decimal,
    power: u64,
    /// Of the power of the set. Unit: basis points.
    share: u64,
    in_set: bool,
    commission: u16,
    next_commission: Option<NextCommission>,
    /// None if not jailed, and if tombstoned, which is for ever.
    jailed_until: Option<u64>,
    tombstoned: bool,
    left: bool,
    listed: bool,
    uptime: Option<u64>,
    missed_in_window: u64,
    proposed: u64,
    apr: u64,
    commission_owed: Decimal,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
struct NextCommission {
    commission: u16,
    in_force: u64,
}

#[derive(Clone, Serialize)]
pub(crate) struct Validator {
    #[serde(flatten)]
    row: ValidatorRow,
    slashes: Vec<Slash>,
    why: Option<String>,
}

#[derive(Clone, Serialize)]
struct Slash {
    time: u64,
    /// What this and all slashes before it left, scaled by 1e27.
    left: String,
}

pub(crate) fn validators(api: &Api, mut args: Args) -> Reply<Validators> {
    let block: BlockArg = args.optional("block")?.unwrap_or_default();
    args.end()?;
    let contracts = Contracts::at(api, &api.read()?, block)?;
    let set = Set::load(&contracts)?;
    let mut views = listed(&contracts)?;
    let known: HashSet<_> = views.iter().map(|view| view.operator).collect();
    // An operator that changed its key can be evicted while the old key is in the set.
    for operator in set.operators().filter(|operator| !known.contains(operator)) {
        views.push(contracts.ask(STAKING, &IStaking::validatorCall { operator })?);
    }
    let rows = views.into_iter().map(|view| ValidatorRow::new(&contracts, &set, view));
    let mut validators = rows.collect::<Reply<Vec<_>>>()?;
    validators.sort_by_key(|row| (Reverse(row.power), Reverse(row.stake), row.operator.0));
    Ok(Validators { epoch: set.running.number, validators })
}

pub(crate) fn validator(api: &Api, mut args: Args) -> Reply<Validator> {
    let operator: Address = args.required("operator")?;
    let block: BlockArg = args.optional("block")?.unwrap_or_default();
    args.end()?;
    let contracts = Contracts::at(api, &api.read()?, block)?;
    let view = view_of(&contracts, operator)?;
    let set = Set::load(&contracts)?;
    let count = small(view.slashes, "a number of slashes of")?;
    let slashes = IStaking::slashesCall {
        operator,
        from: U256::from(count.saturating_sub(MOST_SLASHES)),
        count: U256::from(MOST_SLASHES),
    };
    let slashes = contracts.ask(STAKING, &slashes)?;
    let in_set = set.member(operator).is_some();
    let why = Election::load(&contracts)?.why(&view, in_set, set.running.end(), contracts.header.timestamp);
    Ok(Validator {
        row: ValidatorRow::new(&contracts, &set, view)?,
        slashes: slashes.into_iter().map(|of| Slash { time: of.time, left: of.factor.to_string() }).collect(),
        why,
    })
}

/// All about the validator of an operator that a caller named.
fn view_of(contracts: &Contracts<'_>, operator: Address) -> Reply<ValidatorView> {
    let question = IStaking::validatorCall { operator };
    match contracts.try_ask(STAKING, &question)? {
        Ok(view) => Ok(view),
        Err(output) if UnknownValidator::abi_decode(&output).is_ok() => Err(RpcError::invalid(format!(
            "{operator} operates no validator at block {}; staking_validators names all operators",
            contracts.header.number
        ))),
        // Says what it reverted with.
        Err(_) => contracts.ask(STAKING, &question),
    }
}

impl ValidatorRow {
    fn new(contracts: &Contracts<'_>, set: &Set, view: ValidatorView) -> Reply<Self> {
        let work = set.member(view.operator);
        let signer = work.map_or(view.signer, |work| work.signer);
        let missed = contracts.ask(VALIDATOR_SET, &IValidatorSet::missedInWindowCall { signer })?;
        let next = NextCommission { commission: view.nextCommission, in_force: view.nextCommissionTime };
        Ok(Self {
            operator: view.operator.into(),
            signer: view.signer.into(),
            stake: view.tokens.into(),
            self_stake: view.selfStake.into(),
            power: work.map_or(0, |work| work.power.saturating_to()),
            share: work.map_or(0, |work| set.share(work)),
            in_set: work.is_some(),
            commission: view.commission,
            next_commission: (view.nextCommissionTime != 0).then_some(next),
            jailed_until: Some(view.jailedUntil).filter(|until| *until != 0 && !view.tombstoned),
            tombstoned: view.tombstoned,
            left: view.left,
            listed: view.listed,
            uptime: work.and_then(|work| set.uptime(work)),
            missed_in_window: small(missed, "a number of missed blocks of")?,
            proposed: work.map_or(0, |work| work.proposed),
            apr: work.map_or(Ok(0), |work| set.apr(&view, work))?,
            commission_owed: view.commissionOwed.into(),
            name: view.name,
            site: view.site,
        })
    }
}

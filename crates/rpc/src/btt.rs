//! `btt_`: how much BTT there is, the numbers that votes may change, and planned forks.

use crate::{
    args::Args,
    block_arg::BlockArg,
    btt_audit, btt_upgrade,
    context::Api,
    error::Reply,
    governance::{self, Touching},
    registry::Registry,
    staking_contracts::Contracts,
    staking_values::{Decimal, small},
};
use bttc_contracts::{
    addresses::{PARAMS, SUPPLY, TREASURY, VALIDATOR_SET},
    governance::lane_name,
    param_table::name_and_unit,
    params::IParams::{self, Param},
    supply::{INITIAL, ISupply},
    treasury::ITreasury,
    validator_set::IValidatorSet,
};
use serde::Serialize;

pub(crate) fn register(registry: &mut Registry) {
    registry.work("btt_supply", supply);
    registry.work("btt_params", params);
    registry.work("btt_auditSupply", btt_audit::audit);
    registry.work("btt_upgradeReadiness", btt_upgrade::readiness);
    governance::register(registry);
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Supply {
    total: Decimal,
    burned: Decimal,
    /// Of what was burned, the part of base fees.
    fees_burned: Decimal,
    genesis: Decimal,
    reserve: Decimal,
    funds: Decimal,
    programmes: Decimal,
}

fn supply(api: &Api, mut args: Args) -> Reply<Supply> {
    let block: BlockArg = args.optional("block")?.unwrap_or_default();
    args.end()?;
    let contracts = Contracts::at(api, &api.read()?, block)?;
    Ok(Supply {
        total: contracts.ask(SUPPLY, &ISupply::totalCall {})?.into(),
        burned: contracts.ask(SUPPLY, &ISupply::burnedCall {})?.into(),
        fees_burned: contracts.ask(VALIDATOR_SET, &IValidatorSet::feesBurnedCall {})?.into(),
        genesis: INITIAL.into(),
        reserve: contracts.ask(TREASURY, &ITreasury::reserveCall {})?.into(),
        funds: contracts.ask(TREASURY, &ITreasury::fundsCall {})?.into(),
        programmes: contracts.ask(TREASURY, &ITreasury::programmesCall {})?.into(),
    })
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct ParamRow {
    id: u64,
    /// None if the contract has a parameter that this program does not know.
    name: Option<&'static str>,
    unit: Option<&'static str>,
    value: Decimal,
    min: Decimal,
    max: Decimal,
    step: Decimal,
    /// Unit: seconds.
    cool_down: u64,
    lane: &'static str,
    /// What is in force from the next closing of an epoch on.
    pending: Option<Decimal>,
    /// Time of the last change; 0 if there was none.
    changed: u64,
    /// Open proposals that would change it.
    proposals: Vec<Touching>,
}

fn params(api: &Api, mut args: Args) -> Reply<Vec<ParamRow>> {
    let block: BlockArg = args.optional("block")?.unwrap_or_default();
    args.end()?;
    let contracts = Contracts::at(api, &api.read()?, block)?;
    let mut touching = governance::touching(&contracts)?;
    let row = |param: &Param| {
        let id = small(param.id, "a parameter of id")?;
        ParamRow::of(id, param, touching.remove(&id).unwrap_or_default())
    };
    contracts.ask(PARAMS, &IParams::allCall {})?.iter().map(row).collect()
}

impl ParamRow {
    fn of(id: u64, param: &Param, proposals: Vec<Touching>) -> Reply<Self> {
        let known = name_and_unit(id);
        Ok(Self {
            id,
            name: known.map(|(name, _)| name),
            unit: known.map(|(_, unit)| unit),
            value: param.value.into(),
            min: param.min.into(),
            max: param.max.into(),
            step: param.step.into(),
            cool_down: small(param.coolDown, "a cool-down of")?,
            lane: lane_name(param.lane),
            pending: param.isPending.then(|| param.pending.into()),
            changed: small(param.changed, "a time of")?,
            proposals,
        })
    }
}

//! `staking_`: validators, stake and rewards, as the staking contracts tell them at any block whose state the node has.
//!
//! Each answer is put together from calls of the contracts' own views (`staking_contracts`); history comes from their logs (`staking_logs`). Amounts are
//! decimal strings of wei, addresses have their checksum, heights, Unix times and basis points are JSON numbers. docs/staking.md, section 12, lists the
//! methods.

use crate::{
    args::Args,
    block_arg::BlockArg,
    context::Api,
    error::Reply,
    registry::Registry,
    staking_apr,
    staking_contracts::Contracts,
    staking_delegator, staking_logs, staking_rewards,
    staking_set::{Running, Set},
    staking_subscribe, staking_validators,
    staking_values::Decimal,
};
use bttc_primitives::Height;
use serde::Serialize;

pub(crate) fn register(registry: &mut Registry) {
    registry.work("staking_validators", staking_validators::validators);
    registry.work("staking_validator", staking_validators::validator);
    registry.work("staking_delegations", staking_delegator::delegations);
    registry.work("staking_unbondings", staking_delegator::unbondings);
    registry.work("staking_rewards", staking_rewards::rewards);
    registry.work("staking_epoch", epoch);
    registry.work("staking_apr", apr);
    registry.work("staking_slashes", staking_logs::slashes);
    staking_subscribe::register(registry);
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Epoch {
    number: u64,
    start_time: u64,
    start_height: Height,
    /// Least length. Unit: seconds.
    length: u64,
    /// Blocks whose absentees were counted.
    blocks: u64,
    /// The first block from this time on closes it.
    end_estimate: u64,
    stakers_fees: Decimal,
    treasury_fees: Decimal,
}

fn epoch(api: &Api, mut args: Args) -> Reply<Epoch> {
    let block: BlockArg = args.optional("block")?.unwrap_or_default();
    args.end()?;
    let running = Running::load(&Contracts::at(api, &api.read()?, block)?)?;
    Ok(Epoch {
        number: running.number,
        start_time: running.start_time,
        start_height: running.start_height,
        length: running.length,
        blocks: running.blocks,
        end_estimate: running.end(),
        stakers_fees: running.stakers_fees.into(),
        treasury_fees: running.treasury_fees.into(),
    })
}

/// Amounts are of a year.
#[derive(Clone, Serialize)]
struct Apr {
    /// Of all stake in the set, before commission. Unit: basis points.
    apr: u64,
    formula: &'static str,
    stake: Decimal,
    budget: Decimal,
    cap: Decimal,
    fees: Decimal,
}

fn apr(api: &Api, mut args: Args) -> Reply<Apr> {
    let block: BlockArg = args.optional("block")?.unwrap_or_default();
    args.end()?;
    let economics = Set::load(&Contracts::at(api, &api.read()?, block)?)?.economics;
    Ok(Apr {
        apr: economics.apr()?,
        formula: staking_apr::FORMULA,
        stake: economics.stake.into(),
        budget: economics.budget.into(),
        cap: economics.cap.into(),
        fees: economics.fees.into(),
    })
}

//! `btt_upgradeReadiness`: how much of the power is in the hands of nodes that know the planned fork, by what their blocks announce.

use crate::{
    args::Args,
    block_arg::BlockArg,
    context::Api,
    error::Reply,
    staking_contracts::Contracts,
    staking_values::{Account, BASIS},
};
use alloy_primitives::{Address, U256};
use bttc_consensus::Announcement;
use bttc_contracts::{
    addresses::{PARAMS, STAKING, VALIDATOR_SET},
    params::IParams,
    staking::IStaking,
    validator_set::IValidatorSet,
};
use bttc_primitives::{ForkPlan, Height};
use bttc_storage::ReadTx;
use serde::Serialize;
use std::{cmp::Reverse, collections::HashMap};

/// How far back a validator's newest block is looked for. Unit: blocks. As many as downtime counts over by default: who has proposed none in so
/// many is hardly there, or has hardly any power.
const WINDOW: u64 = 10_000;

/// Headers read between two looks at the time.
const STEP: u64 = 256;

#[derive(Clone, Serialize)]
pub(crate) struct Readiness {
    /// None if no fork was ever planned, or the plan was taken back.
    plan: Option<Plan>,
    /// Of the power of the set. Unit: basis points, rounded down; none without a plan.
    ready: Option<u64>,
    validators: Vec<Row>,
}

#[derive(Clone, Serialize)]
struct Plan {
    name: String,
    time: u64,
    /// Whether the node that answers knows it.
    known: bool,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    operator: Account,
    name: String,
    signer: Account,
    /// Of the power of the set. Unit: basis points.
    share: u64,
    /// Of the program that built the newest block; none if that announces nothing.
    version: Option<String>,
    /// None without a plan.
    ready: Option<bool>,
    /// None if there was no block within the window.
    last_proposed: Option<Height>,
}

pub(crate) fn readiness(api: &Api, mut args: Args) -> Reply<Readiness> {
    let block: BlockArg = args.optional("block")?.unwrap_or_default();
    args.end()?;
    let read = api.read()?;
    let contracts = Contracts::at(api, &read, block)?;
    let IParams::forkReturn { name, time } = contracts.ask(PARAMS, &IParams::forkCall {})?;
    let plan = Some(ForkPlan { name, time }).filter(|plan| !plan.name.is_empty());
    let members = contracts.ask(VALIDATOR_SET, &IValidatorSet::membersCall {})?;
    let newest = newest_blocks(&contracts, &read, members.iter().map(|member| member.signer))?;

    let total = members.iter().fold(U256::ZERO, |sum, member| sum.saturating_add(U256::from(member.power)));
    let share = |power: U256| -> u64 {
        let points = power.saturating_mul(U256::from(BASIS)).checked_div(total);
        points.and_then(|points| u64::try_from(points).ok()).unwrap_or_default()
    };
    let (mut rows, mut ready_power) = (Vec::with_capacity(members.len()), U256::ZERO);
    for member in &members {
        let power = U256::from(member.power);
        let operator = contracts.ask(STAKING, &IStaking::operatorOfCall { signer: member.signer })?;
        let view = contracts.ask(STAKING, &IStaking::validatorCall { operator })?;
        let last = newest.get(&member.signer);
        let said = last.and_then(|(_, said)| *said);
        let ready = plan.as_ref().map(|plan| said.is_some_and(|said| said.is_ready_for(plan)));
        if ready == Some(true) {
            ready_power = ready_power.saturating_add(power);
        }
        let row = Row {
            operator: operator.into(),
            name: view.name,
            signer: member.signer.into(),
            share: share(power),
            version: said.map(|said| said.version.to_string()),
            ready,
            last_proposed: last.map(|(height, _)| *height),
        };
        rows.push((power, row));
    }
    rows.sort_by_key(|(power, row)| (Reverse(*power), row.signer.0));
    Ok(Readiness {
        ready: plan.as_ref().map(|_| share(ready_power)),
        plan: plan.map(|plan| Plan {
            name: String::from_utf8_lossy(&plan.name).into_owned(),
            time: plan.time,
            known: api.spec().knows(&plan),
        }),
        validators: rows.into_iter().map(|(_, row)| row).collect(),
    })
}

/// Of each proposer its newest block within the window: height, and what it announces.
fn newest_blocks(
    contracts: &Contracts<'_>,
    read: &ReadTx,
    proposers: impl Iterator<Item = Address>,
) -> Reply<HashMap<Address, (Height, Option<Announcement>)>> {
    let mut missing: std::collections::HashSet<Address> = proposers.collect();
    let mut found = HashMap::with_capacity(missing.len());
    let head = contracts.header.number;
    let first = head.saturating_sub(WINDOW.saturating_sub(1)).max(1);
    for height in (first..=head).rev() {
        if missing.is_empty() {
            break;
        }
        if height.is_multiple_of(STEP) {
            contracts.check_time("ask a node that is less busy, or give it a longer rpc.call_timeout")?;
        }
        // A node that began with a snapshot has no headers before it.
        let Some(header) = read.header(height)? else { break };
        if missing.remove(&header.beneficiary) {
            found.insert(header.beneficiary, (height, Announcement::decode(header.nonce)));
        }
    }
    Ok(found)
}

//! `staking_delegations`, `staking_unbondings`: what one account has at all validators, and what is on its way out.

use crate::{
    args::Args,
    block_arg::BlockArg,
    context::Api,
    error::Reply,
    staking_contracts::{Contracts, Patience},
    staking_logs::{event, visit},
    staking_set::listed,
    staking_values::{Account, Decimal, small},
};
use alloy_primitives::{Address, U256};
use alloy_sol_types::SolEvent;
use bttc_contracts::{
    addresses::STAKING,
    staking::IStaking::{self, PositionView},
};
use bttc_primitives::Height;
use bttc_storage::ReadTx;
use serde::Serialize;
use std::{cmp::Reverse, collections::BTreeMap};

/// The contract lets one account have 64 open at once.
const MOST_UNBONDINGS: u64 = 64;

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Delegation {
    operator: Account,
    name: String,
    shares: Decimal,
    /// Shares that count in the running epoch.
    active: Decimal,
    worth: Decimal,
    pending_reward: Decimal,
    moved: Vec<Moved>,
}

/// Shares that came from another validator, and can be slashed for it until `end`.
#[derive(Clone, Serialize)]
struct Moved {
    source: Account,
    shares: Decimal,
    end: u64,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Unbonding {
    id: u64,
    operator: Account,
    amount: Decimal,
    /// What slashes until now left of it.
    left: Decimal,
    start: u64,
    unlock: u64,
    /// Where the stake was moved from before, if it can still be slashed for that.
    source: Option<Account>,
    source_end: Option<u64>,
}

/// A position of an account.
pub(crate) struct Position {
    pub(crate) operator: Address,
    pub(crate) name: String,
    pub(crate) view: PositionView,
}

/// What an account has at every validator that exists: the candidates, at most 1,000, and those that were evicted according to the logs that the node keeps.
pub(crate) fn positions(api: &Api, read: &ReadTx, contracts: &Contracts<'_>, owner: Address) -> Reply<Vec<Position>> {
    let mut names: BTreeMap<Address, String> = BTreeMap::new();
    for operator in evicted(api, read, contracts.header.number)? {
        names.insert(operator, contracts.ask(STAKING, &IStaking::validatorCall { operator })?.name);
    }
    names.extend(listed(contracts)?.into_iter().map(|view| (view.operator, view.name)));
    let mut found = Vec::new();
    for (operator, name) in names {
        let view = contracts.ask(STAKING, &IStaking::positionCall { delegator: owner, operator })?;
        if !view.shares.is_zero() || !view.pending.is_zero() {
            found.push(Position { operator, name, view });
        }
    }
    found.sort_by_key(|position| Reverse(position.view.worth));
    Ok(found)
}

/// Operators that were evicted, as far back as the node keeps logs.
pub(crate) fn evicted(api: &Api, read: &ReadTx, height: Height) -> Reply<Vec<Address>> {
    let mut operators = Vec::new();
    let range = read.kept()?.logs..=height;
    visit(read, range, STAKING, IStaking::Evicted::SIGNATURE_HASH, &Patience::of_call(api), |_, receipt| {
        let events = receipt.logs.iter().filter_map(|log| event::<IStaking::Evicted>(log, STAKING));
        operators.extend(events.map(|event| event.operator));
        Ok(())
    })?;
    Ok(operators)
}

pub(crate) fn delegations(api: &Api, mut args: Args) -> Reply<Vec<Delegation>> {
    let owner: Address = args.required("address")?;
    let block: BlockArg = args.optional("block")?.unwrap_or_default();
    args.end()?;
    let read = api.read()?;
    let contracts = Contracts::at(api, &read, block)?;
    let mut delegations = Vec::new();
    for Position { operator, name, view } in positions(api, &read, &contracts, owner)? {
        let moved = contracts.ask(STAKING, &IStaking::movedCall { delegator: owner, operator })?;
        let moved = moved.into_iter().map(|of| Moved { source: of.source.into(), shares: of.left.into(), end: of.end });
        delegations.push(Delegation {
            operator: operator.into(),
            name,
            shares: view.shares.into(),
            active: view.active.into(),
            worth: view.worth.into(),
            pending_reward: view.pending.into(),
            moved: moved.collect(),
        });
    }
    Ok(delegations)
}

pub(crate) fn unbondings(api: &Api, mut args: Args) -> Reply<Vec<Unbonding>> {
    let owner: Address = args.required("address")?;
    let block: BlockArg = args.optional("block")?.unwrap_or_default();
    args.end()?;
    let contracts = Contracts::at(api, &api.read()?, block)?;
    let question = IStaking::unbondingsCall { delegator: owner, from: U256::ZERO, count: U256::from(MOST_UNBONDINGS) };
    let mut open = Vec::new();
    for of in contracts.ask(STAKING, &question)? {
        let moved = !of.source.is_zero();
        open.push(Unbonding {
            id: small(of.id, "an unbonding of id")?,
            operator: of.operator.into(),
            amount: of.amount.into(),
            left: of.left.into(),
            start: of.start,
            unlock: of.unlock,
            source: moved.then(|| of.source.into()),
            source_end: moved.then_some(of.sourceEnd),
        });
    }
    open.sort_by_key(|of| (of.unlock, of.id));
    Ok(open)
}

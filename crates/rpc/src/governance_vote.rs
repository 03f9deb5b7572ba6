//! `btt_vote`: with how much an account can vote on a proposal, and how it did.

use crate::{
    args::Args,
    block_arg::BlockArg,
    context::Api,
    error::Reply,
    governance::known,
    staking_contracts::Contracts,
    staking_delegator::evicted,
    staking_set::listed,
    staking_values::{Account, Decimal},
};
use alloy_primitives::{Address, U256};
use bttc_contracts::{
    addresses::{GOVERNOR, STAKING},
    governance::choice_name,
    governor::IGovernor,
    staking::IStaking,
};
use serde::Serialize;
use std::collections::BTreeMap;

/// The part of an account in a vote.
#[derive(Clone, Serialize)]
pub(crate) struct VoteRow {
    id: u64,
    account: Account,
    /// Sum of its own stake in the snapshot.
    power: Decimal,
    /// By validator.
    own: Vec<Own>,
    /// As an operator; none if it has no pool in the snapshot.
    pool: Option<Pool>,
}

/// Stake of an account at one validator.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Own {
    operator: Account,
    name: String,
    weight: Decimal,
    /// How the account voted itself; none if its validator votes for it.
    choice: Option<&'static str>,
    /// Whether it no longer counts with its validator.
    overrides: bool,
    validator_choice: Option<&'static str>,
}

/// The vote of an operator.
#[derive(Clone, Serialize)]
struct Pool {
    choice: Option<&'static str>,
    /// Stake in the snapshot.
    tokens: Decimal,
    /// Of that, what delegators voted themselves.
    overridden: Decimal,
    /// What the vote of the operator counts.
    weight: Decimal,
}

pub(crate) fn vote(api: &Api, mut args: Args) -> Reply<VoteRow> {
    let id: u64 = args.required("id")?;
    let account: Address = args.required("address")?;
    let block: BlockArg = args.optional("block")?.unwrap_or_default();
    args.end()?;
    let read = api.read()?;
    let contracts = Contracts::at(api, &read, block)?;
    let of = known(&contracts, id)?;
    let (number, marked) = (U256::from(id), of.snapshot);
    let mut row = VoteRow { id, account: account.into(), power: Decimal::default(), own: Vec::new(), pool: None };
    if marked == 0 {
        return Ok(row);
    }
    let mut names: BTreeMap<Address, String> = BTreeMap::new();
    for operator in evicted(api, &read, contracts.header.number)? {
        names.insert(operator, contracts.ask(STAKING, &IStaking::validatorCall { operator })?.name);
    }
    names.extend(listed(&contracts)?.into_iter().map(|view| (view.operator, view.name)));
    for (operator, name) in names {
        let call = IStaking::weightAtCall { marked, delegator: account, operator };
        let weight = contracts.ask(STAKING, &call)?;
        if weight.is_zero() {
            continue;
        }
        row.power = row.power.0.saturating_add(weight).into();
        let own = contracts.ask(GOVERNOR, &IGovernor::ownVoteCall { id: number, delegator: account, operator })?;
        let pool = contracts.ask(GOVERNOR, &IGovernor::poolVoteCall { id: number, operator })?;
        let choice = choice_name(own.choice);
        row.own.push(Own {
            operator: operator.into(),
            name,
            // What was cast stays as it was.
            weight: if choice.is_some() { U256::from(own.weight) } else { weight }.into(),
            choice,
            overrides: choice.is_some(),
            validator_choice: choice_name(pool.choice),
        });
    }
    let tokens = contracts.ask(STAKING, &IStaking::poolAtCall { marked, operator: account })?.tokens;
    if !tokens.is_zero() {
        let pool = contracts.ask(GOVERNOR, &IGovernor::poolVoteCall { id: number, operator: account })?;
        let overridden = U256::from(pool.overridden);
        row.pool = Some(Pool {
            choice: choice_name(pool.choice),
            tokens: tokens.into(),
            overridden: overridden.into(),
            weight: tokens.saturating_sub(overridden).into(),
        });
    }
    Ok(row)
}

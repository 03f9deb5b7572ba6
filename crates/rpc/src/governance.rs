//! `btt_proposals`, `btt_proposal`, `btt_vote`: what governance is asked, who voted how, and what came of it.
//!
//! Everything is read from `Governor` and `Timelock` at the block; descriptions are in their logs alone. docs/staking.md, sections 10 and 12.

use crate::{
    args::Args,
    block_arg::BlockArg,
    context::Api,
    error::{Reply, RpcError},
    governance_logs::Told,
    governance_values::{ActionRow, Deposit, Tally, Times, status_of},
    registry::Registry,
    staking_contracts::{Contracts, Patience},
    staking_values::{Account, small},
};
use alloy_primitives::U256;
use alloy_sol_types::SolInterface;
use bttc_contracts::{
    addresses::{GOVERNOR, PARAMS, TIMELOCK},
    governance::{Action, is_open, lane_name, lane_of_number},
    governor::IGovernor::{self, IGovernorErrors, State},
    params::IParams,
    timelock::ITimelock,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Rows without a limit, and at most.
const ROWS: usize = 20;
const MOST_ROWS: usize = 100;
/// The newest proposals that `btt_params` looks through for open ones.
const LOOK_BACK: u64 = 200;

pub(crate) fn register(registry: &mut Registry) {
    registry.work("btt_proposals", proposals);
    registry.work("btt_proposal", proposal);
    registry.work("btt_vote", crate::governance_vote::vote);
}

/// A proposal as it is after a block.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProposalRow {
    id: u64,
    proposer: Account,
    /// First line of the description; none if the node no longer has the log.
    title: Option<String>,
    description: Option<String>,
    lane: &'static str,
    status: &'static str,
    /// The status in words, and what can be done.
    status_text: String,
    actions: Vec<ActionRow>,
    deposit: Deposit,
    times: Times,
    /// None before the deposit is complete.
    tally: Option<Tally>,
}

/// What a caller wants of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Filter {
    status: Option<String>,
    limit: Option<usize>,
}

/// Names that a filter may have beside those of the states.
const STATUSES: [&str; 14] = [
    "deposit",
    "lapsed",
    "canceled",
    "waiting",
    "voting",
    "noQuorum",
    "vetoed",
    "defeated",
    "succeeded",
    "queued",
    "executable",
    "executed",
    "expired",
    "open",
];

fn proposals(api: &Api, mut args: Args) -> Reply<Vec<ProposalRow>> {
    let filter: Filter = args.optional("filter")?.unwrap_or_default();
    let block: BlockArg = args.optional("block")?.unwrap_or_default();
    args.end()?;
    if let Some(status) = filter.status.as_deref().filter(|status| !STATUSES.contains(status)) {
        return Err(RpcError::params(format!("no status {status:?}; there are {}", STATUSES.join(", "))));
    }
    let most = filter.limit.unwrap_or(ROWS);
    if most > MOST_ROWS {
        return Err(RpcError::params(format!("limit {most} is too large; at most {MOST_ROWS} proposals are listed")));
    }
    let read = api.read()?;
    let contracts = Contracts::at(api, &read, block)?;
    let patience = Patience::of_search(api);
    let mut found = Vec::new();
    for id in (1..=count(&contracts)?).rev() {
        if found.len() >= most {
            break;
        }
        patience.check("ask with a smaller limit")?;
        let state = contracts.ask(GOVERNOR, &IGovernor::stateCall { id: U256::from(id) })?;
        let waits = contracts.ask(TIMELOCK, &ITimelock::operationCall { id: U256::from(id) })?;
        let status = status_of(state, &waits, contracts.header.timestamp);
        let fits = filter.status.as_deref().is_none_or(|wanted| match wanted {
            "open" => is_open(state),
            wanted => wanted == status,
        });
        if fits {
            found.push(id);
        }
    }
    let told = Told::load(&read, contracts.header.number, &found, &patience)?;
    let params = Values::load(&contracts)?;
    found.into_iter().map(|id| row(&contracts, id, &told, &params)).collect()
}

fn proposal(api: &Api, mut args: Args) -> Reply<ProposalRow> {
    let id: u64 = args.required("id")?;
    let block: BlockArg = args.optional("block")?.unwrap_or_default();
    args.end()?;
    let read = api.read()?;
    let contracts = Contracts::at(api, &read, block)?;
    known(&contracts, id)?;
    let told = Told::load(&read, contracts.header.number, &[id], &Patience::of_search(api))?;
    row(&contracts, id, &told, &Values::load(&contracts)?)
}

fn count(contracts: &Contracts<'_>) -> Reply<u64> {
    small(contracts.ask(GOVERNOR, &IGovernor::countCall {})?, "a number of proposals of")
}

/// The proposal as the contract has it. Errors: there is none of this id.
pub(crate) fn known(contracts: &Contracts<'_>, id: u64) -> Reply<IGovernor::Proposal> {
    let call = IGovernor::proposalCall { id: U256::from(id) };
    match contracts.try_ask(GOVERNOR, &call)? {
        Ok(of) => Ok(of),
        Err(output) => match IGovernorErrors::abi_decode(&output) {
            Ok(IGovernorErrors::UnknownProposal(e)) => Err(RpcError::invalid(format!(
                "there is no proposal {id} at block {}; the newest is {}, and ids count from 1",
                contracts.header.number, e.count
            ))),
            _ => Err(crate::eth_call::reverted(&output)),
        },
    }
}

/// Values in force, by id of the parameter.
pub(crate) struct Values(BTreeMap<u64, U256>);

impl Values {
    fn load(contracts: &Contracts<'_>) -> Reply<Self> {
        let all = contracts.ask(PARAMS, &IParams::allCall {})?;
        let pair = |of: &IParams::Param| Ok((small(of.id, "a parameter of id")?, of.value));
        Ok(Self(all.iter().map(pair).collect::<Reply<_>>()?))
    }

    pub(crate) fn get(&self, id: u64) -> Option<U256> {
        self.0.get(&id).copied()
    }
}

/// The actions of a proposal.
fn actions(contracts: &Contracts<'_>, id: u64) -> Reply<Vec<Action>> {
    let of = contracts.ask(GOVERNOR, &IGovernor::actionsCall { id: U256::from(id) })?;
    Ok(of.targets.iter().zip(&of.calldatas).map(|(target, data)| Action::decode(*target, data)).collect())
}

fn row(contracts: &Contracts<'_>, id: u64, told: &Told, params: &Values) -> Reply<ProposalRow> {
    let number = U256::from(id);
    let of = known(contracts, id)?;
    let state = contracts.ask(GOVERNOR, &IGovernor::stateCall { id: number })?;
    let waits = contracts.ask(TIMELOCK, &ITimelock::operationCall { id: number })?;
    let now = contracts.header.timestamp;
    let status = status_of(state, &waits, now);
    let times = Times::of(&of, &waits)?;
    let deposit = Deposit::of(&of);
    let tally = match times.is_scheduled() {
        true => Some(Tally::of(&of, &contracts.ask(GOVERNOR, &IGovernor::tallyCall { id: number })?)?),
        false => None,
    };
    let before = |param: u64| match state {
        State::Executed => told.before(id, param),
        _ => params.get(param),
    };
    let description = told.description(id);
    let title = description.as_deref().map(|text| {
        let first = text.trim_start().lines().next().unwrap_or_default();
        first.trim_start_matches('#').trim().to_owned()
    });
    Ok(ProposalRow {
        id,
        proposer: of.proposer.into(),
        title,
        description,
        lane: lane_name(lane_of_number(of.lane)),
        status,
        status_text: crate::governance_values::in_words(status, &deposit, &times),
        actions: actions(contracts, id)?.into_iter().map(|action| ActionRow::of(action, &before)).collect(),
        deposit,
        times,
        tally,
    })
}

/// A proposal that would change a parameter, and is not over.
#[derive(Clone, Serialize)]
pub(crate) struct Touching {
    id: u64,
    status: &'static str,
    value: crate::staking_values::Decimal,
}

/// Open proposals among the newest, by the parameter that they would change.
pub(crate) fn touching(contracts: &Contracts<'_>) -> Reply<BTreeMap<u64, Vec<Touching>>> {
    let mut found: BTreeMap<u64, Vec<Touching>> = BTreeMap::new();
    let last = count(contracts)?;
    for id in (last.saturating_sub(LOOK_BACK).saturating_add(1)..=last).rev() {
        let state = contracts.ask(GOVERNOR, &IGovernor::stateCall { id: U256::from(id) })?;
        if !is_open(state) {
            continue;
        }
        let waits = contracts.ask(TIMELOCK, &ITimelock::operationCall { id: U256::from(id) })?;
        let status = status_of(state, &waits, contracts.header.timestamp);
        for action in actions(contracts, id)? {
            if let Action::SetParam { id: param, value } = action {
                found.entry(param).or_default().push(Touching { id, status, value: value.into() });
            }
        }
    }
    Ok(found)
}

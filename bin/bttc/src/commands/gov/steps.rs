//! What moves a proposal on: deposits, votes, queueing, execution, and what is taken back.

use super::{
    Context, chain, faults,
    plan::Intent,
    send,
    view::{self, Proposal, Vote},
    who::{self, Names},
};
use crate::commands::wallet::{amount::percent, args::SendArgs, faults_gov, show};
use alloy_primitives::{Address, U256};
use bttc_contracts::{
    addresses::{GOVERNOR, TIMELOCK},
    governance::{MAX_OPERATORS, choice_of, lane_name},
    governor::IGovernor,
    params::IParams::Lane,
    timelock::ITimelock,
};
use bttc_primitives::format_btt;
use serde_json::json;
use std::io::Write;

/// An error unless the proposal is in one of these states.
fn in_state(of: &Proposal, wanted: &[&str]) -> eyre::Result<()> {
    if wanted.contains(&of.status.as_str()) {
        return Ok(());
    }
    let from = match of.status.as_str() {
        "waiting" => of.times.vote_start,
        "queued" => of.times.executable_from,
        "voting" => of.times.vote_end,
        _ => None,
    };
    let when = from.map(|time| format!(" ({})", show::time(time))).unwrap_or_default();
    let fault = if of.status == "queued" { &faults_gov::WRONG_TIME } else { &faults_gov::WRONG_STATE };
    Err(fault.report(&format!("proposal {} is in the state {:?}: {}{when}", of.id, of.status, of.status_text)))
}

fn named(of: &Proposal) -> String {
    match of.title.as_deref().filter(|title| !title.is_empty()) {
        Some(title) => format!("proposal {} {:?}", of.id, show::clean(title)),
        None => format!("proposal {}", of.id),
    }
}

pub(crate) fn deposit(
    context: &Context,
    id: u64,
    amount: Option<U256>,
    args: &SendArgs,
    out: &mut impl Write,
) -> eyre::Result<()> {
    let of = view::proposal(context, id)?.view;
    in_state(&of, &["deposit"])?;
    let missing = of.deposit.missing();
    let amount = amount.unwrap_or(missing);
    if amount > missing || amount.is_zero() {
        let detail = format!("{}, only {} are missing", format_btt(amount), format_btt(missing));
        return Err(faults_gov::WRONG_DEPOSIT.report(&detail));
    }
    send::run(context, args, out, |_| {
        let effect = format!("adds {} to the deposit of {}", format_btt(amount), named(&of));
        let mut intent = Intent::of(GOVERNOR, "deposit", &IGovernor::depositCall { id: U256::from(id) }, effect);
        let rest = missing.saturating_sub(amount);
        intent.effects.push(match rest.is_zero() {
            true => "the deposit is complete then, and the vote begins with the next epoch".to_owned(),
            false => format!("{} are still missing then, until {}", format_btt(rest), show::time(of.times.deposit_end)),
        });
        intent.effects.push("it comes back unless the proposal is vetoed or without quorum".to_owned());
        intent.value = amount;
        intent.details = json!({ "proposal": id, "missing": rest.to_string() });
        Ok((intent, Names::default()))
    })
}

/// The number of a vote; the grammar lets no other word through.
fn number(choice: &str) -> eyre::Result<u8> {
    choice_of(choice).ok_or_else(|| faults_gov::BAD_VOTE.report(&format!("{choice:?}")))
}

pub(crate) fn vote(
    context: &Context,
    id: u64,
    choice: &str,
    args: &SendArgs,
    out: &mut impl Write,
) -> eyre::Result<()> {
    let of = view::proposal(context, id)?.view;
    in_state(&of, &["voting"])?;
    let number = number(choice)?;
    send::run(context, args, out, |from| {
        let told = view::vote(context, id, from)?.view;
        let Some(pool) = told.pool else {
            return Err(faults_gov::NO_WEIGHT.report(&format!(
                "{from} operates no validator of the set that votes on proposal {id}; delegators vote with `bttc gov override`"
            )));
        };
        let before = changed(pool.choice.as_deref());
        let effect = format!(
            "votes {choice} on {} with {}{}{before}",
            named(&of),
            format_btt(pool.weight),
            share(&of, pool.weight)
        );
        let call = IGovernor::vote_0Call { id: U256::from(id), choice: number };
        let mut intent = Intent::of(GOVERNOR, "vote", &call, effect);
        if !pool.overridden.is_zero() {
            let (own, all) = (format_btt(pool.overridden), format_btt(pool.tokens));
            intent.effects.push(format!("delegators vote with {own} of its {all} themselves"));
        }
        intent.effects.push(until(&of));
        intent.details = json!({ "proposal": id, "choice": choice, "weight": pool.weight.to_string() });
        Ok((intent, names(context)?))
    })
}

/// Part of the stake in the vote.
fn share(of: &Proposal, weight: U256) -> String {
    let total = of.tally.as_ref().map(|tally| tally.total).unwrap_or_default();
    // No sum of BTT has 2^240 wei.
    match weight.saturating_mul(U256::from(10_000)).checked_div(total) {
        Some(points) => format!(" ({} of the stake)", percent(points.saturating_to())),
        None => String::new(),
    }
}

fn changed(before: Option<&str>) -> String {
    before.map(|before| format!("; it was {before}")).unwrap_or_default()
}

fn until(of: &Proposal) -> String {
    let end = of.times.vote_end.unwrap_or_default();
    format!("it can be changed until {}, but not taken back", show::time(end))
}

fn names(context: &Context) -> eyre::Result<Names> {
    Ok(Names::of(&chain::validators(&context.node)?))
}

pub(crate) fn override_vote(
    context: &Context,
    id: u64,
    (choice, validators): (&str, &[String]),
    args: &SendArgs,
    out: &mut impl Write,
) -> eyre::Result<()> {
    let of = view::proposal(context, id)?.view;
    in_state(&of, &["voting"])?;
    let number = number(choice)?;
    let wanted = validators.iter().map(|text| who::operator(text, &context.book, &context.node));
    let wanted: Vec<_> = wanted.collect::<eyre::Result<_>>()?;
    send::run(context, args, out, |from| {
        let told = view::vote(context, id, from)?.view;
        let operators = overridden(&told, &wanted, from, id)?;
        let call = IGovernor::vote_1Call { id: U256::from(id), choice: number, operators: operators.clone() };
        let mut intent = Intent::of(GOVERNOR, "override", &call, format!("votes {choice} on {} yourself", named(&of)));
        let names = names(context)?;
        let mut all = U256::ZERO;
        for own in told.own.iter().filter(|own| operators.contains(&own.operator)) {
            all = all.saturating_add(own.weight);
            let there = match own.validator_choice.as_deref() {
                Some(there) => format!("which votes {there}"),
                None => "which has not voted".to_owned(),
            };
            let before = changed(own.choice.as_deref());
            let (weight, validator) = (format_btt(own.weight), names.show(own.operator));
            intent.effects.push(format!("with your {weight} at {validator}, {there}{before}"));
        }
        intent.effects.push(format!("together {}{}", format_btt(all), share(&of, all)));
        intent.effects.push(until(&of));
        let operators: Vec<_> = operators.iter().map(Address::to_string).collect();
        intent.details =
            json!({ "proposal": id, "choice": choice, "weight": all.to_string(), "validators": operators });
        Ok((intent, names))
    })
}

/// The validators whose vote an account overrides: those named, or all where it has stake in the vote.
fn overridden(told: &Vote, wanted: &[Address], from: Address, id: u64) -> eyre::Result<Vec<Address>> {
    let there: Vec<_> = told.own.iter().map(|own| own.operator).collect();
    if let Some(missing) = wanted.iter().find(|operator| !there.contains(operator)) {
        let detail = format!("{from} has none at {missing} in the vote on proposal {id}");
        return Err(faults_gov::NO_WEIGHT.report(&detail));
    }
    let mut operators = if wanted.is_empty() { there } else { wanted.to_vec() };
    operators.sort_unstable();
    operators.dedup();
    match operators.len() {
        0 => Err(faults_gov::NO_WEIGHT.report(&format!("{from} has none in the vote on proposal {id}"))),
        count if count > MAX_OPERATORS => Err(faults_gov::BAD_VOTE.report(&format!(
            "{count} validators, allowed are 1 to {MAX_OPERATORS} at once; name them in several calls"
        ))),
        _ => Ok(operators),
    }
}

pub(crate) fn queue(context: &Context, id: u64, args: &SendArgs, out: &mut impl Write) -> eyre::Result<()> {
    let of = view::proposal(context, id)?.view;
    in_state(&of, &["succeeded"])?;
    let lane = [Lane::Standard, Lane::Long, Lane::Expedited].into_iter().find(|lane| lane_name(*lane) == of.lane);
    let call = ITimelock::delayOfCall { lane: lane.map_or(u8::MAX, |lane| lane as u8) };
    let delay: u64 = context.node.view(TIMELOCK, &call).map_err(faults::of_node)?.saturating_to();
    let now: u64 = context.node.head().map_err(faults::of_node)?.timestamp.to();
    send::run(context, args, out, |_| {
        let effect = format!("hands {}, which passed, to the timelock", named(&of));
        let mut intent = Intent::of(GOVERNOR, "queue", &IGovernor::queueCall { id: U256::from(id) }, effect);
        let from = now.saturating_add(delay);
        intent.effects.push(format!("anybody may execute it from {} on", show::time(from)));
        intent.details = json!({ "proposal": id, "executableFrom": from });
        Ok((intent, Names::default()))
    })
}

pub(crate) fn execute(context: &Context, id: u64, args: &SendArgs, out: &mut impl Write) -> eyre::Result<()> {
    let of = view::proposal(context, id)?.view;
    in_state(&of, &["executable"])?;
    send::run(context, args, out, |_| {
        let call = IGovernor::executeCall { id: U256::from(id) };
        let mut intent = Intent::of(GOVERNOR, "execute", &call, format!("carries out {}", named(&of)));
        intent.effects.extend(of.actions.iter().map(view::ActionView::words));
        intent.effects.push("changed parameters come into force when the running epoch closes".to_owned());
        intent.details = json!({ "proposal": id });
        Ok((intent, Names::default()))
    })
}

pub(crate) fn cancel(context: &Context, id: u64, args: &SendArgs, out: &mut impl Write) -> eyre::Result<()> {
    let of = view::proposal(context, id)?.view;
    in_state(&of, &["deposit", "waiting"])?;
    send::run(context, args, out, |from| {
        if from != of.proposer {
            let detail = format!("proposal {id} is of {}, not of {from}", of.proposer);
            return Err(faults_gov::NOT_PROPOSER.report(&detail));
        }
        let effect = format!("takes {} back for good; who paid the deposit may have it back", named(&of));
        let mut intent = Intent::of(GOVERNOR, "cancel", &IGovernor::cancelCall { id: U256::from(id) }, effect);
        intent.details = json!({ "proposal": id });
        Ok((intent, Names::default()))
    })
}

pub(crate) fn refund(
    context: &Context,
    id: u64,
    whose: Option<&str>,
    args: &SendArgs,
    out: &mut impl Write,
) -> eyre::Result<()> {
    let of = view::proposal(context, id)?.view;
    in_state(&of, &["lapsed", "canceled", "defeated", "succeeded", "queued", "executable", "executed", "expired"])?;
    let whose = whose.map(|text| who::account(text, &context.book)).transpose()?;
    send::run(context, args, out, |from| {
        let (id, who) = (U256::from(id), whose.unwrap_or(from));
        let amount = context.node.view(GOVERNOR, &IGovernor::depositOfCall { id, who }).map_err(faults::of_node)?;
        if amount.is_zero() {
            return Err(faults_gov::NO_DEPOSIT.report(&format!("none of {who} for proposal {id}")));
        }
        let effect = format!("gives {who} back its deposit of {} for {}", format_btt(amount), named(&of));
        let mut intent = Intent::of(GOVERNOR, "refund", &IGovernor::returnDepositCall { id, who }, effect);
        intent.details = json!({ "proposal": of.id, "of": who.to_string(), "amount": amount.to_string() });
        Ok((intent, Names::default()))
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn an_account_overrides_where_it_has_stake() {
        let own = |number: u64| view::Own {
            operator: Address::left_padding_from(&number.to_be_bytes()),
            name: String::new(),
            weight: U256::from(1),
            choice: None,
            validator_choice: None,
        };
        let at = |number: u64| Address::left_padding_from(&number.to_be_bytes());
        let told = |count: u64| Vote { power: U256::from(count), own: (1..=count).map(own).collect(), pool: None };
        let ask = |count, wanted: &[Address]| overridden(&told(count), wanted, at(99), 7);
        assert_eq!(ask(2, &[]).unwrap(), [at(1), at(2)]);
        assert_eq!(ask(2, &[at(2), at(2)]).unwrap(), [at(2)]);
        assert!(ask(2, &[at(3)]).unwrap_err().to_string().contains("E1316"));
        assert!(ask(0, &[]).unwrap_err().to_string().contains("E1316"));
        assert!(ask(33, &[]).unwrap_err().to_string().contains("E1317"));
        assert_eq!(ask(33, &[at(33)]).unwrap().len(), 1);
    }
}

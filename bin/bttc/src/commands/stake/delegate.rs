//! What holders of BTT send: stake, take back, move, stop, claim, withdraw.

use super::{
    Context,
    amount::Amount,
    args::SendArgs,
    chain, faults,
    plan::{Change, Intent, Plan},
    send, show,
    who::{self, Names},
};
use alloy_primitives::{Address, U256};
use bttc_contracts::staking::IStaking;
use bttc_primitives::format_btt;
use eyre::bail;
use std::io::Write;

/// Names of all validators, for what is shown.
fn names(context: &Context) -> eyre::Result<Names> {
    Ok(Names::of(&chain::validators(&context.node)?))
}

pub(crate) fn delegate(
    context: &Context,
    validator: &str,
    amount: Amount,
    args: &SendArgs,
    out: &mut impl Write,
) -> eyre::Result<()> {
    let operator = who::operator(validator, &context.book, &context.node)?;
    send::run(context, args, out, |from| {
        let names = names(context)?;
        let before = chain::position(&context.node, from, operator)?.worth;
        let balance = context.node.balance(from).map_err(faults::of_node)?;
        let value = match amount.of(balance) {
            Some(value) => value,
            None => all_but_the_fee(context, from, operator, balance, args.nonce)?,
        };
        let effect = format!("stakes {} with {}", format_btt(value), names.show(operator));
        let mut intent = Intent::new("delegate", &IStaking::delegateCall { operator }, effect);
        intent
            .effects
            .push("it earns from the next epoch on, and loses with its validator if that is slashed".to_owned());
        intent.value = value;
        intent.changes.push(Change { operator, before, after: before.saturating_add(value) });
        Ok((intent, names))
    })
}

/// What can be staked so that the fee is left. The fee does not depend on the amount, so that it is learned from the smallest one.
fn all_but_the_fee(
    context: &Context,
    from: Address,
    operator: Address,
    balance: U256,
    nonce: Option<u64>,
) -> eyre::Result<U256> {
    let least = chain::param(&context.node, chain::MIN_DELEGATION)?;
    let mut smallest = Intent::new("delegate", &IStaking::delegateCall { operator }, String::new());
    smallest.value = least;
    let fee = Plan::make(context, from, nonce, smallest)?.transaction.most_fee();
    // The base fee may rise between the two looks.
    let kept = fee.saturating_add(fee / U256::from(20));
    match balance.checked_sub(kept) {
        Some(value) if value >= least => Ok(value),
        _ => bail!("{from} has {}: too little for {} and the fee", format_btt(balance), format_btt(least)),
    }
}

pub(crate) fn undelegate(
    context: &Context,
    validator: &str,
    amount: Amount,
    args: &SendArgs,
    out: &mut impl Write,
) -> eyre::Result<()> {
    let operator = who::operator(validator, &context.book, &context.node)?;
    send::run(context, args, out, |from| {
        let names = names(context)?;
        let worth = staked(context, &names, from, operator)?;
        let taken = amount.of(worth).unwrap_or(worth);
        let effect = format!("takes {} back from {}", format_btt(taken), names.show(operator));
        let mut intent = match amount {
            Amount::Max => Intent::new("undelegate", &IStaking::undelegateAllCall { operator }, effect),
            _ => Intent::new("undelegate", &IStaking::undelegateCall { operator, amount: taken }, effect),
        };
        intent
            .effects
            .push("until it is paid out it earns nothing and can still be slashed; `cancel` stops it".to_owned());
        let wait: u64 = chain::param(&context.node, chain::UNBONDING_TIME)?.saturating_to();
        let now: u64 = context.node.head().map_err(faults::of_node)?.timestamp.to();
        intent.unlock = Some(now.saturating_add(wait));
        intent.changes.push(Change { operator, before: worth, after: worth.saturating_sub(taken) });
        Ok((intent, names))
    })
}

/// What the account has with the operator; an error if nothing.
fn staked(context: &Context, names: &Names, from: Address, operator: Address) -> eyre::Result<U256> {
    match chain::position(&context.node, from, operator)?.worth {
        U256::ZERO => {
            bail!("{from} has no stake with {}; `bttc stake positions` shows where it has some", names.show(operator))
        }
        worth => Ok(worth),
    }
}

pub(crate) fn redelegate(
    context: &Context,
    ways: (&str, &str),
    amount: Amount,
    args: &SendArgs,
    out: &mut impl Write,
) -> eyre::Result<()> {
    let source = who::operator(ways.0, &context.book, &context.node)?;
    let to = who::operator(ways.1, &context.book, &context.node)?;
    send::run(context, args, out, |from| {
        let names = names(context)?;
        let worth = staked(context, &names, from, source)?;
        let there = chain::position(&context.node, from, to)?.worth;
        let moved = amount.of(worth).unwrap_or(worth);
        let effect = format!("moves {} from {} to {}", format_btt(moved), names.show(source), names.show(to));
        let mut intent = match amount {
            Amount::Max => Intent::new("redelegate", &IStaking::redelegateAllCall { from: source, to }, effect),
            _ => Intent::new("redelegate", &IStaking::redelegateCall { from: source, to, amount: moved }, effect),
        };
        let wait: u64 = chain::param(&context.node, chain::UNBONDING_TIME)?.saturating_to();
        let until = show::now().saturating_add(wait);
        intent.effects.push(format!(
            "until {} it cannot move on and still answers for faults of {}",
            show::time(until),
            names.show(source)
        ));
        intent.changes.push(Change { operator: source, before: worth, after: worth.saturating_sub(moved) });
        intent.changes.push(Change { operator: to, before: there, after: there.saturating_add(moved) });
        Ok((intent, names))
    })
}

pub(crate) fn cancel(context: &Context, id: u64, args: &SendArgs, out: &mut impl Write) -> eyre::Result<()> {
    send::run(context, args, out, |from| {
        let names = names(context)?;
        let open = chain::unbondings(&context.node, from)?;
        let Some(of) = open.iter().find(|of| of.id == U256::from(id)) else {
            return Err(faults::UNKNOWN_UNBONDING
                .report(&format!("{from} has no unbonding {id} open; `bttc stake positions` lists them")));
        };
        let before = chain::position(&context.node, from, of.operator)?.worth;
        let effect = format!("stops unbonding {id}: {} goes back to {}", format_btt(of.left), names.show(of.operator));
        let mut intent = Intent::new("cancel", &IStaking::cancelUnbondingCall { id: of.id }, effect);
        intent.changes.push(Change { operator: of.operator, before, after: before.saturating_add(of.left) });
        Ok((intent, names))
    })
}

pub(crate) fn claim(
    context: &Context,
    validators: &[String],
    args: &SendArgs,
    out: &mut impl Write,
) -> eyre::Result<()> {
    let named: Vec<_> =
        validators.iter().map(|text| who::operator(text, &context.book, &context.node)).collect::<Result<_, _>>()?;
    send::run(context, args, out, |from| {
        let names = names(context)?;
        let mut operators = named;
        if operators.is_empty() {
            operators = super::positions::places(context)?;
        }
        let mut owed = Vec::new();
        for operator in operators {
            let pending = chain::position(&context.node, from, operator)?.pending;
            if !pending.is_zero() {
                owed.push((operator, pending));
            }
        }
        if owed.is_empty() {
            return Err(faults::NOTHING.report(&format!("no reward waits for {from}; rewards come as an epoch closes")));
        }
        let operators = owed.iter().map(|(operator, _)| *operator).collect();
        let mut intent = Intent::new("claim", &IStaking::claimCall { operators }, String::new());
        intent.effects = owed
            .iter()
            .map(|(operator, amount)| {
                format!("pays out {} of rewards from {}", format_btt(*amount), names.show(*operator))
            })
            .collect();
        Ok((intent, names))
    })
}

pub(crate) fn restake(context: &Context, validator: &str, args: &SendArgs, out: &mut impl Write) -> eyre::Result<()> {
    let operator = who::operator(validator, &context.book, &context.node)?;
    send::run(context, args, out, |from| {
        let names = names(context)?;
        let position = chain::position(&context.node, from, operator)?;
        let effect = format!("stakes {} of rewards with {}", format_btt(position.pending), names.show(operator));
        let mut intent = Intent::new("restake", &IStaking::restakeCall { operator }, effect);
        let after = position.worth.saturating_add(position.pending);
        intent.changes.push(Change { operator, before: position.worth, after });
        Ok((intent, names))
    })
}

pub(crate) fn withdraw(context: &Context, ids: &[u64], args: &SendArgs, out: &mut impl Write) -> eyre::Result<()> {
    send::run(context, args, out, |from| {
        let names = names(context)?;
        let now: u64 = context.node.head().map_err(faults::of_node)?.timestamp.to();
        let open = chain::unbondings(&context.node, from)?;
        let wanted = |id: U256| ids.iter().any(|wanted| U256::from(*wanted) == id);
        let picked: Vec<_> =
            open.iter().filter(|of| if ids.is_empty() { of.unlock <= now } else { wanted(of.id) }).collect();
        if let Some(missing) = ids.iter().find(|id| picked.iter().all(|of| of.id != U256::from(**id))) {
            return Err(faults::UNKNOWN_UNBONDING
                .report(&format!("{from} has no unbonding {missing} open; `bttc stake positions` lists them")));
        }
        if let Some(early) = picked.iter().find(|of| of.unlock > now) {
            let (at, left) = (show::time(early.unlock), show::countdown(early.unlock, now));
            return Err(faults::TOO_EARLY.report(&format!("unbonding {} is paid out from {at}, {left}", early.id)));
        }
        if picked.is_empty() {
            let next = open.first().map_or_else(
                || format!("{from} has no unbonding open"),
                |of| format!("the next is due at {}, {}", show::time(of.unlock), show::countdown(of.unlock, now)),
            );
            return Err(faults::NOTHING.report(&next));
        }
        let call = IStaking::withdrawCall { ids: picked.iter().map(|of| of.id).collect() };
        let mut intent = Intent::new("withdraw", &call, String::new());
        intent.effects = picked
            .iter()
            .map(|of| {
                format!("pays out {} from {} (unbonding {})", format_btt(of.left), names.show(of.operator), of.id)
            })
            .collect();
        Ok((intent, names))
    })
}

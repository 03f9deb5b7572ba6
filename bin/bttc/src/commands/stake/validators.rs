//! `bttc stake validators` and `bttc stake validator why`.

use super::{
    Context,
    amount::percent,
    chain::{self, Set},
    show, who,
};
use alloy_primitives::{Address, U256};
use bttc_contracts::staking::IStaking::ValidatorView;
use bttc_primitives::{format_btt, format_tron};
use serde_json::{Value, json};
use std::{collections::BTreeMap, io::Write};

pub(crate) fn list(context: &Context, out: &mut impl Write) -> eyre::Result<()> {
    let all = chain::validators(&context.node)?;
    let set = Set::of(&context.node, &all)?;
    let estimates = chain::estimates(&context.node);
    context.emit(
        out,
        || json!({ "validators": all.iter().map(|of| as_json(of, &set, &estimates)).collect::<Vec<_>>() }),
        |out| Ok(writeln!(out, "{}", as_table(&all, &set, &estimates, show::now()))?),
    )
}

fn as_json(of: &ValidatorView, set: &Set, estimates: &BTreeMap<Address, u64>) -> Value {
    let next = (of.nextCommissionTime != 0)
        .then(|| json!({ "commission": of.nextCommission, "inForce": of.nextCommissionTime }));
    let member = set.work.get(&of.operator);
    json!({
        "operator": of.operator.to_string(),
        "tron": format_tron(of.operator),
        "signer": of.signer.to_string(),
        "name": of.name,
        "site": of.site,
        "stake": of.tokens.to_string(),
        "selfStake": of.selfStake.to_string(),
        "power": member.map_or_else(|| "0".to_owned(), |of| of.power.to_string()),
        "share": set.share(of.operator).unwrap_or(0),
        "inSet": member.is_some(),
        "commission": of.commission,
        "nextCommission": next,
        "jailedUntil": (of.jailedUntil != 0).then_some(of.jailedUntil),
        "tombstoned": of.tombstoned,
        "left": of.left,
        "listed": of.listed,
        "uptime": set.uptime(of.operator),
        "apr": estimates.get(&of.operator),
    })
}

/// Why it is out, in a word or two; `-` if it is not.
fn out_of_it(of: &ValidatorView, now: u64) -> String {
    match of {
        of if of.tombstoned => "for ever".to_owned(),
        of if of.left => "left".to_owned(),
        of if of.jailedUntil > now => format!("jailed, ends {}", show::countdown(of.jailedUntil, now)),
        of if of.jailedUntil != 0 => "jailed, may unjail".to_owned(),
        _ => "-".to_owned(),
    }
}

fn as_table(all: &[ValidatorView], set: &Set, estimates: &BTreeMap<Address, u64>, now: u64) -> String {
    let known = |points: Option<u64>| points.map_or_else(|| "-".to_owned(), percent);
    let row = |of: &ValidatorView| {
        vec![
            show::clean(&of.name),
            of.operator.to_string(),
            set.work.get(&of.operator).map_or_else(|| "0".to_owned(), |of| of.power.to_string()),
            known(set.share(of.operator)),
            percent(of.commission.into()),
            known(set.uptime(of.operator)),
            out_of_it(of, now),
            known(estimates.get(&of.operator).copied()),
        ]
    };
    let header = ["name", "operator", "power", "share", "commission", "uptime", "out", "est. APR"];
    show::table(&header, all.iter().map(row).collect(), &[2, 3, 4, 5, 7])
}

/// What decides whether a validator is elected.
struct Election {
    in_set: bool,
    least: U256,
    /// Highest number of members.
    most: u64,
    /// How many others would be elected before it.
    ahead: u64,
    now: u64,
}

pub(crate) fn why(context: &Context, validator: &str, out: &mut impl Write) -> eyre::Result<()> {
    let operator = who::operator(validator, &context.book, &context.node)?;
    let of = chain::validator(&context.node, operator)?;
    let all = chain::validators(&context.node)?;
    let set = Set::of(&context.node, &all)?;
    let election = Election {
        in_set: set.work.contains_key(&of.operator),
        least: chain::param(&context.node, chain::MIN_SELF_STAKE)?,
        most: chain::param(&context.node, chain::MAX_VALIDATORS)?.saturating_to(),
        ahead: u64::try_from(
            all.iter().filter(|other| other.tokens > of.tokens && other.jailedUntil == 0 && !other.left).count(),
        )
        .unwrap_or(u64::MAX),
        now: show::now(),
    };
    let (why, next) = reason(&of, &election);
    context.emit(
        out,
        || json!({ "operator": operator.to_string(), "inSet": election.in_set, "why": why, "next": next, "validator": as_json(&of, &set, &BTreeMap::new()) }),
        |out| {
            let name = show::clean(&of.name);
            let validates = if election.in_set { "validates in this epoch" } else { "does not validate in this epoch" };
            writeln!(out, "{name} ({operator}) {validates}.")?;
            if let Some(missed) = set.uptime(of.operator) {
                writeln!(out, "It signed {} of the blocks of the epoch.", percent(missed))?;
            }
            if let Some(why) = &why {
                writeln!(out, "Why   {why}")?;
            }
            Ok(writeln!(out, "Next  {next}")?)
        },
    )
}

/// What keeps it out, if anything does, and what to do.
fn reason(of: &ValidatorView, election: &Election) -> (Option<String>, String) {
    let short = of.selfStake < election.least;
    let self_stake = || {
        let lacks = election.least.saturating_sub(of.selfStake);
        format!(
            "its own stake is {}, {} are needed: the operator delegates {} to itself",
            format_btt(of.selfStake),
            format_btt(election.least),
            format_btt(lacks)
        )
    };
    if of.tombstoned {
        return (
            Some("it signed two blocks for one height and is shut out for ever".to_owned()),
            "create another validator, with another account and key".to_owned(),
        );
    }
    if of.left {
        return (
            Some("its operator ended it for good".to_owned()),
            "create another validator, with another account".to_owned(),
        );
    }
    if of.jailedUntil != 0 {
        let why = "it missed too many blocks and is jailed".to_owned();
        let mut next = match of.jailedUntil > election.now {
            true => format!(
                "repair its node; from {} ({}) its operator runs `bttc stake validator unjail`",
                show::time(of.jailedUntil),
                show::countdown(of.jailedUntil, election.now)
            ),
            false => "repair its node; then its operator runs `bttc stake validator unjail`".to_owned(),
        };
        if short {
            next = format!("{next}; before that: {}", self_stake());
        }
        return (Some(why), next);
    }
    if short {
        let rejoin = if of.listed { "" } else { ", then `bttc stake validator rejoin`" };
        return (Some("its own stake is too small".to_owned()), format!("{}{rejoin}", self_stake()));
    }
    if !of.listed {
        return (Some("it was evicted".to_owned()), "its operator runs `bttc stake validator rejoin`".to_owned());
    }
    if election.ahead >= election.most {
        let why = format!("{} others have more stake, and {} are elected", election.ahead, election.most);
        return (Some(why), "it needs more stake than the smallest of those".to_owned());
    }
    match election.in_set {
        true => (None, "nothing needs to be done".to_owned()),
        false => (
            Some("it joined after the last election".to_owned()),
            "it is elected as the running epoch closes; its node must be up by then".to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests;

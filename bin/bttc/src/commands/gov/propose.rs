//! `bttc gov propose`: checked, tried, shown with its lane, deposit and dates, and sent.

use super::{Context, actions, args::ProposeArgs, check, faults, plan::Intent, send, who::Names};
use crate::commands::wallet::{action_words, faults_gov, show};
use alloy_primitives::U256;
use bttc_contracts::{
    addresses::{GOVERNOR, PARAMS, TREASURY, VALIDATOR_SET},
    governance::{Action, DEPOSIT_PERIOD, FIRST_DEPOSIT, lane_name},
    governor::IGovernor,
    param_table::id_of,
    params::IParams::{self, Lane, Param},
    treasury::ITreasury,
    validator_set::IValidatorSet,
};
use bttc_primitives::format_btt;
use serde_json::json;
use std::io::Write;

pub(crate) fn run(context: &Context, args: &ProposeArgs, out: &mut impl Write) -> eyre::Result<()> {
    let actions = actions::of_args(args, &context.book)?;
    let description = actions::text(&args.title, &args.description)?;
    let params = context.node.view(PARAMS, &IParams::allCall {}).map_err(faults::of_node)?;
    let now: u64 = context.node.head().map_err(faults::of_node)?.timestamp.to();
    let lane = check::lane(&actions, &params, args.lane.as_deref())?;
    check::changes(&actions, &params, now)?;
    let needed = value(&params, "PROPOSAL_DEPOSIT");
    let deposit = args.deposit.unwrap_or(needed);
    check_deposit(deposit, needed)?;
    let dates = Dates::of(context, &params, lane, now)?;
    check::forks(&actions, dates.executable_from)?;
    let short = treasury_short(context, &actions)?;
    send::run(context, &args.send, out, |_| {
        let calls: Vec<_> = actions.iter().map(Action::call).collect();
        let call = IGovernor::proposeCall {
            targets: calls.iter().map(|(target, _)| *target).collect(),
            values: vec![U256::ZERO; calls.len()],
            calldatas: calls.into_iter().map(|(_, data)| data).collect(),
            description,
        };
        let mut intent =
            Intent::of(GOVERNOR, "propose", &call, format!("proposes {:?}", show::clean(args.title.trim())));
        let words: Vec<_> = actions
            .iter()
            .map(|action| match action {
                Action::SetParam { id, .. } => action_words(action, of(&params, *id).map(|of| of.value)),
                _ => action_words(action, None),
            })
            .collect();
        intent.effects.extend(words.iter().map(|words| format!("if it passes: {words}")));
        intent.effects.extend(short);
        intent.value = deposit;
        intent.facts = dates.facts(lane, deposit, needed);
        intent.details = json!({
            "lane": lane_name(lane),
            "actions": words,
            "deposit": deposit.to_string(),
            "depositNeeded": needed.to_string(),
            "voteStart": dates.vote_start,
            "voteEnd": dates.vote_end,
            "executableFrom": dates.executable_from,
            "executableUntil": dates.executable_until,
        });
        Ok((intent, Names::default()))
    })
}

fn of(params: &[Param], id: u64) -> Option<&Param> {
    params.iter().find(|of| of.id == U256::from(id))
}

/// A parameter in force by its name in the contract.
fn value(params: &[Param], name: &str) -> U256 {
    id_of(name).and_then(|id| of(params, id)).map(|of| of.value).unwrap_or_default()
}

fn check_deposit(deposit: U256, needed: U256) -> eyre::Result<()> {
    let least = needed.div_ceil(U256::from(FIRST_DEPOSIT));
    match deposit < least || deposit > needed {
        true => Err(faults_gov::WRONG_DEPOSIT.report(&format!(
            "{}; a proposal comes with {} to {}",
            format_btt(deposit),
            format_btt(least),
            format_btt(needed)
        ))),
        false => Ok(()),
    }
}

/// What the treasury lacks for the payments as things are; the money need not be there before the execution.
fn treasury_short(context: &Context, actions: &[Action]) -> eyre::Result<Option<String>> {
    let sum = |wanted: bool| {
        actions.iter().fold(U256::ZERO, |sum, action| match action {
            Action::Spend { amount, programme, .. } if *programme == wanted => sum.saturating_add(*amount),
            _ => sum,
        })
    };
    let (proper, programmes) = (sum(false), sum(true));
    if proper.is_zero() && programmes.is_zero() {
        return Ok(None);
    }
    let funds = context.node.view(TREASURY, &ITreasury::fundsCall {}).map_err(faults::of_node)?;
    let kept = context.node.view(TREASURY, &ITreasury::programmesCall {}).map_err(faults::of_node)?;
    let short = [("the treasury", proper, funds), ("the treasury's programmes", programmes, kept)];
    let short = short.into_iter().find(|(_, wanted, there)| wanted > there);
    Ok(short.map(|(what, wanted, there)| {
        format!(
            "it fails unless the money comes until then: {what} has {}, {} are to be paid",
            format_btt(there),
            format_btt(wanted)
        )
    }))
}

/// When what would happen, if the deposit were complete now. Unit: Unix seconds.
struct Dates {
    vote_start: u64,
    vote_end: u64,
    /// How far a late quorum moves the end. Unit: seconds.
    extension: u64,
    executable_from: u64,
    executable_until: u64,
}

impl Dates {
    fn of(context: &Context, params: &[Param], lane: Lane, now: u64) -> eyre::Result<Self> {
        let epoch = context.node.view(VALIDATOR_SET, &IValidatorSet::epochCall {}).map_err(faults::of_node)?;
        let time = |name: &str| -> u64 { value(params, name).saturating_to() };
        let (voting, extension, delay) = match lane {
            Lane::Expedited => (time("EXPEDITED_VOTING"), 0, 0),
            Lane::Long => (time("VOTING_PERIOD"), time("LATE_QUORUM_EXTENSION"), time("TIMELOCK_LONG_DELAY")),
            _ => (time("VOTING_PERIOD"), time("LATE_QUORUM_EXTENSION"), time("TIMELOCK_DELAY")),
        };
        let vote_start = now.max(epoch.startTime.saturating_add(time("EPOCH_LENGTH")));
        let vote_end = vote_start.saturating_add(voting);
        let executable_from = vote_end.saturating_add(delay);
        let executable_until = executable_from.saturating_add(time("EXECUTION_WINDOW"));
        Ok(Self { vote_start, vote_end, extension, executable_from, executable_until })
    }

    fn facts(&self, lane: Lane, deposit: U256, needed: U256) -> Vec<(&'static str, String)> {
        let now = show::now();
        let at = |time: u64| format!("{}, {}", show::time(time), show::countdown(time, now));
        let rest = match deposit < needed {
            true => format!(
                "; {} more are needed until {}, and all dates below count from then",
                format_btt(needed.saturating_sub(deposit)),
                show::time(now.saturating_add(DEPOSIT_PERIOD))
            ),
            false => ", the whole of it".to_owned(),
        };
        let late = match self.extension {
            0 => String::new(),
            extension => {
                let extension = humantime::format_duration(std::time::Duration::from_secs(extension));
                format!(" ({extension} later if the quorum comes late)")
            }
        };
        vec![
            ("Lane", lane_name(lane).to_owned()),
            ("Deposit", format!("{}{rest}", format_btt(deposit))),
            ("Vote from", at(self.vote_start)),
            ("Vote until", format!("{}{late}", at(self.vote_end))),
            ("In effect", format!("not before {}", at(self.executable_from))),
        ]
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_first_deposit_is_a_tenth_to_all() {
        let n = |n: u64| U256::from(n);
        for good in [11, 50, 101] {
            check_deposit(n(good), n(101)).unwrap();
        }
        for bad in [0, 10, 102] {
            assert!(check_deposit(n(bad), n(101)).unwrap_err().to_string().contains("E1315"), "{bad}");
        }
    }
}

//! `bttc gov list`, `show`, `tally`: what is proposed, and how it stands.

use super::{
    Context,
    view::{self, Proposal, Tally, Vote},
    who,
};
use crate::commands::wallet::{amount::percent, show};
use alloy_primitives::U256;
use bttc_primitives::format_btt;
use serde_json::json;
use std::io::Write;

pub(crate) fn list(context: &Context, status: Option<&str>, limit: u16, out: &mut impl Write) -> eyre::Result<()> {
    let told = view::proposals(context, status, limit)?;
    context.emit(
        out,
        || json!({ "proposals": told.json }),
        |out| {
            if told.view.is_empty() {
                return Ok(writeln!(out, "There are no such proposals.")?);
            }
            let rows = told.view.iter().map(|of| {
                let votes = of.tally.as_ref().map(|tally| {
                    let turnout = percent(tally.turnout_bp);
                    (turnout, format!("{} / {}", percent(tally.for_bp), percent(no(tally))))
                });
                let (turnout, votes) = votes.unwrap_or_default();
                let next = next(of).map(|(what, time)| format!("{what} {}", show::countdown(time, show::now())));
                vec![
                    of.id.to_string(),
                    of.status.clone(),
                    of.lane.clone(),
                    turnout,
                    votes,
                    next.unwrap_or_default(),
                    title(of),
                ]
            });
            let header = ["ID", "Status", "Lane", "Turnout", "For / against", "Next", "Title"];
            Ok(writeln!(out, "{}", show::table(&header, rows.collect(), &[0, 3, 4]))?)
        },
    )
}

/// Votes against, vetoes too. Unit: basis points of the stake.
const fn no(tally: &Tally) -> u64 {
    tally.against_bp.saturating_add(tally.veto_bp)
}

fn title(of: &Proposal) -> String {
    of.title.as_deref().map_or_else(|| "(no description on this node)".to_owned(), show::clean)
}

/// What comes next, and when.
fn next(of: &Proposal) -> Option<(&'static str, u64)> {
    let times = &of.times;
    match of.status.as_str() {
        "deposit" => Some(("deposit ends", times.deposit_end)),
        "waiting" => Some(("vote", times.vote_start?)),
        "voting" => Some(("vote ends", times.vote_end?)),
        "succeeded" => Some(("expires", times.queue_until?)),
        "queued" => Some(("executable", times.executable_from?)),
        "executable" => Some(("expires", times.executable_until?)),
        _ => None,
    }
}

pub(crate) fn one(context: &Context, id: u64, out: &mut impl Write) -> eyre::Result<()> {
    let told = view::proposal(context, id)?;
    context.emit(out, || told.json.clone(), |out| write(&told.view, out))
}

fn write(of: &Proposal, out: &mut impl Write) -> eyre::Result<()> {
    writeln!(out, "Proposal    {} {}", of.id, title(of))?;
    writeln!(out, "Status      {}: {}", of.status, of.status_text)?;
    writeln!(out, "Lane        {}", of.lane)?;
    writeln!(out, "Proposer    {}", show::address(of.proposer))?;
    for action in &of.actions {
        writeln!(out, "Action      {}", action.words())?;
    }
    let (paid, needed) = (format_btt(of.deposit.paid), format_btt(of.deposit.needed));
    writeln!(out, "Deposit     {paid} of {needed}")?;
    let times = &of.times;
    let now = show::now();
    let dates = [
        ("Proposed", Some(times.proposed)),
        ("Deposit end", times.vote_end.is_none().then_some(times.deposit_end)),
        ("Vote from", times.vote_start),
        ("Vote until", times.vote_end),
        ("Queue until", times.queue_until.filter(|_| of.status == "succeeded")),
        ("Execute on", times.executable_from),
        ("Expires", times.executable_until),
    ];
    for (what, time) in dates {
        let Some(time) = time else { continue };
        let countdown = if time > now { format!(", {}", show::countdown(time, now)) } else { String::new() };
        writeln!(out, "{what:<11} {}{countdown}", show::time(time))?;
    }
    if let Some(tally) = &of.tally {
        write_tally(tally, out)?;
    }
    let body = of.description.as_deref().and_then(|text| text.trim().split_once('\n')).map(|(_, body)| body.trim());
    if let Some(body) = body.filter(|body| !body.is_empty()) {
        writeln!(out)?;
        for line in body.lines() {
            writeln!(out, "{}", show::clean(line))?;
        }
    }
    Ok(())
}

fn write_tally(tally: &Tally, out: &mut impl Write) -> eyre::Result<()> {
    if tally.total.is_zero() {
        return Ok(writeln!(out, "Votes       none yet; the stake is counted as the epoch closes")?);
    }
    let line = |votes: U256, points: u64| format!("{} ({} of the stake)", format_btt(votes), percent(points));
    writeln!(out, "For         {}", line(tally.r#for, tally.for_bp))?;
    writeln!(out, "Against     {}", line(tally.against, tally.against_bp))?;
    writeln!(out, "Abstain     {}", line(tally.abstain, tally.abstain_bp))?;
    writeln!(
        out,
        "Veto        {}; {} of the votes reject",
        line(tally.veto, tally.veto_bp),
        percent(tally.veto_bound_bp)
    )?;
    let reached = if tally.quorum_reached { "reached" } else { "not reached" };
    let late = if tally.extended { "; it came late, so the vote was extended" } else { "" };
    Ok(writeln!(
        out,
        "Quorum      {} of {} ({} of the stake) needed, {} took part: {reached}{late}",
        format_btt(tally.quorum),
        format_btt(tally.total),
        percent(tally.quorum_bp),
        percent(tally.turnout_bp)
    )?)
}

pub(crate) fn tally(context: &Context, id: u64, account: Option<&str>, out: &mut impl Write) -> eyre::Result<()> {
    let told = view::proposal(context, id)?;
    let account = account.map(|text| who::account(text, &context.book)).transpose()?;
    let vote = account.map(|account| view::vote(context, id, account)).transpose()?;
    context.emit(
        out,
        || {
            json!({
                "id": id,
                "status": told.json["status"],
                "voteEnd": told.json["times"]["voteEnd"],
                "tally": told.json["tally"],
                "vote": vote.as_ref().map(|vote| &vote.json),
            })
        },
        |out| {
            writeln!(out, "Proposal    {} {}", id, title(&told.view))?;
            writeln!(out, "Status      {}: {}", told.view.status, told.view.status_text)?;
            match &told.view.tally {
                Some(tally) => write_tally(tally, out)?,
                None => writeln!(out, "Votes       none: the deposit is not complete")?,
            }
            match &vote {
                Some(vote) => write_vote(&vote.view, out),
                None => Ok(()),
            }
        },
    )
}

fn write_vote(vote: &Vote, out: &mut impl Write) -> eyre::Result<()> {
    writeln!(out, "Own stake   {}", format_btt(vote.power))?;
    for own in &vote.own {
        let how = match (own.choice.as_deref(), own.validator_choice.as_deref()) {
            (Some(choice), Some(there)) => format!("votes {choice} itself; the validator votes {there}"),
            (Some(choice), None) => format!("votes {choice} itself; the validator has not voted"),
            (None, Some(there)) => format!("counts with the validator, which votes {there}"),
            (None, None) => "counts with the validator, which has not voted".to_owned(),
        };
        let name = show::clean(&own.name);
        writeln!(out, "            {} at {name} ({}) {how}", format_btt(own.weight), own.operator)?;
    }
    if let Some(pool) = &vote.pool {
        let how = pool.choice.as_deref().map_or_else(|| "has not voted".to_owned(), |choice| format!("votes {choice}"));
        let (weight, tokens) = (format_btt(pool.weight), format_btt(pool.tokens));
        writeln!(out, "As operator {weight} of {tokens} {how}")?;
    }
    Ok(())
}

//! `bttc bridge limits`: how much may pass.

use super::{
    Context,
    args::RootName,
    show, tokens,
    units::Unit,
    view::{self, Daily, Limits},
    who,
};
use alloy_primitives::Address;
use std::io::Write;

pub(super) fn run(
    context: &Context,
    root: Option<RootName>,
    token: Option<&str>,
    out: &mut impl Write,
) -> eyre::Result<()> {
    let token = match token {
        Some(text) if root.is_some_and(|root| tokens::is_coin(text, root.id())) => Some(Address::ZERO),
        Some(text) => Some(who::account(text, &context.book)?),
        None => None,
    };
    if let Some(root) = root {
        // A root chain that is not registered has an error of its own.
        view::root(context, root)?;
    }
    let told = view::limits(context, root, token)?;
    context.emit(
        out,
        || told.json.clone(),
        |out| {
            if told.view.is_empty() {
                writeln!(out, "no root chain is registered")?;
            }
            for (index, of) in told.view.iter().enumerate() {
                if index > 0 {
                    writeln!(out)?;
                }
                write_one(context, of, out)?;
            }
            Ok(())
        },
    )
}

fn write_one(context: &Context, of: &Limits, out: &mut impl Write) -> eyre::Result<()> {
    let unit = tokens::unit_of(context, of.root_id, of.root_token);
    let here = of.token.map_or_else(|| "BTT itself".to_owned(), |token| format!("{token} here"));
    writeln!(out, "Token       {} of {}, {here}", unit.symbol, of.root)?;
    writeln!(out, "Deposits    {}{}", daily(of.deposits.as_ref(), &unit), paused(of.in_paused_until))?;
    writeln!(out, "Exits       {}{}", daily(of.exits.as_ref(), &unit), paused(of.out_paused_until))?;
    if let (Some(locked), Some(reserve)) = (of.btt_locked, of.reserve) {
        writeln!(out, "Can leave   {}; deposits can release {}", unit.show(locked), unit.show(reserve))?;
    }
    match (&of.payments, &of.note) {
        (Some(there), _) => writeln!(
            out,
            "There       {} can be paid now of {} a day; more than {} at once waits 24 hours",
            unit.show(there.available),
            unit.show(there.daily),
            unit.show(there.at_once)
        )?,
        (None, Some(note)) => writeln!(out, "There       {}", show::clean(note))?,
        (None, None) => {}
    }
    Ok(())
}

fn daily(of: Option<&Daily>, unit: &Unit) -> String {
    match of {
        Some(of) => format!("{} left of {} a day", unit.show(of.left), unit.show(of.per_day)),
        None => "no limit here".to_owned(),
    }
}

pub(super) fn paused(until: Option<u64>) -> String {
    until.map(|until| format!("; PAUSED until {}", show::time(until))).unwrap_or_default()
}

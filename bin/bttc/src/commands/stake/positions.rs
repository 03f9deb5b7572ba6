//! `bttc stake positions`: all that an account has in staking.

use super::{
    Context,
    args::KeyArgs,
    chain,
    keys::Sender,
    show,
    who::{self, Names},
};
use alloy_primitives::{Address, U256};
use bttc_contracts::staking::IStaking::{MovedView, PositionView, UnbondingView};
use bttc_primitives::{format_btt, format_tron};
use serde_json::{Value, json};
use std::io::Write;

/// What an account has with one validator.
struct Position {
    operator: Address,
    view: PositionView,
    moved: Vec<MovedView>,
}

/// Operators that an account may have something with: those listed, and those evicted.
pub(crate) fn places(context: &Context) -> eyre::Result<Vec<Address>> {
    let mut all: Vec<_> = chain::validators(&context.node)?.iter().map(|of| of.operator).collect();
    let evicted = chain::evicted(&context.node);
    all.extend(evicted);
    let mut seen = std::collections::BTreeSet::new();
    all.retain(|operator| seen.insert(*operator));
    Ok(all)
}

/// The account that a word means, or the only one of the keystore.
pub(crate) fn account(context: &Context, text: Option<&str>) -> eyre::Result<Address> {
    match text {
        Some(text) => who::account(text, &context.book),
        None => Ok(Sender::find(&KeyArgs::default(), &context.book, false)?.address),
    }
}

pub(crate) fn run(context: &Context, text: Option<&str>, out: &mut impl Write) -> eyre::Result<()> {
    let account = account(context, text)?;
    let names = Names::of(&chain::validators(&context.node)?);
    let mut positions = Vec::new();
    for operator in places(context)? {
        let view = chain::position(&context.node, account, operator)?;
        if !view.shares.is_zero() || !view.pending.is_zero() {
            let moved = chain::moved(&context.node, account, operator)?;
            positions.push(Position { operator, view, moved });
        }
    }
    let unbondings = chain::unbondings(&context.node, account)?;
    let balance = context.node.balance(account).map_err(super::faults::of_node)?;
    context.emit(
        out,
        || as_json(account, balance, &names, &positions, &unbondings),
        |out| as_text(account, balance, &names, &positions, &unbondings, out),
    )
}

fn as_json(
    account: Address,
    balance: U256,
    names: &Names,
    positions: &[Position],
    unbondings: &[UnbondingView],
) -> Value {
    let positions: Vec<_> = positions
        .iter()
        .map(|of| {
            let moved: Vec<_> = of
                .moved
                .iter()
                .map(|of| json!({ "source": of.source.to_string(), "shares": of.shares.to_string(), "left": of.left.to_string(), "end": of.end }))
                .collect();
            json!({
                "operator": of.operator.to_string(),
                "name": names.name(of.operator),
                "shares": of.view.shares.to_string(),
                "active": of.view.active.to_string(),
                "worth": of.view.worth.to_string(),
                "pendingReward": of.view.pending.to_string(),
                "moved": moved,
            })
        })
        .collect();
    let unbondings: Vec<_> = unbondings
        .iter()
        .map(|of| {
            json!({
                "id": of.id.saturating_to::<u64>(),
                "operator": of.operator.to_string(),
                "name": names.name(of.operator),
                "amount": of.amount.to_string(),
                "left": of.left.to_string(),
                "start": of.start,
                "unlock": of.unlock,
                "source": (of.source != Address::ZERO).then(|| of.source.to_string()),
                "sourceEnd": of.sourceEnd,
            })
        })
        .collect();
    json!({
        "account": account.to_string(),
        "tron": format_tron(account),
        "balance": balance.to_string(),
        "positions": positions,
        "unbondings": unbondings,
    })
}

fn as_text(
    account: Address,
    balance: U256,
    names: &Names,
    positions: &[Position],
    unbondings: &[UnbondingView],
    out: &mut dyn Write,
) -> eyre::Result<()> {
    let now = show::now();
    writeln!(out, "Account  {}", show::address(account))?;
    writeln!(out, "Balance  {}", format_btt(balance))?;
    let short = |operator: Address| names.name(operator).map_or_else(|| operator.to_string(), str::to_owned);
    if positions.is_empty() {
        writeln!(out, "\nNothing is staked. `bttc stake validators` lists whom to stake with.")?;
    } else {
        let row = |of: &Position| {
            let warm = if of.view.active == of.view.shares { "all" } else { "part, all from the next epoch" };
            vec![
                short(of.operator),
                format_btt(of.view.worth),
                format_btt(of.view.pending),
                warm.to_owned(),
                of.operator.to_string(),
            ]
        };
        let rows = positions.iter().map(row).collect();
        writeln!(out, "\n{}", show::table(&["validator", "stake", "reward", "earning", "operator"], rows, &[1, 2]))?;
        for of in positions {
            for note in of.moved.iter().filter(|note| note.end > now) {
                writeln!(
                    out,
                    "Stake at {} that came from {} cannot move before {}, {}",
                    short(of.operator),
                    short(note.source),
                    show::time(note.end),
                    show::countdown(note.end, now)
                )?;
            }
        }
    }
    if !unbondings.is_empty() {
        let row = |of: &UnbondingView| {
            vec![
                of.id.to_string(),
                short(of.operator),
                format_btt(of.left),
                show::time(of.unlock),
                show::countdown(of.unlock, now),
            ]
        };
        let rows = unbondings.iter().map(row).collect();
        writeln!(out, "\n{}", show::table(&["unbonding", "validator", "amount", "paid out from", ""], rows, &[0, 2]))?;
    }
    Ok(())
}

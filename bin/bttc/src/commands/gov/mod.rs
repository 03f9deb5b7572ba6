//! `bttc gov`: what stakers decide, over JSON-RPC.
//!
//! Proposals and votes are read with `btt_proposals`, `btt_proposal` and `btt_vote`; what is sent goes the way of [`super::wallet`]. What the chain
//! would refuse is refused here first, with the bounds ([`check`]); the chain refuses it too.

mod actions;
pub(crate) mod args;
mod check;
mod params;
mod propose;
mod show;
mod steps;
mod view;

use super::wallet::{Context, chain, faults, plan, send, who};
use args::{GovAction, GovArgs};
use std::io::Write;

pub(crate) fn run(args: GovArgs, out: &mut impl Write) -> eyre::Result<()> {
    let context = &Context::new("gov", &args.rpc)?;
    match args.action {
        GovAction::List { status, limit } => show::list(context, status.as_deref(), limit, out),
        GovAction::Show { id } => show::one(context, id, out),
        GovAction::Tally { id, account } => show::tally(context, id, account.as_deref(), out),
        GovAction::Propose(args) => propose::run(context, &args, out),
        GovAction::Deposit { id, amount, send } => steps::deposit(context, id, amount, &send, out),
        GovAction::Vote { id, choice, send } => steps::vote(context, id, &choice, &send, out),
        GovAction::Override { id, choice, validators, send } => {
            steps::override_vote(context, id, (&choice, &validators), &send, out)
        }
        GovAction::Queue { id, send } => steps::queue(context, id, &send, out),
        GovAction::Execute { id, send } => steps::execute(context, id, &send, out),
        GovAction::Cancel { id, send } => steps::cancel(context, id, &send, out),
        GovAction::Refund { id, of, send } => steps::refund(context, id, of.as_deref(), &send, out),
        GovAction::Params { names } => params::run(context, &names, out),
        GovAction::Transaction(action) => super::wallet::transaction(context, action, out),
    }
}

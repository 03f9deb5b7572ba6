//! `bttc stake`: what holders of BTT and operators of validators do, over JSON-RPC.
//!
//! Everything is read with `eth_call` of the staking contracts, so that any node will do; what is sent goes the way
//! [`send`]: an [`plan::Intent`] becomes a [`plan::Plan`] by being tried on the newest state, is shown with its fee, confirmed, signed,
//! sent and waited for. Faults are in [`faults`], each with an id.

mod amount;
pub(crate) mod args;
mod chain;
mod delegate;
mod describe;
mod events;
mod faults;
mod guided;
mod keys;
mod node;
mod offline;
mod operators;
mod plan;
mod positions;
mod rewards;
mod send;
mod show;
mod validators;
mod who;

use crate::address_book::AddressBook;
use args::{RewardsAction, StakeAction, StakeArgs};
use eyre::bail;
use node::Node;
use serde_json::Value;
use std::io::Write;

pub(crate) use operators::prove;
pub(crate) use send::NotConfirmed;

/// What every command needs.
pub(crate) struct Context {
    node: Node,
    book: AddressBook,
    json: bool,
}

impl Context {
    /// Writes a result: one JSON object, or text.
    fn emit<W: Write>(
        &self,
        out: &mut W,
        json: impl FnOnce() -> Value,
        text: impl FnOnce(&mut W) -> eyre::Result<()>,
    ) -> eyre::Result<()> {
        match self.json {
            true => Ok(writeln!(out, "{:#}", json())?),
            false => text(out),
        }
    }
}

pub(crate) fn run(args: StakeArgs, out: &mut impl Write) -> eyre::Result<()> {
    let context = Context { node: Node::new(&args.rpc)?, book: AddressBook::open()?, json: args.json };
    let context = &context;
    match args.action {
        None => guided::run(context, out),
        Some(StakeAction::Validators) => validators::list(context, out),
        Some(StakeAction::Positions { account }) => positions::run(context, account.as_deref(), out),
        Some(StakeAction::Delegate { validator, amount, send }) => {
            delegate::delegate(context, &validator, amount, &send, out)
        }
        Some(StakeAction::Undelegate { validator, amount, send }) => {
            delegate::undelegate(context, &validator, amount, &send, out)
        }
        Some(StakeAction::Redelegate { from, to, amount, send }) => {
            delegate::redelegate(context, (&from, &to), amount, &send, out)
        }
        Some(StakeAction::Cancel { id, send }) => delegate::cancel(context, id, &send, out),
        Some(StakeAction::Claim { validators, send }) => delegate::claim(context, &validators, &send, out),
        Some(StakeAction::Restake { validator, send }) => delegate::restake(context, &validator, &send, out),
        Some(StakeAction::Withdraw { ids, send }) => delegate::withdraw(context, &ids, &send, out),
        Some(StakeAction::Rewards { action: RewardsAction::Export { account, format, from_block, to_block } }) => {
            rewards::export(context, account.as_deref(), format, (from_block, to_block), out)
        }
        Some(StakeAction::Validator { action }) => operators::run(context, &action, out),
        Some(StakeAction::Sign { file, out: to, yes, keys }) => offline::sign(&file, to, yes, &keys, args.json, out),
        Some(StakeAction::Send { file, wait }) => offline::send(context, &file, wait, out),
        Some(StakeAction::Resume { hash, wait }) => send::wait(context, hash, wait, None, &who::Names::default(), out),
    }
}

/// `bttc explain`: a fault by its id, or all of them.
pub(crate) fn explain(id: Option<&str>, out: &mut impl Write) -> eyre::Result<()> {
    let Some(id) = id else {
        for fault in faults::FAULTS {
            writeln!(out, "{}  {}", fault.id, fault.title)?;
        }
        return Ok(());
    };
    match faults::find(id) {
        Some(fault) => Ok(writeln!(out, "{}: {}\n\n{}", fault.id, fault.title, fault.text)?),
        None => bail!("there is no error {id:?}; `bttc explain` lists all of them"),
    }
}

//! What the commands share that read the contracts and send transactions: `bttc stake`, `bttc gov`, `bttc bridge`.
//!
//! An [`plan::Intent`] becomes a [`plan::Plan`] by being tried on the newest state, is shown with its fee, confirmed, signed, sent and waited
//! for ([`send`]). Faults are in [`faults`], each with an id.

pub(crate) mod amount;
pub(crate) mod args;
pub(crate) mod chain;
mod describe;
pub(crate) mod describe_bridge;
mod describe_gov;
mod events;
mod events_bridge;
mod events_gov;
pub(crate) mod faults;
pub(crate) mod faults_bridge;
pub(crate) mod faults_gov;
pub(crate) mod keys;
mod ledger;
pub(crate) mod node;
mod offline;
pub(crate) mod plan;
pub(crate) mod send;
pub(crate) mod show;
pub(crate) mod who;

use crate::address_book::AddressBook;
use args::{RpcArgs, TransactionAction};
use eyre::bail;
use node::Node;
use serde_json::Value;
use std::io::Write;

pub(crate) use describe_gov::action_words;
pub(crate) use send::NotConfirmed;

/// What every command needs.
pub(crate) struct Context {
    /// The command, as its further ones are named: `stake`, `gov` or `bridge`.
    pub(crate) family: &'static str,
    pub(crate) node: Node,
    pub(crate) book: AddressBook,
    pub(crate) json: bool,
}

impl Context {
    /// Does not ask the node anything yet.
    pub(crate) fn new(family: &'static str, args: &RpcArgs) -> eyre::Result<Self> {
        Ok(Self { family, node: Node::new(&args.rpc)?, book: AddressBook::open()?, json: args.json })
    }

    /// Writes a result: one JSON object, or text.
    pub(crate) fn emit<W: Write>(
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

/// Signs, sends or looks for a transaction that was made before.
pub(crate) fn transaction(context: &Context, action: TransactionAction, out: &mut impl Write) -> eyre::Result<()> {
    match action {
        TransactionAction::Sign { file, out: to, yes, keys } => offline::sign(context, &file, to, yes, &keys, out),
        TransactionAction::Send { file, wait } => offline::send(context, &file, wait, out),
        TransactionAction::Resume { hash, wait } => send::wait(context, hash, wait, None, &who::Names::default(), out),
    }
}

/// `bttc explain`: a fault by its id, or all of them.
pub(crate) fn explain(id: Option<&str>, out: &mut impl Write) -> eyre::Result<()> {
    let Some(id) = id else {
        for fault in faults::all() {
            writeln!(out, "{}  {}", fault.id, fault.title)?;
        }
        return Ok(());
    };
    match faults::find(id) {
        Some(fault) => Ok(writeln!(out, "{}: {}\n\n{}", fault.id, fault.title, fault.text)?),
        None => bail!("there is no error {id:?}; `bttc explain` lists all of them"),
    }
}

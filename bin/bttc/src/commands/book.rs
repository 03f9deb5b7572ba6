//! `bttc account book add|list|remove`

use crate::{address_book::AddressBook, cli::BookAction};
use alloy_primitives::Address;
use bttc_primitives::{format_tron, parse_address};
use serde_json::json;
use std::io::Write;

pub(crate) fn run(action: BookAction, out: &mut impl Write) -> eyre::Result<()> {
    let mut book = AddressBook::open()?;
    match action {
        BookAction::Add { name, address } => {
            let address = parse_address(&address)?;
            book.add(&name, address)?;
            Ok(writeln!(out, "{name}  {address}  {}", format_tron(address))?)
        }
        BookAction::Remove { name } => {
            let address = book.remove(&name)?;
            Ok(writeln!(out, "{name} ({address}) is forgotten")?)
        }
        BookAction::List { json: true } => {
            let entry = |(name, address): (&String, &Address)| json!({ "name": name, "address": address.to_string(), "tron": format_tron(*address) });
            let entries: Vec<_> = book.entries().iter().map(entry).collect();
            Ok(writeln!(out, "{:#}", json!({ "entries": entries }))?)
        }
        BookAction::List { json: false } => {
            let widest = book.entries().keys().map(String::len).max().unwrap_or(0);
            for (name, address) in book.entries() {
                writeln!(out, "{name:<widest$}  {address}  {}", format_tron(*address))?;
            }
            Ok(())
        }
    }
}

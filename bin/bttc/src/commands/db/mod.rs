//! `bttc db stats|get|verify|audit-supply|backup|compact`: all but the last read beside a running node and write nothing to its data. `bttc db snapshot` is a file of its own.

mod audit;
mod copy;
mod progress;
mod verify;

use crate::{
    cli::{DbAction, DbArgs},
    commands::{node, snapshot},
};
use alloy_primitives::{Address, B256, U256, hex, keccak256};
use bttc_node::Override;
use bttc_primitives::StateReader;
use bttc_storage::{ReadTx, Storage};
use bttc_trie::TrieSource;
use comfy_table::{CellAlignment, Table, presets};
use eyre::{bail, eyre};
use serde_json::{Value, json};
use std::{io::Write, str::FromStr};

pub(crate) fn run(args: DbArgs, flags: &[Override], out: &mut impl Write) -> eyre::Result<()> {
    match args.action {
        DbAction::Stats { place } => stats(&bttc_node::open_storage_read_only(node::place(&place, flags)?)?, out),
        DbAction::Verify { json, place } => {
            verify::run(&bttc_node::open_storage_read_only(node::place(&place, flags)?)?, json, out)
        }
        DbAction::AuditSupply { json, place } => audit::run(node::place(&place, flags)?, json, out),
        DbAction::Backup { target, place } => {
            let config = bttc_node::storage_config(node::place(&place, flags)?)?;
            copy::backup(&Storage::open_read_only(&config)?, &config, &target, out)
        }
        DbAction::Compact { place } => copy::compact(&bttc_node::storage_config(node::place(&place, flags)?)?, out),
        DbAction::Get { table, key, place } => {
            let storage = bttc_node::open_storage_read_only(node::place(&place, flags)?)?;
            match row(&storage.read()?, &table, &key)? {
                Some(row) => Ok(writeln!(out, "{row:#}")?),
                None => bail!("the table {table} has no row {key}"),
            }
        }
        DbAction::Snapshot(args) => snapshot::run(args, flags, out),
    }
}

fn stats(storage: &Storage, out: &mut impl Write) -> eyre::Result<()> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(["table", "rows", "pages", "KiB"]);
    let (mut rows, mut pages, mut bytes) = (0u64, 0u64, 0u64);
    for of in storage.stats()? {
        rows = rows.saturating_add(of.entries);
        pages = pages.saturating_add(of.pages);
        bytes = bytes.saturating_add(of.bytes);
        table.add_row([
            of.name.to_owned(),
            of.entries.to_string(),
            of.pages.to_string(),
            (of.bytes / 1024).to_string(),
        ]);
    }
    table.add_row(["all".to_owned(), rows.to_string(), pages.to_string(), (bytes / 1024).to_string()]);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    Ok(writeln!(out, "{}", table.trim_fmt())?)
}

/// One row as JSON. An account or slot may be named in the clear or by its hash.
fn row(read: &ReadTx, table: &str, key: &str) -> eyre::Result<Option<Value>> {
    Ok(match table {
        "Metadata" => read.meta(key)?.map(|bytes| json!(hex::encode_prefixed(bytes))),
        "Headers" => read.header(height(key)?)?.map(|header| json!(header)),
        "HeaderNumbers" => read.height_of(parsed(key, "a block hash")?)?.map(|height| json!(height)),
        "BlockBodies" => read.transaction_count(height(key)?)?.map(|count| json!({ "transactions": count })),
        "TransactionHashNumbers" => read
            .transaction_location(parsed(key, "a transaction hash")?)?
            .map(|(height, index)| json!({ "height": height, "index": index })),
        "Transactions" => read.transaction(parsed(key, "a transaction hash")?)?.map(|found| {
            json!({ "height": found.height, "index": found.index, "sender": found.sender, "transaction": found.tx })
        }),
        "Certificates" => read.certificate(height(key)?)?.map(|certificate| json!(hex::encode_prefixed(alloy_rlp::encode(certificate)))),
        "HashedAccounts" => TrieSource::account(read, hashed(key)?)?.map(|account| json!(account)),
        "HashedStorages" => {
            let (address, slot) = key.split_once('/').ok_or_else(|| eyre!("the key of a slot is ADDRESS/SLOT, not {key:?}"))?;
            let (address, slot): (Address, U256) = (parsed(address, "an address")?, parsed(slot, "a slot number")?);
            let value = read.state()?.storage(address, slot)?;
            (!value.is_zero()).then(|| json!(value))
        }
        "Bytecodes" => Some(json!(read.state()?.code(parsed(key, "a code hash")?)?)),
        _ => bail!(
            "no rows of {table:?} can be shown; tables are Metadata, Headers, HeaderNumbers, BlockBodies, Transactions, \
             TransactionHashNumbers, Certificates, HashedAccounts, HashedStorages and Bytecodes"
        ),
    })
}

fn height(key: &str) -> eyre::Result<u64> {
    parsed(key, "a height, a decimal number")
}

fn hashed(key: &str) -> eyre::Result<B256> {
    match key.parse::<Address>() {
        Ok(address) => Ok(keccak256(address)),
        Err(_) => parsed(key, "an address or its hash"),
    }
}

fn parsed<T: FromStr>(key: &str, what: &str) -> eyre::Result<T> {
    key.parse().map_err(|_| eyre!("the key of this table is {what}, not {key:?}"))
}

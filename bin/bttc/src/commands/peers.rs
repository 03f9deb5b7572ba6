//! `bttc peers`: asks a running node over its IPC socket.

use crate::{
    cli::{PeersAction, PeersArgs},
    commands::node,
};
use bttc_node::Override;
use comfy_table::{Table, presets};
use eyre::{WrapErr, bail, eyre};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Read, Write},
    os::unix::net::UnixStream,
    path::Path,
    time::Duration,
};

/// A node that runs answers at once.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest answer. Unit: bytes.
const MAX_ANSWER: u64 = 64 << 20;

pub(crate) fn run(args: &PeersArgs, flags: &[Override], out: &mut impl Write) -> eyre::Result<()> {
    let path = match &args.ipc {
        Some(path) => path.clone(),
        None => bttc_node::ipc_path(node::place(&args.place, flags)?)?,
    };
    let ask = |method: &str, params: Value| call(&path, method, &params);
    match &args.action {
        PeersAction::List { json: false } => list(&ask("admin_peers", json!([]))?, &ask("admin_bans", json!([]))?, out),
        PeersAction::List { json: true } => Ok(writeln!(out, "{:#}", ask("admin_peers", json!([]))?)?),
        PeersAction::Info => Ok(writeln!(out, "{:#}", ask("admin_nodeInfo", json!([]))?)?),
        PeersAction::Add { peer } => ask("admin_addPeer", json!([peer])).map(drop),
        PeersAction::Remove { peer } => ask("admin_removePeer", json!([peer])).map(drop),
        PeersAction::Ban { peer, time } => ask("admin_banPeer", json!([peer, time.as_secs()])).map(drop),
        PeersAction::Unban { peer } => ask("admin_unbanPeer", json!([peer])).map(drop),
    }
}

fn call(path: &Path, method: &str, params: &Value) -> eyre::Result<Value> {
    let mut stream = UnixStream::connect(path).wrap_err_with(|| {
        format!("no node answers at {}; start it, or say where it is with --datadir DIR or --ipc PATH", path.display())
    })?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    stream.write_all(request.to_string().as_bytes())?;
    let mut line = String::new();
    BufReader::new(stream.take(MAX_ANSWER)).read_line(&mut line).wrap_err("the node does not answer")?;
    let mut answer: Value = serde_json::from_str(&line).wrap_err("the node answers what is no JSON")?;
    match answer.get("error") {
        Some(error) => bail!("{}", error.get("message").and_then(Value::as_str).unwrap_or("the node refuses")),
        None => answer.get_mut("result").map(Value::take).ok_or_else(|| eyre!("the node answers nothing")),
    }
}

fn list(peers: &Value, bans: &Value, out: &mut impl Write) -> eyre::Result<()> {
    let text = |row: &Value, key: &str| match row.get(key) {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let rows = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(["id", "way", "address", "validator", "faults", "ms", "client"]);
    for peer in rows(peers) {
        let way = match (peer["inbound"].as_bool(), peer["trusted"].as_bool()) {
            (Some(true), Some(true)) => "in, trusted",
            (Some(true), _) => "in",
            (_, Some(true)) => "out, trusted",
            _ => "out",
        };
        let time = peer["roundTripMs"].as_f64().map_or_else(|| "-".to_owned(), |time| format!("{time:.1}"));
        table.add_row([
            text(&peer, "id"),
            way.to_owned(),
            text(&peer, "address"),
            text(&peer, "validator"),
            text(&peer, "faultPoints"),
            time,
            text(&peer, "name"),
        ]);
    }
    writeln!(out, "{}", table.trim_fmt())?;
    for ban in rows(bans) {
        writeln!(out, "banned: {} until {} ({})", text(&ban, "who"), text(&ban, "until"), text(&ban, "why"))?;
    }
    Ok(())
}

//! What a node answers: paths to questions, questions to answers. Nothing here waits.
//!
//! - `wallet`: `/wallet/...` and `/walletsolidity/...`.
//! - `show`: blocks, transactions and receipts as that interface writes them.
//! - `jsonrpc`: `/jsonrpc`.

mod jsonrpc;
mod show;
mod wallet;

use crate::{chain::Reach, command::Command, network::Network};
use serde_json::{Value, json};

/// What goes back to the caller.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Reply {
    /// With status 200.
    Json(Value),
    /// With status 200, as nodes do when they will not.
    Text(String),
    /// A path that is not there.
    Missing,
    /// A request that this path cannot take, with the reason.
    Bad(String),
    /// Nothing: the connection breaks after so many milliseconds.
    Break(u64),
}

/// Which of a node's two listeners is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// `/wallet`, `/walletsolidity`, `/jsonrpc`.
    Full,
    /// `/walletsolidity`, `/jsonrpc` of solid state.
    Solid,
}

/// A question to a node.
pub(crate) struct Asked<'a> {
    pub(crate) network: &'a mut Network,
    pub(crate) node: usize,
    pub(crate) reach: Reach,
}

/// Answers a request. `body` is that of a POST, or the query of a GET as an object.
pub(crate) fn answer(network: &mut Network, node: usize, door: Door, control: bool, path: &str, body: &[u8]) -> Reply {
    if let Some(rest) = path.strip_prefix("/simulator/") {
        return if control { simulator(network, rest, body) } else { Reply::Missing };
    }
    let Some(own) = network.nodes.get_mut(node) else { return Reply::Missing };
    if own.down {
        return Reply::Break(0);
    }
    if own.busy > 0 {
        own.busy = own.busy.saturating_sub(1);
        return complaint("class java.lang.IllegalAccessException : lack of computing resources");
    }
    let reach = network.reach(node);
    let (full, solid) = (reach, reach.settled());
    if path == "/jsonrpc" {
        let reach = if door == Door::Solid { solid } else { full };
        return jsonrpc::answer(&mut Asked { network, node, reach }, body);
    }
    if let Some(call) = path.strip_prefix("/walletsolidity/") {
        return wallet::answer(&mut Asked { network, node, reach: solid }, call, body, true);
    }
    match path.strip_prefix("/wallet/") {
        Some(call) if door == Door::Full => {
            wallet::answer(&mut Asked { network, node, reach: full }, call, body, false)
        }
        _ => Reply::Missing,
    }
}

fn simulator(network: &mut Network, call: &str, body: &[u8]) -> Reply {
    let done = match call {
        "status" => Ok(network.status()),
        "command" => match serde_json::from_slice::<Command>(body) {
            Ok(command) => network.command(command).map_err(|error| error.to_string()),
            Err(error) => Err(format!("this is no command: {error}")),
        },
        _ => return Reply::Missing,
    };
    match done {
        Ok(done) => Reply::Json(json!(done)),
        Err(why) => Reply::Bad(why),
    }
}

/// What a node says when a request is broken.
fn complaint(why: &str) -> Reply {
    Reply::Json(json!({ "Error": why }))
}

//! Tokens of the bridge: which there are, and what one is.

use super::{
    Context, faults, faults_bridge, show,
    units::Unit,
    view::{self, Root},
    who,
};
use alloy_primitives::{Address, B256, Bytes, U64, U256};
use alloy_sol_types::SolEvent;
use bttc_contracts::{
    addresses::BRIDGE_INBOX,
    bridge::{IBridgeInbox, IBridgedToken},
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::io::Write;

/// Blocks whose logs are asked for at once.
const PAGE: u64 = 10_000;

/// A token that came over the bridge, as it is here.
#[derive(Clone, Debug)]
pub(super) struct Bridged {
    /// Here.
    pub(super) address: Address,
    /// On its root chain; zero for the coin.
    pub(super) root_token: Address,
    pub(super) root_id: u64,
    pub(super) name: String,
    pub(super) unit: Unit,
    /// Whether its names came; until then it shows stand-ins and no decimals.
    pub(super) synced: bool,
    supply: U256,
}

impl Bridged {
    fn load(context: &Context, address: Address) -> eyre::Result<Self> {
        let node = &context.node;
        let root = node.view(address, &IBridgedToken::rootCall {}).map_err(faults::of_node)?;
        let symbol = node.view(address, &IBridgedToken::symbolCall {}).map_err(faults::of_node)?;
        let decimals = node.view(address, &IBridgedToken::decimalsCall {}).map_err(faults::of_node)?;
        Ok(Self {
            address,
            root_token: root.rootToken,
            root_id: root.rootId.saturating_to(),
            name: show::clean(&node.view(address, &IBridgedToken::nameCall {}).map_err(faults::of_node)?),
            unit: Unit::new(&symbol, decimals),
            synced: node.view(address, &IBridgedToken::syncedCall {}).map_err(faults::of_node)?,
            supply: node.view(address, &IBridgedToken::totalSupplyCall {}).map_err(faults::of_node)?,
        })
    }

    /// The token that a word of the command line means, to leave for `root`: its address here or there, or `native`.
    ///
    /// Errors: it is no token of the bridge, or of another root chain.
    pub(super) fn find(context: &Context, root: &Root, text: &str) -> eyre::Result<Self> {
        let id = U256::from(root.root_id);
        let here = |root_token: Address| {
            context
                .node
                .view(BRIDGE_INBOX, &IBridgeInbox::tokenOfCall { rootId: id, rootToken: root_token })
                .map_err(faults::of_node)
        };
        let has_code = |address: Address| {
            let code: Result<Bytes, _> = context.node.ask("eth_getCode", json!([address, "latest"]));
            code.map(|code| !code.is_empty()).map_err(faults::of_node)
        };
        let named = match is_coin(text, root.root_id) {
            true => Address::ZERO,
            false => who::account(text, &context.book)?,
        };
        let by_origin = here(named)?;
        if has_code(by_origin)? {
            return Self::load(context, by_origin);
        }
        let none = || faults_bridge::NOT_BRIDGED.report(&format!("{text:?}; `bttc bridge tokens` lists them"));
        if is_coin(text, root.root_id) || !has_code(named)? {
            return Err(none());
        }
        // A token says what it stands for, and its address proves it.
        let Ok(said) = context.node.view(named, &IBridgedToken::rootCall {}) else { return Err(none()) };
        let call = IBridgeInbox::tokenOfCall { rootId: said.rootId, rootToken: said.rootToken };
        if context.node.view(BRIDGE_INBOX, &call).map_err(faults::of_node)? != named {
            return Err(none());
        }
        if said.rootId != id {
            let detail = format!("{text} came from root chain {}, not from {}", said.rootId, root.name);
            return Err(faults_bridge::WRONG_ROOT.report(&detail));
        }
        Self::load(context, named)
    }

    pub(super) fn balance(&self, context: &Context, account: Address) -> eyre::Result<U256> {
        context.node.view(self.address, &IBridgedToken::balanceOfCall { account }).map_err(faults::of_node)
    }

    fn json(&self) -> Value {
        json!({
            "token": self.address.to_string(),
            "rootId": self.root_id,
            "rootToken": self.root_token.to_string(),
            "name": self.name,
            "symbol": self.unit.symbol,
            "decimals": self.unit.decimals,
            "named": self.synced,
            "supply": self.supply.to_string(),
        })
    }
}

/// Whether a word means the coin of a root chain.
pub(super) fn is_coin(text: &str, root_id: u8) -> bool {
    ["native", &Unit::coin(root_id).symbol].iter().any(|name| text.eq_ignore_ascii_case(name))
}

/// The unit of a root chain's token as it is known here: BTT, a bridged token, or the smallest unit.
pub(super) fn unit_of(context: &Context, root_id: u8, root_token: Address) -> Unit {
    let known = || {
        let id = U256::from(root_id);
        let view = context.node.view(BRIDGE_INBOX, &IBridgeInbox::rootChainCall { rootId: id }).ok()?;
        if !view.btt.is_zero() && view.btt == root_token {
            return Some(Unit::btt());
        }
        if root_token.is_zero() {
            return Some(Unit::coin(root_id));
        }
        let call = IBridgeInbox::tokenOfCall { rootId: id, rootToken: root_token };
        let token = context.node.view(BRIDGE_INBOX, &call).ok()?;
        Bridged::load(context, token).ok().filter(|token| token.synced).map(|token| token.unit)
    };
    known().unwrap_or_else(|| Unit::new(&format!("(in the smallest unit of {root_token})"), 0))
}

#[derive(Debug, Deserialize)]
struct Log {
    topics: Vec<B256>,
    data: Bytes,
}

/// All tokens that the bridge has made, in the order in which it did, and BTT.
pub(super) fn list(context: &Context, out: &mut impl Write) -> eyre::Result<()> {
    let status = view::status(context)?.view;
    let mut tokens = Vec::new();
    let mut first = 0u64;
    while first <= status.height {
        let last = first.saturating_add(PAGE - 1).min(status.height);
        let filter = json!([{
            "address": BRIDGE_INBOX,
            "topics": [IBridgeInbox::TokenCreated::SIGNATURE_HASH],
            "fromBlock": U64::from(first),
            "toBlock": U64::from(last),
        }]);
        let logs: Vec<Log> = context.node.ask("eth_getLogs", filter).map_err(faults::of_node)?;
        for log in logs {
            if let Ok(made) = IBridgeInbox::TokenCreated::decode_raw_log(log.topics, &log.data) {
                tokens.push(Bridged::load(context, made.token)?);
            }
        }
        first = last.saturating_add(1);
    }
    let origins: Vec<_> = status.roots.iter().filter_map(|root| Some((root, root.btt?))).collect();
    context.emit(
        out,
        || {
            let btt = origins.iter().map(|(root, btt)| json!({ "rootId": root.root_id, "rootToken": btt.to_string(), "locked": root.btt_locked.to_string() }));
            json!({
                "btt": btt.collect::<Vec<_>>(),
                "tokens": tokens.iter().map(Bridged::json).collect::<Vec<_>>(),
            })
        },
        |out| {
            let origin = |root_id: u64, token: Address| match (root_id, token) {
                (_, Address::ZERO) => "its coin".to_owned(),
                (2, token) => bttc_primitives::format_tron(token),
                (_, token) => token.to_string(),
            };
            let root_name = |id: u64| match status.roots.iter().find(|root| u64::from(root.root_id) == id) {
                Some(root) => root.name.clone(),
                None => id.to_string(),
            };
            let mut rows: Vec<_> = origins
                .iter()
                .map(|(root, btt)| {
                    let there = origin(root.root_id.into(), *btt);
                    vec![root.name.clone(), "BTT".to_owned(), "BTT itself".to_owned(), there, "18".to_owned(), format!("{} there", bttc_primitives::format_btt(root.btt_locked))]
                })
                .collect();
            rows.extend(tokens.iter().map(|of| {
                vec![
                    root_name(of.root_id),
                    of.unit.symbol.clone(),
                    of.address.to_string(),
                    origin(of.root_id, of.root_token),
                    of.unit.decimals.to_string(),
                    of.unit.show(of.supply),
                ]
            }));
            if rows.is_empty() {
                return Ok(writeln!(out, "no token came over the bridge yet")?);
            }
            let header = ["FROM", "SYMBOL", "HERE", "THERE", "DECIMALS", "AMOUNT"];
            writeln!(out, "{}", show::table(&header, rows, &[4, 5]))?;
            Ok(writeln!(out, "A name proves nothing; what a token is, its address on its root chain says.")?)
        },
    )
}

//! `bttc bridge exit`: value leaves for a root chain.

use super::{
    Context,
    args::{ReceiverArgs, RootName},
    faults, faults_bridge,
    node::Node,
    plan::{Intent, Plan},
    receiver, send,
    tokens::Bridged,
    units::{Amount, Unit},
    view::{self, Root},
    who::Names,
};
use crate::commands::wallet::{args::SendArgs, describe_bridge};
use alloy_primitives::{Address, U256};
use bttc_contracts::{addresses::BRIDGE_OUTBOX, bridge::IBridgeOutbox};
use bttc_primitives::format_btt;
use serde_json::json;
use std::io::Write;

/// What was asked for on the command line.
pub(super) struct Asked<'a> {
    pub(super) amount: &'a str,
    pub(super) token: Option<&'a str>,
    pub(super) root: RootName,
    pub(super) to: &'a str,
    pub(super) receiver: ReceiverArgs,
}

impl Asked<'_> {
    /// The bridged token; none for BTT.
    fn token(&self, context: &Context, root: &Root) -> eyre::Result<Option<Bridged>> {
        match self.token {
            Some(text) if !text.eq_ignore_ascii_case("btt") => Bridged::find(context, root, text).map(Some),
            _ if root.btt.is_none() => Err(faults_bridge::NO_BTT_THERE.report(&root.name)),
            _ => Ok(None),
        }
    }
}

pub(super) fn run(
    context: &Context,
    asked: &Asked<'_>,
    root_rpc: Option<&str>,
    args: &SendArgs,
    out: &mut impl Write,
) -> eyre::Result<()> {
    // What the command line alone shows to be wrong is refused before anybody is asked.
    let to = receiver::on_root(asked.to, asked.root, asked.receiver, &context.book)?;
    let root = view::root(context, asked.root)?;
    if !root.enabled {
        return Err(faults_bridge::ROOT_CLOSED.report(&root.name));
    }
    let token = asked.token(context, &root)?;
    let there = token.as_ref().map_or(root.btt.unwrap_or_default(), |token| token.root_token);
    let here = token.as_ref().map_or(Address::ZERO, |token| token.address);
    let known = [
        ("the bridge's contract there", root.bridge),
        ("the token's contract there", there),
        ("the token's contract here", here),
    ];
    receiver::not_lost(to, &known)?;
    if let Some(url) = root_rpc {
        let node = Node::new(&json_rpc_of(asked.root, url))?;
        let got = node.chain_id().map_err(|fault| faults_bridge::ROOT_AWAY.report(&fault.to_string()))?;
        if got != root.chain_id {
            let detail = format!("{url} is of chain {got}, {} is chain {}", root.name, root.chain_id);
            return Err(faults_bridge::WRONG_CHAIN.report(&detail));
        }
        receiver::not_contract(to, &node, asked.receiver.to_contract, &root.name)?;
    }
    let unit = token.as_ref().map_or_else(Unit::btt, |token| token.unit.clone());
    let amount = unit.read(asked.amount)?;
    send::run(context, args, out, |from| {
        let intent = |amount: U256| intent(asked.root, &unit, token.as_ref(), (to, amount));
        let amount = match (amount, &token) {
            (Amount::Exact(amount), None) => amount,
            (Amount::Max, None) => all_but_the_fee(context, from, args.nonce, &root, &intent)?,
            (amount, Some(token)) => {
                let has = token.balance(context, from)?;
                match amount {
                    Amount::Exact(amount) if amount <= has => amount,
                    Amount::Max if !has.is_zero() => has,
                    _ => {
                        let detail = format!("{from} has {}, asked for {}", unit.show(has), asked.amount);
                        return Err(faults_bridge::TOO_LITTLE.report(&detail));
                    }
                }
            }
        };
        if token.is_none() && amount > root.btt_locked {
            let detail = format!("{} for {}, asked for {}", format_btt(root.btt_locked), root.name, format_btt(amount));
            return Err(faults_bridge::NOT_LOCKED.report(&detail));
        }
        let mut intent = intent(amount);
        if root_rpc.is_none() && !asked.receiver.to_contract {
            let text = "not looked at there: that it is no contract you must know yourself, or give --root-rpc";
            intent.facts.push(("Receiver", text.to_owned()));
        }
        Ok((intent, Names::default()))
    })
}

/// JSON-RPC of a root chain's node.
pub(super) fn json_rpc_of(root: RootName, url: &str) -> String {
    match root {
        RootName::Ethereum => url.to_owned(),
        RootName::Tron if url.ends_with("/jsonrpc") => url.to_owned(),
        RootName::Tron => format!("{}/jsonrpc", url.trim_end_matches('/')),
    }
}

fn intent(root: RootName, unit: &Unit, token: Option<&Bridged>, (to, amount): (Address, U256)) -> Intent {
    let id = U256::from(root.id());
    let address = token.map_or(Address::ZERO, |token| token.address);
    let call = IBridgeOutbox::exitCall { rootId: id, token: address, to, amount };
    let receiver = describe_bridge::account(id, to);
    let effect = format!("sends {} to {receiver} on {root}", unit.show(amount));
    let mut intent = Intent::of(BRIDGE_OUTBOX, "exit", &call, effect);
    intent
        .effects
        .push("it cannot be taken back; it can be claimed there once a checkpoint is on that chain".to_owned());
    if token.is_none() {
        intent.value = amount;
    }
    if let Some(token) = token {
        intent.facts.push(("Token", format!("{} ({}), burned here", token.name, token.address)));
        if !token.synced {
            let text = "it has not told its decimals: the amount is in its smallest unit";
            intent.facts.push(("Decimals", text.to_owned()));
        }
    }
    intent.details = json!({
        "rootId": root.id(),
        "token": token.map(|token| token.address.to_string()),
        "to": to.to_string(),
        "amount": amount.to_string(),
    });
    intent
}

/// BTT that can leave so that the fee is left. The fee does not depend on the amount, so that it is learned from the smallest one.
fn all_but_the_fee(
    context: &Context,
    from: Address,
    nonce: Option<u64>,
    root: &Root,
    intent: &impl Fn(U256) -> Intent,
) -> eyre::Result<U256> {
    let balance = context.node.balance(from).map_err(faults::of_node)?;
    let fee = Plan::make(context, from, nonce, intent(U256::from(1)))?.transaction.most_fee();
    // The base fee may rise between the two looks.
    let kept = fee.saturating_add(fee / U256::from(20));
    match balance.checked_sub(kept) {
        Some(left) if !left.is_zero() => Ok(left.min(root.btt_locked)),
        _ => Err(faults::FUNDS.report(&format!("{from} has {}, too little for the fee", format_btt(balance)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tron_has_its_json_rpc_beside_its_http() {
        let of = json_rpc_of;
        assert_eq!(of(RootName::Tron, "http://127.0.0.1:8090/"), "http://127.0.0.1:8090/jsonrpc");
        assert_eq!(of(RootName::Tron, "http://127.0.0.1:8545/jsonrpc"), "http://127.0.0.1:8545/jsonrpc");
        assert_eq!(of(RootName::Ethereum, "http://127.0.0.1:8545"), "http://127.0.0.1:8545");
    }
}

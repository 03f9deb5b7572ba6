//! `bttc bridge replay` and `refund`: deposits that could not be delivered.

use super::{
    Context,
    args::{RootName, Transfer},
    faults_bridge,
    plan::Intent,
    send, show, tokens,
    view::{self, Deposit},
    who::Names,
};
use crate::commands::wallet::{args::SendArgs, describe_bridge};
use alloy_primitives::U256;
use alloy_sol_types::SolCall;
use bttc_contracts::{addresses::BRIDGE_INBOX, bridge::IBridgeInbox};
use eyre::{OptionExt, WrapErr};
use serde_json::json;
use std::io::Write;

/// A deposit that is kept, with the calls for it.
struct KeptDeposit {
    told: Deposit,
    replay: IBridgeInbox::replayCall,
    refund: IBridgeInbox::refundCall,
}

fn kept(context: &Context, root: RootName, nonce: u64) -> eyre::Result<KeptDeposit> {
    let status = view::deposit(context, Transfer::Record(root, nonce), None)?.view;
    let told = status.deposits.into_iter().next().ok_or_eyre("the node tells of no deposit; is it of this version?")?;
    match (&told.replay, &told.refund) {
        (Some(replay), Some(refund)) if told.stage == "kept" => {
            let odd = "the node gives a call that is none; is it of this version?";
            let replay = IBridgeInbox::replayCall::abi_decode(replay).wrap_err(odd)?;
            let refund = IBridgeInbox::refundCall::abi_decode(refund).wrap_err(odd)?;
            let of = (U256::from(root.id()), nonce);
            eyre::ensure!((replay.rootId, replay.nonce) == of && (refund.rootId, refund.nonce) == of, odd);
            Ok(KeptDeposit { told, replay, refund })
        }
        _ => {
            let reason = told.reason.as_deref().map(|why| format!(" ({})", show::clean(why))).unwrap_or_default();
            Err(faults_bridge::NOT_KEPT.report(&format!("deposit {nonce} of {root} is {:?}{reason}", told.stage)))
        }
    }
}

impl KeptDeposit {
    fn intent(&self, context: &Context, action: &'static str, call: &impl SolCall, effect: String) -> Intent {
        let sent = &self.replay.deposit;
        let unit = tokens::unit_of(context, self.told.root_id, sent.token);
        let mut intent = Intent::of(BRIDGE_INBOX, action, call, format!("{effect}: {}", unit.show(sent.amount)));
        if let Some(reason) = &self.told.reason {
            intent.facts.push(("Kept", show::clean(reason)));
        }
        intent.details = json!({
            "rootId": self.told.root_id,
            "nonce": self.told.nonce,
            "token": sent.token.to_string(),
            "to": sent.to.to_string(),
            "from": sent.from.to_string(),
            "amount": sent.amount.to_string(),
        });
        intent
    }
}

pub(super) fn replay(
    context: &Context,
    root: RootName,
    nonce: u64,
    args: &SendArgs,
    out: &mut impl Write,
) -> eyre::Result<()> {
    let of = kept(context, root, nonce)?;
    send::run(context, args, out, |_| {
        let to = show::address(of.replay.deposit.to);
        let effect = format!("delivers the kept deposit {nonce} of {root} to {to}");
        Ok((of.intent(context, "replay", &of.replay, effect), Names::default()))
    })
}

pub(super) fn refund(
    context: &Context,
    root: RootName,
    nonce: u64,
    args: &SendArgs,
    out: &mut impl Write,
) -> eyre::Result<()> {
    let of = kept(context, root, nonce)?;
    let now: u64 = context.node.head().map_err(super::faults::of_node)?.timestamp.to();
    if let Some(from) = of.told.refundable_from.filter(|from| *from > now) {
        let detail = format!("possible from {}, {}", show::time(from), show::countdown(from, now));
        return Err(faults_bridge::REFUND_EARLY.report(&detail));
    }
    send::run(context, args, out, |_| {
        let to = describe_bridge::account(of.refund.rootId, of.refund.deposit.from);
        let effect = format!("sends the kept deposit {nonce} back to {to} on {root}, as an exit");
        let mut intent = of.intent(context, "refund", &of.refund, effect);
        intent.effects.push("it is claimed there like any exit".to_owned());
        Ok((intent, Names::default()))
    })
}

//! `bttc bridge`: value between this chain and its root chains.
//!
//! What happens here goes the way of [`super::wallet`]: shown, confirmed, signed, sent, waited for. What happens on a root chain goes through
//! [`there`], with the same steps and the transaction kept on disk before it is handed out. Mistakes that cost everything, such as a receiver
//! of the wrong chain, are refused first ([`receiver`]).

pub(crate) mod args;
mod claim;
mod deposit;
mod exit;
mod kept;
mod limits;
mod receiver;
mod records;
mod relay;
mod status;
mod steps;
mod submit;
mod there;
mod tokens;
mod units;
mod view;

use super::wallet::{Context, faults, faults_bridge, keys, node, plan, send, show, who};
use args::{BridgeAction, BridgeArgs};
use bttc_node::Override;
use std::io::Write;

pub(crate) fn run(args: BridgeArgs, flags: &[Override], out: &mut impl Write) -> eyre::Result<()> {
    let context = &Context::new("bridge", &args.rpc)?;
    match args.action {
        BridgeAction::Relay(place) => relay::run(&place, flags),
        BridgeAction::Status { transfer: None, .. } => status::whole(context, out),
        BridgeAction::Status { transfer: Some(transfer), root, wait, timeout } => {
            status::one(context, (&transfer, root), wait.then_some(timeout), out)
        }
        BridgeAction::Exit { amount, token, root, to, receiver, root_rpc, send } => {
            let asked = exit::Asked { amount: &amount, token: token.as_deref(), root, to: &to, receiver };
            exit::run(context, &asked, root_rpc.as_deref(), &send, out)
        }
        BridgeAction::Claim { exit, checkpoint, calldata, there } => {
            claim::run(context, (&exit, checkpoint), calldata, &there, out)
        }
        BridgeAction::Deposit { amount, token, root, to, to_contract, there } => {
            let asked = deposit::Asked { amount: &amount, token: &token, root, to: &to, to_contract };
            deposit::run(context, &asked, &there, out)
        }
        BridgeAction::Checkpoints { root, limit } => status::checkpoints(context, root, limit, out),
        BridgeAction::Submit { height, root, calldata, there } => {
            submit::run(context, (height, root), calldata, &there, out)
        }
        BridgeAction::Replay { root, number, send } => records::replay(context, root, number, &send, out),
        BridgeAction::Refund { root, number, send } => records::refund(context, root, number, &send, out),
        BridgeAction::Limits { root, token } => limits::run(context, root, token.as_deref(), out),
        BridgeAction::Tokens => tokens::list(context, out),
        BridgeAction::Transaction(action) => super::wallet::transaction(context, action, out),
    }
}

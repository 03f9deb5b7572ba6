//! `bttc bridge claim`: an exit is paid on its root chain.

use super::{
    Context,
    args::{ThereArgs, Transfer},
    faults_bridge,
    kept::Kept,
    show,
    steps::{self, Step, Steps},
    there::{Outcome, There, reverted},
    tokens,
    view::{self, ExitProof, Root, Told},
};
use crate::commands::wallet::describe_bridge;
use alloy_primitives::{Address, U256};
use alloy_sol_types::{SolCall, SolEvent};
use bttc_bridge::root::{Call, RootLog};
use bttc_contracts::root::{ICheckpointManager, IRootBridge};
use serde_json::{Value, json};
use std::io::Write;

/// Gas of a `claim` (docs/bridge.md, "Root bridge").
const GAS: u64 = 131_000;

pub(super) fn run(
    context: &Context,
    (text, checkpoint): (&str, Option<u64>),
    calldata: bool,
    args: &ThereArgs,
    out: &mut impl Write,
) -> eyre::Result<()> {
    let id: Transfer = text.parse().map_err(|why: String| faults_bridge::NO_TRANSFER.report(&why))?;
    if let Transfer::Record(root, nonce) = id {
        let detail = format!("{root}/{nonce} is a deposit; what is claimed is an exit, by its index or transaction");
        return Err(faults_bridge::NO_TRANSFER.report(&detail));
    }
    let mut proof = view::exit_proof(context, id, checkpoint)?;
    if calldata && args.root_rpc.is_none() {
        return print(context, &proof, out);
    }
    let root = registered(context, &proof.view)?;
    let there = There::connect(&root, args)?;
    if checkpoint.is_none() {
        let height = newest(&there, &proof.view)?;
        if height != proof.view.checkpoint {
            proof = view::exit_proof(context, id, Some(height))?;
        }
    }
    if calldata {
        return print(context, &proof, out);
    }
    let of = &proof.view;
    let sender = there.sender(&context.book)?;
    let unit = tokens::unit_of(context, of.root_id, of.exit.token);
    let to = there.shown(of.exit.to);
    let amount = unit.show(of.exit.amount);
    let key = format!("exit/{}", of.exit.index);
    let mut effect = format!("pays {amount} to {to}, as exit {}", of.exit.index);
    if there.begun(&Kept::open()?, sender.address, &key)?.is_none() {
        let paid = paid_now(&there, sender.address, of)?;
        if paid.is_zero() {
            effect = format!(
                "starts the 24 hours that exit {} of {amount} to {to} waits; claim again after them",
                of.exit.index
            );
        } else if paid < of.exit.amount {
            effect = format!("pays {} of exit {} of {amount} to {to}", unit.show(paid), of.exit.index);
        }
    }
    let step = Step { key, effect, to: there.bridge, value: U256::ZERO, data: of.calldata.clone(), gas: GAS };
    let proved = format!("by the checkpoint of block {}", of.checkpoint);
    let details = json!({
        "index": of.exit.index,
        "to": of.exit.to.to_string(),
        "amount": of.exit.amount.to_string(),
        "checkpoint": of.checkpoint,
    });
    let steps = Steps { action: "claim", facts: vec![("Proved", proved)], list: vec![step], details };
    let password_file = args.keys.password_file.as_deref();
    let bridge = there.bridge;
    let (plan, outcomes) = steps::run(context, there, (sender, password_file, args.yes), &steps, out)?;
    let events: Vec<_> = logs(&outcomes, bridge).filter_map(told).collect();
    context.emit(
        out,
        || {
            let events: Vec<_> = events.iter().map(Payment::json).collect();
            json!({ "plan": plan, "state": "included", "transactions": steps::json_of(&outcomes), "events": events })
        },
        |out| {
            for event in &events {
                writeln!(out, "Done        {}", event.sentence(&unit))?;
            }
            Ok(())
        },
    )
}

/// The root chain of an exit; its bridge must be the one that the exit names.
fn registered(context: &Context, of: &ExitProof) -> eyre::Result<Root> {
    let roots = view::status(context)?.view.roots;
    let found = roots.into_iter().find(|root| root.root_id == of.root_id);
    let root = found.ok_or_else(|| faults_bridge::NO_ROOT.report(&of.root))?;
    if root.bridge != of.root_bridge {
        let detail = format!("the exit is for the bridge {}, registered is {}", of.root_bridge, root.bridge);
        return Err(faults_bridge::WRONG_CHAIN.report(&detail));
    }
    Ok(root)
}

/// The checkpoint manager behind a bridge.
pub(super) fn manager(there: &There) -> eyre::Result<Address> {
    there.view(there.bridge, &IRootBridge::checkpointsCall {})
}

/// Height of the newest checkpoint that the root chain has; where that is none, of one that the node knows of.
fn newest(there: &There, of: &ExitProof) -> eyre::Result<u64> {
    let manager = manager(there)?;
    let tip = there.view(manager, &ICheckpointManager::trustedCall {})?.height;
    let has = |height: u64| -> eyre::Result<bool> {
        let data = ICheckpointManager::exitRootCall { height }.abi_encode().into();
        Ok(there.simulate(&Call { from: None, to: manager, value: U256::ZERO, data })?.result.is_ok())
    };
    // While a recovery waits the tip is followed without checkpoints.
    if has(tip)? {
        return Ok(tip);
    }
    if of.is_checkpoint == Some(true) && has(of.checkpoint)? {
        return Ok(of.checkpoint);
    }
    Err(faults_bridge::NO_CHECKPOINT
        .report(&format!("{} follows block {tip}, but has no checkpoint of it", there.name)))
}

/// What a claim would pay now, in the token's smallest unit.
fn paid_now(there: &There, from: Address, of: &ExitProof) -> eyre::Result<U256> {
    let call = Call { from: Some(from), to: there.bridge, value: U256::ZERO, data: of.calldata.clone() };
    match there.simulate(&call)?.result {
        Ok(output) => Ok(IRootBridge::claimCall::abi_decode_returns(&output).unwrap_or(of.exit.amount)),
        Err(revert) => Err(reverted(&revert)),
    }
}

fn print(context: &Context, of: &Told<ExitProof>, out: &mut impl Write) -> eyre::Result<()> {
    context.emit(
        out,
        || of.json.clone(),
        |out| {
            let of = &of.view;
            let bridge = describe_bridge::account(U256::from(of.root_id), of.root_bridge);
            writeln!(out, "Contract    {bridge} on {}", of.root)?;
            writeln!(out, "Exit        {}, by the checkpoint of block {}", of.exit.index, of.checkpoint)?;
            if let Some(note) = &of.note {
                writeln!(out, "Note        {}", show::clean(note))?;
            }
            Ok(writeln!(out, "Calldata    {}", of.calldata)?)
        },
    )
}

/// Logs of a contract in all transactions.
pub(super) fn logs(outcomes: &[Outcome], contract: Address) -> impl Iterator<Item = &RootLog> {
    outcomes.iter().flat_map(|of| &of.logs).filter(move |log| log.address == contract)
}

/// What a claim did.
#[derive(Debug, PartialEq, Eq)]
enum Payment {
    Paid { index: u32, amount: U256, left: U256 },
    Delayed { index: u32, from: u64 },
}

fn told(log: &RootLog) -> Option<Payment> {
    let topics = || log.data.topics().iter().copied();
    if let Ok(of) = IRootBridge::ExitPaid::decode_raw_log(topics(), &log.data.data) {
        return Some(Payment::Paid { index: of.index, amount: of.amount, left: of.left });
    }
    let of = IRootBridge::ExitDelayed::decode_raw_log(topics(), &log.data.data).ok()?;
    Some(Payment::Delayed { index: of.index, from: of.payableFrom })
}

impl Payment {
    fn sentence(&self, unit: &super::units::Unit) -> String {
        match self {
            Self::Paid { index, amount, left } if left.is_zero() => {
                format!("exit {index} is paid: {}", unit.show(*amount))
            }
            Self::Paid { index, amount, left } => format!(
                "{} of exit {index} is paid, as the limit of the day allows; claim again for the rest, {}",
                unit.show(*amount),
                unit.show(*left)
            ),
            Self::Delayed { index, from } => {
                format!("exit {index} is large and waits; claim again from {}", show::time(*from))
            }
        }
    }

    fn json(&self) -> Value {
        match self {
            Self::Paid { index, amount, left } => {
                json!({ "name": "ExitPaid", "index": index, "amount": amount.to_string(), "left": left.to_string() })
            }
            Self::Delayed { index, from } => json!({ "name": "ExitDelayed", "index": index, "payableFrom": from }),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::super::units::Unit;
    use super::*;
    use alloy_primitives::{B256, LogData};

    fn log(data: LogData) -> RootLog {
        RootLog { block: 1, transaction: B256::ZERO, index: 0, address: Address::repeat_byte(9), data }
    }

    #[test]
    fn what_a_claim_did_is_told() {
        let (token, to) = (Address::repeat_byte(1), Address::repeat_byte(2));
        let unit = Unit::new("USDT", 6);
        let paid = |amount: u64, left: u64| {
            let (amount, left) = (U256::from(amount), U256::from(left));
            let event = IRootBridge::ExitPaid { index: 7, token, to, receiver: to, amount, left };
            told(&log(event.encode_log_data())).unwrap().sentence(&unit)
        };
        assert_eq!(paid(2_500_000, 0), "exit 7 is paid: 2.5 USDT");
        assert!(paid(1, 3_000_000).ends_with("claim again for the rest, 3 USDT"));
        let event = IRootBridge::ExitDelayed { index: 7, token, to, amount: U256::from(5), payableFrom: 1_769_860_800 };
        let event = told(&log(event.encode_log_data())).unwrap();
        assert_eq!(event.json()["payableFrom"], 1_769_860_800);
        assert!(event.sentence(&unit).contains("2026-01-31 12:00:00 UTC"));
        let other = IRootBridge::GuardianChanged { guardian: to };
        assert_eq!(told(&log(other.encode_log_data())), None);
    }
}

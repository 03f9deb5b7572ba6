//! `bttc bridge submit`: a checkpoint is brought to a root chain by hand.

use super::{
    Context,
    args::{RootName, ThereArgs},
    claim, faults_bridge,
    steps::{self, Step, Steps},
    there::There,
    view::{self, Checkpoint},
};
use alloy_primitives::{Address, Bytes, U256};
use bttc_contracts::root::ICheckpointManager;
use serde_json::json;
use std::io::Write;

/// Gas of a `submit` and a `collect` (docs/bridge.md, "Checkpoints").
const SUBMIT_GAS: u64 = 530_000;
const COLLECT_GAS: u64 = 255_000;

pub(super) fn run(
    context: &Context,
    (height, root): (Option<u64>, RootName),
    calldata: bool,
    args: &ThereArgs,
    out: &mut impl Write,
) -> eyre::Result<()> {
    let registered = view::root(context, root)?;
    if calldata
        && args.root_rpc.is_none()
        && let Some(height) = height
    {
        let told = view::checkpoint(context, height)?.view;
        return print(context, root, None, &told, out);
    }
    let there = There::connect(&registered, args)?;
    let manager = claim::manager(&there)?;
    if there.view(manager, &ICheckpointManager::stoppedCall {})? {
        return Err(faults_bridge::STOPPED.report(&registered.name));
    }
    let tip = there.view(manager, &ICheckpointManager::trustedCall {})?.height;
    let next = view::next_checkpoint(context, tip)?;
    let height = match height.or(next.height) {
        Some(height) if height > tip => height,
        Some(height) => {
            return Err(faults_bridge::OLD_CHECKPOINT.report(&format!("it has block {tip}, asked for was {height}")));
        }
        None => {
            let detail = format!("it has block {tip}, and the head here is {}", next.head);
            return Err(faults_bridge::OLD_CHECKPOINT.report(&detail));
        }
    };
    let told = view::checkpoint(context, height)?.view;
    if calldata {
        return print(context, root, Some(manager), &told, out);
    }
    let sender = there.sender(&context.book)?;
    let details = json!({ "height": height, "blockHash": told.block_hash, "changesSet": told.changes_set });
    let facts = vec![(
        "Checkpoint",
        format!(
            "block {height} {}, signed by {} of {}{}",
            told.block_hash,
            told.signed_power,
            told.total_power,
            if told.changes_set { "; it names another set of validators" } else { "" }
        ),
    )];
    let steps = Steps { action: "submit", facts, list: list(root, manager, &told), details };
    let password_file = args.keys.password_file.as_deref();
    let (plan, outcomes) = steps::run(context, there, (sender, password_file, args.yes), &steps, out)?;
    context.emit(
        out,
        || json!({ "plan": plan, "state": "included", "transactions": steps::json_of(&outcomes), "height": height }),
        |out| Ok(writeln!(out, "Done        {root} has the checkpoint of block {height}")?),
    )
}

/// Calls in the order in which they are sent: TRON bounds the signatures of one.
fn calls(root: RootName, of: &Checkpoint) -> Vec<&Bytes> {
    match root {
        RootName::Ethereum => vec![&of.submit],
        RootName::Tron => of.parts.collect.iter().chain([&of.parts.submit]).collect(),
    }
}

fn list(root: RootName, manager: Address, of: &Checkpoint) -> Vec<Step> {
    let calls = calls(root, of);
    let last = calls.len().saturating_sub(1);
    let step = |(index, data): (usize, &Bytes)| {
        let height = of.height;
        let (key, effect, gas) = match index == last {
            true => {
                (format!("checkpoint/{height}"), format!("makes block {height} a checkpoint of {root}"), SUBMIT_GAS)
            }
            false => (
                format!("checkpoint/{height}/collect/{index}"),
                format!("brings a part of the signatures of block {height}"),
                COLLECT_GAS,
            ),
        };
        Step { key, effect, to: manager, value: U256::ZERO, data: data.clone(), gas }
    };
    calls.into_iter().enumerate().map(step).collect()
}

fn print(
    context: &Context,
    root: RootName,
    manager: Option<Address>,
    of: &Checkpoint,
    out: &mut impl Write,
) -> eyre::Result<()> {
    let calls = calls(root, of);
    context.emit(
        out,
        || json!({ "root": root.to_string(), "contract": manager.map(|at| at.to_string()), "height": of.height, "calldata": calls }),
        |out| {
            match manager {
                Some(manager) => writeln!(out, "Contract    {manager} on {root}")?,
                None => writeln!(out, "Contract    what `checkpoints()` of the bridge on {root} says")?,
            }
            writeln!(out, "Checkpoint  block {}", of.height)?;
            for call in &calls {
                writeln!(out, "Calldata    {call}")?;
            }
            Ok(())
        },
    )
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn tron_takes_the_signatures_in_parts() {
        let of: Checkpoint = serde_json::from_value(json!({
            "height": 9, "blockHash": alloy_primitives::B256::ZERO, "changesSet": true, "signedPower": 67, "totalPower": 100,
            "submit": "0x01", "parts": { "collect": ["0x02", "0x03"], "submit": "0x04" },
        }))
        .unwrap();
        let data = |root| -> Vec<u8> { calls(root, &of).into_iter().map(|call| call[0]).collect() };
        assert_eq!((data(RootName::Ethereum), data(RootName::Tron)), (vec![1], vec![2, 3, 4]));
        let steps = list(RootName::Tron, Address::ZERO, &of);
        let keys: Vec<_> = steps.iter().map(|step| &*step.key).collect();
        assert_eq!(keys, ["checkpoint/9/collect/0", "checkpoint/9/collect/1", "checkpoint/9"]);
    }
}

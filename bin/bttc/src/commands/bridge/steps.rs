//! Transactions on a root chain, one after the other: shown with what they cost, confirmed, signed, handed out.

use super::{
    Context,
    kept::Kept,
    keys::Sender,
    send::confirm,
    show,
    there::{Outcome, There, reverted},
};
use alloy_primitives::{Address, Bytes, U256};
use bttc_bridge::root::{Attempt, Call, FeePolicy};
use serde_json::{Value, json};
use std::{io::Write, path::Path};

/// One transaction.
#[derive(Debug)]
pub(super) struct Step {
    /// The same for the same thing, whenever it is asked for.
    pub(super) key: String,
    /// What it does.
    pub(super) effect: String,
    pub(super) to: Address,
    /// Of the coin, in its smallest unit.
    pub(super) value: U256,
    pub(super) data: Bytes,
    /// Gas that it takes about, for where it cannot be tried because the step before it has not happened.
    pub(super) gas: u64,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Steps {
    /// One word, the same as the command.
    pub(super) action: &'static str,
    /// Further lines: what, and how it is.
    pub(super) facts: Vec<(&'static str, String)>,
    pub(super) list: Vec<Step>,
    /// For programs.
    pub(super) details: Value,
}

/// What a step costs. Unit: the smallest of the coin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cost {
    gas: u64,
    fee: U256,
    most: U256,
}

/// Carries all out; what each did, in their order, and the plan for programs.
///
/// A step that an earlier run has begun is gone on with first, without a question: it was confirmed then, and may have happened.
pub(super) fn run(
    context: &Context,
    mut there: There,
    (sender, password_file, yes): (Sender, Option<&Path>, bool),
    steps: &Steps,
    out: &mut impl Write,
) -> eyre::Result<(Value, Vec<Outcome>)> {
    let kept = Kept::open()?;
    let from = sender.address;
    let mut sender = Some(sender);
    let mut outcomes = Vec::new();
    let mut rest = steps.list.as_slice();
    if let Some((index, attempt)) = begun(&there, &kept, from, &steps.list)? {
        if !context.json {
            writeln!(out, "Goes on     with what was handed out before: {}", steps_effect(&steps.list, index))?;
            out.flush()?;
        }
        let fee = FeePolicy::new(there.confirmed(&attempt)?);
        // Where nobody has to be asked for the password, higher fees can be offered again.
        if let Some(sender) = sender.take_if(|sender| password_file.is_some() || sender.is_device()) {
            unlock(&mut there, sender, password_file)?;
        }
        outcomes.push(there.carry(&kept, attempt, &fee)?);
        rest = rest.get(index.saturating_add(1)..).unwrap_or_default();
    }
    let costs = costs(&there, from, rest)?;
    let plan = plan_json(&there, from, steps, &costs);
    if rest.is_empty() {
        return Ok((plan, outcomes));
    }
    if !context.json {
        write(&there, from, steps, (rest, &costs), out)?;
        out.flush()?;
    }
    if let Err(refused) = confirm(yes, if rest.len() == 1 { "Send it?" } else { "Send them?" }) {
        if context.json {
            writeln!(out, "{:#}", json!({ "plan": plan, "state": "notSent" }))?;
        }
        return Err(refused);
    }
    if let Some(sender) = sender {
        unlock(&mut there, sender, password_file)?;
    }
    for (step, cost) in rest.iter().zip(&costs) {
        let fee = FeePolicy::new(cost.most);
        let call = (step.value, &step.data);
        let attempt = there.prepare(&kept, from, (&step.key, step.to), call, &fee)?;
        let outcome = there.carry(&kept, attempt, &fee)?;
        if !context.json {
            let word = if outcome.is_final { "final" } else { "included" };
            writeln!(out, "Transaction {}\nBlock       {} of {}, {word}", outcome.id, outcome.block, there.name)?;
            out.flush()?;
        }
        outcomes.push(outcome);
    }
    Ok((plan, outcomes))
}

fn unlock(there: &mut There, sender: Sender, password_file: Option<&Path>) -> eyre::Result<()> {
    if sender.is_device() {
        writeln!(
            std::io::stderr(),
            "The Ledger shows what it signs: contract, value, chain. Compare, and confirm there."
        )?;
    }
    there.unlock(sender.open(password_file)?)
}

fn steps_effect(steps: &[Step], index: usize) -> &str {
    steps.get(index).map_or("", |step| &step.effect)
}

/// A step that was begun before, the last of them if there are several.
fn begun(there: &There, kept: &Kept, from: Address, steps: &[Step]) -> eyre::Result<Option<(usize, Attempt)>> {
    for (index, step) in steps.iter().enumerate().rev() {
        if let Some(attempt) = there.begun(kept, from, &step.key)? {
            return Ok(Some((index, attempt)));
        }
    }
    Ok(None)
}

/// The first is tried; the others cannot be yet, and cost what their gas costs at the same price.
fn costs(there: &There, from: Address, steps: &[Step]) -> eyre::Result<Vec<Cost>> {
    let Some(first) = steps.first() else { return Ok(Vec::new()) };
    let call = Call { from: Some(from), to: first.to, value: first.value, data: first.data.clone() };
    let simulated = there.simulate(&call)?;
    if let Err(revert) = &simulated.result {
        return Err(reverted(revert));
    }
    let price = simulated.cost.checked_div(U256::from(simulated.gas)).unwrap_or_default();
    let cost = |step: &Step| -> eyre::Result<Cost> {
        let tried = std::ptr::eq(step, first);
        let gas = if tried { simulated.gas } else { step.gas };
        let fee = if tried { simulated.cost } else { price.saturating_mul(U256::from(gas)) };
        Ok(Cost { gas, fee, most: there.ceiling(fee)? })
    };
    steps.iter().map(cost).collect()
}

fn write(
    there: &There,
    from: Address,
    steps: &Steps,
    (rest, costs): (&[Step], &[Cost]),
    out: &mut impl Write,
) -> eyre::Result<()> {
    let coin = there.coin();
    writeln!(out, "Account     {} on {}", show::address(from), there.name)?;
    for (what, how) in &steps.facts {
        writeln!(out, "{what:<11} {how}")?;
    }
    let gas_word = if there.name == super::args::RootName::Tron { "energy" } else { "gas" };
    for (number, (step, cost)) in (1..).zip(rest.iter().zip(costs)) {
        let what = if rest.len() == 1 { "Effect".to_owned() } else { format!("Step {number}") };
        writeln!(out, "{what:<11} {}", step.effect)?;
        let (fee, most) = (coin.show(cost.fee), coin.show(cost.most));
        writeln!(out, "Fee         about {fee} ({} {gas_word}), at most {most}", cost.gas)?;
    }
    Ok(())
}

fn plan_json(there: &There, from: Address, steps: &Steps, costs: &[Cost]) -> Value {
    let skipped = steps.list.len().saturating_sub(costs.len());
    let list: Vec<_> = steps
        .list
        .iter()
        .skip(skipped)
        .zip(costs)
        .map(|(step, cost)| {
            json!({
                "effect": step.effect,
                "to": step.to.to_string(),
                "value": step.value.to_string(),
                "data": step.data,
                "gas": cost.gas,
                "fee": cost.fee.to_string(),
                "mostFee": cost.most.to_string(),
            })
        })
        .collect();
    json!({
        "action": steps.action,
        "root": there.name.to_string(),
        "from": from.to_string(),
        "steps": list,
        "details": steps.details,
    })
}

/// What was sent, for programs.
pub(super) fn json_of(outcomes: &[Outcome]) -> Value {
    let one = |of: &Outcome| json!({ "hash": of.id, "block": of.block, "final": of.is_final });
    json!(outcomes.iter().map(one).collect::<Vec<_>>())
}

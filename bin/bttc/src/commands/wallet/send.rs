//! From a plan to a block: shown, confirmed, signed, sent, waited for.
//!
//! Once a signed transaction may have left this machine, no error says that it failed unless a block says so: it says that its state is
//! unknown, and how to look.

use super::{
    Context,
    args::{SendArgs, WaitArgs},
    events, faults,
    keys::Sender,
    node::NodeFault,
    offline,
    plan::{self, Intent, Plan},
    who::Names,
};
use alloy_consensus::TxEnvelope;
use alloy_eips::Encodable2718;
use alloy_primitives::{Address, B256, Bytes, U64, U256};
use bttc_primitives::format_btt;
use eyre::WrapErr;
use serde_json::{Value, json};
use std::{
    io::{self, BufRead, IsTerminal, Write},
    time::{Duration, Instant},
};

/// Between two looks for the receipt.
const LOOK: Duration = Duration::from_millis(300);
/// Between two words about how long it takes already.
const WORD: Duration = Duration::from_secs(5);

/// Nobody said yes; nothing was sent. Ends the program with code 2.
#[derive(Debug, thiserror::Error)]
#[error("nothing was sent: {0}")]
pub(crate) struct NotConfirmed(&'static str);

/// The account that acts, and with it everything up to the receipt.
pub(crate) fn run(
    context: &Context,
    args: &SendArgs,
    out: &mut impl Write,
    intent: impl FnOnce(Address) -> eyre::Result<(Intent, Names)>,
) -> eyre::Result<()> {
    let sender = Sender::find(&args.keys, &context.book, args.unsigned.is_none())?;
    let (intent, names) = intent(sender.address)?;
    let plan = Plan::make(context, sender.address, args.nonce, intent)?;
    if !context.json {
        plan.write(&names, out)?;
        out.flush()?;
    }
    if let Some(file) = &args.unsigned {
        offline::write_new(file, &plan.transaction)?;
        return context.emit(
            out,
            || json!({ "plan": plan.json(), "state": "unsigned", "file": file }),
            |out| {
                Ok(writeln!(
                    out,
                    "Written to {}; sign it with `bttc {} sign {0}`. Nothing was sent.",
                    file.display(),
                    context.family
                )?)
            },
        );
    }
    if let Err(refused) = confirm(args.yes, "Send it?") {
        if context.json {
            writeln!(out, "{:#}", json!({ "plan": plan.json(), "state": "notSent" }))?;
        }
        return Err(refused);
    }
    let key = sender.open(args.keys.password_file.as_deref())?;
    let signed = plan.transaction.sign(&key)?;
    drop(key);
    hand_out(context, &signed, args.wait, Some(&plan), &names, out)
}

/// Asks on the terminal, unless `yes` was said beforehand.
pub(crate) fn confirm(yes: bool, question: &str) -> eyre::Result<()> {
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err(NotConfirmed("this was a dry run, as there is no terminal to ask on; add -y to send").into());
    }
    write!(io::stderr(), "{question} [y/N] ")?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).wrap_err("cannot read the answer")?;
    match answer.trim().eq_ignore_ascii_case("y") || answer.trim().eq_ignore_ascii_case("yes") {
        true => Ok(()),
        false => Err(NotConfirmed("you did not say y").into()),
    }
}

/// Sends a signed transaction and waits for it.
pub(crate) fn hand_out(
    context: &Context,
    signed: &TxEnvelope,
    wait_args: WaitArgs,
    plan: Option<&Plan>,
    names: &Names,
    out: &mut impl Write,
) -> eyre::Result<()> {
    let hash = *signed.tx_hash();
    // Told before it leaves: whatever happens then, this is what to look for.
    writeln!(io::stderr(), "Transaction {hash}")?;
    let raw = Bytes::from(signed.encoded_2718());
    match context.node.ask::<B256>("eth_sendRawTransaction", json!([raw])) {
        Ok(_) => {}
        Err(NodeFault::Refused { message, .. }) if message.contains("already known") => {}
        Err(fault @ NodeFault::Refused { .. }) => return Err(faults::of_node(fault)).wrap_err("it was not sent"),
        Err(fault) => return Err(unknown(context, hash, &fault.to_string())),
    }
    wait(context, hash, wait_args, plan, names, out)
}

fn unknown(context: &Context, hash: B256, why: &str) -> eyre::Report {
    let family = context.family;
    faults::UNKNOWN.report(&format!(
        "{hash}: {why}. Look with `bttc {family} resume {hash}`; to try again, give the same --nonce, so that only one of the two can count"
    ))
}

/// Waits for the receipt and tells what happened.
pub(crate) fn wait(
    context: &Context,
    hash: B256,
    args: WaitArgs,
    plan: Option<&Plan>,
    names: &Names,
    out: &mut impl Write,
) -> eyre::Result<()> {
    let start = Instant::now();
    let mut said = start;
    let receipt = loop {
        match context.node.ask::<Value>("eth_getTransactionReceipt", json!([hash])) {
            Ok(Value::Null) => {}
            Ok(receipt) => break receipt,
            Err(fault) if fault.is_away() => return Err(unknown(context, hash, &fault.to_string())),
            Err(fault) => return Err(unknown(context, hash, &faults::of_node(fault).to_string())),
        }
        if start.elapsed() >= args.timeout {
            let known: Value = context.node.ask("eth_getTransactionByHash", json!([hash])).unwrap_or_default();
            let why = match known {
                Value::Null => "this node does not know it (any more)",
                _ => "it waits in the pool of the node and is in no block yet",
            };
            return Err(unknown(context, hash, why));
        }
        if said.elapsed() >= WORD {
            said = Instant::now();
            writeln!(io::stderr(), "waiting for a block with it, for {} s now ...", start.elapsed().as_secs())?;
        }
        std::thread::sleep(LOOK);
    };
    report(context, hash, &receipt, plan, names, out)
}

fn report(
    context: &Context,
    hash: B256,
    receipt: &Value,
    plan: Option<&Plan>,
    names: &Names,
    out: &mut impl Write,
) -> eyre::Result<()> {
    let number = |key: &str| receipt[key].as_str().and_then(|text| text.parse::<U256>().ok()).unwrap_or_default();
    let height: u64 = number("blockNumber").saturating_to();
    let fee = number("gasUsed").saturating_mul(number("effectiveGasPrice"));
    let included = number("status") == U256::from(1);
    let events = events::of_receipt(receipt);
    let mut answer = json!({
        "state": if included { "included" } else { "reverted" },
        "hash": hash,
        "block": height,
        "fee": fee.to_string(),
        "events": events.iter().map(|event| event.json()).collect::<Vec<_>>(),
    });
    if let (Some(plan), Some(fields)) = (plan, answer.as_object_mut()) {
        fields.insert("plan".to_owned(), plan.json());
    }
    context.emit(
        out,
        || answer,
        |out| {
            writeln!(out, "Transaction {hash}")?;
            writeln!(out, "Block       {height}, fee {}", format_btt(fee))?;
            for event in &events {
                writeln!(out, "Done        {}", event.sentence(names))?;
            }
            Ok(())
        },
    )?;
    if included {
        return Ok(());
    }
    let transaction: Value = context.node.ask("eth_getTransactionByHash", json!([hash])).unwrap_or_default();
    let before = json!(U64::from(height.saturating_sub(1)));
    match plan::why_it_failed(context, &transaction, before) {
        Some(why) => Err(why).wrap_err_with(|| faults::REVERTED.report(&hash.to_string())),
        None => Err(faults::REVERTED.report(&format!("{hash}; perhaps its gas ran out"))),
    }
}

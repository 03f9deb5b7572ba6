//! `bttc bridge status` and `checkpoints`: how the bridge is, and how far a transfer is.

use super::{
    Context,
    args::{RootName, Transfer},
    faults_bridge,
    limits::paused,
    show, tokens,
    view::{self, Deposit, DepositStatus, Exit, ExitStatus, Root, Told},
};
use crate::commands::wallet::describe_bridge;
use alloy_primitives::U256;
use bttc_primitives::format_btt;
use serde_json::{Value, json};
use std::{
    io::Write,
    time::{Duration, Instant},
};

/// Between two looks at a transfer.
const LOOK: Duration = Duration::from_secs(2);

/// The whole bridge.
pub(super) fn whole(context: &Context, out: &mut impl Write) -> eyre::Result<()> {
    let told = view::status(context)?;
    context.emit(
        out,
        || told.json.clone(),
        |out| {
            let of = &told.view;
            writeln!(out, "Block       {} in epoch {}", of.height, of.epoch)?;
            writeln!(out, "Exits       {} so far{}", of.exit_count, paused(of.out_paused_until))?;
            writeln!(
                out,
                "Reserve     {} that deposits can release{}",
                format_btt(of.reserve),
                paused(of.in_paused_until)
            )?;
            if let Some(guardian) = of.guardian {
                writeln!(out, "Guardian    {}", show::address(guardian))?;
            }
            if of.roots.is_empty() {
                writeln!(out, "Root chains none is registered")?;
            }
            of.roots.iter().try_for_each(|root| write_root(root, out))
        },
    )
}

fn write_root(of: &Root, out: &mut impl Write) -> eyre::Result<()> {
    let bridge = describe_bridge::account(U256::from(of.root_id), of.bridge);
    let closed = if of.enabled { "" } else { "; CLOSED by governance" };
    writeln!(out)?;
    writeln!(out, "Root chain  {} (chain {}), bridge {bridge}{closed}", of.name, of.chain_id)?;
    writeln!(out, "Records     {} carried out, {} accepted{}", of.executed, of.accepted, paused(of.in_paused_until))?;
    if of.btt.is_some() {
        let out_paused = paused(of.out_paused_until);
        writeln!(out, "BTT         {} can leave for it{out_paused}", format_btt(of.btt_locked))?;
    }
    if let Some(count) = of.kept_count.filter(|count| *count > 0) {
        let numbers: Vec<_> = of.kept.iter().take(10).map(|nonce| format!("{}/{nonce}", of.name)).collect();
        writeln!(out, "Kept        {count} deposits could not be delivered: {}", numbers.join(", "))?;
    }
    let Some(relay) = &of.relay else {
        let note = of.note.as_deref().unwrap_or("not known");
        return Ok(writeln!(out, "Relayer     {}", show::clean(note))?);
    };
    if let Some(seen) = &relay.final_head {
        let records = relay.records.map(|count| format!(", {count} records")).unwrap_or_default();
        writeln!(out, "Final there block {} of {}{records}", seen.height, show::time(seen.time))?;
    }
    match &relay.checkpoint {
        Some(seen) => writeln!(out, "Checkpoint  block {} of {}", seen.height, show::time(seen.time))?,
        None => writeln!(out, "Checkpoint  none yet")?,
    }
    if relay.stopped {
        writeln!(out, "Stopped     the trusted set there is too old; its owner must recover it")?;
    }
    if let Some(until) = relay.paused_until {
        writeln!(out, "Paused      until {}: its bridge takes and pays nothing", show::time(until))?;
    }
    if let Some(why) = &relay.waiting {
        writeln!(out, "Waiting     a checkpoint is due, but {}", show::clean(why))?;
    }
    if let Some(days) = relay.fee_days {
        writeln!(out, "Fees        the account of the relayer lasts {days} days more")?;
    }
    match &relay.last_error {
        Some(error) => Ok(writeln!(out, "Trouble     {}", show::clean(error))?),
        None => Ok(()),
    }
}

/// What became of a transfer.
enum Look {
    Exit(Told<ExitStatus>),
    Deposit(Told<DepositStatus>),
}

/// Whether to look on.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    /// It goes on by itself.
    Waits,
    /// An exit can be claimed, a deposit is delivered, or a person must act.
    Over,
    /// Looking again is of no use.
    Never(String),
}

impl Look {
    fn at(context: &Context, id: Transfer, root: Option<RootName>) -> eyre::Result<Self> {
        match id {
            Transfer::Exit(_) if root.is_none() => view::exit(context, id).map(Self::Exit),
            Transfer::Tx(_) if root.is_none() => {
                let exit = view::exit(context, id)?;
                if exit.view.stage != "unknown" {
                    return Ok(Self::Exit(exit));
                }
                let deposit = view::deposit(context, id, None)?;
                // Where nobody knows it, what is told of this chain is the better answer.
                let known = deposit.view.stage != "unknown";
                Ok(if known { Self::Deposit(deposit) } else { Self::Exit(exit) })
            }
            Transfer::Exit(index) => {
                let detail =
                    format!("{index} is an index; a deposit is a transaction on the root chain, or such as tron/17");
                Err(faults_bridge::NO_TRANSFER.report(&detail))
            }
            _ => view::deposit(context, id, root).map(Self::Deposit),
        }
    }

    fn json(&self) -> Value {
        match self {
            Self::Exit(told) => json!({ "kind": "exit", "status": told.json }),
            Self::Deposit(told) => json!({ "kind": "deposit", "status": told.json }),
        }
    }

    fn next(&self) -> Next {
        match self {
            Self::Exit(told) => next_of_exit(&told.view),
            Self::Deposit(told) => next_of_deposit(&told.view),
        }
    }

    /// Lines for people: what, and how it is; estimates are the last of each.
    fn lines(&self, context: &Context) -> Vec<(&'static str, String)> {
        match self {
            Self::Exit(told) => {
                let of = &told.view;
                if of.exits.is_empty() {
                    return vec![("Stage", with_reason(&of.stage, of.reason.as_deref()))];
                }
                of.exits.iter().flat_map(|exit| exit_lines(context, exit)).collect()
            }
            Self::Deposit(told) => {
                let of = &told.view;
                if of.deposits.is_empty() {
                    return vec![("Stage", with_reason(&of.stage, of.reason.as_deref()))];
                }
                let root = of.root.as_deref().unwrap_or("the root chain");
                of.deposits.iter().flat_map(|deposit| deposit_lines(context, root, deposit)).collect()
            }
        }
    }
}

/// What nodes say that have no relayer (crates/rpc/src/bridge_values.rs).
fn is_unwatched(reason: Option<&str>) -> bool {
    reason.is_some_and(|reason| reason.contains("does not watch"))
}

fn next_of_exit(of: &ExitStatus) -> Next {
    let claimable = |exit: &Exit| matches!(&*exit.stage, "checkpointed" | "partly paid" | "paid");
    match &*of.stage {
        "failed" | "no exit" => Next::Never(with_reason(&of.stage, of.reason.as_deref())),
        "final" if of.exits.iter().all(claimable) => Next::Over,
        "final" => match of.exits.iter().find(|exit| exit.stage == "final" && is_unwatched(exit.reason.as_deref())) {
            Some(exit) => Next::Never(exit.reason.clone().unwrap_or_default()),
            None => Next::Waits,
        },
        _ => Next::Waits,
    }
}

fn next_of_deposit(of: &DepositStatus) -> Next {
    let over = |deposit: &Deposit| matches!(&*deposit.stage, "executed" | "kept" | "replayed" | "refunded");
    match &*of.stage {
        "failed" | "no deposit" => Next::Never(with_reason(&of.stage, of.reason.as_deref())),
        "unknown" if of.deposits.is_empty() && is_unwatched(of.reason.as_deref()) => {
            Next::Never(of.reason.clone().unwrap_or_default())
        }
        _ if !of.deposits.is_empty() && of.deposits.iter().all(over) => Next::Over,
        _ => Next::Waits,
    }
}

fn with_reason(stage: &str, reason: Option<&str>) -> String {
    match reason {
        Some(reason) => format!("{stage}: {}", show::clean(reason)),
        None => stage.to_owned(),
    }
}

fn eta(seconds: Option<u64>) -> Option<(&'static str, String)> {
    seconds.map(|seconds| ("Next", format!("in about {}", humantime::format_duration(Duration::from_secs(seconds)))))
}

fn exit_lines(context: &Context, of: &Exit) -> Vec<(&'static str, String)> {
    let unit = tokens::unit_of(context, of.root_id, of.token);
    let to = describe_bridge::account(U256::from(of.root_id), of.to);
    let what = format!("{} to {to} on {}, final here in block {}", unit.show(of.amount), of.root, of.height);
    let mut lines = vec![("Exit", format!("{}: {what}", of.index))];
    lines.push(("Stage", with_reason(&of.stage, of.reason.as_deref())));
    if let Some(paid) = of.paid.filter(|paid| !paid.is_zero()) {
        lines.push(("Paid", unit.show(paid)));
    }
    if let Some(from) = of.payable_from.filter(|_| of.stage == "delayed") {
        lines.push(("Payable", format!("from {}", show::time(from))));
    }
    if matches!(&*of.stage, "checkpointed" | "partly paid") {
        lines.push(("Claim", format!("bttc bridge claim {} --root-rpc URL; anybody may", of.index)));
    }
    lines.extend(eta(of.eta_seconds));
    lines
}

fn deposit_lines(context: &Context, root: &str, of: &Deposit) -> Vec<(&'static str, String)> {
    let what = of.deposit.as_ref().map_or_else(String::new, |sent| {
        let unit = tokens::unit_of(context, of.root_id, sent.token);
        format!(": {} to {}", unit.show(sent.amount), show::address(sent.to))
    });
    let mut lines = vec![("Deposit", format!("{root}/{}{what}", of.nonce))];
    lines.push(("Stage", with_reason(&of.stage, of.reason.as_deref())));
    if of.stage == "kept" {
        lines.push(("Replay", format!("bttc bridge replay {root} {}; anybody may", of.nonce)));
        let from = of.refundable_from.map(show::time).unwrap_or_default();
        lines.push(("Refund", format!("bttc bridge refund {root} {}, from {from}", of.nonce)));
    }
    if let Some(exit) = of.exit {
        lines.push(("Follow", format!("bttc bridge status {exit} --wait")));
    }
    lines.extend(eta(of.eta_seconds));
    lines
}

/// One transfer; with `wait` until it is claimable or delivered.
pub(super) fn one(
    context: &Context,
    (text, root): (&str, Option<RootName>),
    wait: Option<Option<Duration>>,
    out: &mut impl Write,
) -> eyre::Result<()> {
    let id: Transfer = text.parse().map_err(|why: String| faults_bridge::NO_TRANSFER.report(&why))?;
    let start = Instant::now();
    let mut shown = Vec::new();
    loop {
        let look = Look::at(context, id, root)?;
        let next = look.next();
        if !context.json {
            let lines = look.lines(context);
            // Estimates change by themselves.
            let lasting: Vec<_> = lines.iter().filter(|(what, _)| *what != "Next").cloned().collect();
            if lasting != shown {
                for (what, how) in &lines {
                    writeln!(out, "{what:<11} {how}")?;
                }
                out.flush()?;
                shown = lasting;
            }
        }
        let json = |out: &mut _| -> eyre::Result<()> {
            match context.json {
                true => Ok(Write::write_fmt(out, format_args!("{:#}\n", look.json()))?),
                false => Ok(()),
            }
        };
        let Some(limit) = wait else { return json(out) };
        match next {
            Next::Over => return json(out),
            Next::Never(why) => {
                json(out)?;
                return Err(faults_bridge::NOT_OVER.report(&show::clean(&why)));
            }
            Next::Waits => {}
        }
        if limit.is_some_and(|limit| start.elapsed() >= limit) {
            json(out)?;
            return Err(faults_bridge::NOT_OVER.report(&format!("after {:?}", limit.unwrap_or_default())));
        }
        std::thread::sleep(LOOK);
    }
}

/// Checkpoints of root chains.
pub(super) fn checkpoints(
    context: &Context,
    root: Option<RootName>,
    limit: u16,
    out: &mut impl Write,
) -> eyre::Result<()> {
    let ids: Vec<u8> = match root {
        Some(root) => vec![view::root(context, root)?.root_id],
        None => view::status(context)?.view.roots.iter().map(|root| root.root_id).collect(),
    };
    let told: Vec<_> = ids.into_iter().map(|id| view::checkpoints(context, id, limit)).collect::<eyre::Result<_>>()?;
    context.emit(
        out,
        || json!(told.iter().map(|of| of.json.clone()).collect::<Vec<_>>()),
        |out| {
            if told.is_empty() {
                writeln!(out, "no root chain is registered")?;
            }
            for of in told.iter().map(|told| &told.view) {
                if let Some(note) = &of.note {
                    writeln!(out, "{}: {}", of.root, show::clean(note))?;
                } else if of.checkpoints.is_empty() {
                    writeln!(out, "{}: none yet", of.root)?;
                }
                let row = |it: &view::Submitted| {
                    let seen = format!("{} {}", it.block.height, show::time(it.block.time));
                    vec![of.root.clone(), it.height.to_string(), seen, it.tx.to_string()]
                };
                if !of.checkpoints.is_empty() {
                    let rows = of.checkpoints.iter().map(row).collect();
                    writeln!(out, "{}", show::table(&["ROOT", "HEIGHT", "BLOCK THERE", "TRANSACTION"], rows, &[1]))?;
                }
            }
            Ok(())
        },
    )
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use alloy_primitives::Address;

    fn exits(stage: &str, each: &[(&str, Option<&str>)]) -> ExitStatus {
        let exit = |(stage, reason): &(&str, Option<&str>)| {
            json!({
                "rootId": 2, "root": "tron", "stage": stage, "reason": reason, "index": 0, "token": Address::ZERO,
                "from": Address::ZERO, "to": Address::ZERO, "amount": "5", "height": 9, "checkpoint": null,
                "paid": null, "payableFrom": null, "etaSeconds": 3,
            })
        };
        let exits: Vec<_> = each.iter().map(exit).collect();
        serde_json::from_value(json!({ "tx": null, "stage": stage, "reason": null, "height": 9, "exits": exits }))
            .unwrap()
    }

    #[test]
    fn an_exit_is_waited_for_until_it_can_be_claimed() {
        assert_eq!(next_of_exit(&exits("unknown", &[])), Next::Waits);
        assert_eq!(next_of_exit(&exits("pending", &[])), Next::Waits);
        assert!(matches!(next_of_exit(&exits("failed", &[])), Next::Never(_)));
        let waits = ("waiting for checkpoint", None);
        assert_eq!(next_of_exit(&exits("final", &[("paid", None), waits])), Next::Waits);
        assert_eq!(next_of_exit(&exits("final", &[("delayed", None)])), Next::Waits);
        assert_eq!(next_of_exit(&exits("final", &[("paid", None), ("checkpointed", None)])), Next::Over);
        let blind = ("final", Some("this node does not watch that root chain"));
        assert!(matches!(next_of_exit(&exits("final", &[blind])), Next::Never(why) if why.contains("watch")));
        assert_eq!(next_of_exit(&exits("final", &[("final", Some("no answer"))])), Next::Waits, "asked again");
    }

    #[test]
    fn a_deposit_is_waited_for_until_it_is_here() {
        let deposits = |stage: &str, reason: Option<&str>, each: &[&str]| -> DepositStatus {
            let deposit = |stage: &&str| json!({ "rootId": 2, "nonce": 1, "stage": stage, "attestedPower": 0 });
            let deposits: Vec<_> = each.iter().map(deposit).collect();
            serde_json::from_value(json!({ "stage": stage, "reason": reason, "deposits": deposits })).unwrap()
        };
        assert_eq!(next_of_deposit(&deposits("pending", None, &[])), Next::Waits);
        assert_eq!(next_of_deposit(&deposits("final there", None, &["executed", "attested"])), Next::Waits);
        assert_eq!(next_of_deposit(&deposits("final there", None, &["executed", "kept"])), Next::Over);
        assert!(matches!(next_of_deposit(&deposits("no deposit", None, &[])), Next::Never(_)));
        let blind = Some("tron: this node does not watch that root chain");
        assert!(matches!(next_of_deposit(&deposits("unknown", blind, &[])), Next::Never(_)));
    }
}

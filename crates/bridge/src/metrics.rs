//! What is counted of the relayer.

use crate::status::{RootStatus, Status};
use alloy_primitives::U256;

/// Names the metrics once.
pub(crate) fn describe() {
    use metrics::{Unit, describe_counter, describe_gauge};
    describe_gauge!("bttc_bridge_final_head", "Last final block of a root chain.");
    describe_gauge!("bttc_bridge_read_block", "Last final block of a root chain whose records were read.");
    describe_gauge!("bttc_bridge_records", "Records of a root bridge by stage: final, accepted, executed.");
    describe_gauge!("bttc_bridge_halted", "1 if the deposits of a root chain stand still until a person has looked.");
    describe_gauge!("bttc_bridge_alarms", "Alarms of a root chain that need a person.");
    describe_gauge!("bttc_bridge_checkpoint_height", "Height of the last final checkpoint on a root chain.");
    describe_gauge!("bttc_bridge_checkpoint_time", Unit::Seconds, "Its block time, since the Unix epoch.");
    describe_gauge!(
        "bttc_bridge_stop_age",
        Unit::Seconds,
        "Age of the last checkpoint after which nothing more is taken."
    );
    describe_gauge!("bttc_bridge_exits_waiting", "Exits that no final checkpoint covers.");
    describe_gauge!("bttc_bridge_intents", "Open transactions on a root chain.");
    describe_gauge!("bttc_bridge_balance", "What the relayer's account has, in the smallest unit of the coin.");
    describe_gauge!("bttc_bridge_balance_least", "What that account should have at least.");
    describe_gauge!("bttc_bridge_fee_days", "Days that the account lasts, if as much is paid as lately.");
    describe_counter!("bttc_bridge_audits_total", "Times that receipts had to be read because logs were missing.");
    describe_counter!("bttc_bridge_votes_total", "Votes given for records of a root chain.");
    describe_counter!("bttc_bridge_executed_total", "Records that this relayer carried out.");
    describe_counter!("bttc_bridge_errors_total", "Rounds that did not work, by part.");
}

/// A part of the relayer did not work.
pub(crate) fn error(root: u8, part: &'static str) {
    metrics::counter!("bttc_bridge_errors_total", "root" => root.to_string(), "part" => part).increment(1);
}

/// A vote was given.
pub(crate) fn vote(root: u8) {
    metrics::counter!("bttc_bridge_votes_total", "root" => root.to_string()).increment(1);
}

/// Records were carried out.
pub(crate) fn executed(root: u8, count: u64) {
    metrics::counter!("bttc_bridge_executed_total", "root" => root.to_string()).increment(count);
}

/// Shows a status.
pub(crate) fn show(status: &Status) {
    for (address, balance) in &status.accounts {
        metrics::gauge!("bttc_bridge_balance", "root" => "0", "account" => address.to_string()).set(number(*balance));
    }
    for (root, status) in &status.roots {
        show_root(root.to_string(), status);
    }
}

fn show_root(root: String, status: &RootStatus) {
    let set = |name: &'static str, value: f64| metrics::gauge!(name, "root" => root.clone()).set(value);
    let count = |number: u64| number as f64;
    let incoming = &status.incoming;
    if let Some(head) = incoming.final_head {
        set("bttc_bridge_final_head", count(head));
    }
    if let Some(read) = incoming.read {
        set("bttc_bridge_read_block", count(read));
    }
    let stages = [("final", incoming.records), ("accepted", incoming.accepted), ("executed", incoming.executed)];
    for (stage, records) in stages {
        metrics::gauge!("bttc_bridge_records", "root" => root.clone(), "stage" => stage).set(count(records));
    }
    set("bttc_bridge_halted", if status.halted.is_some() { 1.0 } else { 0.0 });
    set("bttc_bridge_alarms", status.alarms.len() as f64);
    metrics::counter!("bttc_bridge_audits_total", "root" => root.clone()).absolute(incoming.audits);
    let Some(outgoing) = &status.outgoing else { return };
    set("bttc_bridge_checkpoint_height", count(outgoing.tip));
    set("bttc_bridge_checkpoint_time", count(outgoing.tip_time));
    set("bttc_bridge_stop_age", count(outgoing.stop_age));
    set("bttc_bridge_exits_waiting", outgoing.exits as f64);
    set("bttc_bridge_intents", outgoing.intents.len() as f64);
    if let Some(account) = outgoing.account {
        let account = account.to_string();
        for (name, amount) in [("bttc_bridge_balance", outgoing.balance), ("bttc_bridge_balance_least", outgoing.least)]
        {
            if let Some(amount) = amount {
                metrics::gauge!(name, "root" => root.clone(), "account" => account.clone()).set(number(amount));
            }
        }
    }
    if let Some(days) = outgoing.days_left {
        set("bttc_bridge_fee_days", count(days));
    }
}

/// As near as a gauge can show it.
fn number(amount: U256) -> f64 {
    f64::from(amount)
}

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
    describe_gauge!("bttc_bridge_oldest_exit_time", Unit::Seconds, "Time of the oldest of them; 0 if there is none.");
    describe_gauge!(
        "bttc_bridge_checkpoint_due_time",
        Unit::Seconds,
        "Since when a checkpoint is due that is not on its way; 0 if none is."
    );
    describe_gauge!(
        "bttc_bridge_paused_until",
        Unit::Seconds,
        "End of the pause of the bridge there; 0 or past if none."
    );
    describe_gauge!("bttc_bridge_limit", "What may pass at most at once, in the token's smallest unit, by way.");
    describe_gauge!("bttc_bridge_limit_left", "What of it may pass now.");
    describe_gauge!(
        "bttc_bridge_delivery_refused",
        "1 if our chain refuses to carry out accepted records: paused or closed."
    );
    describe_gauge!("bttc_bridge_intents", "Open transactions on a root chain.");
    describe_gauge!("bttc_bridge_balance", "What the relayer's account has, in the smallest unit of the coin.");
    describe_gauge!("bttc_bridge_balance_least", "What that account should have at least.");
    describe_gauge!("bttc_bridge_fee_days", "Days that the account lasts, if as much is paid as lately.");
    describe_counter!("bttc_bridge_audits_total", "Times that receipts had to be read because logs were missing.");
    describe_counter!(
        "bttc_bridge_outvoted_total",
        "Answers of an endpoint about what is final that the majority contradicts."
    );
    describe_counter!(
        "bttc_bridge_disagreements_total",
        "Times that endpoints contradicted each other without a majority."
    );
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
    use metrics::gauge;
    show_incoming(&root, status);
    // A gauge keeps what it had: zero where there is nothing.
    gauge!("bttc_bridge_paused_until", "root" => root.clone()).set(count(status.paused_until.unwrap_or_default()));
    for limit in &status.limits {
        let (token, way) = (limit.token.to_string(), limit.direction.name());
        gauge!("bttc_bridge_limit_left", "root" => root.clone(), "token" => token.clone(), "way" => way)
            .set(number(limit.left));
        gauge!("bttc_bridge_limit", "root" => root.clone(), "token" => token, "way" => way).set(number(limit.most));
    }
    let Some(outgoing) = &status.outgoing else { return };
    gauge!("bttc_bridge_checkpoint_height", "root" => root.clone()).set(count(outgoing.tip));
    gauge!("bttc_bridge_checkpoint_time", "root" => root.clone()).set(count(outgoing.tip_time));
    gauge!("bttc_bridge_checkpoint_due_time", "root" => root.clone())
        .set(count(outgoing.due.map_or(0, |(_, since)| since)));
    gauge!("bttc_bridge_stop_age", "root" => root.clone()).set(count(outgoing.stop_age));
    gauge!("bttc_bridge_exits_waiting", "root" => root.clone()).set(outgoing.exits as f64);
    gauge!("bttc_bridge_oldest_exit_time", "root" => root.clone()).set(count(outgoing.oldest_exit.unwrap_or_default()));
    gauge!("bttc_bridge_intents", "root" => root.clone()).set(outgoing.intents.len() as f64);
    if let Some(account) = outgoing.account.map(|account| account.to_string()) {
        if let Some(balance) = outgoing.balance {
            gauge!("bttc_bridge_balance", "root" => root.clone(), "account" => account.clone()).set(number(balance));
        }
        if let Some(least) = outgoing.least {
            gauge!("bttc_bridge_balance_least", "root" => root.clone(), "account" => account).set(number(least));
        }
    }
    if let Some(days) = outgoing.days_left {
        gauge!("bttc_bridge_fee_days", "root" => root).set(count(days));
    }
}

fn show_incoming(root: &str, status: &RootStatus) {
    use metrics::gauge;
    let (root, incoming) = (|| root.to_owned(), &status.incoming);
    if let Some(head) = incoming.final_head {
        gauge!("bttc_bridge_final_head", "root" => root()).set(count(head));
    }
    if let Some(read) = incoming.read {
        gauge!("bttc_bridge_read_block", "root" => root()).set(count(read));
    }
    let stages = [("final", incoming.records), ("accepted", incoming.accepted), ("executed", incoming.executed)];
    for (stage, records) in stages {
        gauge!("bttc_bridge_records", "root" => root(), "stage" => stage).set(count(records));
    }
    gauge!("bttc_bridge_delivery_refused", "root" => root()).set(flag(incoming.waiting.is_some()));
    gauge!("bttc_bridge_halted", "root" => root()).set(flag(status.halted.is_some()));
    gauge!("bttc_bridge_alarms", "root" => root()).set(status.alarms.len() as f64);
    metrics::counter!("bttc_bridge_audits_total", "root" => root()).absolute(incoming.audits);
}

/// An endpoint says something else than the majority about what is final. `chain` as in `ethereum:1`.
pub(crate) fn outvoted(chain: String, endpoint: &str) {
    metrics::counter!("bttc_bridge_outvoted_total", "chain" => chain, "endpoint" => endpoint.to_owned()).increment(1);
}

/// Endpoints contradict each other about what is final, and no answer has enough voices.
pub(crate) fn disagreement(chain: String) {
    metrics::counter!("bttc_bridge_disagreements_total", "chain" => chain).increment(1);
}

const fn flag(on: bool) -> f64 {
    if on { 1.0 } else { 0.0 }
}

const fn count(number: u64) -> f64 {
    number as f64
}

/// As near as a gauge can show it.
fn number(amount: U256) -> f64 {
    f64::from(amount)
}

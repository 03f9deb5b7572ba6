//! What is counted of the network.

use crate::{bans, gossip::Subject};
use bttc_consensus::Fault;
use std::time::Duration;

/// Names the metrics once.
pub(crate) fn describe() {
    use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
    describe_gauge!("bttc_network_peers", "Connected peers by direction.");
    describe_gauge!("bttc_network_validators", "Connected peers that have proven to be validators of the current set.");
    describe_gauge!("bttc_network_known_peers", "Peers in the address book.");
    describe_gauge!("bttc_network_bans", "Bans in force.");
    describe_counter!("bttc_network_bytes_total", Unit::Bytes, "Bytes on all connections, by direction.");
    describe_counter!(
        "bttc_network_messages_total",
        "Gossiped messages by class and direction; of the incoming, the first copies."
    );
    describe_counter!("bttc_network_message_bytes_total", Unit::Bytes, "Bytes of those messages.");
    describe_counter!("bttc_network_dropped_total", "Messages and requests dropped, by class and why.");
    describe_counter!("bttc_network_judged_total", "Judgements of gossiped messages, by class and verdict.");
    describe_counter!("bttc_network_faults_total", "Faults of peers by kind.");
    describe_counter!("bttc_network_bans_total", "Peers banned for faults.");
    describe_counter!("bttc_network_refused_connections_total", "Connections refused, by why.");
    describe_counter!("bttc_network_requests_total", "Requests by direction and outcome.");
    describe_histogram!("bttc_network_request_seconds", Unit::Seconds, "Time from our request to its answer.");
}

/// A gossiped message came or went.
pub(crate) fn message(subject: Subject, direction: &'static str, bytes: usize) {
    let class = subject.name();
    metrics::counter!("bttc_network_messages_total", "class" => class, "direction" => direction).increment(1);
    metrics::counter!("bttc_network_message_bytes_total", "class" => class, "direction" => direction)
        .increment(bytes as u64);
}

/// Something was dropped.
pub(crate) fn dropped(class: &'static str, why: &'static str, count: usize) {
    metrics::counter!("bttc_network_dropped_total", "class" => class, "why" => why).increment(count as u64);
}

/// A message was judged.
pub(crate) fn judged(subject: Subject, verdict: &'static str) {
    metrics::counter!("bttc_network_judged_total", "class" => subject.name(), "verdict" => verdict).increment(1);
}

/// A peer did what it should not.
pub(crate) fn fault(fault: Fault) {
    metrics::counter!("bttc_network_faults_total", "kind" => bans::label(fault)).increment(1);
}

/// A request ended.
pub(crate) fn request(direction: &'static str, outcome: &'static str) {
    metrics::counter!("bttc_network_requests_total", "direction" => direction, "outcome" => outcome).increment(1);
}

/// A request of ours was answered.
pub(crate) fn answered(took: Duration) {
    metrics::histogram!("bttc_network_request_seconds").record(took.as_secs_f64());
}

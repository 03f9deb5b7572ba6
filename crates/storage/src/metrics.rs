//! What is counted of the database.

use std::time::Duration;

pub(crate) fn describe() {
    metrics::describe_histogram!(
        "bttc_storage_commit_seconds",
        metrics::Unit::Seconds,
        "Time of a commit, with its sync."
    );
    metrics::describe_gauge!("bttc_storage_bytes", metrics::Unit::Bytes, "Used part of the database's file.");
    metrics::describe_gauge!("bttc_storage_readers", "Open read transactions.");
    metrics::describe_gauge!(
        "bttc_storage_oldest_reader_seconds",
        metrics::Unit::Seconds,
        "Age of the oldest read transaction."
    );
    metrics::describe_counter!(
        "bttc_storage_slow_readers_total",
        "Times the file grew because a reader held an old state."
    );
}

pub(crate) fn committed(took: Duration) {
    metrics::histogram!("bttc_storage_commit_seconds").record(took.as_secs_f64());
}

pub(crate) fn readers(open: usize, oldest: Duration) {
    metrics::gauge!("bttc_storage_readers").set(open as f64);
    metrics::gauge!("bttc_storage_oldest_reader_seconds").set(oldest.as_secs_f64());
}

pub(crate) fn size(bytes: u64) {
    metrics::gauge!("bttc_storage_bytes").set(bytes as f64);
}

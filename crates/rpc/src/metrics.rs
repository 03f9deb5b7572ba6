//! What is counted of the RPC server.

use std::{collections::HashSet, time::Duration};

/// Names of the methods that exist, so that a caller cannot make labels.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    names: HashSet<&'static str>,
}

impl Metrics {
    pub(crate) fn new(names: impl IntoIterator<Item = &'static str>) -> Self {
        metrics::describe_counter!("bttc_rpc_calls_total", "Calls by method.");
        metrics::describe_counter!("bttc_rpc_errors_total", "Calls answered with an error, by method and code.");
        metrics::describe_histogram!(
            "bttc_rpc_seconds",
            metrics::Unit::Seconds,
            "Time from the request to its answer, by method."
        );
        metrics::describe_gauge!("bttc_rpc_connections", "Open connections by transport.");
        Self { names: names.into_iter().collect() }
    }

    /// The label of a method.
    pub(crate) fn name(&self, method: &str) -> &'static str {
        self.names.get(method).copied().unwrap_or("unknown")
    }

    /// A call was answered.
    pub(crate) fn called(&self, name: &'static str, took: Duration, error: Option<i32>) {
        metrics::counter!("bttc_rpc_calls_total", "method" => name).increment(1);
        metrics::histogram!("bttc_rpc_seconds", "method" => name).record(took.as_secs_f64());
        if let Some(code) = error {
            metrics::counter!("bttc_rpc_errors_total", "method" => name, "code" => code.to_string()).increment(1);
        }
    }
}

/// Counts a connection for as long as it lives.
#[derive(Debug)]
pub(crate) struct OpenConnection(&'static str);

impl OpenConnection {
    pub(crate) fn new(transport: &'static str) -> Self {
        metrics::gauge!("bttc_rpc_connections", "transport" => transport).increment(1.0);
        Self(transport)
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        metrics::gauge!("bttc_rpc_connections", "transport" => self.0).decrement(1.0);
    }
}

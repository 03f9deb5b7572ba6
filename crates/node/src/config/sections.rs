//! Sections that belong to this crate: `[log]` and `[metrics]`.

use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// Section `[log]`. Logs go to standard error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// What to log: a level, or directives such as `info,bttc_rpc=debug`.
    pub filter: String,
    /// How a line looks.
    pub format: LogFormat,
}

impl Default for LogConfig {
    fn default() -> Self {
        // The consensus library tells of every vote.
        Self { filter: "info,arc_malachitebft=warn".into(), format: LogFormat::Human }
    }
}

/// How a log line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For a person; in colour on a terminal.
    Human,
    /// `key=value` pairs, one line an event.
    Logfmt,
    /// One JSON object a line.
    Json,
}

/// Section `[metrics]`: an HTTP listener with `/metrics` (Prometheus), `/healthz` and `/readyz`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MetricsConfig {
    /// Address to listen on, such as `127.0.0.1:9090`. None: no listener.
    pub listen: Option<SocketAddr>,
}

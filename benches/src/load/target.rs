//! A node that is measured, or a network of them.

use crate::{
    http::Connection,
    process::{cpu_micros, peak_memory_kib},
};
use eyre::{OptionExt, Result, WrapErr, ensure};
use serde_json::json;

/// A node by its URL, or several of one network; beside them their processes, if they run on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Name in the report.
    pub name: String,
    /// JSON-RPC. Senders are spread over them.
    pub urls: Vec<String>,
    /// Processes whose CPU time counts.
    pub pids: Vec<u32>,
}

impl Target {
    /// Reads `NAME=URL[,URL...][,PID...]`.
    pub fn parse(text: &str) -> Result<Self> {
        let (name, rest) = text.split_once('=').ok_or_eyre("a node is NAME=URL[,URL...][,PID...]")?;
        let (mut urls, mut pids) = (Vec::new(), Vec::new());
        for part in rest.split(',') {
            if part.starts_with("http://") {
                urls.push(part.to_owned());
            } else {
                let pid =
                    part.parse().wrap_err_with(|| format!("{part:?} is neither a process id nor begins with http://"));
                pids.push(pid?);
            }
        }
        ensure!(!urls.is_empty(), "node {name} has no URL");
        Ok(Self { name: name.to_owned(), urls, pids })
    }

    /// JSON-RPC of the nodes in turn.
    pub fn url(&self, at: usize) -> &str {
        self.urls.get(at % self.urls.len().max(1)).map_or("", String::as_str)
    }

    /// A new connection to one of the nodes.
    pub fn connect(&self, at: usize) -> Result<Connection> {
        Connection::open(self.url(at)).wrap_err_with(|| format!("node {}", self.name))
    }

    /// CPU time of all processes so far; none where none is known. Unit: microseconds.
    pub fn cpu(&self) -> Result<Option<u64>> {
        let used: u64 = self.pids.iter().map(|pid| cpu_micros(*pid)).sum::<Result<_>>()?;
        Ok((!self.pids.is_empty()).then_some(used))
    }

    /// Most memory that one of the processes has held. Unit: KiB.
    pub fn peak_kib(&self) -> Result<Option<u64>> {
        let peaks = self.pids.iter().map(|pid| peak_memory_kib(*pid)).collect::<Result<Vec<_>>>()?;
        Ok(peaks.into_iter().max())
    }
}

/// Makes a node go on that leaves transactions lying although it makes blocks on demand, as anvil does under load.
#[derive(Debug)]
pub(super) struct Nudge {
    works: bool,
}

impl Nudge {
    pub(super) fn of(connection: &mut Connection) -> Self {
        let automine = connection.call("anvil_getAutomine", json!([]));
        Self { works: automine.is_ok_and(|on| on == json!(true)) }
    }

    pub(super) fn mine(&self, connection: &mut Connection) -> Result<()> {
        if self.works {
            connection.call("evm_mine", json!([]))?;
        }
        Ok(())
    }
}

/// Difference of two readings of [`Target::cpu`].
pub fn spent(before: Option<u64>, after: Option<u64>) -> Option<u64> {
    Some(after?.saturating_sub(before?))
}

//! A network of `bttc testnet`, ended with the program that measures it.

use crate::{
    load::Target,
    process::{cpu_micros, resident_kib},
};
use eyre::{OptionExt, Result, bail};
use serde_json::Value;
use std::{
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

/// Nodes that run.
#[derive(Debug)]
pub struct Network {
    bttc: PathBuf,
    dir: PathBuf,
    /// JSON-RPC, by node.
    pub urls: Vec<String>,
    /// Metrics, by node.
    pub metrics: Vec<String>,
    /// Data directories, by node.
    pub datadirs: Vec<PathBuf>,
    pids: Vec<u32>,
}

impl Network {
    /// `bttc testnet up` in `dir` with more flags.
    pub fn up(bttc: &Path, dir: &Path, flags: &[&str]) -> Result<Self> {
        let (bttc, dir) = (bttc.to_owned(), dir.to_owned());
        let mut network =
            Self { bttc, dir, urls: Vec::new(), metrics: Vec::new(), datadirs: Vec::new(), pids: Vec::new() };
        network.read(&network.command(&[&["up", "--json"], flags].concat())?)?;
        Ok(network)
    }

    /// Adds a node.
    pub fn add(&mut self, flags: &[&str]) -> Result<()> {
        self.read(&self.command(&[&["add", "--json"], flags].concat())?)
    }

    fn read(&mut self, state: &str) -> Result<()> {
        let state: Value = serde_json::from_str(state)?;
        let (mut urls, mut metrics, mut datadirs, mut pids) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for node in state.get("nodes").and_then(Value::as_array).ok_or_eyre("no nodes")? {
            let text = |name: &str| {
                Ok::<_, eyre::Report>(node.get(name).and_then(Value::as_str).ok_or_eyre("no URL")?.to_owned())
            };
            urls.push(text("http")?);
            metrics.push(text("metrics")?);
            datadirs.push(text("datadir")?.into());
            // Nodes that are stopped have no process.
            pids.push(u32::try_from(node.get("pid").and_then(Value::as_u64).unwrap_or_default())?);
        }
        (self.urls, self.metrics, self.datadirs, self.pids) = (urls, metrics, datadirs, pids);
        Ok(())
    }

    /// Output of a `bttc testnet` command.
    pub fn command(&self, arguments: &[&str]) -> Result<String> {
        let done = Command::new(&self.bttc).args(["testnet", "--dir"]).arg(&self.dir).args(arguments).output()?;
        if !done.status.success() {
            bail!("bttc testnet {}: {}", arguments.join(" "), String::from_utf8_lossy(&done.stderr));
        }
        Ok(String::from_utf8(done.stdout)?)
    }

    /// CPU time of all nodes. Unit: microseconds.
    pub fn cpu(&self) -> Result<u64> {
        self.pids.iter().filter(|pid| **pid != 0).map(|pid| cpu_micros(*pid)).sum()
    }

    /// The nodes as one target of a load.
    pub fn target(&self, name: &str) -> Target {
        let pids = self.pids.iter().copied().filter(|pid| *pid != 0).collect();
        Target { name: name.to_owned(), urls: self.urls.clone(), pids }
    }

    /// Memory of the node that holds most. Unit: KiB.
    pub fn resident(&self) -> Result<u64> {
        let all = self.pids.iter().filter(|pid| **pid != 0).map(|pid| resident_kib(*pid));
        Ok(all.collect::<Result<Vec<_>>>()?.into_iter().max().unwrap_or_default())
    }

    /// JSON-RPC of the nodes in turn.
    pub fn url(&self, at: usize) -> &str {
        self.urls.get(at % self.urls.len().max(1)).map_or("", String::as_str)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        if let Err(error) = self.command(&["down"]) {
            let _ = writeln!(std::io::stderr(), "{error}");
        }
    }
}

//! What a local network consists of, as `testnet.json` keeps it.

use super::{args::Setting, bridge::place::BridgePlace, files};
use alloy_primitives::Address;
use eyre::{WrapErr, bail, eyre};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

/// File of the layout in the directory of the network.
const FILE: &str = "testnet.json";

/// A network on this machine.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Layout {
    /// EIP-155 chain id.
    pub(crate) chain_id: u64,
    /// Nodes by number; validators first.
    pub(crate) nodes: Vec<NodePlace>,
    /// Keys of the configuration that every node is given.
    pub(crate) settings: Vec<(String, String)>,
    /// The process that carries the connections; none where nodes are connected directly.
    pub(crate) links: Option<LinksPlace>,
    /// Mnemonic of the ten funded accounts.
    pub(crate) mnemonic: String,
    /// Number of the first node that is added later.
    pub(crate) late_from: usize,
    /// Root chains beside it; none without the bridge.
    #[serde(default)]
    pub(crate) bridge: Option<BridgePlace>,
}

/// Settings as the layout keeps them.
pub(crate) fn pairs(settings: &[Setting]) -> Vec<(String, String)> {
    settings.iter().map(|setting| (setting.key.clone(), setting.value.clone())).collect()
}

/// One node.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct NodePlace {
    /// `validator` or `full`.
    pub(crate) role: NodeRole,
    /// Consensus address of a validator.
    pub(crate) validator: Option<Address>,
    /// Its identity in the network.
    pub(crate) peer_id: String,
    /// Where it listens for others.
    pub(crate) p2p_port: u16,
    /// JSON-RPC over HTTP and WebSocket.
    pub(crate) rpc_port: u16,
    /// Metrics and health.
    pub(crate) metrics_port: u16,
    /// Keys of the configuration that this node alone is given.
    #[serde(default)]
    pub(crate) settings: Vec<(String, String)>,
    /// Its process, as it was started last.
    pub(crate) process: Option<ProcessId>,
}

/// What a node does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum NodeRole {
    Validator,
    Full,
}

/// A process that can be told from a later one with its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ProcessId {
    pub(crate) pid: u32,
    /// Unit: clock ticks since the machine started; zero where that is not known.
    pub(crate) started: u64,
}

/// The links and their process.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct LinksPlace {
    pub(crate) links: Vec<Link>,
    pub(crate) process: Option<ProcessId>,
}

/// One direction in which connections are made; bytes flow both ways on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Link {
    /// The node that connects.
    pub(crate) from: usize,
    /// The node that is reached.
    pub(crate) to: usize,
    /// Where `from` connects to.
    pub(crate) listen_port: u16,
    /// Where `to` listens.
    pub(crate) target_port: u16,
}

impl NodePlace {
    pub(crate) fn rpc_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.rpc_port)
    }

    pub(crate) fn ws_url(&self) -> String {
        format!("ws://127.0.0.1:{}", self.rpc_port)
    }
}

impl Layout {
    /// Reads the layout of a directory; none if no network is there.
    pub(crate) fn find(dir: &Path) -> eyre::Result<Option<Self>> {
        let path = dir.join(FILE);
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).wrap_err_with(|| format!("cannot read {}", path.display())),
        };
        serde_json::from_slice(&text)
            .map(Some)
            .wrap_err_with(|| format!("{} is damaged; remove the directory and start a new network", path.display()))
    }

    /// Reads the layout of a network that must be there.
    pub(crate) fn load(dir: &Path) -> eyre::Result<Self> {
        Self::find(dir)?.ok_or_else(|| {
            eyre!("there is no network in {}; start one with `bttc testnet up`, or name its --dir", dir.display())
        })
    }

    pub(crate) fn save(&self, dir: &Path) -> eyre::Result<()> {
        files::replace(&dir.join(FILE), &serde_json::to_vec_pretty(self)?)
    }

    /// The node with this number. Errors: there is none.
    pub(crate) fn node(&self, number: usize) -> eyre::Result<&NodePlace> {
        let Some(last) = self.nodes.len().checked_sub(1) else { bail!("the network has no nodes") };
        self.nodes.get(number).ok_or_else(|| eyre!("there is no node {number}; the network has nodes 0 to {last}"))
    }

    /// As [`Self::node`], to be changed.
    pub(crate) fn node_mut(&mut self, number: usize) -> eyre::Result<&mut NodePlace> {
        self.node(number)?;
        self.nodes.get_mut(number).ok_or_else(|| eyre!("there is no node {number}"))
    }

    pub(crate) fn set(&mut self, settings: &[Setting]) {
        self.settings = pairs(settings);
    }

    /// Every port that a node or a link of the network has, running or not.
    pub(crate) fn ports(&self) -> BTreeSet<u16> {
        let nodes = self.nodes.iter().flat_map(|node| [node.p2p_port, node.rpc_port, node.metrics_port]);
        let links = self.links.iter().flat_map(|place| &place.links).map(|link| link.listen_port);
        nodes.chain(links).collect()
    }

    /// Where node `from` reaches node `to`.
    pub(crate) fn port_to(&self, from: usize, to: usize) -> Option<u16> {
        match &self.links {
            None => self.nodes.get(to).map(|node| node.p2p_port),
            Some(place) => {
                place.links.iter().find(|link| (link.from, link.to) == (from, to)).map(|link| link.listen_port)
            }
        }
    }
}

/// Folder of a node.
pub(crate) fn node_dir(dir: &Path, number: usize) -> PathBuf {
    dir.join(format!("node{number}"))
}

/// Log of a node, or of the links.
pub(crate) fn log_file(dir: &Path) -> PathBuf {
    dir.join("log")
}

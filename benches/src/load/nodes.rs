//! The nodes of a run, as the command line names them.

use super::{dev_senders, funded_senders, read_key, target::Target};
use crate::testnet::Network;
use alloy_signer_local::PrivateKeySigner;
use clap::Args;
use eyre::{Result, ensure};
use std::path::PathBuf;
use tempfile::TempDir;

/// Flags that say which nodes are measured and who sends.
#[derive(Clone, Debug, Args)]
pub struct NodeArgs {
    /// NAME=URL[,URL...][,PID...] of a node; may be given several times. Several URLs are nodes of one network. CPU time and memory are those of the
    /// processes, which must run on this machine; without them only rates and latencies are measured.
    #[arg(long = "node")]
    nodes: Vec<String>,
    /// Also measures a network of four validators, which it starts with this program (`bttc`).
    #[arg(long, value_name = "BTTC")]
    testnet: Option<PathBuf>,
    /// File with the private key of a rich account, in hexadecimal, where the nodes do not fund the development mnemonic. Half of what it has goes to
    /// the senders.
    #[arg(long)]
    key_file: Option<PathBuf>,
    /// Sending accounts, each on a connection of its own; at most 10 without --key-file.
    #[arg(long, default_value_t = 8)]
    senders: u32,
}

/// Nodes that are measured, and the network that was started for it.
#[derive(Debug)]
pub struct Nodes {
    /// In the order in which they take turns.
    pub targets: Vec<Target>,
    funder: Option<PrivateKeySigner>,
    senders: u32,
    /// Ends before its directory goes.
    _network: Option<(Network, TempDir)>,
}

impl Nodes {
    /// Reads the flags and starts the network if one is wanted.
    pub fn open(args: &NodeArgs) -> Result<Self> {
        let mut targets = args.nodes.iter().map(|text| Target::parse(text)).collect::<Result<Vec<_>>>()?;
        let network = match &args.testnet {
            Some(bttc) => {
                let dir = tempfile::tempdir()?;
                let network = Network::up(bttc, &dir.path().join("network"), &["--validators", "4", "--direct"])?;
                targets.push(network.target("four"));
                Some((network, dir))
            }
            None => None,
        };
        ensure!(!targets.is_empty(), "there is nothing to measure; give --node or --testnet");
        ensure!(args.senders > 0, "without senders nothing is sent; give --senders 1 or more");
        let funder = args.key_file.as_deref().map(read_key).transpose()?;
        Ok(Self { targets, funder, senders: args.senders, _network: network })
    }

    /// Keys of the senders on a target.
    pub fn keys(&self, target: &Target) -> Result<Vec<PrivateKeySigner>> {
        match &self.funder {
            Some(funder) => funded_senders(target, funder, self.senders),
            None => dev_senders(self.senders),
        }
    }
}

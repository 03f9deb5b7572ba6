//! `admin_`: peers of this node, for its operator. Served over IPC, and over HTTP where `rpc.http_admin` says so.
//!
//! The network stands beside this crate, so the node hands it in as [`PeerControl`].

use crate::{
    args::Args,
    context::Api,
    error::{Reply, RpcError},
    registry::Registry,
};
use alloy_primitives::Address;
use serde::Serialize;
use std::{fmt::Debug, sync::Arc, time::Duration};

/// Longest ban by hand. Unit: seconds.
const LONGEST_BAN: u64 = 365 * 24 * 60 * 60;
/// Length of a ban for which none is given. Unit: seconds.
const USUAL_BAN: u64 = 24 * 60 * 60;

/// What the operator may see of the network and tell it.
pub trait PeerControl: Debug + Send + Sync + 'static {
    /// Connected peers.
    fn peers(&self) -> Vec<PeerRecord>;
    /// This node as others see it.
    fn local(&self) -> NodeRecord;
    /// Peer ids and IP addresses that are kept out.
    fn bans(&self) -> Vec<BanRecord>;
    /// Stays connected with a peer, given as an address with its id.
    fn add(&self, peer: &str) -> Result<(), String>;
    /// Ends the connection with a peer, given as an id or an address with one.
    fn remove(&self, peer: &str) -> Result<(), String>;
    /// Keeps a peer id or an IP address out for a time.
    fn ban(&self, whom: &str, length: Duration) -> Result<(), String>;
    /// Lifts a ban.
    fn unban(&self, whom: &str) -> Result<(), String>;
}

/// A connected peer.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PeerRecord {
    /// Its peer id.
    pub id: String,
    /// Name and version of its program, as it says.
    pub name: String,
    /// Where it is.
    pub address: String,
    /// Whether it came to us.
    pub inbound: bool,
    /// Whether the operator named it.
    pub trusted: bool,
    /// The validator that it has proven to be.
    pub validator: Option<Address>,
    /// Voting power of that validator; 0 if it is not in the current set.
    pub power: u64,
    /// Points of faults; a hundred of them are a ban.
    pub fault_points: u32,
    /// Score of its gossip; negative is bad.
    pub gossip_score: f64,
    /// Unit: milliseconds.
    pub round_trip_ms: Option<f64>,
    /// Unit: seconds.
    pub connected_seconds: u64,
}

/// This node as others see it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeRecord {
    /// Its peer id.
    pub id: String,
    /// Its part in the network.
    pub role: String,
    /// Addresses with the id, as other nodes write them among their peers.
    pub addresses: Vec<String>,
    /// Addresses that it listens on.
    pub listen: Vec<String>,
}

/// Somebody who is kept out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BanRecord {
    /// A peer id or an IP address.
    pub who: String,
    /// Unix time at which it ends. Unit: seconds.
    pub until: u64,
    /// What for.
    pub why: String,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct NodeInfo {
    #[serde(flatten)]
    node: NodeRecord,
    name: String,
    chain_id: u64,
    peers: usize,
}

fn control(api: &Api) -> Reply<&Arc<dyn PeerControl>> {
    api.peers.as_ref().ok_or_else(|| {
        RpcError::unsupported("this node talks to no others: it runs a development chain, or p2p.enabled is false")
    })
}

/// A method that takes the name of a peer and does something to it.
fn order(
    registry: &mut Registry,
    name: &'static str,
    act: impl Fn(&dyn PeerControl, &str) -> Result<(), String> + Send + Sync + 'static,
) {
    registry.read(name, move |api, mut args: Args| {
        let peer: String = args.required("peer")?;
        args.end()?;
        act(control(api)?.as_ref(), &peer).map_err(RpcError::invalid)?;
        Ok(true)
    });
}

pub(crate) fn register(registry: &mut Registry) {
    registry.read("admin_peers", |api, args| {
        args.end()?;
        Ok(control(api)?.peers())
    });
    registry.read("admin_nodeInfo", |api, args| {
        args.end()?;
        let control = control(api)?;
        Ok(NodeInfo {
            node: control.local(),
            name: api.client_version.clone(),
            chain_id: api.spec().chain_id(),
            peers: control.peers().len(),
        })
    });
    registry.read("admin_bans", |api, args| {
        args.end()?;
        Ok(control(api)?.bans())
    });
    order(registry, "admin_addPeer", |control, peer| control.add(peer));
    order(registry, "admin_removePeer", |control, peer| control.remove(peer));
    order(registry, "admin_unbanPeer", |control, peer| control.unban(peer));
    registry.read("admin_banPeer", |api, mut args: Args| {
        let whom: String = args.required("peer")?;
        let seconds: Option<u64> = args.optional("seconds")?;
        args.end()?;
        let seconds = seconds.unwrap_or(USUAL_BAN);
        if seconds == 0 || seconds > LONGEST_BAN {
            return Err(RpcError::params(format!("a ban lasts 1 to {LONGEST_BAN} seconds, not {seconds}")));
        }
        control(api)?.ban(&whom, Duration::from_secs(seconds)).map_err(RpcError::invalid)?;
        Ok(true)
    });
}

//! The network as the operator's methods see it.

use bttc_network::{NetworkHandle, PeerInfo, Role};
use bttc_rpc::{BanRecord, NodeRecord, PeerControl, PeerRecord};
use std::time::Duration;

/// [`PeerControl`] over the network of this node.
#[derive(Clone, Debug)]
pub struct NetworkControl(NetworkHandle);

impl NetworkControl {
    /// Over `network`.
    pub const fn new(network: NetworkHandle) -> Self {
        Self(network)
    }
}

impl PeerControl for NetworkControl {
    fn peers(&self) -> Vec<PeerRecord> {
        self.0.peers().into_iter().map(record).collect()
    }

    fn local(&self) -> NodeRecord {
        let local = self.0.local();
        let role = match local.role {
            Role::Full => "full",
            Role::Sentry => "sentry",
            Role::Validator => "validator",
        };
        let known = if local.external.is_empty() { &local.listen } else { &local.external };
        let addresses = known.iter().map(|address| format!("{address}/p2p/{}", local.id)).collect();
        NodeRecord { addresses, id: local.id, role: role.to_owned(), listen: local.listen }
    }

    fn bans(&self) -> Vec<BanRecord> {
        let bans = self.0.bans().into_iter();
        bans.map(|ban| BanRecord { who: ban.who, until: ban.until, why: ban.why }).collect()
    }

    fn add(&self, peer: &str) -> Result<(), String> {
        self.0.add_peer(peer).map_err(|error| error.to_string())
    }

    fn remove(&self, peer: &str) -> Result<(), String> {
        self.0.remove_peer(peer).map_err(|error| error.to_string())
    }

    fn ban(&self, whom: &str, length: Duration) -> Result<(), String> {
        self.0.ban(whom, length).map_err(|error| error.to_string())
    }

    fn unban(&self, whom: &str) -> Result<(), String> {
        self.0.unban(whom).map_err(|error| error.to_string())
    }
}

fn record(peer: PeerInfo) -> PeerRecord {
    PeerRecord {
        id: peer.id,
        name: peer.client,
        address: peer.address,
        inbound: peer.inbound,
        trusted: peer.trusted,
        validator: peer.validator,
        power: peer.power,
        fault_points: peer.fault_points,
        gossip_score: peer.gossip_score as f64 / 100.0,
        round_trip_ms: peer.round_trip.map(|time| time.as_secs_f64() * 1_000.0),
        connected_seconds: peer.connected_for.as_secs(),
    }
}

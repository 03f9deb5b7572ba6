//! Who may connect: bans, limits of connections, and the places of friends.
//!
//! A friend (persistent peer, private peer, proven validator) needs no free place; strangers share theirs. As a validator is known only after its status, a few strangers
//! more than places are let in for the moment of the handshake; the service sends the surplus away after it.

use crate::{
    address,
    bans::{Bans, unix_now},
};
use libp2p::{
    Multiaddr, PeerId,
    core::{ConnectedPoint, Endpoint, transport::PortUse},
    swarm::{
        ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent, THandlerOutEvent,
        ToSwarm, dummy,
    },
};
use std::{
    collections::{HashMap, HashSet},
    convert::Infallible,
    net::IpAddr,
    task::{Context, Poll},
};

/// Inbound connections in the middle of encryption and negotiation.
const MAX_PENDING: usize = 64;
/// Strangers above the limit during their handshake.
pub(crate) const SPARE: usize = 8;
/// Connections to one peer: both may have dialed at once.
const MAX_PER_PEER: usize = 2;

/// Why a connection was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("the peer is banned")]
    Banned,
    #[error("the IP address is banned")]
    BannedIp,
    #[error("too many connections from the IP address")]
    PerIp,
    #[error("too many connections are being made")]
    Pending,
    #[error("too many connections with the peer")]
    PerPeer,
    #[error("no free place for a stranger")]
    Full,
    #[error("this node talks to its own peers alone")]
    Private,
}

impl Refused {
    const fn label(self) -> &'static str {
        match self {
            Self::Banned => "banned",
            Self::BannedIp => "banned_ip",
            Self::PerIp => "per_ip",
            Self::Pending => "pending",
            Self::PerPeer => "per_peer",
            Self::Full => "full",
            Self::Private => "private",
        }
    }
}

/// Limits of the gate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Places {
    pub(crate) inbound: usize,
    pub(crate) outbound: usize,
    pub(crate) per_ip: usize,
    /// Whether only friends may connect.
    pub(crate) friends_only: bool,
}

#[derive(Clone, Copy, Debug)]
struct Connection {
    peer: PeerId,
    inbound: bool,
    ip: Option<IpAddr>,
}

/// The behaviour that refuses connections.
pub(crate) struct Gate {
    pub(crate) bans: Bans,
    pub(crate) friends: HashSet<PeerId>,
    places: Places,
    pending: HashMap<ConnectionId, Option<IpAddr>>,
    connections: HashMap<ConnectionId, Connection>,
}

impl Gate {
    pub(crate) fn new(places: Places, friends: HashSet<PeerId>, bans: Bans) -> Self {
        Self { bans, friends, places, pending: HashMap::new(), connections: HashMap::new() }
    }

    /// Peers of a direction that take a place.
    pub(crate) fn strangers(&self, inbound: bool) -> usize {
        let of = self.connections.values().filter(|c| c.inbound == inbound && !self.friends.contains(&c.peer));
        of.map(|c| c.peer).collect::<HashSet<_>>().len()
    }

    fn established(&self, peer: &PeerId, ip: Option<IpAddr>, inbound: bool) -> Result<(), Refused> {
        let now = unix_now();
        if self.bans.is_banned(peer, now) {
            return Err(Refused::Banned);
        }
        if self.connections.values().filter(|c| c.peer == *peer).count() >= MAX_PER_PEER {
            return Err(Refused::PerPeer);
        }
        if self.friends.contains(peer) {
            return Ok(());
        }
        if self.places.friends_only {
            return Err(Refused::Private);
        }
        let same_ip =
            self.connections.values().filter(|c| ip.is_some() && c.ip == ip && !self.friends.contains(&c.peer));
        if same_ip.count() >= self.places.per_ip {
            return Err(Refused::PerIp);
        }
        let places = if inbound { self.places.inbound } else { self.places.outbound };
        if self.strangers(inbound) >= places + SPARE { Err(Refused::Full) } else { Ok(()) }
    }

    fn pending_inbound(&self, remote: &Multiaddr) -> Result<Option<IpAddr>, Refused> {
        let ip = address::ip(remote);
        if ip.is_some_and(|ip| self.bans.is_ip_banned(&ip, unix_now())) {
            return Err(Refused::BannedIp);
        }
        if self.pending.len() >= MAX_PENDING {
            return Err(Refused::Pending);
        }
        // A friend may be among them, so they get as many again until they have said who they are.
        if self.pending.values().filter(|pending| ip.is_some() && **pending == ip).count() >= self.places.per_ip * 2 {
            return Err(Refused::PerIp);
        }
        Ok(ip)
    }
}

fn counted<T>(verdict: Result<T, Refused>) -> Result<T, ConnectionDenied> {
    verdict.map_err(|refused| {
        metrics::counter!("bttc_network_refused_connections_total", "why" => refused.label()).increment(1);
        ConnectionDenied::new(refused)
    })
}

impl NetworkBehaviour for Gate {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_pending_inbound_connection(
        &mut self,
        id: ConnectionId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        let ip = counted(self.pending_inbound(remote))?;
        self.pending.insert(id, ip);
        Ok(())
    }

    fn handle_established_inbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.pending.remove(&id);
        counted(self.established(&peer, address::ip(remote), true))?;
        Ok(dummy::ConnectionHandler)
    }

    fn handle_pending_outbound_connection(
        &mut self,
        _: ConnectionId,
        peer: Option<PeerId>,
        _: &[Multiaddr],
        _: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        let verdict = match peer {
            Some(peer) if self.bans.is_banned(&peer, unix_now()) => Err(Refused::Banned),
            Some(peer) if self.places.friends_only && !self.friends.contains(&peer) => Err(Refused::Private),
            _ => Ok(Vec::new()),
        };
        counted(verdict)
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        peer: PeerId,
        remote: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        counted(self.established(&peer, address::ip(remote), false))?;
        Ok(dummy::ConnectionHandler)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionEstablished(event) => {
                let inbound = matches!(event.endpoint, ConnectedPoint::Listener { .. });
                let ip = address::ip(event.endpoint.get_remote_address());
                self.connections.insert(event.connection_id, Connection { peer: event.peer_id, inbound, ip });
            }
            FromSwarm::ConnectionClosed(event) => {
                self.connections.remove(&event.connection_id);
            }
            FromSwarm::ListenFailure(event) => {
                self.pending.remove(&event.connection_id);
            }
            _ => {}
        }
    }

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        Poll::Pending
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use std::time::Duration;

    fn gate(friends: &[PeerId]) -> Gate {
        let places = Places { inbound: 2, outbound: 1, per_ip: 3, friends_only: false };
        Gate::new(places, friends.iter().copied().collect(), Bans::default())
    }

    fn connect(gate: &mut Gate, number: usize, peer: PeerId, ip: &str, inbound: bool) -> Result<(), Refused> {
        let ip = Some(ip.parse().unwrap());
        gate.established(&peer, ip, inbound)?;
        gate.connections.insert(ConnectionId::new_unchecked(number), Connection { peer, inbound, ip });
        Ok(())
    }

    #[test]
    fn strangers_share_their_places_and_friends_always_get_in() {
        let friend = PeerId::random();
        let mut gate = gate(&[friend]);
        for number in 0..2 + SPARE {
            connect(&mut gate, number, PeerId::random(), &format!("10.0.0.{number}"), true).unwrap();
        }
        assert_eq!(connect(&mut gate, 100, PeerId::random(), "10.1.0.1", true), Err(Refused::Full));
        connect(&mut gate, 101, friend, "10.0.0.1", true).unwrap();
        assert_eq!(gate.strangers(true), 2 + SPARE);
        connect(&mut gate, 102, PeerId::random(), "10.1.0.2", false).unwrap();
    }

    #[test]
    fn one_ip_and_one_peer_are_bounded() {
        let mut gate = gate(&[]);
        for number in 0..3 {
            connect(&mut gate, number, PeerId::random(), "10.0.0.1", true).unwrap();
        }
        assert_eq!(connect(&mut gate, 3, PeerId::random(), "10.0.0.1", true), Err(Refused::PerIp));
        let peer = PeerId::random();
        connect(&mut gate, 4, peer, "10.0.0.2", true).unwrap();
        connect(&mut gate, 5, peer, "10.0.0.2", false).unwrap();
        assert_eq!(connect(&mut gate, 6, peer, "10.0.0.2", true), Err(Refused::PerPeer));
        let remote: Multiaddr = "/ip4/10.0.0.9/tcp/1".parse().unwrap();
        for number in 10..16 {
            let ip = gate.pending_inbound(&remote).unwrap();
            gate.pending.insert(ConnectionId::new_unchecked(number), ip);
        }
        assert_eq!(gate.pending_inbound(&remote), Err(Refused::PerIp));
    }

    #[test]
    fn the_banned_stay_out_and_a_private_node_is_private() {
        let mut gate = gate(&[]);
        let peer = PeerId::random();
        gate.bans.ban_peer(peer, Duration::from_secs(60), "test", unix_now());
        assert_eq!(connect(&mut gate, 0, peer, "10.0.0.1", true), Err(Refused::Banned));
        gate.bans.ban_ip("10.0.0.9".parse().unwrap(), Duration::from_secs(60), "test", unix_now());
        assert_eq!(gate.pending_inbound(&"/ip4/10.0.0.9/tcp/1".parse().unwrap()), Err(Refused::BannedIp));
        gate.places.friends_only = true;
        assert_eq!(connect(&mut gate, 1, PeerId::random(), "10.0.0.1", false), Err(Refused::Private));
    }
}

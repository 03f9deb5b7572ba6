//! Finding peers: whom to dial next, what peers say of themselves, and asking around.

use super::NetworkService;
use crate::{
    address::{self, Reach},
    behaviour::DISCOVERY,
};
use libp2p::{
    Multiaddr, PeerId, identify,
    kad::{self, GetClosestPeersOk, QueryResult},
    swarm::{
        DialError,
        dial_opts::{DialOpts, PeerCondition},
    },
};
use std::time::{Duration, Instant};

/// Dials to strangers at the same time.
const MAX_DIALING: usize = 8;
/// Addresses taken from what one peer says of itself.
const MAX_TOLD: usize = 8;
/// Characters taken of the name of a program.
const MAX_CLIENT: usize = 64;
/// Time between questions to the network for more peers.
const WALK_EVERY: Duration = Duration::from_secs(15);

impl NetworkService {
    /// Puts the bootnodes where dialing and discovery find them.
    pub(super) fn meet_bootnodes(&mut self) {
        for peer in self.friends.bootnodes.clone() {
            if peer.id != *self.swarm.local_peer_id() && !self.is_hidden() {
                self.book.learn(peer.id, peer.address.clone());
                if let Some(kad) = self.swarm.behaviour_mut().kad.as_mut() {
                    kad.add_address(&peer.id, peer.address);
                }
            }
        }
    }

    /// Dials persistent peers, and others while there are places.
    pub(super) fn dial_due(&mut self) {
        let now = Instant::now();
        let mut due = self.book.persistent_due(now);
        if !self.is_hidden() {
            let gone = self.swarm.behaviour().gate.strangers(false) + self.dialing.len();
            let free = self.config.max_outbound.saturating_sub(gone);
            let count = free.min(MAX_DIALING.saturating_sub(self.dialing.len()));
            let bans = &self.swarm.behaviour().gate.bans;
            let unix = crate::bans::unix_now();
            let skip =
                |id: &PeerId| self.peers.contains_key(id) || self.dialing.contains(id) || bans.is_banned(id, unix);
            due.extend(self.book.others_due(count, now, skip));
        }
        for id in due {
            if self.peers.contains_key(&id) || self.dialing.contains(&id) || id == *self.swarm.local_peer_id() {
                continue;
            }
            let dial = DialOpts::peer_id(id)
                .condition(PeerCondition::DisconnectedAndNotDialing)
                .addresses(self.book.addresses(&id))
                .build();
            match self.swarm.dial(dial) {
                Ok(()) => drop(self.dialing.insert(id)),
                Err(error) => {
                    tracing::debug!(peer = %id, %error, "cannot dial");
                    self.book.failed(&id, now);
                }
            }
        }
    }

    pub(super) fn unreachable(&mut self, id: &PeerId, error: &DialError) {
        if matches!(error, DialError::DialPeerConditionFalse(_)) {
            return;
        }
        self.dialing.remove(id);
        tracing::debug!(peer = %id, %error, "cannot reach a peer");
        if let DialError::WrongPeerId { address, .. } = error {
            self.book.wrong_address(id, address);
        }
        if !self.peers.contains_key(id) {
            self.book.failed(id, Instant::now());
            if let Some(kad) = self.swarm.behaviour_mut().kad.as_mut() {
                kad.remove_peer(id);
            }
        }
    }

    /// What a peer says of itself: its program, and where it listens.
    pub(super) fn identified(&mut self, event: identify::Event) {
        let identify::Event::Received { peer_id, info, .. } = event else { return };
        let Some(peer) = self.peers.get_mut(&peer_id) else { return };
        peer.client = info.agent_version.chars().filter(|c| !c.is_control()).take(MAX_CLIENT).collect();
        let seen = Reach::of(&peer.address);
        if self.is_hidden() || info.public_key.to_peer_id() != peer_id {
            return;
        }
        let discovers = info.protocols.contains(&self.names.protocol(DISCOVERY));
        let private = self.friends.private.contains(&peer_id);
        let told: Vec<Multiaddr> = info.listen_addrs.into_iter().take(MAX_TOLD).collect();
        for address in told {
            // Nobody makes us, or those we tell, dial into a network nearer than the one it is seen in.
            if !address::is_dialable(&address) || Reach::of(&address) < seen {
                continue;
            }
            self.book.learn(peer_id, address.clone());
            if discovers
                && !private
                && let Some(kad) = self.swarm.behaviour_mut().kad.as_mut()
            {
                kad.add_address(&peer_id, address);
            }
        }
    }

    /// Asks around for more peers while there are places.
    pub(super) fn walk(&mut self, now: Instant) {
        if now < self.next_walk || self.swarm.behaviour().gate.strangers(false) >= self.config.max_outbound {
            return;
        }
        self.next_walk = now + WALK_EVERY;
        if let Some(kad) = self.swarm.behaviour_mut().kad.as_mut() {
            // One at a time, whatever becomes of it.
            if kad.iter_queries().next().is_none() && kad.kbuckets().next().is_some() {
                kad.get_closest_peers(PeerId::random());
            }
        }
    }

    pub(super) fn discovered(&mut self, event: kad::Event) {
        let kad::Event::OutboundQueryProgressed { result: QueryResult::GetClosestPeers(result), .. } = event else {
            return;
        };
        let peers = match result {
            Ok(GetClosestPeersOk { peers, .. }) => peers,
            Err(kad::GetClosestPeersError::Timeout { peers, .. }) => peers,
        };
        for peer in peers {
            if peer.peer_id == *self.swarm.local_peer_id() {
                continue;
            }
            for address in peer.addrs.into_iter().take(MAX_TOLD) {
                let mut address = address;
                if matches!(address.iter().last(), Some(libp2p::multiaddr::Protocol::P2p(_))) {
                    address.pop();
                }
                self.book.learn(peer.peer_id, address);
            }
        }
    }
}

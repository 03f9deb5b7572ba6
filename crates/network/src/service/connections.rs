//! Connections: the first words, faults, bans, and who must make room.

use super::NetworkService;
use crate::{
    bans::{self, STRANGER, unix_now},
    behaviour::STATUS_WITHIN,
    frame::{Frame, Held},
    handle::Whom,
    metrics,
    peers::{Peer, Stage},
    status::{InvalidStatus, Status},
};
use bttc_consensus::Fault;
use bttc_primitives::ValidatorSet;
use libp2p::{
    PeerId,
    core::ConnectedPoint,
    ping,
    request_response::{Event, Message, OutboundFailure},
};
use std::time::{Duration, Instant};

/// Nodes of one validator that are kept as its own.
const NODES_OF_VALIDATOR: usize = 2;
/// Time in which a peer that is sent away reads why.
const LEAVE_AFTER: Duration = Duration::from_millis(500);

impl NetworkService {
    pub(super) fn connected(&mut self, id: PeerId, endpoint: &ConnectedPoint, connections: u32) {
        self.dialing.remove(&id);
        let (inbound, address) = match endpoint {
            ConnectedPoint::Dialer { address, .. } => (false, address.clone()),
            ConnectedPoint::Listener { send_back_addr, .. } => (true, send_back_addr.clone()),
        };
        if connections > 1 && self.peers.contains_key(&id) {
            return;
        }
        if !inbound {
            self.book.learn(id, without_peer(address.clone()));
        }
        let stage = Stage::Handshake(Instant::now() + STATUS_WITHIN);
        self.peers.insert(id, Peer::new(&id, inbound, address, &self.config, stage));
        if !inbound {
            let ours = Frame::Data(self.ours.encode().into());
            self.swarm.behaviour_mut().status.send_request(&id, ours.into());
        }
    }

    pub(super) fn disconnected(&mut self, id: &PeerId) {
        let Some(peer) = self.peers.remove(id) else { return };
        self.forget_requests(id);
        if peer.is_ready() {
            self.inbox.peer(peer.id, false);
            tracing::debug!(peer = %id, "peer disconnected");
        }
        // Proven validators are friends while they are connected; they prove it anew when they come back.
        if !self.trusted.contains(id) {
            self.swarm.behaviour_mut().gate.friends.remove(id);
        }
        // Not at once again: it may have sent us away.
        self.book.failed(id, Instant::now());
        self.show();
    }

    pub(super) fn disconnect(&mut self, id: &PeerId) {
        // It may have gone by itself.
        let _gone = self.swarm.disconnect_peer_id(*id);
    }

    pub(super) fn status(&mut self, event: Event<Held, Held>) {
        match event {
            Event::Message { peer, message: Message::Request { request, channel, .. }, .. } => {
                let verdict = self.greeted(&peer, &request);
                // Ours goes out in any case: it tells a stranger why it is sent away.
                let ours = Frame::Data(self.ours.encode().into());
                let sent = self.swarm.behaviour_mut().status.send_response(channel, ours.into());
                match verdict {
                    Err(why) => {
                        self.refuse(&peer, &why);
                        if let Some(peer) = self.peers.get_mut(&peer).filter(|_| sent.is_ok()) {
                            peer.stage = Stage::Leaving(Instant::now() + LEAVE_AFTER);
                        } else {
                            self.disconnect(&peer);
                        }
                    }
                    Ok(validator) => self.welcome(peer, validator),
                }
            }
            Event::Message { peer, message: Message::Response { response, .. }, .. } => {
                match self.greeted(&peer, &response) {
                    Ok(validator) => self.welcome(peer, validator),
                    Err(why) => {
                        self.refuse(&peer, &why);
                        self.disconnect(&peer);
                    }
                }
            }
            Event::OutboundFailure { peer, error, .. } => {
                if matches!(error, OutboundFailure::UnsupportedProtocols) {
                    tracing::info!(%peer, "the peer is no node of this kind; not trying it again for a while");
                    self.keep_out(&peer, "it does not speak the status protocol");
                } else {
                    tracing::debug!(%peer, %error, "no status came back");
                }
                self.disconnect(&peer);
            }
            // A peer that is leaving goes a moment later, when it has surely read why.
            Event::ResponseSent { .. } | Event::InboundFailure { .. } => {}
        }
    }

    fn greeted(&self, peer: &PeerId, held: &Held) -> Result<Option<alloy_primitives::Address>, InvalidStatus> {
        match &held.frame {
            Frame::Data(data) => Status::decode(data)?.check(&self.ours, peer),
            Frame::Busy => Err(InvalidStatus::Malformed("it is empty".to_owned())),
        }
    }

    /// Not one of ours: kept out for a while, with a word about why.
    fn refuse(&mut self, peer: &PeerId, why: &InvalidStatus) {
        let address = self.peers.get(peer).map(|peer| peer.address.to_string()).unwrap_or_default();
        tracing::warn!(%peer, address, "refused a peer: {why}");
        self.keep_out(peer, &why.to_string());
    }

    /// A short ban; of those that the operator named, who may be repairing it just now, only a pause.
    fn keep_out(&mut self, peer: &PeerId, why: &str) {
        if !self.trusted.contains(peer) {
            self.swarm.behaviour_mut().gate.bans.ban_peer(*peer, STRANGER, why, unix_now());
            self.book.touch();
        }
    }

    /// The peer is of our chain.
    fn welcome(&mut self, id: PeerId, validator: Option<alloy_primitives::Address>) {
        let Some(peer) = self.peers.get_mut(&id).filter(|peer| matches!(peer.stage, Stage::Handshake(_))) else {
            return;
        };
        peer.validator = validator;
        peer.stage = Stage::Ready;
        let inbound = peer.inbound;
        self.book.connected(&id);
        self.befriend(&id);
        let friends = &self.swarm.behaviour().gate.friends;
        let places = if inbound { self.config.max_inbound } else { self.config.max_outbound };
        let strangers =
            self.peers.iter().filter(|(id, peer)| peer.is_ready() && peer.inbound == inbound && !friends.contains(*id));
        if !friends.contains(&id) && strangers.count() > places {
            tracing::debug!(peer = %id, inbound, places, "no place for one more peer");
            ::metrics::counter!("bttc_network_refused_connections_total", "why" => "full").increment(1);
            if let Some(peer) = self.peers.get_mut(&id) {
                peer.stage = Stage::Leaving(Instant::now() + LEAVE_AFTER);
            }
            return;
        }
        tracing::debug!(peer = %id, inbound, ?validator, "peer connected");
        if let Some(peer) = self.peers.get(&id) {
            self.inbox.peer(peer.id.clone(), true);
        }
        self.show();
    }

    /// Gives a node of a current validator its place.
    fn befriend(&mut self, id: &PeerId) {
        let Some(validator) = self.peers.get(id).and_then(|peer| peer.validator) else { return };
        if self.validators.as_ref().is_none_or(|set| set.index_of(validator).is_none()) {
            return;
        }
        let gate = &mut self.swarm.behaviour_mut().gate;
        let same = self.peers.iter().filter(|(_, peer)| peer.validator == Some(validator));
        if same.filter(|(other, _)| *other != id && gate.friends.contains(*other)).count() < NODES_OF_VALIDATOR {
            gate.friends.insert(*id);
        }
    }

    pub(super) fn set_validators(&mut self, validators: ValidatorSet) {
        self.validators = Some(validators);
        let gate = &mut self.swarm.behaviour_mut().gate;
        gate.friends.clone_from(&self.trusted);
        let proven: Vec<_> =
            self.peers.iter().filter(|(_, peer)| peer.validator.is_some()).map(|(id, _)| *id).collect();
        proven.iter().for_each(|id| self.befriend(id));
        self.show();
    }

    pub(super) fn expire_handshakes(&mut self, now: Instant) {
        let mut late = Vec::new();
        for (id, peer) in &self.peers {
            match peer.stage {
                Stage::Handshake(until) if until <= now => late.push((*id, true)),
                Stage::Leaving(until) if until <= now => late.push((*id, false)),
                _ => {}
            }
        }
        for (id, silent) in late {
            if silent {
                self.fault(id, Fault::Unhelpful, "it sent no status");
            }
            self.disconnect(&id);
        }
    }

    pub(super) fn pinged(&mut self, event: &ping::Event) {
        match &event.result {
            Ok(time) => {
                if let Some(peer) = self.peers.get_mut(&event.peer) {
                    peer.round_trip = Some(*time);
                }
            }
            Err(ping::Failure::Unsupported) => {}
            Err(error) => {
                tracing::debug!(peer = %event.peer, %error, "the peer answers no more");
                self.disconnect(&event.peer);
            }
        }
    }

    /// Counts a fault, and bans after too many.
    pub(super) fn fault(&mut self, id: PeerId, fault: Fault, why: &str) {
        metrics::fault(fault);
        let now = Instant::now();
        let points = self.records.entry(id).or_default().add(bans::points(fault), now);
        self.swarm.behaviour_mut().gossip.set_application_score(&id, -f64::from(points));
        tracing::debug!(peer = %id, ?fault, points, why, "a fault of a peer");
        if points < bans::LIMIT {
            return;
        }
        self.records.remove(&id);
        let ip = self.peers.get(&id).and_then(|peer| peer.ip);
        if self.trusted.contains(&id) {
            tracing::warn!(peer = %id, ?fault, why, "a trusted peer behaves badly; disconnected, but not banned");
        } else {
            ::metrics::counter!("bttc_network_bans_total").increment(1);
            let length = self.swarm.behaviour_mut().gate.bans.ban_for_faults(id, ip, why, unix_now());
            self.book.forget(&id);
            tracing::warn!(peer = %id, ip = ip.map(tracing::field::display), ?fault, why, ?length, "banned a peer");
        }
        self.disconnect(&id);
        self.show();
    }

    pub(super) fn ban_by_hand(&mut self, whom: &Whom, length: Duration) {
        const WHY: &str = "by the operator";
        let bans = &mut self.swarm.behaviour_mut().gate.bans;
        let gone: Vec<PeerId> = match whom {
            Whom::Peer(peer) => {
                bans.ban_peer(*peer, length, WHY, unix_now());
                vec![*peer]
            }
            Whom::Ip(ip) => {
                bans.ban_ip(*ip, length, WHY, unix_now());
                self.peers.iter().filter(|(_, peer)| peer.ip == Some(*ip)).map(|(id, _)| *id).collect()
            }
        };
        gone.iter().for_each(|peer| self.disconnect(peer));
        self.book.touch();
        self.show();
    }
}

/// The address alone.
fn without_peer(mut address: libp2p::Multiaddr) -> libp2p::Multiaddr {
    if matches!(address.iter().last(), Some(libp2p::multiaddr::Protocol::P2p(_))) {
        address.pop();
    }
    address
}

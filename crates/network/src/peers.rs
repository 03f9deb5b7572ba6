//! One connected peer: what is known of it and what it may still use.

use crate::{bucket::Bucket, config::NetworkConfig, gossip::Subject};
use alloy_primitives::Address;
use bttc_consensus as consensus;
use libp2p::{Multiaddr, PeerId};
use std::{
    net::IpAddr,
    time::{Duration, Instant},
};

/// Requests per second of one peer; twice as many at once.
const REQUESTS_PER_SECOND: u32 = 50;

/// What a person wants to know about a peer.
#[derive(Clone, Debug, PartialEq)]
pub struct PeerInfo {
    /// Its peer id, in text.
    pub id: String,
    /// Where it is, as this node sees it.
    pub address: String,
    /// Whether it came to us.
    pub inbound: bool,
    /// Name and version of its program, as it says.
    pub client: String,
    /// The validator that it has proven to be.
    pub validator: Option<Address>,
    /// Voting power of that validator in the current set; 0 if it is not in it.
    pub power: u64,
    /// Persistent or private: by configuration or by hand.
    pub trusted: bool,
    /// Points of faults; a hundred of them are a ban.
    pub fault_points: u32,
    /// Score of its gossip, in hundredths; negative is bad.
    pub gossip_score: i64,
    /// Time of a round trip.
    pub round_trip: Option<Duration>,
    /// How long it has been connected.
    pub connected_for: Duration,
}

/// How far the first words have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Its status must be here by then.
    Handshake(Instant),
    /// Of our chain.
    Ready,
    /// Not of our chain; it goes when it has our status, or then.
    Leaving(Instant),
}

/// What a peer may bring of one class of messages.
#[derive(Debug)]
struct Allowance {
    messages: Bucket,
    bytes: Bucket,
}

/// One connected peer.
#[derive(Debug)]
pub(crate) struct Peer {
    /// Its id as the engine knows it.
    pub(crate) id: consensus::PeerId,
    pub(crate) inbound: bool,
    pub(crate) address: Multiaddr,
    pub(crate) ip: Option<IpAddr>,
    pub(crate) since: Instant,
    pub(crate) stage: Stage,
    pub(crate) client: String,
    pub(crate) validator: Option<Address>,
    pub(crate) round_trip: Option<Duration>,
    /// Our requests that it has not answered.
    pub(crate) asked: usize,
    /// Its requests that wait for the engine.
    pub(crate) asking: usize,
    pub(crate) answers: Bucket,
    requests: Bucket,
    gossip: [Allowance; Subject::ALL.len()],
    flooded: Option<Instant>,
}

impl Peer {
    pub(crate) fn new(id: &PeerId, inbound: bool, address: Multiaddr, config: &NetworkConfig, stage: Stage) -> Self {
        let now = Instant::now();
        let allowance = |subject: Subject| Allowance {
            messages: Bucket::new(subject.messages_per_second(), subject.messages_per_second() * 2, now),
            bytes: Bucket::new(subject.bytes_per_second(), subject.bytes_per_second() * 2, now),
        };
        Self {
            id: crate::address::to_consensus(id),
            inbound,
            ip: crate::address::ip(&address),
            address,
            since: now,
            stage,
            client: String::new(),
            validator: None,
            round_trip: None,
            asked: 0,
            asking: 0,
            answers: Bucket::new(config.max_answer_rate, config.max_answer_rate, now),
            requests: Bucket::new(REQUESTS_PER_SECOND, REQUESTS_PER_SECOND * 2, now),
            gossip: Subject::ALL.map(allowance),
            flooded: None,
        }
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.stage == Stage::Ready
    }

    /// Whether it may bring this message.
    pub(crate) fn may_gossip(&mut self, subject: Subject, bytes: usize, now: Instant) -> bool {
        let Some(allowance) = self.gossip.get_mut(subject as usize) else { return false };
        allowance.messages.take(1, now) && allowance.bytes.take(bytes, now)
    }

    /// Whether it may ask once more.
    pub(crate) fn may_ask(&mut self, now: Instant) -> bool {
        self.requests.take(1, now)
    }

    /// Whether going beyond an allowance is a new fault: once a second, so that one burst is one fault.
    pub(crate) fn is_new_flood(&mut self, now: Instant) -> bool {
        let new = self.flooded.is_none_or(|last| now.saturating_duration_since(last) >= Duration::from_secs(1));
        if new {
            self.flooded = Some(now);
        }
        new
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn each_class_has_an_allowance_of_its_own_and_a_burst_is_one_fault() {
        let address: Multiaddr = "/ip4/127.0.0.1/tcp/1".parse().unwrap();
        let mut peer = Peer::new(&PeerId::random(), true, address, &NetworkConfig::default(), Stage::Ready);
        let now = Instant::now();
        let taken = (0..10_000).filter(|_| peer.may_gossip(Subject::Votes, 200, now)).count();
        assert_eq!(taken, 2 * Subject::Votes.messages_per_second() as usize);
        assert!(peer.may_gossip(Subject::Status, 200, now));
        let big = (0..1_000).filter(|_| peer.may_gossip(Subject::Transactions, 1 << 20, now)).count();
        assert_eq!(big, 16);
        assert!(peer.is_new_flood(now) && !peer.is_new_flood(now));
        assert!(peer.is_new_flood(now + Duration::from_secs(1)));
        assert_eq!((0..1_000).filter(|_| peer.may_ask(now)).count(), 2 * REQUESTS_PER_SECOND as usize);
    }
}

//! Faults, what they cost, and who is kept out for how long.
//!
//! Every fault adds points, points fade with time, and [`LIMIT`] of them end in a ban. Each further ban of one peer is twice as long. An id costs nothing to make, so
//! an IP address from which several peers were banned is kept out as well; never the loopback, behind which this machine's own programs are.

use bttc_consensus::Fault;
use libp2p::PeerId;
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    net::IpAddr,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Points that lead to a ban.
pub(crate) const LIMIT: u32 = 100;
/// A point fades in this time.
const FADE: Duration = Duration::from_secs(6);
/// Length of the first ban.
const FIRST: Duration = Duration::from_secs(10 * 60);
/// Length of the longest ban.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
/// For a peer of another chain, which is no villain.
pub(crate) const STRANGER: Duration = Duration::from_secs(5 * 60);
/// Banned peers behind one IP address after which it is banned itself.
const IP_STRIKES: u32 = 3;
/// Bans that are kept; the one that ends first makes room.
const MOST: usize = 4_096;

/// Points of a fault.
pub(crate) const fn points(fault: Fault) -> u32 {
    match fault {
        Fault::Forged => 50,
        Fault::Invalid => 20,
        Fault::Flood => 20,
        Fault::Unhelpful => 4,
    }
}

/// Label of the metric.
pub(crate) const fn label(fault: Fault) -> &'static str {
    match fault {
        Fault::Forged => "forged",
        Fault::Invalid => "invalid",
        Fault::Flood => "flood",
        Fault::Unhelpful => "unhelpful",
    }
}

/// Points of one peer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Record {
    points: u32,
    at: Option<std::time::Instant>,
}

impl Record {
    /// Points left by now.
    pub(crate) fn points(&self, now: std::time::Instant) -> u32 {
        let Some(at) = self.at else { return 0 };
        let faded = now.saturating_duration_since(at).as_secs() / FADE.as_secs();
        self.points.saturating_sub(u32::try_from(faded).unwrap_or(u32::MAX))
    }

    /// Adds a fault; the points after it.
    pub(crate) fn add(&mut self, points: u32, now: std::time::Instant) -> u32 {
        self.points = self.points(now).saturating_add(points);
        self.at = Some(now);
        self.points
    }
}

/// Unix time. Unit: seconds.
pub(crate) fn unix_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Somebody who is kept out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ban {
    /// A peer id or an IP address.
    pub who: String,
    /// Unix time at which it ends. Unit: seconds.
    pub until: u64,
    /// What for.
    pub why: String,
}

#[derive(Clone, Debug)]
struct Entry {
    until: u64,
    why: String,
    /// How many bans there were, this one included.
    times: u32,
}

/// Who is kept out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bans {
    peers: HashMap<PeerId, Entry>,
    ips: HashMap<IpAddr, Entry>,
    strikes: HashMap<IpAddr, u32>,
}

impl Bans {
    pub(crate) fn is_banned(&self, peer: &PeerId, now: u64) -> bool {
        self.peers.get(peer).is_some_and(|entry| now < entry.until)
    }

    pub(crate) fn is_ip_banned(&self, ip: &IpAddr, now: u64) -> bool {
        self.ips.get(ip).is_some_and(|entry| now < entry.until)
    }

    /// Bans a peer for its faults, and its IP after several; the length.
    pub(crate) fn ban_for_faults(&mut self, peer: PeerId, ip: Option<IpAddr>, why: &str, now: u64) -> Duration {
        let times = self.peers.get(&peer).map_or(1, |entry| entry.times.saturating_add(1));
        let length = FIRST.saturating_mul(1 << (times - 1).min(10)).min(LONGEST);
        let until = now.saturating_add(length.as_secs());
        insert(&mut self.peers, peer, Entry { until, why: why.to_owned(), times }, now);
        if let Some(ip) = ip.filter(|ip| !ip.is_loopback()) {
            if self.strikes.len() >= MOST {
                self.strikes.clear();
            }
            let strikes = self.strikes.entry(ip).or_default();
            *strikes += 1;
            if *strikes >= IP_STRIKES {
                let why = format!("{strikes} peers behind it were banned, the last for: {why}");
                insert(&mut self.ips, ip, Entry { until, why, times: 1 }, now);
            }
        }
        length
    }

    /// Bans a peer for a time.
    pub(crate) fn ban_peer(&mut self, peer: PeerId, length: Duration, why: &str, now: u64) {
        let times = self.peers.get(&peer).map_or(0, |entry| entry.times);
        let until = now.saturating_add(length.as_secs());
        insert(&mut self.peers, peer, Entry { until, why: why.to_owned(), times }, now);
    }

    /// Bans an IP address for a time.
    pub(crate) fn ban_ip(&mut self, ip: IpAddr, length: Duration, why: &str, now: u64) {
        let until = now.saturating_add(length.as_secs());
        insert(&mut self.ips, ip, Entry { until, why: why.to_owned(), times: 0 }, now);
    }

    /// Lifts a ban; whether there was one.
    pub(crate) fn lift_peer(&mut self, peer: &PeerId) -> bool {
        self.peers.remove(peer).is_some()
    }

    /// Lifts a ban; whether there was one.
    pub(crate) fn lift_ip(&mut self, ip: &IpAddr) -> bool {
        self.strikes.remove(ip);
        self.ips.remove(ip).is_some()
    }

    /// Bans in force, the one that ends first in front.
    pub(crate) fn list(&self, now: u64) -> Vec<Ban> {
        let ban = |who: String, entry: &Entry| Ban { who, until: entry.until, why: entry.why.clone() };
        let peers = self.peers.iter().map(|(id, entry)| ban(id.to_string(), entry));
        let ips = self.ips.iter().map(|(ip, entry)| ban(ip.to_string(), entry));
        let mut list: Vec<Ban> = peers.chain(ips).filter(|ban| now < ban.until).collect();
        list.sort_by(|a, b| (a.until, &a.who).cmp(&(b.until, &b.who)));
        list
    }

    /// Takes a kept ban in; what names nobody is passed over.
    pub(crate) fn restore(&mut self, ban: &Ban, now: u64) {
        let length = Duration::from_secs(ban.until.saturating_sub(now));
        if length.is_zero() {
            return;
        }
        if let Ok(peer) = ban.who.parse() {
            self.ban_peer(peer, length, &ban.why, now);
        } else if let Ok(ip) = ban.who.parse() {
            self.ban_ip(ip, length, &ban.why, now);
        }
    }
}

fn insert<K: Copy + Eq + std::hash::Hash>(bans: &mut HashMap<K, Entry>, who: K, entry: Entry, now: u64) {
    if bans.len() >= MOST && !bans.contains_key(&who) {
        bans.retain(|_, entry| now < entry.until);
        if bans.len() >= MOST
            && let Some(first) = bans.iter().min_by_key(|(_, entry)| entry.until).map(|(who, _)| *who)
        {
            bans.remove(&first);
        }
    }
    bans.insert(who, entry);
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn points_fade_and_add_up() {
        let start = std::time::Instant::now();
        let mut record = Record::default();
        assert_eq!(record.add(points(Fault::Invalid), start), 20);
        assert_eq!(record.points(start + Duration::from_secs(60)), 10);
        assert_eq!(record.add(points(Fault::Forged), start + Duration::from_secs(60)), 60);
        assert_eq!(record.points(start + Duration::from_secs(100_000)), 0);
    }

    #[test]
    fn bans_grow_end_and_reach_the_ip_after_several() {
        let mut bans = Bans::default();
        let ip: IpAddr = "203.0.113.7".parse().unwrap();
        let peer = PeerId::random();
        assert_eq!(bans.ban_for_faults(peer, Some(ip), "flood", 1_000), FIRST);
        assert!(bans.is_banned(&peer, 1_000) && !bans.is_banned(&peer, 1_600));
        assert_eq!(bans.ban_for_faults(peer, Some(ip), "flood", 2_000), FIRST * 2);
        assert!(!bans.is_ip_banned(&ip, 2_000));
        bans.ban_for_faults(PeerId::random(), Some(ip), "flood", 2_000);
        assert!(bans.is_ip_banned(&ip, 2_000));
        let home: IpAddr = "127.0.0.1".parse().unwrap();
        for _ in 0..9 {
            bans.ban_for_faults(PeerId::random(), Some(home), "flood", 2_000);
        }
        assert!(!bans.is_ip_banned(&home, 2_000));
        assert!(bans.lift_ip(&ip) && !bans.is_ip_banned(&ip, 2_000));
        for _ in 0..20 {
            assert!(bans.ban_for_faults(peer, None, "flood", 3_000) <= LONGEST);
        }
    }

    #[test]
    fn bans_are_kept_and_bounded() {
        let mut bans = Bans::default();
        bans.ban_ip("203.0.113.7".parse().unwrap(), Duration::from_secs(50), "by hand", 100);
        bans.ban_peer(PeerId::random(), Duration::from_secs(40), "wrong chain", 100);
        let list = bans.list(100);
        let mut restored = Bans::default();
        list.iter().for_each(|ban| restored.restore(ban, 110));
        assert_eq!(restored.list(110), list);
        assert_eq!(restored.list(145).len(), 1);
        for second in 0..2 * MOST as u64 {
            bans.ban_peer(PeerId::random(), Duration::from_secs(1_000 + second), "", 100);
        }
        assert!(bans.peers.len() <= MOST);
    }
}

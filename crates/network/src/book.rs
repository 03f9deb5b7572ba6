//! Peers that we know of: where they are, when to try them again, and the file that keeps them across restarts.

use crate::{
    address::{self, PeerAddress},
    bans::{Ban, unix_now},
};
use libp2p::{Multiaddr, PeerId};
use rand::Rng;
use serde::{Deserialize, Serialize};
use std::{
    collections::{HashMap, HashSet},
    io,
    path::Path,
    time::{Duration, Instant},
};

/// Peers that are kept.
const MOST: usize = 1_000;
/// Addresses of one peer.
const MOST_ADDRESSES: usize = 4;
/// Time between tries of a persistent peer: first and longest.
const PERSISTENT: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));
/// Time between tries of another: first and longest.
const OTHER: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(30 * 60));

#[derive(Clone, Debug, Default)]
struct Known {
    addresses: Vec<Multiaddr>,
    /// Unix time of the last connection; 0 if there was none. Unit: seconds.
    seen: u64,
    failures: u32,
    next: Option<Instant>,
}

/// Peers by id.
#[derive(Debug, Default)]
pub(crate) struct Book {
    peers: HashMap<PeerId, Known>,
    persistent: HashSet<PeerId>,
    changed: bool,
}

/// The file.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    version: u32,
    peers: Vec<KeptPeer>,
    bans: Vec<Ban>,
}

#[derive(Debug, Serialize, Deserialize)]
struct KeptPeer {
    id: String,
    addresses: Vec<String>,
    seen: u64,
}

/// Form of the file.
const VERSION: u32 = 1;

impl Book {
    /// Reads the file of the last run. One that cannot be used is told of and passed over: it holds nothing that does not come back by itself.
    pub(crate) fn load(path: &Path) -> (Self, Vec<Ban>) {
        let kept = match std::fs::read(path) {
            Ok(bytes) => serde_json::from_slice::<Kept>(&bytes).map_err(|error| error.to_string()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Kept { version: VERSION, ..Kept::default() }),
            Err(error) => Err(error.to_string()),
        };
        let kept = kept.and_then(|kept| match kept.version {
            VERSION => Ok(kept),
            other => Err(format!("it is of version {other}, this program writes {VERSION}")),
        });
        let kept = kept.unwrap_or_else(|why| {
            tracing::warn!(path = %path.display(), why, "cannot use the file of known peers and bans, starting without; it will be written anew");
            Kept::default()
        });
        let mut book = Self::default();
        for peer in kept.peers.into_iter().take(MOST) {
            let Ok(id) = peer.id.parse() else { continue };
            let addresses = peer.addresses.iter().filter_map(|text| text.parse().ok());
            let addresses: Vec<_> = addresses.filter(address::is_dialable).take(MOST_ADDRESSES).collect();
            book.peers.insert(id, Known { addresses, seen: peer.seen, ..Known::default() });
        }
        (book, kept.bans)
    }

    /// The bytes of the file, if anything has changed since they were last asked for.
    pub(crate) fn file_bytes(&mut self, bans: Vec<Ban>, force: bool) -> Option<Vec<u8>> {
        if !std::mem::take(&mut self.changed) && !force {
            return None;
        }
        let seen = self.peers.iter().filter(|(_, known)| known.seen > 0 && !known.addresses.is_empty());
        let mut peers: Vec<_> = seen
            .map(|(id, known)| KeptPeer {
                id: id.to_string(),
                addresses: known.addresses.iter().map(ToString::to_string).collect(),
                seen: known.seen,
            })
            .collect();
        peers.sort_by(|a, b| (b.seen, &a.id).cmp(&(a.seen, &b.id)));
        serde_json::to_vec_pretty(&Kept { version: VERSION, peers, bans }).ok()
    }

    /// Learns an address of a peer.
    pub(crate) fn learn(&mut self, id: PeerId, address: Multiaddr) {
        if !address::is_dialable(&address) {
            return;
        }
        if !self.peers.contains_key(&id) && self.peers.len() >= MOST && !self.forget_one() {
            return;
        }
        let known = self.peers.entry(id).or_default();
        if !known.addresses.contains(&address) {
            if known.addresses.len() >= MOST_ADDRESSES {
                known.addresses.remove(0);
            }
            known.addresses.push(address);
            self.changed = true;
        }
    }

    /// Makes room: the peer with the most failures, never one that is persistent, rather one never met.
    fn forget_one(&mut self) -> bool {
        let others = self.peers.iter().filter(|(id, _)| !self.persistent.contains(id));
        let worst = others.max_by_key(|(_, known)| (known.seen == 0, known.failures, u64::MAX - known.seen));
        let worst = worst.map(|(id, _)| *id);
        worst.and_then(|id| self.peers.remove(&id)).is_some()
    }

    /// A peer to be connected with at all times.
    pub(crate) fn persist(&mut self, peer: &PeerAddress) {
        self.persistent.insert(peer.id);
        self.learn(peer.id, peer.address.clone());
        if let Some(known) = self.peers.get_mut(&peer.id) {
            (known.failures, known.next) = (0, None);
        }
    }

    /// Forgets a peer; whether it was known.
    pub(crate) fn forget(&mut self, id: &PeerId) -> bool {
        self.changed = true;
        self.persistent.remove(id) | self.peers.remove(id).is_some()
    }

    /// It is connected and of our chain.
    pub(crate) fn connected(&mut self, id: &PeerId) {
        if let Some(known) = self.peers.get_mut(id) {
            (known.seen, known.failures, known.next) = (unix_now(), 0, None);
            self.changed = true;
        }
    }

    /// It could not be reached, or sent us away: a longer pause than the last, with chance in it, so that nodes that start together do not stay in step.
    pub(crate) fn failed(&mut self, id: &PeerId, now: Instant) {
        let (first, longest) = if self.persistent.contains(id) { PERSISTENT } else { OTHER };
        let Some(known) = self.peers.get_mut(id) else { return };
        let pause = first.saturating_mul(1 << known.failures.min(16)).min(longest);
        let percent = rand::thread_rng().gen_range(75..=125);
        known.next = Some(now + pause * percent / 100);
        known.failures = known.failures.saturating_add(1);
    }

    /// Another peer answered at the address.
    pub(crate) fn wrong_address(&mut self, id: &PeerId, address: &Multiaddr) {
        if self.persistent.contains(id) {
            return;
        }
        if let Some(known) = self.peers.get_mut(id) {
            known.addresses.retain(|of| of != address);
            if known.addresses.is_empty() {
                self.peers.remove(id);
            }
            self.changed = true;
        }
    }

    /// Persistent peers that are due for a try.
    pub(crate) fn persistent_due(&self, now: Instant) -> Vec<PeerId> {
        self.persistent.iter().filter(|id| self.is_due(id, now)).copied().collect()
    }

    /// Up to `count` others that are due, those met before first.
    pub(crate) fn others_due(&self, count: usize, now: Instant, skip: impl Fn(&PeerId) -> bool) -> Vec<PeerId> {
        let due =
            self.peers.iter().filter(|(id, _)| !self.persistent.contains(id) && self.is_due(id, now) && !skip(id));
        let mut due: Vec<_> =
            due.map(|(id, known)| (known.failures, known.seen == 0, rand::thread_rng().r#gen::<u32>(), *id)).collect();
        due.sort_unstable_by_key(|(failures, new, chance, _)| (*failures, *new, *chance));
        due.into_iter().take(count).map(|(.., id)| id).collect()
    }

    fn is_due(&self, id: &PeerId, now: Instant) -> bool {
        let known = self.peers.get(id);
        known.is_some_and(|known| !known.addresses.is_empty() && known.next.is_none_or(|next| next <= now))
    }

    pub(crate) fn addresses(&self, id: &PeerId) -> Vec<Multiaddr> {
        self.peers.get(id).map(|known| known.addresses.clone()).unwrap_or_default()
    }

    pub(crate) fn len(&self) -> usize {
        self.peers.len()
    }

    /// Something that the file holds beside the peers has changed.
    pub(crate) fn touch(&mut self) {
        self.changed = true;
    }
}

/// Writes a file whole or not at all.
pub(crate) async fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use tokio::io::AsyncWriteExt;
    let fresh = path.with_extension("new");
    let mut file = tokio::fs::File::create(&fresh).await?;
    file.write_all(bytes).await?;
    file.sync_all().await?;
    drop(file);
    tokio::fs::rename(&fresh, path).await
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn address(number: u16) -> Multiaddr {
        format!("/ip4/10.0.0.1/tcp/{number}").parse().unwrap()
    }

    #[tokio::test]
    async fn peers_met_and_bans_survive_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("peers.json");
        let (mut book, bans) = Book::load(&path);
        assert!(bans.is_empty());
        let (met, heard) = (PeerId::random(), PeerId::random());
        book.learn(met, address(1));
        book.connected(&met);
        book.learn(heard, address(2));
        let ban = Ban { who: "10.0.0.9".into(), until: 5, why: "test".into() };
        let bytes = book.file_bytes(vec![ban.clone()], false).unwrap();
        assert_eq!(book.file_bytes(vec![], false), None, "nothing has changed");
        write_file(&path, &bytes).await.unwrap();
        let (book, bans) = Book::load(&path);
        assert_eq!((book.addresses(&met), bans), (vec![address(1)], vec![ban]));
        assert_eq!(book.len(), 1, "who was never met is not kept");
    }

    #[test]
    fn a_file_that_cannot_be_read_costs_its_contents_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("peers.json");
        for bytes in ["{\"version\":1,", "[]", "{\"version\":9,\"peers\":[],\"bans\":[]}"] {
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(Book::load(&path).0.len(), 0, "{bytes}");
        }
    }

    #[test]
    fn pauses_grow_and_end_with_a_connection() {
        let mut book = Book::default();
        let (id, now) = (PeerId::random(), Instant::now());
        book.learn(id, address(1));
        let due = |book: &Book, seconds| book.others_due(9, now + Duration::from_secs(seconds), |_| false);
        assert_eq!(due(&book, 0), [id]);
        book.failed(&id, now);
        assert_eq!((due(&book, 3).len(), due(&book, 7).len()), (0, 1));
        for _ in 0..20 {
            book.failed(&id, now);
        }
        assert_eq!((due(&book, 20 * 60).len(), due(&book, 40 * 60).len()), (0, 1));
        book.connected(&id);
        assert_eq!(due(&book, 0), [id]);
        book.persist(&PeerAddress { id, address: address(1) });
        assert_eq!((due(&book, 0).len(), book.persistent_due(now)), (0, vec![id]));
    }

    #[test]
    fn the_book_is_bounded_and_keeps_those_it_met() {
        let mut book = Book::default();
        let met = PeerId::random();
        book.learn(met, address(1));
        book.connected(&met);
        for number in 0..3 * MOST as u16 {
            book.learn(PeerId::random(), address(number + 1));
        }
        assert_eq!(book.len(), MOST);
        assert_eq!(book.addresses(&met), [address(1)]);
        for number in 1..20 {
            book.learn(met, address(number));
        }
        assert_eq!(book.addresses(&met).len(), MOST_ADDRESSES);
        book.learn(PeerId::random(), "/ip4/1.2.3.4/udp/5/quic-v1".parse().unwrap());
        book.wrong_address(&met, &address(19));
        assert_eq!(book.addresses(&met).len(), MOST_ADDRESSES - 1);
    }
}

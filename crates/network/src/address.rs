//! Peers and addresses as people and files write them.

use bttc_consensus as consensus;
use libp2p::{Multiaddr, PeerId, multiaddr::Protocol};
use std::{fmt, net::IpAddr, str::FromStr};

/// Why a text names no peer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAddress {
    /// Not of the form of an address.
    #[error("{text:?} is no address: {why}; write /ip4/203.0.113.7/tcp/30990/p2p/ID or /dns/NAME/tcp/30990/p2p/ID")]
    Malformed {
        /// As written.
        text: String,
        /// What the parser says.
        why: String,
    },
    /// An address whose peer is not said.
    #[error("{text:?} does not say which peer is there; add /p2p/ID, the id that admin_nodeInfo of that node shows")]
    NoPeer {
        /// As written.
        text: String,
    },
    /// No peer id.
    #[error("{text:?} is no peer id: {why}; admin_nodeInfo of that node shows it")]
    PeerId {
        /// As written.
        text: String,
        /// What the parser says.
        why: String,
    },
}

/// Where a peer is, and which one it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PeerAddress {
    pub(crate) id: PeerId,
    /// Without the id.
    pub(crate) address: Multiaddr,
}

impl FromStr for PeerAddress {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        let mut address = multiaddr(text)?;
        match address.pop() {
            Some(Protocol::P2p(id)) if !address.is_empty() => Ok(Self { id, address }),
            _ => Err(InvalidAddress::NoPeer { text: text.to_owned() }),
        }
    }
}

impl fmt::Display for PeerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/p2p/{}", self.address, self.id)
    }
}

/// Reads an address, with or without a peer.
pub(crate) fn multiaddr(text: &str) -> Result<Multiaddr, InvalidAddress> {
    text.parse().map_err(|error: libp2p::multiaddr::Error| InvalidAddress::Malformed {
        text: text.to_owned(),
        why: error.to_string(),
    })
}

/// Reads a peer id.
pub(crate) fn peer_id(text: &str) -> Result<PeerId, InvalidAddress> {
    text.parse().map_err(|error: libp2p::identity::ParseError| InvalidAddress::PeerId {
        text: text.to_owned(),
        why: error.to_string(),
    })
}

/// The IP of an address; none for names.
pub(crate) fn ip(address: &Multiaddr) -> Option<IpAddr> {
    address.iter().find_map(|part| match part {
        Protocol::Ip4(ip) => Some(IpAddr::V4(ip)),
        Protocol::Ip6(ip) => Some(IpAddr::V6(ip)),
        _ => None,
    })
}

/// How far away an address can be meant: what a peer says of itself counts only within the reach over which we see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reach {
    /// This machine.
    Loopback,
    /// A private network.
    Private,
    /// The internet, or a name.
    Global,
}

impl Reach {
    pub(crate) fn of(address: &Multiaddr) -> Self {
        match ip(address) {
            None => Self::Global,
            Some(ip) if ip.is_loopback() => Self::Loopback,
            Some(IpAddr::V4(ip)) if ip.is_private() || ip.is_link_local() || ip.is_unspecified() => Self::Private,
            Some(IpAddr::V6(ip)) if ip.is_unique_local() || ip.is_unicast_link_local() || ip.is_unspecified() => {
                Self::Private
            }
            Some(_) => Self::Global,
        }
    }
}

/// Whether the last hop of an address is TCP on an IP or a name, the only kind that we dial.
pub(crate) fn is_dialable(address: &Multiaddr) -> bool {
    let mut parts = address.iter();
    let host = matches!(
        parts.next(),
        Some(Protocol::Ip4(_) | Protocol::Ip6(_) | Protocol::Dns(_) | Protocol::Dns4(_) | Protocol::Dns6(_))
    );
    let port = matches!(parts.next(), Some(Protocol::Tcp(port)) if port != 0);
    host && port && parts.next().is_none()
}

/// The id in the form of the consensus engine.
pub(crate) fn to_consensus(id: &PeerId) -> consensus::PeerId {
    consensus::PeerId(id.to_bytes().into())
}

/// The id in the form of the library; none if it is no id.
pub(crate) fn from_consensus(id: &consensus::PeerId) -> Option<PeerId> {
    PeerId::from_bytes(&id.0).ok()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn peers_are_read_and_written() {
        let id = PeerId::random();
        let text = format!("/ip4/10.0.0.1/tcp/30990/p2p/{id}");
        let peer: PeerAddress = text.parse().unwrap();
        assert_eq!((peer.id, peer.to_string()), (id, text));
        assert_eq!(Reach::of(&peer.address), Reach::Private);
        assert!(is_dialable(&peer.address));
        assert!(matches!(format!("/p2p/{id}").parse::<PeerAddress>(), Err(InvalidAddress::NoPeer { .. })));
        assert!(matches!("10.0.0.1:1".parse::<PeerAddress>(), Err(InvalidAddress::Malformed { .. })));
        assert_eq!(from_consensus(&to_consensus(&id)), Some(id));
    }

    #[test]
    fn only_plain_tcp_is_dialed() {
        for (text, dialable) in [
            ("/ip4/1.2.3.4/tcp/1", true),
            ("/dns/a.example/tcp/1", true),
            ("/ip4/1.2.3.4/tcp/0", false),
            ("/ip4/1.2.3.4/udp/1/quic-v1", false),
            ("/ip4/1.2.3.4/tcp/1/ws", false),
            ("/unix/tmp", false),
        ] {
            assert_eq!(text.parse::<Multiaddr>().is_ok_and(|address| is_dialable(&address)), dialable, "{text}");
        }
        assert_eq!(Reach::of(&"/ip6/::1/tcp/1".parse().unwrap()), Reach::Loopback);
        assert_eq!(Reach::of(&"/dns/a.example/tcp/1".parse().unwrap()), Reach::Global);
    }
}

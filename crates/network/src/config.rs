//! Section `[p2p]` of the configuration file.

use crate::address::{InvalidAddress, PeerAddress};
use libp2p::{Multiaddr, PeerId, multiaddr::Protocol};
use serde::{Deserialize, Serialize};
use std::{
    collections::HashSet,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

/// What this node is to the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Talks to everybody of its chain.
    #[default]
    Full,
    /// Talks to everybody and stands before validators that it never names: its `private_peers`.
    Sentry,
    /// Talks to its persistent and private peers alone and is announced nowhere.
    Validator,
}

/// Where the node listens, whom it talks to and what one peer may cost it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NetworkConfig {
    /// Whether the node talks to others at all.
    pub enabled: bool,
    /// `full`, `sentry` or `validator`.
    pub role: Role,
    /// Addresses to listen on; anything but a loopback address opens the node to the network. Port 0 takes a free one.
    pub listen: Vec<SocketAddr>,
    /// Address under which others reach this node, such as `/ip4/203.0.113.7/tcp/30990` or `/dns/node.example.org/tcp/30990`. None: they learn what they see.
    pub external_address: Option<String>,
    /// First peers to ask for others: `/ip4/203.0.113.7/tcp/30990/p2p/12D3...`.
    pub bootnodes: Vec<String>,
    /// Peers to be connected with at all times, of the same form. They are never banned and need no free place.
    pub persistent_peers: Vec<String>,
    /// Ids of peers that are never named to others, with the rights of persistent ones.
    pub private_peers: Vec<String>,
    /// Directory of the node key, the known peers and the bans. Empty: `network` in the data directory.
    pub path: PathBuf,
    /// Peers that may come to us, not counting persistent ones and validators.
    pub max_inbound: usize,
    /// Peers that we go to, not counting persistent ones and validators.
    pub max_outbound: usize,
    /// Connections from one IP address, not counting those of persistent peers and validators.
    pub max_per_ip: usize,
    /// Whether the router is asked to forward the port (UPnP).
    pub upnp: bool,
    /// Longest time for a request and its answer.
    #[serde(with = "humantime_serde")]
    pub request_timeout: Duration,
    /// What is read from one connection. Unit: bytes per second.
    pub max_read_rate: u32,
    /// What one peer may be answered. Unit: bytes per second.
    pub max_answer_rate: u32,
    /// Memory for answers that are read, and again for answers that are sent. Unit: bytes.
    pub max_request_memory: u32,
}

impl Default for NetworkConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            role: Role::Full,
            listen: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 30_990))],
            external_address: None,
            bootnodes: Vec::new(),
            persistent_peers: Vec::new(),
            private_peers: Vec::new(),
            path: PathBuf::new(),
            max_inbound: 40,
            max_outbound: 20,
            max_per_ip: 8,
            upnp: false,
            request_timeout: Duration::from_secs(15),
            max_read_rate: 32 << 20,
            max_answer_rate: 16 << 20,
            max_request_memory: 128 << 20,
        }
    }
}

/// Why the section cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidNetworkConfig {
    /// A peer or address cannot be read.
    #[error("p2p.{key}: {source}")]
    Address {
        /// Key in the section.
        key: &'static str,
        /// What is wrong with it.
        source: InvalidAddress,
    },
    /// A limit that would let nothing through.
    #[error("p2p.{key} is {got}, it must be at least {least}; leave the key out for the default")]
    TooLow {
        /// Key in the section.
        key: &'static str,
        /// As configured.
        got: u64,
        /// Lowest value.
        least: u64,
    },
    /// A validator behind sentries that knows no sentry.
    #[error(
        "p2p.role is validator, but p2p.persistent_peers and p2p.private_peers are empty, so the node would talk to nobody; name its sentries there"
    )]
    NoSentries,
}

/// The peers of the section, read.
#[derive(Clone, Debug)]
pub(crate) struct Friends {
    pub(crate) bootnodes: Vec<PeerAddress>,
    pub(crate) persistent: Vec<PeerAddress>,
    pub(crate) private: HashSet<PeerId>,
    pub(crate) external: Option<Multiaddr>,
}

impl NetworkConfig {
    /// Reads the addresses and looks at the limits.
    pub(crate) fn check(&self) -> Result<Friends, InvalidNetworkConfig> {
        let address = |key| move |source| InvalidNetworkConfig::Address { key, source };
        let list = |key, texts: &[String]| -> Result<Vec<PeerAddress>, InvalidNetworkConfig> {
            texts.iter().map(|text| text.parse().map_err(address(key))).collect()
        };
        let least = |key, got: u64, least| {
            if got < least { Err(InvalidNetworkConfig::TooLow { key, got, least }) } else { Ok(()) }
        };
        least("max_read_rate", self.max_read_rate.into(), 64 << 10)?;
        least("max_answer_rate", self.max_answer_rate.into(), 64 << 10)?;
        // An answer of the greatest size, packed and unpacked, must fit.
        least("max_request_memory", self.max_request_memory.into(), 2 * bttc_consensus::MAX_RESPONSE_BYTES as u64)?;
        least("max_per_ip", self.max_per_ip as u64, 1)?;
        least("request_timeout (in milliseconds)", self.request_timeout.as_millis() as u64, 100)?;
        let private =
            self.private_peers.iter().map(|text| crate::address::peer_id(text).map_err(address("private_peers")));
        let external = self
            .external_address
            .as_ref()
            .map(|text| crate::address::multiaddr(text).map_err(address("external_address")));
        let friends = Friends {
            bootnodes: list("bootnodes", &self.bootnodes)?,
            persistent: list("persistent_peers", &self.persistent_peers)?,
            private: private.collect::<Result<_, _>>()?,
            external: external.transpose()?,
        };
        if self.role == Role::Validator && friends.persistent.is_empty() && friends.private.is_empty() {
            return Err(InvalidNetworkConfig::NoSentries);
        }
        Ok(friends)
    }
}

/// The listening address in the form of the library.
pub(crate) fn listen_address(socket: SocketAddr) -> Multiaddr {
    Multiaddr::from(socket.ip()).with(Protocol::Tcp(socket.port()))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn unknown_keys_are_refused_and_the_default_reads_back() {
        let json = serde_json::to_string(&NetworkConfig::default()).unwrap();
        assert_eq!(serde_json::from_str::<NetworkConfig>(&json).unwrap(), NetworkConfig::default());
        assert!(serde_json::from_str::<NetworkConfig>(r#"{"rol":"full"}"#).unwrap_err().to_string().contains("rol"));
        let sentry: NetworkConfig = serde_json::from_str(r#"{"role":"sentry"}"#).unwrap();
        assert_eq!(sentry.role, Role::Sentry);
        NetworkConfig::default().check().unwrap();
    }

    #[test]
    fn a_bad_peer_is_named_with_its_key() {
        let config = NetworkConfig { bootnodes: vec!["/ip4/1.2.3.4/tcp/5".into()], ..Default::default() };
        let error = config.check().unwrap_err().to_string();
        assert!(error.starts_with("p2p.bootnodes: ") && error.contains("/p2p/"), "{error}");
        let config = NetworkConfig { private_peers: vec!["x".into()], ..Default::default() };
        assert!(config.check().unwrap_err().to_string().starts_with("p2p.private_peers: "));
        let config = NetworkConfig { role: Role::Validator, ..Default::default() };
        assert_eq!(config.check().unwrap_err(), InvalidNetworkConfig::NoSentries);
        let config = NetworkConfig { max_request_memory: 5, ..Default::default() };
        assert!(config.check().unwrap_err().to_string().contains("max_request_memory is 5"));
    }
}

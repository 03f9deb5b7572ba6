//! One libp2p swarm: peers, discovery, gossip, requests (docs/protocol.md, section 9; docs/adr/0006-network.md).
//!
//! [`Network::open`] takes the sockets; [`NetworkService`] is the task that owns the swarm, [`NetworkHandle`] what the others hold of it: the consensus
//! engine as its [`bttc_consensus::Transport`], the pool for transactions, the doors for lists of peers.
//!
//! ```text
//!   TCP -> throttle -> noise -> yamux -> gate: may it connect?
//!                                        status: is it of our chain?          service.rs, service/connections.rs
//!                                        gossip -> allowance -> inbox         service/messages.rs
//!                                        requests -> allowance -> inbox       service/requests.rs
//!                                        identify, kad -> book -> dial        service/discovery.rs
//! ```
//!
//! Whatever a peer can send has a bound: bytes a second of a connection (`throttle`), sizes (`frame`, `gossip`), messages and bytes a second of each class (`peers`),
//! places in the queues (`inbox`), memory of requests (`frame`). What goes beyond is dropped and counted; who goes on beyond it collects points (`bans`) until it is banned.
//!
//! The decoders of everything that strangers send are public and pure: [`Status::decode`], [`frame`], [`transactions::decode`].

mod address;
mod bans;
mod behaviour;
mod book;
mod bucket;
mod config;
pub mod frame;
mod gate;
mod gossip;
mod handle;
mod identity;
mod inbox;
mod metrics;
mod peers;
mod service;
mod status;
mod throttle;
pub mod transactions;

pub use address::InvalidAddress;
pub use bans::Ban;
pub use config::{InvalidNetworkConfig, NetworkConfig, Role};
pub use handle::{LocalInfo, NetworkHandle, PeerCommandError};
pub use identity::{Identity, PROTOCOL_VERSION, node_id};
pub use peers::PeerInfo;
pub use service::{Network, NetworkService, OpenError};
pub use status::{InvalidStatus, MAX_STATUS_BYTES, Status};

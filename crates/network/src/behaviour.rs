//! The swarm: which protocols are spoken, over which transport.

use crate::{
    bans::Bans,
    config::{Friends, NetworkConfig, Role},
    frame::FrameCodec,
    gate::{Gate, Places},
    gossip::{self, Gossip, Topics},
    identity::{Names, STATUS_PROTOCOL},
    status::MAX_STATUS_BYTES,
    throttle::Throttled,
};
use bttc_consensus::{MAX_REQUEST_BYTES, MAX_RESPONSE_BYTES};
use bttc_primitives::Fatal;
use libp2p::{
    PeerId, Swarm, Transport,
    core::{muxing::StreamMuxerBox, transport::Boxed, upgrade::Version},
    dns, identify,
    identity::Keypair,
    kad, noise, ping, request_response as requests,
    swarm::{self, NetworkBehaviour, behaviour::toggle::Toggle},
    tcp, upnp, yamux,
};
use std::{collections::HashSet, num::NonZeroUsize, time::Duration};

/// Encryption and negotiation of a connection must be done by then: who sends garbage or nothing is cut off.
const UPGRADE_WITHIN: Duration = Duration::from_secs(5);
/// Streams of one connection, over all protocols.
const MAX_STREAMS: usize = 128;
/// Requests in both directions at the same time on one connection.
const MAX_EXCHANGES: usize = 32;
/// Memory for what is asked of us. Unit: bytes.
const REQUEST_MEMORY: usize = 64 << 20;
/// The status must be answered by then.
pub(crate) const STATUS_WITHIN: Duration = Duration::from_secs(5);

/// Everything that is spoken.
#[derive(NetworkBehaviour)]
pub(crate) struct Behaviour {
    pub(crate) gate: Gate,
    pub(crate) status: requests::Behaviour<FrameCodec>,
    pub(crate) requests: requests::Behaviour<FrameCodec>,
    pub(crate) gossip: Gossip,
    pub(crate) identify: identify::Behaviour,
    pub(crate) ping: ping::Behaviour,
    pub(crate) kad: Toggle<kad::Behaviour<kad::store::MemoryStore>>,
    pub(crate) upnp: Toggle<upnp::tokio::Behaviour>,
}

/// The name of discovery, which a peer must speak to be told to others.
pub(crate) const DISCOVERY: &str = "kad";

pub(crate) fn swarm(
    key: &Keypair,
    names: &Names,
    config: &NetworkConfig,
    friends: &Friends,
    bans: Bans,
    client: &str,
) -> Result<Swarm<Behaviour>, Fatal> {
    let id = key.public().to_peer_id();
    let exchange = |name, codec, timeout, streams| {
        let settings = requests::Config::default().with_request_timeout(timeout).with_max_concurrent_streams(streams);
        requests::Behaviour::with_codec(codec, [(name, requests::ProtocolSupport::Full)], settings)
    };
    let places = Places {
        inbound: config.max_inbound,
        outbound: config.max_outbound,
        per_ip: config.max_per_ip,
        friends_only: config.role == Role::Validator,
    };
    let trusted: HashSet<PeerId> =
        friends.persistent.iter().map(|peer| peer.id).chain(friends.private.iter().copied()).collect();
    let hidden = config.role == Role::Validator;
    let identify = identify::Config::new(names.of("identify"), key.public())
        .with_agent_version(client.to_owned())
        .with_push_listen_addr_updates(true)
        .with_hide_listen_addrs(hidden)
        .with_cache_size(0);
    let behaviour = Behaviour {
        gate: Gate::new(places, trusted, bans),
        status: exchange(
            STATUS_PROTOCOL,
            // A budget of its own: large answers must not delay the first words.
            FrameCodec::new((MAX_STATUS_BYTES, MAX_STATUS_BYTES), (1 << 20, 1 << 20)),
            STATUS_WITHIN,
            4,
        ),
        requests: exchange(
            names.protocol("request"),
            FrameCodec::new(
                (MAX_REQUEST_BYTES, MAX_RESPONSE_BYTES),
                (REQUEST_MEMORY, config.max_request_memory as usize),
            ),
            config.request_timeout,
            MAX_EXCHANGES,
        ),
        gossip: gossip::behaviour(&Topics::new(names))?,
        identify: identify::Behaviour::new(identify),
        ping: ping::Behaviour::new(ping::Config::new().with_interval(Duration::from_secs(15))),
        kad: (!hidden).then(|| discovery(id, names)).into(),
        upnp: (config.upnp && !hidden).then(upnp::tokio::Behaviour::default).into(),
    };
    let settings = swarm::Config::with_tokio_executor()
        // Who stays is the service's affair.
        .with_idle_connection_timeout(Duration::from_secs(365 * 24 * 60 * 60))
        .with_max_negotiating_inbound_streams(MAX_STREAMS);
    Ok(Swarm::new(transport(key, config.max_read_rate)?, behaviour, id, settings))
}

/// TCP with names, each connection held to a rate, encrypted (noise) and shared by streams (yamux).
fn transport(key: &Keypair, read_rate: u32) -> Result<Boxed<(PeerId, StreamMuxerBox)>, Fatal> {
    let doing = "setting up the transport of the network";
    let tcp = tcp::tokio::Transport::new(tcp::Config::default().nodelay(true));
    let named = dns::tokio::Transport::system(tcp).map_err(|error| Fatal::while_doing(doing, error))?;
    let noise = noise::Config::new(key).map_err(|error| Fatal::while_doing(doing, error))?;
    let mut streams = yamux::Config::default();
    streams.set_max_num_streams(MAX_STREAMS);
    Ok(named
        .map(move |stream, _| Throttled::new(stream, read_rate))
        .upgrade(Version::V1Lazy)
        .authenticate(noise)
        .multiplex(streams)
        .timeout(UPGRADE_WITHIN)
        .boxed())
}

/// Who is there: each node keeps some peers, told apart by distance, and asks them for others. Nothing is stored for anybody.
fn discovery(id: PeerId, names: &Names) -> kad::Behaviour<kad::store::MemoryStore> {
    let mut config = kad::Config::new(names.protocol(DISCOVERY));
    config
        .set_kbucket_inserts(kad::BucketInserts::Manual)
        .set_periodic_bootstrap_interval(None)
        .set_query_timeout(Duration::from_secs(20))
        .set_max_packet_size(16 << 10)
        .set_record_filtering(kad::StoreInserts::FilterBoth)
        .set_record_ttl(None)
        .set_provider_record_ttl(None)
        .set_replication_interval(None)
        .set_publication_interval(None)
        .set_provider_publication_interval(None)
        .set_parallelism(NonZeroUsize::MIN.saturating_add(1));
    let mut kad = kad::Behaviour::with_config(id, kad::store::MemoryStore::new(id), config);
    kad.set_mode(Some(kad::Mode::Server));
    kad
}

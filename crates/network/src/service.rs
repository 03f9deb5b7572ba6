//! The service: one task that owns the swarm, and what it does with every event.
//!
//! A turn of the loop takes one thing: the clock, a judgement, a vote of ours, an order, something larger of ours, or an event of the swarm; in that order, so
//! that nothing that arrives delays what the engine says. What a turn does never waits: where something is full, something is dropped.

mod connections;
mod discovery;
mod messages;
mod requests;

use crate::{
    bans::{Record, unix_now},
    behaviour::{self, Behaviour, BehaviourEvent},
    book::{self, Book},
    config::{Friends, InvalidNetworkConfig, NetworkConfig, Role, listen_address},
    gossip::Topics,
    handle::{self, Board, Command, LocalInfo, NetworkHandle, Receivers, Whom},
    identity::{self, Identity, Names, PROTOCOL_VERSION},
    inbox::Inbox,
    metrics,
    peers::{Peer, PeerInfo},
    status::Status,
};
use bttc_consensus::SignError;
use bttc_primitives::{Fatal, ValidatorSet};
use futures::{FutureExt, StreamExt};
use libp2p::{PeerId, Swarm, swarm::SwarmEvent};
use messages::Judgements;
use parking_lot::RwLock;
use requests::Exchanges;
use std::{
    collections::{HashMap, HashSet},
    net::SocketAddr,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;

/// Time between looks at deadlines and tries.
const TICK: Duration = Duration::from_millis(200);
/// Time between writes of the file of known peers.
const SAVE_EVERY: Duration = Duration::from_secs(60);
/// Events of the swarm that are taken between two messages of ours.
const EVENTS_BETWEEN: usize = 4;
/// Faults of peers that have gone are remembered for so many.
const MOST_RECORDS: usize = 4_096;

/// Why the network cannot start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] InvalidNetworkConfig),
    /// An address to listen on.
    #[error(
        "cannot listen on {address} for other nodes: {why}; choose another p2p.listen, or end the program that uses it"
    )]
    Listen {
        /// As configured.
        address: SocketAddr,
        /// What the system says.
        why: String,
    },
    /// Our own trouble.
    #[error(transparent)]
    Fatal(#[from] Fatal),
}

/// Entry to the network.
#[derive(Debug)]
pub struct Network;

impl Network {
    /// Reads key and known peers below `config.path`, and listens. Nobody is served until [`NetworkService::run`].
    ///
    /// Errors: a configuration that cannot be used, an address that is taken, a file that cannot be read.
    pub async fn open(config: NetworkConfig, identity: Identity) -> Result<(NetworkHandle, NetworkService), OpenError> {
        let friends = config.check()?;
        metrics::describe();
        let key = identity::open_node_key(&config.path)?;
        let names = Names::new(identity.chain_id, identity.genesis_hash);
        let file = config.path.join("peers.json");
        let (mut book, kept) = Book::load(&file);
        friends.persistent.iter().for_each(|peer| book.persist(peer));
        let mut bans = crate::bans::Bans::default();
        kept.iter().for_each(|ban| bans.restore(ban, unix_now()));
        let mut swarm = behaviour::swarm(&key, &names, &config, &friends, bans, &identity.client)?;
        let listen = listen(&mut swarm, &config.listen).await?;
        if let Some(external) = &friends.external {
            swarm.add_external_address(external.clone());
        }
        let id = *swarm.local_peer_id();
        let proof = match &identity.signer {
            Some(signer) => match identity::prove(signer.as_ref(), identity.chain_id, &id) {
                Ok(proof) => proof.to_vec().into(),
                Err(SignError::Fatal(fatal)) => return Err(fatal.into()),
                Err(error) => {
                    tracing::warn!(%error, "peers will not know this node as a validator's: the consensus key did not sign its peer id; start the node again when it does");
                    Default::default()
                }
            },
            None => Default::default(),
        };
        let ours = Status {
            version: PROTOCOL_VERSION,
            chain_id: identity.chain_id,
            genesis_hash: identity.genesis_hash,
            proof,
        };
        let local = LocalInfo { id: id.to_string(), role: config.role, listen, external: Vec::new() };
        let board = Arc::new(RwLock::new(Board { peers: Vec::new(), bans: Vec::new(), local }));
        let inbox = Arc::new(Inbox::new());
        let (senders, receivers) = handle::channels();
        let handle = NetworkHandle::new(crate::address::to_consensus(&id), inbox.clone(), board.clone(), senders);
        let topics = Topics::new(&names);
        let service = NetworkService {
            swarm,
            receivers,
            inbox,
            board,
            names,
            topics,
            ours,
            friends,
            config,
            book,
            file,
            peers: HashMap::new(),
            records: HashMap::new(),
            trusted: HashSet::new(),
            dialing: HashSet::new(),
            validators: None,
            judgements: Judgements::default(),
            exchanges: Exchanges::default(),
            next_walk: Instant::now(),
        };
        Ok((handle, service.prepared()))
    }
}

/// Listens, and waits for the system to say on which ports.
async fn listen(swarm: &mut Swarm<Behaviour>, sockets: &[SocketAddr]) -> Result<Vec<String>, OpenError> {
    let mut waiting = HashMap::new();
    for socket in sockets {
        let failed = |why: String| OpenError::Listen { address: *socket, why };
        // The library shares a port with whoever has it already; two nodes on one port would take each other's peers.
        drop(std::net::TcpListener::bind(socket).map_err(|error| failed(error.to_string()))?);
        let id = swarm.listen_on(listen_address(*socket)).map_err(|error| failed(error.to_string()))?;
        waiting.insert(id, *socket);
    }
    let mut addresses = Vec::new();
    let all = async {
        while !waiting.is_empty() {
            match swarm.select_next_some().await {
                SwarmEvent::NewListenAddr { listener_id, address } => {
                    waiting.remove(&listener_id);
                    addresses.push(address.to_string());
                }
                SwarmEvent::ListenerClosed { listener_id, reason: Err(error), .. } => {
                    if let Some(address) = waiting.remove(&listener_id) {
                        return Err(OpenError::Listen { address, why: error.to_string() });
                    }
                }
                _ => {}
            }
        }
        Ok(())
    };
    match tokio::time::timeout(Duration::from_secs(5), all).await {
        Ok(done) => done.map(|()| addresses),
        Err(_) => Err(Fatal::new("the system does not say on which addresses the network listens").into()),
    }
}

/// The task behind a [`NetworkHandle`].
pub struct NetworkService {
    swarm: Swarm<Behaviour>,
    receivers: Receivers,
    inbox: Arc<Inbox>,
    board: Arc<RwLock<Board>>,
    names: Names,
    topics: Topics,
    ours: Status,
    friends: Friends,
    config: NetworkConfig,
    book: Book,
    file: PathBuf,
    peers: HashMap<PeerId, Peer>,
    /// Faults, also of those that have gone.
    records: HashMap<PeerId, Record>,
    /// Persistent and private peers, those added by hand among them.
    trusted: HashSet<PeerId>,
    dialing: HashSet<PeerId>,
    validators: Option<ValidatorSet>,
    judgements: Judgements,
    exchanges: Exchanges,
    /// When discovery asks around next.
    next_walk: Instant,
}

impl std::fmt::Debug for NetworkService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NetworkService({})", self.swarm.local_peer_id())
    }
}

impl NetworkService {
    fn prepared(mut self) -> Self {
        self.trusted = self.swarm.behaviour().gate.friends.clone();
        self.meet_bootnodes();
        self.show();
        self
    }

    /// Serves until `shutdown`; then the known peers are kept, and every connection ends.
    ///
    /// Errors: none at present that do not end the task of the runtime itself; what is wrong with peers is theirs.
    pub async fn run(mut self, shutdown: CancellationToken) -> Result<(), Fatal> {
        tracing::info!(id = %self.swarm.local_peer_id(), listen = ?self.board.read().local.listen, role = ?self.config.role, "network started");
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut save = tokio::time::interval(SAVE_EVERY);
        save.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        // The first comes at once.
        save.tick().await;
        loop {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                _ = tick.tick() => self.tick(),
                _ = save.tick() => self.save(false).await,
                Some((id, acceptance)) = self.receivers.judgements.recv() => self.judge(id, acceptance),
                Some((subject, message)) = self.receivers.urgent.recv() => {
                    self.publish(subject, &message);
                    self.attend();
                }
                Some(command) = self.receivers.commands.recv() => self.command(command),
                Some((subject, message)) = self.receivers.bulk.recv() => {
                    self.publish(subject, &message);
                    self.attend();
                }
                event = self.swarm.select_next_some() => self.event(event),
            }
        }
        self.inbox.close();
        self.save(true).await;
        Ok(())
    }

    /// Takes what the swarm has at hand, so that a node with much to say still sends and listens.
    fn attend(&mut self) {
        for _ in 0..EVENTS_BETWEEN {
            let Some(event) = self.swarm.select_next_some().now_or_never() else { return };
            self.event(event);
        }
    }

    fn event(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::ConnectionEstablished { peer_id, endpoint, num_established, .. } => {
                self.connected(peer_id, &endpoint, num_established.get());
            }
            SwarmEvent::ConnectionClosed { peer_id, num_established: 0, .. } => self.disconnected(&peer_id),
            SwarmEvent::OutgoingConnectionError { peer_id: Some(peer), error, .. } => self.unreachable(&peer, &error),
            SwarmEvent::IncomingConnectionError { send_back_addr, error, .. } => {
                tracing::debug!(from = %send_back_addr, %error, "a connection came to nothing");
            }
            SwarmEvent::ExternalAddrConfirmed { .. } | SwarmEvent::ExternalAddrExpired { .. } => self.show_local(),
            SwarmEvent::ListenerError { error, .. } => tracing::warn!(%error, "trouble with a listening address"),
            SwarmEvent::ListenerClosed { addresses, reason, .. } => {
                tracing::error!(
                    ?addresses,
                    ?reason,
                    "the node listens there no more; others can be reached from here alone"
                );
            }
            SwarmEvent::Behaviour(event) => match event {
                BehaviourEvent::Status(event) => self.status(event),
                BehaviourEvent::Requests(event) => self.exchange(event),
                BehaviourEvent::Gossip(event) => self.gossip(event),
                BehaviourEvent::Identify(event) => self.identified(event),
                BehaviourEvent::Ping(event) => self.pinged(&event),
                BehaviourEvent::Kad(event) => self.discovered(event),
                BehaviourEvent::Upnp(event) => tracing::info!(?event, "the router was asked for a way in (UPnP)"),
                BehaviourEvent::Gate(never) => match never {},
            },
            _ => {}
        }
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Request { peer, data, reply } => self.ask(&peer, data, reply),
            Command::Respond { to, data } => self.respond(to, data),
            Command::Penalize { peer, fault } => {
                if let Some(peer) = crate::address::from_consensus(&peer) {
                    self.fault(peer, fault, "the consensus engine says so");
                }
            }
            Command::Validators(validators) => self.set_validators(validators),
            Command::AddPeer(peer) => {
                let gate = &mut self.swarm.behaviour_mut().gate;
                gate.bans.lift_peer(&peer.id);
                gate.friends.insert(peer.id);
                self.trusted.insert(peer.id);
                self.book.persist(&peer);
                self.dial_due();
            }
            Command::RemovePeer(peer) => {
                self.trusted.remove(&peer);
                self.book.forget(&peer);
                self.swarm.behaviour_mut().gate.friends.remove(&peer);
                self.disconnect(&peer);
            }
            Command::Ban { whom, length } => self.ban_by_hand(&whom, length),
            Command::Unban(whom) => {
                let bans = &mut self.swarm.behaviour_mut().gate.bans;
                match whom {
                    Whom::Peer(peer) => bans.lift_peer(&peer),
                    Whom::Ip(ip) => bans.lift_ip(&ip),
                };
                self.book.touch();
                self.show();
            }
        }
    }

    fn tick(&mut self) {
        let now = Instant::now();
        self.expire_judgements(now);
        self.expire_requests(now);
        self.expire_handshakes(now);
        self.dial_due();
        self.walk(now);
        self.show();
        if self.records.len() > MOST_RECORDS {
            self.records.retain(|_, record| record.points(now) > 0);
        }
    }

    /// Puts what people may ask for on the board, and into the metrics.
    fn show(&mut self) {
        let now = Instant::now();
        let mut peers: Vec<PeerInfo> =
            self.peers.iter().filter(|(_, peer)| peer.is_ready()).map(|(id, peer)| self.info(id, peer, now)).collect();
        peers.sort_by(|a, b| b.connected_for.cmp(&a.connected_for).then_with(|| a.id.cmp(&b.id)));
        let bans = self.swarm.behaviour().gate.bans.list(unix_now());
        let inbound = peers.iter().filter(|peer| peer.inbound).count();
        ::metrics::gauge!("bttc_network_peers", "direction" => "in").set(inbound as f64);
        ::metrics::gauge!("bttc_network_peers", "direction" => "out").set((peers.len() - inbound) as f64);
        let validators = peers.iter().filter(|peer| peer.power > 0).count();
        ::metrics::gauge!("bttc_network_validators").set(validators as f64);
        ::metrics::gauge!("bttc_network_known_peers").set(self.book.len() as f64);
        ::metrics::gauge!("bttc_network_bans").set(bans.len() as f64);
        let mut board = self.board.write();
        board.peers = peers;
        board.bans = bans;
    }

    fn show_local(&mut self) {
        let external: Vec<String> = self.swarm.external_addresses().map(ToString::to_string).collect();
        self.board.write().local.external = external;
    }

    fn info(&self, id: &PeerId, peer: &Peer, now: Instant) -> PeerInfo {
        let power = peer.validator.and_then(|validator| {
            let set = self.validators.as_ref()?;
            Some(set.members().get(set.index_of(validator)?)?.power)
        });
        let score = self.swarm.behaviour().gossip.peer_score(id).unwrap_or_default();
        PeerInfo {
            id: id.to_string(),
            address: peer.address.to_string(),
            inbound: peer.inbound,
            client: peer.client.clone(),
            validator: peer.validator,
            power: power.unwrap_or_default(),
            trusted: self.trusted.contains(id),
            fault_points: self.records.get(id).map_or(0, |record| record.points(now)),
            gossip_score: (score * 100.0) as i64,
            round_trip: peer.round_trip,
            connected_for: now.saturating_duration_since(peer.since),
        }
    }

    /// Writes known peers and bans; what was written before stays if that fails.
    async fn save(&mut self, last: bool) {
        let bans = self.swarm.behaviour().gate.bans.list(unix_now());
        let Some(bytes) = self.book.file_bytes(bans, last) else { return };
        if let Err(error) = book::write_file(&self.file, &bytes).await {
            tracing::warn!(%error, path = %self.file.display(), "cannot keep the known peers; a restart will begin with older ones");
            self.book.touch();
        }
    }

    const fn is_hidden(&self) -> bool {
        matches!(self.config.role, Role::Validator)
    }
}

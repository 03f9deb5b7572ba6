//! A running network: started, looked at, told what to do.

use crate::{
    api::Door,
    chain::{Block, BlockSummary, NotTaken, Question, Reach, Receipt},
    command::{Command, CommandError, Done, ErrorCode, Returned},
    config::{Clock, Config},
    network::Network,
    send::Refused,
    server::Service,
    transaction::Tx,
    tvm::Ending,
};
use alloy_primitives::{Address, B256, Bytes};
use parking_lot::Mutex;
use serde_json::json;
use std::{future::Future, io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};
use tokio::{
    net::TcpListener,
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};

/// Why a network cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The configuration.
    #[error("this network cannot be: {0}")]
    Config(String),
    /// An address.
    #[error("cannot listen on {addr}: {source}; choose another port, or 0 for a free one")]
    Listen {
        /// Where.
        addr: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
}

/// Why a network that was run as a program ended.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// It did not start.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// Nobody can learn where it listens.
    #[error("cannot write {path}: {source}; choose another ready file")]
    ReadyFile {
        /// Where.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// Where a node listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Doors {
    full: SocketAddr,
    solid: SocketAddr,
}

/// A running network. It ends when this is dropped.
pub struct Handle {
    network: Arc<Mutex<Network>>,
    doors: Vec<Doors>,
    _tasks: JoinSet<()>,
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handle").field("doors", &self.doors).finish_non_exhaustive()
    }
}

/// Starts a network; it answers on return.
///
/// Errors: the configuration cannot be, or a port is taken.
pub async fn serve(config: &Config) -> Result<Handle, ServeError> {
    let network = Arc::new(Mutex::new(Network::new(config).map_err(ServeError::Config)?));
    let (mut tasks, mut doors) = (JoinSet::new(), Vec::new());
    for node in 0..config.nodes {
        let mut addrs = [config.http, config.solid_http];
        if node > 0 {
            addrs.iter_mut().for_each(|addr| addr.set_port(0));
        }
        let [full, solid] = addrs;
        let mut bound = Vec::new();
        for (addr, door) in [(full, Door::Full), (solid, Door::Solid)] {
            let fail = |source| ServeError::Listen { addr, source };
            let listener = TcpListener::bind(addr).await.map_err(fail)?;
            bound.push(listener.local_addr().map_err(fail)?);
            let service = Service { network: network.clone(), node, door, control: config.control };
            tasks.spawn(service.run(listener));
        }
        if let [full, solid] = bound[..] {
            doors.push(Doors { full, solid });
        }
    }
    if config.clock == Clock::Real {
        tasks.spawn(tick(network.clone(), config.interval));
    }
    Ok(Handle { network, doors, _tasks: tasks })
}

async fn tick(network: Arc<Mutex<Network>>, every: Duration) {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        let mut network = network.lock();
        if !network.paused
            && let Err(why) = network.chain.mine(1)
        {
            tracing::error!(why, "the simulator cannot make a block");
        }
    }
}

/// Runs a network until `shutdown` resolves; `ready` is given what the ready file says, one line of JSON.
///
/// Errors: it did not start, or the ready file cannot be written.
pub async fn run(config: Config, ready: impl FnOnce(&str), shutdown: impl Future<Output = ()>) -> Result<(), RunError> {
    let handle = serve(&config).await?;
    let nodes: Vec<_> = (0..config.nodes)
        .map(|node| json!({ "full": handle.full(node), "solid": handle.solid(node), "jsonrpc": handle.jsonrpc(node) }))
        .collect();
    let genesis = handle.block(0).map(|block| format!("{:?}", block.id));
    let line = json!({ "nodes": nodes, "chain_id": handle.chain_id(), "genesis": genesis }).to_string();
    if let Some(path) = &config.ready_file {
        let fail = |source| RunError::ReadyFile { path: path.clone(), source };
        // Whole or not at all: who waits for the file reads it at once.
        let draft = path.with_extension("draft");
        tokio::fs::write(&draft, &line).await.map_err(fail)?;
        tokio::fs::rename(&draft, path).await.map_err(fail)?;
    }
    ready(&line);
    shutdown.await;
    Ok(())
}

impl Handle {
    /// URL of a node; nodes count from 0.
    ///
    /// # Panics
    /// If there is no such node.
    pub fn full(&self, node: usize) -> String {
        format!("http://{}", self.doors[node].full)
    }

    /// URL of a node for solid state.
    ///
    /// # Panics
    /// If there is no such node.
    pub fn solid(&self, node: usize) -> String {
        format!("http://{}", self.doors[node].solid)
    }

    /// URL of a node's JSON-RPC; that of solid state is `/jsonrpc` at [`Self::solid`].
    ///
    /// # Panics
    /// If there is no such node.
    pub fn jsonrpc(&self, node: usize) -> String {
        format!("{}/jsonrpc", self.full(node))
    }

    /// Last four bytes of the first block's id.
    pub fn chain_id(&self) -> u32 {
        self.network.lock().chain.chain_id
    }

    /// How the network stands.
    pub fn status(&self) -> Done {
        self.network.lock().status()
    }

    /// Does something to it. Errors: it cannot be done, and why.
    pub fn command(&self, command: Command) -> Result<Done, CommandError> {
        self.network.lock().command(command)
    }

    /// Gives a signed transaction to the first node, past its faults; a block has to take it. Its id.
    ///
    /// Errors: the node refuses it.
    pub fn submit(&self, bytes: &[u8]) -> Result<B256, Refused> {
        let mut network = self.network.lock();
        let Network { chain, nodes, .. } = &mut *network;
        let seen = nodes.first_mut().map(|node| &mut node.seen);
        let known = |id: &B256| seen.as_ref().is_some_and(|seen| seen.contains(id));
        let id = chain.admit(bytes, known).map_err(|refusal| match refusal {
            NotTaken::Unreadable(message) => Refused { code: ErrorCode::OtherError, message },
            NotTaken::Refused(_, refusal) => Refused { code: refusal.code, message: refusal.message },
        })?;
        if let Some(seen) = seen {
            seen.insert(id);
        }
        Ok(id)
    }

    /// Makes blocks. Errors: too many.
    pub fn mine(&self, blocks: u64) -> Result<Done, CommandError> {
        self.command(Command::Mine { blocks })
    }

    /// Makes blocks until what is the head now is solid. Errors: those are too many.
    pub fn settle(&self) -> Result<Done, CommandError> {
        let lag = self.network.lock().chain.solid_lag;
        self.mine(lag)
    }

    /// Replaces the last blocks. Errors: some of them are solid.
    pub fn reorg(&self, depth: u64, transactions: Returned) -> Result<Done, CommandError> {
        self.command(Command::Reorg { depth, transactions })
    }

    /// A block.
    pub fn block(&self, number: u64) -> Option<BlockSummary> {
        self.network.lock().chain.block(number).map(summary)
    }

    /// How a transaction ended, in whatever block.
    pub fn receipt(&self, id: B256) -> Option<Receipt> {
        let network = self.network.lock();
        let reach = newest(&network);
        network.chain.included(id, reach).map(|(_, included, _)| included.receipt.clone())
    }

    /// Whether a transaction waits for a block.
    pub fn waits(&self, id: B256) -> bool {
        self.network.lock().chain.waits(id).is_some()
    }

    /// A transaction that waits or that a block has.
    pub fn transaction(&self, id: B256) -> Option<Tx> {
        let network = self.network.lock();
        let reach = newest(&network);
        let included = network.chain.included(id, reach).map(|(_, included, _)| included.tx.clone());
        included.or_else(|| network.chain.waits(id).cloned())
    }

    /// What an account has at the head. Unit: sun.
    pub fn balance(&self, account: Address) -> u64 {
        let network = self.network.lock();
        network.chain.account(account, newest(&network)).map_or(0, |account| account.balance)
    }

    /// Calls a contract on the head's state, without a transaction. How it ended and what it returned.
    ///
    /// Errors: there is no contract.
    pub fn call(&self, from: Address, to: Address, data: Bytes) -> Result<(Ending, Bytes), CommandError> {
        let network = self.network.lock();
        let question = Question { from, to: Some(to), value: 0, data };
        let ran = network.chain.ask(&question, newest(&network)).map_err(|refusal| CommandError(refusal.message))?;
        Ok((ran.ending, ran.output))
    }
}

fn newest(network: &Network) -> Reach {
    Reach { head: network.chain.head().number, solid: network.chain.solid() }
}

fn summary(block: &Block) -> BlockSummary {
    BlockSummary { number: block.number, id: block.id, time: block.time, transactions: block.transactions.len() }
}

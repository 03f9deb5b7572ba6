//! The chain and the nodes that show it, each with its own faults.

use crate::{
    chain::{Chain, Gift, MOST_LAG, Reach},
    command::{Command, CommandError, Done, ErrorCode, Returned},
    config::Config,
};
use alloy_primitives::B256;
use std::{
    collections::{HashSet, VecDeque},
    ops::RangeInclusive,
};

/// Bounds of `eth_getLogs` that TRON's nodes have.
const LOG_BLOCKS: u64 = 5_000;
const LOG_HITS: usize = 10_000;
/// Most slots of one command.
const MOST_SLOTS: u64 = 10_000_000;

/// What a node does wrong.
#[derive(Debug, Default)]
pub(crate) struct Node {
    /// Transactions that it has taken since it started.
    pub(crate) seen: HashSet<B256>,
    /// Unit: blocks.
    lag: u64,
    pub(crate) down: bool,
    /// Requests to come that it is too busy for.
    pub(crate) busy: u64,
    /// What it answers to broadcasts to come, and whether it takes them.
    pub(crate) answers: VecDeque<(ErrorCode, bool)>,
    /// Broadcasts to come that it takes without an answer, and how long it waits. Unit of the latter: milliseconds.
    pub(crate) mute: (u64, u64),
    holes: Vec<RangeInclusive<u64>>,
    /// First block that it has.
    pub(crate) pruned: u64,
}

impl Node {
    /// Whether it has lost the logs of a block.
    pub(crate) fn lacks(&self, number: u64) -> bool {
        self.holes.iter().any(|hole| hole.contains(&number))
    }
}

/// The chain and its nodes.
pub(crate) struct Network {
    pub(crate) chain: Chain,
    pub(crate) nodes: Vec<Node>,
    pub(crate) paused: bool,
    /// Most blocks of a question for logs, and most logs of its answer.
    pub(crate) log_limits: (u64, usize),
}

impl Network {
    /// As configured. Errors: that cannot be.
    pub(crate) fn new(config: &Config) -> Result<Self, String> {
        if config.nodes == 0 {
            return Err("a network has at least one node".to_owned());
        }
        let nodes = (0..config.nodes).map(|_| Node::default()).collect();
        Ok(Self { chain: Chain::new(config)?, nodes, paused: false, log_limits: (LOG_BLOCKS, LOG_HITS) })
    }

    /// What a node sees.
    pub(crate) fn reach(&self, node: usize) -> Reach {
        let lag = self.nodes.get(node).map_or(0, |node| node.lag);
        let head = self.chain.head().number.saturating_sub(lag);
        Reach { head, solid: head.saturating_sub(self.chain.solid_lag) }
    }

    /// How it stands.
    pub(crate) fn status(&self) -> Done {
        let head = self.chain.head();
        Done { head: head.number, solid: self.chain.solid(), time: head.time, waiting: self.chain.waiting() }
    }

    /// Carries out a command.
    pub(crate) fn command(&mut self, command: Command) -> Result<Done, CommandError> {
        self.carry_out(command).map_err(CommandError)?;
        Ok(self.status())
    }

    fn node(&mut self, node: usize) -> Result<&mut Node, String> {
        let count = self.nodes.len();
        self.nodes
            .get_mut(node)
            .ok_or_else(|| format!("there is no node {node}, the last of {count} is {}", count.saturating_sub(1)))
    }

    fn forget(&mut self, id: B256) {
        for node in &mut self.nodes {
            node.seen.remove(&id);
        }
    }

    fn carry_out(&mut self, command: Command) -> Result<(), String> {
        match command {
            Command::Mine { blocks } => self.chain.mine(blocks)?,
            Command::SkipSlots { slots } if slots > MOST_SLOTS => {
                return Err(format!("at most {MOST_SLOTS} slots at once, not {slots}"));
            }
            Command::SkipSlots { slots } => self.chain.skip(slots)?,
            Command::Pause { paused } => self.paused = paused,
            Command::Reorg { depth, transactions } => {
                let gone = self.chain.reorg(depth, transactions)?;
                if transactions == Returned::Forget {
                    gone.into_iter().for_each(|id| self.forget(id));
                }
            }
            Command::Drop { transaction, remember } => {
                if !self.chain.lose(transaction) {
                    return Err(format!("transaction {transaction} does not wait"));
                }
                if !remember {
                    self.forget(transaction);
                }
            }
            Command::Withhold { on } => self.chain.withhold = on,
            Command::Answer { node, code, accept } => self.node(node)?.answers.push_back((code, accept)),
            Command::RateLimit { node, requests } => self.node(node)?.busy = requests,
            Command::Mute { node, broadcasts, after } => self.node(node)?.mute = (broadcasts, after),
            Command::Lag { blocks, .. } if blocks > MOST_LAG => {
                return Err(format!("a node is at most {MOST_LAG} blocks behind, not {blocks}"));
            }
            Command::Lag { node, blocks } => self.node(node)?.lag = blocks,
            Command::Down { node, down } => self.node(node)?.down = down,
            Command::Restart { node } => {
                self.node(node)?.seen.clear();
                if self.nodes.iter().all(|node| node.seen.is_empty()) {
                    self.chain.lose_all();
                }
            }
            Command::LogHole { node, from, to } => self.node(node)?.holes.push(from..=to),
            Command::Prune { node, below } => self.node(node)?.pruned = below,
            Command::SignatureLimit { most, overrun } => {
                self.chain.most_signatures = most.map(|most| (most, overrun.ending()));
            }
            Command::ReferenceWindow { blocks } => self.chain.set_window(blocks)?,
            Command::LogLimits { blocks, hits } => self.log_limits = (blocks, hits),
            Command::Parameter { name, value } => self.chain.parameters.set(&name, value)?,
            Command::Fund { account, sun } => self.chain.give(Gift::Sun(account, sun)),
            Command::ActiveKeys { account, keys } => self.chain.give(Gift::Keys(account, keys)),
            Command::Heal => self.heal()?,
        }
        Ok(())
    }

    fn heal(&mut self) -> Result<(), String> {
        for node in &mut self.nodes {
            let seen = std::mem::take(&mut node.seen);
            *node = Node { seen, ..Node::default() };
        }
        self.chain.withhold = false;
        self.chain.most_signatures = None;
        self.log_limits = (LOG_BLOCKS, LOG_HITS);
        self.chain.set_window(65_536)
    }
}

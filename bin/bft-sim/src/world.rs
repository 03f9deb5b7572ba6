//! Nodes, clock and faults of one history; `outputs` carries out what the nodes want.

mod outputs;

use crate::{
    Behaviour, Chance, Mutant, Scenario, Violation,
    keys::{Key, Memory},
    ledger::{CHAIN, Ledger, Rules},
    liar::Liar,
    properties::Properties,
};
use bttc_bft::{AskId, Input, Machine, Record, Restored, Setup, Ticket};
use bttc_consensus::{Decision, MessageId, PeerId, RequestError, RequestId, Turn};
use bttc_primitives::{Height, LastCommit, SealedBlock, Validator};
use bytes::Bytes;
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    ops::Range,
    sync::Arc,
    time::Duration,
};

/// What a history came to.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Heights that every honest node decided.
    pub heights: Height,
    /// Virtual time it took.
    pub time: Duration,
    /// Crashes of honest nodes.
    pub crashes: u64,
    /// Messages that reached a node after the first heights, questions and answers included.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Distinct proofs of double signing that honest nodes reported.
    pub evidence: usize,
    /// By height: when it was first proposed, and when each node had it final.
    pub finality: BTreeMap<Height, (Duration, Vec<Duration>)>,
    /// By height: how many signed the certificate of the parent that its block carries.
    pub signers: BTreeMap<Height, usize>,
    /// Events that were handled.
    pub events: u64,
}

/// First heights that figures leave out: nodes start one by one.
pub(crate) const WARM_UP: usize = 2;

/// Where a trace goes.
pub type Sink = Box<dyn FnMut(&str)>;

#[derive(Debug)]
enum Event {
    Message { to: usize, from: usize, data: Bytes },
    Request { to: usize, from: usize, ask: AskId, life: u64, data: Bytes },
    Answer { to: usize, life: u64, ask: AskId, result: Result<Bytes, RequestError> },
    Work { node: usize, life: u64, task: Task },
    Wake { node: usize, life: u64 },
    Restart { node: usize },
    Split,
    Heal,
}

/// What a ledger is asked to do; done when the event comes.
#[derive(Debug)]
enum Task {
    Propose { turn: Turn, last_commit: Option<LastCommit> },
    Verify { ticket: Ticket, turn: Turn, block: Box<SealedBlock> },
    Commit(Decision),
    Work(Height),
    Read { id: RequestId, peer: PeerId, heights: Range<Height> },
}

struct Node {
    key: Option<Key>,
    liar: Option<Liar>,
    /// For one of two twins: which half of the nodes it talks to.
    half: Option<usize>,
    machine: Option<Machine>,
    ledger: Ledger,
    synced: Vec<Record>,
    unsynced: Vec<Record>,
    /// Counts starts: what an earlier life began reaches nobody.
    life: u64,
    wake: Duration,
    side: u64,
    /// Questions that wait for an answer from here.
    questions: BTreeMap<RequestId, (usize, u64, AskId)>,
}

impl Node {
    const fn is_honest(&self) -> bool {
        self.liar.is_none() && self.half.is_none()
    }
}

/// One history as it runs.
pub struct World {
    scenario: Scenario,
    chance: Chance,
    now: Duration,
    queue: BinaryHeap<Reverse<(Duration, u64)>>,
    events: BTreeMap<u64, Event>,
    count: u64,
    nodes: Vec<Node>,
    memory: Arc<Memory>,
    properties: Properties,
    healed: bool,
    goal: Height,
    outcome: Outcome,
    sink: Option<Sink>,
}

impl World {
    /// Sets up a history.
    pub fn new(scenario: Scenario, sink: Option<Sink>) -> Self {
        let memory = Arc::new(Memory::default());
        let keys: Vec<Key> = (0..scenario.powers.len()).map(|at| Key::new(at as u8, memory.clone())).collect();
        let members = keys.iter().zip(&scenario.powers);
        let rules = Arc::new(Rules {
            members: members.map(|(key, power)| Validator { address: key.address(), power: *power }).collect(),
            rotation: scenario.rotation,
            timing: scenario.timing,
            padding: scenario.padding,
            memory: memory.clone(),
        });
        let mut nodes = Vec::new();
        let mut add = |key: Option<&Key>, liar: Option<Liar>, half: Option<usize>| {
            let mut ledger = Ledger::new(rules.clone(), nodes.len() as u64);
            if scenario.mutant == Some(Mutant::HalfQuorum) {
                let side = nodes.len() % 2;
                ledger.favoured = keys.iter().skip(side).step_by(2).map(Key::address).collect();
            }
            nodes.push(Node {
                key: key.cloned(),
                liar,
                half,
                machine: None,
                ledger,
                synced: Vec::new(),
                unsynced: Vec::new(),
                life: 0,
                wake: Duration::MAX,
                side: 0,
                questions: BTreeMap::new(),
            });
        };
        for (key, behaviour) in keys.iter().zip(&scenario.behaviours) {
            let liar = (*behaviour != Behaviour::Honest).then(|| Liar::new(*behaviour, key.clone()));
            match behaviour {
                Behaviour::Twins => {
                    add(Some(key), liar, Some(0));
                    add(Some(key), Some(Liar::new(*behaviour, key.clone())), Some(1));
                }
                _ => add(Some(key), liar, None),
            }
        }
        (0..scenario.followers).for_each(|_| add(None, None, None));
        let honest = nodes.iter().filter(|node| node.is_honest());
        let honest = honest.filter_map(|node| node.key.as_ref().map(Key::address)).collect();
        Self {
            chance: Chance::new(scenario.seed ^ 0x5eed),
            properties: Properties::new(rules, honest),
            scenario,
            now: Duration::ZERO,
            queue: BinaryHeap::new(),
            events: BTreeMap::new(),
            count: 0,
            nodes,
            memory,
            healed: false,
            goal: Height::MAX,
            outcome: Outcome::default(),
            sink,
        }
    }

    /// Runs it until all honest nodes reached their goal.
    pub fn run(mut self) -> Result<Outcome, Violation> {
        let seed = self.scenario.seed;
        self.play().map_err(|what| Violation { seed, what })
    }

    fn play(&mut self) -> Result<Outcome, String> {
        for node in 0..self.nodes.len() {
            let after = self.chance.millis(0..500);
            self.post(after, Event::Restart { node });
        }
        self.post(self.scenario.faults_until, Event::Heal);
        if !self.scenario.splits.is_zero() {
            self.post(self.scenario.splits, Event::Split);
        }
        let end = self.scenario.faults_until.saturating_add(self.scenario.patience);
        while let Some(Reverse((at, id))) = self.queue.pop() {
            let Some(event) = self.events.remove(&id) else { continue };
            self.now = at;
            if at > end {
                return Err(self.stuck());
            }
            self.outcome.events += 1;
            self.take(event)?;
            if self.healed && self.least_head() >= self.goal {
                self.outcome.heights = self.least_head();
                self.outcome.time = self.now;
                self.outcome.evidence = self.properties.evidence.len();
                return Ok(std::mem::take(&mut self.outcome));
            }
        }
        Err("nothing happens any more".into())
    }

    fn stuck(&self) -> String {
        let states: Vec<String> = self
            .nodes
            .iter()
            .enumerate()
            .map(|(at, node)| {
                let status = node.machine.as_ref().map(|machine| machine.status(self.now));
                let round = status.map_or_else(|| "down".into(), |status| format!("round {}", status.round));
                let behaviour = node.liar.as_ref().map_or(Behaviour::Honest, |liar| liar.behaviour);
                format!("{at}: {behaviour:?} head {} {round}", node.ledger.head())
            })
            .collect();
        format!("no progress to height {} in {:?}: {}", self.goal, self.scenario.patience, states.join(", "))
    }

    fn heads(&self) -> impl Iterator<Item = Height> {
        self.nodes.iter().filter(|node| node.is_honest()).map(|node| node.ledger.head())
    }

    fn least_head(&self) -> Height {
        self.heads().min().unwrap_or(Height::MAX)
    }

    fn post(&mut self, after: Duration, event: Event) {
        self.count += 1;
        self.queue.push(Reverse((self.now.saturating_add(after), self.count)));
        self.events.insert(self.count, event);
    }

    fn trace(&mut self, line: impl FnOnce() -> String) {
        if let Some(sink) = &mut self.sink {
            sink(&format!("{:>12.6} {}", self.now.as_secs_f64(), line()));
        }
    }

    fn take(&mut self, event: Event) -> Result<(), String> {
        match event {
            Event::Message { to, from, data } => {
                self.count_delivery(&data);
                let id = MessageId(self.count);
                self.feed(to, Input::Message { from: peer(from), id, data })
            }
            Event::Request { to, from, ask, life, data } => {
                self.count_delivery(&data);
                let id = RequestId(self.count.wrapping_add(self.outcome.events));
                if let Some(node) = self.nodes.get_mut(to) {
                    node.questions.insert(id, (from, life, ask));
                }
                self.feed(to, Input::Request { from: peer(from), id, data })
            }
            Event::Answer { to, life, ask, result } => {
                if let Ok(data) = &result {
                    self.count_delivery(data);
                }
                if self.lives(to, life) { self.feed(to, Input::Answer { id: ask, result }) } else { Ok(()) }
            }
            Event::Work { node, life, task } if self.lives(node, life) => self.work(node, task),
            Event::Wake { node, life } if self.lives(node, life) && self.at(node).wake <= self.now => {
                self.feed(node, Input::Wake)
            }
            Event::Work { .. } | Event::Wake { .. } => Ok(()),
            Event::Restart { node } => self.restart(node),
            Event::Split => {
                self.split();
                Ok(())
            }
            Event::Heal => {
                self.heal();
                Ok(())
            }
        }
    }

    fn count_delivery(&mut self, data: &Bytes) {
        if self.outcome.finality.len() > WARM_UP {
            self.outcome.messages += 1;
            self.outcome.bytes += data.len() as u64;
        }
    }

    fn at(&self, node: usize) -> &Node {
        &self.nodes[node]
    }

    fn lives(&self, node: usize, life: u64) -> bool {
        self.at(node).life == life && self.at(node).machine.is_some()
    }

    fn split(&mut self) {
        if self.healed {
            return;
        }
        let sides = self.chance.within(1..4);
        let halves = self.scenario.mutant == Some(Mutant::HalfQuorum);
        for (at, node) in self.nodes.iter_mut().enumerate() {
            node.side = if halves { at as u64 % 2 } else { self.chance.within(0..sides) };
        }
        let mean = self.scenario.splits.as_millis() as u64;
        let after = self.chance.millis(mean / 2..mean * 2 + 1);
        self.trace(|| format!("the network splits into {sides}"));
        self.post(after, Event::Split);
    }

    fn heal(&mut self) {
        self.healed = true;
        for node in &mut self.nodes {
            node.side = 0;
        }
        let highest = self.heads().max().unwrap_or_default();
        self.goal = highest.saturating_add(self.scenario.progress);
        let goal = self.goal;
        self.trace(|| format!("faults end; goal {goal}"));
    }

    /// Starts a node with what its disk holds.
    fn restart(&mut self, at: usize) -> Result<(), String> {
        let config = self.scenario.config.clone();
        let check = self.memory.clone();
        let now = self.now;
        let node = &mut self.nodes[at];
        if node.machine.is_some() {
            return Ok(());
        }
        node.life += 1;
        let start = node.ledger.start().ok_or("a set without members")?;
        let proposals = node.ledger.proposals(start.height);
        let signer = node.key.clone().map(|key| Arc::new(key) as Arc<dyn bttc_consensus::ConsensusSigner>);
        let setup = Setup { chain_id: CHAIN, config, signer, check };
        let restored = Restored { start, log: node.synced.clone(), proposals };
        let (machine, outputs) = Machine::new(now, setup, restored).map_err(|fatal| format!("node {at}: {fatal}"))?;
        node.machine = Some(machine);
        self.trace(|| format!("node {at} starts"));
        self.carry_out(at, outputs)?;
        let others: Vec<usize> = (0..self.nodes.len()).filter(|other| *other != at).collect();
        for other in others {
            if self.at(other).machine.is_some() && self.at(at).machine.is_some() {
                self.feed(at, Input::Connected(peer(other)))?;
                self.feed(other, Input::Connected(peer(at)))?;
            }
        }
        Ok(())
    }

    /// Stops a node as a power cut does: of the unsynced log some records may have reached the disk.
    fn crash(&mut self, at: usize) -> Result<(), String> {
        self.outcome.crashes += 1;
        let down = self.chance.millis(5..3_000);
        let kept = self.chance.within(0..self.at(at).unsynced.len() as u64 + 1) as usize;
        let mutant = self.scenario.mutant;
        let node = &mut self.nodes[at];
        node.machine = None;
        node.wake = Duration::MAX;
        node.questions.clear();
        let unsynced = std::mem::take(&mut node.unsynced);
        match mutant {
            Some(Mutant::NoLog) => node.synced.clear(),
            Some(Mutant::LateSync) => {}
            _ => node.synced.extend(unsynced.into_iter().take(kept)),
        }
        self.trace(|| format!("node {at} crashes"));
        self.post(down, Event::Restart { node: at });
        for other in 0..self.nodes.len() {
            if self.at(other).machine.is_some() {
                self.feed(other, Input::Disconnected(peer(at)))?;
            }
        }
        Ok(())
    }

    fn crashes_here(&mut self, at: usize) -> bool {
        // Unit of the rate: permille of a permille.
        !self.healed && self.at(at).is_honest() && self.chance.next() % 1_000_000 < self.scenario.crashes
    }
}

fn peer(at: usize) -> PeerId {
    PeerId(vec![u8::try_from(at).unwrap_or(u8::MAX)].into())
}

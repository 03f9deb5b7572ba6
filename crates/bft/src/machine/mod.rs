//! The engine without clock and I/O: inputs in, outputs out.
//!
//! [`Machine::handle`] takes the time and one [`Input`] and answers with [`Output`]s to be carried out in order. The host keeps three rules:
//!
//! 1. Everything in [`Output::Append`] is written before any other output of the same call is carried out, and synced first if one of them is a
//!    [`Output::Broadcast`] or [`Output::Commit`]. If the log fails the host stops.
//! 2. Every [`Output::Propose`], [`Output::Verify`], [`Output::Commit`] and [`Output::Ask`] is answered by one input, in whatever order.
//! 3. [`Input::Wake`] comes no later than [`Machine::wake_at`].
//!
//! A height passes three phases: *deciding*, while the library votes; *committing*, while the ledger makes the decision final; *waiting*, until
//! the next height is due. Blocks of heights that others have decided go around the library: certificate, verdict, commit (`catch_up`).
//!
//! | file | what |
//! |---|---|
//! | `io` | inputs and outputs |
//! | `core` | the library, its effects answered |
//! | `effects` | what the library wants done |
//! | `receive` | gossiped messages: cheap checks first |
//! | `assemble` | proposals, parts, verdicts |
//! | `pace` | when a height begins; replay of the log |
//! | `sync` | catch-up, repair, answers to peers |
//! | `blocks`, `votes`, `early` | what is held of this height and the next |

mod assemble;
mod blocks;
mod core;
mod dump;
mod early;
mod effects;
mod io;
mod pace;
mod receive;
mod sync;
mod votes;

use crate::{
    catch_up::{AskId, CatchUp},
    config::ConsensusConfig,
    context::Voters,
    keys::{Keys, SignatureCheck},
    message::Message,
    record::Record,
    value::{BlockValue, CutBlock},
};
use alloy_primitives::{Address, B256};
use blocks::Blocks;
use bttc_consensus::{ConsensusSigner, DecidedBlock, HeightStart, PeerId, Proposal};
use bttc_primitives::{Fatal, Height, Round, Timing, VoteSignature};
use core::Core;
pub use dump::{Dump, ProposalDump, RoundBlock, TimerDump, VotesDump};
use early::Early;
pub use io::{Input, Output, Ticket};
use malachitebft_core_types::TimeoutKind;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};
use votes::Votes;

/// A new peer is told how far we are after this time.
const STATUS_DELAY: Duration = Duration::from_millis(100);

/// How far the machine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// Last committed height.
    pub committed: Height,
    /// Height being decided, or the next one.
    pub height: Height,
    /// Round of that height.
    pub round: Round,
    /// Whether this node votes on it.
    pub is_validator: bool,
    /// Peers that can be asked.
    pub peers: usize,
    /// Highest height that a peer says to have.
    pub best_peer: Height,
}

/// Who the machine is, and its surroundings.
pub struct Setup {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Times.
    pub config: ConsensusConfig,
    /// The consensus key; none on a node that only follows.
    pub signer: Option<Arc<dyn ConsensusSigner>>,
    /// How signatures are checked.
    pub check: Arc<dyn SignatureCheck>,
}

/// The next height with what earlier processes left of it.
#[derive(Clone, Debug)]
pub struct Restored {
    /// The next height.
    pub start: HeightStart,
    /// The log.
    pub log: Vec<Record>,
    /// Undecided blocks of that height in the ledger.
    pub proposals: Vec<Proposal>,
}

#[derive(Debug, PartialEq, Eq)]
enum Phase {
    Deciding,
    Committing,
    Waiting {
        /// Not before the block time is over.
        earliest: Duration,
        /// Whatever happens.
        latest: Duration,
        /// A message of another validator may begin the height from here on.
        nudged_from: Duration,
        work: bool,
        nudged: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    Propose,
    Prevote,
    Precommit,
    Rebroadcast,
    Begin,
    Status,
    Repair,
}

impl Timer {
    const fn of(kind: TimeoutKind) -> Option<Self> {
        match kind {
            TimeoutKind::Propose => Some(Self::Propose),
            TimeoutKind::Prevote => Some(Self::Prevote),
            TimeoutKind::Precommit => Some(Self::Precommit),
            TimeoutKind::Rebroadcast => Some(Self::Rebroadcast),
            TimeoutKind::FinalizeHeight(_) => None,
        }
    }
}

/// The last decision, open for precommits that come late.
#[derive(Debug)]
struct Decided {
    height: Height,
    round: Round,
    block_hash: B256,
    voters: Voters,
    signatures: BTreeMap<usize, VoteSignature>,
}

/// The engine without clock and I/O.
pub struct Machine {
    config: ConsensusConfig,
    core: Core,
    phase: Phase,
    /// Deciding, committing: of that height; waiting: of the next one.
    height: Height,
    voters: Voters,
    timing: Timing,
    began: Duration,
    /// No height begins before it: the key may be in use elsewhere.
    silent_until: Duration,
    timers: BTreeMap<Timer, (Duration, Round)>,
    last: Option<Decided>,
    blocks: Blocks,
    votes: Votes,
    /// Judged blocks that the library knows of.
    fed: BTreeSet<BlockValue>,
    early: Early,
    /// Blocks that an earlier process left in the ledger.
    left_over: Vec<(Address, CutBlock)>,
    /// The log of an earlier process, by height.
    log: BTreeMap<Height, Vec<Record>>,
    /// Records that are being replayed: not to be written again.
    replaying: Option<BTreeSet<Vec<u8>>>,
    /// A round for which the library asked for a block during a replay.
    wanted_value: Option<Round>,
    catch_up: CatchUp,
    /// Since when others are ahead by one height.
    behind_since: Option<Duration>,
    /// The certified block whose verdict is awaited, and who gave it.
    judging_decided: Option<(PeerId, DecidedBlock)>,
    /// Peers whose version of a certified block did not hold.
    refused_decided: BTreeSet<PeerId>,
    /// Questions for proposals.
    proposal_asks: BTreeMap<AskId, (PeerId, B256)>,
    /// What was missing when it was last looked at.
    missing_before: Vec<B256>,
    /// Requests that the ledger is reading for, by peer.
    reads: BTreeMap<PeerId, usize>,
    earliest: Height,
    copies: u32,
    outputs: Vec<Output>,
}

impl Machine {
    /// A machine that continues where an earlier process stopped. The outputs are carried out as those of [`Self::handle`].
    pub fn new(now: Duration, setup: Setup, restored: Restored) -> Result<(Self, Vec<Output>), Fatal> {
        let Restored { start, log, proposals } = restored;
        let keys = Keys::new(setup.chain_id, setup.signer, setup.check, &log);
        let voters = Voters::new(&start);
        let mut by_height: BTreeMap<Height, Vec<Record>> = BTreeMap::new();
        for record in log {
            by_height.entry(record.height()).or_default().push(record);
        }
        let left_over = proposals
            .into_iter()
            .filter_map(|left| Some((left.proposer, CutBlock::new(&left.block, left.round)?)))
            .collect();
        let mut machine = Self {
            config: setup.config,
            core: Core::new(keys, start.height, voters.clone()),
            phase: Phase::Committing,
            height: start.height,
            voters,
            timing: start.timing,
            began: now,
            silent_until: now,
            timers: BTreeMap::new(),
            last: None,
            blocks: Blocks::default(),
            votes: Votes::default(),
            fed: BTreeSet::new(),
            early: Early::default(),
            left_over,
            log: by_height.split_off(&start.height),
            replaying: None,
            wanted_value: None,
            catch_up: CatchUp::default(),
            behind_since: None,
            judging_decided: None,
            refused_decided: BTreeSet::new(),
            proposal_asks: BTreeMap::new(),
            missing_before: Vec::new(),
            reads: BTreeMap::new(),
            earliest: 1,
            copies: 0,
            outputs: Vec::new(),
        };
        machine.set_timer(Timer::Status, now);
        machine.set_timer(Timer::Repair, now.saturating_add(machine.config.repair_interval));
        machine.start(now)?;
        let outputs = std::mem::take(&mut machine.outputs);
        Ok((machine, outputs))
    }

    /// Takes one input.
    pub fn handle(&mut self, now: Duration, input: Input) -> Result<Vec<Output>, Fatal> {
        match input {
            Input::Message { from, id, data } => {
                let acceptance = self.receive(now, &from, &data)?;
                self.outputs.push(Output::Judge(id, acceptance));
            }
            Input::Request { from, id, data } => self.serve(from, id, &data),
            Input::Answer { id, result } => self.answered(now, id, result)?,
            Input::Connected(peer) => {
                self.catch_up.connect(peer);
                // Soon, and once for all that connect at the same time.
                let soon = now.saturating_add(STATUS_DELAY);
                let due = self.timers.get(&Timer::Status).map_or(soon, |(at, _)| soon.min(*at));
                self.set_timer(Timer::Status, due);
            }
            Input::Disconnected(peer) => self.catch_up.disconnect(&peer),
            Input::Built { turn, block } => self.built(now, turn, &block)?,
            Input::Judged { ticket, verdict } => self.judged(now, ticket, verdict)?,
            Input::Committed(start) => self.committed(now, &start)?,
            Input::Work(height) => self.note_work(height),
            Input::Read { id, peer, from, blocks } => self.read(id, &peer, from, blocks),
            Input::ReadSnapshot { id, peer, bytes } => self.read_snapshot(id, &peer, bytes),
            Input::Wake => {}
        }
        self.fire_timers(now)?;
        Ok(std::mem::take(&mut self.outputs))
    }

    /// When [`Input::Wake`] is due.
    pub fn wake_at(&self) -> Duration {
        self.timers.values().map(|(at, _)| *at).min().unwrap_or(Duration::MAX)
    }

    /// How far it is.
    pub fn status(&self, now: Duration) -> Status {
        let own = self.core.keys.address();
        Status {
            committed: self.committed_height(),
            height: self.height,
            round: if self.phase == Phase::Deciding { self.core.round() } else { 0 },
            is_validator: own.is_some_and(|own| self.voters.index_of(own).is_some()),
            peers: self.catch_up.peers(),
            best_peer: self.catch_up.best(now),
        }
    }

    /// Inputs that the consensus library gave up on: a fault in this program if it is not zero.
    pub fn stumbles(&self) -> u64 {
        self.core.stumbles
    }

    fn committed_height(&self) -> Height {
        self.height.saturating_sub(1)
    }

    fn set_timer(&mut self, timer: Timer, at: Duration) {
        self.timers.insert(timer, (at, 0));
    }

    /// Fires what is due, once each: what a timer sets anew waits for the next call.
    fn fire_timers(&mut self, now: Duration) -> Result<(), Fatal> {
        let due: Vec<Timer> = self.timers.iter().filter(|(_, (at, _))| *at <= now).map(|(timer, _)| *timer).collect();
        for timer in due {
            let Some((at, round)) = self.timers.remove(&timer) else { continue };
            if at > now {
                // Set anew by one that fired before it.
                self.timers.insert(timer, (at, round));
                continue;
            }
            match timer {
                Timer::Propose => self.step_timeout(now, TimeoutKind::Propose, round)?,
                Timer::Prevote => self.step_timeout(now, TimeoutKind::Prevote, round)?,
                Timer::Precommit => self.step_timeout(now, TimeoutKind::Precommit, round)?,
                Timer::Rebroadcast => self.step_timeout(now, TimeoutKind::Rebroadcast, round)?,
                Timer::Begin => self.begin(now)?,
                Timer::Status => self.tell_status(now),
                Timer::Repair => self.repair(now)?,
            }
        }
        Ok(())
    }

    fn broadcast(&mut self, message: &Message) {
        self.outputs.push(Output::Broadcast(message.topic(), message.encode(0)));
    }

    /// Sends once more what was sent before, in other bytes.
    fn broadcast_again(&mut self, message: &Message) {
        self.copies = self.copies.wrapping_add(1).max(1);
        self.outputs.push(Output::Broadcast(message.topic(), message.encode(self.copies)));
    }
}

//! What becomes of the outputs of a machine: log, ledger, messages on their way.

use super::{Event, Task, World};
use crate::{Behaviour, Mutant};
use bttc_bft::{Input, Machine, Message, Output};
use bttc_consensus::{RequestError, Topic};
use bytes::Bytes;
use std::time::Duration;

impl World {
    pub(super) fn feed(&mut self, at: usize, input: Input) -> Result<(), String> {
        let now = self.now;
        let node = &mut self.nodes[at];
        let Some(machine) = &mut node.machine else { return Ok(()) };
        let result = machine.handle(now, input);
        let stumbles = machine.stumbles();
        match result {
            Ok(_) if stumbles > 0 && node.is_honest() => Err(format!("the library of node {at} gave up on an input")),
            Ok(outputs) => self.carry_out(at, outputs),
            Err(fatal) if node.is_honest() => Err(format!("node {at} stopped: {fatal}")),
            Err(_) => {
                // A twin may not sign what the other one signed: it is gone.
                node.machine = None;
                Ok(())
            }
        }
    }

    pub(super) fn carry_out(&mut self, at: usize, outputs: Vec<Output>) -> Result<(), String> {
        let mut rest = Vec::new();
        let mut needs_sync = false;
        for output in outputs {
            let node = &mut self.nodes[at];
            match output {
                Output::RestartLog(keep) => {
                    node.unsynced.clear();
                    node.synced = keep;
                }
                Output::Append(record) => {
                    node.unsynced.push(record);
                    if self.crashes_here(at) {
                        return self.crash(at);
                    }
                }
                output => {
                    needs_sync |= matches!(output, Output::Broadcast(..) | Output::Commit(_));
                    rest.push(output);
                }
            }
        }
        let late = self.scenario.mutant == Some(Mutant::LateSync) && self.chance.hits(900);
        if needs_sync && !late {
            let node = &mut self.nodes[at];
            node.synced.append(&mut node.unsynced);
        }
        for output in rest {
            if self.crashes_here(at) {
                return self.crash(at);
            }
            self.perform(at, output)?;
        }
        self.schedule_wake(at);
        Ok(())
    }

    fn schedule_wake(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        let Some(due) = node.machine.as_ref().map(Machine::wake_at) else { return };
        if node.wake <= self.now || due < node.wake {
            node.wake = due;
            let life = node.life;
            self.post(due.saturating_sub(self.now), Event::Wake { node: at, life });
        }
    }

    fn perform(&mut self, at: usize, output: Output) -> Result<(), String> {
        let life = self.at(at).life;
        match output {
            Output::RestartLog(_)
            | Output::Append(_)
            | Output::Judge(..)
            | Output::Penalize(..)
            | Output::Voted { .. }
            // No node of the simulation asks for one.
            | Output::ReadSnapshot { .. } => {}
            Output::Broadcast(topic, data) => return self.broadcast(at, topic, &data),
            Output::Ask { id, peer, request, timeout } => {
                let to = usize::from(peer.0.first().copied().unwrap_or_default());
                let failed = Event::Answer { to: at, life, ask: id, result: Err(RequestError::Timeout) };
                self.post(timeout, failed);
                if let Some(delay) = self.way(at, to) {
                    self.post(delay, Event::Request { to, from: at, ask: id, life, data: request });
                }
            }
            Output::Respond(id, data) => {
                let Some((to, life, ask)) = self.nodes[at].questions.remove(&id) else { return Ok(()) };
                let liar = self.nodes[at].liar.take();
                let data = liar.as_ref().map_or(Some(data.clone()), |liar| liar.answer(&mut self.chance, data));
                self.nodes[at].liar = liar;
                if let (Some(delay), Some(data)) = (self.way(at, to), data) {
                    self.post(delay, Event::Answer { to, life, ask, result: Ok(data) });
                }
            }
            Output::Propose { turn, last_commit, .. } => {
                let after = self.chance.millis(0..20);
                self.post(after, Event::Work { node: at, life, task: Task::Propose { turn, last_commit } });
            }
            Output::Verify { ticket, turn, block } => {
                let (least, most) = self.scenario.judging;
                let after = self.chance.millis(least..most + 1);
                self.post(after, Event::Work { node: at, life, task: Task::Verify { ticket, turn, block } });
            }
            Output::Foresee(_) => {}
            Output::Commit(decision) => {
                let after = self.chance.millis(0..5);
                self.post(after, Event::Work { node: at, life, task: Task::Commit(decision) });
            }
            Output::Report(evidence) => {
                if self.at(at).is_honest() {
                    self.properties.reported(&evidence)?;
                }
            }
            Output::AwaitWork(height) => {
                let after = if self.chance.hits(self.scenario.load) { 0 } else { self.chance.within(0..6_000) };
                let after = Duration::from_millis(after);
                self.post(after, Event::Work { node: at, life, task: Task::Work(height) });
            }
            Output::Read { id, peer, heights, .. } => {
                let after = self.chance.millis(0..3);
                self.post(after, Event::Work { node: at, life, task: Task::Read { id, peer, heights } });
            }
        }
        Ok(())
    }

    /// The ledger does what it was asked, and the node may crash before it hears of it.
    pub(super) fn work(&mut self, at: usize, task: Task) -> Result<(), String> {
        let bad_blocks = self.at(at).liar.as_ref().is_some_and(|liar| liar.behaviour == Behaviour::BadBlocks);
        let bad = bad_blocks && self.chance.hits(600);
        let honest = self.at(at).is_honest();
        let ledger = &mut self.nodes[at].ledger;
        let input = match task {
            Task::Propose { turn, .. } if turn.height != ledger.head() + 1 => return Ok(()),
            Task::Propose { turn, last_commit } => {
                Input::Built { turn, block: Box::new(ledger.propose(turn, last_commit, bad)) }
            }
            Task::Verify { ticket, turn, block } => Input::Judged { ticket, verdict: ledger.verify(turn, *block) },
            Task::Commit(decision) => {
                if !ledger.commit(&decision) {
                    return if honest {
                        Err(format!("node {at} decided a block that it does not hold"))
                    } else {
                        Ok(())
                    };
                }
                let start = ledger.start().ok_or("a set without members")?;
                let decided = ledger.decided.last().cloned().ok_or("nothing was committed")?;
                if honest {
                    self.properties.decided(&decided)?;
                    let height = decided.block.height();
                    self.outcome.signers.insert(height, decided.block.body.last_commit.signers.count());
                    let now = self.now;
                    self.outcome.finality.entry(height).or_insert((now, Vec::new())).1.push(now);
                    self.trace(|| format!("node {at} has {height} {}", decided.block.hash()));
                }
                Input::Committed(start)
            }
            Task::Work(height) => Input::Work(height),
            Task::Read { id, peer, heights } => {
                Input::Read { id, peer, from: heights.start, blocks: ledger.read(heights) }
            }
        };
        if self.crashes_here(at) {
            return self.crash(at);
        }
        self.feed(at, input)
    }

    fn broadcast(&mut self, at: usize, topic: Topic, data: &Bytes) -> Result<(), String> {
        let node = self.at(at);
        if let (true, Some(key), Ok(message)) = (node.is_honest(), &node.key, Message::decode(data)) {
            let own = key.address();
            self.properties.sent(own, &message)?;
            if let Message::Part(part) = &message {
                let now = self.now;
                self.outcome.finality.entry(part.proposal.height).or_insert((now, Vec::new()));
            }
            if topic != Topic::Status {
                self.trace(|| format!("node {at} sends {}", brief(&message)));
            }
        }
        for to in 0..self.nodes.len() {
            if to == at {
                continue;
            }
            let mut liar = self.nodes[at].liar.take();
            let copies = match &mut liar {
                Some(liar) => liar.send(&mut self.chance, to, data),
                None => vec![data.clone()],
            };
            self.nodes[at].liar = liar;
            for data in copies {
                self.send(at, to, data);
            }
        }
        Ok(())
    }

    fn send(&mut self, from: usize, to: usize, data: Bytes) {
        if !self.healed && self.chance.hits(self.scenario.repeats) {
            let later = self.chance.millis(0..2_000);
            self.post(later, Event::Message { to, from, data: data.clone() });
        }
        if let Some(delay) = self.way(from, to) {
            self.post(delay, Event::Message { to, from, data });
        }
    }

    /// How long a message takes; none if it is lost.
    fn way(&mut self, from: usize, to: usize) -> Option<Duration> {
        let (sender, receiver) = (self.at(from), self.at(to));
        let hears = |half: Option<usize>, other: usize| half.is_none_or(|half| other % 2 == half);
        if sender.side != receiver.side || !hears(sender.half, to) || !hears(receiver.half, from) {
            return None;
        }
        let (least, most) = self.scenario.delay;
        let mut delay = self.chance.millis(least..most);
        if !self.healed {
            if self.chance.hits(self.scenario.loss) {
                return None;
            }
            if self.chance.hits(self.scenario.stragglers) {
                delay += self.chance.millis(0..1_000);
            }
        }
        Some(delay)
    }
}

fn brief(message: &Message) -> String {
    match message {
        Message::Vote(vote) => {
            format!("{:?} {}/{} {}", vote.kind, vote.height, vote.round, vote.block_hash)
        }
        Message::Proposal(p) => {
            format!("proposal {}/{} {} of round {:?}", p.height, p.round, p.value.hash, p.valid_round)
        }
        Message::Part(part) => {
            let p = &part.proposal;
            format!("part {} of {}/{} {}", part.part.index, p.height, p.round, p.value.hash)
        }
        Message::Polka(polka) => format!("polka {}/{} {}", polka.height, polka.round, polka.block_hash),
        Message::Round(round) => format!("round certificate {}/{}", round.height, round.round),
        Message::Status(status) => format!("status {}", status.height),
    }
}

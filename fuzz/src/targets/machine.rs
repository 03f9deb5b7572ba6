//! A consensus engine among three strangers who sign what they like in anybody's name: it neither panics nor holds more than it should.
//!
//! An input is a list of steps. Signatures are worth nothing here, so that every step gets as deep as it can.

use super::input::Input as Choices;
use alloy_primitives::{Address, B256, Signature, U256, keccak256};
use bttc_bft::{
    BlockValue, ConsensusConfig, Endorsement, Input, Machine, Message, Output, Part, PartMessage, PolkaMessage,
    ProposalMessage, Request, Response, Restored, RoundMessage, RoundVote, Setup, SignatureCheck, StatusMessage,
    Ticket, VoteMessage,
};
use bttc_consensus::{
    ConsensusSigner, DecidedBlock, HeightStart, InvalidBlock, MessageId, PeerId, ProposerOrder, RequestId, SignError,
    SignRequest, Turn, Verdict,
};
use bttc_primitives::{
    Body, CommitCertificate, Header, Height, SealedBlock, SignerBitmap, Timing, Validator, ValidatorSet, VoteKind,
    VoteSignature,
};
use bytes::Bytes;
use std::{collections::VecDeque, sync::Arc, time::Duration};

const MEMBERS: u8 = 4;
const MAX_STEPS: usize = 400;

fn member(number: u64) -> Address {
    Address::repeat_byte(number as u8 + 1)
}

/// Whoever stands in the first bytes has signed.
struct Names;

impl SignatureCheck for Names {
    fn signer(&self, _: B256, signature: &VoteSignature) -> Option<Address> {
        Some(Address::from_slice(signature.get(..20)?))
    }
}

fn signed_by(voter: Address) -> VoteSignature {
    let mut signature = VoteSignature::repeat_byte(1);
    signature[..20].copy_from_slice(voter.as_slice());
    signature
}

struct Own(Address);

impl ConsensusSigner for Own {
    fn address(&self) -> Address {
        self.0
    }

    fn sign(&self, _: &SignRequest) -> Result<Signature, SignError> {
        let r = U256::from_be_slice(&[self.0.as_slice(), &[1; 12]].concat());
        Ok(Signature::new(r, U256::ONE, false))
    }
}

fn start(height: Height) -> HeightStart {
    let members = (0..u64::from(MEMBERS)).map(|number| Validator { address: member(number), power: 10 });
    let validators = ValidatorSet::new(members.collect()).unwrap();
    let proposers = ProposerOrder::after(&validators, height);
    let timing = Timing { block_time: Duration::from_millis(100), idle_time: Duration::from_millis(400) };
    HeightStart { height, validators, proposers, timing }
}

/// A block of few that there are at a height.
fn block(height: Height, which: u64) -> SealedBlock {
    let header = Header { number: height, gas_used: which, ..Header::default() };
    SealedBlock::seal(header, Body::default())
}

fn value(height: Height, which: u64, built_in: u32) -> (BlockValue, Bytes) {
    let block = block(height, which);
    let bytes = Bytes::from(alloy_rlp::encode(&block));
    let parts_root = keccak256([&[0], bytes.as_ref()].concat());
    (BlockValue { hash: block.hash(), built_in, size: bytes.len() as u32, parts_root }, bytes)
}

struct Run<'a> {
    machine: Machine,
    now: Duration,
    choices: Choices<'a>,
    height: Height,
    verdicts: VecDeque<Ticket>,
    turns: VecDeque<Turn>,
    asked: VecDeque<bttc_bft::AskId>,
    count: u64,
}

pub(super) fn run(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let signer: Option<Arc<dyn ConsensusSigner>> = match choices.below(2) {
        0 => Some(Arc::new(Own(member(0)))),
        _ => None,
    };
    let config = ConsensusConfig { listen: Duration::ZERO, ..ConsensusConfig::default() };
    let setup = Setup { chain_id: 1, config, signer, check: Arc::new(Names) };
    let restored = Restored { start: start(1), log: Vec::new(), proposals: Vec::new() };
    let Ok((machine, outputs)) = Machine::new(Duration::ZERO, setup, restored) else { return };
    let mut run = Run {
        machine,
        now: Duration::ZERO,
        choices,
        height: 1,
        verdicts: VecDeque::new(),
        turns: VecDeque::new(),
        asked: VecDeque::new(),
        count: 0,
    };
    if run.carry_out(outputs).is_none() {
        return;
    }
    for _ in 0..MAX_STEPS {
        if run.choices.is_empty() || run.step().is_none() {
            return;
        }
        run.look();
    }
}

impl Run<'_> {
    /// One step; none if the machine asks to stop, as it may when more than a third lies.
    fn step(&mut self) -> Option<()> {
        let input = match self.choices.below(20) {
            0 => Input::Connected(self.peer()),
            1 => Input::Disconnected(self.peer()),
            2 | 3 => {
                self.now = self.machine.wake_at().min(self.now + Duration::from_secs(60)).max(self.now);
                Input::Wake
            }
            4 => {
                let data = self.request().encode();
                Input::Request { from: self.peer(), id: RequestId(self.next()), data }
            }
            5 => {
                let id = self.asked.pop_front()?;
                Input::Answer { id, result: Ok(self.response().encode()) }
            }
            6 | 7 => {
                let Some(ticket) = self.verdicts.pop_front() else { return Some(()) };
                let verdict = match self.choices.below(4) {
                    0 => Verdict::Invalid(InvalidBlock::Height { got: 1, expected: 2 }),
                    _ => Verdict::Valid,
                };
                Input::Judged { ticket, verdict }
            }
            8 => {
                let Some(turn) = self.turns.pop_front() else { return Some(()) };
                Input::Built { turn, block: Box::new(block(turn.height, self.choices.below(3))) }
            }
            9 => Input::Work(self.height),
            10 => {
                self.now += Duration::from_millis(self.choices.below(200));
                return Some(());
            }
            _ => {
                let data = self.message().encode(self.next() as u32);
                Input::Message { from: self.peer(), id: MessageId(self.next()), data }
            }
        };
        let outputs = self.machine.handle(self.now, input).ok()?;
        self.carry_out(outputs)
    }

    fn carry_out(&mut self, outputs: Vec<Output>) -> Option<()> {
        let mut waiting = VecDeque::from(outputs);
        while let Some(output) = waiting.pop_front() {
            match output {
                Output::Verify { ticket, .. } => self.verdicts.push_back(ticket),
                Output::Propose { turn, .. } => self.turns.push_back(turn),
                Output::Ask { id, .. } => self.asked.push_back(id),
                Output::Commit(decision) => {
                    assert_eq!(decision.certificate.height, self.height, "a decision out of turn");
                    self.height += 1;
                    waiting.extend(self.machine.handle(self.now, Input::Committed(start(self.height))).ok()?);
                }
                _ => {}
            }
        }
        Some(())
    }

    /// What it holds is bounded by members, rounds near the current one and heights near ours.
    fn look(&self) {
        let dump = self.machine.dump(self.now);
        assert_eq!(dump.height.max(self.height) - dump.height.min(self.height), 0, "it is at another height");
        assert!(dump.proposals.len() <= 64 && dump.votes.len() <= 256 && dump.waiting_blocks <= 1_024);
        assert!(dump.timers.len() <= 16);
    }

    fn next(&mut self) -> u64 {
        self.count += 1;
        self.count
    }

    fn peer(&mut self) -> PeerId {
        PeerId(Bytes::from(vec![self.choices.below(5) as u8]))
    }

    fn some_height(&mut self) -> Height {
        match self.choices.below(8) {
            0 => self.height.saturating_sub(1),
            1 => self.height + 1,
            2 => self.height + self.choices.below(200),
            3 => Height::MAX - self.choices.below(3),
            _ => self.height,
        }
    }

    fn some_round(&mut self) -> u32 {
        match self.choices.below(8) {
            0 => u32::MAX - self.choices.below(3) as u32,
            1 => self.choices.byte().into(),
            2..4 => 1,
            _ => 0,
        }
    }

    fn some_hash(&mut self, height: Height) -> B256 {
        match self.choices.below(5) {
            0 => B256::ZERO,
            1 => B256::repeat_byte(self.choices.byte()),
            _ => block(height, self.choices.below(3)).hash(),
        }
    }

    fn voter(&mut self) -> Address {
        member(self.choices.below(MEMBERS + 1))
    }

    fn proposal(&mut self) -> (ProposalMessage, Bytes) {
        let (height, round) = (self.some_height(), self.some_round());
        let valid_round = (self.choices.below(3) == 0).then(|| self.choices.below(3) as u32);
        let (value, bytes) = value(height, self.choices.below(3), valid_round.unwrap_or(round));
        let proposer = match self.choices.below(4) {
            0 => self.voter(),
            _ => start(height.min(1_000)).proposers.proposer(round.min(1_000)),
        };
        let signature = signed_by(proposer);
        (ProposalMessage { height, round, valid_round, value, proposer, signature }, bytes)
    }

    fn message(&mut self) -> Message {
        let kind = if self.choices.below(2) == 0 { VoteKind::Prevote } else { VoteKind::Precommit };
        match self.choices.below(7) {
            0 => Message::Proposal(self.proposal().0),
            1 => {
                let (proposal, data) = self.proposal();
                Message::Part(PartMessage { proposal, part: Part { index: 0, path: Vec::new(), data } })
            }
            2 => {
                let (height, round) = (self.some_height(), self.some_round());
                let block_hash = self.some_hash(height);
                let votes = (0..self.choices.below(5)).map(|number| {
                    let voter = member(number);
                    Endorsement { voter, signature: signed_by(voter) }
                });
                Message::Polka(PolkaMessage { height, round, block_hash, votes: votes.collect() })
            }
            3 => {
                let (height, round) = (self.some_height(), self.some_round());
                let votes = (0..self.choices.below(5)).map(|number| {
                    let (voter, block_hash) = (member(number), B256::ZERO);
                    RoundVote { kind, block_hash, voter, signature: signed_by(voter) }
                });
                Message::Round(RoundMessage {
                    height,
                    round,
                    precommits: kind == VoteKind::Precommit,
                    votes: votes.collect(),
                })
            }
            4 => Message::Status(StatusMessage { height: self.some_height(), earliest: self.choices.below(5) }),
            _ => {
                let (height, round, voter) = (self.some_height(), self.some_round(), self.voter());
                let block_hash = self.some_hash(height);
                Message::Vote(VoteMessage { kind, height, round, block_hash, voter, signature: signed_by(voter) })
            }
        }
    }

    fn request(&mut self) -> Request {
        let height = self.some_height();
        match self.choices.below(2) {
            0 => Request::Blocks { from: height, count: self.choices.byte().into() },
            _ => Request::Proposal { height, block_hash: self.some_hash(height) },
        }
    }

    fn response(&mut self) -> Response {
        match self.choices.below(4) {
            0 => Response::Nothing,
            1 => {
                let (proposal, bytes) = self.proposal();
                Response::Proposal(proposal, bytes)
            }
            2 => Response::Snapshot(Bytes::new()),
            _ => {
                let from = self.some_height().min(1 << 40);
                let (count, which) = (self.choices.below(20), self.choices.below(3));
                Response::Blocks((from..from + count).map(|height| decided(height, which)).collect())
            }
        }
    }
}

fn decided(height: Height, which: u64) -> DecidedBlock {
    let block = block(height, which);
    let certificate = CommitCertificate {
        height,
        round: 0,
        block_hash: block.hash(),
        signers: SignerBitmap::from_indices(4, [0, 1, 2]),
        signatures: (0..3).map(|number| signed_by(member(number))).collect(),
    };
    DecidedBlock { block, certificate }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let mut state = 1u32;
    let mut next = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..6).map(|_| (0..1_500).map(|_| next()).collect()).collect()
}

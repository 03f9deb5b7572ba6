//! What happens to the machine, and what it wants done.

#[cfg(doc)]
use super::Machine;
use crate::{catch_up::AskId, record::Record, value::BlockValue};
use alloy_primitives::{Address, B256};
use bttc_consensus::{
    Acceptance, DecidedBlock, Decision, Fault, HeightStart, MessageId, PeerId, RequestError, RequestId, SnapshotPart,
    Topic, Turn, Verdict,
};
use bttc_primitives::{Evidence, Height, LastCommit, SealedBlock, VoteKind};
use bytes::Bytes;
use std::{ops::Range, time::Duration};

/// What happens to the machine.
#[derive(Clone, Debug)]
pub enum Input {
    /// A gossiped message.
    Message {
        /// Which neighbour passed it on.
        from: PeerId,
        /// For [`Output::Judge`].
        id: MessageId,
        /// The bytes.
        data: Bytes,
    },
    /// A question of a peer.
    Request {
        /// Who asks.
        from: PeerId,
        /// For [`Output::Respond`].
        id: RequestId,
        /// The bytes.
        data: Bytes,
    },
    /// The end of an [`Output::Ask`].
    Answer {
        /// Which one.
        id: AskId,
        /// The answer, or why there is none.
        result: Result<Bytes, RequestError>,
    },
    /// A peer can be asked.
    Connected(PeerId),
    /// A peer has gone.
    Disconnected(PeerId),
    /// The end of an [`Output::Propose`].
    Built {
        /// Its turn.
        turn: Turn,
        /// Our block.
        block: Box<SealedBlock>,
    },
    /// The end of an [`Output::Verify`].
    Judged {
        /// Which one.
        ticket: Ticket,
        /// The verdict.
        verdict: Verdict,
    },
    /// The end of an [`Output::Commit`].
    Committed(HeightStart),
    /// The end of an [`Output::AwaitWork`].
    Work(Height),
    /// The end of an [`Output::Read`].
    Read {
        /// Which request it answers.
        id: RequestId,
        /// Who asked.
        peer: PeerId,
        /// First height that was asked for.
        from: Height,
        /// What the ledger has.
        blocks: Vec<DecidedBlock>,
    },
    /// The end of an [`Output::ReadSnapshot`].
    ReadSnapshot {
        /// Which request it answers.
        id: RequestId,
        /// Who asked.
        peer: PeerId,
        /// The part, if it is there.
        bytes: Option<Bytes>,
    },
    /// The time of [`Machine::wake_at`] has come.
    Wake,
}

/// What the machine wants done.
#[derive(Clone, Debug)]
pub enum Output {
    /// Begin the log of a height: forget all but these.
    RestartLog(Vec<Record>),
    /// Write to the log.
    Append(Record),
    /// Send to everybody.
    Broadcast(Topic, Bytes),
    /// Say what a message was worth.
    Judge(MessageId, Acceptance),
    /// Tell of a fault.
    Penalize(PeerId, Fault),
    /// Ask one peer.
    Ask {
        /// Name of the question.
        id: AskId,
        /// Whom.
        peer: PeerId,
        /// The bytes.
        request: Bytes,
        /// Time to answer.
        timeout: Duration,
    },
    /// Answer a peer.
    Respond(RequestId, Bytes),
    /// Ask the ledger for a block.
    Propose {
        /// Our turn.
        turn: Turn,
        /// The certificate of the head with late precommits.
        last_commit: Option<LastCommit>,
        /// Time to build it in.
        time: Duration,
    },
    /// Ask the ledger for a verdict.
    Verify {
        /// Name of the question.
        ticket: Ticket,
        /// Whose block it is.
        turn: Turn,
        /// The block.
        block: Box<SealedBlock>,
    },
    /// Tell the ledger of a decided block whose turn comes soon.
    Foresee(Box<SealedBlock>),
    /// Make a block final.
    Commit(Decision),
    /// Hand double signatures to the ledger.
    Report(Vec<Evidence>),
    /// A vote on the height being decided has arrived, so long after the height began. For statistics.
    Voted {
        /// Whose it is.
        voter: Address,
        /// Which of the two.
        kind: VoteKind,
        /// Time since the height began.
        after: Duration,
    },
    /// Wait until a transaction can go into the block of this height. A new one replaces the last.
    AwaitWork(Height),
    /// Read decided blocks for a peer.
    Read {
        /// Which request it answers.
        id: RequestId,
        /// Who asked.
        peer: PeerId,
        /// Which heights.
        heights: Range<Height>,
        /// Unit: bytes.
        max_bytes: usize,
    },
    /// Read a part of a snapshot for a peer.
    ReadSnapshot {
        /// Which request it answers.
        id: RequestId,
        /// Who asked.
        peer: PeerId,
        /// Which part.
        part: SnapshotPart,
    },
}

/// Names a verdict that is awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ticket {
    /// A proposed block.
    Proposed(Height, BlockValue),
    /// A block that others decided.
    Decided(Height, B256),
}

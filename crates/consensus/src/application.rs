//! The seam between the consensus engine and the ledger (docs/architecture.md, section 7).

use crate::{InvalidBlock, ProposerOrder, SignError};
use alloy_primitives::{Address, B256};
use bttc_primitives::{
    CommitCertificate, Evidence, Fatal, Height, LastCommit, Round, SealedBlock, Timing, ValidatorSet,
};
use bytes::Bytes;
use std::{future::Future, ops::Range, time::Instant};

/// All that an engine sees of the ledger.
pub trait Application: Clone + Send + Sync + 'static {
    /// Next height, its validators and timing.
    fn start(&self) -> impl Future<Output = Result<HeightStart, Fatal>> + Send;
    /// Resolves once a transaction waits that the next block could include.
    fn work(&self) -> impl Future<Output = Result<(), Fatal>> + Send;
    /// Builds our block on the head, before `deadline`; durable on return. [`ProposeError::Unsigned`]: let the turn pass, others propose.
    ///
    /// `last_commit` is the certificate of the head with the precommits that came after the decision; none for the committed one.
    fn propose(
        &self,
        turn: Turn,
        last_commit: Option<LastCommit>,
        deadline: Instant,
    ) -> impl Future<Output = Result<SealedBlock, ProposeError>> + Send;
    /// Judges a block for the current height. If valid it is durable on return.
    fn verify(&self, turn: Turn, block: SealedBlock) -> impl Future<Output = Result<Verdict, Fatal>> + Send;
    /// Judges a block that others have decided, before it is committed here. It need not be durable: a crash loses nothing that peers do not have.
    fn verify_decided(&self, turn: Turn, block: SealedBlock) -> impl Future<Output = Result<Verdict, Fatal>> + Send;
    /// This block comes soon: what needs no state may be computed ahead. Returns at once.
    fn foresee(&self, block: SealedBlock);
    /// Undecided blocks kept for `height`: restart and re-sending.
    fn proposals(&self, height: Height) -> impl Future<Output = Result<Vec<Proposal>, Fatal>> + Send;
    /// Makes the decided block final and answers with the next height. Idempotent.
    fn commit(&self, decision: Decision) -> impl Future<Output = Result<HeightStart, Fatal>> + Send;
    /// Proof that a validator signed twice; enters our next proposal.
    fn report(&self, evidence: Vec<Evidence>) -> impl Future<Output = Result<(), Fatal>> + Send;
    /// Decided blocks with certificates, for peers that are behind.
    fn decided(
        &self,
        heights: Range<Height>,
        max_bytes: usize,
    ) -> impl Future<Output = Result<Vec<DecidedBlock>, Fatal>> + Send;
    /// A part of a snapshot that this node offers, for peers that start; none if it has no such part.
    fn snapshot(&self, part: SnapshotPart) -> impl Future<Output = Result<Option<Bytes>, Fatal>> + Send;
}

/// A part of a snapshot (docs/protocol.md, section 10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SnapshotPart {
    /// The manifest of the newest one.
    Newest,
    /// The manifest of the one at a height.
    Manifest(Height),
    /// A chunk of the one at a height, by its name.
    Chunk(Height, String),
}

/// Why there is no block of ours.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ProposeError {
    /// The signer does not sign what belongs into it. The node is sound; only this turn is lost.
    #[error("our block cannot be signed: {0}")]
    Unsigned(SignError),
    /// Our own trouble.
    #[error(transparent)]
    Fatal(#[from] Fatal),
}

impl From<SignError> for ProposeError {
    fn from(error: SignError) -> Self {
        match error {
            SignError::Fatal(fatal) => Self::Fatal(fatal),
            other => Self::Unsigned(other),
        }
    }
}

impl From<ProposeError> for Fatal {
    /// For a chain of one, where nobody else proposes.
    fn from(error: ProposeError) -> Self {
        match error {
            ProposeError::Unsigned(error) => error.into(),
            ProposeError::Fatal(fatal) => fatal,
        }
    }
}

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Height to decide.
    pub height: Height,
    /// Try at that height.
    pub round: Round,
    /// Consensus address of the proposer.
    pub proposer: Address,
}

/// What an engine needs to begin a height.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeightStart {
    /// The height.
    pub height: Height,
    /// Who votes on it.
    pub validators: ValidatorSet,
    /// Who proposes in which round of it.
    pub proposers: ProposerOrder,
    /// Block times.
    pub timing: Timing,
}

/// An undecided block with the turn it was made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Round it was proposed in.
    pub round: Round,
    /// Who proposed it.
    pub proposer: Address,
    /// The block.
    pub block: SealedBlock,
}

/// What was decided for a height.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The decided block.
    pub block_hash: B256,
    /// Precommits that decided it.
    pub certificate: CommitCertificate,
}

/// A decided block as peers exchange it.
#[derive(Clone, Debug, PartialEq, Eq, alloy_rlp::RlpEncodable, alloy_rlp::RlpDecodable)]
pub struct DecidedBlock {
    /// The block.
    pub block: SealedBlock,
    /// Its certificate.
    pub certificate: CommitCertificate,
}

/// Judgement on a proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every rule holds; the block is stored.
    Valid,
    /// A rule is broken; vote against it.
    Invalid(InvalidBlock),
}

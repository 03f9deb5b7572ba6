//! A ledger in memory: blocks without state, delays as asked for, failures on demand.

use alloy_consensus::crypto::secp256k1;
use alloy_primitives::{Address, B256, Signature};
use bttc_consensus::{
    Application, ConsensusSigner, DecidedBlock, Decision, HeightStart, InvalidBlock, Proposal, ProposeError,
    ProposerOrder, SignError, SignRequest, SnapshotPart, Turn, Verdict,
};
use bttc_primitives::{
    Body, Evidence, Fatal, Header, Height, LastCommit, Round, SealedBlock, Timing, Validator, ValidatorSet,
};
use bytes::Bytes;
use parking_lot::Mutex;
use std::{
    ops::Range,
    sync::Arc,
    time::{Duration, Instant},
};

pub(crate) const CHAIN: u64 = 990_991;

#[derive(Clone, Debug)]
pub(crate) struct Key(B256);

impl Key {
    pub(crate) fn new(number: u8) -> Self {
        Self(B256::with_last_byte(number))
    }
}

impl ConsensusSigner for Key {
    fn address(&self) -> Address {
        let hash = B256::repeat_byte(1);
        secp256k1::recover_signer(&secp256k1::sign_message(self.0, hash).unwrap(), hash).unwrap()
    }

    fn sign(&self, request: &SignRequest) -> Result<Signature, SignError> {
        Ok(secp256k1::sign_message(self.0, request.signing_hash()).map_err(|error| Fatal::new(error.to_string()))?)
    }
}

pub(crate) fn validators(count: u8) -> ValidatorSet {
    let members = (1..=count).map(|number| Validator { address: Key::new(number).address(), power: 1 });
    ValidatorSet::new(members.collect()).unwrap()
}

/// The ledger of one node; it outlives its engine.
#[derive(Clone)]
pub(crate) struct Ledger {
    inner: Arc<Mutex<Inner>>,
    validators: ValidatorSet,
    pub(crate) timing: Timing,
    /// Time to judge a block.
    pub(crate) judging: Duration,
    /// Whether transactions wait at once.
    pub(crate) busy: bool,
}

#[derive(Default)]
struct Inner {
    decided: Vec<DecidedBlock>,
    proposals: Vec<Proposal>,
    evidence: Vec<Evidence>,
    broken: bool,
}

impl Ledger {
    pub(crate) fn new(count: u8) -> Self {
        let millis = Duration::from_millis;
        Self {
            inner: Arc::default(),
            validators: validators(count),
            timing: Timing { block_time: millis(20), idle_time: millis(60) },
            judging: Duration::ZERO,
            busy: true,
        }
    }

    pub(crate) fn decided_blocks(&self) -> Vec<DecidedBlock> {
        self.inner.lock().decided.clone()
    }

    pub(crate) fn evidence(&self) -> usize {
        self.inner.lock().evidence.len()
    }

    /// From now on every commit fails.
    pub(crate) fn break_disk(&self) {
        self.inner.lock().broken = true;
    }

    fn head(inner: &Inner) -> (Height, B256) {
        inner.decided.last().map_or((0, B256::ZERO), |last| (last.block.height(), last.block.hash()))
    }

    fn next(&self, inner: &Inner) -> HeightStart {
        let height = Self::head(inner).0 + 1;
        let proposers = ProposerOrder::after(&self.validators, height - 1);
        HeightStart { height, validators: self.validators.clone(), proposers, timing: self.timing }
    }

    fn keep(inner: &mut Inner, round: Round, proposer: Address, block: SealedBlock) {
        inner.proposals.push(Proposal { round, proposer, block });
    }
}

impl Application for Ledger {
    async fn start(&self) -> Result<HeightStart, Fatal> {
        Ok(self.next(&self.inner.lock()))
    }

    async fn work(&self) -> Result<(), Fatal> {
        if !self.busy {
            std::future::pending::<()>().await;
        }
        Ok(())
    }

    async fn propose(&self, turn: Turn, commit: Option<LastCommit>, _: Instant) -> Result<SealedBlock, ProposeError> {
        let mut inner = self.inner.lock();
        let (height, parent_hash) = Self::head(&inner);
        assert_eq!(turn.height, height + 1);
        let commit = commit.or_else(|| inner.decided.last().map(|last| last.certificate.to_last_commit()));
        let header = Header {
            number: turn.height,
            parent_hash,
            beneficiary: turn.proposer,
            timestamp: turn.round.into(),
            ..Default::default()
        };
        let body = Body { last_commit: commit.unwrap_or_default(), ..Default::default() };
        let block = SealedBlock::seal(header, body);
        Self::keep(&mut inner, turn.round, turn.proposer, block.clone());
        Ok(block)
    }

    async fn verify(&self, turn: Turn, block: SealedBlock) -> Result<Verdict, Fatal> {
        tokio::time::sleep(self.judging).await;
        let mut inner = self.inner.lock();
        let expected = Self::head(&inner).1;
        if block.header.parent_hash != expected || block.header.beneficiary != turn.proposer {
            return Ok(Verdict::Invalid(InvalidBlock::Parent { got: block.header.parent_hash, expected }));
        }
        let parent = Self::head(&inner);
        let commit = &block.body.last_commit;
        if let Err(why) = bttc_consensus::check_last_commit(CHAIN, &self.validators, parent, commit, true) {
            return Ok(Verdict::Invalid(InvalidBlock::LastCommit(why)));
        }
        Self::keep(&mut inner, turn.round, turn.proposer, block);
        Ok(Verdict::Valid)
    }

    async fn verify_decided(&self, turn: Turn, block: SealedBlock) -> Result<Verdict, Fatal> {
        self.verify(turn, block).await
    }

    fn foresee(&self, _block: SealedBlock) {}

    async fn proposals(&self, height: Height) -> Result<Vec<Proposal>, Fatal> {
        let inner = self.inner.lock();
        Ok(inner.proposals.iter().filter(|proposal| proposal.block.height() == height).cloned().collect())
    }

    async fn commit(&self, decision: Decision) -> Result<HeightStart, Fatal> {
        let mut inner = self.inner.lock();
        if inner.broken {
            return Err(Fatal::new("the disk is full"));
        }
        if Self::head(&inner).1 != decision.block_hash {
            let kept = inner.proposals.iter().find(|proposal| proposal.block.hash() == decision.block_hash);
            let block = kept.ok_or_else(|| Fatal::new("decided block is unknown"))?.block.clone();
            inner.decided.push(DecidedBlock { block, certificate: decision.certificate });
            inner.proposals.clear();
        }
        Ok(self.next(&inner))
    }

    async fn report(&self, evidence: Vec<Evidence>) -> Result<(), Fatal> {
        self.inner.lock().evidence.extend(evidence);
        Ok(())
    }

    async fn decided(&self, heights: Range<Height>, _: usize) -> Result<Vec<DecidedBlock>, Fatal> {
        let inner = self.inner.lock();
        Ok(heights.filter_map(|height| inner.decided.get(height as usize - 1)).cloned().collect())
    }

    async fn snapshot(&self, part: SnapshotPart) -> Result<Option<Bytes>, Fatal> {
        Ok((part == SnapshotPart::Newest).then(|| Bytes::from_static(b"newest")))
    }
}

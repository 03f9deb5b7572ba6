//! The ledger of one node: blocks without state, and what survives a crash.

use crate::keys::Memory;
use alloy_primitives::{Address, B256, Bytes};
use bttc_bft::SignatureCheck;
use bttc_consensus::{DecidedBlock, Decision, HeightStart, InvalidBlock, Proposal, ProposerOrder, Turn, Verdict, Vote};
use bttc_primitives::{Body, Header, Height, LastCommit, SealedBlock, Timing, Validator, ValidatorSet, VoteKind};
use std::{collections::BTreeMap, ops::Range, sync::Arc};

/// Chain id of the simulation.
pub(crate) const CHAIN: u64 = 990_991;

/// What all nodes know from the start: who votes when.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) members: Vec<Validator>,
    /// Every so many heights another member pauses; 0 for never.
    pub(crate) rotation: u64,
    pub(crate) timing: Timing,
    /// Bytes that every block carries.
    pub(crate) padding: usize,
    pub(crate) memory: Arc<Memory>,
}

impl Rules {
    /// The validators of a height.
    pub(crate) fn validators(&self, height: Height) -> Option<ValidatorSet> {
        let mut members = self.members.clone();
        if let Some(epoch) = height.checked_div(self.rotation)
            && members.len() > 4
        {
            let pausing = (epoch as usize) % members.len();
            members.remove(pausing);
        }
        ValidatorSet::new(members).ok()
    }
}

/// A node's ledger. All of it survives crashes.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    rules: Arc<Rules>,
    pub(crate) decided: Vec<DecidedBlock>,
    proposals: BTreeMap<Height, Vec<Proposal>>,
    /// Counts blocks built here, so that no two are alike.
    built: u64,
    salt: u64,
    /// A faulty view of the powers (see `Mutant::HalfQuorum`).
    pub(crate) favoured: Vec<Address>,
}

impl Ledger {
    pub(crate) const fn new(rules: Arc<Rules>, salt: u64) -> Self {
        Self { rules, decided: Vec::new(), proposals: BTreeMap::new(), built: 0, salt, favoured: Vec::new() }
    }

    pub(crate) fn head(&self) -> Height {
        self.decided.len() as Height
    }

    fn head_hash(&self) -> B256 {
        self.decided.last().map_or(B256::ZERO, |decided| decided.block.hash())
    }

    pub(crate) fn start(&self) -> Option<HeightStart> {
        let height = self.head().saturating_add(1);
        let mut validators = self.rules.validators(height)?;
        if !self.favoured.is_empty() {
            let weigh = |member: &Validator| {
                let factor = if self.favoured.contains(&member.address) { 100 } else { 1 };
                Validator { address: member.address, power: member.power * factor }
            };
            validators = ValidatorSet::new(validators.members().iter().map(weigh).collect()).ok()?;
        }
        let proposers = ProposerOrder::after(&validators, height);
        Some(HeightStart { height, validators, proposers, timing: self.rules.timing })
    }

    pub(crate) fn proposals(&self, height: Height) -> Vec<Proposal> {
        self.proposals.get(&height).cloned().unwrap_or_default()
    }

    /// Builds a block; kept at once.
    pub(crate) fn propose(&mut self, turn: Turn, last_commit: Option<LastCommit>, bad: bool) -> SealedBlock {
        self.built += 1;
        let mut extra = format!("{} {} {}", if bad { "bad" } else { "good" }, self.salt, self.built).into_bytes();
        extra.resize(extra.len() + self.rules.padding, 7);
        let last_commit = last_commit
            .or_else(|| self.decided.last().map(|decided| decided.certificate.to_last_commit()))
            .unwrap_or_default();
        let header = Header {
            number: turn.height,
            parent_hash: self.head_hash(),
            beneficiary: turn.proposer,
            extra_data: Bytes::from(extra),
            ..Default::default()
        };
        let block = SealedBlock::seal(header, Body { last_commit, ..Default::default() });
        self.keep(turn, block.clone());
        block
    }

    fn keep(&mut self, turn: Turn, block: SealedBlock) {
        let kept = self.proposals.entry(turn.height).or_default();
        if kept.iter().all(|proposal| proposal.block.hash() != block.hash()) {
            kept.push(Proposal { round: turn.round, proposer: turn.proposer, block });
        }
    }

    /// Judges a block for the next height; kept if it is valid.
    pub(crate) fn verify(&mut self, turn: Turn, block: SealedBlock) -> Verdict {
        match self.fault(turn, &block) {
            Some(fault) => Verdict::Invalid(fault),
            None => {
                self.keep(turn, block);
                Verdict::Valid
            }
        }
    }

    fn fault(&self, turn: Turn, block: &SealedBlock) -> Option<InvalidBlock> {
        let header = &block.header;
        let field = |name, got: B256, expected: B256| Some(InvalidBlock::field(name, got, expected));
        if header.number != self.head().saturating_add(1) || header.parent_hash != self.head_hash() {
            return field("parent_hash", header.parent_hash, self.head_hash());
        }
        if header.beneficiary != turn.proposer {
            return field("beneficiary", header.beneficiary.into_word(), turn.proposer.into_word());
        }
        if header.extra_data.starts_with(b"bad") {
            return field("extra_data", B256::ZERO, B256::ZERO);
        }
        self.last_commit_fault(&block.body.last_commit).map(InvalidBlock::LastCommit)
    }

    fn last_commit_fault(&self, commit: &LastCommit) -> Option<String> {
        let Some(parent) = self.decided.last() else {
            return (*commit != LastCommit::default()).then(|| "block 1 has no parent to certify".to_owned());
        };
        let height = parent.block.height();
        let set = self.rules.validators(height)?;
        let vote = Vote {
            chain_id: CHAIN,
            kind: VoteKind::Precommit,
            height,
            round: commit.round,
            block_hash: parent.block.hash(),
        };
        let hash = vote.signing_hash();
        let members: Vec<_> = commit.signers.indices().filter_map(|at| set.members().get(at)).collect();
        let signed = members.len() == commit.signatures.len()
            && members
                .iter()
                .zip(&commit.signatures)
                .all(|(member, signature)| self.rules.memory.signer(hash, signature) == Some(member.address));
        let power = members.iter().map(|member| member.power).sum();
        if !commit.signers.is_canonical(set.members().len()) || !signed || !set.is_quorum(power) {
            return Some(format!("does not certify height {height}"));
        }
        None
    }

    /// Makes a block final; false if it is not here or another one is.
    pub(crate) fn commit(&mut self, decision: &Decision) -> bool {
        if self.head_hash() == decision.block_hash {
            return true;
        }
        let height = self.head().saturating_add(1);
        let kept = self.proposals(height).into_iter().find(|proposal| proposal.block.hash() == decision.block_hash);
        let Some(proposal) = kept else { return false };
        self.decided.push(DecidedBlock { block: proposal.block, certificate: decision.certificate.clone() });
        self.proposals = self.proposals.split_off(&height.saturating_add(1));
        true
    }

    pub(crate) fn read(&self, heights: Range<Height>) -> Vec<DecidedBlock> {
        let wanted = heights.filter_map(|height| self.decided.get(usize::try_from(height.checked_sub(1)?).ok()?));
        wanted.cloned().collect()
    }
}

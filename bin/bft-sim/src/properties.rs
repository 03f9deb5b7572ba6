//! What must hold in every history.

use crate::ledger::{CHAIN, Rules};
use alloy_primitives::{Address, B256};
use bttc_bft::Message;
use bttc_consensus::{DecidedBlock, check_certificate, check_evidence};
use bttc_primitives::{Evidence, Height, Round};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

/// A property that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The history that shows it.
    pub seed: u64,
    /// What happened.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed {}: {}", self.seed, self.what)
    }
}

impl std::error::Error for Violation {}

/// Watches a history.
#[derive(Debug)]
pub(crate) struct Properties {
    rules: Arc<Rules>,
    honest: BTreeSet<Address>,
    decided: BTreeMap<Height, B256>,
    signed: BTreeMap<(Address, Height, Round, u8), B256>,
    /// Distinct proofs that were reported.
    pub(crate) evidence: BTreeSet<B256>,
}

impl Properties {
    pub(crate) const fn new(rules: Arc<Rules>, honest: BTreeSet<Address>) -> Self {
        Self { rules, honest, decided: BTreeMap::new(), signed: BTreeMap::new(), evidence: BTreeSet::new() }
    }

    /// A node made a block final.
    pub(crate) fn decided(&mut self, block: &DecidedBlock) -> Result<(), String> {
        let (height, hash) = (block.block.height(), block.block.hash());
        let first = *self.decided.entry(height).or_insert(hash);
        if first != hash {
            return Err(format!("two decisions for height {height}: {first} and {hash}"));
        }
        let set = self.rules.validators(height).ok_or("a set without members")?;
        check_certificate(CHAIN, &set, &block.certificate)
            .map_err(|why| format!("certificate of height {height} does not hold: {why}"))
    }

    /// An honest node sends a message.
    pub(crate) fn sent(&mut self, own: Address, message: &Message) -> Result<(), String> {
        let (signer, height, round, kind, hash) = match message {
            Message::Vote(vote) => (vote.voter, vote.height, vote.round, vote.kind as u8, vote.signing_hash(CHAIN)),
            Message::Proposal(proposal) => {
                (proposal.proposer, proposal.height, proposal.round, 0, proposal.signing_hash(CHAIN))
            }
            Message::Part(part) => {
                let proposal = &part.proposal;
                (proposal.proposer, proposal.height, proposal.round, 0, proposal.signing_hash(CHAIN))
            }
            Message::Polka(_) | Message::Round(_) | Message::Status(_) => return Ok(()),
        };
        let before = *self.signed.entry((signer, height, round, kind)).or_insert(hash);
        if signer == own && before != hash {
            return Err(format!("{own} signed twice at height {height}, round {round}, kind {kind}"));
        }
        Ok(())
    }

    /// A node reports double signatures.
    pub(crate) fn reported(&mut self, evidence: &[Evidence]) -> Result<(), String> {
        for one in evidence {
            let Evidence::DoubleSign(proof) = one;
            let set = self.rules.validators(proof.height).ok_or("a set without members")?;
            check_evidence(CHAIN, &set, one).map_err(|why| format!("reported evidence does not hold: {why}"))?;
            if self.honest.contains(&proof.signer) {
                return Err(format!("evidence against {}, who is honest", proof.signer));
            }
            self.evidence.insert(alloy_primitives::keccak256(alloy_rlp::encode(one)));
        }
        Ok(())
    }
}

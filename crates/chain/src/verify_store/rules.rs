//! What the rules of the chain say of a stored block.

use crate::{epochs::Epoch, exits::exit_root_at};
use alloy_consensus::Transaction as _;
use alloy_primitives::B256;
use alloy_sol_types::SolCall;
use bttc_consensus::{
    InvalidBlock, Turn, check_body, check_certificate, check_ethereum_body, check_ethereum_header, check_evidence,
    check_header, check_last_commit, output_commitment,
};
use bttc_contracts::{addresses::VALIDATOR_SET, validator_set::IValidatorSet};
use bttc_primitives::{
    ChainSpec, EthereumHardforks, Evidence, Head, Height, InvalidGenesis, RecoveredBlock, SealedBlock, ValidatorSet,
    recover_senders,
};
use bttc_storage::{BlockPart, BlockRules, CommittedBlock, StoredEpoch, StoredProposal};
use bttc_trie::empty_exit_root;
use std::collections::BTreeMap;

/// The rules of one chain.
pub(super) struct Rules {
    spec: ChainSpec,
    genesis: RecoveredBlock,
    /// None under the `ethereum` spec.
    validators: Option<ValidatorSet>,
    /// Epochs that an election began, by their first height.
    epochs: BTreeMap<Height, Epoch>,
    /// Height of the block whose state was imported, or 0.
    begun: Height,
}

/// Whether the last transaction is the proposer's call that closes an epoch.
fn closes_epoch(block: &SealedBlock) -> bool {
    let close = IValidatorSet::closeEpochCall::SELECTOR;
    let last = block.body.transactions.last();
    last.is_some_and(|tx| {
        tx.is_legacy() && tx.gas_price() == Some(0) && tx.to() == Some(VALIDATOR_SET) && tx.input().starts_with(&close)
    })
}

type Faults = Vec<(BlockPart, String)>;

impl Rules {
    pub(super) fn new(
        spec: ChainSpec,
        genesis: RecoveredBlock,
        epochs: Vec<(Height, StoredEpoch)>,
        begun: Height,
    ) -> Result<Self, InvalidGenesis> {
        let validators = if spec.is_ethereum() { None } else { Some(spec.genesis_validators()?) };
        let epochs = epochs.into_iter().map(|(from, stored)| (from, Epoch::of(&spec, stored))).collect();
        Ok(Self { spec, genesis, validators, epochs, begun })
    }

    /// Who votes on a height, as in `Chain::validators`.
    fn validators(&self, height: Height) -> Option<&ValidatorSet> {
        self.epoch(height).map(|epoch| &epoch.validators).or(self.validators.as_ref())
    }

    /// The network with the numbers in force at a height.
    fn spec(&self, height: Height) -> &ChainSpec {
        self.epoch(height).map_or(&self.spec, |epoch| &epoch.spec)
    }

    fn epoch(&self, height: Height) -> Option<&Epoch> {
        self.epochs.range(..=height).next_back().map(|(_, epoch)| epoch)
    }

    /// What a block commits to against the voters of the next height and the root of the exit tree, as far as that is known, and whether it closes
    /// an epoch against the row of the next.
    fn elected_after(&self, block: &SealedBlock, exit_root: Option<B256>) -> Option<String> {
        let next = block.height().saturating_add(1);
        let voters = self.validators(next)?.hash();
        if exit_root.is_some_and(|root| output_commitment(voters, root) != block.header.extra_data) {
            return Some(
                "its extra_data does not commit to the validators of the next height in the table Epochs and the exit root of the state"
                    .to_owned(),
            );
        }
        let closes = self.spec.has_staking() && closes_epoch(block);
        // The rows that came with a snapshot may lie within their epoch.
        match (closes, self.epochs.get(&next).is_some_and(|epoch| epoch.since == next)) {
            (true, false) => Some("it closes an epoch, and the next one is not in the table Epochs".to_owned()),
            (false, true) => Some("an epoch begins behind it in the table Epochs, but it closes none".to_owned()),
            _ => None,
        }
    }

    /// Root of the exit tree after a block; none if it is not known here.
    fn exit_root(&self, committed: &CommittedBlock<'_>) -> Option<B256> {
        if !self.spec.has_staking() {
            return Some(empty_exit_root());
        }
        let (read, height) = (committed.read, committed.head.height());
        // Damage to the state is told of where the state is checked; a change by hand is in no header.
        if read.patched_root(height).ok()?.is_some() {
            return None;
        }
        exit_root_at(read, height).ok()?
    }

    fn genesis(&self, committed: &CommittedBlock<'_>) -> Faults {
        let ours = &self.genesis.block;
        let mut faults = Faults::new();
        if committed.head.hash != ours.hash() {
            let what = format!("the genesis in the table Metadata gives the block {}", ours.hash());
            faults.push((BlockPart::Header, what));
        }
        if committed.block.is_some_and(|block| block.block.body != ours.body) {
            faults
                .push((BlockPart::Body, "it is not the body that the genesis in the table Metadata gives".to_owned()));
        }
        if committed.certificate.is_some() {
            faults.push((BlockPart::Certificate, "genesis has no certificate".to_owned()));
        }
        faults
    }

    /// Header, body and senders of a block on its parent.
    fn block(&self, parent: Option<&Head>, block: &RecoveredBlock) -> Faults {
        let mut faults = Faults::new();
        let sealed = &block.block;
        let header = &sealed.header;
        let body = if self.spec.is_ethereum() { check_ethereum_body(&self.spec, sealed) } else { check_body(sealed) };
        faults.extend(body.err().map(|fault| (part_of(&fault, BlockPart::Body), fault.to_string())));
        if let Some(parent) = parent {
            let checked = if self.spec.is_ethereum() {
                check_ethereum_header(&self.spec, parent, header)
            } else {
                let turn = Turn { height: parent.height().saturating_add(1), round: 0, proposer: header.beneficiary };
                check_header(self.spec(turn.height), parent, turn, header.timestamp, sealed)
            };
            faults.extend(checked.err().map(|fault| (part_of(&fault, BlockPart::Header), fault.to_string())));
            faults.extend(self.last_commit(parent, sealed, false).map(|what| (BlockPart::Body, what)));
        }
        for evidence in &sealed.body.evidence {
            let Evidence::DoubleSign(proof) = evidence;
            let Some(validators) = self.validators(proof.height) else { continue };
            let fault = check_evidence(self.spec.chain_id(), validators, evidence).err();
            faults.extend(fault.map(|what| (BlockPart::Body, what)));
        }
        faults.extend(self.senders(block));
        faults
    }

    fn last_commit(&self, parent: &Head, block: &SealedBlock, fresh: bool) -> Option<String> {
        if parent.height() < self.begun && self.spec.has_staking() {
            // Who voted on the block before the imported one is not known here.
            return None;
        }
        let validators = self.validators(parent.height())?;
        let of = (parent.height(), parent.hash);
        check_last_commit(self.spec.chain_id(), validators, of, &block.body.last_commit, fresh).err()
    }

    fn senders(&self, block: &RecoveredBlock) -> Faults {
        let homestead = self.spec.is_homestead_active_at_block(block.block.height());
        match recover_senders(&block.block.body.transactions, homestead) {
            Err(error) => vec![(BlockPart::Transaction(error.index), error.to_string())],
            Ok(recovered) => {
                let pairs = recovered.iter().zip(&block.senders).enumerate();
                let wrong = pairs.filter(|(_, (recovered, stored))| recovered != stored);
                let fault = |(index, (recovered, stored))| {
                    let what = format!("its sender in the database is {stored}, its signature is of {recovered}");
                    (BlockPart::Transaction(index), what)
                };
                wrong.map(fault).collect()
            }
        }
    }

    fn certificate(&self, committed: &CommittedBlock<'_>) -> Option<String> {
        match (self.validators(committed.head.height()), committed.certificate) {
            (None, None) => None,
            (None, Some(_)) => Some("a chain under the `ethereum` spec has no certificates".to_owned()),
            (Some(_), None) => Some("the row is missing".to_owned()),
            (Some(validators), Some(certificate)) => {
                check_certificate(self.spec.chain_id(), validators, certificate).err()
            }
        }
    }
}

impl BlockRules for Rules {
    fn committed(&self, committed: CommittedBlock<'_>) -> Faults {
        if committed.head.height() == 0 {
            return self.genesis(&committed);
        }
        let mut faults = committed.block.map(|block| self.block(committed.parent, block)).unwrap_or_default();
        if let Some(block) = committed.block {
            let what = self.elected_after(&block.block, self.exit_root(&committed));
            faults.extend(what.map(|what| (BlockPart::Header, what)));
        }
        faults.extend(self.certificate(&committed).map(|what| (BlockPart::Certificate, what)));
        faults
    }

    fn proposal(&self, head: &Head, proposal: &StoredProposal) -> Vec<String> {
        let block = &proposal.block.block;
        let parent = Some(head).filter(|head| head.height().checked_add(1) == Some(block.height()));
        let mut faults: Vec<_> = self.block(parent, &proposal.block).into_iter().map(|(_, what)| what).collect();
        faults.extend(parent.and_then(|parent| self.last_commit(parent, block, true)));
        if !self.spec.has_staking() {
            // Elsewhere what comes out of an undecided block is known to who runs it alone.
            faults.extend(self.elected_after(block, Some(empty_exit_root())));
        }
        if proposal.proposer != block.header.beneficiary {
            faults.push(format!(
                "its proposer is {}, that of its header {}",
                proposal.proposer, block.header.beneficiary
            ));
        }
        faults.dedup();
        faults
    }
}

/// Where a fault lies: the tables of a block are several, and a root in the header stands for what it was computed from.
fn part_of(fault: &InvalidBlock, otherwise: BlockPart) -> BlockPart {
    match fault {
        InvalidBlock::Field { field: "transactions_root", .. } => BlockPart::Transaction(0),
        InvalidBlock::Field { field: "parent_beacon_block_root" | "ommers_hash" | "withdrawals_root", .. } => {
            BlockPart::Body
        }
        InvalidBlock::Transaction { index, .. } | InvalidBlock::Blob { index } => BlockPart::Transaction(*index),
        _ => otherwise,
    }
}

//! Puts encoded Ethereum blocks on a chain in memory.
//!
//! Every rule is the node's: `bttc_consensus` judges header, uncles and body, `bttc_execution` runs the block, `bttc_trie` computes roots.
//! Only the choice of the head is of this file, as the node's own chain never forks.

use crate::world::World;
use alloy_consensus::Eip658Value;
use alloy_primitives::{B256, U256};
use alloy_rlp::Decodable;
use bttc_consensus::{
    EthereumOutputs, InvalidBlock, check_ethereum_body, check_ethereum_header, check_ethereum_ommers,
    check_ethereum_outputs, check_ethereum_transaction,
};
use bttc_execution::{BlockRun, EthereumEnd, FinishError, RunError, TransactError};
use bttc_primitives::{
    Body, ChainSpec, EthereumHardforks, Fatal, Head, Recovered, SealedBlock, Transaction, recover_senders,
};
use std::{collections::BTreeMap, sync::Arc};

/// Uncles may be this many generations old, and one more is needed to check the oldest.
const OMMER_DEPTH: usize = 8;

/// Blocks of a test.
#[derive(Debug)]
pub(crate) struct Chain<'a> {
    spec: &'a ChainSpec,
    blocks: BTreeMap<B256, Known>,
    head: B256,
}

#[derive(Clone, Debug)]
struct Known {
    block: Arc<SealedBlock>,
    total_difficulty: U256,
    world: World,
}

/// What became of a block.
#[derive(Debug)]
pub(crate) enum Imported {
    /// It is on the chain.
    Valid,
    /// It breaks a rule.
    Invalid(String),
    /// The node is at fault.
    Fatal(String),
}

enum Refusal {
    Invalid(String),
    Fatal(String),
}

impl From<InvalidBlock> for Refusal {
    fn from(invalid: InvalidBlock) -> Self {
        Self::Invalid(invalid.to_string())
    }
}

impl From<Fatal> for Refusal {
    fn from(fatal: Fatal) -> Self {
        Self::Fatal(fatal.to_string())
    }
}

impl From<RunError> for Refusal {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Invalid(invalid) => invalid.into(),
            RunError::Fatal(fatal) => fatal.into(),
        }
    }
}

impl From<FinishError> for Refusal {
    fn from(error: FinishError) -> Self {
        match error {
            FinishError::Invalid(invalid) => invalid.into(),
            FinishError::Fatal(fatal) => fatal.into(),
        }
    }
}

/// Decodes a block as other Ethereum programs encode it: `[header, transactions, ommers, withdrawals?]`.
fn decode(rlp: &[u8]) -> alloy_rlp::Result<SealedBlock> {
    let mut rest = rlp;
    let block = alloy_consensus::Block::<Transaction>::decode(&mut rest)?;
    if !rest.is_empty() {
        return Err(alloy_rlp::Error::UnexpectedLength);
    }
    let alloy_consensus::BlockBody { transactions, ommers, withdrawals } = block.body;
    Ok(SealedBlock::seal(block.header, Body { transactions, ommers, withdrawals, ..Body::default() }))
}

impl<'a> Chain<'a> {
    /// A chain with nothing but its genesis, whose state is `world`.
    pub(crate) fn new(spec: &'a ChainSpec, world: World, genesis_rlp: &[u8]) -> Result<Self, String> {
        let genesis = decode(genesis_rlp).map_err(|error| format!("the genesis block cannot be decoded: {error}"))?;
        if genesis.header.state_root != world.root() {
            let (wanted, found) = (genesis.header.state_root, world.root());
            return Err(format!("genesis: wanted the state root {wanted}, found {found}"));
        }
        let (head, total_difficulty) = (genesis.hash(), genesis.header.difficulty);
        let known = Known { block: Arc::new(genesis), total_difficulty, world };
        Ok(Self { spec, blocks: BTreeMap::from([(head, known)]), head })
    }

    /// Hash and state of the head.
    pub(crate) fn head(&self) -> (B256, &World) {
        let known = self.blocks.get(&self.head).expect("the head is one of the blocks");
        (self.head, &known.world)
    }

    /// Judges a block, and keeps it if it is valid.
    pub(crate) fn import(&mut self, rlp: &[u8]) -> Imported {
        match self.try_import(rlp) {
            Ok(()) => Imported::Valid,
            Err(Refusal::Invalid(why)) => Imported::Invalid(why),
            Err(Refusal::Fatal(why)) => Imported::Fatal(why),
        }
    }

    fn try_import(&mut self, rlp: &[u8]) -> Result<(), Refusal> {
        let block = decode(rlp).map_err(|error| Refusal::Invalid(format!("the block cannot be decoded: {error}")))?;
        let parent_hash = block.header.parent_hash;
        let Some(parent) = self.blocks.get(&parent_hash) else {
            return Err(Refusal::Invalid(format!("the parent {parent_hash} is not known")));
        };
        let ancestors = self.ancestors(parent);
        let parent_head = Head { hash: parent_hash, header: parent.block.header.clone() };
        check_ethereum_header(self.spec, &parent_head, &block.header)?;
        check_ethereum_body(self.spec, &block)?;
        check_ethereum_ommers(self.spec, &ancestors, &block)?;
        let mut world = parent.world.clone();
        world.state.hashes.insert(parent_head.header.number, parent_hash);
        run(self.spec, &mut world, &block)?;
        let total_difficulty = parent.total_difficulty.saturating_add(block.header.difficulty);
        let heaviest = self.blocks.get(&self.head).map(|head| head.total_difficulty).unwrap_or_default();
        let paris = self.spec.is_paris_active_at_block(block.height());
        let hash = block.hash();
        self.blocks.insert(hash, Known { block: Arc::new(block), total_difficulty, world });
        if paris || total_difficulty > heaviest {
            self.head = hash;
        }
        Ok(())
    }

    /// The parent and its ancestors, newest first.
    fn ancestors(&self, parent: &Known) -> Vec<Arc<SealedBlock>> {
        let first = Some(parent.block.clone());
        let older =
            |block: &Arc<SealedBlock>| self.blocks.get(&block.header.parent_hash).map(|known| known.block.clone());
        std::iter::successors(first, older).take(OMMER_DEPTH).collect()
    }
}

/// Runs a block on the state of its parent and compares what it did with what its header says.
fn run(spec: &ChainSpec, world: &mut World, block: &SealedBlock) -> Result<(), Refusal> {
    let header = &block.header;
    let homestead = spec.is_homestead_active_at_block(header.number);
    let transactions = &block.body.transactions;
    for (index, transaction) in transactions.iter().enumerate() {
        check_ethereum_transaction(spec, header, index, transaction)?;
    }
    let senders = recover_senders(transactions, homestead).map_err(|error| Refusal::Invalid(error.to_string()))?;
    let with_roots = !spec.is_byzantium_active_at_block(header.number);
    let mut roots = Vec::new();
    let mut run = BlockRun::begin(spec, &*world, header)?;
    for (index, (transaction, sender)) in transactions.iter().zip(&senders).enumerate() {
        match run.transact(Recovered::new_unchecked(transaction, *sender)) {
            Ok(_) => {}
            Err(TransactError::Fatal(fatal)) => return Err(fatal.into()),
            Err(refused) => return Err(InvalidBlock::Transaction { index, why: refused.to_string() }.into()),
        }
        if with_roots {
            roots.push(world.root_after(&run.changes()?)?);
        }
    }
    let withdrawals = block.body.withdrawals.as_ref().map(|list| list.as_slice());
    let ended = run.finish_ethereum(EthereumEnd { ommers: &block.body.ommers, withdrawals })?;
    let (mut outcome, requests) = (ended.block, ended.requests);
    // Before Byzantium a receipt holds the state root after its transaction (EIP-658).
    for (receipt, root) in outcome.receipts.iter_mut().zip(roots) {
        receipt.outcome = Eip658Value::PostState(root);
    }
    world.apply(&outcome.changes)?;
    let found = EthereumOutputs {
        state_root: world.root(),
        gas_used: outcome.gas_used,
        receipts: &outcome.receipts,
        requests_hash: spec.is_prague_active_at_timestamp(header.timestamp).then(|| requests.requests_hash()),
    };
    check_ethereum_outputs(header, &found)?;
    Ok(())
}

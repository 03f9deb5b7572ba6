//! Puts encoded Ethereum blocks on a chain in memory.
//!
//! Every rule is the node's: its import and this one both go through `run_ethereum_block`, and `bttc_trie` computes the roots.
//! Only the choice of the head is of this file, as the node's own chain never forks.

use crate::world::World;
use alloy_primitives::{B256, U256};
use bttc_consensus::InvalidBlock;
use bttc_execution::{FinishError, OMMER_ANCESTORS, run_ethereum_block};
use bttc_primitives::{ChainSpec, EthereumHardforks, SealedBlock};
use std::{collections::BTreeMap, sync::Arc};

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

fn invalid(why: impl Into<String>) -> FinishError {
    InvalidBlock::Body(why.into()).into()
}

fn decode(rlp: &[u8]) -> alloy_rlp::Result<SealedBlock> {
    let mut rest = rlp;
    let block = SealedBlock::decode_ethereum(&mut rest)?;
    if rest.is_empty() { Ok(block) } else { Err(alloy_rlp::Error::UnexpectedLength) }
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
            Err(FinishError::Invalid(why)) => Imported::Invalid(why.to_string()),
            Err(FinishError::Fatal(why)) => Imported::Fatal(why.to_string()),
            Err(FinishError::Unsigned(why)) => Imported::Fatal(why.to_string()),
        }
    }

    fn try_import(&mut self, rlp: &[u8]) -> Result<(), FinishError> {
        let block = decode(rlp).map_err(|error| invalid(format!("the block cannot be decoded: {error}")))?;
        let parent_hash = block.header.parent_hash;
        let Some(parent) = self.blocks.get(&parent_hash) else {
            return Err(invalid(format!("the parent {parent_hash} is not known")));
        };
        let ancestors = self.ancestors(parent);
        let mut world = parent.world.clone();
        world.state.hashes.insert(parent.block.height(), parent_hash);
        let executed = run_ethereum_block(self.spec, &world, &ancestors, &block, |changes| world.after(changes))?;
        let total_difficulty = parent.total_difficulty.saturating_add(block.header.difficulty);
        world.apply(&executed.outcome.changes, executed.hashed)?;
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
        std::iter::successors(first, older).take(OMMER_ANCESTORS).collect()
    }
}

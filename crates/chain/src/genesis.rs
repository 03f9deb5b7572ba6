//! The genesis block: written once, checked at every start.

use crate::OpenError;
use alloy_primitives::{B256, U256};
use bttc_consensus::output_commitment;
use bttc_primitives::{
    Account, AccountChange, Body, ChainSpec, Fatal, GenesisAccount, Head, Header, RecoveredBlock, SealedBlock,
    StateChanges,
};
use bttc_storage::{BlockCommit, Identity, Storage};
use bttc_trie::{EmptySource, HashedChanges, TrieUpdate, empty_exit_root, state_root};

/// Makes sure that the store holds the chain of `spec`, and answers with its head.
pub(crate) fn write_or_check_genesis(spec: &ChainSpec, storage: &Storage) -> Result<Head, OpenError> {
    let json = genesis_json(spec)?;
    let hash = match storage.identity()? {
        // The very file that the store was made from: no need to build its state again.
        Some(identity) if identity.genesis_json == json => identity.genesis_hash,
        Some(_) => Genesis::compute(spec)?.block.block.hash(),
        None => Genesis::compute(spec)?.write(spec, json, storage)?,
    };
    storage.check_identity(spec.chain_id(), hash)?;
    let head = storage.read()?.head()?;
    Ok(head.ok_or_else(|| Fatal::new("the store has a genesis but no head"))?)
}

/// Hash of the genesis block of a chain.
///
/// Errors: the genesis cannot be used.
pub fn genesis_hash(spec: &ChainSpec) -> Result<B256, OpenError> {
    Ok(genesis_block(spec)?.hash())
}

/// The genesis block of a spec, without its state.
pub(crate) fn genesis_block(spec: &ChainSpec) -> Result<SealedBlock, OpenError> {
    Ok(Genesis::compute(spec)?.block.block)
}

/// The genesis file as the store keeps it.
pub(crate) fn genesis_json(spec: &ChainSpec) -> Result<String, Fatal> {
    serde_json::to_string(spec.genesis()).map_err(|error| Fatal::while_doing("writing the genesis as JSON", error))
}

/// The genesis block and its state.
pub(crate) struct Genesis {
    pub(crate) block: RecoveredBlock,
    state: StateChanges,
    changes: HashedChanges,
    trie: TrieUpdate,
}

impl Genesis {
    pub(crate) fn compute(spec: &ChainSpec) -> Result<Self, OpenError> {
        let state = genesis_state(spec);
        let changes = HashedChanges::new(&state);
        let trie = state_root(&EmptySource, &changes)?;
        let header = Header { state_root: trie.root, extra_data: genesis_extra_data(spec)?, ..spec.genesis_header() };
        let block = SealedBlock::seal(header, genesis_body(spec));
        let block = RecoveredBlock { block, senders: Vec::new() };
        Ok(Self { block, state, changes, trie })
    }

    /// Writes it as the first block and answers with its hash.
    fn write(&self, spec: &ChainSpec, genesis_json: String, storage: &Storage) -> Result<B256, OpenError> {
        let genesis_hash = self.block.block.hash();
        let identity = Identity { chain_id: spec.chain_id(), genesis_hash, genesis_json };
        let mut write = storage.write()?;
        let commit = BlockCommit {
            block: &self.block,
            receipts: &[],
            certificate: None,
            code: &self.state.code,
            changes: &self.changes,
            trie: &self.trie,
        };
        write.init(&identity, commit)?;
        write.commit()?;
        Ok(genesis_hash)
    }
}

fn genesis_body(spec: &ChainSpec) -> Body {
    let withdrawals = spec.genesis_header().withdrawals_root.filter(|_| spec.is_ethereum());
    Body { withdrawals: withdrawals.map(|_| Default::default()), ..Default::default() }
}

/// On our chain genesis commits to the first validators as every block does to the next ones.
fn genesis_extra_data(spec: &ChainSpec) -> Result<alloy_primitives::Bytes, OpenError> {
    if spec.is_ethereum() {
        return Ok(spec.genesis().extra_data.clone());
    }
    Ok(output_commitment(spec.genesis_validators()?.hash(), empty_exit_root()))
}

fn genesis_state(spec: &ChainSpec) -> StateChanges {
    let mut state = StateChanges::default();
    for (address, account) in spec.genesis_alloc() {
        state.accounts.insert(*address, genesis_account(account));
        if let Some(code) = account.non_empty_code() {
            state.code.insert(alloy_primitives::keccak256(code), code.clone());
        }
    }
    state
}

fn genesis_account(account: &GenesisAccount) -> AccountChange {
    let after = Account {
        nonce: account.nonce.unwrap_or_default(),
        balance: account.balance,
        code_hash: account.code_hash().unwrap_or(alloy_primitives::KECCAK256_EMPTY),
    };
    let slots = account.storage_slots().filter(|(_, value)| !value.is_zero());
    AccountChange {
        before: None,
        after: Some(after),
        storage_wiped: false,
        storage: slots.map(|(slot, value)| (U256::from_be_bytes(slot.0), (U256::ZERO, value))).collect(),
    }
}

//! A chain of blocks made of random state changes, and a slow model of its states.

use crate::{BlockCommit, Durability, Identity, Kept, PruneStep, ReadTx, Storage, StorageConfig, TableStats};
use alloy_consensus::{Eip658Value, Signed, TxLegacy, TxType};
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, Log, LogData, Signature, U256};
use bttc_primitives::{
    Account, AccountChange, Body, CommitCertificate, Header, Receipt, RecoveredBlock, SealedBlock, SignerBitmap,
    StateChanges, Transaction,
};
use bttc_trie::{EmptySource, HashedChanges, state_root};
use std::{collections::BTreeMap, path::Path};
use tempfile::TempDir;

pub(super) type State = BTreeMap<Address, (Account, BTreeMap<U256, U256>)>;

/// Something that a block does.
#[derive(Clone, Debug)]
pub(super) enum Op {
    Balance(u8, u64),
    Slot(u8, u8, u64),
    /// The account goes, with all it has; a later operation of the block may bring it back.
    Kill(u8),
    Code(u8, u8),
}

pub(super) fn address(n: u8) -> Address {
    Address::repeat_byte(n)
}

pub(super) fn config(path: &Path) -> StorageConfig {
    StorageConfig { path: path.to_owned(), durability: Durability::Ephemeral, max_size_gib: 16, ..Default::default() }
}

pub(super) struct TestChain {
    pub(super) storage: Storage,
    /// State after each height.
    pub(super) states: Vec<State>,
    /// Sizes of the tables after each height.
    pub(super) sizes: Vec<Vec<TableStats>>,
    pub(super) dir: TempDir,
}

impl TestChain {
    pub(super) fn new(genesis: &[Op]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let storage = Storage::open(&config(dir.path())).unwrap();
        let mut chain = Self { storage, states: Vec::new(), sizes: Vec::new(), dir };
        let (state, changes) = apply(&State::new(), genesis);
        let (block, hashed, trie) = chain.seal(&changes, Vec::new());
        let identity = Identity { chain_id: 990_992, genesis_hash: block.block.hash(), genesis_json: "{}".to_owned() };
        let mut write = chain.storage.write().unwrap();
        let commit = BlockCommit {
            block: &block,
            receipts: &[],
            certificate: None,
            code: &changes.code,
            changes: &hashed,
            trie: &trie,
        };
        write.init(&identity, commit).unwrap();
        write.commit().unwrap();
        chain.note(state);
        chain
    }

    pub(super) fn read(&self) -> ReadTx {
        self.storage.read().unwrap()
    }

    /// Adds a block of state changes, one transaction for each of `logs`.
    pub(super) fn add(&mut self, ops: &[Op], logs: &[Vec<Log>]) -> RecoveredBlock {
        let (state, changes) = apply(self.states.last().unwrap(), ops);
        let height = self.read().head().unwrap().unwrap().height() + 1;
        let transactions = (0..logs.len() as u64).map(|index| transaction(height, index)).collect();
        let (block, hashed, trie) = self.seal(&changes, transactions);
        assert_eq!(trie.root, root_from_scratch(&state));
        let receipts = receipts(logs);
        let mut write = self.storage.write().unwrap();
        write
            .append(BlockCommit {
                block: &block,
                receipts: &receipts,
                certificate: Some(&certificate(&block)),
                code: &changes.code,
                changes: &hashed,
                trie: &trie,
            })
            .unwrap();
        write.commit().unwrap();
        self.note(state);
        block
    }

    /// Closes the database and opens it again.
    pub(super) fn reopen(self) -> Self {
        let Self { storage, states, sizes, dir } = self;
        drop(storage);
        let storage = Storage::open(&config(dir.path())).unwrap();
        Self { storage, states, sizes, dir }
    }

    /// One committed step of pruning.
    pub(super) fn prune(&self, target: Kept, max_rows: u64) -> PruneStep {
        let mut write = self.storage.write().unwrap();
        let step = write.prune(target, max_rows).unwrap();
        write.commit().unwrap();
        step
    }

    /// Number of rows of a table.
    pub(super) fn entries(&self, table: &str) -> u64 {
        self.storage.stats().unwrap().iter().find(|stats| stats.name == table).unwrap().entries
    }

    fn note(&mut self, state: State) {
        self.states.push(state);
        self.sizes.push(self.storage.stats().unwrap());
    }

    /// A block with these changes on the head.
    pub(super) fn seal(
        &self,
        changes: &StateChanges,
        transactions: Vec<Transaction>,
    ) -> (RecoveredBlock, HashedChanges, bttc_trie::TrieUpdate) {
        let store = self.read();
        let head = store.head().unwrap();
        let hashed = HashedChanges::new(changes);
        let trie = state_root(&store, &hashed).unwrap();
        let header = Header {
            number: head.as_ref().map_or(0, |head| head.height() + 1),
            parent_hash: head.map(|head| head.hash).unwrap_or_default(),
            state_root: trie.root,
            ..Default::default()
        };
        let senders = (0..transactions.len()).map(|index| address(index as u8)).collect();
        let block = SealedBlock::seal(header, Body { transactions, ..Default::default() });
        (RecoveredBlock { block, senders }, hashed, trie)
    }
}

pub(super) fn transaction(height: u64, index: u64) -> Transaction {
    let tx = TxLegacy { nonce: height * 1000 + index, gas_limit: 21_000, ..Default::default() };
    Signed::new_unhashed(tx, Signature::test_signature()).into()
}

pub(super) fn receipts(logs: &[Vec<Log>]) -> Vec<Receipt> {
    let receipt = |(index, logs): (usize, &Vec<Log>)| Receipt {
        tx_type: TxType::Legacy,
        outcome: Eip658Value::Eip658(true),
        cumulative_gas_used: 21_000 * (index as u64 + 1),
        logs: logs.clone(),
    };
    logs.iter().enumerate().map(receipt).collect()
}

pub(super) fn log(address_n: u8, topic: Option<u8>) -> Log {
    let topics = topic.into_iter().map(B256::repeat_byte).collect();
    Log { address: address(address_n), data: LogData::new_unchecked(topics, Bytes::new()) }
}

pub(super) fn certificate(block: &RecoveredBlock) -> CommitCertificate {
    CommitCertificate {
        height: block.block.height(),
        round: 0,
        block_hash: block.block.hash(),
        signers: SignerBitmap::from_indices(1, [0]),
        signatures: vec![],
    }
}

/// Runs operations on a state: the new state, and the change as an executor would report it.
pub(super) fn apply(old: &State, ops: &[Op]) -> (State, StateChanges) {
    let mut new = old.clone();
    let mut wiped = BTreeMap::<Address, bool>::new();
    let mut changes = StateChanges::default();
    let fresh = || (Account { nonce: 1, ..Default::default() }, BTreeMap::new());
    for op in ops {
        let (Op::Balance(n, _) | Op::Slot(n, ..) | Op::Kill(n) | Op::Code(n, _)) = op;
        let at = address(*n);
        wiped.entry(at).or_default();
        match op {
            Op::Balance(_, balance) => new.entry(at).or_insert_with(fresh).0.balance = U256::from(*balance),
            Op::Slot(_, slot, value) => {
                let storage = &mut new.entry(at).or_insert_with(fresh).1;
                match value {
                    0 => storage.remove(&U256::from(*slot)),
                    value => storage.insert(U256::from(*slot), U256::from(*value)),
                };
            }
            Op::Kill(_) => {
                new.remove(&at);
                wiped.insert(at, true);
            }
            Op::Code(_, byte) => {
                let code = Bytes::from(vec![*byte; 3]);
                let hash = alloy_primitives::keccak256(&code);
                changes.code.insert(hash, code);
                new.entry(at).or_insert_with(fresh).0.code_hash = hash;
            }
        }
    }
    for (at, storage_wiped) in wiped {
        if let Some(change) = difference(old.get(&at), new.get(&at), storage_wiped) {
            changes.accounts.insert(at, change);
        }
    }
    (new, changes)
}

type Entry<'a> = Option<&'a (Account, BTreeMap<U256, U256>)>;

fn difference(old: Entry<'_>, new: Entry<'_>, storage_wiped: bool) -> Option<AccountChange> {
    let none = BTreeMap::new();
    let before = old.filter(|_| !storage_wiped).map_or(&none, |(_, storage)| storage);
    let after = new.map_or(&none, |(_, storage)| storage);
    let value = |storage: &BTreeMap<U256, U256>, slot| storage.get(slot).copied().unwrap_or_default();
    let storage: BTreeMap<_, _> = before
        .keys()
        .chain(after.keys())
        .map(|slot| (*slot, (value(before, slot), value(after, slot))))
        .filter(|(_, (before, after))| before != after)
        .collect();
    let change = AccountChange {
        before: old.map(|(account, _)| *account),
        after: new.map(|(account, _)| *account),
        storage_wiped: storage_wiped && old.is_some(),
        storage,
    };
    (change.before != change.after || change.storage_wiped || !change.storage.is_empty()).then_some(change)
}

/// Root of a whole state, without anything stored.
pub(super) fn root_from_scratch(state: &State) -> B256 {
    let change = |(at, (account, storage)): (&Address, &(Account, BTreeMap<U256, U256>))| {
        let storage = storage.iter().map(|(slot, value)| (*slot, (U256::ZERO, *value))).collect();
        (*at, AccountChange { before: None, after: Some(*account), storage_wiped: false, storage })
    };
    let changes = StateChanges { accounts: state.iter().map(change).collect(), code: BTreeMap::new() };
    state_root(&EmptySource, &HashedChanges::new(&changes)).unwrap().root
}

/// An account of a model state has no code unless an operation gave it some.
pub(super) fn has_code(account: &Account) -> bool {
    account.code_hash != KECCAK256_EMPTY
}

//! The tables: what stands in the database, key by key. Names follow reth where the contents do.
//!
//! Keys are concatenations (numbers big-endian), encodings are in `codec`. The state is kept hashed and newest; older states come from
//! the two history tables, whose rows hold a value as it was *before* a height: what a key held after block `h` is the first row of that
//! key above `h`, or the newest state if there is none.

use crate::{
    StoredEpoch, StoredProposal, StoredReceipt,
    codec::{BodyRow, ChangesRow, HeaderRow, Key, TransactionPlace, TransactionRow, Value},
};
use alloy_primitives::{Address, B256, Bytes, U256};
use bttc_primitives::{Account, CommitCertificate};
use bttc_trie::{BranchNodeCompact, Nibbles, TrieAccount};

/// Version of all that this file and `codec` say. Another one in a database means that this program must not touch it.
pub(crate) const FORMAT_VERSION: u64 = 3;

/// One table.
pub(crate) trait Table {
    const INDEX: usize;
    const NAME: &'static str;
    type Key: Key;
    type Value: Value;
}

type Height = u64;
type TxNumber = u64;
type HashedAddress = B256;
type HashedSlot = B256;

macro_rules! tables {
    ($($(#[$doc:meta])* $name:ident: $key:ty => $value:ty;)*) => {
        $($(#[$doc])* #[derive(Debug)] pub(crate) struct $name;
        impl Table for $name {
            const INDEX: usize = Place::$name as usize;
            const NAME: &'static str = stringify!($name);
            type Key = $key;
            type Value = $value;
        })*
        enum Place { $($name),* }
        /// What [`crate::check_row`] does, by [`Table::INDEX`].
        #[cfg(any(test, feature = "test-utils"))]
        pub(crate) const CHECKS: [fn(&[u8], &[u8]); NAMES.len()] = [$(crate::codec::check_row_of::<$name>),*];
        /// Names of all tables, by [`Table::INDEX`].
        pub(crate) const NAMES: [&str; [$(Place::$name as usize),*].len()] = [$(stringify!($name)),*];
    };
}

tables! {
    /// What the database is: format version, identity of the chain, and notes of the node.
    Metadata: String => Vec<u8>;

    /// Headers, each behind its hash.
    Headers: Height => HeaderRow;
    /// Heights of blocks by their hash.
    HeaderNumbers: B256 => u64;
    /// Bodies without their transactions, and where those stand.
    BlockBodies: Height => BodyRow;
    /// Transactions behind their senders, counted over the whole chain.
    Transactions: TxNumber => TransactionRow;
    /// Where a transaction stands, by its hash.
    TransactionHashNumbers: B256 => TransactionPlace;
    /// Receipts by the number of their transaction.
    Receipts: TxNumber => StoredReceipt;
    /// Certificates that made blocks final.
    Certificates: Height => CommitCertificate;
    /// Epochs that an election began, by the first height of each that this database knows of. Never pruned.
    Epochs: Height => StoredEpoch;
    /// Undecided blocks above the head, by height and block hash.
    Proposals: (Height, B256) => StoredProposal;

    /// Newest accounts.
    HashedAccounts: HashedAddress => TrieAccount;
    /// Newest storage; a slot that holds zero has no row.
    HashedStorages: (HashedAddress, HashedSlot) => U256;
    /// Branch nodes of the account trie.
    AccountsTrie: Nibbles => BranchNodeCompact;
    /// Branch nodes of the storage tries.
    StoragesTrie: (HashedAddress, Nibbles) => BranchNodeCompact;
    /// Code by its hash; never deleted.
    Bytecodes: B256 => Bytes;

    /// Accounts before a height that changed them.
    AccountsHistory: (HashedAddress, Height) => Option<Account>;
    /// Slots before a height that changed them.
    StoragesHistory: (HashedAddress, HashedSlot, Height) => U256;
    /// What the two tables above hold for a height, and its digest.
    ChangedRows: Height => ChangesRow;

    /// Heights at which an address emitted logs.
    LogAddresses: (Address, Height) => ();
    /// Heights with logs of a first topic.
    LogTopics: (B256, Height) => ();
}

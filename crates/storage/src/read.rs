//! A snapshot of the database.

use crate::{
    Identity, StateView, Storage, StoredProposal, StoredReceipt, StoredTransaction,
    codec::TransactionPlace,
    open::FORMAT_KEY,
    rows::Rows,
    store::Reader,
    tables::{Certificates, HeaderNumbers, Headers, Metadata, Receipts, Transactions},
};
use alloy_primitives::B256;
use bttc_primitives::{CommitCertificate, Fatal, Head, Header, Height, Receipt, RecoveredBlock, SealedBlock};
use bttc_trie::HashedChanges;
use signet_libmdbx::{RoSync, tx::aliases::RoTxSync};
use std::{ops::RangeInclusive, sync::Arc};

/// Rows of `Metadata`; notes of the node stand behind `NOTE_PREFIX`.
pub(crate) const CHAIN_ID_KEY: &str = "chain_id";
pub(crate) const GENESIS_HASH_KEY: &str = "genesis_hash";
pub(crate) const GENESIS_JSON_KEY: &str = "genesis_json";
/// Digest (keccak256) of the row before: no other row depends on all of that text.
pub(crate) const GENESIS_JSON_DIGEST_KEY: &str = "genesis_json_digest";
/// State roots after changes by hand, behind the height in hex of fixed width.
pub(crate) const PATCHED_PREFIX: &str = "patched/";
pub(crate) const NOTE_PREFIX: &str = "note/";

/// The database as it was at one moment. Clones share the snapshot and may be used on several threads at a time.
///
/// It must not be held for long: the space of what is replaced meanwhile is not used again before it is dropped.
#[derive(Clone, Debug)]
pub struct ReadTx {
    inner: Arc<Inner>,
}

/// Fields are dropped in their order: the transaction first, the environment (in `storage`) last.
#[derive(Debug)]
struct Inner {
    tx: RoTxSync,
    _reader: Reader,
    storage: Storage,
}

impl ReadTx {
    pub(crate) fn new(storage: Storage, tx: RoTxSync, reader: Reader) -> Self {
        Self { inner: Arc::new(Inner { tx, _reader: reader, storage }) }
    }

    pub(crate) fn rows(&self) -> Rows<'_, RoSync> {
        Rows::new(&self.inner.tx, &self.inner.storage.shared().handles)
    }

    /// The last committed block; none in a new database.
    pub fn head(&self) -> Result<Option<Head>, Fatal> {
        self.rows().head()
    }

    /// Header of the block at a height.
    pub fn header(&self, height: Height) -> Result<Option<Header>, Fatal> {
        Ok(self.rows().get::<Headers>(&height)?.map(|row| row.header))
    }

    /// Height of a block.
    pub fn height_of(&self, block_hash: B256) -> Result<Option<Height>, Fatal> {
        self.rows().get::<HeaderNumbers>(&block_hash)
    }

    /// Hash of the block at a height.
    pub fn block_hash(&self, height: Height) -> Result<Option<B256>, Fatal> {
        self.rows().block_hash(height)
    }

    /// Hash of the genesis block; none in a new database.
    pub fn genesis_hash(&self) -> Result<Option<B256>, Fatal> {
        self.block_hash(0)
    }

    /// The block at a height.
    pub fn block(&self, height: Height) -> Result<Option<SealedBlock>, Fatal> {
        Ok(self.recovered_block(height)?.map(|recovered| recovered.block))
    }

    /// The block at a height with the senders of its transactions.
    pub fn recovered_block(&self, height: Height) -> Result<Option<RecoveredBlock>, Fatal> {
        self.rows().block(height)
    }

    /// Number of transactions of the block at a height.
    pub fn transaction_count(&self, height: Height) -> Result<Option<usize>, Fatal> {
        let count = self.rows().transactions_of(height)?;
        Ok(count.map(|(_, count)| usize::try_from(count).unwrap_or(usize::MAX)))
    }

    /// Receipts of the block at a height, in the order of its transactions.
    pub fn receipts(&self, height: Height) -> Result<Option<Vec<Receipt>>, Fatal> {
        let stored = self.rows().receipts(height)?;
        Ok(stored.map(|receipts| receipts.into_iter().map(|stored| stored.receipt).collect()))
    }

    /// One receipt of a block, without reading those before it.
    pub fn receipt(&self, height: Height, index: usize) -> Result<Option<StoredReceipt>, Fatal> {
        let rows = self.rows();
        match rows.tx_number(height, index)? {
            Some(number) => rows.get::<Receipts>(&number),
            None => Ok(None),
        }
    }

    /// Receipt of a transaction, with where it stands.
    pub fn receipt_of(&self, tx_hash: B256) -> Result<Option<(Height, usize, StoredReceipt)>, Fatal> {
        let rows = self.rows();
        let Some(TransactionPlace { number, height, index }) = rows.place_of(tx_hash)? else {
            return Ok(None);
        };
        let receipt = rows.get::<Receipts>(&number)?;
        Ok(receipt.map(|receipt| (height, usize::try_from(index).unwrap_or(usize::MAX), receipt)))
    }

    /// Certificate that made the block at a height final; genesis has none.
    pub fn certificate(&self, height: Height) -> Result<Option<CommitCertificate>, Fatal> {
        self.rows().get::<Certificates>(&height)
    }

    /// A transaction of a committed block.
    pub fn transaction(&self, tx_hash: B256) -> Result<Option<StoredTransaction>, Fatal> {
        let rows = self.rows();
        rows.place_of(tx_hash)?.map(|place| rows.transaction(place)).transpose()
    }

    /// The transaction at a position of a block.
    pub fn transaction_at(&self, height: Height, index: usize) -> Result<Option<StoredTransaction>, Fatal> {
        let rows = self.rows();
        let number = rows.tx_number(height, index)?;
        number.map(|number| rows.transaction(TransactionPlace { number, height, index: index as u64 })).transpose()
    }

    /// Height and position in its block of a committed transaction.
    pub fn transaction_location(&self, tx_hash: B256) -> Result<Option<(Height, usize)>, Fatal> {
        let place = self.rows().place_of(tx_hash)?;
        Ok(place.map(|place| (place.height, usize::try_from(place.index).unwrap_or(usize::MAX))))
    }

    /// Whether a committed block holds the transaction.
    pub fn has_transaction(&self, tx_hash: B256) -> Result<bool, Fatal> {
        Ok(self.rows().place_of(tx_hash)?.is_some())
    }

    /// Number of transactions of the whole chain.
    pub fn total_transactions(&self) -> Result<u64, Fatal> {
        let last = self.rows().cursor::<Transactions>()?.last()?;
        Ok(last.map_or(0, |(number, _)| number.saturating_add(1)))
    }

    /// Undecided blocks kept for a height above the head.
    pub fn proposals(&self, height: Height) -> Result<Vec<StoredProposal>, Fatal> {
        self.rows().proposals(height)
    }

    /// The newest state: that after the head.
    pub fn state(&self) -> Result<StateView, Fatal> {
        Ok(StateView::newest(self.clone()))
    }

    /// The state after the block at a height; none above the head.
    pub fn state_at(&self, height: Height) -> Result<Option<StateView>, Fatal> {
        let Some(head) = self.head()? else { return Ok(None) };
        Ok(match height.cmp(&head.height()) {
            std::cmp::Ordering::Greater => None,
            std::cmp::Ordering::Equal => Some(StateView::newest(self.clone())),
            std::cmp::Ordering::Less => Some(StateView::after(self.clone(), height)),
        })
    }

    /// What must be laid over the newest state to get the state after the block at `height`.
    ///
    /// Each change has the newest value as `before` and the older one as `after`. A slot whose number is no longer known (its storage was
    /// wiped) has number zero: its key is what counts. Work and memory grow with what changed since: the caller sets a limit on the age.
    pub fn changes_since(&self, height: Height) -> Result<HashedChanges, Fatal> {
        self.rows().changes_since(height)
    }

    /// Heights in `range` whose blocks may have logs of one of the `addresses` with one of the first topics `topic0`; an empty list stands for
    /// any. Ascending, at most `limit`.
    ///
    /// The two lists are met by the block, not by one log of it: the caller looks at the receipts.
    pub fn blocks_with_logs(
        &self,
        range: RangeInclusive<Height>,
        addresses: &[alloy_primitives::Address],
        topic0: &[B256],
        limit: usize,
    ) -> Result<Vec<Height>, Fatal> {
        crate::log_index::blocks_with_logs(&self.rows(), range, addresses, topic0, limit)
    }

    /// A note of the node, as [`WriteTx::put_meta`](crate::WriteTx::put_meta) wrote it.
    pub fn meta(&self, key: &str) -> Result<Option<Vec<u8>>, Fatal> {
        self.rows().get::<Metadata>(&format!("{NOTE_PREFIX}{key}"))
    }

    /// Root of the state at a height after its last change by hand, which the header does not cover (development chains).
    pub fn patched_root(&self, height: Height) -> Result<Option<B256>, Fatal> {
        let Some(row) = self.rows().get::<Metadata>(&patched_key(height))? else { return Ok(None) };
        B256::try_from(row.as_slice())
            .map(Some)
            .map_err(|_| Fatal::new(format!("row {} of table Metadata is damaged", patched_key(height))))
    }

    /// Version of the tables and their encodings.
    pub fn format_version(&self) -> Result<Option<u64>, Fatal> {
        self.metadata_number(FORMAT_KEY)
    }

    pub(crate) fn identity(&self) -> Result<Option<Identity>, Fatal> {
        let Some(chain_id) = self.metadata_number(CHAIN_ID_KEY)? else { return Ok(None) };
        let broken =
            || Fatal::new("the identity of the chain in the database is damaged; restore it from a copy, or sync anew");
        let hash = self.rows().get::<Metadata>(&GENESIS_HASH_KEY.to_owned())?.ok_or_else(broken)?;
        let json = self.rows().get::<Metadata>(&GENESIS_JSON_KEY.to_owned())?.ok_or_else(broken)?;
        Ok(Some(Identity {
            chain_id,
            genesis_hash: B256::try_from(hash.as_slice()).map_err(|_| broken())?,
            genesis_json: String::from_utf8(json).map_err(|_| broken())?,
        }))
    }

    fn metadata_number(&self, key: &str) -> Result<Option<u64>, Fatal> {
        let number = self.rows().get::<Metadata>(&key.to_owned())?;
        let decode = |bytes: Vec<u8>| {
            let bytes = bytes.try_into().map_err(|_| Fatal::new(format!("row {key} of table Metadata is damaged")))?;
            Ok(u64::from_be_bytes(bytes))
        };
        number.map(decode).transpose()
    }
}

pub(crate) fn patched_key(height: Height) -> String {
    format!("{PATCHED_PREFIX}{height:016x}")
}

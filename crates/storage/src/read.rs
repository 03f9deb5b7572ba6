//! A snapshot of the database.

use crate::{
    History, HistoryError, Identity, Kept, StateView, Storage, StoredEpoch, StoredProposal, StoredReceipt,
    StoredTransaction,
    blocks::missing,
    codec::{HeaderRow, TransactionPlace},
    open::FORMAT_KEY,
    rows::{Access, Rows},
    state_import::BEGUN_KEY,
    store::Reader,
    tables::{BlockBodies, Certificates, Epochs, HeaderNumbers, Headers, Metadata, Receipts},
};
use alloy_primitives::B256;
use bttc_primitives::{Body, CommitCertificate, Fatal, Head, Header, Height, Receipt, RecoveredBlock, SealedBlock};
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

    /// Lowest heights of which each part of the past is kept.
    pub fn kept(&self) -> Result<Kept, Fatal> {
        self.rows().kept()
    }

    /// Refuses a height of which that part is pruned.
    pub fn check_kept(&self, part: History, height: Height) -> Result<(), HistoryError> {
        Ok(part.check(self.rows().kept_from(part)?, height)?)
    }

    /// Height of the block whose state was imported; 0 in a database that began with the first block. Blocks below it were never here.
    pub fn begun(&self) -> Result<Height, Fatal> {
        Ok(self.rows().metadata_number(BEGUN_KEY)?.unwrap_or_default())
    }

    /// Refuses a height of which any part is pruned.
    pub(crate) fn check_whole(&self, height: Height) -> Result<(), HistoryError> {
        let kept = self.kept()?;
        History::ALL.into_iter().try_for_each(|part| Ok(part.check(kept.of(part), height)?))
    }

    /// Header of the block at a height, with its hash.
    pub fn sealed_header(&self, height: Height) -> Result<Option<Head>, Fatal> {
        let row = self.rows().get::<Headers>(&height)?;
        Ok(row.map(|HeaderRow { hash, header }| Head { hash, header }))
    }

    /// The block at a height.
    pub fn block(&self, height: Height) -> Result<Option<SealedBlock>, HistoryError> {
        Ok(self.recovered_block(height)?.map(|recovered| recovered.block))
    }

    /// The block at a height with the senders of its transactions.
    pub fn recovered_block(&self, height: Height) -> Result<Option<RecoveredBlock>, HistoryError> {
        self.check_kept(History::Blocks, height)?;
        Ok(self.rows().block(height)?)
    }

    /// What a block says beside its transactions, without reading these.
    pub fn body_without_transactions(&self, height: Height) -> Result<Option<Body>, HistoryError> {
        self.check_kept(History::Blocks, height)?;
        Ok(self.rows().get::<BlockBodies>(&height)?.map(|row| row.rest))
    }

    /// Number of transactions of the block at a height.
    pub fn transaction_count(&self, height: Height) -> Result<Option<usize>, HistoryError> {
        self.check_kept(History::Blocks, height)?;
        let count = self.rows().transactions_of(height)?;
        Ok(count.map(|(_, count)| usize::try_from(count).unwrap_or(usize::MAX)))
    }

    /// Receipts of the block at a height, in the order of its transactions.
    pub fn receipts(&self, height: Height) -> Result<Option<Vec<Receipt>>, HistoryError> {
        let stored = self.stored_receipts(height)?;
        Ok(stored.map(|receipts| receipts.into_iter().map(|stored| stored.receipt).collect()))
    }

    /// Receipts of the block at a height, each with its own gas and the index of its first log.
    pub fn stored_receipts(&self, height: Height) -> Result<Option<Vec<StoredReceipt>>, HistoryError> {
        self.check_kept(History::Blocks, height)?;
        Ok(self.rows().receipts(height)?)
    }

    /// One receipt of a block, without reading those before it.
    pub fn receipt(&self, height: Height, index: usize) -> Result<Option<StoredReceipt>, HistoryError> {
        self.check_kept(History::Blocks, height)?;
        let rows = self.rows();
        Ok(match rows.tx_number(height, index)? {
            Some(number) => rows.get::<Receipts>(&number)?,
            None => None,
        })
    }

    /// Receipt of a transaction, with where it stands; none if its block is pruned.
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

    /// The epoch of a height; none if nothing was written of it.
    pub fn epoch(&self, height: Height) -> Result<Option<StoredEpoch>, Fatal> {
        Ok(self.rows().cursor::<Epochs>()?.seek_back(&height)?.map(|(_, epoch)| epoch))
    }

    /// All epochs by the first height of each that this database knows of, ascending.
    pub fn epochs(&self) -> Result<Vec<(Height, StoredEpoch)>, Fatal> {
        let mut cursor = self.rows().cursor::<Epochs>()?;
        let first = cursor.seek(&0u64)?;
        let rest = std::iter::from_fn(|| cursor.next().transpose());
        first.map(Ok).into_iter().chain(rest).collect()
    }

    /// A transaction of a committed block; none if its block is pruned: the index by hash goes with the blocks.
    pub fn transaction(&self, tx_hash: B256) -> Result<Option<StoredTransaction>, Fatal> {
        let rows = self.rows();
        rows.place_of(tx_hash)?.map(|place| rows.transaction(place)).transpose()
    }

    /// The transaction at a position of a block.
    pub fn transaction_at(&self, height: Height, index: usize) -> Result<Option<StoredTransaction>, HistoryError> {
        self.check_kept(History::Blocks, height)?;
        let rows = self.rows();
        let number = rows.tx_number(height, index)?;
        let place = number.map(|number| TransactionPlace { number, height, index: index as u64 });
        Ok(place.map(|place| rows.transaction(place)).transpose()?)
    }

    /// Height and position in its block of a committed transaction; none if its block is pruned.
    pub fn transaction_location(&self, tx_hash: B256) -> Result<Option<(Height, usize)>, Fatal> {
        let place = self.rows().place_of(tx_hash)?;
        Ok(place.map(|place| (place.height, usize::try_from(place.index).unwrap_or(usize::MAX))))
    }

    /// Whether a committed block that is kept holds the transaction.
    pub fn has_transaction(&self, tx_hash: B256) -> Result<bool, Fatal> {
        Ok(self.rows().place_of(tx_hash)?.is_some())
    }

    /// Number of transactions of the whole chain, pruned ones among them.
    pub fn total_transactions(&self) -> Result<u64, Fatal> {
        let Some(head) = self.head()? else { return Ok(0) };
        let counted = self.rows().transactions_of(head.height())?;
        let (first, count) = counted.ok_or_else(|| missing::<BlockBodies>(head.height()))?;
        Ok(first.saturating_add(count))
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
    pub fn state_at(&self, height: Height) -> Result<Option<StateView>, HistoryError> {
        self.check_kept(History::State, height)?;
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
    pub fn changes_since(&self, height: Height) -> Result<HashedChanges, HistoryError> {
        self.check_kept(History::State, height)?;
        Ok(self.rows().changes_since(height)?)
    }

    /// Heights in `range` whose blocks may have logs of one of the `addresses` with one of the first topics `topic0`; an empty list stands for
    /// any. Ascending, at most `limit`.
    ///
    /// The two lists are met by the block, not by one log of it: the caller looks at the receipts. Work grows with the answer and the number
    /// of keys, not with the range or the chain. Errors: [`HistoryError::Pruned`] if the index is not kept from the start of the range on.
    pub fn blocks_with_logs(
        &self,
        range: RangeInclusive<Height>,
        addresses: &[alloy_primitives::Address],
        topic0: &[B256],
        limit: usize,
    ) -> Result<Vec<Height>, HistoryError> {
        self.check_kept(History::Logs, *range.start())?;
        Ok(crate::log_index::blocks_with_logs(&self.rows(), range, addresses, topic0, limit)?)
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
        self.rows().metadata_number(FORMAT_KEY)
    }

    pub(crate) fn identity(&self) -> Result<Option<Identity>, Fatal> {
        let Some(chain_id) = self.rows().metadata_number(CHAIN_ID_KEY)? else { return Ok(None) };
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
}

impl<K: Access> Rows<'_, K> {
    /// A row of `Metadata` that holds a number.
    pub(crate) fn metadata_number(&self, key: &str) -> Result<Option<u64>, Fatal> {
        let number = self.get::<Metadata>(&key.to_owned())?;
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

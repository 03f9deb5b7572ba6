//! Writing a snapshot, beside the running node: from one read transaction, which shuts out nobody.

use super::{
    BlockChunk, Chunk, ChunkId, Manifest, Position, SnapshotDir,
    plan::{CodePlan, state_chunk},
};
use alloy_primitives::{B256, KECCAK256_EMPTY};
use bttc_primitives::{ChainSpec, Fatal, Height, StateReader};
use bttc_storage::{ANCESTORS, HistoryError, Pruned, ReadTx};
use bttc_trie::{HashedChanges, StateRanges};
use std::{collections::BTreeSet, io, path::PathBuf};

/// Why no snapshot was written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// There can be none of that height on this chain.
    #[error("a snapshot at height {height} cannot be made: {why}")]
    Unavailable {
        /// The height asked for.
        height: Height,
        /// Why not.
        why: String,
    },
    /// The state of that height is no longer kept.
    #[error(transparent)]
    Pruned(#[from] Pruned),
    /// The directory cannot be written.
    #[error("cannot write the snapshot to {}: {source}; give an empty or a new directory on a disk with room", path.display())]
    InvalidDirectory {
        /// The directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Whoever asked for it no longer wants it.
    #[error("the export was stopped")]
    Stopped,
    /// Our own trouble.
    #[error(transparent)]
    Fatal(#[from] Fatal),
}

impl From<HistoryError> for ExportError {
    fn from(error: HistoryError) -> Self {
        match error {
            HistoryError::Pruned(pruned) => pruned.into(),
            HistoryError::Fatal(fatal) => fatal.into(),
        }
    }
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Height of the snapshot.
    pub height: Height,
    /// Number of chunks so far.
    pub chunks: u64,
    /// Number of accounts.
    pub accounts: u64,
    /// Number of slots.
    pub slots: u64,
    /// Number of different codes.
    pub codes: u64,
    /// Unit: bytes on disk.
    pub bytes: u64,
}

/// A state that can be exported.
#[derive(Debug)]
pub struct Exporter {
    store: ReadTx,
    /// What leads from the newest state to that of the snapshot.
    overlay: HashedChanges,
    /// The manifest but for the numbers of chunks.
    manifest: Manifest,
    block: BlockChunk,
}

impl Exporter {
    /// Prepares the snapshot at a height that is kept; without one, at the head.
    ///
    /// The read transaction is held for as long as the export takes, and the database grows by what is replaced meanwhile. An older height costs
    /// memory for all that changed since, and work for it in each chunk.
    /// Errors: there is no certificate or no state of that height.
    pub fn new(spec: &ChainSpec, store: ReadTx, height: Option<Height>) -> Result<Self, ExportError> {
        let head = store.head()?.ok_or_else(|| Fatal::new("the store holds no chain"))?.height();
        let height = height.unwrap_or(head);
        let refuse = |why: &str| ExportError::Unavailable { height, why: why.to_owned() };
        if spec.is_ethereum() {
            return Err(refuse("no validators have signed the blocks of a chain under the `ethereum` spec"));
        }
        if height == 0 {
            return Err(refuse("it is the genesis, which every node has"));
        }
        if height > head {
            return Err(refuse(&format!("the head is at height {head}")));
        }
        let absent = |what: &str| Fatal::new(format!("the {what} of height {height} is not in the store"));
        let block = store.block(height)?.ok_or_else(|| absent("block"))?;
        let receipts = store.receipts(height)?.ok_or_else(|| absent("receipts"))?;
        let certificate = store.certificate(height)?.ok_or_else(|| absent("certificate"))?;
        let overlay = if height == head { HashedChanges::default() } else { store.changes_since(height)? };
        let mut ancestors = Vec::new();
        for below in height.saturating_sub(ANCESTORS).max(1)..height {
            ancestors.push(store.header(below)?.ok_or_else(|| refuse(&format!("this node has no header {below}")))?);
        }
        let validators = match store.epoch(height)? {
            Some(epoch) => epoch.validators,
            None => spec.genesis_validators().map_err(|error| refuse(&error.to_string()))?,
        };
        let manifest = Manifest {
            chain_id: spec.chain_id(),
            genesis_hash: store.genesis_hash()?.ok_or_else(|| absent("genesis"))?,
            header: block.header.clone(),
            certificate,
            validators: validators.members().to_vec(),
            ancestors,
            state_chunks: 0,
            code_chunks: 0,
        };
        Ok(Self { store, overlay, manifest, block: BlockChunk { block, receipts } })
    }

    /// Height of the snapshot.
    pub const fn height(&self) -> Height {
        self.manifest.height()
    }

    /// Writes all chunks and the manifest into `dir`, which must be empty or not exist.
    ///
    /// `progress` is told after each chunk, and stops the export by answering false.
    pub fn write_to(
        self,
        dir: &SnapshotDir,
        mut progress: impl FnMut(&Summary) -> bool,
    ) -> Result<Summary, ExportError> {
        let writing = |source| ExportError::InvalidDirectory { path: dir.path().to_owned(), source };
        dir.create().map_err(writing)?;
        let mut done = Summary { height: self.height(), ..Summary::default() };
        let mut put = |done: &mut Summary, id: ChunkId, chunk: &Chunk| {
            let bytes = chunk.encode()?;
            dir.write_chunk(id, &bytes).map_err(writing)?;
            done.chunks = done.chunks.saturating_add(1);
            done.bytes = done.bytes.saturating_add(bytes.len() as u64);
            if progress(done) { Ok(()) } else { Err(ExportError::Stopped) }
        };
        let Self { store, overlay, mut manifest, block } = self;
        let header = block.block.header.clone();
        put(&mut done, ChunkId::Block, &Chunk::Block(Box::new(block)))?;

        let ranges = StateRanges::new(&store, &overlay)?;
        let root = ranges.root()?;
        if root != header.state_root {
            let why = format!(
                "the state has root {root}, not {} as its header says; was it changed by hand?",
                header.state_root
            );
            return Err(ExportError::Unavailable { height: header.number, why });
        }
        let mut code_hashes = BTreeSet::new();
        let mut start = Some(Position::default());
        while let Some(from) = start {
            let chunk = state_chunk(&ranges, from)?;
            let span = chunk.check(root).map_err(|error| Fatal::while_doing("checking our own chunk", error))?;
            let again = u64::from(from.slot != B256::ZERO);
            done.accounts = done.accounts.saturating_add((chunk.accounts.leaves.len() as u64).saturating_sub(again));
            let slots: usize = chunk.storages.iter().map(|slots| slots.leaves.len()).sum();
            done.slots = done.slots.saturating_add(slots as u64);
            code_hashes.extend(chunk.accounts.leaves.iter().map(|(_, account)| account.code_hash));
            put(&mut done, ChunkId::State(manifest.state_chunks), &Chunk::State(chunk))?;
            manifest.state_chunks = manifest.state_chunks.saturating_add(1);
            start = span.end;
        }

        code_hashes.remove(&KECCAK256_EMPTY);
        done.codes = code_hashes.len() as u64;
        let (state, mut plan) = (store.state()?, CodePlan::default());
        for hash in code_hashes {
            if let Some(full) = plan.add(state.code(hash)?) {
                put(&mut done, ChunkId::Code(manifest.code_chunks), &Chunk::Code(full))?;
                manifest.code_chunks = manifest.code_chunks.saturating_add(1);
            }
        }
        if let Some(rest) = plan.rest() {
            put(&mut done, ChunkId::Code(manifest.code_chunks), &Chunk::Code(rest))?;
            manifest.code_chunks = manifest.code_chunks.saturating_add(1);
        }
        dir.write_manifest(&manifest).map_err(writing)?;
        Ok(done)
    }
}

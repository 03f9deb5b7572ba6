//! Taking in a snapshot: judged chunk by chunk, written as it is judged, gone on with after any end.
//!
//! Chunks may come in any order. Each is checked against the certified root before a row of it is written, and written together with a note of
//! the keys that it covers. When no chunk is refused or missing, the notes must cover all keys; then the tries are built out of the leaves, their
//! root is compared, and one transaction makes the head visible.

use super::{
    Chunk, ChunkId, InvalidChunk, InvalidSnapshot, Manifest, Position, Span, StateChunk, Trust, files::read_manifest,
};
use crate::{
    OpenError,
    epochs::epoch_in_state,
    genesis::{genesis_block, genesis_json},
};
use bttc_consensus::check_last_commit;
use bttc_primitives::{ChainSpec, Fatal, Head, RecoveredBlock, ValidatorSet, recover_senders};
use bttc_storage::{Identity, ImportedChain, StatePiece, Storage, StoredEpoch};
use rayon::prelude::*;
use std::{collections::BTreeMap, fmt, thread};

/// Chunks that are written in one transaction.
const BATCH: usize = 4;

/// Where chunks come from: a directory, or peers.
pub trait ChunkSource: Sync {
    /// The manifest's bytes; none if there is none.
    fn manifest(&self) -> Result<Option<Vec<u8>>, Fatal>;
    /// A chunk's bytes; none if it cannot be had.
    fn chunk(&self, id: ChunkId) -> Result<Option<Vec<u8>>, Fatal>;
}

/// A chunk that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedChunk {
    /// Which.
    pub id: ChunkId,
    /// Why.
    pub why: InvalidChunk,
}

impl fmt::Display for RefusedChunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "chunk {} is refused: {}", self.id, self.why)
    }
}

/// Why a snapshot was not imported.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotImportError {
    /// The snapshot is not of this chain, not certified or not whole.
    #[error("the snapshot is refused: {0}")]
    Invalid(#[from] InvalidSnapshot),
    /// Some chunks are refused; the others are kept.
    #[error("{}; {kept} other chunks are kept: replace the refused ones and import again", list(refused))]
    Refused {
        /// All refused chunks; at least one.
        refused: Vec<RefusedChunk>,
        /// Number of chunks that are there.
        kept: usize,
    },
    /// The database cannot take a snapshot, or the genesis cannot be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Our own trouble.
    #[error(transparent)]
    Fatal(#[from] Fatal),
}

fn list(refused: &[RefusedChunk]) -> String {
    const SHOWN: usize = 5;
    let mut text: Vec<String> = refused.iter().take(SHOWN).map(ToString::to_string).collect();
    if let Some(more) = refused.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        text.push(format!("and so are {more} more"));
    }
    text.join("; ")
}

/// How far an import has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportProgress {
    /// Chunks that are there.
    pub chunks: u64,
    /// All chunks of the snapshot.
    pub of: u64,
    /// Chunks that an earlier run had left.
    pub resumed: u64,
    /// Accounts and slots whose tries are built.
    pub built: u64,
}

/// Imports a snapshot into an empty database, or goes on with an import that ended early. Answers with the head.
///
/// Errors: the first thing that is wrong with the snapshot, or all chunks that are; what was right is kept for the next try.
pub fn import(
    spec: &ChainSpec,
    storage: &Storage,
    source: &impl ChunkSource,
    trust: Option<Trust>,
    mut progress: impl FnMut(&ImportProgress),
) -> Result<Head, SnapshotImportError> {
    if let Some(head) = storage.read()?.head()? {
        return Err(Fatal::new(format!(
            "the database at {} holds a chain at height {}; a snapshot needs an empty one: choose another --datadir",
            storage.path().display(),
            head.height()
        ))
        .into());
    }
    let trust = match trust {
        Some(trust) => trust,
        None => Trust::Set(spec.genesis_validators().map_err(OpenError::from)?),
    };
    let genesis = genesis_block(spec)?;
    let manifest = read_manifest(source)??;
    manifest.check(spec.chain_id(), genesis.hash(), &trust)?;
    let head = Head { hash: manifest.header.hash_slow(), header: manifest.header.clone() };
    let constant = Some(&trust).filter(|_| !spec.has_staking());
    let mut run = Run { storage, source, manifest: &manifest, constant, block: None, refused: Vec::new() };
    let mut write = storage.write()?;
    write.begin_import(head.hash)?;
    write.commit()?;

    let mut done = run.take_chunks(&mut progress)?;
    if !run.refused.is_empty() {
        let kept = run.pieces()?.len();
        return Err(SnapshotImportError::Refused { refused: run.refused, kept });
    }
    run.check_cover()?;
    let built = storage.build_tries(|leaves| {
        done.built = leaves;
        progress(&done);
    })?;
    if let Some(first) = built.missing_code.first() {
        return Err(
            InvalidSnapshot::MissingCode { first: *first, more: built.missing_code.len().saturating_sub(1) }.into()
        );
    }
    let (block, receipts) = run.block.take().ok_or_else(|| Fatal::new("the block of the snapshot was not kept"))?;
    let identity =
        Identity { chain_id: spec.chain_id(), genesis_hash: genesis.hash(), genesis_json: genesis_json(spec)? };
    let epochs = if spec.has_staking() { Some(epochs_of(spec, storage, &manifest)?) } else { None };
    let mut write = storage.write()?;
    write.finish_import(&ImportedChain {
        identity: &identity,
        genesis: &genesis,
        ancestors: &manifest.ancestors,
        head: &block,
        receipts: &receipts,
        certificate: &manifest.certificate,
        state_root: built.root,
    })?;
    if let Some((of_head, next)) = epochs {
        write.put_epoch(head.height(), &of_head)?;
        write.put_epoch(head.height().saturating_add(1), &next)?;
    }
    write.commit()?;
    Ok(head)
}

/// That of the snapshot's block, of which only the validators are known and needed, and that of the block after it.
fn epochs_of(spec: &ChainSpec, storage: &Storage, manifest: &Manifest) -> Result<(StoredEpoch, StoredEpoch), Fatal> {
    let next = epoch_in_state(spec, storage.read()?.state()?, &manifest.header)?;
    let validators = ValidatorSet::new(manifest.validators.clone());
    let validators = validators.map_err(|error| Fatal::while_doing("reading the validators of a snapshot", error))?;
    Ok((StoredEpoch { since: manifest.height(), validators, params: next.params }, next))
}

type Block = (RecoveredBlock, Vec<bttc_primitives::Receipt>);

/// A chunk that holds.
enum Taken {
    Piece(StatePiece, Vec<u8>),
    Block(Box<Block>),
}

type Judged = (ChunkId, Result<Taken, InvalidChunk>);

struct Run<'a, S> {
    storage: &'a Storage,
    source: &'a S,
    manifest: &'a Manifest,
    /// Where the set never changes: whose signatures the parent's certificate has.
    constant: Option<&'a Trust>,
    block: Option<Block>,
    refused: Vec<RefusedChunk>,
}

impl<S: ChunkSource> Run<'_, S> {
    /// Notes of the chunks that are there.
    fn pieces(&self) -> Result<BTreeMap<ChunkId, Vec<u8>>, Fatal> {
        let unfinished = self.storage.read()?.unfinished_import()?;
        let pieces = unfinished.map(|unfinished| unfinished.pieces).unwrap_or_default().into_iter();
        Ok(pieces.filter_map(|(name, note)| Some((name.parse().ok()?, note))).collect())
    }

    /// Judges what is missing, on all cores, and writes each batch while the next one is judged.
    fn take_chunks(&mut self, progress: &mut impl FnMut(&ImportProgress)) -> Result<ImportProgress, Fatal> {
        let there = self.pieces()?;
        let resumed = there.len() as u64;
        let all = self.manifest.chunks().filter(|id| !there.contains_key(id));
        let missing: Vec<ChunkId> = all.collect();
        let of = resumed.saturating_add(missing.len() as u64);
        let mut done = ImportProgress { chunks: resumed, of, resumed, built: 0 };
        progress(&done);
        let mut batches = missing.chunks(BATCH);
        let mut judged = batches.next().map(|batch| self.judge(batch)).transpose()?;
        while let Some(batch) = judged.take() {
            let (next, size) = (batches.next(), batch.len());
            let this = &*self;
            let (block, refused, ahead) = thread::scope(|scope| {
                let ahead = scope.spawn(|| next.map(|batch| this.judge(batch)).transpose());
                let written = this.write(batch);
                let ahead = ahead.join().map_err(|_| Fatal::new("a thread that judged chunks has panicked"))?;
                let (block, refused) = written?;
                Ok::<_, Fatal>((block, refused, ahead?))
            })?;
            let taken = size.saturating_sub(refused.len()) as u64;
            self.block = block.or(self.block.take());
            self.refused.extend(refused);
            done.chunks = done.chunks.saturating_add(taken);
            progress(&done);
            judged = ahead;
        }
        Ok(done)
    }

    fn judge(&self, batch: &[ChunkId]) -> Result<Vec<Judged>, Fatal> {
        batch.par_iter().map(|id| Ok((*id, self.judge_one(*id)?))).collect()
    }

    fn judge_one(&self, id: ChunkId) -> Result<Result<Taken, InvalidChunk>, Fatal> {
        let Some(bytes) = self.source.chunk(id)? else { return Ok(Err(InvalidChunk::Missing)) };
        Ok(Chunk::decode(&bytes).and_then(|chunk| match (id, chunk) {
            (ChunkId::State(_), Chunk::State(chunk)) => {
                let span = chunk.check(self.manifest.header.state_root)?;
                Ok(Taken::Piece(state_piece(&chunk), alloy_rlp::encode(SpanNote::from(span))))
            }
            (ChunkId::Code(_), Chunk::Code(chunk)) => {
                Ok(Taken::Piece(StatePiece { codes: chunk.check()?, ..StatePiece::default() }, Vec::new()))
            }
            (ChunkId::Block, Chunk::Block(chunk)) => {
                chunk.check(&self.manifest.header)?;
                self.check_parent_commit(&chunk.block)?;
                let senders = recover_senders(&chunk.block.body.transactions, true)
                    .map_err(|error| InvalidChunk::Block(error.to_string()))?;
                Ok(Taken::Block(Box::new((RecoveredBlock { block: chunk.block, senders }, chunk.receipts))))
            }
            _ => Err(InvalidChunk::Kind),
        }))
    }

    /// The header does not bind the signatures of the parent's certificate; they are checked where the set that made them is known.
    fn check_parent_commit(&self, block: &bttc_primitives::SealedBlock) -> Result<(), InvalidChunk> {
        let Some(Trust::Set(validators)) = self.constant else { return Ok(()) };
        let parent = (block.height().saturating_sub(1), block.header.parent_hash);
        check_last_commit(self.manifest.chain_id, validators, parent, &block.body.last_commit, false)
            .map_err(InvalidChunk::Block)
    }

    fn write(&self, batch: Vec<Judged>) -> Result<(Option<Block>, Vec<RefusedChunk>), Fatal> {
        let (mut block, mut refused) = (None, Vec::new());
        let mut write = self.storage.write()?;
        for (id, judged) in batch {
            match judged {
                Ok(Taken::Piece(piece, note)) => write.import_piece(&id.to_string(), &note, &piece)?,
                Ok(Taken::Block(taken)) => block = Some(*taken),
                Err(why) => refused.push(RefusedChunk { id, why }),
            }
        }
        write.commit()?;
        Ok((block, refused))
    }

    /// Checks that the state chunks that are there cover all keys.
    fn check_cover(&self) -> Result<(), SnapshotImportError> {
        let mut expected = Some(Position::default());
        let mut last = ChunkId::Block;
        for (id, note) in self.pieces()?.into_iter().filter(|(id, _)| matches!(id, ChunkId::State(_))) {
            let SpanNote { start, end } = alloy_rlp::decode_exact(&note)
                .map_err(|error| Fatal::while_doing("reading the note of an imported chunk", error))?;
            if expected != Some(start) {
                return Err(InvalidSnapshot::Gap { chunk: id }.into());
            }
            (expected, last) = (end.into_iter().next(), id);
        }
        match expected {
            None => Ok(()),
            Some(_) => Err(InvalidSnapshot::Gap { chunk: next_after(last) }.into()),
        }
    }
}

const fn next_after(id: ChunkId) -> ChunkId {
    match id {
        ChunkId::State(number) => ChunkId::State(number.saturating_add(1)),
        _ => ChunkId::State(0),
    }
}

#[derive(alloy_rlp::RlpEncodable, alloy_rlp::RlpDecodable)]
struct SpanNote {
    start: Position,
    /// None or one.
    end: Vec<Position>,
}

impl From<Span> for SpanNote {
    fn from(Span { start, end }: Span) -> Self {
        Self { start, end: end.into_iter().collect() }
    }
}

fn state_piece(chunk: &StateChunk) -> StatePiece {
    let slots = chunk
        .slots()
        .flat_map(|(account, slots)| slots.leaves.iter().map(move |(slot, value)| ((account, *slot), *value)));
    StatePiece { accounts: chunk.accounts.leaves.clone(), slots: slots.collect(), codes: Vec::new() }
}

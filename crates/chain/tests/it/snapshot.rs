//! Snapshots from end to end: exported from one ledger, imported into another, which goes on as if it had run every block.

use crate::{
    fixture::*,
    verify::{is_sound, unnoticed},
};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, bytes, keccak256};
use bttc_chain::{
    Chain, ChainConfig, Driver, Mining,
    snapshot::{
        Chunk, ChunkId, ChunkSource, ExportError, Exporter, InvalidChunk, InvalidSnapshot, Manifest, Shelf,
        SnapshotConfig, SnapshotDir, SnapshotImportError, SnapshotService, Trust, import,
    },
};
use bttc_consensus::{Application, Verdict};
use bttc_primitives::{ChainSpec, CommitCertificate, Fatal, SealedBlock, StateReader, ValidatorSet};
use bttc_storage::{History, HistoryError, Storage, test_utils};
use bttc_trie::{HashedChanges, state_root};
use bttc_txpool::PoolConfig;
use proptest::prelude::*;
use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio_util::sync::CancellationToken;

mod killed;
mod refused;

const GENESIS: &str = include_str!("../../../../genesis/dev/genesis.json");

/// Sets the 64 slots from its call data's first word on to the second word.
const FILL: Bytes = bytes!("60005b6020358160003501556001018060401160025700");

fn spec() -> Arc<ChainSpec> {
    Arc::new(ChainSpec::from_json(GENESIS).unwrap())
}

fn store(path: &Path) -> Storage {
    Storage::open(&config(path)).unwrap()
}

/// Code that deploys `runtime`.
fn deploying(runtime: &Bytes) -> Bytes {
    let len = runtime.len() as u8;
    [&[0x60, len, 0x80, 0x60, 0x0b, 0x60, 0, 0x39, 0x60, 0, 0xf3][..], runtime].concat().into()
}

/// Call data: a slot, and a value of many bytes (or zero).
fn words([slot, value]: [u64; 2]) -> Bytes {
    [U256::from(slot), U256::from(value) << 190].map(|word| B256::from(word).0).concat().into()
}

struct Made {
    chain: Chain,
    contract: Address,
    _dir: tempfile::TempDir,
}

/// A chain with contracts, one of them with many slots, some of which are cleared again.
async fn made(blocks: u64, fills: u64) -> Made {
    let dir = tempfile::tempdir().unwrap();
    let chain = open(dir.path());
    add(&chain, call(1, 0, TxKind::Create, 0, deploying(&FILL), 300_000));
    add(&chain, call(2, 0, TxKind::Create, 0, deploying(&bytes!("6001600055")), 300_000));
    decide(&chain).await;
    let contract = key(1).address().create(0);
    let mut nonce = 1;
    for block in 0..blocks {
        for fill in 0..fills {
            let first = (block * fills + fill) * 64;
            add(&chain, call(1, nonce, TxKind::Call(contract), 0, words([first, first + 7]), 1_700_000));
            nonce += 1;
        }
        // Every other time, clear a part again.
        if block % 2 == 1 {
            add(&chain, call(1, nonce, TxKind::Call(contract), 0, words([block * fills * 64 - 64, 0]), 1_700_000));
            nonce += 1;
        }
        add(&chain, transfer(0, block, Address::repeat_byte(block as u8 + 1), 1_000 + u128::from(block)));
        decide(&chain).await;
    }
    Made { chain, contract, _dir: dir }
}

/// A snapshot in memory.
#[derive(Clone, Default)]
pub(crate) struct Memory {
    manifest: Option<Vec<u8>>,
    chunks: BTreeMap<ChunkId, Vec<u8>>,
    /// Ends the import, as a kill would, when this many chunks have been asked for.
    die_after: Option<Arc<AtomicUsize>>,
}

impl ChunkSource for Memory {
    fn manifest(&self) -> Result<Option<Vec<u8>>, Fatal> {
        Ok(self.manifest.clone())
    }

    fn chunk(&self, id: ChunkId) -> Result<Option<Vec<u8>>, Fatal> {
        if let Some(left) = &self.die_after
            && left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_err()
        {
            return Err(Fatal::new("the source died"));
        }
        Ok(self.chunks.get(&id).cloned())
    }
}

impl Memory {
    fn read(dir: &SnapshotDir) -> Self {
        let manifest = ChunkSource::manifest(dir).unwrap();
        let ids = Manifest::decode(manifest.as_ref().unwrap()).unwrap().chunks();
        let chunks = ids.map(|id| (id, dir.chunk(id).unwrap().unwrap())).collect();
        Self { manifest, chunks, die_after: None }
    }

    fn decoded(&self) -> Manifest {
        Manifest::decode(self.manifest.as_ref().unwrap()).unwrap()
    }

    fn state_chunks(&self) -> usize {
        self.chunks.keys().filter(|id| matches!(id, ChunkId::State(_))).count()
    }
}

pub(crate) fn export(chain: &Chain, height: Option<u64>) -> Memory {
    let dir = tempfile::tempdir().unwrap();
    let to = SnapshotDir::new(dir.path().join("snapshot"));
    let exporter = Exporter::new(chain.spec(), chain.read().unwrap(), height).unwrap();
    let summary = exporter.write_to(&to, |_| true).unwrap();
    let memory = Memory::read(&to);
    assert_eq!(summary.chunks, memory.chunks.len() as u64);
    memory
}

fn reopen(storage: Storage) -> Chain {
    Chain::open(spec(), storage, ChainConfig::default(), PoolConfig::default(), Some(signer())).unwrap()
}

fn taken(memory: &Memory, dir: &Path) -> Result<Chain, SnapshotImportError> {
    let storage = store(dir);
    import(&spec(), &storage, memory, None, |_| ())?;
    Ok(reopen(storage))
}

/// The same chain for all tests that only read it: 32 blocks, and state for several chunks.
fn large() -> &'static (Memory, Vec<SealedBlock>) {
    static LARGE: OnceLock<(Memory, Vec<SealedBlock>)> = OnceLock::new();
    // On a thread of its own, as the first to ask may be on one of a runtime.
    LARGE.get_or_init(|| std::thread::spawn(make_large).join().unwrap())
}

fn make_large() -> (Memory, Vec<SealedBlock>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let made = made(16, 34).await;
        let memory = export(&made.chain, None);
        assert!(memory.state_chunks() >= 4, "{} chunks", memory.state_chunks());
        let mut more = Vec::new();
        for n in 0..3u64 {
            let at = 1 + 16 * 34 + 8 + n;
            add(&made.chain, call(1, at, TxKind::Call(made.contract), 0, words([n * 1000, n]), 1_700_000));
            add(&made.chain, transfer(0, 16 + n, Address::repeat_byte(0x80 + n as u8), 5));
            more.push(decide(&made.chain).await);
        }
        (memory, more)
    })
}

fn whole_root(chain: &Chain) -> B256 {
    state_root(&chain.read().unwrap(), &HashedChanges::default()).unwrap().root
}

/// Judges, commits and compares blocks that another ledger made.
pub(crate) async fn follow(chain: &Chain, blocks: &[SealedBlock]) {
    for block in blocks {
        assert_eq!(chain.verify(turn(chain), block.clone()).await.unwrap(), Verdict::Valid);
        chain.commit(decision(chain, block)).await.unwrap();
        assert_eq!(chain.head().hash, block.hash());
        assert_eq!(whole_root(chain), block.header.state_root);
    }
}

/// Only the last headers come with a snapshot: what was never there is no damage, and what must be there is.
#[tokio::test]
async fn a_ledger_that_began_far_from_genesis_is_sound() {
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let original = open(dirs[0].path());
    for _ in 0..270 {
        decide(&original).await;
    }
    let chain = taken(&export(&original, None), dirs[1].path()).unwrap();
    is_sound(chain.storage());
    let block = decide(&original).await;
    follow(&chain, &[block]).await;
    is_sound(chain.storage());
    for table in ["Headers", "HeaderNumbers"] {
        let rows = test_utils::rows(chain.storage(), table).unwrap();
        assert_eq!(rows.len(), 1 + 256 + 2);
        assert_eq!(unnoticed(chain.storage(), table, &rows), Vec::<String>::new());
    }
}

#[tokio::test]
async fn an_imported_ledger_goes_on_like_a_full_one() {
    let original = made(6, 3).await;
    let (head, contract) = (original.chain.head(), original.contract);
    let memory = export(&original.chain, None);
    let dir = tempfile::tempdir().unwrap();
    let chain = taken(&memory, dir.path()).unwrap();
    assert_eq!(chain.head(), head);
    assert_eq!(whole_root(&chain), head.header.state_root);
    // Every table of the state and its tries is as the blocks have left it.
    let rows = |chain: &Chain| {
        let tables = ["HashedAccounts", "HashedStorages", "AccountsTrie", "StoragesTrie"];
        let stats = chain.storage().stats().unwrap();
        tables.map(|name| stats.iter().find(|table| table.name == name).unwrap().entries)
    };
    assert_eq!(rows(&chain), rows(&original.chain));

    let (ours, theirs) = (chain.read().unwrap(), original.chain.read().unwrap());
    let height = head.height();
    assert_eq!(ours.recovered_block(height).unwrap(), theirs.recovered_block(height).unwrap());
    assert_eq!(ours.receipts(height).unwrap(), theirs.receipts(height).unwrap());
    assert_eq!(ours.certificate(height).unwrap(), theirs.certificate(height).unwrap());
    for below in 0..=height {
        assert_eq!(ours.block_hash(below).unwrap(), theirs.block_hash(below).unwrap(), "BLOCKHASH of {below}");
    }
    let state = ours.state().unwrap();
    let code = state.account(contract).unwrap().unwrap().code_hash;
    assert_eq!(state.code(code).unwrap(), FILL);
    // What lies before is said to be pruned, and never answered wrongly.
    for below in 0..height {
        let state = ours.state_at(below).map(|_| ());
        assert!(matches!(state, Err(HistoryError::Pruned(pruned)) if pruned.kept_from == height), "{state:?}");
    }
    assert!(ours.check_kept(History::State, height).is_ok());
    drop((ours, theirs, state));

    // Blocks of either one are valid on the other.
    let nonce = 1 + 6 * 3 + 3;
    add(&original.chain, call(1, nonce, TxKind::Call(contract), 0, words([5, 0]), 1_700_000));
    let block = decide(&original.chain).await;
    assert_eq!(block.body.transactions.len(), 1);
    follow(&chain, std::slice::from_ref(&block)).await;
    add(&chain, call(1, nonce + 1, TxKind::Call(contract), 0, words([9000, 3]), 1_700_000));
    let block = decide(&chain).await;
    follow(&original.chain, std::slice::from_ref(&block)).await;
    assert_eq!(rows(&chain), rows(&original.chain));
    assert!(chain.read().unwrap().state_at(height).unwrap().is_some());
    drop(chain);
    let chain = reopen(store(dir.path()));
    assert_eq!(chain.head().hash, block.hash(), "it is there after a restart");
    // And it can be exported again, to the same chunks.
    let (again, first) = (export(&chain, Some(height)), memory);
    assert_eq!(again.chunks, first.chunks);
    assert_eq!(again.manifest, first.manifest);
}

#[tokio::test]
async fn a_large_state_in_many_chunks() {
    let (memory, more) = large();
    let dir = tempfile::tempdir().unwrap();
    let chain = taken(memory, dir.path()).unwrap();
    follow(&chain, more).await;
    for bytes in memory.chunks.values() {
        assert!(bytes.len() < 1 << 20 && bytes.len() < bttc_consensus::MAX_RESPONSE_BYTES);
    }
}

#[tokio::test]
async fn an_older_height_has_the_chunks_it_had_as_the_head() {
    let original = made(4, 2).await;
    let (height, then) = (original.chain.head().height(), export(&original.chain, None));
    add(&original.chain, call(1, 11, TxKind::Call(original.contract), 0, words([64, 0]), 1_700_000));
    add(&original.chain, call(2, 1, TxKind::Create, 0, deploying(&bytes!("6002600055")), 300_000));
    decide(&original.chain).await;
    decide(&original.chain).await;
    let now = export(&original.chain, Some(height));
    assert_eq!(now.chunks, then.chunks);
    assert_eq!(now.manifest, then.manifest);
}

/// Imports that end at every chunk, gone on with until the end.
#[tokio::test]
async fn an_import_that_ends_early_is_gone_on_with() {
    let (memory, more) = large();
    let dir = tempfile::tempdir().unwrap();
    let (mut ends, mut resumed) = (0, 0);
    loop {
        let source = Memory { die_after: Some(Arc::new(AtomicUsize::new(5))), ..memory.clone() };
        let storage = store(dir.path());
        let mut most = 0;
        let result = import(&spec(), &storage, &source, None, |progress| {
            most = most.max(progress.chunks);
            assert!(progress.chunks <= progress.of);
            resumed = resumed.max(progress.resumed);
        });
        let opened = Chain::open(spec(), storage.clone(), ChainConfig::default(), PoolConfig::default(), None);
        match result {
            Ok(_) => break assert!(opened.is_ok()),
            Err(SnapshotImportError::Fatal(error)) => {
                assert!(error.to_string().contains("died"), "{error}");
                // Nobody takes half a state for a chain, or begins another one over it.
                assert!(storage.read().unwrap().head().unwrap().is_none());
                assert!(opened.unwrap_err().to_string().contains("go on with"));
                ends += 1;
            }
            Err(error) => panic!("{error}"),
        }
        assert!(ends < 100);
    }
    assert!(ends > 0 && resumed > 0, "{ends} ends, {resumed} resumed");
    follow(&reopen(store(dir.path())), more).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shelf_keeps_the_newest() {
    let (dir, shelf_dir) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let chain = open(dir.path());
    let config = SnapshotConfig { interval: 2, keep: 2, ..SnapshotConfig::default() };
    assert!(SnapshotService::new(chain.clone(), &SnapshotConfig::default(), shelf_dir.path()).is_none());
    let service = SnapshotService::new(chain.clone(), &config, shelf_dir.path()).unwrap();
    let shelf = Shelf::new(shelf_dir.path(), 2);
    assert!(shelf.heights().unwrap().is_empty());
    let stop = CancellationToken::new();
    let (driver, blocks) = Driver::new(chain.clone(), signer(), Mining::Every(Duration::from_millis(50)));
    #[expect(clippy::disallowed_methods, reason = "a test plays the node")]
    let tasks = [tokio::spawn(service.run(stop.clone())), tokio::spawn(blocks.run(stop.clone()))];
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    let newest = loop {
        let heights = shelf.heights().unwrap();
        assert!(heights.len() <= 3 && heights.iter().all(|height| height % 2 == 0), "{heights:?}");
        if let Some(newest) = heights.last().filter(|height| **height >= 8) {
            break *newest;
        }
        assert!(tokio::time::Instant::now() < deadline, "{heights:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    stop.cancel();
    for task in tasks {
        tokio::time::timeout(Duration::from_secs(20), task).await.unwrap().unwrap().unwrap();
    }
    drop(driver);
    assert!(shelf.heights().unwrap().len() <= 2);
    let _ = newest;
    let kept = shelf.at(*shelf.heights().unwrap().last().unwrap()).unwrap();
    let new = tempfile::tempdir().unwrap();
    taken(&Memory::read(&kept), new.path()).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Chunks and manifests come from strangers: any bytes end in a value or an error.
    #[test]
    fn any_bytes_are_decoded_or_refused(kind in 0u8..5, bytes in proptest::collection::vec(any::<u8>(), 0..300), packed in any::<bool>()) {
        let body = if packed { zstd_of(&bytes) } else { bytes.clone() };
        let _ = Chunk::decode(&[&[kind], body.as_slice()].concat());
        let _ = Manifest::decode(&bytes);
    }

}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// A changed chunk is refused, or is the same for all that it says.
    #[test]
    fn a_changed_chunk_is_refused(which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), by in 1u8..) {
        let (good, _) = large();
        let root = good.decoded().header.state_root;
        let state: Vec<_> = good.chunks.iter().filter(|(id, _)| matches!(id, ChunkId::State(_))).map(|(_, bytes)| bytes).collect();
        let mut bytes = state[which.index(state.len())].clone();
        let honest = Chunk::decode(&bytes).unwrap();
        let at = at.index(bytes.len());
        bytes[at] = bytes[at].wrapping_add(by);
        if let Ok(Chunk::State(chunk)) = Chunk::decode(&bytes) {
            prop_assert!(chunk.check(root).is_err() || Chunk::State(chunk) == honest);
        }
    }
}

fn zstd_of(bytes: &[u8]) -> Vec<u8> {
    // Taken from a real chunk, so that this test needs no compressor of its own.
    let codes = bttc_chain::snapshot::CodeChunk(vec![Bytes::copy_from_slice(bytes)]);
    Chunk::Code(codes).encode().unwrap().split_off(1)
}

//! Beginning from a snapshot that peers offer, before the node has a chain (docs/protocol.md, section 10).
//!
//! Peers are asked for the manifest of their newest snapshot; the highest one that the trusted validators certified is taken: those of genesis, or
//! those of the configured hash, which a network whose validators change needs. Its chunks come from all
//! peers that have it, each judged alone, so a peer that gives a wrong one is left out and the chunk asked of another. What was taken stays in the database: after
//! a restart the same snapshot is gone on with. If there is none, or it cannot be completed, the node begins from the first block.

use crate::{Config, chain_spec};
use alloy_primitives::B256;
use bttc_bft::{Request, Response};
use bttc_chain::snapshot::{ChunkId, ChunkSource, Manifest, SnapshotImportError, Trust, import};
use bttc_consensus::{Fault, MAX_RESPONSE_BYTES, PeerId, SnapshotPart, Transport, TransportEvent};
use bttc_network::{Identity, Network, NetworkHandle};
use bttc_primitives::{ChainSpec, Fatal, Height, ValidatorSet};
use bttc_storage::Storage;
use bytes::Bytes;
use eyre::WrapErr;
use parking_lot::Mutex;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

/// Time for a peer to answer.
const ANSWER: Duration = Duration::from_secs(10);
/// Once one manifest is there, others are waited for so long.
const OTHERS: Duration = Duration::from_secs(2);
/// Times that each peer is asked for one chunk.
const ROUNDS: usize = 3;
/// Before a chunk is asked for once more.
const PAUSE: Duration = Duration::from_millis(200);

/// What became of it.
pub(crate) enum Begun {
    /// The database holds the chain from the snapshot on.
    FromSnapshot(Height),
    /// It holds nothing whole: begin from the first block, in a new database if pieces are left.
    FromNothing,
}

/// Fills an empty database from the snapshots of peers.
///
/// Errors: our own trouble. What is wrong with peers only leads to [`Begun::FromNothing`].
pub(crate) async fn begin(
    config: &Config,
    network: &str,
    spec: &Arc<ChainSpec>,
    storage: &Storage,
) -> eyre::Result<Begun> {
    let genesis_hash = bttc_chain::genesis_hash(spec)?;
    let identity = Identity {
        chain_id: spec.chain_id(),
        genesis_hash,
        client: crate::launch::CLIENT_VERSION.to_owned(),
        signer: None,
    };
    let mut p2p = config.p2p.clone();
    if p2p.bootnodes.is_empty() {
        p2p.bootnodes = chain_spec::bootnodes(network);
    }
    let (handle, service) = Network::open(p2p, identity).await.wrap_err("cannot open the network")?;
    handle.set_validators(spec.genesis_validators()?);
    let stop = CancellationToken::new();
    let serving = tokio::spawn(service.run(stop.clone()));
    let trust = match config.snapshot.trusted_validators {
        Some(hash) => Trust::SetHash(hash),
        None => Trust::Set(spec.genesis_validators()?),
    };
    let begun = Search { handle, spec: spec.clone(), storage: storage.clone(), genesis_hash, trust }
        .run(config.snapshot.sync_wait)
        .await;
    stop.cancel();
    serving.await??;
    begun
}

struct Search {
    handle: NetworkHandle,
    spec: Arc<ChainSpec>,
    storage: Storage,
    genesis_hash: B256,
    trust: Trust,
}

impl Search {
    async fn run(self, wait: Duration) -> eyre::Result<Begun> {
        tracing::info!(wait = ?wait, "looking for a snapshot among peers");
        let begun = self.storage.read()?.unfinished_import()?.map(|unfinished| unfinished.name);
        let Some((manifest, bytes, peers)) = self.find(wait, begun).await? else {
            tracing::warn!("no peer offers a snapshot that our validators certified; beginning from the first block");
            return Ok(Begun::FromNothing);
        };
        let height = manifest.height();
        tracing::info!(height, peers = peers.len(), "importing a snapshot of peers");
        let source = Arc::new(PeerSource {
            handle: self.handle.clone(),
            runtime: tokio::runtime::Handle::current(),
            height,
            manifest: bytes,
            peers: Mutex::new(peers.into_iter().collect()),
            given: Mutex::default(),
        });
        // The network's other business: nothing is served before there is a chain.
        let drained = CancellationToken::new();
        let draining = tokio::spawn(drain(self.handle.clone(), drained.clone()));
        let importing = tokio::task::spawn_blocking({
            let (spec, storage) = (self.spec.clone(), self.storage.clone());
            let trust = self.trust.clone();
            move || import_from(&spec, &storage, &source, &trust)
        });
        let imported = importing.await?;
        drained.cancel();
        draining.await?;
        Ok(match imported? {
            true => Begun::FromSnapshot(height),
            false => Begun::FromNothing,
        })
    }

    /// Height and hash of the validators of a snapshot that others than those we trust have signed. That is no fault: sets change.
    fn signed_by_others(&self, manifest: &Manifest) -> Option<(Height, B256)> {
        let hash = ValidatorSet::new(manifest.validators.clone()).ok()?.hash();
        (hash != self.trust.hash()).then(|| (manifest.height(), hash))
    }

    /// The highest good manifest with the peers that have it; `begun` names the block of an import that was not finished, which comes first.
    async fn find(
        &self,
        wait: Duration,
        begun: Option<B256>,
    ) -> eyre::Result<Option<(Manifest, Vec<u8>, BTreeSet<PeerId>)>> {
        let mut end = Instant::now() + wait;
        let mut found: BTreeMap<(bool, Height, Vec<u8>), BTreeSet<PeerId>> = BTreeMap::new();
        while let Ok(Some(event)) = timeout_at(end, self.handle.next()).await {
            let TransportEvent::Connected(peer) = event else {
                serve_nothing(&self.handle, event);
                continue;
            };
            let Ok(Some(bytes)) = ask(&self.handle, &peer, SnapshotPart::Newest).await else { continue };
            let decoded = Manifest::decode(&bytes);
            if let Some((height, signed)) = decoded.as_ref().ok().and_then(|manifest| self.signed_by_others(manifest)) {
                tracing::warn!(
                    ?peer,
                    height,
                    validators = %signed,
                    "a peer offers a snapshot whose validators are not those we trust; if consensus_validators of a node you trust \
                     names this hash for this height, start again with --snapshot.trusted_validators"
                );
                continue;
            }
            let checked = decoded.and_then(|manifest| {
                manifest.check(self.spec.chain_id(), self.genesis_hash, &self.trust)?;
                Ok(manifest)
            });
            match checked {
                Err(why) => {
                    tracing::warn!(?peer, %why, "a peer offers a snapshot that does not hold");
                    self.handle.penalize(&peer, Fault::Forged);
                }
                Ok(manifest) => {
                    let begun = begun == Some(manifest.header.hash_slow());
                    found.entry((begun, manifest.height(), bytes.to_vec())).or_default().insert(peer);
                    end = end.min(Instant::now() + OTHERS);
                }
            }
        }
        let Some(((_, _, bytes), peers)) = found.pop_last() else { return Ok(None) };
        Ok(Some((Manifest::decode(&bytes)?, bytes, peers)))
    }
}

/// Imports, and again without the peers whose chunks were refused. Whether it came to its end.
fn import_from(spec: &ChainSpec, storage: &Storage, source: &PeerSource, trust: &Trust) -> Result<bool, Fatal> {
    let mut shown = 0;
    loop {
        let result = import(spec, storage, source, Some(trust.clone()), |done| {
            let percent = done.chunks.saturating_mul(100).checked_div(done.of).unwrap_or(100);
            if percent >= shown {
                tracing::info!(chunks = done.chunks, of = done.of, resumed = done.resumed, "snapshot");
                shown = percent.saturating_add(10);
            }
        });
        match result {
            Ok(_) => return Ok(true),
            Err(SnapshotImportError::Fatal(fatal)) => return Err(fatal),
            Err(SnapshotImportError::Refused { refused, .. }) => {
                let before = source.peers.lock().len();
                refused.iter().for_each(|refused| source.refuse(refused.id));
                let left = source.peers.lock().len();
                if left == 0 || left == before {
                    tracing::warn!(chunks = refused.len(), first = %refused[0], "the snapshot cannot be completed");
                    return Ok(false);
                }
            }
            Err(error) => {
                tracing::warn!(%error, "the snapshot cannot be used");
                return Ok(false);
            }
        }
    }
}

/// Chunks of one snapshot from all peers that have it.
struct PeerSource {
    handle: NetworkHandle,
    runtime: tokio::runtime::Handle,
    height: Height,
    manifest: Vec<u8>,
    /// The next to be asked stands first.
    peers: Mutex<Vec<PeerId>>,
    /// Who gave which chunk.
    given: Mutex<BTreeMap<String, PeerId>>,
}

impl PeerSource {
    /// A chunk was refused: whoever gave it is asked no more.
    fn refuse(&self, id: ChunkId) {
        if let Some(peer) = self.given.lock().remove(&id.to_string()) {
            tracing::warn!(?peer, chunk = %id, "a peer gave a chunk that does not hold");
            self.handle.penalize(&peer, Fault::Forged);
            self.peers.lock().retain(|other| *other != peer);
        }
    }

    fn next_peer(&self) -> Option<PeerId> {
        let mut peers = self.peers.lock();
        if !peers.is_empty() {
            peers.rotate_left(1);
        }
        peers.last().cloned()
    }
}

impl ChunkSource for PeerSource {
    fn manifest(&self) -> Result<Option<Vec<u8>>, Fatal> {
        Ok(Some(self.manifest.clone()))
    }

    fn chunk(&self, id: ChunkId) -> Result<Option<Vec<u8>>, Fatal> {
        let name = id.to_string();
        self.runtime.block_on(async {
            let tries = self.peers.lock().len().saturating_mul(ROUNDS);
            for _ in 0..tries {
                let Some(peer) = self.next_peer() else { break };
                match ask(&self.handle, &peer, SnapshotPart::Chunk(self.height, name.clone())).await {
                    Ok(Some(bytes)) => {
                        self.given.lock().insert(name, peer);
                        return Ok(Some(bytes.to_vec()));
                    }
                    Ok(None) | Err(()) => sleep(PAUSE).await,
                }
            }
            Ok(None)
        })
    }
}

/// A part from one peer; none if it has none, an error if it does not answer as it should.
async fn ask(handle: &NetworkHandle, peer: &PeerId, part: SnapshotPart) -> Result<Option<Bytes>, ()> {
    let answer = handle.request(peer, Request::Snapshot(part).encode(), ANSWER).await;
    let answer = answer.map_err(|error| tracing::debug!(?peer, %error, "no answer about a snapshot"))?;
    match Response::decode(&answer) {
        Ok(Response::Snapshot(bytes)) if bytes.len() <= MAX_RESPONSE_BYTES => Ok(Some(bytes)),
        Ok(Response::Nothing) => Ok(None),
        Ok(_) | Err(_) => {
            handle.penalize(peer, Fault::Invalid);
            Err(())
        }
    }
}

fn serve_nothing(handle: &NetworkHandle, event: TransportEvent) {
    if let TransportEvent::Request { id, .. } = event {
        handle.respond(id, Response::Nothing.encode());
    }
}

async fn drain(handle: NetworkHandle, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            event = handle.next() => match event {
                Some(event) => serve_nothing(&handle, event),
                None => return,
            },
        }
    }
}

//! A snapshot every so many blocks, made beside the running node.

use super::{ExportError, Exporter, Shelf};
use crate::{Chain, ChainEvent};
use alloy_primitives::B256;
use bttc_primitives::{Fatal, Height};
use serde::{Deserialize, Serialize};
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

/// Section `[snapshot]` of the configuration file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SnapshotConfig {
    /// Whether a node with an empty database begins from a snapshot of its peers; if none is to be had, from the first block. What lies before a
    /// snapshot is not there afterwards.
    pub sync: bool,
    /// How long peers are asked for one before the node begins from the first block.
    #[serde(with = "humantime_serde")]
    pub sync_wait: Duration,
    /// Hash of the validators that must have signed it, learned from somebody trusted; without it those of genesis.
    pub trusted_validators: Option<B256>,
    /// A snapshot is written at each multiple of this height; 0 writes none. Unit: blocks.
    pub interval: u64,
    /// How many of the newest snapshots are kept.
    pub keep: usize,
    /// Where they are kept; empty means `snapshots` below the data directory.
    pub path: PathBuf,
}

impl Default for SnapshotConfig {
    fn default() -> Self {
        Self {
            sync: false,
            sync_wait: Duration::from_secs(30),
            trusted_validators: None,
            interval: 0,
            keep: 2,
            path: PathBuf::new(),
        }
    }
}

/// Fills the shelf of snapshots.
#[derive(Debug)]
pub struct SnapshotService {
    chain: Chain,
    shelf: Shelf,
    interval: u64,
}

impl SnapshotService {
    /// A service that writes to `path`; none if the configuration asks for no snapshots, or the chain's blocks have no certificates.
    pub fn new(chain: Chain, config: &SnapshotConfig, path: &Path) -> Option<Self> {
        let wanted = config.interval > 0 && !chain.spec().is_ethereum();
        wanted.then(|| Self { chain, shelf: Shelf::new(path, config.keep), interval: config.interval })
    }

    /// Writes snapshots until `shutdown`, one at a time; a height that passes while one is written is left out.
    ///
    /// Errors: the store fails. A snapshot that cannot be written is logged, and the next one tried.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), Fatal> {
        let mut events = self.chain.subscribe();
        let mut last = self.shelf.heights()?.last().copied().unwrap_or_default();
        loop {
            let event = tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                event = events.recv() => event,
            };
            match event {
                Ok(ChainEvent::Committed(_)) | Err(RecvError::Lagged(_)) => {}
                // The chain went back, so that a height on the shelf may be another block.
                Ok(ChainEvent::Reset(_)) => last = 0,
                Err(RecvError::Closed) => return Ok(()),
            }
            let head = self.chain.head().height();
            let due = head.checked_rem(self.interval).map_or(0, |over| head.saturating_sub(over));
            if due > last {
                last = due;
                self.write(due, &shutdown).await?;
            }
        }
    }

    async fn write(&self, height: Height, shutdown: &CancellationToken) -> Result<(), Fatal> {
        let stopped = Arc::new(AtomicBool::new(false));
        let (shelf, stop) = (self.shelf.clone(), stopped.clone());
        let work = self.chain.blocking(move |chain| Ok::<_, Fatal>(export(&chain, &shelf, height, &stop)));
        tokio::pin!(work);
        let result = tokio::select! {
            result = &mut work => result?,
            () = shutdown.cancelled() => {
                stopped.store(true, Ordering::Relaxed);
                work.await?
            }
        };
        match result {
            Ok(()) | Err(ExportError::Stopped) => Ok(()),
            Err(ExportError::Fatal(fatal)) => Err(fatal),
            Err(error) => {
                tracing::warn!(height, %error, "no snapshot was written");
                Ok(())
            }
        }
    }
}

fn export(chain: &Chain, shelf: &Shelf, height: Height, stop: &AtomicBool) -> Result<(), ExportError> {
    let began = Instant::now();
    let exporter = Exporter::new(chain.spec(), chain.read()?, Some(height))?;
    let dir = shelf.begin(height).map_err(|error| Fatal::while_doing("emptying the place of a snapshot", error))?;
    let summary = exporter.write_to(&dir, |_| !stop.load(Ordering::Relaxed))?;
    shelf.put(height, &dir)?;
    metrics::histogram!("bttc_chain_snapshot_seconds").record(began.elapsed().as_secs_f64());
    tracing::info!(
        height,
        chunks = summary.chunks,
        accounts = summary.accounts,
        slots = summary.slots,
        bytes = summary.bytes,
        "snapshot written"
    );
    Ok(())
}

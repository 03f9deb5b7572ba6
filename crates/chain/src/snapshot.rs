//! Snapshots: the state at one height, fixed by a certificate, from which a node starts without running the blocks before it.
//!
//! A snapshot is a [`Manifest`] (header, certificate, validators, the headers before it) and chunks: [`StateChunk`]s, which together are the whole
//! state in the order of its keys, each with proof against the state root of the header; code, by its hash; and the block itself with its
//! receipts. Chunks are cut by the same rule on every node, so those of one height are the same everywhere.
//!
//! [`Exporter`] writes one into a directory, [`Shelf`] keeps the last few for peers, [`SnapshotService`] fills the shelf, and [`import`] takes one in from a
//! [`ChunkSource`]: every chunk is judged before a row of it is written, and the head appears when the whole state has the certified root.
//!
//! Source: docs/protocol.md, section 10.

mod chunk;
mod export;
mod files;
mod import;
mod invalid;
mod manifest;
mod plan;
mod service;

pub use bttc_storage::ANCESTORS;
pub use chunk::{BlockChunk, Chunk, CodeChunk, MAX_CHUNK_BYTES, Position, Span, StateChunk};
pub use export::{ExportError, Exporter, Summary};
pub use files::{Shelf, SnapshotDir};
pub use import::{ChunkSource, ImportProgress, RefusedChunk, SnapshotImportError, import};
pub use invalid::{InvalidChunk, InvalidSnapshot};
pub use manifest::{ChunkId, MAX_MANIFEST_BYTES, Manifest, Trust};
pub use service::{SnapshotConfig, SnapshotService};

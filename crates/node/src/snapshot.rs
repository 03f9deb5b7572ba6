//! Writing a snapshot of a node's state, and starting a node from one (`bttc db snapshot`).

use crate::{
    Config,
    launch::{datadir, open_storage, open_storage_read_only, spec},
};
use alloy_primitives::B256;
use bttc_chain::snapshot::{Exporter, ImportProgress, SnapshotDir, Summary, Trust, import};
use bttc_primitives::{Head, Height};
use eyre::{WrapErr, bail};
use std::path::Path;

/// Writes the state of a node at `height` (of its head, if none is given) into the directory `out`, also while the node runs.
///
/// `progress` is told after each chunk. Errors: the directory is not empty, or there is no snapshot of that height to be had.
pub fn export_snapshot(
    config: Config,
    out: &Path,
    height: Option<Height>,
    mut progress: impl FnMut(&Summary),
) -> eyre::Result<Summary> {
    let storage = open_storage_read_only(config.clone())?;
    let (_, spec) = spec(&config, &storage)?;
    if let Some(identity) = storage.identity()?
        && identity.chain_id != spec.chain_id()
    {
        bail!(
            "the database holds chain {}, not {}; leave out --chain, or check the --datadir",
            identity.chain_id,
            spec.chain_id()
        );
    }
    let exporter = Exporter::new(&spec, storage.read()?, height)?;
    let summary = exporter.write_to(&SnapshotDir::new(out), |done| {
        progress(done);
        true
    })?;
    Ok(summary)
}

/// Fills the empty data directory of `config` from the snapshot in `from`, or goes on with that; answers with the head.
///
/// `trusted_validators` is the hash of the set that signed, learned elsewhere; without it the set of genesis must have. `progress` is told now and then.
/// Errors: what is wrong with the snapshot, and which chunks are; the others are kept.
pub fn import_snapshot(
    mut config: Config,
    from: &Path,
    trusted_validators: Option<B256>,
    progress: impl FnMut(&ImportProgress),
) -> eyre::Result<Head> {
    if config.network.is_none() {
        bail!("say which chain the snapshot is of with --chain: its genesis is what the snapshot is checked against");
    }
    let datadir = datadir(&config)?;
    let storage = open_storage(&mut config, &datadir)?;
    let (_, spec) = spec(&config, &storage)?;
    import(&spec, &storage, &SnapshotDir::new(from), trusted_validators.map(Trust::SetHash), progress)
        .wrap_err_with(|| format!("cannot import the snapshot in {}", from.display()))
}

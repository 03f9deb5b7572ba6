//! `bttc db backup` and `bttc db compact`

use super::progress::Progress;
use bttc_storage::{Storage, StorageConfig, compact as compact_storage};
use std::{io::Write, path::Path};

pub(super) fn backup(
    storage: &Storage,
    config: &StorageConfig,
    target: &Path,
    out: &mut impl Write,
) -> eyre::Result<()> {
    let progress = Progress::new("copying");
    let copied = storage.backup(config, target, &mut |done, total| progress.show(done, total));
    progress.clear();
    let copied = copied?;
    writeln!(out, "{} rows copied to {}, {} MiB", copied.rows, target.display(), mib(copied.after))?;
    writeln!(out, "Check it with: bttc db verify --datadir {}", target.display())?;
    Ok(())
}

pub(super) fn compact(config: &StorageConfig, out: &mut impl Write) -> eyre::Result<()> {
    let progress = Progress::new("copying");
    let copied = compact_storage(config, &mut |done, total| progress.show(done, total));
    progress.clear();
    let copied = copied?;
    writeln!(out, "{} rows; {} MiB before, {} MiB now", copied.rows, mib(copied.before), mib(copied.after))?;
    Ok(())
}

const fn mib(bytes: u64) -> u64 {
    bytes.div_ceil(1 << 20)
}

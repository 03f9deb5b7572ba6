//! Files of a local network.

use eyre::WrapErr;
use std::{fs, io::Write, os::unix::fs::OpenOptionsExt, path::Path};

/// Writes a file in the place of another, so that readers see the old or the new one whole. Only its owner may read it.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> eyre::Result<()> {
    let beside = path.with_extension("new");
    let write = || {
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    write().wrap_err_with(|| format!("cannot write {}", path.display()))
}

/// A TCP port of the loopback that nobody listens on now.
pub(crate) fn free_port() -> eyre::Result<u16> {
    let listener = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).wrap_err("no free TCP port")?;
    Ok(listener.local_addr().wrap_err("no free TCP port")?.port())
}

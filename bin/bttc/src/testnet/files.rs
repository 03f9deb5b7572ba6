//! Files of a local network.

use eyre::{WrapErr, ensure};
use rand::Rng;
use std::{
    collections::BTreeSet,
    fs,
    io::Write,
    net::{Ipv4Addr, TcpListener},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

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

/// Ports that systems give to nobody by themselves, so that none is taken by a connection before its node starts.
const PORTS: std::ops::Range<u16> = 10_000..32_000;
const TRIES: usize = 10_000;

/// So many TCP ports of the loopback on which nobody listens now, all different and none of `taken`.
pub(crate) fn free_ports(count: usize, taken: &BTreeSet<u16>) -> eyre::Result<Vec<u16>> {
    let mut ports = BTreeSet::new();
    for _ in 0..TRIES {
        if ports.len() == count {
            break;
        }
        let port = rand::thread_rng().gen_range(PORTS);
        if !taken.contains(&port) && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            ports.insert(port);
        }
    }
    ensure!(ports.len() == count, "{count} free TCP ports from {} to {} were not found", PORTS.start, PORTS.end);
    Ok(ports.into_iter().collect())
}

//! What a person sees when a development node has started.

use alloy_primitives::hex;
use bttc_node::{DEV_MNEMONIC, NodeInfo};
use bttc_primitives::format_btt;
use std::io::{self, Write};

/// Accounts, keys and addresses of a development node.
///
/// The keys are printed because they are public: everybody has them.
pub(crate) fn dev(info: &NodeInfo, balance: alloy_primitives::U256, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "bttc {} development chain", env!("CARGO_PKG_VERSION"))?;
    writeln!(out, "\nAccounts ({} each at genesis)", format_btt(balance))?;
    for (index, key) in info.dev_accounts.iter().enumerate() {
        writeln!(out, "  ({index}) {}", key.address())?;
    }
    writeln!(out, "\nPrivate keys (public knowledge: never send value to them on another chain)")?;
    for (index, key) in info.dev_accounts.iter().enumerate() {
        writeln!(out, "  ({index}) {}", hex::encode_prefixed(key.to_bytes()))?;
    }
    writeln!(out, "\nMnemonic    {DEV_MNEMONIC}")?;
    writeln!(out, "Path        m/44'/60'/0'/0/")?;
    writeln!(out, "\nChain id    {}", info.chain_id)?;
    writeln!(out, "Height      {}", info.height)?;
    if let Some(http) = info.http {
        writeln!(out, "HTTP        http://{http}")?;
        writeln!(out, "WebSocket   ws://{http}")?;
    }
    if let Some(ipc) = &info.ipc {
        writeln!(out, "IPC         {}", ipc.display())?;
    }
    if let Some(metrics) = info.metrics {
        writeln!(out, "Metrics     http://{metrics}/metrics")?;
    }
    writeln!(out, "Data        {}", info.datadir.display())?;
    writeln!(out)?;
    out.flush()
}

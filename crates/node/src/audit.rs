//! Adding up all BTT of a node (`bttc db audit-supply`).

use crate::{
    Config,
    launch::{open_storage_read_only, spec},
};
use bttc_chain::SupplyAudit;
use eyre::bail;

/// Adds up the balances of the newest state and asks what was burned, also while the node runs.
///
/// `progress` is told now and then how many accounts were read. Errors: there is no database, it is of another chain, or the chain has no system contracts.
pub fn audit_supply(config: Config, mut progress: impl FnMut(u64)) -> eyre::Result<SupplyAudit> {
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
    Ok(bttc_chain::audit_supply(&spec, &storage.read()?, None, |accounts| {
        progress(accounts);
        true
    })?)
}

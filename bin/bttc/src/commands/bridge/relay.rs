//! `bttc bridge relay`

use crate::{cli::Place, commands::node};
use bttc_node::Override;
use eyre::WrapErr;
use tokio_util::sync::CancellationToken;

/// Runs until it is told to stop by a signal.
pub(super) fn run(place: &Place, flags: &[Override]) -> eyre::Result<()> {
    let config = node::place(place, flags)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("bttc-relay")
        .build()
        .wrap_err("cannot start the threads of the relayer")?;
    runtime.block_on(async {
        let shutdown = CancellationToken::new();
        bttc_node::shutdown_on_signals(shutdown.clone())?;
        bttc_node::relay(config, shutdown).await
    })
}

//! `bttc signer`

use crate::{cli::SignerArgs, commands::validator};
use bttc_node::{GuardedSigner, KeySigner, LogConfig, SIGN_STATE_FILE, SignerServer};
use eyre::WrapErr;
use std::{io::Write, sync::Arc};
use tokio_util::sync::CancellationToken;

pub(crate) fn run(args: &SignerArgs, out: &mut impl Write) -> eyre::Result<()> {
    bttc_node::init_logging(&LogConfig::default())?;
    let chain_id = validator::chain_id(&args.chain)?;
    let key = bttc_node::open_key_file(&args.key, &args.password_file)?;
    let state = args.state.clone().unwrap_or_else(|| args.key.with_file_name(SIGN_STATE_FILE));
    let signer = GuardedSigner::open(Arc::new(KeySigner::new(key)), &state, chain_id)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .thread_name("bttc-signer")
        .build()
        .wrap_err("cannot start the threads of the signer")?;
    runtime.block_on(serve(args, chain_id, signer, out))
}

async fn serve(args: &SignerArgs, chain_id: u64, signer: GuardedSigner, out: &mut impl Write) -> eyre::Result<()> {
    let shutdown = CancellationToken::new();
    bttc_node::shutdown_on_signals(shutdown.clone())?;
    let shown = args.socket.display();
    let server = SignerServer::bind(&args.socket, chain_id, Arc::new(signer)).await.wrap_err_with(|| {
        format!("cannot listen on {shown}; choose a short path in a directory that is yours with --socket PATH")
    })?;
    writeln!(out, "{} signs for chain {chain_id} on {shown}", server.address())?;
    out.flush()?;
    Ok(server.run(shutdown).await?)
}

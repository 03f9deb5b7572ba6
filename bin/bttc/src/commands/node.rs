//! `bttc node`

use crate::{
    banner,
    cli::{NodeArgs, Place},
};
use bttc_node::{Config, Node, NodeInfo, Override};
use bttc_storage::Durability;
use eyre::WrapErr;
use std::{io::Write, time::Duration};
use tokio_util::sync::CancellationToken;

/// Work that still holds a thread after the node has stopped is left behind after this.
const LEFTOVERS: Duration = Duration::from_millis(500);

/// The configuration that the arguments ask for.
pub(crate) fn configuration(args: &NodeArgs, flags: &[Override]) -> eyre::Result<Config> {
    let mut flags = flags.to_vec();
    flags.extend(args.prune.clone().map(|value| Override { key: "storage.prune".to_owned(), value }));
    let mut config = place(&args.place, &flags)?;
    if args.dev {
        config.network = Some("dev".to_owned());
    }
    config.block_time = args.block_time.or(config.block_time);
    config.bridge.relay |= args.relay;
    Ok(config)
}

/// File and dotted flags, then which chain and where.
pub(crate) fn place(place: &Place, flags: &[Override]) -> eyre::Result<Config> {
    let mut config = Config::load(place.config.as_deref(), flags)?;
    config.network = place.chain.clone().or(config.network);
    config.datadir = place.datadir.clone().or(config.datadir);
    Ok(config)
}

pub(crate) fn run(args: NodeArgs, flags: &[Override], out: &mut impl Write) -> eyre::Result<()> {
    let mut config = configuration(&args, flags)?;
    // Removed when it is dropped, after the node has closed its store.
    let temporary = match config.datadir {
        None if args.dev => Some(
            tempfile::Builder::new()
                .prefix("bttc-dev-")
                .tempdir()
                .wrap_err("cannot make a temporary data directory; give one with --datadir DIR")?,
        ),
        _ => None,
    };
    if let Some(dir) = &temporary {
        config.datadir = Some(dir.path().to_owned());
        config.storage.durability = Durability::Ephemeral;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("bttc")
        .build()
        .wrap_err("cannot start the threads of the node")?;
    let result = runtime.block_on(serve(config, out));
    runtime.shutdown_timeout(LEFTOVERS);
    result
}

async fn serve(config: Config, out: &mut impl Write) -> eyre::Result<()> {
    let shutdown = CancellationToken::new();
    bttc_node::shutdown_on_signals(shutdown.clone())?;
    let node = Node::open(config).await?;
    if !node.info().dev_accounts.is_empty() {
        show(node.info(), out)?;
    }
    node.run(shutdown).await
}

fn show(info: &NodeInfo, out: &mut impl Write) -> eyre::Result<()> {
    let (spec, _) = bttc_node::load_spec("dev")?;
    let first = info.dev_accounts.first().and_then(|key| spec.genesis_alloc().get(&key.address()));
    match banner::dev(info, first.map(|account| account.balance).unwrap_or_default(), out) {
        // A closed standard output is no reason not to run.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        result => Ok(result?),
    }
}

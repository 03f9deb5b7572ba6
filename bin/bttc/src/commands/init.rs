//! `bttc init --genesis FILE --datadir DIR`

use crate::cli::InitArgs;
use bttc_node::{Config, Override};
use std::io::Write;

pub(crate) fn run(args: InitArgs, flags: &[Override], out: &mut impl Write) -> eyre::Result<()> {
    let mut config = Config::load(None, flags)?;
    config.network = Some(args.genesis);
    config.datadir = Some(args.datadir);
    let info = bttc_node::init_datadir(config)?;
    writeln!(out, "{} holds chain {} at height {}", info.datadir.display(), info.chain_id, info.height)?;
    writeln!(out, "Run it with: bttc node --datadir {}", info.datadir.display())?;
    Ok(())
}

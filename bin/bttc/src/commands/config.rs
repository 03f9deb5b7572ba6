//! `bttc config show|check`

use crate::{
    cli::{ConfigAction, ConfigArgs},
    commands::node,
};
use bttc_node::Override;
use std::io::Write;

pub(crate) fn run(args: ConfigArgs, flags: &[Override], out: &mut impl Write) -> eyre::Result<()> {
    match args.action {
        ConfigAction::Show(args) => write!(out, "{}", node::configuration(&args, flags)?.to_toml())?,
        ConfigAction::Check(args) => {
            let config = node::configuration(&args, flags)?;
            if let Some(network) = &config.network {
                let (spec, _) = bttc_node::load_spec(network)?;
                writeln!(out, "chain {network} has chain id {}", spec.chain_id())?;
            }
            writeln!(out, "the configuration can be used")?;
        }
    }
    Ok(())
}

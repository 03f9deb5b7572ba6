//! `bttc db stats|get`

use crate::cli::DbArgs;
use bttc_node::Override;
use std::io::Write;

pub(crate) fn run(_args: DbArgs, _flags: &[Override], _out: &mut impl Write) -> eyre::Result<()> {
    eyre::bail!("not there yet")
}

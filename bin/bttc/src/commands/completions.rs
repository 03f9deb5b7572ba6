//! `bttc completions SHELL`

use crate::cli::{Cli, CompletionsArgs};
use clap::CommandFactory;
use std::io::Write;

pub(crate) fn run(args: &CompletionsArgs, out: &mut impl Write) -> eyre::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "bttc", &mut script);
    Ok(out.write_all(&script)?)
}

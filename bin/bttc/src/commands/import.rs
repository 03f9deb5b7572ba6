//! `bttc import FILE --datadir DIR`

use crate::{cli::ImportArgs, commands::node};
use bttc_node::Override;
use std::{
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

pub(crate) fn run(args: &ImportArgs, flags: &[Override], out: &mut impl Write) -> eyre::Result<()> {
    let config = node::place(&args.place, flags)?;
    let live = io::stderr().is_terminal();
    let every = if live { Duration::from_millis(200) } else { Duration::from_secs(10) };
    let (started, mut told) = (Instant::now(), Instant::now());
    let done = bttc_node::import_file(config, &args.file, |progress| {
        if told.elapsed() >= every {
            told = Instant::now();
            let rate = progress.added as f64 / started.elapsed().as_secs_f64();
            let line = format!("height {}, {} blocks imported, {rate:.0} blocks/s", progress.height, progress.added);
            // A closed standard error is no reason to stop.
            let _closed = if live { write!(io::stderr(), "\r{line}\x1b[K") } else { writeln!(io::stderr(), "{line}") };
        }
    });
    if live {
        let _closed = write!(io::stderr(), "\r\x1b[K");
    }
    let done = done?;
    writeln!(
        out,
        "{} blocks imported, {} were there already; the chain is at height {}",
        done.added, done.known, done.height
    )?;
    Ok(())
}

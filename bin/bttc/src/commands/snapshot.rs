//! `bttc db snapshot export|import`

use crate::{
    cli::{SnapshotAction, SnapshotArgs},
    commands::node,
};
use bttc_node::Override;
use std::{
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

pub(crate) fn run(args: SnapshotArgs, flags: &[Override], out: &mut impl Write) -> eyre::Result<()> {
    let (began, mut told) = (Instant::now(), Told::new());
    match args.action {
        SnapshotAction::Export { out: dir, height, place } => {
            let config = node::place(&place, flags)?;
            let done = bttc_node::export_snapshot(config, &dir, height, |done| {
                told.say(|| {
                    format!("{} chunks, {} accounts, {} slots written", done.chunks, done.accounts, done.slots)
                });
            });
            told.clear();
            let done = done?;
            let seconds = began.elapsed().as_secs_f64();
            writeln!(
                out,
                "the state at height {} is in {}: {} accounts, {} slots, {} codes in {} chunks, {} bytes, {seconds:.1} s",
                done.height,
                dir.display(),
                done.accounts,
                done.slots,
                done.codes,
                done.chunks,
                done.bytes
            )?;
        }
        SnapshotAction::Import { from, trusted_validators, place } => {
            let config = node::place(&place, flags)?;
            let mut resumed = 0;
            let head = bttc_node::import_snapshot(config, &from, trusted_validators, |done| {
                resumed = done.resumed;
                told.say(|| match done.built {
                    0 => format!("{} of {} chunks are there", done.chunks, done.of),
                    built => format!("tries are built of {built} accounts and slots"),
                });
            });
            told.clear();
            let head = head?;
            let seconds = began.elapsed().as_secs_f64();
            writeln!(
                out,
                "the chain is at height {} with state root {}, {resumed} chunks were there already, {seconds:.1} s",
                head.height(),
                head.header.state_root
            )?;
        }
    }
    Ok(())
}

/// Says now and then how far the work has come.
struct Told {
    live: bool,
    last: Instant,
}

impl Told {
    fn new() -> Self {
        Self { live: io::stderr().is_terminal(), last: Instant::now() }
    }

    fn say(&mut self, line: impl FnOnce() -> String) {
        let every = if self.live { Duration::from_millis(200) } else { Duration::from_secs(10) };
        if self.last.elapsed() < every {
            return;
        }
        self.last = Instant::now();
        let line = line();
        // A closed standard error is no reason to stop.
        let _closed = if self.live { write!(io::stderr(), "\r{line}\x1b[K") } else { writeln!(io::stderr(), "{line}") };
    }

    fn clear(&self) {
        if self.live {
            let _closed = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

//! How far a long command is, on standard error: a line that is written over on a terminal, a line now and then elsewhere.

use std::{
    io::{self, IsTerminal, Write},
    sync::Mutex,
    time::{Duration, Instant},
};

/// Shown from any thread.
pub(super) struct Progress {
    what: &'static str,
    live: bool,
    told: Mutex<Instant>,
}

impl Progress {
    pub(super) fn new(what: &'static str) -> Self {
        Self { what, live: io::stderr().is_terminal(), told: Mutex::new(Instant::now()) }
    }

    /// `done` of `total` rows.
    pub(super) fn show(&self, done: u64, total: u64) {
        let percent = done.saturating_mul(100).checked_div(total).unwrap_or(100);
        self.tell(|| format!("{done} of {total} rows ({percent} %)"));
    }

    /// `done` of nobody knows how many.
    pub(super) fn count(&self, done: u64, what: &str) {
        self.tell(|| format!("{done} {what}"));
    }

    fn tell(&self, text: impl FnOnce() -> String) {
        let every = if self.live { Duration::from_millis(200) } else { Duration::from_secs(10) };
        // Whoever comes while another one writes has nothing newer to tell.
        let Ok(mut told) = self.told.try_lock() else { return };
        if told.elapsed() < every {
            return;
        }
        *told = Instant::now();
        let line = format!("{}: {}", self.what, text());
        // A closed standard error is no reason to stop.
        let _closed = if self.live { write!(io::stderr(), "\r{line}\x1b[K") } else { writeln!(io::stderr(), "{line}") };
    }

    /// Takes the line away, so that something else can be written.
    pub(super) fn clear(&self) {
        if self.live {
            let _closed = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

//! Processes of a local network: started so that they outlive the command, ended by number.

use super::layout::ProcessId;
use eyre::{WrapErr, bail, eyre};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use std::{
    fs,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// How often a process is looked at while it is waited for.
const LOOK: Duration = Duration::from_millis(20);

/// This program.
pub(crate) fn program() -> eyre::Result<PathBuf> {
    std::env::current_exe().wrap_err("cannot find this program")
}

/// Starts a program, its output added to a log.
pub(crate) fn start(program: &Path, arguments: &[String], log: &Path) -> eyre::Result<ProcessId> {
    let file = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(log)
        .wrap_err_with(|| format!("cannot write {}", log.display()))?;
    let errors = file.try_clone().wrap_err("cannot share the log")?;
    // In a group of its own: an interrupt at the terminal is for the command alone.
    let child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(file)
        .stderr(errors)
        .process_group(0)
        .spawn()
        .wrap_err_with(|| format!("cannot start {}", program.display()))?;
    let pid = child.id();
    Ok(ProcessId { pid, started: stat(pid).map_or(0, |stat| stat.started) })
}

/// What the system says of a process.
struct Stat {
    started: u64,
    zombie: bool,
}

/// Fields of `/proc/PID/stat`; they begin behind the name, which may hold anything.
fn stat(pid: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = text.rsplit_once(')')?.1.split_whitespace();
    let zombie = fields.next()? == "Z";
    Some(Stat { started: fields.nth(18)?.parse().ok()?, zombie })
}

impl ProcessId {
    /// Whether it still runs, frozen or not.
    pub(crate) fn is_running(&self) -> bool {
        match stat(self.pid) {
            Some(stat) => !stat.zombie && (self.started == 0 || stat.started == self.started),
            None => self.started == 0 && self.raw().is_ok_and(|pid| test_kill_process(pid).is_ok()),
        }
    }

    fn raw(&self) -> eyre::Result<Pid> {
        i32::try_from(self.pid).ok().and_then(Pid::from_raw).ok_or_else(|| eyre!("{} is no process number", self.pid))
    }

    /// Sends a signal. Errors: it does not run.
    pub(crate) fn signal(&self, signal: Signal) -> eyre::Result<()> {
        if !self.is_running() {
            bail!("process {} does not run", self.pid);
        }
        kill_process(self.raw()?, signal).wrap_err_with(|| format!("cannot signal process {}", self.pid))
    }

    /// Waits until it has ended. Errors: it has not in that time.
    pub(crate) fn wait(&self, limit: Duration) -> eyre::Result<()> {
        let end = Instant::now() + limit;
        while self.is_running() {
            if Instant::now() > end {
                bail!("process {} has not ended within {limit:?}", self.pid);
            }
            std::thread::sleep(LOOK);
        }
        Ok(())
    }

    /// Asks it to stop, and ends it if it does not within `limit`. Nothing happens if it does not run.
    pub(crate) fn end(&self, limit: Duration) -> eyre::Result<()> {
        if !self.is_running() {
            return Ok(());
        }
        self.signal(Signal::TERM)?;
        // A frozen process hears nothing.
        let _gone = self.signal(Signal::CONT);
        if self.wait(limit).is_err() {
            self.kill()?;
        }
        Ok(())
    }

    /// Ends it at once.
    pub(crate) fn kill(&self) -> eyre::Result<()> {
        if self.is_running() {
            self.signal(Signal::KILL)?;
            self.wait(Duration::from_secs(10))?;
        }
        Ok(())
    }
}

/// The last lines of a log.
pub(crate) fn tail(log: &Path, lines: usize) -> String {
    let text = fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let all: Vec<_> = text.lines().collect();
    all.get(all.len().saturating_sub(lines)..).unwrap_or_default().join("\n")
}

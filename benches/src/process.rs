//! What the operating system says of a process.

use eyre::{OptionExt, Result};

/// CPU time used so far, of all threads. Unit: microseconds.
///
/// Reads `/proc`; the kernel counts in ticks of 10 ms, so measure long enough.
pub fn cpu_micros(pid: u32) -> Result<u64> {
    const MICROS_PER_TICK: u64 = 10_000;
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name in parentheses may hold blanks; numbers begin behind it.
    let (_, numbers) = stat.rsplit_once(')').ok_or_eyre("no name in /proc/PID/stat")?;
    let numbers: Vec<&str> = numbers.split_whitespace().collect();
    let ticks =
        |at: usize| -> Result<u64> { Ok(numbers.get(at).ok_or_eyre("a field is missing in /proc/PID/stat")?.parse()?) };
    Ok(ticks(11)?.saturating_add(ticks(12)?).saturating_mul(MICROS_PER_TICK))
}

/// Most memory the process has held. Unit: KiB.
pub fn peak_memory_kib(pid: u32) -> Result<u64> {
    status_kib(pid, "VmHWM:")
}

/// Memory the process holds now. Unit: KiB.
pub fn resident_kib(pid: u32) -> Result<u64> {
    status_kib(pid, "VmRSS:")
}

fn status_kib(pid: u32, name: &'static str) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).ok_or_eyre(name)?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}

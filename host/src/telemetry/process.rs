//! What this process takes from the system, as Linux tells it.

use std::fs;

/// Memory, files and threads now.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) memory_bytes: u64,
    pub(super) files: u64,
    pub(super) threads: u64,
}

/// `None` where the system does not tell.
pub(super) fn read() -> Option<Process> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let number = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    // The listing itself holds one of them open.
    let files = fs::read_dir("/proc/self/fd").ok()?.count().saturating_sub(1);
    let files = u64::try_from(files).ok()?;
    Some(Process { memory_bytes: number("VmRSS:")? << 10, files, threads: number("Threads:")? })
}

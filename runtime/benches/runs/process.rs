//! What the kernel says about this process.

use std::fs;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::Result;

const KIB: u64 = 1_024;
/// Linux counts processor time for processes in hundredths of a second, whatever the machine.
const TICKS_PER_S: f64 = 100.0;

/// Each live sandbox holds a few descriptors.
pub(crate) fn raise_descriptor_limit() -> Result<()> {
    let maximum = getrlimit(Resource::Nofile).maximum;
    Ok(setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?)
}

/// What this process has used so far.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spent {
    pub(crate) page_faults: f64,
    pub(crate) user_us: f64,
    pub(crate) system_us: f64,
}

impl Spent {
    pub(crate) fn now() -> Result<Self> {
        let stat = fs::read_to_string("/proc/self/stat")?;
        let after_name = stat.rsplit_once(") ").ok_or("/proc/self/stat has no name")?.1;
        let field = |number: usize| -> Result<f64> {
            let text = after_name.split(' ').nth(number - 3).ok_or("/proc/self/stat is short")?;
            Ok(text.parse()?)
        };
        let ticks_us = 1e6 / TICKS_PER_S;
        Ok(Self { page_faults: field(10)?, user_us: field(14)? * ticks_us, system_us: field(15)? * ticks_us })
    }

    /// What was used since `before`, for each of `runs`.
    pub(crate) fn per_run(self, before: Self, runs: usize) -> String {
        let each = |now: f64, then: f64| (now - then) / runs as f64;
        format!(
            "{:.1} page faults, {:.0} µs user, {:.0} µs system",
            each(self.page_faults, before.page_faults),
            each(self.user_us, before.user_us),
            each(self.system_us, before.system_us)
        )
    }
}

/// What this process holds now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Held {
    /// Pages that nobody else and no other mapping has.
    pub(crate) private_bytes: u64,
    /// What it has a share in, by that share: a page that is mapped many times counts once.
    pub(crate) proportional_bytes: u64,
    pub(crate) page_table_bytes: u64,
    pub(crate) mappings: u64,
    pub(crate) descriptors: u64,
}

impl Held {
    pub(crate) fn now() -> Result<Self> {
        let rollup = fs::read_to_string("/proc/self/smaps_rollup")?;
        let status = fs::read_to_string("/proc/self/status")?;
        Ok(Self {
            private_bytes: kib(&rollup, "Private_Clean:")? + kib(&rollup, "Private_Dirty:")?,
            proportional_bytes: kib(&rollup, "Pss:")?,
            page_table_bytes: kib(&status, "VmPTE:")?,
            mappings: fs::read_to_string("/proc/self/maps")?.lines().count() as u64,
            descriptors: fs::read_dir("/proc/self/fd")?.count() as u64,
        })
    }
}

/// Bytes that this process's sealed images take, whether they are mapped or not.
pub(crate) fn image_bytes() -> Result<u64> {
    use std::os::unix::fs::MetadataExt as _;
    let mut sum = 0;
    for entry in fs::read_dir("/proc/self/fd")? {
        let path = entry?.path();
        // The descriptor that lists the directory is gone by now.
        let Ok(target) = fs::read_link(&path) else { continue };
        if target.to_string_lossy().starts_with("/memfd:") {
            sum += fs::metadata(&path)?.blocks() * 512;
        }
    }
    Ok(sum)
}

fn kib(text: &str, name: &str) -> Result<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let number = line
        .and_then(|line| line.trim().strip_suffix(" kB"))
        .ok_or("a counter of the kernel's is missing")?;
    Ok(number.parse::<u64>()? * KIB)
}

//! At most: what a run, a bundle and an environment may have where nobody says otherwise.

use std::time::Duration;

use actiond_runtime::{Limits, NetLimits};

use crate::{bundle, environment};

/// Fuel of one run: ten seconds of CPU where it is fast, thirty where it is slow.
pub(crate) const FUEL: u64 = 100_000_000_000;
/// Wall time of one run, in seconds.
pub(crate) const WALL_S: u64 = 30;
/// Linear memory of one run, in MiB; the interpreter takes about 20 of them.
pub(crate) const MEMORY_MIB: u64 = 256;
/// The same with NumPy and pandas, which take about 55 of them: copies of frames come on top of the frames.
pub(crate) const DATA_MEMORY_MIB: u64 = 512;

/// A bundle: thousands of files are a virtual environment that was packed by mistake; no text that an action needs unpacks
/// to 200 times its size.
pub(crate) const BUNDLE_LIMITS: bundle::Limits = bundle::Limits {
    zip_bytes: 256 << 20,
    entries: 10_000,
    bytes: 256 << 20,
    ratio: 200,
    ratio_from_bytes: 1 << 20,
    depth: 32,
};

/// An action's environment.
pub(crate) const ENVIRONMENT_LIMITS: environment::Limits =
    environment::Limits { variables: 256, key_bytes: 255, value_bytes: 32 << 10 };

/// A run's limits: three that the user may choose, the others as they always are.
pub(crate) fn limits(fuel: u64, wall: Duration, memory_bytes: usize) -> Limits {
    Limits {
        fuel,
        wall,
        memory_bytes,
        input_bytes: 64 << 20,
        result_bytes: 16 << 20,
        log_lines: 10_000,
        log_bytes: 1 << 20,
        scratch_bytes: 64 << 20,
        scratch_entries: 4_096,
        open_files: 64,
        net: NetLimits {
            connections: 1_000,
            open: 256,
            sent_bytes: 256 << 20,
            received_bytes: 256 << 20,
            connect: Duration::from_secs(30),
        },
    }
}

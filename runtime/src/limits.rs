//! At most: every bound that a run has. There is no default here, the caller says every number.

use std::time::Duration;

use wasmtime::ResourceLimiter;

/// The bounds of one run. Importing an action and running it have the same kinds of bounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// CPU: WebAssembly instructions, roughly. Deterministic: same image and input, same fuel, but for the few
    /// instructions by which handling one time of day or random number differs from handling another.
    pub fuel: u64,
    /// Wall time, waiting included.
    pub wall: Duration,
    /// Linear memory in bytes, the interpreter's own (about 20 MiB) included. Past it the script sees `MemoryError`.
    pub memory_bytes: usize,
    /// The payload handed to `main`, in bytes of JSON.
    pub input_bytes: usize,
    /// The result, in bytes of JSON.
    pub result_bytes: usize,
    /// Log lines kept; later ones are counted and dropped.
    pub log_lines: usize,
    /// Bytes of log text kept; what comes after is counted and dropped.
    pub log_bytes: usize,
    /// Bytes written below `/tmp` in one run, rewritten ones counted again.
    pub scratch_bytes: u64,
    /// Files, directories and links made below `/tmp` in one run, removed ones included.
    pub scratch_entries: u32,
    /// Files and directories open at one time.
    pub open_files: u32,
    /// What it may do on the network.
    pub net: NetLimits,
}

/// The bounds of what a run does on the network, where [`crate::Grants`] let it. Past those that count the script sees an
/// `OSError` that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetLimits {
    /// Connections made or accepted in one run.
    pub connections: u32,
    /// Sockets open at one time, those that lead to no other machine included.
    pub open: u32,
    /// Bytes sent.
    pub sent_bytes: u64,
    /// Bytes received.
    pub received_bytes: u64,
    /// How long connecting may take.
    pub connect: Duration,
}

impl NetLimits {
    /// No network, whatever is granted.
    pub const NONE: Self =
        Self { connections: 0, open: 0, sent_bytes: 0, received_bytes: 0, connect: Duration::ZERO };
}

/// Keeps one store's memory and tables below their limits and remembers what was asked for.
#[derive(Debug)]
pub(crate) struct Meter {
    memory_bytes_max: usize,
    /// The size of the linear memory, in bytes; it never shrinks, so this is the peak too.
    pub(crate) memory_bytes: usize,
    /// Whether growth was refused at least once.
    pub(crate) refused: bool,
}

/// CPython's function table is fixed when it is linked; nothing in the guest grows it.
const TABLE_ELEMENTS_MAX: usize = 100_000;

impl Meter {
    pub(crate) fn new(memory_bytes_max: usize, memory_bytes: usize) -> Self {
        Self { memory_bytes_max, memory_bytes, refused: false }
    }

    /// Grants no more memory from now on.
    pub(crate) fn close(&mut self) {
        self.memory_bytes_max = self.memory_bytes;
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let granted = desired <= self.memory_bytes_max;
        if granted {
            self.memory_bytes = self.memory_bytes.max(desired);
        } else {
            self.refused = true;
        }
        Ok(granted)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= TABLE_ELEMENTS_MAX)
    }
}

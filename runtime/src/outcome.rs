//! How a run ended, what it said and what it used: plain data, whatever the script did.

use std::time::Duration;

use serde_json::value::RawValue;

use crate::net::Connection;

/// Everything there is to know about a finished run.
#[derive(Debug)]
pub struct Outcome {
    /// How it ended.
    pub end: End,
    /// What it logged, in order; kept even when the guest died.
    pub logs: Vec<LogLine>,
    /// What it cost.
    pub usage: Usage,
    /// What it connected to, or was refused, in order.
    pub connections: Vec<Connection>,
    /// How many more there were than are listed.
    pub connections_left_out: u64,
}

impl Outcome {
    /// Of a run that was cancelled before anything of it was done.
    #[must_use]
    pub fn cancelled() -> Self {
        let usage =
            Usage { fuel: 0, wall: Duration::ZERO, memory_bytes: 0, output_bytes: 0, prepared: false };
        Self {
            end: End::Cancelled,
            logs: Vec::new(),
            usage,
            connections: Vec::new(),
            connections_left_out: 0,
        }
    }
}

/// The four ways a run ends.
#[derive(Debug)]
pub enum End {
    /// `main` returned; its value as JSON text.
    Returned(Box<RawValue>),
    /// The script raised, or exited with a code other than zero.
    Raised(Exception),
    /// A limit was reached, or the interpreter itself died.
    Stopped(Stop),
    /// The caller cancelled.
    Cancelled,
}

/// An exception that left the script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// The class, with its module where it is not a built-in: `ValueError`, `json.decoder.JSONDecodeError`.
    pub kind: String,
    /// `str(exception)`.
    pub message: String,
    /// As Python prints it; file names are relative to the action's root.
    pub traceback: String,
}

/// What stopped a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// [`crate::Limits::fuel`] was used up.
    Fuel,
    /// [`crate::Limits::wall`] passed.
    Time,
    /// Memory was refused and the interpreter could not go on.
    Memory,
    /// Calls inside C code went deeper than the stack.
    Stack,
    /// The interpreter aborted or trapped.
    Fault,
}

impl Stop {
    /// The word used in reports: `fuel`, `time`, `memory`, `stack`, `fault`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fuel => "fuel",
            Self::Time => "time",
            Self::Memory => "memory",
            Self::Stack => "stack",
            Self::Fault => "fault",
        }
    }
}

/// What a run cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Fuel used.
    pub fuel: u64,
    /// From the moment the sandbox was asked for to its end.
    pub wall: Duration,
    /// Size of the linear memory at the end, in bytes; it never shrinks.
    pub memory_bytes: usize,
    /// Bytes of result and log text produced, what was cut included.
    pub output_bytes: u64,
    /// Whether it started from the action's own image (`false`: the action was imported in this run).
    pub prepared: bool,
}

/// One line of a run's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Since the run began.
    pub at: Duration,
    /// How severe.
    pub level: Level,
    /// Where it came from: `stdout`, `stderr`, a logger's name, `warnings`, or `actiond` for our own remarks.
    pub source: String,
    /// The text, without its line end.
    pub message: String,
}

/// Python's standard levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// `logging.DEBUG`
    Debug,
    /// `logging.INFO`, and what is printed
    Info,
    /// `logging.WARNING`
    Warning,
    /// `logging.ERROR`, and what is written to standard error
    Error,
    /// `logging.CRITICAL`
    Critical,
}

impl Level {
    /// Python's name of the level: `DEBUG`, `INFO`, `WARNING`, `ERROR`, `CRITICAL`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warning => "WARNING",
            Self::Error => "ERROR",
            Self::Critical => "CRITICAL",
        }
    }

    /// The standard level at or below a Python level number: 25 is `Info`, below 20 is `Debug`.
    pub(crate) fn from_number(number: i32) -> Self {
        match number {
            ..20 => Self::Debug,
            20..30 => Self::Info,
            30..40 => Self::Warning,
            40..50 => Self::Error,
            50.. => Self::Critical,
        }
    }
}

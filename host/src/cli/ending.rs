//! The ending of a run, as the user sees it: the result on standard output, all else on the terminal, and a code.

use std::{
    fmt,
    io::{self, ErrorKind, Write as _},
    process::ExitCode,
    time::Duration,
};

use actiond_runtime::{Connection, End, Limits, Outcome, Stop, Usage};
use anyhow::Context as _;

use crate::{
    json,
    terminal::{Terminal, escaped},
};

/// Python raised.
pub(super) const EXIT_RAISED: u8 = 1;
/// The command line, the bundle or the data are wrong. clap ends with the same.
pub(super) const EXIT_BAD_INPUT: u8 = 2;
/// A limit was reached.
pub(super) const EXIT_STOPPED: u8 = 3;
/// There is nothing of that name.
pub(super) const EXIT_MISSING: u8 = 4;
/// A server cannot be reached, or takes nothing now: `EX_UNAVAILABLE`.
pub(super) const EXIT_AWAY: u8 = 69;
/// Our own failure: `EX_SOFTWARE`.
pub(super) const EXIT_INTERNAL: u8 = 70;
/// Not logged in, or not allowed: `EX_NOPERM`.
pub(super) const EXIT_DENIED: u8 = 77;
/// Cancelled, as shells say it of Ctrl-C.
pub(super) const EXIT_CANCELLED: u8 = 130;

/// Says how it ended: the result to standard output, all else to the terminal.
pub(super) fn tell(outcome: &Outcome, limits: &Limits, terminal: &Terminal) -> anyhow::Result<ExitCode> {
    let code = match &outcome.end {
        End::Returned(result) => {
            print(&json::compact(result.get()))?;
            ExitCode::SUCCESS
        }
        End::Raised(exception) => {
            terminal.failure(&format!("raised {}:", exception.kind));
            terminal.traceback(&exception.traceback);
            ExitCode::from(EXIT_RAISED)
        }
        End::Stopped(stop) => {
            terminal.failure(&explain(*stop, limits));
            ExitCode::from(EXIT_STOPPED)
        }
        End::Cancelled => return Ok(cancelled(terminal)),
    };
    for connection in &outcome.connections {
        terminal.aside(&Reached::from(connection).to_string());
    }
    if outcome.connections_left_out > 0 {
        terminal.aside(&format!("{} more connections", outcome.connections_left_out));
    }
    let Usage { fuel, wall, memory_bytes, .. } = outcome.usage;
    terminal.aside(&cost(fuel, wall, memory_bytes as u64));
    Ok(code)
}

/// Says that it was cancelled.
pub(super) fn cancelled(terminal: &Terminal) -> ExitCode {
    terminal.failure("cancelled");
    ExitCode::from(EXIT_CANCELLED)
}

/// What a run took.
pub(super) fn cost(fuel: u64, wall: Duration, memory_bytes: u64) -> String {
    let (ms, mib) = (wall.as_secs_f64() * 1e3, memory_bytes as f64 / f64::from(1 << 20));
    format!("fuel {fuel}, time {ms:.3} ms, memory {mib:.1} MiB")
}

/// A connection, to be shown on one line.
#[derive(Debug)]
pub(super) struct Reached<'a> {
    pub(super) host: Option<&'a str>,
    pub(super) address: Option<String>,
    pub(super) port: u16,
    pub(super) transport: &'a str,
    pub(super) tls: bool,
    pub(super) sent_bytes: u64,
    pub(super) received_bytes: u64,
    pub(super) wall: Duration,
    pub(super) error: Option<&'a str>,
}

impl<'a> From<&'a Connection> for Reached<'a> {
    fn from(connection: &'a Connection) -> Self {
        Self {
            host: connection.host.as_deref(),
            address: connection.address.map(|address| address.to_string()),
            port: connection.port,
            transport: connection.transport.as_str(),
            tls: connection.tls,
            sent_bytes: connection.sent_bytes,
            received_bytes: connection.received_bytes,
            wall: connection.wall,
            error: connection.error.as_deref(),
        }
    }
}

impl fmt::Display for Reached<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, address, port, transport, sent_bytes, received_bytes, wall, .. } = self;
        formatter.write_str("network: ")?;
        match (host, address) {
            (Some(host), Some(address)) => write!(formatter, "{host} ({address}) port {port}")?,
            (Some(host), None) => formatter.write_str(host)?,
            (None, Some(address)) => write!(formatter, "{address} port {port}")?,
            (None, None) => {}
        }
        write!(formatter, ", {transport}")?;
        match self.error {
            Some(error) => write!(formatter, ": {error}"),
            None => {
                let (ms, tls) = (wall.as_secs_f64() * 1e3, if self.tls { " with TLS" } else { "" });
                write!(formatter, "{tls}: sent {sent_bytes} bytes, received {received_bytes}, {ms:.3} ms")
            }
        }
    }
}

fn explain(stop: Stop, limits: &Limits) -> String {
    match stop {
        Stop::Fuel => format!("stopped: the limit of {} fuel is used up: raise it with --fuel", limits.fuel),
        Stop::Time => {
            format!("stopped: the limit of {} s has passed: raise it with --timeout-s", limits.wall.as_secs())
        }
        Stop::Memory => {
            let mib = limits.memory_bytes >> 20;
            format!("stopped: the limit of {mib} MiB memory is used up: raise it with --memory-mib")
        }
        Stop::Stack => {
            "stopped: calls went deeper than the interpreter's stack: recurse less deeply".to_owned()
        }
        Stop::Fault => "stopped: the interpreter died: see the last line of the log".to_owned(),
    }
}

/// Writes a line for people to standard output. Names and addresses in it are somebody's.
pub(super) fn line(text: &str) -> anyhow::Result<()> {
    print(&escaped(text))
}

/// Writes JSON, or text that is ours alone, to standard output, and a line end behind it.
pub(super) fn print(line: &str) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    match writeln!(stdout, "{line}").and_then(|()| stdout.flush()) {
        // Whoever read has read enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.context("cannot write the result to standard output"),
    }
}

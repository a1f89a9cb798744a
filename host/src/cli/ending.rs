//! The ending of a run, as the user sees it: the result on standard output, all else on the terminal, and a code.

use std::{
    io::{self, ErrorKind, Write as _},
    process::ExitCode,
};

use actiond_runtime::{Connection, End, Limits, Outcome, Stop, Usage};
use anyhow::Context as _;

use crate::{json, terminal::Terminal};

/// Python raised.
const EXIT_RAISED: u8 = 1;
/// The command line, the bundle or the data are wrong. clap ends with the same.
pub(super) const EXIT_BAD_INPUT: u8 = 2;
/// A limit was reached.
const EXIT_STOPPED: u8 = 3;
/// Our own failure: `EX_SOFTWARE`.
pub(super) const EXIT_INTERNAL: u8 = 70;
/// Cancelled, as shells say it of Ctrl-C.
const EXIT_CANCELLED: u8 = 130;

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
        End::Cancelled => {
            terminal.failure("cancelled");
            return Ok(ExitCode::from(EXIT_CANCELLED));
        }
    };
    for connection in &outcome.connections {
        terminal.aside(&told(connection));
    }
    if outcome.connections_left_out > 0 {
        terminal.aside(&format!("{} more connections", outcome.connections_left_out));
    }
    let Usage { fuel, wall, memory_bytes, .. } = outcome.usage;
    let (ms, mib) = (wall.as_secs_f64() * 1e3, memory_bytes as f64 / f64::from(1 << 20));
    terminal.aside(&format!("fuel {fuel}, time {ms:.3} ms, memory {mib:.1} MiB"));
    Ok(code)
}

/// A connection on one line.
fn told(connection: &Connection) -> String {
    let Connection { host, address, port, transport, tls, sent_bytes, received_bytes, wall, error, .. } =
        connection;
    let place = match (host, address) {
        (Some(host), Some(address)) => format!("{host} ({address}) port {port}"),
        (Some(host), None) => host.clone(),
        (None, Some(address)) => format!("{address} port {port}"),
        (None, None) => String::new(),
    };
    let (transport, tls) = (transport.as_str(), if *tls { " with TLS" } else { "" });
    match error {
        Some(error) => format!("network: {place}, {transport}: {error}"),
        None => {
            let ms = wall.as_secs_f64() * 1e3;
            format!(
                "network: {place}, {transport}{tls}: sent {sent_bytes} bytes, received {received_bytes}, {ms:.3} ms"
            )
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

/// Writes to standard output, and a line end behind it.
pub(super) fn print(line: &str) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    match writeln!(stdout, "{line}").and_then(|()| stdout.flush()) {
        // Whoever read has read enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.context("cannot write the result to standard output"),
    }
}

//! The report: an outcome as it is written for other programs.

use std::{
    fs,
    io::{self, Write as _},
    net::IpAddr,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use actiond_runtime::{Connection, End, Exception, LogLine, Outcome, Usage};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;
use tempfile::NamedTempFile;

use crate::terminal::time_of;

/// A report that will be written to a place that was found to be usable.
#[derive(Debug)]
pub(crate) struct Report {
    path: PathBuf,
    aside: NamedTempFile,
}

/// The place cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("--report {path}: is not a plain file: give another path")]
    Special { path: PathBuf },
    #[error("--report {path}: there is no folder {folder}: give another path")]
    NoFolder { path: PathBuf, folder: PathBuf },
    #[error("--report {path}: cannot be written ({why}): give another path")]
    Unwritable { path: PathBuf, why: io::ErrorKind },
}

impl Report {
    /// Opens a file beside `path`, which takes its place when it is complete.
    pub(crate) fn create(path: &Path) -> Result<Self, Error> {
        let unwritable = |why: io::Error| Error::Unwritable { path: path.to_owned(), why: why.kind() };
        // A link's target is replaced, not the link.
        let given = path;
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if path.exists() && !path.is_file() {
            return Err(Error::Special { path: given.to_owned() });
        }
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        if !folder.is_dir() {
            return Err(Error::NoFolder { folder: folder.to_owned(), path });
        }
        let aside = tempfile::Builder::new()
            .prefix(".actiond-report-")
            // Less what the user's mask takes, as for any file.
            .permissions(fs::Permissions::from_mode(0o666))
            .tempfile_in(folder)
            .map_err(unwritable)?;
        Ok(Self { path, aside })
    }

    /// Writes the outcome of a run that began at `began`.
    pub(crate) fn write(mut self, outcome: &Outcome, began: Timestamp) -> Result<(), Error> {
        let unwritable = |why: io::Error| Error::Unwritable { path: self.path.clone(), why: why.kind() };
        let mut text =
            serde_json::to_vec(&Wire::new(outcome, began)).map_err(|error| unwritable(error.into()))?;
        text.push(b'\n');
        self.aside.write_all(&text).map_err(unwritable)?;
        self.aside.persist(&self.path).map_err(|error| unwritable(error.error))?;
        Ok(())
    }
}

#[derive(Serialize)]
struct Wire<'a> {
    end: &'static str,
    result: Option<&'a RawValue>,
    error: Option<ErrorWire<'a>>,
    stopped: Option<&'static str>,
    logs: Vec<LogWire<'a>>,
    usage: UsageWire,
    connections: Vec<ConnectionWire<'a>>,
    connections_left_out: u64,
}

#[derive(Serialize)]
struct ErrorWire<'a> {
    r#type: &'a str,
    message: &'a str,
    traceback: &'a str,
}

#[derive(Serialize)]
struct LogWire<'a> {
    ts: String,
    level: &'static str,
    source: &'a str,
    message: &'a str,
}

#[derive(Serialize)]
struct ConnectionWire<'a> {
    host: Option<&'a str>,
    address: Option<IpAddr>,
    port: u16,
    transport: &'static str,
    proxied: bool,
    tls: bool,
    sent_bytes: u64,
    received_bytes: u64,
    at_us: u64,
    wall_us: u64,
    refused: bool,
    error: Option<&'a str>,
}

#[derive(Serialize)]
struct UsageWire {
    fuel: u64,
    wall_us: u64,
    memory_bytes: usize,
    output_bytes: u64,
    prepared: bool,
}

impl<'a> Wire<'a> {
    fn new(outcome: &'a Outcome, began: Timestamp) -> Self {
        let (end, result, error, stopped) = match &outcome.end {
            End::Returned(result) => ("returned", Some(&**result), None, None),
            End::Raised(exception) => ("raised", None, Some(ErrorWire::from(exception)), None),
            End::Stopped(stop) => ("stopped", None, None, Some(stop.as_str())),
            End::Cancelled => ("cancelled", None, None, None),
        };
        let logs = outcome.logs.iter().map(|line| LogWire::new(line, began)).collect();
        let usage = UsageWire::from(&outcome.usage);
        let connections = outcome.connections.iter().map(ConnectionWire::from).collect();
        let connections_left_out = outcome.connections_left_out;
        Self { end, result, error, stopped, logs, usage, connections, connections_left_out }
    }
}

impl<'a> From<&'a Exception> for ErrorWire<'a> {
    fn from(exception: &'a Exception) -> Self {
        Self { r#type: &exception.kind, message: &exception.message, traceback: &exception.traceback }
    }
}

impl<'a> LogWire<'a> {
    fn new(line: &'a LogLine, began: Timestamp) -> Self {
        let ts = time_of(line, began);
        Self { ts, level: line.level.as_str(), source: &line.source, message: &line.message }
    }
}

impl<'a> From<&'a Connection> for ConnectionWire<'a> {
    fn from(connection: &'a Connection) -> Self {
        let us = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        Self {
            host: connection.host.as_deref(),
            address: connection.address,
            port: connection.port,
            transport: connection.transport.as_str(),
            proxied: connection.proxied,
            tls: connection.tls,
            sent_bytes: connection.sent_bytes,
            received_bytes: connection.received_bytes,
            at_us: us(connection.at),
            wall_us: us(connection.wall),
            refused: connection.refused,
            error: connection.error.as_deref(),
        }
    }
}

impl From<&Usage> for UsageWire {
    fn from(usage: &Usage) -> Self {
        Self {
            fuel: usage.fuel,
            wall_us: u64::try_from(usage.wall.as_micros()).unwrap_or(u64::MAX),
            memory_bytes: usage.memory_bytes,
            output_bytes: usage.output_bytes,
            prepared: usage.prepared,
        }
    }
}

//! `actiond invoke`: an action runs on a server, and what comes of it is told as `actiond run` tells it.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use super::{
    command::Failure,
    ending::{self, EXIT_AWAY, EXIT_INTERNAL, EXIT_RAISED, EXIT_STOPPED, Reached},
    logs::line_of,
    remote::{Remote, RemoteArgs, with_codes},
};
use crate::{
    client::{Asked, ConnectionWire, FailureWire, RunWire, Told},
    json, records,
    terminal::Terminal,
};

/// Of the payload: what a run takes at most.
const BYTES_MAX: usize = 64 << 20;

const EXAMPLES: &str = with_codes!(
    "\
Examples:
  actiond invoke checkout-alerts --data records.json
  actiond invoke checkout-alerts --json '{\"level\": \"error\"}'
  my-exporter | actiond invoke checkout-alerts --data - > result.json
  actiond invoke checkout-alerts --data records.ndjson --no-wait

The result, JSON on one line, is all of standard output; the log goes to standard error. With --output json, standard output
is the whole run. Ctrl-C ends the waiting, not the run: `actiond logs -f RUN` goes on with it."
);

/// Run an action on a server, and print what its `main` returns
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The action, by name or id
    action: String,
    /// Records for `main`: a JSON array, an object, or one object to a line; `-` is standard input [default: no records]
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// The records themselves
    #[arg(long, value_name = "TEXT", conflicts_with = "data")]
    json: Option<String>,
    /// Print the run's id as soon as the run is on the server's disk, and do not wait for it
    #[arg(long)]
    no_wait: bool,
    /// The same key and records are the same run for a day, however often they are sent
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
    #[command(flatten)]
    remote: RemoteArgs,
}

/// Asks for the run, and tells how it ended.
pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let records = args.records()?;
    args.remote.talk(terminal, async |remote| {
        let server = &remote.server;
        let action = server.find(&args.action).await?;
        let once = args.idempotency_key.as_deref();
        let told = server.invoke(&action.id, Asked { records, once, waits: !args.no_wait }).await?;
        let id = told.value.run_id.clone();
        if args.no_wait {
            return remote.print(&told.json, || ending::line(&id));
        }
        if is_final(&told.value.status) {
            for line in server.log(&id).await? {
                terminal.line(&line_of(&line.value));
            }
        } else {
            terminal.aside(&format!("run {id} goes on; its log:"));
            let follow = server.follow_log(&id, |line| {
                terminal.line(&line_of(&line.value));
                Ok(())
            });
            follow.await?;
        }
        let run = server.run(&id).await?;
        let connections: Told<Vec<ConnectionWire>> = server.get(&["runs", &id, "connections"]).await?;
        tell(remote, &run, &connections.value)
    })
}

impl Args {
    fn records(&self) -> Result<String, Failure> {
        match (&self.data, &self.json) {
            (Some(path), _) => {
                records::read(&records::Origin::parse(path), BYTES_MAX).map_err(Failure::bad_input)
            }
            (None, Some(text)) => {
                records::of(text.clone().into_bytes(), "--json").map_err(Failure::bad_input)
            }
            (None, None) => Ok(records::NONE.to_owned()),
        }
    }
}

fn is_final(status: &str) -> bool {
    !matches!(status, "queued" | "running")
}

/// The result to standard output, all else to the terminal, and a code.
fn tell(
    remote: &Remote<'_>,
    run: &Told<RunWire>,
    connections: &[ConnectionWire],
) -> Result<ExitCode, Failure> {
    let (terminal, whole) = (remote.terminal, &run.json);
    let RunWire { run_id, status, result, error, usage, .. } = &run.value;
    if remote.prints_json() {
        ending::print(&json::compact(whole.get())).map_err(Failure::Internal)?;
    }
    let code = match (status.as_str(), error) {
        ("completed", _) => {
            let result = result.as_ref().map_or("null", |result| result.get());
            if !remote.prints_json() {
                ending::print(&json::compact(result)).map_err(Failure::Internal)?;
            }
            ExitCode::SUCCESS
        }
        ("cancelled", _) => ending::cancelled(terminal),
        (_, Some(failure)) => failed(failure, terminal),
        (status, None) => {
            terminal.failure(&format!("run {run_id} is {status}: `actiond logs -f {run_id}` follows it"));
            ExitCode::from(EXIT_AWAY)
        }
    };
    for connection in connections {
        terminal.aside(&Reached::from(connection).to_string());
    }
    if let Some(usage) = usage {
        let wall = Duration::from_micros(usage.wall_us);
        terminal.aside(&ending::cost(usage.fuel, wall, usage.memory_bytes));
    }
    Ok(code)
}

fn failed(failure: &FailureWire, terminal: &Terminal) -> ExitCode {
    let FailureWire { r#type, message, traceback, stopped } = failure;
    match (stopped, traceback) {
        (Some(_), _) => {
            terminal.failure(&format!("stopped: {message}"));
            ExitCode::from(EXIT_STOPPED)
        }
        (None, Some(traceback)) => {
            terminal.failure(&format!("raised {type}:"));
            terminal.traceback(traceback);
            ExitCode::from(EXIT_RAISED)
        }
        (None, None) => {
            terminal.failure(&format!("{type}: {message}"));
            ExitCode::from(EXIT_INTERNAL)
        }
    }
}

impl<'a> From<&'a ConnectionWire> for Reached<'a> {
    fn from(wire: &'a ConnectionWire) -> Self {
        Self {
            host: wire.host.as_deref(),
            address: wire.address.clone(),
            port: wire.port,
            transport: &wire.transport,
            tls: wire.tls,
            sent_bytes: wire.sent_bytes,
            received_bytes: wire.received_bytes,
            wall: Duration::from_micros(wire.wall_us),
            error: wire.error.as_deref(),
        }
    }
}

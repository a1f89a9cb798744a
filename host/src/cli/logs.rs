//! `actiond logs`: what a run wrote, or writes.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use super::{
    command::Failure,
    ending,
    remote::{Remote, RemoteArgs, with_codes},
    show::is_run,
};
use crate::{
    client::{Error, LogWire, RunFilter, Told},
    json,
    terminal::{Line, Terminal},
};

const EXAMPLES: &str = with_codes!(
    "\
Examples:
  actiond logs 01a21190-3848-7000-8d2d-57cb23ab64f6
  actiond logs checkout-alerts
  actiond logs -f checkout-alerts
  actiond logs checkout-alerts --output json | jq -r 'select(.level == \"ERROR\") | .message'

Of an action it is the log of its latest run. The log is on standard output; as JSON, it is one object to a line."
);

/// Print the log of a run, or follow it
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The run, or an action, by name or id: its latest run
    #[arg(value_name = "RUN|ACTION")]
    what: String,
    /// Go on until the run has ended
    #[arg(long, short)]
    follow: bool,
    #[command(flatten)]
    remote: RemoteArgs,
}

/// Prints it, to its end if it is followed.
pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<ExitCode, Failure> {
    args.remote.talk(terminal, async |remote| {
        let id = run_id(remote, &args.what).await?;
        if args.follow {
            // Who reads no longer is not written to, but the run is none of theirs.
            let mut reads = true;
            let follow = remote.server.follow_log(&id, |line| {
                reads = reads && shown(remote, line).is_ok();
                Ok(())
            });
            follow.await?;
            return Ok(ExitCode::SUCCESS);
        }
        for line in remote.server.log(&id).await? {
            shown(remote, &line).map_err(Failure::Internal)?;
        }
        Ok(ExitCode::SUCCESS)
    })
}

async fn run_id(remote: &Remote<'_>, what: &str) -> Result<String, Failure> {
    if is_run(what) {
        return Ok(what.to_owned());
    }
    let action = remote.server.find(what).await?;
    let filter = RunFilter { limit: 1, ..RunFilter::default() };
    let latest = remote.server.runs(Some(&action.id), &filter).await?;
    let latest = latest.into_iter().next().ok_or(Error::NoRuns(action.name))?;
    Ok(latest.value.run_id)
}

fn shown(remote: &Remote<'_>, line: &Told<LogWire>) -> anyhow::Result<()> {
    if remote.prints_json() {
        return ending::print(&json::compact(line.json.get()));
    }
    let mut stdout = anstream::stdout().lock();
    line_of(&line.value).write(&mut stdout);
    match stdout.flush() {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The line as terminals show it.
pub(super) fn line_of(line: &LogWire) -> Line<'_> {
    Line { time: &line.ts, level: &line.level, source: &line.source, message: &line.message }
}

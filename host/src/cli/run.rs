//! `actiond run`: one action, here and now.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;

use super::{
    command::Failure,
    ending,
    job::{Given, Job, Ran},
};
use crate::{report::Report, signals::Signals, terminal::Terminal};

const REPEAT_MAX: u64 = 1_000_000;

const EXAMPLES: &str = "\
Examples:
  actiond run my-action/
  actiond run my-action.zip --data records.json --env MIN_LEVEL=error
  actiond run my-action/ --allow-net hooks.slack.com:443 --allow-net 10.1.0.0/16
  my-exporter | actiond run my-action/ --data - > result.json
  actiond run my-action/ --data records.ndjson --repeat 1000 --report report.json

The result, JSON on one line, is all of standard output; the log goes to standard error. What a run cost (fuel, time,
memory) is in the report, and below the log on a terminal. PATH is a zip or a folder with main.py at its root or under
its one top folder.

The guest is taken from $ACTIOND_GUEST, that of an action which needs NumPy or pandas from $ACTIOND_DATA_GUEST, else it is
the one that a release carries, else that of the cache, where scripts/setup puts it: $ACTIOND_CACHE, else
$XDG_CACHE_HOME/actiond, else ~/.cache/actiond. NO_COLOR turns colours off.

Exit codes: 0 returned, 1 raised, 2 wrong usage, bundle or data, 3 stopped by a limit, 70 a failure of actiond itself,
130 cancelled.";

/// Run an action and print what its `main` returns
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The action: a zip, or a folder
    path: PathBuf,
    #[command(flatten)]
    given: Given,
    /// Run it N times, each in a fresh sandbox, and say how long runs take; the last one is printed
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1,
        hide_default_value = true,
        value_parser = clap::value_parser!(u64).range(1..=REPEAT_MAX)
    )]
    repeat: u64,
    /// Write the whole outcome to FILE, as JSON
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

/// Runs what `args` say.
pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let job = Job::read(&args.path, &args.given, terminal)?;
    let report = args.report.as_deref().map(Report::create).transpose().map_err(Failure::bad_input)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("cannot start the executor").map_err(Failure::Internal)?;
    let ran = runtime.block_on(async {
        let mut signals = Signals::listen().context("cannot listen to signals").map_err(Failure::Internal)?;
        job.run(args.repeat, &mut signals, terminal).await
    });
    // When the user cancels while the guest is compiled, nobody waits for the compiler.
    runtime.shutdown_background();
    let Ran { outcome, began, limits } = ran?;
    // First: standard output may be closed or full. A report that cannot be written does not keep the result back either.
    let reported = report.map_or(Ok(()), |report| report.write(&outcome, began));
    for line in &outcome.logs {
        terminal.log(line, began);
    }
    let code = ending::tell(&outcome, &limits, terminal).map_err(Failure::Internal)?;
    reported.map_err(Failure::internal)?;
    Ok(code)
}

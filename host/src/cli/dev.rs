//! `actiond dev`: an action runs here whenever one of its files changes.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use actiond_runtime::End;
use anyhow::{Context as _, anyhow};

use super::{
    command::Failure,
    ending,
    job::{Given, Job, Ran},
    watch::Seen,
};
use crate::{signals::Signals, terminal::Terminal};

const PAYLOAD: &str = "payload.json";

const EXAMPLES: &str = "\
Examples:
  actiond dev my-action/
  actiond dev my-action/ --data alerts.json --env MIN_LEVEL=error
  actiond dev my-action/ --allow-net hooks.slack.com:443

Runs the action as `actiond run` does, and again whenever a file of it or the payload changes, until Ctrl-C. Each result is a
line of standard output; the log, tracebacks, connections and costs go to standard error.

Exit codes: 0 ended by Ctrl-C, 2 wrong usage, 70 a failure of actiond itself.";

/// Run an action whenever one of its files changes
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The action: a folder, or a zip. Its payload.json is the data unless --data says otherwise
    path: PathBuf,
    #[command(flatten)]
    given: Given,
}

/// What comes after a run.
enum Next {
    Watch,
    End,
}

/// Runs and watches.
pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let mut given = args.given.clone();
    if given.data.as_deref() == Some(Path::new("-")) {
        return Err(Failure::BadInput(anyhow!(
            "--data -: standard input can be read once only: give a file"
        )));
    }
    let payload = args.path.join(PAYLOAD);
    if given.data.is_none() && payload.is_file() {
        given.data = Some(payload);
    }
    let watched: Vec<PathBuf> = [Some(args.path.clone()), given.data.clone()].into_iter().flatten().collect();
    // Nobody waits for a path or a flag to mend itself.
    given.check()?;
    if let Some(missing) = watched.iter().find(|path| !path.exists()) {
        let what = "there is no such file or folder: check the path";
        return Err(Failure::BadInput(anyhow!("{}: {what}", missing.display())));
    }
    let executor = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let executor = executor.context("cannot start the executor").map_err(Failure::Internal)?;
    let ended = executor.block_on(async {
        let mut signals = Signals::listen().context("cannot listen to signals").map_err(Failure::Internal)?;
        loop {
            // Before the run: what is written meanwhile counts.
            let seen = Seen::now(&watched);
            if let Next::End = once(&args.path, &given, &mut signals, terminal).await? {
                return Ok(ExitCode::SUCCESS);
            }
            terminal.note(&format!("watching {}: Ctrl-C ends", args.path.display()));
            tokio::select! {
                changed = seen.changed(&watched) => terminal.note(&format!("{} changed", changed.display())),
                () = signals.next() => return Ok(ExitCode::SUCCESS),
            }
        }
    });
    executor.shutdown_background();
    ended
}

/// What is wrong with the action or its data is told, and may be mended.
async fn once(
    path: &Path,
    given: &Given,
    signals: &mut Signals,
    terminal: &Terminal,
) -> Result<Next, Failure> {
    let ran = match Job::read(path, given, terminal) {
        Ok(job) => job.run(1, signals, terminal).await,
        Err(failure) => Err(failure),
    };
    let Ran { outcome, began, limits } = match ran {
        Ok(ran) => ran,
        Err(Failure::BadInput(error)) => {
            terminal.failure(&format!("{error:#}"));
            return Ok(Next::Watch);
        }
        Err(failure) => return Err(failure),
    };
    if matches!(outcome.end, End::Cancelled) {
        return Ok(Next::End);
    }
    for line in &outcome.logs {
        terminal.log(line, began);
    }
    ending::tell(&outcome, &limits, terminal).map_err(Failure::Internal)?;
    Ok(Next::Watch)
}

//! `actiond pause` and `actiond resume`: whether an action runs at all.

use std::process::ExitCode;

use serde::de::IgnoredAny;

use super::{
    command::Failure,
    ending,
    remote::{RemoteArgs, with_codes},
};
use crate::terminal::Terminal;

const PAUSE_EXAMPLES: &str = with_codes!(
    "\
Examples:
  actiond pause checkout-alerts

A paused action is not run by hooks, invocations or time. What runs already goes on."
);
const RESUME_EXAMPLES: &str = with_codes!(
    "\
Examples:
  actiond resume checkout-alerts"
);

/// Stop running an action
#[derive(Debug, clap::Args)]
#[command(after_help = PAUSE_EXAMPLES)]
pub(super) struct PauseArgs {
    /// The action, by name or id
    action: String,
    #[command(flatten)]
    remote: RemoteArgs,
}

/// Run a paused action again
#[derive(Debug, clap::Args)]
#[command(after_help = RESUME_EXAMPLES)]
pub(super) struct ResumeArgs {
    /// The action, by name or id
    action: String,
    #[command(flatten)]
    remote: RemoteArgs,
}

/// Pauses it.
pub(super) fn pause(args: &PauseArgs, terminal: &Terminal) -> Result<ExitCode, Failure> {
    set(&args.remote, &args.action, "pause", "paused", terminal)
}

/// Resumes it.
pub(super) fn resume(args: &ResumeArgs, terminal: &Terminal) -> Result<ExitCode, Failure> {
    set(&args.remote, &args.action, "resume", "resumed", terminal)
}

fn set(
    remote: &RemoteArgs,
    action: &str,
    verb: &str,
    done: &str,
    terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    remote.talk(terminal, async |remote| {
        let found = remote.server.find(action).await?;
        let told = remote.server.get::<IgnoredAny>(&["actions", verb, &found.id]).await?;
        remote.print(&told.json, || ending::line(&format!("{done} {}", found.name)))
    })
}

//! `actiond config`: the configuration that the server would start with.

use std::process::ExitCode;

use super::{command::Failure, ending, settings};
use crate::config::{Effective, Shown};

const EXAMPLES: &str = "\
Examples:
  actiond config
  actiond config --explain > actiond.toml
  ACTIOND_RUNS_PARALLEL=64 actiond config --config actiond.toml --listen 0.0.0.0:5080

A line a setting: its name, its value as the file has it, and who said so: default, file, env or flag. Secrets are
masked. A flag goes over the environment, that over the file, and that over the default. The variable of a setting is
ACTIOND_ and its name in capitals, with _ for the dot: ACTIOND_RUNS_PARALLEL for runs.parallel.

Exit codes: 0 the configuration is right, 2 it is wrong and the one line on standard error says why.";

/// Print the configuration that the server would start with, and where each value comes from
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    settings: settings::Args,
    /// Say above each setting what it is for
    #[arg(long)]
    explain: bool,
}

/// Prints all settings, or says which one is wrong.
pub(super) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let effective = Effective::read(&args.settings.flags()).map_err(Failure::bad_input)?;
    let line = |shown: &Shown| if args.explain { shown.explained() } else { shown.to_string() };
    let lines: Vec<String> = effective.shown.iter().map(line).collect();
    ending::print(&lines.join("\n")).map_err(Failure::Internal)?;
    Ok(ExitCode::SUCCESS)
}

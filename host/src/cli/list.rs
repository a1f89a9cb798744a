//! `actiond list`: the actions of an organisation.

use std::process::ExitCode;

use super::{
    command::Failure,
    remote::{RemoteArgs, with_codes},
    table::{Cell, Table},
};
use crate::terminal::Terminal;

const EXAMPLES: &str = with_codes!(
    "\
Examples:
  actiond list
  actiond list --org payments
  actiond list --output json | jq -r '.[] | select(.status == \"Errored\") | .name'"
);

/// List the actions of a server
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    remote: RemoteArgs,
}

/// Prints them, newest first.
pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<ExitCode, Failure> {
    args.remote.talk(terminal, async |remote| {
        let actions = remote.server.actions().await?;
        remote.print(&actions.json, || {
            let mut table = Table::new(&["NAME", "TYPE", "STATUS", "LAST RUN", "LAST SUCCESS", "ID"]);
            for action in &actions.value {
                // One that never ran has the time at which it was made there.
                let last_run = (action.last_run_at != action.created_at).then_some(action.last_run_at);
                table.row([
                    Cell::new(&action.name),
                    Cell::new(&action.execution_details_type),
                    Cell::status(&action.status),
                    Cell::micros(last_run),
                    Cell::micros(action.last_successful_at),
                    Cell::new(&action.id),
                ]);
            }
            table.print()
        })
    })
}

//! `actiond delete`: actions, with their versions, hooks and runs.

use std::process::ExitCode;

use reqwest::Method;
use serde::{Serialize, de::IgnoredAny};

use super::{
    command::Failure,
    ending,
    prompt::Prompt,
    remote::{RemoteArgs, with_codes},
};
use crate::{client::Named, terminal::Terminal};

const EXAMPLES: &str = with_codes!(
    "\
Examples:
  actiond delete checkout-alerts
  actiond delete old-one older-one --yes

On a terminal it asks; elsewhere --yes says that it is meant. Nothing is deleted if one of the names is unknown."
);

/// Remove actions, with their versions, hooks and runs
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The actions, by name or id
    #[arg(required = true, value_name = "ACTION")]
    actions: Vec<String>,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    remote: RemoteArgs,
}

#[derive(Serialize)]
struct Done<'a> {
    deleted: Vec<&'a str>,
}

/// Removes them.
pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<ExitCode, Failure> {
    args.remote.talk(terminal, async |remote| {
        let mut found: Vec<Named> = Vec::new();
        for name in &args.actions {
            found.push(remote.server.find(name).await?);
        }
        let names: Vec<&str> = found.iter().map(|action| action.name.as_str()).collect();
        if !args.yes {
            let question = format!("delete {} with all versions, hooks and runs?", names.join(", "));
            if !Prompt::open("--yes")?.confirm(&question)? {
                terminal.note("nothing is deleted");
                return Ok(ExitCode::SUCCESS);
            }
        }
        for action in &found {
            remote.server.call(Method::DELETE, &["actions", &action.id]).read::<IgnoredAny>().await?;
        }
        let done = Done { deleted: names.clone() };
        remote.print_ours(&done, || ending::print(&format!("deleted {}", names.join(", "))))
    })
}

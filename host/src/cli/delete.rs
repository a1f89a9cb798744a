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

On a terminal it asks, and ends with code 130 if the answer is no; elsewhere --yes says that it is meant. Nothing is deleted if
one of the names is unknown."
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
            let one = remote.server.find(name).await?;
            if found.iter().all(|other| other.id != one.id) {
                found.push(one);
            }
        }
        let names: Vec<&str> = found.iter().map(|action| action.name.as_str()).collect();
        if !args.yes {
            let question = format!("delete {} with all versions, hooks and runs?", names.join(", "));
            if !Prompt::open("--yes")?.confirm(&question)? {
                terminal.note("nothing is deleted");
                return Ok(ExitCode::from(ending::EXIT_CANCELLED));
            }
        }
        let (mut deleted, mut failure) = (Vec::new(), None);
        for Named { id, name } in &found {
            match remote.server.call(Method::DELETE, &["actions", id]).read::<IgnoredAny>().await {
                Ok(_) => deleted.push(name.as_str()),
                Err(error) => {
                    failure = Some(error);
                    break;
                }
            }
            if !remote.prints_json() {
                ending::line(&format!("deleted {name}")).map_err(Failure::Internal)?;
            }
        }
        // What is gone is told even where another is not.
        let code = remote.print_ours(&Done { deleted }, || Ok(()))?;
        failure.map_or(Ok(code), |error| Err(error.into()))
    })
}

//! `actiond context`: the servers that one is logged in to, and which of them commands are for.

use std::{collections::BTreeMap, process::ExitCode};

use clap::Subcommand;
use serde::Serialize;

use super::{
    command::Failure,
    ending,
    remote::Output,
    table::{Cell, Table},
};
use crate::{client::Contexts, config::ClientEnvironment};

const EXAMPLES: &str = "\
Examples:
  actiond context list
  actiond context use actions.example.com
  actiond context remove actions.example.com

`actiond login` adds contexts. They are kept in $XDG_CONFIG_HOME/actiond/contexts.toml, else ~/.config/actiond/contexts.toml.

Exit codes: 0 done, 2 there is no such context, or the file cannot be used, 70 a failure of actiond itself.";

/// List, choose and forget logins
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the contexts; a star stands before the current one
    List {
        /// For people, or for programs: JSON on one line
        #[arg(long, value_enum, value_name = "FORM", default_value_t = Output::Table)]
        output: Output,
    },
    /// Use a context from now on
    Use { name: String },
    /// Forget a context, and its token
    Remove { name: String },
}

#[derive(Serialize)]
struct Shown<'a> {
    server: &'a str,
    email: &'a str,
    org: &'a str,
    current: bool,
}

/// Does what is said.
pub(super) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let mut contexts = Contexts::open(&ClientEnvironment::read())?;
    let printed = match &args.verb {
        Verb::List { output: Output::Json } => {
            let shown: BTreeMap<&str, Shown<'_>> = shown(&contexts).collect();
            ending::print(&serde_json::to_string(&shown).map_err(Failure::internal)?)
        }
        Verb::List { output: Output::Table } => table(&contexts).print(),
        Verb::Use { name } => {
            contexts.choose(name)?;
            ending::line(&format!("commands are for {name}"))
        }
        Verb::Remove { name } => {
            contexts.remove(name)?;
            ending::line(&format!("forgot {name}"))
        }
    };
    printed.map_err(Failure::Internal)?;
    Ok(ExitCode::SUCCESS)
}

fn shown(contexts: &Contexts) -> impl Iterator<Item = (&str, Shown<'_>)> {
    contexts.all().map(|(name, context)| {
        let current = contexts.current() == Some(name);
        (name, Shown { server: &context.server, email: &context.email, org: &context.org, current })
    })
}

fn table(contexts: &Contexts) -> Table {
    let mut table = Table::new(&[" ", "NAME", "SERVER", "EMAIL", "ORGANISATION"]);
    for (name, Shown { server, email, org, current }) in shown(contexts) {
        let star = Cell::new(if current { "*" } else { " " });
        table.row([star, Cell::new(name), Cell::new(server), Cell::new(email), Cell::new(org)]);
    }
    table
}

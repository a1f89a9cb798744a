//! The whole command line: its commands, and what becomes of one that came to no outcome.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use super::{
    backup, config, cron,
    ending::{EXIT_BAD_INPUT, EXIT_INTERNAL},
    restore, run, serve,
};
use crate::{store, terminal::Terminal};

#[derive(Debug, Parser)]
#[command(name = "actiond", version, about = "Runs untrusted Python actions, each in a sandbox of its own")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Args),
    Serve(serve::Args),
    Config(config::Args),
    Cron(cron::Args),
    Backup(backup::Args),
    Restore(restore::Args),
}

/// Why a command came to no outcome.
#[derive(Debug)]
pub(super) enum Failure {
    /// What the user gave is wrong.
    BadInput(anyhow::Error),
    /// Something on our side is.
    Internal(anyhow::Error),
}

impl Failure {
    pub(super) fn bad_input(error: impl Into<anyhow::Error>) -> Self {
        Self::BadInput(error.into())
    }

    pub(super) fn internal(error: impl Into<anyhow::Error>) -> Self {
        Self::Internal(error.into())
    }
}

/// Whose fault it is that the store cannot be used.
pub(super) fn store_failure(error: store::Error) -> Failure {
    match error {
        store::Error::Locked(_)
        | store::Error::Newer { .. }
        | store::Error::File { .. }
        | store::Error::Full { .. }
        | store::Error::NotEmpty(_) => Failure::bad_input(error),
        store::Error::Library(_) | store::Error::Damaged { .. } | store::Error::Closed => {
            Failure::internal(error)
        }
    }
}

/// Does what the command line says.
pub(crate) fn main() -> ExitCode {
    let cli = Cli::parse();
    raise_descriptor_limit();
    let terminal = Terminal::new();
    let ended = match cli.command {
        Command::Run(args) => run::run(&args, &terminal),
        Command::Serve(args) => serve::run(&args, &terminal),
        Command::Config(args) => config::run(&args),
        Command::Cron(args) => cron::run(&args, &terminal),
        Command::Backup(args) => backup::run(&args, &terminal),
        Command::Restore(args) => restore::run(&args, &terminal),
    };
    let (error, code) = match ended {
        Ok(code) => return code,
        Err(Failure::BadInput(error)) => (error, EXIT_BAD_INPUT),
        Err(Failure::Internal(error)) => (error, EXIT_INTERNAL),
    };
    terminal.failure(&format!("{error:#}"));
    ExitCode::from(code)
}

/// Lets the process open as many files as it may: each live sandbox takes some.
fn raise_descriptor_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    // Where it cannot be raised, what it is now does for a few runs.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_well_formed() {
        super::Cli::command().debug_assert();
    }
}

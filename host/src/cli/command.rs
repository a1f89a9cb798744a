//! The whole command line: its commands, and what becomes of one that came to no outcome.

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use super::{
    backup, completions, config, context, cron, delete, deploy, dev,
    ending::{EXIT_AWAY, EXIT_BAD_INPUT, EXIT_DENIED, EXIT_INTERNAL, EXIT_MISSING},
    hooks, init, invoke, list, login, logs, pause, restore, rollback, run, runs, serve, show,
};
use crate::{
    client::{self, Fault},
    store,
    terminal::Terminal,
};

#[derive(Debug, Parser)]
#[command(name = "actiond", version, about = "Runs untrusted Python actions, each in a sandbox of its own")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Args),
    Run(run::Args),
    Dev(dev::Args),
    Login(login::Args),
    Context(context::Args),
    Deploy(deploy::Args),
    List(list::Args),
    Show(show::Args),
    Invoke(invoke::Args),
    Runs(runs::Args),
    Logs(logs::Args),
    Pause(pause::PauseArgs),
    Resume(pause::ResumeArgs),
    Rollback(rollback::Args),
    Delete(delete::Args),
    Hooks(hooks::Args),
    Serve(serve::Args),
    Config(config::Args),
    Cron(cron::Args),
    Backup(backup::Args),
    Restore(restore::Args),
    Completions(completions::Args),
}

/// Why a command came to no outcome.
#[derive(Debug)]
pub(super) enum Failure {
    /// What the user gave is wrong.
    BadInput(anyhow::Error),
    /// There is nothing of the name that they gave.
    Missing(anyhow::Error),
    /// They are not known there, or may not do that.
    Denied(anyhow::Error),
    /// A server does not answer, or takes nothing now.
    Away(anyhow::Error),
    /// Something on our side is, or on the server's.
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

impl From<client::Error> for Failure {
    fn from(error: client::Error) -> Self {
        match error.fault() {
            Fault::Given => Self::BadInput(error.into()),
            Fault::Missing => Self::Missing(error.into()),
            Fault::Denied => Self::Denied(error.into()),
            Fault::Away => Self::Away(error.into()),
            Fault::Server | Fault::Ours => Self::Internal(error.into()),
        }
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
    let (error, code) = match cli.command.run(&terminal) {
        Ok(code) => return code,
        Err(Failure::BadInput(error)) => (error, EXIT_BAD_INPUT),
        Err(Failure::Missing(error)) => (error, EXIT_MISSING),
        Err(Failure::Away(error)) => (error, EXIT_AWAY),
        Err(Failure::Internal(error)) => (error, EXIT_INTERNAL),
        Err(Failure::Denied(error)) => (error, EXIT_DENIED),
    };
    terminal.failure(&format!("{error:#}"));
    ExitCode::from(code)
}

impl Command {
    fn run(&self, terminal: &Terminal) -> Result<ExitCode, Failure> {
        match self {
            Self::Init(args) => init::run(args, terminal),
            Self::Run(args) => run::run(args, terminal),
            Self::Dev(args) => dev::run(args, terminal),
            Self::Login(args) => login::run(args, terminal),
            Self::Context(args) => context::run(args),
            Self::Deploy(args) => deploy::run(args, terminal),
            Self::List(args) => list::run(args, terminal),
            Self::Show(args) => show::run(args, terminal),
            Self::Invoke(args) => invoke::run(args, terminal),
            Self::Runs(args) => runs::run(args, terminal),
            Self::Logs(args) => logs::run(args, terminal),
            Self::Pause(args) => pause::pause(args, terminal),
            Self::Resume(args) => pause::resume(args, terminal),
            Self::Rollback(args) => rollback::run(args, terminal),
            Self::Delete(args) => delete::run(args, terminal),
            Self::Hooks(args) => hooks::run(args, terminal),
            Self::Serve(args) => serve::run(args, terminal),
            Self::Config(args) => config::run(args),
            Self::Cron(args) => cron::run(args, terminal),
            Self::Backup(args) => backup::run(args, terminal),
            Self::Restore(args) => restore::run(args, terminal),
            Self::Completions(args) => completions::run(args, Cli::command()),
        }
    }
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

//! What the commands that talk to a server have in common: their flags, the server, and how what it answers is printed.

use std::process::ExitCode;

use anyhow::Context as _;
use serde::Serialize;
use serde_json::value::RawValue;

use super::{command::Failure, ending};
use crate::{
    client::{Chosen, Login, Server},
    config::{ClientEnvironment, Proxy},
    json,
    terminal::Terminal,
};

/// Puts behind the examples of a command what holds for all that talk to a server.
macro_rules! with_codes {
    ($examples:literal) => {
        concat!(
            $examples,
            "

The server is that of the current login (`actiond login`, `actiond context`), or of --context or ACTIOND_CONTEXT; without any,
ACTIOND_SERVER, ACTIOND_EMAIL and ACTIOND_TOKEN say it. ACTIOND_ORG goes over the login's organisation, --org over both.

Exit codes: 0 done, 1 the run raised, 2 wrong usage or refused by the server, 3 the run was stopped by a limit, 4 there is
nothing of that name, 69 the server cannot be reached or takes nothing now, 70 a failure of actiond or of the server, 77 not
logged in or not allowed, 130 cancelled."
        )
    };
}
pub(super) use with_codes;

/// Which server, who, and how to print.
#[derive(Debug, clap::Args)]
pub(super) struct RemoteArgs {
    /// The login to use, by its context's name
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
    /// The organisation
    #[arg(long, value_name = "ORG")]
    org: Option<String>,
    /// For people, or for programs: JSON on one line
    #[arg(long, value_enum, value_name = "FORM", default_value_t = Output::Table)]
    pub(super) output: Output,
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Output {
    Table,
    Json,
}

/// A server that is talked to.
pub(super) struct Remote<'a> {
    pub(super) server: Server,
    pub(super) terminal: &'a Terminal,
    output: Output,
}

impl RemoteArgs {
    /// Finds the server, and does `work` with it.
    pub(super) fn talk(
        &self,
        terminal: &Terminal,
        work: impl AsyncFnOnce(&Remote<'_>) -> Result<ExitCode, Failure>,
    ) -> Result<ExitCode, Failure> {
        let chosen = Chosen { context: self.context.as_deref(), org: self.org.as_deref() };
        let login = Login::find(&chosen, &ClientEnvironment::read())?;
        let remote = Remote { server: connect(login, terminal)?, terminal, output: self.output };
        executor()?.block_on(work(&remote))
    }
}

impl Remote<'_> {
    /// Prints it as the server told it, or for people.
    pub(super) fn print(
        &self,
        told: &RawValue,
        for_people: impl FnOnce() -> anyhow::Result<()>,
    ) -> Result<ExitCode, Failure> {
        let printed = match self.output {
            Output::Json => ending::print(&json::compact(told.get())),
            Output::Table => for_people(),
        };
        printed.map_err(Failure::Internal)?;
        Ok(ExitCode::SUCCESS)
    }

    /// The same for what we put together.
    pub(super) fn print_ours(
        &self,
        told: &impl Serialize,
        for_people: impl FnOnce() -> anyhow::Result<()>,
    ) -> Result<ExitCode, Failure> {
        let told = serde_json::value::to_raw_value(told).map_err(Failure::internal)?;
        self.print(&told, for_people)
    }

    pub(super) fn prints_json(&self) -> bool {
        self.output == Output::Json
    }
}

/// A server by its login, through the proxy of the environment.
pub(super) fn connect(login: Login, terminal: &Terminal) -> Result<Server, Failure> {
    let proxy =
        Proxy::from_environment().context("the proxy of the environment").map_err(Failure::BadInput)?;
    Ok(Server::new(login, proxy.as_ref(), terminal)?)
}

/// What runs the requests: one thread will do.
pub(super) fn executor() -> Result<tokio::runtime::Runtime, Failure> {
    let executor = tokio::runtime::Builder::new_current_thread().enable_all().build();
    executor.context("cannot start the executor").map_err(Failure::Internal)
}

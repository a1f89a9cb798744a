//! Why a server does not do what it was asked for, in one line each, and whose fault that is.

use std::{io, path::PathBuf, time::Duration};

/// What is wrong.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("not logged in: run `actiond login URL`, or set ACTIOND_SERVER, ACTIOND_EMAIL and ACTIOND_TOKEN")]
    NoContext,
    #[error("there is no context {0:?}: `actiond context list` shows those that there are")]
    UnknownContext(String),
    #[error("{0:?} is no name of a context: write 1 to 100 characters without blanks")]
    ContextName(String),
    #[error("ACTIOND_SERVER is set but {0} is not: set it too, or name a context with --context")]
    Incomplete(&'static str),
    #[error("{0:?} is no address of a server: write one like https://actions.example.com")]
    Address(String),
    #[error("cannot tell where contexts are kept: set HOME, or XDG_CONFIG_HOME to a folder")]
    NoHome,
    #[error("{path}: cannot be {doing} ({why}): check the path and its permissions")]
    ContextsFile { path: PathBuf, doing: &'static str, why: io::ErrorKind },
    #[error("{path}: {what}: mend the file, or remove it and log in again")]
    Contexts { path: PathBuf, what: String },
    #[error("cannot set up the client: {0}")]
    Client(String),
    #[error("cannot reach {server} ({why}): check the address, and that the server runs")]
    Unreachable { server: String, why: String },
    #[error("{server} did not answer within {} s: try again", .wait.as_secs())]
    Silent { server: String, wait: Duration },
    #[error(
        "{server} goes on with the build {id}, which is not done within {} s: wait longer with --timeout-s",
        .wait.as_secs()
    )]
    Unfinished { server: String, wait: Duration, id: String },
    #[error("{server} answered with status {status} and no reason: try again")]
    Mute { server: String, status: u16 },
    #[error("{server} sent what is no answer of actiond ({what}): check the address")]
    NotOurs { server: String, what: String },
    #[error("{server} does not take the password or token of {email}: run `actiond login`")]
    Unauthorized { server: String, email: String },
    #[error("{email} may not do that in the organisation {org}: ask its admin, or name another with --org")]
    Forbidden { email: String, org: String },
    #[error("{message}")]
    Refused { status: u16, message: String },
    #[error("there is no action {name} in the organisation {org}: `actiond list` shows those that there are")]
    NoAction { name: String, org: String },
    #[error("several actions are named {name}: use an id: {ids}")]
    Ambiguous { name: String, ids: String },
    #[error("the action {0} has not run yet: `actiond invoke` runs it")]
    NoRuns(String),
}

/// What to do about it, told by an exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// What was given is wrong, or the server refuses it.
    Given,
    /// There is nothing of that name or id.
    Missing,
    /// The account is not known there, or may not do that.
    Denied,
    /// The server does not answer, or takes nothing now: try again.
    Away,
    /// Its failure.
    Server,
    /// Ours.
    Ours,
}

impl Error {
    pub(crate) fn fault(&self) -> Fault {
        match self {
            Self::UnknownContext(_)
            | Self::ContextName(_)
            | Self::Incomplete(_)
            | Self::Address(_)
            | Self::NoHome
            | Self::ContextsFile { .. }
            | Self::Contexts { .. }
            | Self::NotOurs { .. }
            | Self::Ambiguous { .. } => Fault::Given,
            Self::NoContext | Self::Unauthorized { .. } | Self::Forbidden { .. } => Fault::Denied,
            Self::Unreachable { .. } | Self::Silent { .. } | Self::Unfinished { .. } => Fault::Away,
            Self::NoAction { .. } | Self::NoRuns(_) => Fault::Missing,
            Self::Client(_) => Fault::Ours,
            Self::Mute { status, .. } => match status {
                429 | 502..=504 => Fault::Away,
                _ => Fault::Server,
            },
            Self::Refused { status, .. } => match status {
                401 | 403 => Fault::Denied,
                404 => Fault::Missing,
                429 | 503 => Fault::Away,
                400..=499 | 507 => Fault::Given,
                _ => Fault::Server,
            },
        }
    }
}

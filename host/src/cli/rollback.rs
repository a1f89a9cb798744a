//! `actiond rollback`: an action runs by an earlier version again.

use std::process::ExitCode;

use reqwest::Method;
use serde::{Serialize, de::IgnoredAny};

use super::{
    command::Failure,
    ending,
    remote::{RemoteArgs, with_codes},
};
use crate::{
    client::{Error, Told, VersionWire},
    terminal::Terminal,
};

const EXAMPLES: &str = with_codes!(
    "\
Examples:
  actiond rollback checkout-alerts
  actiond rollback checkout-alerts --to 3

`actiond show` lists the versions. What runs already goes on by the version it began with."
);

/// Run an action by an earlier version
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The action, by name or id
    action: String,
    /// The version [default: the one before the one that runs]
    #[arg(long, value_name = "VERSION")]
    to: Option<u32>,
    #[command(flatten)]
    remote: RemoteArgs,
}

#[derive(Serialize)]
struct Done<'a> {
    name: &'a str,
    version: u32,
}

/// Rolls back.
pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<ExitCode, Failure> {
    args.remote.talk(terminal, async |remote| {
        let server = &remote.server;
        let found = server.find(&args.action).await?;
        let versions: Told<Vec<VersionWire>> = server.get(&["actions", &found.id, "versions"]).await?;
        let version = args.to.or_else(|| before(&versions.value)).ok_or_else(|| {
            let message = format!("{} has no version before the one that runs", found.name);
            Error::Refused { status: 404, message }
        })?;
        let path = ["actions", &found.id, "versions", &version.to_string(), "rollback"];
        server.call(Method::POST, &path).read::<IgnoredAny>().await?;
        let name = &found.name;
        remote.print_ours(&Done { name, version }, || {
            ending::line(&format!("{name} runs by version {version}"))
        })
    })
}

/// The newest version that is older than the one that runs.
fn before(versions: &[VersionWire]) -> Option<u32> {
    let current = versions.iter().find(|version| version.current)?.version;
    versions.iter().map(|version| version.version).filter(|version| *version < current).max()
}

//! `actiond hooks`: URLs by which senders that cannot log in run an action.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::anyhow;
use clap::Subcommand;
use reqwest::Method;
use serde::{Serialize, de::IgnoredAny};

use super::{
    command::Failure,
    ending,
    remote::{RemoteArgs, with_codes},
    table::{Cell, Table},
};
use crate::{
    client::{HooksWire, MadeWire, Told},
    terminal::Terminal,
};

const SECRETS_BYTES_MAX: u64 = 4_096;

const EXAMPLES: &str = with_codes!(
    "\
Examples:
  actiond hooks create checkout-alerts --description \"from Grafana\"
  actiond hooks create checkout-alerts --signature github --secret-file secret.txt
  actiond hooks list checkout-alerts
  actiond hooks revoke checkout-alerts 2vYxqFZMkL9c0ujtsYcgvSTl8PA

The URL of a new hook is on standard output, and is shown nowhere else: who has it can run the action. docs/hooks.md has what
each sender wants."
);

/// Make, list and revoke URLs that run an action
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List an action's hooks
    #[command(after_help = EXAMPLES)]
    List {
        /// The action, by name or id
        action: String,
        #[command(flatten)]
        remote: RemoteArgs,
    },
    /// Make a hook, and print its URL
    #[command(after_help = EXAMPLES)]
    Create(CreateArgs),
    /// Revoke a hook: its URL answers no longer
    #[command(after_help = EXAMPLES)]
    Revoke {
        /// The action, by name or id
        action: String,
        /// The hook's id
        hook: String,
        #[command(flatten)]
        remote: RemoteArgs,
    },
}

#[derive(Debug, clap::Args)]
struct CreateArgs {
    /// The action, by name or id
    action: String,
    /// Who uses it
    #[arg(long, value_name = "TEXT", default_value = "")]
    description: String,
    /// How the sender signs what it sends
    #[arg(long, value_enum, value_name = "KIND", default_value_t = Signature::None)]
    signature: Signature,
    /// What it is signed with: the first line of FILE, or each line where several count; `-` is standard input
    #[arg(long, value_name = "FILE", required_if_eq_any = [
        ("signature", "standard-webhooks"), ("signature", "grafana"), ("signature", "github"),
    ])]
    secret_file: Option<PathBuf>,
    /// How far the sender's clock may be away
    #[arg(long, value_name = "SECONDS")]
    window_s: Option<u64>,
    /// When the sender gets its answer: once the run is accepted, or once it has ended
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Answer::Accepted)]
    answer: Answer,
    #[command(flatten)]
    remote: RemoteArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Signature {
    None,
    StandardWebhooks,
    Grafana,
    Github,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Accepted,
    Result,
}

#[derive(Serialize)]
struct NewHook<'a> {
    description: &'a str,
    signature: SignatureBody,
    answer: Answer,
}

/// As the API takes it.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum SignatureBody {
    None,
    StandardWebhooks {
        secrets: Vec<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        window_s: Option<u64>,
    },
    Grafana {
        secret: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        window_s: Option<u64>,
    },
    Github {
        secret: String,
    },
}

/// Does what is said.
pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<ExitCode, Failure> {
    match &args.verb {
        Verb::List { action, remote } => list(action, remote, terminal),
        Verb::Create(args) => create(args, terminal),
        Verb::Revoke { action, hook, remote } => remote.talk(terminal, async |remote| {
            let found = remote.server.find(action).await?;
            let call = remote.server.call(Method::DELETE, &["actions", &found.id, "hooks", hook]);
            let told = call.read::<IgnoredAny>().await?;
            remote.print(&told.json, || ending::line(&format!("revoked a hook of {}", found.name)))
        }),
    }
}

fn list(action: &str, remote: &RemoteArgs, terminal: &Terminal) -> Result<ExitCode, Failure> {
    remote.talk(terminal, async |remote| {
        let found = remote.server.find(action).await?;
        let told: Told<HooksWire> = remote.server.get(&["actions", &found.id, "hooks"]).await?;
        remote.print(&told.json, || {
            let mut table = Table::new(&["ID", "DESCRIPTION", "SIGNATURE", "ANSWER", "MADE", "BY"]);
            for hook in &told.value.hooks {
                table.row([
                    Cell::new(&hook.id),
                    Cell::new(&hook.description),
                    Cell::new(&hook.signature),
                    Cell::new(&hook.answer),
                    Cell::time(&hook.created_at),
                    Cell::new(&hook.created_by),
                ]);
            }
            table.print()
        })
    })
}

fn create(args: &CreateArgs, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let signature = args.signature_body()?;
    args.remote.talk(terminal, async |remote| {
        let found = remote.server.find(&args.action).await?;
        let new = NewHook { description: &args.description, signature, answer: args.answer };
        let call = remote.server.call(Method::POST, &["actions", &found.id, "hooks"]).json(&new);
        let told = call.read::<MadeWire>().await?;
        remote.print(&told.json, || ending::line(&told.value.url))
    })
}

impl CreateArgs {
    fn signature_body(&self) -> Result<SignatureBody, Failure> {
        let window_s = self.window_s;
        let secrets = || self.secret_file.as_deref().map_or_else(|| Ok(Vec::new()), secrets);
        let first = || Ok::<_, Failure>(secrets()?.into_iter().next().unwrap_or_default());
        Ok(match self.signature {
            Signature::None => SignatureBody::None,
            Signature::StandardWebhooks => SignatureBody::StandardWebhooks { secrets: secrets()?, window_s },
            Signature::Grafana => SignatureBody::Grafana { secret: first()?, window_s },
            Signature::Github => SignatureBody::Github { secret: first()? },
        })
    }
}

/// The lines of a file that are not empty.
fn secrets(path: &Path) -> Result<Vec<String>, Failure> {
    use std::io::Read as _;
    let mut text = String::new();
    let read = match path.as_os_str() == "-" {
        true => std::io::stdin().lock().take(SECRETS_BYTES_MAX).read_to_string(&mut text),
        false => {
            let file = std::fs::File::open(path);
            file.and_then(|file| file.take(SECRETS_BYTES_MAX).read_to_string(&mut text))
        }
    };
    read.map_err(|error| {
        let why = error.kind();
        Failure::BadInput(anyhow!("--secret-file {}: cannot be read ({why}): check the path", path.display()))
    })?;
    Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect())
}

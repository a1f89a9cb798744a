//! `actiond deploy`: a folder or zip becomes an action, or a new version of one.

use std::{fs, path::PathBuf, process::ExitCode, time::Duration};

use anyhow::{Context as _, anyhow};
use reqwest::{Method, header::HeaderName};
use serde::Serialize;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::{
    command::Failure,
    ending,
    remote::{Remote, RemoteArgs, with_codes},
    table,
};
use crate::{
    bundle,
    client::{BuildWire, DetailsWire, Form, Named, ScheduleWire, SettingsWire},
    config,
    deps::project_name,
    environment::Environment,
    terminal::Terminal,
};

const PREFER: HeaderName = HeaderName::from_static("prefer");
/// A zip of the largest size, by a slow line.
const UPLOAD_WAIT: Duration = Duration::from_secs(600);

const EXAMPLES: &str = with_codes!(
    "\
Examples:
  actiond deploy checkout-alerts/
  actiond deploy report/ --schedule '0 7 * * 1-5' --timezone Europe/Berlin
  actiond deploy build/alerts.zip --name checkout-alerts --env MIN_LEVEL=error --secret SLACK_WEBHOOK_URL
  actiond deploy checkout-alerts/ --allow-net hooks.slack.com:443 --policy '{\"stateful\": true}'

The action that has the name gets a new version; without one it is made. What is not said of an action that is there stays as
it is. The name is --name, else that of pyproject.toml, else that of the folder or zip. Packages that it declares are
installed by the server, which takes a while the first time."
);

/// Upload an action, or a new version of one
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The action: a folder, or a zip
    path: PathBuf,
    /// Its name
    #[arg(long)]
    name: Option<String>,
    /// When it runs: when it is called, by its schedule, or once as soon as it is there. Cannot be changed later
    /// [default: service, or repeat with --schedule]
    #[arg(long, value_enum, value_name = "TYPE")]
    r#type: Option<Type>,
    /// When it is due: a cron expression or an interval, see `actiond cron`
    #[arg(long, value_name = "EXPR")]
    schedule: Option<String>,
    /// The time zone of the schedule, by its name in the IANA database
    #[arg(long, value_name = "ZONE")]
    timezone: Option<String>,
    /// A variable of its environment; may be given many times, others stay
    #[arg(long, value_name = "KEY=VALUE")]
    env: Vec<String>,
    /// A variable that it has no longer
    #[arg(long, value_name = "KEY")]
    unset_env: Vec<String>,
    /// A secret of the organisation that it gets; may be given many times, then these are all
    #[arg(long, value_name = "NAME")]
    secret: Vec<String>,
    /// What its runs may reach, of what the organisation may; may be given many times, then these are all
    #[arg(long, value_name = "HOST[:PORT]")]
    allow_net: Vec<String>,
    /// Its policy, a JSON object as docs/api.md has it
    #[arg(long, value_name = "JSON")]
    policy: Option<String>,
    /// The account whose token its runs get [default: one's own]
    #[arg(long, value_name = "EMAIL")]
    service_account: Option<String>,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Wait so long for the server to install packages and try it out
    #[arg(long, value_name = "N", default_value_t = 900, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout_s: u64,
    #[command(flatten)]
    remote: RemoteArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Type {
    Service,
    Repeat,
    Once,
}

/// What is sent, read and checked as far as can be here.
struct Draft {
    name: String,
    file_name: String,
    zip: Vec<u8>,
    env: Environment,
    policy: Option<Value>,
}

#[derive(Serialize)]
struct Done<'a> {
    id: &'a str,
    name: &'a str,
    version: u32,
    created: bool,
}

/// Deploys it.
pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let draft = Draft::read(args)?;
    args.remote.talk(terminal, async |remote| {
        let server = &remote.server;
        let found = server.seek(&draft.name).await?;
        let form = form(args, &draft, remote, found.as_ref()).await?;
        let call = server.call(Method::POST, &["actions", "upload"]).header(PREFER, "respond-async");
        let build = call.form(form).wait(UPLOAD_WAIT).read::<BuildWire>().await?.value;
        let following = server.follow_build(build, Duration::from_secs(args.timeout_s), |line| {
            terminal.note(line);
        });
        let id = server.patiently(&format!("deploying {}", draft.name), following).await?;
        let settings = server.get::<SettingsWire>(&["actions", &id, "settings"]).await?.value;
        let (created, version) = (found.is_none(), settings.version);
        let name = found.as_ref().map_or(&draft.name, |found| &found.name);
        let schedule = server.get::<ScheduleWire>(&["actions", &id, "schedule"]).await?.value;
        remote.print_ours(&Done { id: &id, name, version, created }, || {
            let done = if created { "made" } else { "updated" };
            ending::line(&format!("{done} {name}, version {version}, id {id}"))?;
            if let Some(next) = schedule.next.first() {
                terminal.note(&format!("next due {}", table::time(next)));
            }
            Ok(())
        })
    })
}

/// What is not said of an action that is there stays as it is.
async fn form(
    args: &Args,
    draft: &Draft,
    remote: &Remote<'_>,
    found: Option<&Named>,
) -> Result<Form, Failure> {
    let (server, email) = (&remote.server, &remote.server.login().email);
    let before = match found {
        Some(found) => Some(server.get::<DetailsWire>(&["actions", &found.id]).await?.value),
        None => None,
    };
    let kind = match (args.r#type, &before) {
        (Some(kind), _) => kind.as_str().to_owned(),
        (None, Some(before)) => before.execution_details.clone(),
        (None, None) if args.schedule.is_some() => Type::Repeat.as_str().to_owned(),
        (None, None) => Type::Service.as_str().to_owned(),
    };
    let mut env = before.as_ref().map(|before| before.environment_variables.clone()).unwrap_or_default();
    env.retain(|key, _| !args.unset_env.contains(key));
    env.extend(draft.env.variables().iter().cloned());
    let env = serde_json::to_string(&env).map_err(Failure::internal)?;
    let kept = |said: &Option<String>, kept: fn(&DetailsWire) -> Option<&String>| {
        said.clone().or_else(|| before.as_ref().and_then(kept).cloned())
    };
    let account = kept(&args.service_account, |before| Some(&before.service_account));
    let secrets = (!args.secret.is_empty()).then(|| json!(args.secret).to_string());
    Ok(Form::new()
        .field("name", found.map_or(&draft.name, |found| &found.name))
        .field("owner", email)
        .field("execution_details", &kind)
        .field("service_account", account.as_ref().unwrap_or(email))
        .field("environment_variables", &env)
        .maybe("id", found.map(|found| found.id.as_str()))
        .maybe("description", kept(&args.description, |before| before.description.as_ref()).as_deref())
        .maybe("cron_expr", kept(&args.schedule, |before| before.cron_expr.as_ref()).as_deref())
        .maybe("timezone", args.timezone.as_deref())
        .maybe("policy", draft.policy.as_ref().map(Value::to_string).as_deref())
        .maybe("secrets", secrets.as_deref())
        .field("filename", &draft.file_name)
        .file("file", &draft.file_name, &draft.zip))
}

impl Draft {
    fn read(args: &Args) -> Result<Self, Failure> {
        let env = Environment::parse(&args.env, &config::ENVIRONMENT_LIMITS);
        let env = env.map_err(|error| Failure::BadInput(anyhow!("--env: {error}")))?;
        let policy = args.policy()?;
        let work = TempDir::new().context("cannot make a work folder").map_err(Failure::Internal)?;
        let (files, packed) = (work.path().join("files"), work.path().join("packed"));
        for folder in [&files, &packed] {
            fs::create_dir(folder).context("cannot make a work folder").map_err(Failure::Internal)?;
        }
        // What the server would refuse is told before it is sent.
        let unpacked = bundle::unpack(&args.path, &files, &config::BUNDLE_LIMITS).map_err(bad_bundle)?;
        let is_folder = args.path.is_dir();
        let zip = match is_folder {
            true => bundle::pack(&unpacked.root, &packed, &config::BUNDLE_LIMITS).map_err(bad_bundle)?,
            false => fs::read(&args.path)
                .with_context(|| format!("cannot read {}", args.path.display()))
                .map_err(Failure::BadInput)?,
        };
        let path = fs::canonicalize(&args.path).unwrap_or_else(|_| args.path.clone());
        let stem = if is_folder { path.file_name() } else { path.file_stem() };
        let stem = stem.map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let name = args.name.clone().or_else(|| project_name(&unpacked.root)).unwrap_or_else(|| stem.clone());
        Ok(Self { name, file_name: format!("{stem}.zip"), zip, env, policy })
    }
}

impl Args {
    /// The policy that is said, with what has a flag of its own.
    fn policy(&self) -> Result<Option<Value>, Failure> {
        let mut policy: Map<String, Value> = match &self.policy {
            None => Map::new(),
            Some(text) => serde_json::from_str(text)
                .map_err(|error| Failure::BadInput(anyhow!("--policy: not a JSON object: {error}")))?,
        };
        if !self.allow_net.is_empty() {
            policy.insert("egress".to_owned(), json!(self.allow_net));
        }
        Ok((!policy.is_empty()).then_some(Value::Object(policy)))
    }
}

impl Type {
    fn as_str(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Repeat => "repeat",
            Self::Once => "once",
        }
    }
}

fn bad_bundle(error: bundle::Error) -> Failure {
    match error {
        refused @ bundle::Error::Refused { .. } => Failure::bad_input(refused),
        ours @ bundle::Error::Work { .. } => Failure::internal(ours),
    }
}

//! `actiond show`: an action with its settings, schedule and versions, or a run.

use std::process::ExitCode;

use serde::Serialize;
use serde_json::value::RawValue;

use super::{
    command::Failure,
    remote::{Remote, RemoteArgs, with_codes},
    table::{Cell, Table, time},
};
use crate::{
    client::{ActionWire, DetailsWire, Error, RunWire, ScheduleWire, SettingsWire, Told, VersionWire},
    json,
    model::id::RunId,
    terminal::Terminal,
};

const EXAMPLES: &str = with_codes!(
    "\
Examples:
  actiond show checkout-alerts
  actiond show 01a21190-3848-7000-8d2d-57cb23ab64f6
  actiond show checkout-alerts --output json | jq .settings.policy

An action is named by its name or its id, a run by its id. Values of environment variables are only in the JSON, and that
only for editors."
);

/// Versions that are shown to people.
const VERSIONS_SHOWN: usize = 5;

/// Show an action or a run
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The action, by name or id, or the run
    #[arg(value_name = "ACTION|RUN")]
    what: String,
    #[command(flatten)]
    remote: RemoteArgs,
}

/// All that is known of an action.
struct Known {
    action: ActionWire,
    settings: Told<SettingsWire>,
    schedule: Told<ScheduleWire>,
    versions: Told<Vec<VersionWire>>,
    /// Of what only editors may see.
    details: Option<Told<DetailsWire>>,
}

/// The same for programs.
#[derive(Serialize)]
struct Whole<'a> {
    id: &'a str,
    name: &'a str,
    status: &'a str,
    details: Option<&'a RawValue>,
    settings: &'a RawValue,
    schedule: &'a RawValue,
    versions: &'a RawValue,
}

/// Prints what is known.
pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<ExitCode, Failure> {
    args.remote.talk(terminal, async |remote| {
        if is_run(&args.what) {
            let run = remote.server.run(&args.what).await?;
            return remote.print(&run.json, || run_facts(&run.value).print());
        }
        let known = Known::of(remote, &args.what).await?;
        let whole = Whole {
            id: &known.action.id,
            name: &known.action.name,
            status: &known.action.status,
            details: known.details.as_ref().map(|details| &*details.json),
            settings: &known.settings.json,
            schedule: &known.schedule.json,
            versions: &known.versions.json,
        };
        remote.print_ours(&whole, || known.facts().print())
    })
}

/// Whether that is the id of a run: no action's name or id looks like one.
pub(super) fn is_run(text: &str) -> bool {
    text.parse::<RunId>().is_ok()
}

impl Known {
    async fn of(remote: &Remote<'_>, what: &str) -> Result<Self, Failure> {
        let server = &remote.server;
        let id = server.find(what).await?.id;
        let actions = server.actions().await?.value;
        let gone = || Error::NoAction { name: what.to_owned(), org: server.login().org.clone() };
        let action = actions.into_iter().find(|action| action.id == id).ok_or_else(gone)?;
        let details = match server.get(&["actions", &id]).await {
            Err(Error::Forbidden { .. }) => None,
            details => Some(details?),
        };
        Ok(Self {
            action,
            settings: server.get(&["actions", &id, "settings"]).await?,
            schedule: server.get(&["actions", &id, "schedule"]).await?,
            versions: server.get(&["actions", &id, "versions"]).await?,
            details,
        })
    }

    fn facts(&self) -> Table {
        let (settings, schedule) = (&self.settings.value, &self.schedule.value);
        let mut table = Table::facts();
        table.fact("name", Cell::new(&self.action.name));
        table.fact("id", Cell::new(&self.action.id));
        table.fact("type", Cell::new(&self.action.execution_details_type));
        let status = if settings.paused { "paused" } else { &self.action.status };
        table.fact("status", Cell::status(status));
        if let Some(cron) = &schedule.cron_expr {
            table.fact("schedule", Cell::new(&format!("{cron} ({})", settings.timezone)));
            table.fact(
                "next due",
                schedule.next.first().map_or_else(|| Cell::new(""), |next| Cell::time(next)),
            );
            table.fact("skipped, missed", Cell::new(&format!("{}, {}", schedule.skipped, schedule.missed)));
        }
        if let Some(Told { value: details, .. }) = &self.details {
            table.fact("description", Cell::maybe(details.description.as_deref()));
            table.fact("service account", Cell::new(&details.service_account));
            let names: Vec<&str> = details.environment_variables.keys().map(String::as_str).collect();
            table.fact("environment", Cell::new(&names.join(", ")));
        }
        if settings.guest == "data" {
            table.fact("has", Cell::new("NumPy and pandas"));
        }
        table.fact("secrets", Cell::new(&settings.secrets.join(", ")));
        table.fact("made", Cell::micros(Some(self.action.created_at)));
        table.fact("made by", Cell::new(&self.action.created_by));
        for version in self.versions.value.iter().take(VERSIONS_SHOWN) {
            let VersionWire { version, current, bytes, created_by, created_at } = version;
            let (time, now) = (time(created_at), if *current { ", runs" } else { "" });
            let text = format!("{version}: {bytes} bytes, {time} by {created_by}{now}");
            table.fact("version", Cell::new(&text));
        }
        table
    }
}

fn run_facts(run: &RunWire) -> Table {
    let mut table = Table::facts();
    table.fact("run", Cell::new(&run.run_id));
    table.fact("action", Cell::new(&run.action_id));
    table.fact("version", Cell::new(&run.version.to_string()));
    table.fact("trigger", Cell::new(&run.trigger));
    table.fact("status", Cell::status(&run.status));
    table.fact("asked for", Cell::time(&run.queued_at));
    if let Some(usage) = &run.usage {
        table.fact("took", Cell::new(&took(usage.wall_us)));
        table.fact("fuel", Cell::new(&usage.fuel.to_string()));
    }
    if let Some(error) = &run.error {
        table.fact("error", Cell::new(&format!("{}: {}", error.r#type, error.message)));
    }
    if let Some(result) = &run.result {
        table.fact("result", Cell::new(&json::compact(result.get())));
    }
    table
}

/// A duration for people.
pub(super) fn took(wall_us: u64) -> String {
    match wall_us {
        0..10_000_000 => format!("{:.1} ms", wall_us as f64 / 1e3),
        _ => format!("{:.1} s", wall_us as f64 / 1e6),
    }
}

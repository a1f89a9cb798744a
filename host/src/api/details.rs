//! What OpenObserve's routes do not show of an action: its policy, its schedule, its versions.

use std::time::Duration;

use axum::{Json, extract::State, response::Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    actions::{DoneWire, zip_of},
    caller::{Caller, action_id},
    egress::{rules, texts},
    organisations::given,
    problem::Problem,
    query::{Body, Path, object_field},
    wire::rfc3339,
};
use crate::{
    app::{App, Edit, Grants},
    clock,
    model::{
        account::Permission,
        action::{Action, Activity, Kind, Version},
        id::ActionId,
        policy::{Missed, Overlap, Policy, Rate},
        schedule::{Schedule, Zone},
    },
    store,
};

/// Due times that are shown.
const NEXT_SHOWN: usize = 5;

/// How an action's runs are bounded, queued, retried and kept. What is left out stays, or is the server's default.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct PolicyWire {
    fuel: Option<u64>,
    wall_ms: Option<u64>,
    /// Of one run; 0 for what its guest has by default
    memory_bytes: Option<u64>,
    /// Runs at one time
    parallel: Option<u32>,
    /// Runs that may wait
    queue: Option<u32>,
    /// At most so many runs in each stretch of so long; `runs` 0 for no bound
    #[serde(deserialize_with = "object_field")]
    rate: Option<RateWire>,
    /// skip, queue, allow
    overlap: Option<String>,
    /// skip, once, all
    missed: Option<String>,
    /// How many missed times `all` makes up for
    missed_runs: Option<u32>,
    retry_attempts: Option<u32>,
    retry_delay_ms: Option<u64>,
    retry_delay_ms_max: Option<u64>,
    retention_runs: Option<u64>,
    retention_s: Option<u64>,
    retention_bytes: Option<u64>,
    /// Equal payloads that come by hook within this time are one run; 0 for no such time
    coalesce_ms: Option<u64>,
    /// Whether module globals live on from run to run
    stateful: Option<bool>,
    /// Rules for what runs may reach on the network, of what the organisation may; null for all of that
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<Vec<String>>)]
    egress: Option<Option<Vec<String>>>,
    /// Whether the script may turn off that certificates are checked, where the operator and the organisation allow it
    unverified_tls: Option<bool>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RateWire {
    runs: u32,
    per_ms: u64,
}

/// An action's settings beyond OpenObserve's.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ActionSettings)]
pub(super) struct SettingsWire {
    timezone: String,
    paused: bool,
    version: u32,
    /// What it runs in: `base`, or `data` with NumPy and pandas
    guest: &'static str,
    policy: PolicyWire,
    /// The organisation's secrets that it was granted
    secrets: Vec<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ActionSettingsEdit)]
pub(super) struct EditSettingsWire {
    timezone: Option<String>,
    #[serde(default, deserialize_with = "object_field")]
    policy: Option<PolicyWire>,
    /// Names of the organisation's secrets that it gets; only an admin changes them
    secrets: Option<Vec<String>>,
}

/// When an action runs by itself, and what became of earlier times.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ScheduleWire {
    cron_expr: Option<String>,
    timezone: String,
    paused: bool,
    /// The next due times
    next: Vec<String>,
    /// How late the latest timed run began
    lateness_ms: Option<u64>,
    skipped: u64,
    missed: u64,
}

/// One upload of an action's code.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct VersionWire {
    version: u32,
    current: bool,
    /// What it runs in: `base`, or `data` with NumPy and pandas
    guest: &'static str,
    zip_file_name: String,
    bytes: u64,
    created_by: String,
    created_at: String,
}

/// Show an action's policy
#[utoipa::path(
    get, path = "/api/{org}/actions/{id}/settings", tag = "actions",
    params(("org" = String, Path, description = "The organisation"), ("id" = String, Path, description = "The action")),
    responses((status = 200, body = SettingsWire), (status = 404, body = super::ErrorWire))
)]
pub(super) async fn settings(
    State(app): State<App>,
    Path((org, id)): Path<(String, String)>,
    caller: Caller,
) -> Result<Json<SettingsWire>, Problem> {
    let (action, _) = found(&app, &caller, &org, &id).await?;
    Ok(Json(SettingsWire {
        policy: PolicyWire::of(&app, &action),
        timezone: action.zone,
        paused: action.paused,
        version: action.version,
        guest: action.guest.as_str(),
        secrets: action.secrets,
    }))
}

/// Change an action's policy or time zone
#[utoipa::path(
    put, path = "/api/{org}/actions/{id}/settings", tag = "actions",
    params(("org" = String, Path, description = "The organisation"), ("id" = String, Path, description = "The action")),
    request_body = EditSettingsWire,
    responses((status = 200, body = SettingsWire), (status = 400, body = super::ErrorWire))
)]
pub(super) async fn edit_settings(
    State(app): State<App>,
    Path((org, id)): Path<(String, String)>,
    caller: Caller,
    Body(wire): Body<EditSettingsWire>,
) -> Result<Json<SettingsWire>, Problem> {
    caller.may(&org, Permission::EditActions)?;
    let (action, _) = found(&app, &caller, &org, &id).await?;
    let policy = wire.policy.map(|policy| policy.over(&action.policy)).transpose()?;
    let by_admin = caller.may(&org, Permission::Administer).is_ok();
    let grants = wire.secrets.map(|names| Grants { names, by_admin });
    let edit = Edit { zone: wire.timezone, policy, grants, ..Edit::default() };
    app.edit(action.org, action.id, edit, caller.email()).await?;
    settings(State(app), Path((org, id)), caller).await
}

/// Show when an action is due, and how timely it was
#[utoipa::path(
    get, path = "/api/{org}/actions/{id}/schedule", tag = "actions",
    params(("org" = String, Path, description = "The organisation"), ("id" = String, Path, description = "The action")),
    responses((status = 200, body = ScheduleWire), (status = 404, body = super::ErrorWire))
)]
pub(super) async fn schedule(
    State(app): State<App>,
    Path((org, id)): Path<(String, String)>,
    caller: Caller,
) -> Result<Json<ScheduleWire>, Problem> {
    let (action, activity) = found(&app, &caller, &org, &id).await?;
    let next = next_due(&action, activity.decided_until.unwrap_or_else(clock::now));
    Ok(Json(ScheduleWire {
        cron_expr: action.cron.filter(|_| action.kind == Kind::Repeat),
        timezone: action.zone,
        paused: action.paused,
        next,
        lateness_ms: activity.lateness_ms,
        skipped: activity.skipped,
        missed: activity.missed,
    }))
}

fn next_due(action: &Action, after: Timestamp) -> Vec<String> {
    let schedule = match (action.kind, action.paused) {
        (Kind::Repeat, false) => action.cron.as_deref(),
        (Kind::Repeat, true) | (Kind::Once | Kind::Service, _) => None,
    };
    let zone = Zone::parse(&action.zone).unwrap_or_default();
    let schedule = schedule.and_then(|cron| Schedule::parse(cron, zone).ok());
    let due = schedule.iter().flat_map(|schedule| schedule.due(after, Timestamp::MAX).take(NEXT_SHOWN));
    due.map(rfc3339).collect()
}

/// List an action's versions, newest first
#[utoipa::path(
    get, path = "/api/{org}/actions/{id}/versions", tag = "actions",
    params(("org" = String, Path, description = "The organisation"), ("id" = String, Path, description = "The action")),
    responses((status = 200, body = [VersionWire]), (status = 404, body = super::ErrorWire))
)]
pub(super) async fn versions(
    State(app): State<App>,
    Path((org, id)): Path<(String, String)>,
    caller: Caller,
) -> Result<Json<Vec<VersionWire>>, Problem> {
    let (action, _) = found(&app, &caller, &org, &id).await?;
    let (id, current) = (action.id, action.version);
    let versions =
        app.store().read(move |view| view.versions(&id).collect::<store::Result<Vec<_>>>()).await?;
    Ok(Json(versions.into_iter().map(|version| VersionWire::new(version, current)).collect()))
}

/// Download the zip of a version
#[utoipa::path(
    get, path = "/api/{org}/actions/{id}/versions/{version}/download", tag = "actions",
    params(
        ("org" = String, Path, description = "The organisation"),
        ("id" = String, Path, description = "The action"),
        ("version" = u32, Path, description = "The version"),
    ),
    responses((status = 200, content_type = "application/zip"), (status = 404, body = super::ErrorWire))
)]
pub(super) async fn download_version(
    State(app): State<App>,
    Path((org, id, version)): Path<(String, String, String)>,
    caller: Caller,
) -> Result<Response, Problem> {
    let org = caller.may(&org, Permission::ReadSecrets)?;
    let id = action_id(&id)?;
    zip_of(&app, org, id, Some(version_number(&version)?)).await
}

/// Run an action by an earlier version
#[utoipa::path(
    post, path = "/api/{org}/actions/{id}/versions/{version}/rollback", tag = "actions",
    params(
        ("org" = String, Path, description = "The organisation"),
        ("id" = String, Path, description = "The action"),
        ("version" = u32, Path, description = "The version"),
    ),
    responses((status = 200, body = DoneWire), (status = 404, body = super::ErrorWire))
)]
pub(super) async fn roll_back(
    State(app): State<App>,
    Path((org, id, version)): Path<(String, String, String)>,
    caller: Caller,
) -> Result<Json<DoneWire>, Problem> {
    let org = caller.may(&org, Permission::EditActions)?;
    let id = action_id(&id)?;
    app.roll_back(org, id, version_number(&version)?, caller.email()).await?;
    Ok(Json(DoneWire { code: 200, message: "Action rolled back" }))
}

fn version_number(text: &str) -> Result<u32, Problem> {
    text.parse().map_err(|_| Problem::not_found("there is no such version"))
}

async fn found(app: &App, caller: &Caller, org: &str, id: &str) -> Result<(Action, Activity), Problem> {
    let org = caller.may(org, Permission::ReadActions)?;
    let id: ActionId = action_id(id)?;
    let found = app.store().read(move |view| {
        let Some(action) = view.action(&org, &id)? else { return Ok(None) };
        Ok::<_, store::Error>(Some((action, view.activity(&id)?)))
    });
    found.await?.ok_or_else(|| Problem::not_found(format!("there is no action {id}")))
}

impl PolicyWire {
    /// A policy that is this where this says something, and `policy` elsewhere.
    pub(super) fn over(self, policy: &Policy) -> Result<Policy, Problem> {
        let mut policy = policy.clone();
        let ms = Duration::from_millis;
        let set = |place: &mut Duration, value: Option<u64>| *place = value.map_or(*place, ms);
        policy.fuel = self.fuel.unwrap_or(policy.fuel);
        set(&mut policy.wall, self.wall_ms);
        if let Some(bytes) = self.memory_bytes {
            policy.memory_bytes = (bytes > 0).then(|| usize::try_from(bytes).unwrap_or(usize::MAX));
        }
        policy.parallel = self.parallel.unwrap_or(policy.parallel);
        policy.queue = self.queue.unwrap_or(policy.queue);
        if let Some(RateWire { runs, per_ms }) = self.rate {
            policy.rate = (runs > 0).then_some(Rate { runs, per: ms(per_ms) });
        }
        if let Some(overlap) = self.overlap {
            let bad = || Problem::bad_request("policy: overlap is none of skip, queue, allow");
            policy.overlap = Overlap::parse(&overlap).ok_or_else(bad)?;
        }
        policy.missed = missed(self.missed.as_deref(), self.missed_runs, policy.missed)?;
        policy.retry.attempts = self.retry_attempts.unwrap_or(policy.retry.attempts);
        set(&mut policy.retry.delay, self.retry_delay_ms);
        set(&mut policy.retry.delay_max, self.retry_delay_ms_max);
        policy.retention.runs = self.retention_runs.unwrap_or(policy.retention.runs);
        policy.retention.age = self.retention_s.map_or(policy.retention.age, Duration::from_secs);
        policy.retention.bytes = self.retention_bytes.unwrap_or(policy.retention.bytes);
        if let Some(coalesce) = self.coalesce_ms {
            policy.coalesce = (coalesce > 0).then(|| ms(coalesce));
        }
        policy.stateful = self.stateful.unwrap_or(policy.stateful);
        if let Some(egress) = self.egress {
            policy.egress = egress.as_deref().map(rules).transpose()?;
        }
        policy.unverified_tls = self.unverified_tls.unwrap_or(policy.unverified_tls);
        Ok(policy)
    }
}

fn missed(word: Option<&str>, runs: Option<u32>, now: Missed) -> Result<Missed, Problem> {
    /// What `all` makes up for when nobody says how many.
    const RUNS: u32 = 10;
    match (word, now) {
        (Some("skip"), _) => Ok(Missed::Skip),
        (Some("once"), _) => Ok(Missed::Once),
        (Some("all"), _) => Ok(Missed::All { runs_max: runs.unwrap_or(RUNS) }),
        (Some(_), _) => Err(Problem::bad_request("policy: missed is none of skip, once, all")),
        (None, Missed::All { runs_max }) => Ok(Missed::All { runs_max: runs.unwrap_or(runs_max) }),
        (None, now @ (Missed::Skip | Missed::Once)) => Ok(now),
    }
}

impl PolicyWire {
    /// An action's, with what holds where it does not say.
    fn of(app: &App, action: &Action) -> Self {
        let policy = &action.policy;
        let memory_bytes = app.settings().policy.memory_bytes(policy, action.guest);
        let ms = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let (missed, missed_runs) = match policy.missed {
            Missed::Skip => ("skip", None),
            Missed::Once => ("once", None),
            Missed::All { runs_max } => ("all", Some(runs_max)),
        };
        Self {
            fuel: Some(policy.fuel),
            wall_ms: Some(ms(policy.wall)),
            memory_bytes: Some(memory_bytes as u64),
            parallel: Some(policy.parallel),
            queue: Some(policy.queue),
            rate: policy.rate.map(|rate| RateWire { runs: rate.runs, per_ms: ms(rate.per) }),
            overlap: Some(policy.overlap.as_str().to_owned()),
            missed: Some(missed.to_owned()),
            missed_runs,
            retry_attempts: Some(policy.retry.attempts),
            retry_delay_ms: Some(ms(policy.retry.delay)),
            retry_delay_ms_max: Some(ms(policy.retry.delay_max)),
            retention_runs: Some(policy.retention.runs),
            retention_s: Some(policy.retention.age.as_secs()),
            retention_bytes: Some(policy.retention.bytes),
            coalesce_ms: policy.coalesce.map(ms),
            stateful: Some(policy.stateful),
            egress: Some(policy.egress.as_deref().map(texts)),
            unverified_tls: Some(policy.unverified_tls),
        }
    }
}

impl VersionWire {
    fn new(version: Version, current: u32) -> Self {
        Self {
            version: version.number,
            current: version.number == current,
            guest: version.guest.as_str(),
            zip_file_name: version.zip_file_name,
            bytes: version.bytes,
            created_by: version.created_by,
            created_at: rfc3339(version.created_at),
        }
    }
}

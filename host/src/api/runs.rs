//! The routes of runs: lists, one run, its log, cancelling, replaying, dead letters.

use std::convert::Infallible;

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{
        IntoResponse as _, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    actions::DoneWire,
    caller::{Caller, action_id, run_id, shown},
    problem::Problem,
    query::{Path, Query},
    wire::{LogLineWire, RunWire},
};
use crate::{
    answer::{self, EndedWire, Prefer, Word, answer},
    app::{App, new_traceparent},
    model::{
        account::Permission,
        id::{OrgId, RunId},
        run::{LogLine, Run, Status, Trigger},
    },
    runner::Follow,
    store::{self, Filter, Index, Page},
};

const LIMIT: usize = 50;
const LIMIT_MAX: usize = 1_000;

/// Which runs.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// queued, running, completed, errored, cancelled, interrupted
    status: Option<String>,
    /// invoke, hook, schedule, once, test, replay, search
    trigger: Option<String>,
    /// RFC 3339: asked for at this time or later
    since: Option<String>,
    /// RFC 3339: asked for before this time
    until: Option<String>,
    /// `next` of the page before
    before: Option<String>,
    /// At most so many, up to 1,000
    limit: Option<usize>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct DeadQuery {
    /// `next` of the page before
    before: Option<String>,
    /// At most so many, up to 1,000
    limit: Option<usize>,
}

/// Some runs, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RunPage)]
pub(super) struct PageWire {
    runs: Vec<RunWire>,
    /// Where the next page begins; null at the end
    next: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct LogQuery {
    /// Follow the log of a run until it ends, as server-sent events
    #[serde(default)]
    follow: bool,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ReplayQuery {
    /// By this version instead of the one that runs now
    version: Option<u32>,
}

/// List an organisation's runs, newest first
#[utoipa::path(
    get, path = "/api/{org}/runs", tag = "runs",
    params(("org" = String, Path, description = "The organisation"), ListQuery),
    responses((status = 200, body = PageWire), (status = 400, body = super::ErrorWire))
)]
pub(super) async fn list(
    State(app): State<App>,
    Path(org): Path<String>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<PageWire>, Problem> {
    let org = caller.may(&org, Permission::ReadRuns)?;
    page(&app, Index::Organisation(org), &query).await
}

/// List an action's runs, newest first
#[utoipa::path(
    get, path = "/api/{org}/actions/{id}/runs", tag = "runs",
    params(("org" = String, Path, description = "The organisation"), ("id" = String, Path, description = "The action"), ListQuery),
    responses((status = 200, body = PageWire), (status = 404, body = super::ErrorWire))
)]
pub(super) async fn list_of_action(
    State(app): State<App>,
    Path((org, id)): Path<(String, String)>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<PageWire>, Problem> {
    let org = caller.may(&org, Permission::ReadRuns)?;
    let id = action_id(&id)?;
    let action = app.store().read(move |view| view.action(&org, &id)).await?;
    action.ok_or_else(|| Problem::not_found(format!("there is no action {id}")))?;
    page(&app, Index::Action(id), &query).await
}

/// Show a run
#[utoipa::path(
    get, path = "/api/{org}/runs/{run_id}", tag = "runs",
    params(("org" = String, Path, description = "The organisation"), ("run_id" = String, Path, description = "The run")),
    responses((status = 200, body = RunWire), (status = 404, body = super::ErrorWire))
)]
pub(super) async fn show(
    State(app): State<App>,
    Path((org, id)): Path<(String, String)>,
    caller: Caller,
) -> Result<Json<RunWire>, Problem> {
    let org = caller.may(&org, Permission::ReadRuns)?;
    let (run, result) = found_with_result(&app, &org, &id).await?;
    Ok(Json(RunWire::new(&run, result)))
}

/// Show or follow a run's log
#[utoipa::path(
    get, path = "/api/{org}/runs/{run_id}/logs", tag = "runs",
    params(("org" = String, Path, description = "The organisation"), ("run_id" = String, Path, description = "The run"), LogQuery),
    responses((status = 200, body = [LogLineWire]), (status = 404, body = super::ErrorWire))
)]
pub(super) async fn logs(
    State(app): State<App>,
    Path((org, id)): Path<(String, String)>,
    caller: Caller,
    Query(query): Query<LogQuery>,
) -> Result<Response, Problem> {
    let org = caller.may(&org, Permission::ReadRuns)?;
    let run = found(&app, &org, &id).await?;
    let live = match query.follow {
        true => app.runner().watch(run.id).await?,
        false => app.runner().live(&run.id),
    };
    let id = run.id;
    let now = live.as_ref().map(|live| live.log()).unwrap_or_default();
    // Before anything is waited for: a run that nobody follows may leave memory between two attempts.
    let lines = live.filter(|_| query.follow).map(|live| live.follow());
    let kept = app.store().read(move |view| view.run_log(&id)).await?;
    // What is kept of an attempt is all of it: it may have ended just now.
    let told = kept.last().map_or(0, |line| line.attempt);
    match (lines, query.follow) {
        (Some(lines), _) => Ok(follow(kept, told, lines)),
        (None, true) => Ok(sse(stream::iter(kept.into_iter().map(event).chain([end()])))),
        (None, false) => {
            let now = now.into_iter().filter(|line| line.attempt > told);
            Ok(Json(kept.into_iter().chain(now).map(LogLineWire::from).collect::<Vec<_>>()).into_response())
        }
    }
}

/// Cancel a run
#[utoipa::path(
    post, path = "/api/{org}/runs/{run_id}/cancel", tag = "runs",
    params(("org" = String, Path, description = "The organisation"), ("run_id" = String, Path, description = "The run")),
    responses(
        (status = 202, description = "it is stopped, or was taken out of the queue", body = RunWire),
        (status = 409, description = "it has ended", body = super::ErrorWire),
        (status = 404, body = super::ErrorWire),
    )
)]
pub(super) async fn cancel(
    State(app): State<App>,
    Path((org, id)): Path<(String, String)>,
    caller: Caller,
) -> Result<Response, Problem> {
    let org = caller.may(&org, Permission::Invoke)?;
    let run = found(&app, &org, &id).await?;
    if run.status.is_final() {
        let message = format!("run {} has ended already: {}", run.id, run.status.as_str());
        return Err(Problem::new(StatusCode::CONFLICT, Word::Ended, message));
    }
    let run = app.cancel(&run, caller.email()).await?.unwrap_or(run);
    Ok((StatusCode::ACCEPTED, Json(RunWire::new(&run, None))).into_response())
}

/// Run again what a run ran
#[utoipa::path(
    post, path = "/api/{org}/runs/{run_id}/replay", tag = "runs",
    params(("org" = String, Path, description = "The organisation"), ("run_id" = String, Path, description = "The run"), ReplayQuery),
    responses((status = 202, body = EndedWire), (status = 404, body = super::ErrorWire))
)]
pub(super) async fn replay(
    State(app): State<App>,
    Path((org, id)): Path<(String, String)>,
    caller: Caller,
    Query(query): Query<ReplayQuery>,
) -> Result<Response, Problem> {
    let org = caller.may(&org, Permission::Invoke)?;
    let run = found(&app, &org, &id).await?;
    if let Some(version) = query.version {
        let action = run.action;
        let known = app.store().read(move |view| view.version(&action, version)).await?;
        known.ok_or_else(|| Problem::not_found(format!("there is no version {version} of the action")))?;
    }
    let ticket = app.replay(&run, query.version, new_traceparent(), caller.email()).await?;
    answer(&app, ticket, Prefer::Async).await
}

/// List runs that failed for the last time, newest first
#[utoipa::path(
    get, path = "/api/{org}/dead_letters", tag = "runs",
    params(("org" = String, Path, description = "The organisation"), DeadQuery),
    responses((status = 200, body = PageWire))
)]
pub(super) async fn dead_letters(
    State(app): State<App>,
    Path(org): Path<String>,
    caller: Caller,
    Query(query): Query<DeadQuery>,
) -> Result<Json<PageWire>, Problem> {
    let org = caller.may(&org, Permission::ReadRuns)?;
    let before = query.before.as_deref().map(cursor).transpose()?;
    let limit = query.limit.unwrap_or(LIMIT).clamp(1, LIMIT_MAX);
    let page = app.store().read(move |view| {
        let ids: Vec<RunId> = view.dead(&org, before).take(limit + 1).collect::<store::Result<_>>()?;
        let next = ids.get(limit).and(ids.get(limit - 1)).copied();
        let runs = ids.iter().take(limit).map(|id| view.run(id));
        let runs: Vec<Option<Run>> = runs.collect::<store::Result<_>>()?;
        Ok::<_, store::Error>(Page { runs: runs.into_iter().flatten().collect(), next })
    });
    Ok(Json(PageWire::from(page.await?)))
}

/// Where a page begins.
fn cursor(before: &str) -> Result<RunId, Problem> {
    before.parse().map_err(|_| Problem::bad_request(format!("before is no run's id: {}", shown(before))))
}

/// Run a dead letter again
#[utoipa::path(
    post, path = "/api/{org}/dead_letters/{run_id}/redrive", tag = "runs",
    params(("org" = String, Path, description = "The organisation"), ("run_id" = String, Path, description = "The run")),
    responses((status = 202, body = EndedWire), (status = 404, body = super::ErrorWire))
)]
pub(super) async fn redrive(
    State(app): State<App>,
    Path((org, id)): Path<(String, String)>,
    caller: Caller,
) -> Result<Response, Problem> {
    let org = caller.may(&org, Permission::Invoke)?;
    let run = dead(&app, &org, &id).await?;
    let ticket = app.redrive(&run, new_traceparent(), caller.email()).await?;
    answer(&app, ticket, Prefer::Async).await
}

/// Take a run from the list of dead letters
#[utoipa::path(
    delete, path = "/api/{org}/dead_letters/{run_id}", tag = "runs",
    params(("org" = String, Path, description = "The organisation"), ("run_id" = String, Path, description = "The run")),
    responses((status = 200, body = DoneWire), (status = 404, body = super::ErrorWire))
)]
pub(super) async fn bury(
    State(app): State<App>,
    Path((org, id)): Path<(String, String)>,
    caller: Caller,
) -> Result<Json<DoneWire>, Problem> {
    let org = caller.may(&org, Permission::Invoke)?;
    let run = dead(&app, &org, &id).await?;
    app.bury(&run, caller.email()).await?;
    Ok(Json(DoneWire { code: 200, message: "Dead letter removed" }))
}

async fn page(app: &App, index: Index, query: &ListQuery) -> Result<Json<PageWire>, Problem> {
    let filter = Filter {
        status: word(query.status.as_deref(), "status", Status::parse)?,
        trigger: word(query.trigger.as_deref(), "trigger", Trigger::parse)?,
        since: time(query.since.as_deref(), "since")?,
        until: time(query.until.as_deref(), "until")?,
    };
    let before = query.before.as_deref().map(cursor).transpose()?;
    let limit = query.limit.unwrap_or(LIMIT).clamp(1, LIMIT_MAX);
    let page = app.store().read(move |view| view.runs(&index, &filter, before, limit)).await?;
    Ok(Json(PageWire::from(page)))
}

fn word<T>(text: Option<&str>, name: &str, parse: fn(&str) -> Option<T>) -> Result<Option<T>, Problem> {
    let bad = || Problem::bad_request(format!("{name} is none of the known words"));
    text.map(|text| parse(text).ok_or_else(bad)).transpose()
}

fn time(text: Option<&str>, name: &str) -> Result<Option<Timestamp>, Problem> {
    let bad = |_| Problem::bad_request(format!("{name} is no time: write 2026-01-02T03:04:05Z"));
    text.map(|text| text.parse().map_err(bad)).transpose()
}

/// A run of that organisation, as it is now.
pub(super) async fn found(app: &App, org: &OrgId, id: &str) -> Result<Run, Problem> {
    Ok(found_with_result(app, org, id).await?.0)
}

async fn found_with_result(app: &App, org: &OrgId, id: &str) -> Result<(Run, Option<String>), Problem> {
    let parsed = run_id(id)?;
    let found = answer::found(app, parsed).await?.filter(|(run, _)| run.org == *org);
    found.ok_or_else(|| Problem::not_found(format!("there is no run {parsed}")))
}

async fn dead(app: &App, org: &OrgId, id: &str) -> Result<Run, Problem> {
    let run = found(app, org, id).await?;
    if run.dead { Ok(run) } else { Err(Problem::not_found(format!("run {} is no dead letter", run.id))) }
}

/// What was kept of attempts up to `told`, then what comes.
fn follow(kept: Vec<LogLine>, told: u32, lines: Follow) -> Response {
    let first = stream::iter(kept.into_iter().map(event));
    let lines = stream::unfold(Some(lines), move |follow: Option<Follow>| async move {
        let mut follow = follow?;
        let events = match follow.next().await {
            Some(lines) => {
                let lines = lines.into_iter().filter(|line| line.attempt > told);
                (lines.map(event).collect::<Vec<_>>(), Some(follow))
            }
            None => (vec![end()], None),
        };
        Some((stream::iter(events.0), events.1))
    });

    sse(first.chain(lines.flatten()))
}

fn event(line: LogLine) -> Result<Event, Infallible> {
    let wire = LogLineWire::from(line);
    Ok(Event::default().event("log").json_data(wire).unwrap_or_default())
}

fn end() -> Result<Event, Infallible> {
    Ok(Event::default().event("end").data("{}"))
}

fn sse(events: impl futures_util::Stream<Item = Result<Event, Infallible>> + Send + 'static) -> Response {
    Sse::new(events).keep_alive(KeepAlive::default()).into_response()
}

impl From<Page> for PageWire {
    fn from(page: Page) -> Self {
        let runs = page.runs.iter().map(|run| RunWire::new(run, None)).collect();
        Self { runs, next: page.next.map(|next| next.to_string()) }
    }
}

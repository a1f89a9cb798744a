//! One run: what it was given, what came of it, what it logged and reached; and cancelling and replaying it.

use axum::{extract::State, http::StatusCode, response::Response};
use maud::{Markup, html};

use super::{
    super::{
        fault::{Fault, away},
        form::Sent,
        layout::aside,
        outcome, parts,
        session::Visitor,
        words,
    },
    log, page, traceback, value,
};
use crate::{
    answer::{self, Path, Problem, Word},
    app::{App, new_traceparent},
    clock,
    model::{
        account::Permission,
        action::Version,
        id::{OrgId, RunId},
        run::{Connection, Failure, LogLine, Run},
    },
    store,
};

/// Versions that a replay may choose from.
const VERSIONS_MAX: usize = 50;

/// All that a page shows of a run.
struct Shown {
    run: Run,
    result: Option<String>,
    input: Option<String>,
    /// Of its action; `None` when it is gone.
    name: Option<String>,
    versions: Vec<Version>,
    connections: Vec<Connection>,
    lines: Vec<LogLine>,
    /// The run of its action before it.
    earlier: Option<RunId>,
}

/// `GET /console/{org}/runs/{run}`
pub(super) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path((org, id)): Path<(String, String)>,
) -> Result<Response, Fault> {
    let org = visitor.may(&org, Permission::ReadRuns)?;
    let shown = gather(&app, &org, &id).await?;
    let title = format!("Run of {}", shown.name.as_deref().unwrap_or("an action that is gone"));
    aside(move || page(&visitor, &org, &title).show(&body(&visitor, &org, &title, &shown))).await
}

async fn gather(app: &App, org: &OrgId, id: &str) -> Result<Shown, Fault> {
    let (run, result) = found(app, org, id).await?;
    let input = input(app, run.id).await?;
    let lines = log::lines(app, run.id).await?;
    let (id, action, read_org) = (run.id, run.action, org.clone());
    let read = app.store().read(move |view| {
        let name = view.action(&read_org, &action)?.map(|action| action.name.to_string());
        let versions = view.versions(&action).take(VERSIONS_MAX).collect::<store::Result<_>>()?;
        let index = store::Index::Action(action);
        let earlier =
            view.runs(&index, &store::Filter::default(), Some(id), 1)?.runs.first().map(|run| run.id);
        Ok::<_, store::Error>((name, versions, view.run_connections(&id)?, earlier))
    });
    let (name, versions, connections, earlier) = read.await?;
    Ok(Shown { run, result, input, name, versions, connections, lines, earlier })
}

/// A run of that organisation, as it is now, and its result.
pub(super) async fn found(app: &App, org: &OrgId, id: &str) -> Result<(Run, Option<String>), Fault> {
    let id: RunId = id.parse().map_err(|_| Fault::gone("run"))?;
    let found = answer::found(app, id).await?.filter(|(run, _)| run.org == *org);
    found.ok_or_else(|| Fault::gone("run"))
}

/// What it was given, in memory or kept.
pub(super) async fn input(app: &App, id: RunId) -> store::Result<Option<String>> {
    if let Some(live) = app.runner().live(&id) {
        return Ok(Some(live.input.clone()));
    }
    let kept = app.store().read(move |view| view.run_input(&id)).await?;
    Ok(kept.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

fn body(visitor: &Visitor, org: &OrgId, title: &str, shown: &Shown) -> Markup {
    let run = &shown.run;
    let at = |path: &str| visitor.at(org, &format!("/runs/{}{path}", run.id));
    let code = visitor.can(org, Permission::ReadSecrets).then(|| at("/code"));
    html! {
        (parts::heading(title, None, &buttons(visitor, org, shown)))
        p.id { (parts::badge(run.status)) " " code { (run.id) } @if run.dead { " " (parts::tag("dead letter")) } }
        (facts(visitor, org, shown))
        @if let Some(error) = &run.error { (parts::panel("Error", &failure(error, code.as_deref()))) }
        @if let Some(result) = &shown.result { (parts::panel("Result", &value("Result", result))) }
        (parts::panel("Log", &log::log(visitor, org, run, &shown.lines)))
        (parts::panel("Input", &html! {
            @match &shown.input {
                Some(input) => { (value("Input", input)) }
                None => { p.hint { "It is no longer kept." } }
            }
        }))
        section.panel { (outcome::connections(&shown.connections)) }
        (compare(shown, &at("/compare")))
    }
}

fn buttons(visitor: &Visitor, org: &OrgId, shown: &Shown) -> Markup {
    let run = &shown.run;
    let at = |path: &str| visitor.at(org, &format!("/runs/{}{path}", run.id));
    let may = visitor.can(org, Permission::Invoke);
    html! {
        @if may && !run.status.is_final() {
            (parts::deed(visitor, &at("/cancel"), "Cancel", "danger", Some("Stop this run?")))
        }
        @if may && run.dead {
            (parts::deed(visitor, &at("/redrive"), "Run again", "primary", None))
            (parts::deed(visitor, &at("/bury"), "Put away", "", Some("Take this run from the dead letters? It stays in the list of runs.")))
        }
        @if may && shown.name.is_some() && shown.input.is_some() {
            form.deed method="post" action=(at("/replay")) hx-post=(at("/replay")) hx-swap="none" {
                (super::super::layout::token(visitor))
                label.sr for="version" { "Version to replay with" }
                select #version name="version" {
                    option value="" { "latest version" }
                    @for version in &shown.versions {
                        option value=(version.number) { "version " (version.number) }
                    }
                }
                button.button type="submit" { "Replay" }
            }
        }
    }
}

fn facts(visitor: &Visitor, org: &OrgId, shown: &Shown) -> Markup {
    let (run, now) = (&shown.run, clock::now());
    let fact = |name: &str, said: &Markup| html! { div { dt { (name) } dd { (said) } } };
    html! {
        dl.props {
            (fact("Action", &html! {
                a href=(visitor.at(org, &format!("/actions/{}", run.action))) { (shown.name.as_deref().unwrap_or("(gone)")) }
                " version " (run.version)
            }))
            (fact("Trigger", &html! { (run.trigger.as_str()) }))
            (fact("Asked for", &words::moment(run.queued_at, now)))
            @if let Some(due) = run.due { (fact("Due", &words::moment(due, now))) }
            @if let Some(at) = run.started_at {
                (fact("Began", &words::moment(at, now)))
                @if let Some(due) = run.due { (fact("Late by", &html! { (words::duration(at.duration_since(due).unsigned_abs())) })) }
            }
            @if let Some(at) = run.ended_at { (fact("Ended", &words::moment(at, now))) }
            @if run.attempt > 1 { (fact("Attempt", &html! { (run.attempt) })) }
            @if !run.status.is_final() && run.not_before > now { (fact("Tried again", &words::moment(run.not_before, now))) }
            @if let Some(usage) = run.usage {
                (fact("Took", &html! { (words::duration(usage.wall)) }))
                (fact("Fuel", &html! { (words::fuel(usage.fuel)) }))
                (fact("Memory", &html! { (words::bytes(usage.memory_bytes)) }))
                (fact("Image", &html! { @if usage.prepared { "prepared" } @else { "imported in this run" } }))
            }
            (fact("Sizes", &html! { "input " (words::bytes(run.input_bytes)) ", result " (words::bytes(run.result_bytes)) }))
            @if run.coalesced > 0 { (fact("Equal calls", &html! { (run.coalesced) })) }
            @if let Some(parent) = run.parent {
                (fact("Replays", &html! { a href=(visitor.at(org, &format!("/runs/{parent}"))) { (super::short(&parent)) } }))
            }
            div.wide { dt { "Trace" } dd { code { (run.traceparent) } } }
        }
    }
}

fn failure(error: &Failure, code: Option<&str>) -> Markup {
    html! {
        @match error {
            Failure::Raised { kind, message, traceback } => {
                p.said { strong { (kind) } @if !message.is_empty() { ": " (message) } }
                @if !traceback.trim().is_empty() { (traceback::traceback(traceback, code)) }
            }
            Failure::Stopped { limit, message } => { p.said { strong { "Stopped by its " (limit) " limit" } ": " (message) } }
            Failure::Cancelled => { p.said { "It was cancelled." } }
            Failure::Interrupted => { p.said { "The server ended while it ran." } }
            Failure::Internal { message } => { p.said { (message) } }
        }
    }
}

fn compare(shown: &Shown, to: &str) -> Markup {
    let other = shown.run.parent.or(shown.earlier).map(|id| id.to_string()).unwrap_or_default();
    parts::panel(
        "Compare",
        &html! {
            p.hint { "What differs from another run: by default the one that it replays, or the one before it." }
            form.compare method="get" action=(to) {
                (parts::field("with", "With run", None, &html! {
                    input #with type="text" name="with" value=(other) required pattern="[0-9a-f\\-]{36}" autocomplete="off" spellcheck="false";
                }))
                div.buttons { button.button type="submit" { "Compare" } }
            }
        },
    )
}

/// `POST /console/{org}/runs/{run}/cancel`
pub(super) async fn cancel(
    State(app): State<App>,
    Path((org, id)): Path<(String, String)>,
    Sent { visitor, .. }: Sent,
) -> Result<Response, Fault> {
    let org = visitor.may(&org, Permission::Invoke)?;
    let (run, _) = found(&app, &org, &id).await?;
    if run.status.is_final() {
        let said = format!("The run has ended already: {}.", run.status.as_str());
        return Err(Problem::new(StatusCode::CONFLICT, Word::Ended, said).into());
    }
    app.cancel(&run, visitor.email()).await?;
    Ok(away(visitor.partial, &visitor.at(&org, &format!("/runs/{}", run.id))))
}

/// `POST /console/{org}/runs/{run}/replay`
pub(super) async fn replay(
    State(app): State<App>,
    Path((org, id)): Path<(String, String)>,
    Sent { visitor, form }: Sent,
) -> Result<Response, Fault> {
    let org = visitor.may(&org, Permission::Invoke)?;
    let (run, _) = found(&app, &org, &id).await?;
    let version: Option<u32> = form.number("version", "Version")?;
    if let Some(version) = version {
        let action = run.action;
        let known = app.store().read(move |view| view.version(&action, version)).await?;
        known.ok_or_else(|| Fault::gone("version"))?;
    }
    let ticket = app.replay(&run, version, new_traceparent(), visitor.email()).await?;
    Ok(away(visitor.partial, &visitor.at(&org, &format!("/runs/{}", ticket.id))))
}

//! Runs: the list, filtered and live, and the routes of all that is shown of them.

mod code;
mod compare;
mod dead;
mod diff;
mod found;
mod log;
mod run;
mod traceback;
mod value;

use axum::{
    Router,
    extract::State,
    http::Uri,
    response::{Html, IntoResponse as _, Response},
    routing::{get, post},
};
use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};
use maud::{Markup, html};

pub(super) use value::value;

use found::{Asked, Found, found, with_names};

use super::{
    fault::Fault,
    form::Form,
    layout::{Page, Section},
    parts,
    session::Visitor,
    words,
};
use crate::{
    answer::Path,
    app::App,
    clock,
    model::{
        account::Permission,
        id::{OrgId, RunId},
        run::{Run, Status, Trigger},
    },
    store::Filter,
};

/// Of one page.
const RUNS: usize = 50;
const WITHIN: &[(&str, &str, i64)] = &[
    ("15m", "the last 15 minutes", 15),
    ("1h", "the last hour", 60),
    ("1d", "the last day", 1_440),
    ("7d", "the last 7 days", 10_080),
];

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/console/{org}/runs", get(list))
        .route("/console/{org}/runs/dead", get(dead::list))
        .route("/console/{org}/runs/{run}", get(run::show))
        .route("/console/{org}/runs/{run}/log", get(log::follow))
        .route("/console/{org}/runs/{run}/code", get(code::show))
        .route("/console/{org}/runs/{run}/compare", get(compare::show))
        .route("/console/{org}/runs/{run}/cancel", post(run::cancel))
        .route("/console/{org}/runs/{run}/replay", post(run::replay))
        .route("/console/{org}/runs/{run}/redrive", post(dead::redrive))
        .route("/console/{org}/runs/{run}/bury", post(dead::bury))
}

/// What is looked for, as it is written in the page's address.
#[derive(Debug, Default)]
struct Wanted {
    action: String,
    status: String,
    trigger: String,
    within: String,
    until: String,
    before: Option<RunId>,
}

/// `GET /console/{org}/runs`
async fn list(
    State(app): State<App>,
    visitor: Visitor,
    Path(org): Path<String>,
    uri: Uri,
) -> Result<Response, Fault> {
    let org = visitor.may(&org, Permission::ReadRuns)?;
    let wanted = Wanted::of(&Form::of(uri.query().unwrap_or_default().as_bytes())?)?;
    let filter = wanted.filter(clock::now())?;
    // Before the store is read: what ends meanwhile is found there.
    let running = if wanted.before.is_none() { app.runner().running(&org) } else { Vec::new() };
    let asked = Asked {
        org: org.clone(),
        action: wanted.action.clone(),
        filter,
        before: wanted.before,
        running,
        names: !visitor.partial,
    };
    let found = app.store().read(move |view| found(view, asked));
    let found = found.await?;
    let table = table(&visitor, &org, &wanted, &found);
    if visitor.partial {
        return Ok(Html(table.into_string()).into_response());
    }
    let body = html! {
        (parts::heading("Runs", Some("What ran, newest first."), &html! {}))
        (tabs(&visitor, &org, 0))
        (filters(&visitor, &org, &wanted, &found.names))
        (table)
    };
    Ok(page(&visitor, &org, "Runs").show(&body))
}

fn page<'a>(visitor: &'a Visitor, org: &'a OrgId, title: &'a str) -> Page<'a> {
    Page { visitor, org, section: Section::Runs, title, nonce: None }
}

fn tabs(visitor: &Visitor, org: &OrgId, here: usize) -> Markup {
    let tabs = [("All", visitor.at(org, "/runs")), ("Dead letters", visitor.at(org, "/runs/dead"))];
    parts::tabs("Lists of runs", &tabs, here)
}

impl Wanted {
    fn of(form: &Form) -> Result<Self, Fault> {
        let text = |name: &str| form.text(name).to_owned();
        let before = match form.text("before") {
            "" => None,
            id => Some(id.parse().map_err(|_| Fault::bad("before is no run's id."))?),
        };
        Ok(Self {
            action: text("action"),
            status: text("status"),
            trigger: text("trigger"),
            within: text("within"),
            until: text("until"),
            before,
        })
    }

    fn filter(&self, now: Timestamp) -> Result<Filter, Fault> {
        let unknown = |what: &str, text: &str| Fault::bad(format!("{what} {text:?} is not known."));
        let status = match &*self.status {
            "" => None,
            text => Some(Status::parse(text).ok_or_else(|| unknown("The status", text))?),
        };
        let trigger = match &*self.trigger {
            "" => None,
            text => Some(Trigger::parse(text).ok_or_else(|| unknown("The trigger", text))?),
        };
        let until = match &*self.until {
            "" => None,
            text => Some(utc(text).ok_or_else(|| unknown("The time", text))?),
        };
        let within = WITHIN.iter().find(|(word, _, _)| *word == self.within);
        let since = within.and_then(|(_, _, minutes)| {
            until.unwrap_or(now).checked_sub(SignedDuration::from_mins(*minutes)).ok()
        });
        Ok(Filter { status, trigger, since, until })
    }

    /// The list's address with this in it.
    fn address(&self, visitor: &Visitor, org: &OrgId, before: Option<RunId>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let before = before.map(|id| id.to_string()).unwrap_or_default();
        for (name, value) in [
            ("action", &self.action),
            ("status", &self.status),
            ("trigger", &self.trigger),
            ("within", &self.within),
            ("until", &self.until),
            ("before", &before),
        ] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        let query = query.finish();
        let mark = if query.is_empty() { "" } else { "?" };
        visitor.at(org, &format!("/runs{mark}{query}"))
    }

    fn is_everything(&self) -> bool {
        [&self.action, &self.status, &self.trigger, &self.within, &self.until]
            .iter()
            .all(|text| text.is_empty())
    }
}

fn filters(visitor: &Visitor, org: &OrgId, wanted: &Wanted, names: &[String]) -> Markup {
    let any = [("", "any")];
    let words = |all: &[&'static str]| {
        any.into_iter().chain(all.iter().map(|word| (*word, *word))).collect::<Vec<_>>()
    };
    let statuses = words(&Status::ALL.map(Status::as_str));
    let triggers = words(&Trigger::ALL.map(Trigger::as_str));
    let times: Vec<_> =
        any.into_iter().chain(WITHIN.iter().map(|(word, label, _)| (*word, *label))).collect();
    html! {
        form.filters method="get" action=(visitor.at(org, "/runs")) {
            (parts::field("action", "Action", None, &html! {
                input #action type="text" name="action" value=(wanted.action) list="actions" autocomplete="off";
                datalist #actions { @for name in names { option value=(name) {} } }
            }))
            (parts::field("status", "Status", None, &parts::choice("status", "status", &statuses, &wanted.status)))
            (parts::field("trigger", "Trigger", None, &parts::choice("trigger", "trigger", &triggers, &wanted.trigger)))
            (parts::field("within", "Asked for in", None, &parts::choice("within", "within", &times, &wanted.within)))
            (parts::field("until", "Before (UTC)", None, &html! {
                input #until type="datetime-local" name="until" value=(wanted.until);
            }))
            div.buttons {
                button.button type="submit" { "Filter" }
                @if !wanted.is_everything() { a.button href=(visitor.at(org, "/runs")) { "All" } }
            }
        }
    }
}

/// The list itself. Its first page is asked for again and again.
fn table(visitor: &Visitor, org: &OrgId, wanted: &Wanted, found: &Found) -> Markup {
    let first = wanted.before.is_none();
    let here = wanted.address(visitor, org, None);
    let next = found.next.map(|next| wanted.address(visitor, org, Some(next)));
    html! {
        div #runs hx-get=[first.then_some(&here)] hx-trigger=[first.then_some("every 3s")] hx-swap="outerHTML" {
            @if found.runs.is_empty() {
                (nothing(visitor, org, wanted, found))
            } @else {
                (rows_of(visitor, org, &found.runs))
            }
            (parts::pager((!first).then_some(&*here), next.as_deref()))
        }
    }
}

fn nothing(visitor: &Visitor, org: &OrgId, wanted: &Wanted, found: &Found) -> Markup {
    let all = html! { a.button href=(visitor.at(org, "/runs")) { "All runs" } };
    if found.unknown {
        return parts::empty(
            "There is no such action",
            "No action of this organisation has that name or id.",
            &all,
        );
    }
    if found.next.is_some() {
        return parts::empty(
            "None among the latest",
            "None of the runs that were looked at is like that; there are older ones.",
            &html! {},
        );
    }
    if wanted.is_everything() && wanted.before.is_none() {
        let about = "A run appears here once it was asked for: by a call, a hook, a schedule or a test.";
        return parts::empty(
            "Nothing has run yet",
            about,
            &html! { a.button href=(visitor.at(org, "/actions")) { "Actions" } },
        );
    }
    parts::empty("No run is like that", "Take away a part of the filter to see more.", &all)
}

/// Runs as rows of a table.
fn rows_of(visitor: &Visitor, org: &OrgId, runs: &[(Run, Option<String>)]) -> Markup {
    let now = clock::now();
    let rows = html! {
        @for (run, name) in runs {
            tr {
                td data-label="Run" {
                    a.run #{ "run-" (run.id) } href=(visitor.at(org, &format!("/runs/{}", run.id))) title=(run.id) { (short(&run.id)) }
                }
                td data-label="Status" { (parts::badge(run.status)) @if run.dead { " " (parts::tag("dead letter")) } }
                td data-label="Action" {
                    span {
                        a href=(visitor.at(org, &format!("/actions/{}", run.action))) { (name.as_deref().unwrap_or("(gone)")) }
                        " " span.hint { "v" (run.version) }
                    }
                }
                td data-label="Trigger" { (run.trigger.as_str()) }
                td data-label="Asked for" { (words::moment(run.queued_at, now)) }
                td data-label="Took" { @if let Some(usage) = run.usage { (words::duration(usage.wall)) } @else { "–" } }
                td data-label="Fuel" { @if let Some(usage) = run.usage { (words::fuel(usage.fuel)) } @else { "–" } }
            }
        }
    };
    parts::table("Runs", &["Run", "Status", "Action", "Trigger", "Asked for", "Took", "Fuel"], &rows)
}

/// A time as browsers write it, without seconds or with them.
pub(super) fn utc(text: &str) -> Option<Timestamp> {
    TimeZone::UTC.to_timestamp(text.parse::<DateTime>().ok()?).ok()
}

/// The end of an id, which tells runs of one minute apart.
fn short(id: &RunId) -> String {
    let text = id.to_string();
    text[text.len() - 12..].to_owned()
}

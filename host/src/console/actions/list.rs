//! The list of an organisation's actions: what they are, when they are due, how they do.

use axum::{
    extract::State,
    response::{Html, IntoResponse as _, Response},
};
use jiff::Timestamp;
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    super::{
        fault::{Fault, away},
        form::Sent,
        layout::{Page, Section, token},
        parts,
        query::Query,
        session::{Visitor, action_id},
        words,
    },
    found::{found, kind_title},
    schedule::Timing,
    strip::Pulse,
};
use crate::{
    answer::Path,
    app::{App, Edit},
    clock,
    model::{
        account::Permission,
        action::{Action, Activity},
        id::OrgId,
    },
    store,
};

/// Actions on one page.
const PAGE: usize = 50;

#[derive(Debug, Default, Deserialize)]
pub(in crate::console) struct Asked {
    /// What their names or descriptions hold
    #[serde(default)]
    q: String,
    /// From 1
    page: Option<usize>,
    /// What was done just now
    done: Option<String>,
}

/// Some of them, by name.
struct Listed {
    actions: Vec<(Action, Activity)>,
    /// All that match.
    count: usize,
    /// From 1.
    page: usize,
}

/// `GET /console/{org}/actions`
pub(in crate::console) async fn list(
    State(app): State<App>,
    Path(org): Path<String>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let org = visitor.may(&org, Permission::ReadActions)?;
    let listed = listed(&app, &org, &asked).await?;
    let body = html! {
        (parts::heading("Actions", None, &html! {
            @if visitor.can(&org, Permission::EditActions) {
                a.button.primary href=(visitor.at(&org, "/actions/new")) { "New action" }
            }
        }))
        (parts::done(asked.done.as_deref()))
        (search(&visitor, &org, &asked.q))
        div #actions { (table(&app, &visitor, &org, &asked.q, &listed)) }
    };
    let page =
        Page { visitor: &visitor, org: &org, section: Section::Actions, title: "Actions", nonce: None };
    Ok(page.show(&body))
}

/// `POST /console/{org}/actions/{id}/pause`: pauses an action, or lets it run again.
pub(in crate::console) async fn pause(
    State(app): State<App>,
    Path((org, id)): Path<(String, String)>,
    Sent { visitor, form }: Sent,
) -> Result<Response, Fault> {
    let org = visitor.may(&org, Permission::EditActions)?;
    let id = action_id(&id)?;
    let edit = Edit { paused: Some(form.text("paused") == "yes"), ..Edit::default() };
    app.edit(org.clone(), id, edit, visitor.email()).await?;
    if !visitor.partial {
        return Ok(away(false, &visitor.at(&org, "/actions")));
    }
    let (action, activity) = found(&app, &org, id).await?;
    Ok(Html(row(&app, &visitor, &action, &activity, clock::now()).into_string()).into_response())
}

async fn listed(app: &App, org: &OrgId, asked: &Asked) -> store::Result<Listed> {
    let (org, wanted) = (org.clone(), asked.q.trim().to_lowercase());
    let page = asked.page.unwrap_or(1).max(1);
    let read = app.store().read(move |view| {
        let matches = |action: &Action| {
            let holds = |text: &str| text.to_lowercase().contains(&wanted);
            wanted.is_empty()
                || holds(action.name.as_str())
                || action.description.as_deref().is_some_and(holds)
                || action.id.to_string().to_lowercase() == wanted
        };
        let found = view.actions(&org).filter(|action| action.as_ref().map_or(true, matches));
        let mut found = found.collect::<store::Result<Vec<Action>>>()?;
        found.sort_by(|one, other| one.name.as_str().cmp(other.name.as_str()));
        let count = found.len();
        let page = page.min(count.div_ceil(PAGE).max(1));
        let shown = found.into_iter().skip((page - 1) * PAGE).take(PAGE);
        let actions = shown.map(|action| {
            let activity = view.activity(&action.id)?;
            Ok::<_, store::Error>((action, activity))
        });
        Ok::<_, store::Error>(Listed { actions: actions.collect::<store::Result<_>>()?, count, page })
    });
    read.await
}

fn search(visitor: &Visitor, org: &OrgId, wanted: &str) -> Markup {
    let to = visitor.at(org, "/actions");
    html! {
        form.search method="get" action=(to) role="search" {
            label.sr for="q" { "Search actions" }
            input #q type="search" name="q" value=(wanted) placeholder="Search by name or description" autocomplete="off"
                hx-get=(to) hx-trigger="input changed delay:250ms, search" hx-select="#actions" hx-target="#actions"
                hx-swap="outerHTML" hx-push-url="true";
            noscript { button.button type="submit" { "Search" } }
        }
    }
}

fn table(app: &App, visitor: &Visitor, org: &OrgId, wanted: &str, listed: &Listed) -> Markup {
    let (edits, now) = (visitor.can(org, Permission::EditActions), clock::now());
    if listed.actions.is_empty() {
        return nothing(visitor, org, wanted);
    }
    let mut heads = vec!["Name", "Runs", "Next due", "Latest runs", "p50 / p99", "Last run", "On"];
    if edits {
        heads.insert(0, "Select");
    }
    let rows = html! {
        @for (action, activity) in &listed.actions { (row(app, visitor, action, activity, now)) }
    };
    let to = |page: usize| {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("q", wanted)
            .append_pair("page", &page.to_string())
            .finish();
        visitor.at(org, &format!("/actions?{query}"))
    };
    let before = (listed.page > 1).then(|| to(listed.page - 1));
    let after = (listed.page * PAGE < listed.count).then(|| to(listed.page + 1));
    html! {
        @if edits {
            form #bulk.tools method="post" action=(visitor.at(org, "/actions/delete")) {
                (token(visitor))
                span.count { (listed.count) @if listed.count == 1 { " action" } @else { " actions" } }
                button.button.small type="submit" { "Delete selected…" }
            }
        } @else {
            p.count { (listed.count) @if listed.count == 1 { " action" } @else { " actions" } }
        }
        (parts::table("Actions", &heads, &rows))
        (parts::pager(before.as_deref(), after.as_deref()))
    }
}

fn nothing(visitor: &Visitor, org: &OrgId, wanted: &str) -> Markup {
    if !wanted.trim().is_empty() {
        let all = html! { a.button href=(visitor.at(org, "/actions")) { "Show all" } };
        return parts::empty("Nothing matches", "No action's name or description holds that.", &all);
    }
    let about = "An action is a Python function that runs on what you send it: when it is called, by a webhook, or by time.";
    let first = html! {
        @if visitor.can(org, Permission::EditActions) {
            a.button.primary href=(visitor.at(org, "/actions/new")) { "Make the first one" }
        }
    };
    parts::empty("No actions yet", about, &first)
}

fn row(app: &App, visitor: &Visitor, action: &Action, activity: &Activity, now: Timestamp) -> Markup {
    let (org, name) = (&action.org, action.name.as_str());
    let edits = visitor.can(org, Permission::EditActions);
    let timing = Timing::of(action, activity, now);
    let pulse = Pulse::of(app, action, now);
    html! {
        tr.paused[action.paused] {
            @if edits {
                td.pick { input type="checkbox" name="id" value=(action.id) form="bulk" aria-label={ "Select " (name) }; }
            }
            td.name data-label="Name" {
                a href=(visitor.at(org, &format!("/actions/{}", action.id))) { (name) }
                @if let Some(about) = action.description.as_deref().filter(|text| !text.is_empty()) { p { (about) } }
            }
            td data-label="Runs" { @match &timing { Some(timing) => { (timing.words) }, None => { (kind_title(action.kind)) } } }
            td data-label="Next due" {
                @match timing.and_then(|timing| timing.next) {
                    Some(_) if action.paused => { span.none { "paused" } }
                    Some(next) => { (words::moment(next, now)) }
                    None => { span.none { "–" } }
                }
            }
            td data-label="Latest runs" { (pulse.strip()) }
            td.times data-label="p50 / p99" { (pulse.times()) }
            td data-label="Last run" {
                @match activity.last_run_at {
                    Some(at) => { (words::moment(at, now)) }
                    None => { span.none { "never" } }
                }
            }
            td.onoff data-label="On" {
                @if edits { (switch(visitor, action)) } @else { @if action.paused { "paused" } @else { "on" } }
            }
        }
    }
}

fn switch(visitor: &Visitor, action: &Action) -> Markup {
    let to = visitor.at(&action.org, &format!("/actions/{}/pause", action.id));
    let next = if action.paused { "no" } else { "yes" };
    html! {
        form method="post" action=(to) hx-post=(to) hx-target="closest tr" hx-swap="outerHTML" {
            (token(visitor))
            input type="hidden" name="paused" value=(next);
            button.toggle type="submit" role="switch" aria-checked=(if action.paused { "false" } else { "true" })
                aria-label={ "Run " (action.name) } { span {} }
        }
    }
}

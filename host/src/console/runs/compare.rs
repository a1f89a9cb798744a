//! Two runs side by side: what each was, and what differs in what they were given and gave.

use axum::{extract::State, http::Uri, response::Response};
use maud::{Markup, html};

use super::{
    super::{fault::Fault, form::Form, layout::aside, parts, session::Visitor, words},
    diff::{self, Line},
    log, page,
    run::{found, input},
    value,
};
use crate::{
    answer::Path,
    app::App,
    model::{
        account::Permission,
        id::OrgId,
        run::{Failure, Run},
    },
};

/// Lines around a change.
const AROUND: usize = 3;

/// A run and the texts that are compared.
struct Side {
    run: Run,
    input: String,
    result: String,
    error: String,
    log: String,
}

/// `GET /console/{org}/runs/{run}/compare?with={run}`
pub(super) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path((org, id)): Path<(String, String)>,
    uri: Uri,
) -> Result<Response, Fault> {
    let org = visitor.may(&org, Permission::ReadRuns)?;
    let asked = Form::of(uri.query().unwrap_or_default().as_bytes())?;
    let (new, old) = (side(&app, &org, &id).await?, side(&app, &org, asked.text("with")).await?);
    aside(move || page(&visitor, &org, "Two runs").show(&body(&visitor, &org, &old, &new))).await
}

fn body(visitor: &Visitor, org: &OrgId, old: &Side, new: &Side) -> Markup {
    html! {
        (parts::heading("Two runs", Some("On the left the other run, on the right this one."), &html! {
            a.button href=(visitor.at(org, &format!("/runs/{}", new.run.id))) { "Back to the run" }
        }))
        (facts(visitor, org, &old.run, &new.run))
        (part("Result", &old.result, &new.result))
        (part("Error", &old.error, &new.error))
        (part("Input", &old.input, &new.input))
        (part("Log", &old.log, &new.log))
    }
}

async fn side(app: &App, org: &OrgId, id: &str) -> Result<Side, Fault> {
    let (run, result) = found(app, org, id).await?;
    let lines = log::lines(app, run.id).await?;
    // Without times, which always differ.
    let log: Vec<String> = lines.iter().map(|line| format!("{} {}", line.level, line.message)).collect();
    let error = match &run.error {
        Some(Failure::Raised { traceback, .. }) => traceback.clone(),
        Some(Failure::Stopped { limit, message }) => format!("stopped by its {limit} limit: {message}"),
        Some(Failure::Internal { message }) => message.clone(),
        Some(Failure::Cancelled) => "cancelled".to_owned(),
        Some(Failure::Interrupted) => "interrupted".to_owned(),
        None => String::new(),
    };
    let input = input(app, run.id).await?;
    aside(move || {
        let pretty = |text: Option<String>| text.map(|text| value::laid_out(&text)).unwrap_or_default();
        Side { input: pretty(input), result: pretty(result), error, log: log.join("\n"), run }
    })
    .await
}

fn facts(visitor: &Visitor, org: &OrgId, old: &Run, new: &Run) -> Markup {
    let usage = |run: &Run, say: fn(&crate::model::run::Usage) -> String| {
        run.usage.as_ref().map_or_else(|| "–".to_owned(), say)
    };
    let facts: Vec<(&str, String, String)> = vec![
        ("Status", old.status.as_str().to_owned(), new.status.as_str().to_owned()),
        ("Version", old.version.to_string(), new.version.to_string()),
        ("Trigger", old.trigger.as_str().to_owned(), new.trigger.as_str().to_owned()),
        ("Asked for", time(old.queued_at), time(new.queued_at)),
        ("Attempt", old.attempt.to_string(), new.attempt.to_string()),
        (
            "Took",
            usage(old, |usage| words::duration(usage.wall)),
            usage(new, |usage| words::duration(usage.wall)),
        ),
        ("Fuel", usage(old, |usage| words::fuel(usage.fuel)), usage(new, |usage| words::fuel(usage.fuel))),
        (
            "Memory",
            usage(old, |usage| words::bytes(usage.memory_bytes)),
            usage(new, |usage| words::bytes(usage.memory_bytes)),
        ),
    ];
    let link =
        |run: &Run| html! { a href=(visitor.at(org, &format!("/runs/{}", run.id))) { code { (run.id) } } };
    let rows = html! {
        tr { th scope="row" { "Run" } td data-label="Other" { (link(old)) } td data-label="This" { (link(new)) } }
        @for (name, old, new) in &facts {
            tr.differs[old != new] { th scope="row" { (name) } td data-label="Other" { (old) } td data-label="This" { (new) } }
        }
    };
    parts::table("What each was", &["", "Other", "This"], &rows)
}

fn time(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// Nothing where neither has any of it.
fn part(title: &str, old: &str, new: &str) -> Markup {
    if old.is_empty() && new.is_empty() {
        return html! {};
    }
    if old == new {
        return parts::panel(title, &html! { p.hint { "Both are the same." } });
    }
    let lines = diff::lines(old, new);
    let near = |place: usize| {
        let from = place.saturating_sub(AROUND);
        let until = (place + AROUND + 1).min(lines.len());
        lines[from..until].iter().any(|line| !matches!(line, Line::Both(_)))
    };
    let cut = old.lines().count().max(new.lines().count()) > diff::LINES_MAX;
    parts::panel(
        title,
        &html! {
            div.diff tabindex="0" role="region" aria-label=(title) {
                @for (place, line) in lines.iter().enumerate() {
                    @match line {
                        Line::Both(text) => {
                            @if near(place) { div { span.mark { " " } code { (text) } } }
                            @else if place == 0 || near(place - 1) { div.gap { "⋯" } }
                        }
                        Line::Old(text) => { div.old { span.mark title="only in the other run" { "−" } code { (text) } } }
                        Line::New(text) => { div.new { span.mark title="only in this run" { "+" } code { (text) } } }
                    }
                }
            }
            @if cut { p.hint { "The first " (words::number(diff::LINES_MAX as u64)) " lines are compared." } }
        },
    )
}

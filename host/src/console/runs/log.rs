//! A run's log as a page shows it: what is kept, then what the attempt that runs has logged so far.

use axum::{
    extract::State,
    http::HeaderValue,
    response::{Html, IntoResponse as _, Response},
};
use maud::{Markup, html};

use super::super::{fault::Fault, outcome::log_line, session::Visitor, words};
use crate::{
    answer::Path,
    app::App,
    model::{
        account::Permission,
        id::{OrgId, RunId},
        run::{LogLine, Run},
    },
    store,
};

/// The latest lines that are shown.
const LINES_MAX: usize = 1_000;

/// `GET /console/{org}/runs/{run}/log`: asked for while the run goes on.
pub(super) async fn follow(
    State(app): State<App>,
    visitor: Visitor,
    Path((org, id)): Path<(String, String)>,
) -> Result<Response, Fault> {
    let org = visitor.may(&org, Permission::ReadRuns)?;
    let (run, _) = super::run::found(&app, &org, &id).await?;
    let lines = lines(&app, run.id).await?;
    let mut response = Html(log(&visitor, &org, &run, &lines).into_string()).into_response();
    if run.status.is_final() {
        // There is more to show now than its log.
        response.headers_mut().insert("hx-refresh", HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// All lines, in order.
pub(super) async fn lines(app: &App, id: RunId) -> store::Result<Vec<LogLine>> {
    let now = app.runner().live(&id).map(|live| live.log()).unwrap_or_default();
    let mut lines = app.store().read(move |view| view.run_log(&id)).await?;
    // What is kept of an attempt is all of it: it may have ended just now.
    let told = lines.last().map_or(0, |line| line.attempt);
    lines.extend(now.into_iter().filter(|line| line.attempt > told));
    Ok(lines)
}

pub(super) fn log(visitor: &Visitor, org: &OrgId, run: &Run, lines: &[LogLine]) -> Markup {
    let goes_on = !run.status.is_final();
    let left_out = lines.len().saturating_sub(LINES_MAX);
    let shown = &lines[left_out..];
    let several = run.attempt > 1;
    html! {
        div #log hx-get=[goes_on.then(|| visitor.at(org, &format!("/runs/{}/log", run.id)))]
            hx-trigger=[goes_on.then_some("every 1s")] hx-swap="outerHTML" {
            @if left_out > 0 { p.hint { (words::number(left_out as u64)) " earlier lines are left out." } }
            @if shown.is_empty() {
                p.hint { @if goes_on { "It has logged nothing so far." } @else { "It logged nothing." } }
            } @else {
                ol.log tabindex="0" aria-label="Log" {
                    @for (place, line) in shown.iter().enumerate() {
                        @if several && (place == 0 || shown[place - 1].attempt != line.attempt) {
                            li.attempt { "Attempt " (line.attempt) }
                        }
                        (log_line(line))
                    }
                }
            }
            @if goes_on { p.hint.live { "Following the log of a run that " @if run.started_at.is_some() { "runs" } @else { "waits" } "." } }
        }
    }
}

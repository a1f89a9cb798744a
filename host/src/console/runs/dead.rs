//! Dead letters: runs that failed for the last time and wait for somebody to deal with them.

use axum::{extract::State, http::Uri, response::Response};
use maud::{Markup, html};

use super::{
    super::{
        fault::{Fault, away},
        form::{Form, Sent},
        parts,
        session::Visitor,
        words,
    },
    RUNS, page, tabs, with_names,
};
use crate::{
    answer::Path,
    app::{App, new_traceparent},
    clock,
    model::{
        account::Permission,
        id::{OrgId, RunId},
        run::{Failure, Run},
    },
    store,
};

/// `GET /console/{org}/runs/dead`
pub(super) async fn list(
    State(app): State<App>,
    visitor: Visitor,
    Path(org): Path<String>,
    uri: Uri,
) -> Result<Response, Fault> {
    let org = visitor.may(&org, Permission::ReadRuns)?;
    let asked = Form::of(uri.query().unwrap_or_default().as_bytes())?;
    let before = match asked.text("before") {
        "" => None,
        id => Some(id.parse().map_err(|_| Fault::bad("before is no run's id."))?),
    };
    let read_org = org.clone();
    let found = app.store().read(move |view| {
        let ids: Vec<RunId> = view.dead(&read_org, before).take(RUNS + 1).collect::<store::Result<_>>()?;
        let next = ids.get(RUNS).and(ids.get(RUNS - 1)).copied();
        let runs = ids.iter().take(RUNS).map(|id| view.run(id));
        let runs: Vec<Option<Run>> = runs.collect::<store::Result<_>>()?;
        Ok::<_, store::Error>((with_names(view, runs.into_iter().flatten().collect())?, next))
    });
    let (runs, next) = found.await?;
    let first = visitor.at(&org, "/runs/dead");
    let next = next.map(|next| format!("{first}?before={next}"));
    let body = html! {
        (parts::heading("Dead letters", Some("Runs that failed for the last time. Run one again, or put it away."), &html! {}))
        (tabs(&visitor, &org, 1))
        @if runs.is_empty() {
            (parts::empty("There are none", "A run that is on the disk before it begins, and fails in all its attempts, appears here.", &html! {}))
        } @else {
            (rows(&visitor, &org, &runs))
        }
        (parts::pager(before.map(|_| &*first), next.as_deref()))
    };
    Ok(page(&visitor, &org, "Dead letters").show(&body))
}

fn rows(visitor: &Visitor, org: &OrgId, runs: &[(Run, Option<String>)]) -> Markup {
    let now = clock::now();
    let may = visitor.can(org, Permission::Invoke);
    let rows = html! {
        @for (run, name) in runs {
            @let at = visitor.at(org, &format!("/runs/{}", run.id));
            tr {
                td data-label="Run" { a.run href=(at) title=(run.id) { (super::short(&run.id)) } }
                td data-label="Action" { a href=(visitor.at(org, &format!("/actions/{}", run.action))) { (name.as_deref().unwrap_or("(gone)")) } }
                td data-label="Failed" { (words::moment(run.ended_at.unwrap_or(run.queued_at), now)) }
                td data-label="Attempts" { (run.attempt) }
                td.why data-label="Why" { (why(run)) }
                @if may {
                    td.deeds {
                        (parts::deed(visitor, &format!("{at}/redrive"), "Run again", "small", None))
                        (parts::deed(visitor, &format!("{at}/bury"), "Put away", "small", Some("Take this run from the dead letters? It stays in the list of runs.")))
                    }
                }
            }
        }
    };
    let heads = ["Run", "Action", "Failed", "Attempts", "Why", ""];
    parts::table("Dead letters", &heads[..if may { 6 } else { 5 }], &rows)
}

/// In one line.
fn why(run: &Run) -> String {
    let said = match &run.error {
        Some(Failure::Raised { kind, message, .. }) => format!("{kind}: {message}"),
        Some(Failure::Stopped { limit, .. }) => format!("stopped by its {limit} limit"),
        Some(Failure::Cancelled) => "cancelled".to_owned(),
        Some(Failure::Interrupted) => "the server ended while it ran".to_owned(),
        Some(Failure::Internal { message }) => message.clone(),
        None => String::new(),
    };
    said.lines().next().unwrap_or_default().chars().take(160).collect()
}

/// `POST /console/{org}/runs/{run}/redrive`
pub(super) async fn redrive(
    State(app): State<App>,
    Path((org, id)): Path<(String, String)>,
    Sent { visitor, .. }: Sent,
) -> Result<Response, Fault> {
    let org = visitor.may(&org, Permission::Invoke)?;
    let run = found(&app, &org, &id).await?;
    let ticket = app.redrive(&run, new_traceparent(), visitor.email()).await?;
    Ok(away(visitor.partial, &visitor.at(&org, &format!("/runs/{}", ticket.id))))
}

/// `POST /console/{org}/runs/{run}/bury`
pub(super) async fn bury(
    State(app): State<App>,
    Path((org, id)): Path<(String, String)>,
    Sent { visitor, .. }: Sent,
) -> Result<Response, Fault> {
    let org = visitor.may(&org, Permission::Invoke)?;
    let run = found(&app, &org, &id).await?;
    app.bury(&run, visitor.email()).await?;
    Ok(away(visitor.partial, &visitor.at(&org, "/runs/dead")))
}

async fn found(app: &App, org: &OrgId, id: &str) -> Result<Run, Fault> {
    let (run, _) = super::run::found(app, org, id).await?;
    if run.dead {
        Ok(run)
    } else {
        Err(Fault::bad("This run is no dead letter: somebody has dealt with it."))
    }
}

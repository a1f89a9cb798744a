//! Trying an action out before it is saved: records on the left, what came of them on the right.

use axum::{
    extract::State,
    response::{Html, IntoResponse as _, Response},
};
use jiff::Timestamp;
use maud::{Markup, PreEscaped, html};
use serde::Deserialize;

use super::{
    super::{
        fault::Fault,
        form::Sent,
        layout::{Page, Section, aside},
        outcome, parts,
        query::Query,
        runs::value,
        session::{Visitor, action_id},
        words,
    },
    edit::code_of,
    filled::{Code, Filled},
    found::found,
};
use crate::{
    answer::{Path, records},
    app::{App, NotSaved, NotTried},
    model::{
        account::Permission,
        id::{ActionId, OrgId, RunId},
        run::Run,
    },
    runner::{NotPrepared, Rehearsed},
    store::{Filter, Index},
    templates::{TEMPLATES, template},
};

/// Past runs whose records are offered.
const RUNS: usize = 20;
/// Longer records are not put into a field.
const PAYLOAD_BYTES_MAX: usize = 1 << 20;

#[derive(Debug, Deserialize)]
pub(in crate::console) struct From {
    /// `template:NAME` or a run's id
    #[serde(default)]
    from: String,
}

/// The two panes. `id`: of an action that is there, whose past runs are offered.
pub(super) fn panel(visitor: &Visitor, org: &OrgId, id: Option<ActionId>, payload: &str) -> Markup {
    let path = |end: &str| match id {
        Some(id) => visitor.at(org, &format!("/actions/{id}/{end}")),
        None => visitor.at(org, &format!("/actions/new/{end}")),
    };
    let (test, load) = (path("test"), path("payload"));
    html! {
        section.panel.trial #trial {
            div.top {
                h2 { "Test" }
                span.hint { "Runs what is written above, saved or not." }
            }
            div.halves {
                div {
                    div.tools hidden data-scripted {
                        (parts::field("from", "Records from", None, &html! {
                            select #from name="from" hx-get=(load) hx-trigger="change" hx-target="#payload-box" hx-swap="innerHTML" hx-include="this" {
                                option value="" { "what is below" }
                                optgroup label="Templates" {
                                    @for template in TEMPLATES { option value={ "template:" (template.name) } { (template.title) } }
                                }
                                @if id.is_some() {
                                    optgroup label="Past runs" hx-target="this" hx-get=(load) hx-trigger="load" hx-vals={ r#"{"from":"runs"}"# } {}
                                }
                            }
                        }))
                        div.field {
                            label for="payload-file" { "or a file" }
                            input #payload-file type="file" accept=".json,application/json,text/plain" data-fill="payload";
                        }
                    }
                    div #payload-box { (payload_field(payload)) }
                    button #test.button type="submit" formaction=(test) formnovalidate hx-post=(test) hx-target="#tested"
                        hx-swap="innerHTML" hx-encoding="multipart/form-data" hx-disabled-elt="this" { "Run" span.busy aria-hidden="true" {} }
                }
                div #tested.tested aria-live="polite" { p.hint { "Its result, log and connections are shown here. Nothing of it is kept." } }
            }
        }
    }
}

fn payload_field(text: &str) -> Markup {
    html! {
        label.sr for="payload" { "Records, as JSON" }
        textarea #payload name="payload" rows="12" spellcheck="false" wrap="off" { (PreEscaped("\n")) (text) }
    }
}

/// `POST /console/{org}/actions/new/test`, `POST /console/{org}/actions/{id}/test`
pub(in crate::console) async fn rehearse(
    State(app): State<App>,
    Path(path): Path<Vec<(String, String)>>,
    Sent { visitor, form }: Sent,
) -> Result<Response, Fault> {
    let part = |name: &str| path.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let org = visitor.may(part("org").unwrap_or_default(), Permission::EditActions)?;
    let before = match part("id") {
        Some(id) => Some(found(&app, &org, action_id(id)?).await?.0),
        None => None,
    };
    let (input, _) = records(form.get("payload").unwrap_or_default().as_bytes())?;
    let mut filled = Filled::read(&app, &visitor, &org, &form, before.as_ref())?.untimed(before.as_ref());
    drop(form);
    if let (Code::Kept, Some(before)) = (filled.code(), &before) {
        filled = filled.with(before.zip_file_name.clone(), code_of(&app, before).await?.1);
    }
    let upload = filled.upload(&app, &visitor, org.clone(), before.as_ref()).await?;
    let upload =
        upload.ok_or_else(|| Fault::bad("There is no code to run: write it above, or choose a zip."))?;
    let shown = match app.rehearse(upload, input).await {
        Ok(rehearsed) => aside(move || rehearsed_shown(&rehearsed)).await?,
        Err(NotTried::Saved(NotSaved::Prepare(NotPrepared::Import { why, log }))) => {
            html! {
                (parts::flash(parts::Tone::Bad, &html! { strong { "main.py cannot be imported." } }))
                pre.traceback tabindex="0" { (why) }
                @if !log.is_empty() { pre.log tabindex="0" { @for line in &log { (line.message) "\n" } } }
            }
        }
        Err(error) => return Err(error.into()),
    };
    if visitor.partial {
        return Ok(Html(shown.into_string()).into_response());
    }
    let page = Page { visitor: &visitor, org: &org, section: Section::Actions, title: "Test", nonce: None };
    Ok(page.show(&html! { (parts::heading("Test", Some("Go back to change what was run."), &html! {})) (parts::panel("What came of it", &shown)) }))
}

fn rehearsed_shown(Rehearsed { run, result, log, connections }: &Rehearsed) -> Markup {
    html! {
        div.summary {
            (parts::badge(run.status))
            @if let Some(usage) = &run.usage { (outcome::usage(usage)) }
        }
        (outcome::failure(run.error.as_ref()))
        @if let Some(result) = result { section.part { h3 { "Result" } (value("Result", result)) } }
        (outcome::log(log))
        (outcome::connections(connections))
    }
}

/// `GET …/payload?from=…`: records of a template or of a past run, or which runs there are.
pub(in crate::console) async fn payload(
    State(app): State<App>,
    Path(path): Path<Vec<(String, String)>>,
    visitor: Visitor,
    Query(From { from }): Query<From>,
) -> Result<Response, Fault> {
    let part = |name: &str| path.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let org = visitor.may(part("org").unwrap_or_default(), Permission::ReadSecrets)?;
    let id = part("id").map(action_id).transpose()?;
    if let Some(template) = from.strip_prefix("template:").and_then(template) {
        return Ok(fragment(&payload_field(template.payload)));
    }
    let Some(id) = id else { return Ok(fragment(&payload_field("[]\n"))) };
    found(&app, &org, id).await?;
    if from == "runs" {
        let page = app
            .store()
            .read(move |view| view.runs(&Index::Action(id), &Filter::default(), None, RUNS))
            .await?;
        let now = crate::clock::now();
        return Ok(fragment(&html! { @for run in &page.runs { (past(run, now)) } }));
    }
    let run: RunId = from.parse().map_err(|_| Fault::gone("run"))?;
    let input = app.store().read(move |view| match view.run(&run)? {
        Some(found) if found.action == id => view.run_input(&run),
        Some(_) | None => Ok(None),
    });
    let input = input.await?.ok_or_else(|| Fault::gone("run"))?;
    if input.len() > PAYLOAD_BYTES_MAX {
        return Err(Fault::bad(format!(
            "Its records have {}: too many for a field.",
            words::bytes(input.len() as u64)
        )));
    }
    let field = aside(move || payload_field(&outcome::pretty(&String::from_utf8_lossy(&input))));
    Ok(fragment(&field.await?))
}

fn past(run: &Run, now: Timestamp) -> Markup {
    html! { option value=(run.id) { (words::since(run.queued_at, now)) ", " (run.trigger.as_str()) ", " (run.status.as_str()) } }
}

fn fragment(markup: &Markup) -> Response {
    Html(markup.clone().into_string()).into_response()
}

//! Trying an action on log records by hand: records that the origin finds, or that somebody pastes, before and after.

use axum::{
    Router,
    extract::State,
    http::HeaderValue,
    response::{Html, IntoResponse as _, Response},
    routing::get,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use tokio::sync::OwnedSemaphorePermit;

use super::{
    fault::Fault,
    form::{Form, Sent},
    layout::{Page, Section, aside, token},
    parts,
    runs::{utc, value},
    session::Visitor,
    words,
};
use crate::{
    answer::Path,
    app::{App, Applied, NotSearched, hits, new_traceparent},
    clock,
    model::{
        account::Permission,
        action::Kind,
        id::{ActionId, OrgId},
    },
    origin::{Answered, Search},
    records, store,
};

/// Actions that the form offers.
const ACTIONS_MAX: usize = 500;
const SIZE: u32 = 100;
const SIZE_MAX: u32 = 10_000;
const WITHIN: &[(&str, &str)] = &[
    ("15", "the last 15 minutes"),
    ("60", "the last hour"),
    ("1440", "the last day"),
    ("10080", "the last 7 days"),
];
const SQL: &str = "SELECT * FROM \"default\" ORDER BY _timestamp DESC";
const SAMPLE: &str = "[\n  {\"level\": \"error\", \"log\": \"disk full\"}\n]\n";

pub(super) fn router() -> Router<App> {
    Router::new().route("/console/{org}/explore", get(show).post(search))
}

/// What there is to choose from.
struct Choices {
    /// Ids and names.
    actions: Vec<(String, String)>,
    origin: bool,
}

/// What was found, and what became of it.
struct Found {
    /// A JSON array.
    before: String,
    count: usize,
    after: Option<Result<Applied, NotSearched>>,
}

/// `GET /console/{org}/explore`
async fn show(State(app): State<App>, visitor: Visitor, Path(org): Path<String>) -> Result<Response, Fault> {
    let org = visitor.may(&org, Permission::Invoke)?;
    let choices = choices(&app, &org).await?;
    Ok(page(&visitor, &org, &choices, &Form::default(), &html! {}))
}

/// `POST /console/{org}/explore`
async fn search(
    State(app): State<App>,
    Path(org): Path<String>,
    Sent { visitor, form }: Sent,
) -> Result<Response, Fault> {
    let org = visitor.may(&org, Permission::Invoke)?;
    let action = match form.text("action") {
        "" => None,
        id => Some(id.parse().map_err(|_| Fault::gone("action"))?),
    };
    // An answer's place is kept for as long as its records are here.
    let (records, _place) = match form.text("source") {
        "origin" => {
            from_origin(&app, &org, &form, action).await.map(|(records, place)| (records, Some(place)))?
        }
        _ => (pasted(&form).await?, None),
    };
    let form = form.brief();
    let found = applied(&app, &org, records, action).await?;
    let (of, whose) = (visitor.clone(), org.clone());
    let found = aside(move || side_by_side(&of, &whose, &found)).await?;
    if visitor.partial {
        return Ok(Html(found.into_string()).into_response());
    }
    let choices = choices(&app, &org).await?;
    Ok(page(&visitor, &org, &choices, &form, &found))
}

async fn choices(app: &App, org: &OrgId) -> Result<Choices, Fault> {
    let read_org = org.clone();
    let actions = app.store().read(move |view| {
        let services = view.actions(&read_org).filter(|action| {
            action.as_ref().map_or(true, |action| action.kind == Kind::Service && !action.paused)
        });
        let named = services
            .take(ACTIONS_MAX)
            .map(|action| action.map(|action| (action.id.to_string(), action.name.to_string())));
        named.collect::<store::Result<Vec<_>>>()
    });
    let mut actions = actions.await?;
    actions.sort_by(|(_, one), (_, other)| one.cmp(other));
    Ok(Choices { actions, origin: app.has_origin() })
}

/// Records out of the form: a file before a text.
async fn pasted(form: &Form) -> Result<String, Fault> {
    let (bytes, from) = match form.file("file") {
        Some((name, bytes)) => (bytes.to_vec(), name.to_owned()),
        None => (form.get("records").unwrap_or_default().as_bytes().to_vec(), "the records".to_owned()),
    };
    aside(move || records::of(bytes, &from)).await?.map_err(|error| Fault::bad(error.to_string()))
}

/// Records that the origin finds.
async fn from_origin(
    app: &App,
    org: &OrgId,
    form: &Form,
    action: Option<ActionId>,
) -> Result<(String, OwnedSemaphorePermit), Fault> {
    if let Some(action) = action {
        app.may_apply(org, action).await?;
    }
    let body = query(form, clock::now())?;
    let pair = format!("{}:{}", form.text("email"), form.get("password").unwrap_or_default());
    let authorization = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(pair)));
    let asked = Search {
        org: org.clone(),
        query: Some("type=logs".to_owned()),
        authorization: authorization.map_err(|_| Fault::bad("These are no credentials."))?,
        traceparent: new_traceparent(),
        body,
    };
    let answered = app.ask_origin(asked).await?;
    if !answered.status.is_success() {
        let said: String = String::from_utf8_lossy(&answered.body).chars().take(500).collect();
        return Err(Fault::bad(format!("OpenObserve answered {}: {said}", answered.status)));
    }
    let Answered { place, body, .. } = answered;
    let rows = aside(move || hits(&body)).await??;
    Ok((rows.unwrap_or_else(|| records::NONE.to_owned()), place))
}

/// OpenObserve's search, of what the form says.
fn query(form: &Form, now: Timestamp) -> Result<Vec<u8>, Fault> {
    let until = match form.text("until") {
        "" => now,
        text => utc(text).ok_or_else(|| Fault::bad("Before: this is no time."))?,
    };
    let minutes: i64 = form.number("within", "Time")?.unwrap_or(60).clamp(1, 60 * 24 * 366);
    let since = until.checked_sub(SignedDuration::from_mins(minutes)).unwrap_or(Timestamp::MIN);
    let size = form.number("size", "Records")?.unwrap_or(SIZE).clamp(1, SIZE_MAX);
    let query = serde_json::json!({
        "query": {
            "sql": form.text("sql"), "start_time": since.as_microsecond(), "end_time": until.as_microsecond(),
            "from": 0, "size": size,
        },
        "search_type": "ui",
    });
    Ok(query.to_string().into_bytes())
}

/// Records, and what an action makes of them. That it fails is a finding too.
async fn applied(app: &App, org: &OrgId, records: String, action: Option<ActionId>) -> Result<Found, Fault> {
    let count = count(&records);
    let after = match action {
        // As in a search: it is not called when there is nothing to call it with.
        Some(action) if count > 0 => {
            match app.apply(org.clone(), action, records.clone(), new_traceparent()).await {
                failed @ (Ok(_) | Err(NotSearched::Failed { .. })) => Some(failed),
                Err(refused) => return Err(refused.into()),
            }
        }
        Some(_) | None => None,
    };
    Ok(Found { before: records, count, after })
}

fn count(rows: &str) -> usize {
    serde_json::from_str::<Vec<&serde_json::value::RawValue>>(rows).map_or(0, |rows| rows.len())
}

fn page(visitor: &Visitor, org: &OrgId, choices: &Choices, form: &Form, found: &Markup) -> Response {
    let to = visitor.at(org, "/explore");
    let body = html! {
        (parts::heading("Explore", Some("See what an action makes of log records."), &html! {}))
        @if choices.origin {
            (parts::panel("Ask OpenObserve", &asking(visitor, &to, choices, form)))
            details.panel open[form.text("source") == "records"] {
                summary { "Or paste records" }
                (pasting(visitor, &to, choices, form))
            }
        } @else {
            (parts::panel("Records", &pasting(visitor, &to, choices, form)))
            p.hint { "To ask an OpenObserve for records, the operator sets " code { "origin.url" } "." }
        }
        div #found aria-live="polite" { (found) }
    };
    let page = Page { visitor, org, section: Section::Explore, title: "Explore", nonce: None };
    page.show(&body)
}

fn asking(visitor: &Visitor, to: &str, choices: &Choices, form: &Form) -> Markup {
    let or = |name: &str, default: &str| form.get(name).unwrap_or(default).to_owned();
    html! {
        form.stack method="post" action=(to) hx-post=(to) hx-target="#found" hx-disabled-elt="find button" {
            (token(visitor))
            input type="hidden" name="source" value="origin";
            (parts::field("sql", "Query", None, &html! {
                textarea #sql.mono name="sql" rows="3" spellcheck="false" required { (or("sql", SQL)) }
            }))
            div.grid {
                (parts::field("within", "In", None, &parts::choice("within", "within", WITHIN, &or("within", "60"))))
                (parts::field("until", "Before (UTC)", Some("Empty: now"), &html! {
                    input #until type="datetime-local" name="until" value=(or("until", "")) aria-describedby="until-hint";
                }))
                (parts::field("size", "Records", None, &html! {
                    input #size type="number" name="size" min="1" max=(SIZE_MAX) value=(or("size", &SIZE.to_string()));
                }))
                (action_field("action", choices, form))
            }
            div.grid {
                (parts::field("email", "Your account at OpenObserve", None, &html! {
                    input #email type="email" name="email" required autocomplete="off" value=(or("email", &visitor.email()));
                }))
                (parts::field("password", "Its password or token", Some("Passed on, and kept nowhere"), &html! {
                    input #password type="password" name="password" required autocomplete="new-password" aria-describedby="password-hint";
                }))
            }
            div.buttons { button.button.primary type="submit" { "Search" } }
        }
    }
}

fn pasting(visitor: &Visitor, to: &str, choices: &Choices, form: &Form) -> Markup {
    html! {
        form.stack method="post" action=(to) enctype="multipart/form-data" hx-post=(to) hx-encoding="multipart/form-data"
            hx-target="#found" hx-disabled-elt="find button" {
            (token(visitor))
            input type="hidden" name="source" value="records";
            (parts::field("records", "Records", Some("A JSON array, one object, or one object to a line"), &html! {
                textarea #records.mono name="records" rows="8" spellcheck="false" aria-describedby="records-hint" {
                    (form.get("records").unwrap_or(SAMPLE))
                }
            }))
            div.grid {
                (parts::field("file", "Or a file", None, &html! { input #file type="file" name="file" accept=".json,.ndjson,.jsonl,.txt"; }))
                (action_field("pasted-action", choices, form))
            }
            div.buttons { button.button.primary type="submit" { "Apply" } }
        }
    }
}

fn action_field(id: &str, choices: &Choices, form: &Form) -> Markup {
    let options: Vec<(&str, &str)> = [("", "none: only the records")]
        .into_iter()
        .chain(choices.actions.iter().map(|(id, name)| (id.as_str(), name.as_str())))
        .collect();
    parts::field(id, "Action", None, &parts::choice(id, "action", &options, form.text("action")))
}

fn side_by_side(visitor: &Visitor, org: &OrgId, found: &Found) -> Markup {
    let records = |count: usize| {
        format!("{} {}", words::number(count as u64), if count == 1 { "record" } else { "records" })
    };
    let run = |id: &crate::model::id::RunId| html! { a href=(visitor.at(org, &format!("/runs/{id}"))) { "the run" } };
    html! {
        div.sides {
            section.panel {
                h2 { "Before" }
                p.hint { (records(found.count)) }
                @if found.count > 0 { (value("Before", &found.before)) }
            }
            section.panel {
                h2 { "After" }
                @match &found.after {
                    None if found.count == 0 => { p.hint { "There is nothing to call an action with." } }
                    None => { p.hint { "No action was chosen." } }
                    Some(Ok(applied)) => {
                        p.hint { (records(count(&applied.rows))) ", " (run(&applied.run)) }
                        (value("After", &applied.rows))
                    }
                    Some(Err(NotSearched::Failed { run: id, message })) => {
                        (parts::flash(parts::Tone::Bad, &html! { strong { "The action failed" } ": see " (run(id)) "." }))
                        pre.traceback tabindex="0" role="region" aria-label="Why" { (message) }
                    }
                    Some(Err(other)) => { (parts::flash(parts::Tone::Bad, &html! { (other) })) }
                }
            }
        }
    }
}

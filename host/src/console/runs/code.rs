//! The code of the version that a run was of, line by line, for tracebacks to lead to.

use axum::{extract::State, http::Uri, response::Response};
use maud::{Markup, html};

use super::{
    super::{fault::Fault, form::Form, parts, session::Visitor},
    page,
};
use crate::{
    answer::Path,
    app::{App, SourceFile},
    model::account::Permission,
};

/// `GET /console/{org}/runs/{run}/code?file=main.py`
pub(super) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path((org, id)): Path<(String, String)>,
    uri: Uri,
) -> Result<Response, Fault> {
    visitor.may(&org, Permission::ReadRuns)?;
    // Code may hold secrets.
    let org = visitor.may(&org, Permission::ReadSecrets)?;
    let (run, _) = super::run::found(&app, &org, &id).await?;
    let asked = Form::of(uri.query().unwrap_or_default().as_bytes())?;
    let (action, number) = (run.action, run.version);
    let zip = app.store().read(move |view| {
        let version = view.version(&action, number)?;
        version.map_or(Ok(None), |version| view.bundle(&version.bundle))
    });
    let zip = zip.await?.ok_or_else(|| Fault::gone("version"))?;
    let files = app.sources(zip.into()).await?.unwrap_or_default();
    let here = visitor.at(&org, &format!("/runs/{}", run.id));
    let wanted = if asked.text("file").is_empty() { "main.py" } else { asked.text("file") };
    let file = files.iter().find(|file| file.name == wanted);
    let title = format!("{wanted} of version {number}");
    let body = html! {
        (parts::heading(&title, Some("The code as it was when the run ran."), &html! { a.button href=(here) { "Back to the run" } }))
        nav.tabs aria-label="Files" {
            @for other in &files {
                a href={ (here) "/code?" (query(&other.name)) } aria-current=[(other.name == wanted).then_some("page")] { (other.name) }
            }
        }
        @match file {
            Some(file) => { (lines(file)) }
            None => {
                (parts::empty("This file is not shown", "It is in a package, or the bundle holds more than a page shows.", &html! {}))
            }
        }
    };
    Ok(page(&visitor, &org, &title).show(&body))
}

fn lines(file: &SourceFile) -> Markup {
    html! {
        div.source tabindex="0" role="region" aria-label=(file.name) {
            @for (index, line) in file.text.lines().enumerate() {
                @let number = index + 1;
                div.at #{ "L" (number) } { a href={ "#L" (number) } { (number) } code { (line) } }
            }
        }
    }
}

fn query(file: &str) -> String {
    form_urlencoded::Serializer::new(String::new()).append_pair("file", file).finish()
}

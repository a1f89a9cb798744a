//! Who changed what.

use axum::{extract::State, http::Uri, response::Response};
use maud::html;

use super::{
    super::{fault::Fault, form::Form, parts, session::Visitor, words},
    Tab,
};
use crate::{answer::Path, app::App, clock, model::account::Permission};

const LINES: usize = 100;

/// `GET /console/{org}/administration/audit`
pub(super) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path(org): Path<String>,
    uri: Uri,
) -> Result<Response, Fault> {
    let org = visitor.may(&org, Permission::Administer)?;
    let asked = Form::of(uri.query().unwrap_or_default().as_bytes())?;
    let before = match asked.text("before") {
        "" => None,
        place => Some(place.parse().map_err(|()| Fault::bad("before is no place in the log."))?),
    };
    let read_org = org.clone();
    let read = app.store().read(move |view| view.audit_before(&read_org, before, LINES));
    let (changes, next) = read.await?;
    let now = clock::now();
    let rows = html! {
        @for change in &changes {
            tr {
                td data-label="When" { (words::moment(change.at, now)) }
                td data-label="Who" { (change.who) }
                td data-label="What" { code { (change.what) } }
                td.subject data-label="Of what" { (change.subject) }
                td data-label="More" { (change.detail) }
            }
        }
    };
    let first = visitor.at(&org, Tab::Audit.path());
    let next = next.map(|next| format!("{first}?before={next}"));
    let body = html! {
        @if changes.is_empty() {
            (parts::empty("Nothing was changed yet", "Every change to this organisation appears here, with who made it.", &html! {}))
        } @else {
            (parts::table("Audit log", &["When", "Who", "What", "Of what", "More"], &rows))
        }
        (parts::pager(before.map(|_| &*first), next.as_deref()))
    };
    Ok(Tab::Audit.show(&visitor, &org, "Who changed what, newest first.", &body))
}

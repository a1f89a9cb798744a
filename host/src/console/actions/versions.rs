//! An action's versions: what was uploaded when, and going back to one.

use axum::{
    body::Body,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use maud::{Markup, html};

use super::{
    super::{
        fault::{Fault, away},
        form::Sent,
        layout::{Page, Section},
        parts,
        query::Query,
        session::{Visitor, action_id},
        words,
    },
    edit::Asked,
    found::{Tab, found, top},
};
use crate::{
    answer::Path,
    app::App,
    clock,
    model::{
        account::Permission,
        action::{Action, Version},
    },
    store,
};

/// `GET /console/{org}/actions/{id}/versions`
pub(in crate::console) async fn list(
    State(app): State<App>,
    Path((org, id)): Path<(String, String)>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let org = visitor.may(&org, Permission::ReadSecrets)?;
    let (action, _) = found(&app, &org, action_id(&id)?).await?;
    let of = action.id;
    let versions =
        app.store().read(move |view| view.versions(&of).collect::<store::Result<Vec<_>>>()).await?;
    let rows = html! { @for version in &versions { (row(&visitor, &action, version)) } };
    let body = html! {
        (top(&visitor, &action, Tab::Versions, &html! {}))
        (parts::done(asked.done()))
        (parts::table("Versions", &["Version", "Uploaded", "By", "File", "Size", ""], &rows))
    };
    let page =
        Page { visitor: &visitor, org: &org, section: Section::Actions, title: "Versions", nonce: None };
    Ok(page.show(&body))
}

/// `POST /console/{org}/actions/{id}/versions/{version}/rollback`
pub(in crate::console) async fn roll_back(
    State(app): State<App>,
    Path((org, id, version)): Path<(String, String, String)>,
    Sent { visitor, .. }: Sent,
) -> Result<Response, Fault> {
    let org = visitor.may(&org, Permission::EditActions)?;
    let id = action_id(&id)?;
    app.roll_back(org.clone(), id, number(&version)?, visitor.email()).await?;
    Ok(away(visitor.partial, &visitor.at(&org, &format!("/actions/{id}/versions?done=rolled-back"))))
}

/// `GET /console/{org}/actions/{id}/versions/{version}/zip`
pub(in crate::console) async fn download(
    State(app): State<App>,
    Path((org, id, version)): Path<(String, String, String)>,
    visitor: Visitor,
) -> Result<Response, Fault> {
    let org = visitor.may(&org, Permission::ReadSecrets)?;
    let (action, _) = found(&app, &org, action_id(&id)?).await?;
    let (id, number) = (action.id, number(&version)?);
    let zip = app.store().read(move |view| match view.version(&id, number)? {
        Some(version) => view.bundle(&version.bundle),
        None => Ok(None),
    });
    let zip = zip.await?.ok_or_else(|| Fault::gone("version"))?;
    let name = format!("attachment; filename=\"{id}-{number}.zip\"");
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/zip")),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_str(&name).unwrap_or(HeaderValue::from_static("attachment")),
        ),
    ];
    Ok((headers, Body::from(zip)).into_response())
}

fn row(visitor: &Visitor, action: &Action, version: &Version) -> Markup {
    let at = |end: &str| {
        visitor.at(&action.org, &format!("/actions/{}/versions/{}/{end}", action.id, version.number))
    };
    let is_current = version.number == action.version;
    let question = format!("Run {} by version {} from now on?", action.name, version.number);
    html! {
        tr {
            td data-label="Version" { strong { (version.number) } @if is_current { " " (parts::tag("runs now")) } }
            td data-label="Uploaded" { (words::moment(version.created_at, clock::now())) }
            td data-label="By" { (version.created_by) }
            td data-label="File" { a href=(at("zip")) download { (version.zip_file_name) } }
            td.num data-label="Size" { (words::bytes(version.bytes)) }
            td.deeds {
                @if !is_current && visitor.can(&action.org, Permission::EditActions) {
                    (parts::deed(visitor, &at("rollback"), "Roll back", "small", Some(&question)))
                }
            }
        }
    }
}

fn number(text: &str) -> Result<u32, Fault> {
    text.parse().map_err(|_| Fault::gone("version"))
}

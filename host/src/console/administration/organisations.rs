//! The organisations of the server, for its operator.

use axum::{extract::State, response::Response};
use maud::{Markup, html};

use super::{
    super::{
        fault::{Fault, away},
        form::Sent,
        layout::token,
        parts,
        session::Visitor,
        words,
    },
    Tab, operator,
};
use crate::{
    answer::Path,
    app::App,
    clock,
    model::{account::Permission, id::OrgId, organisation::Organisation},
};

const PATH: &str = "/administration/organisations";
const ORGS_MAX: usize = 500;

/// `GET /console/{org}/administration/organisations`
pub(super) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path(org): Path<String>,
) -> Result<Response, Fault> {
    let org = visitor.may(&org, Permission::Administer)?;
    operator(&visitor)?;
    let organisations = app.organisations(|_| true).await?;
    let body = html! {
        (table(&visitor, &org, &organisations))
        (parts::panel("New organisation", &adding(&visitor, &org)))
    };
    Ok(Tab::Organisations.show(&visitor, &org, "Each has actions, runs and members of its own.", &body))
}

fn table(visitor: &Visitor, org: &OrgId, organisations: &[Organisation]) -> Markup {
    let now = clock::now();
    let rows = html! {
        @for one in organisations.iter().take(ORGS_MAX) {
            tr {
                td data-label="Organisation" { a href=(visitor.at(&one.id, "/overview")) { (one.id) } }
                td data-label="Since" { (words::moment(one.created_at, now)) }
                td.deeds {
                    // Whoever looks at it cannot remove it under their own feet.
                    @if one.id != *org { (removing(visitor, org, one)) } @else { span.hint { "this one" } }
                }
            }
        }
    };
    html! {
        (parts::table("Organisations", &["Organisation", "Since", ""], &rows))
        @if organisations.len() > ORGS_MAX { p.hint { "The first " (ORGS_MAX) " of " (organisations.len()) " are shown." } }
    }
}

/// The name has to be written, for there is no way back.
fn removing(visitor: &Visitor, org: &OrgId, one: &Organisation) -> Markup {
    let to = visitor.at(org, "/administration/organisations/remove");
    html! {
        details.mini {
            summary.button.small.danger { "Remove" }
            form.mini method="post" action=(to) hx-post=(to) hx-swap="none" {
                (token(visitor))
                input type="hidden" name="org" value=(one.id);
                input type="text" name="name" required autocomplete="off" placeholder=(one.id) aria-label={ "Write " (one.id) " to remove it with all that it has" };
                button.button.small.danger type="submit" { "Remove with all it has" }
            }
        }
    }
}

fn adding(visitor: &Visitor, org: &OrgId) -> Markup {
    let to = visitor.at(org, PATH);
    html! {
        form.stack method="post" action=(to) hx-post=(to) hx-swap="none" {
            (token(visitor))
            (parts::field("name", "Name", Some("1 to 64 letters, digits, _ and -"), &html! {
                input #name type="text" name="name" required maxlength="64" pattern="[A-Za-z0-9_\\-]+" autocomplete="off" aria-describedby="name-hint";
            }))
            div.buttons { button.button.primary type="submit" { "Make" } }
        }
    }
}

/// `POST /console/{org}/administration/organisations`
pub(super) async fn add(
    State(app): State<App>,
    Path(org): Path<String>,
    Sent { visitor, form }: Sent,
) -> Result<Response, Fault> {
    let org = visitor.may(&org, Permission::Administer)?;
    operator(&visitor)?;
    let name = form.text("name");
    let made: OrgId = name
        .parse()
        .map_err(|_| Fault::bad(format!("{name:?} is no name: write 1 to 64 letters, digits, _ and -.")))?;
    if made.as_str() == "organizations" {
        return Err(Fault::bad("This is a path of the server itself: take another name."));
    }
    app.make_organisation(made, visitor.email()).await?;
    Ok(away(visitor.partial, &visitor.at(&org, PATH)))
}

/// `POST /console/{org}/administration/organisations/remove`
pub(super) async fn remove(
    State(app): State<App>,
    Path(org): Path<String>,
    Sent { visitor, form }: Sent,
) -> Result<Response, Fault> {
    let org = visitor.may(&org, Permission::Administer)?;
    operator(&visitor)?;
    let named = form.text("org");
    if form.text("name") != named {
        return Err(Fault::bad("Write the organisation's name to remove it."));
    }
    app.remove_organisation(named.parse().map_err(|_| Fault::gone("organisation"))?, visitor.email()).await?;
    Ok(away(visitor.partial, &visitor.at(&org, PATH)))
}

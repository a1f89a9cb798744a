//! Service accounts: programs that log in with a token, which is shown once.

use axum::{
    extract::State,
    response::{Html, IntoResponse as _, Response},
};
use maud::{Markup, html};

use super::{
    super::{
        fault::{Fault, away},
        form::Sent,
        layout::token,
        parts,
        query::Query,
        session::Visitor,
        words,
    },
    Asked, ROLES, Tab, email,
    members::{remove_form, role_form},
    part, role,
};
use crate::{
    answer::Path,
    app::{App, Made},
    clock,
    model::{
        account::{Account, AccountKind, Permission},
        id::OrgId,
    },
};

const PATH: &str = "/administration/service_accounts";

/// `GET /console/{org}/administration/service_accounts`
pub(super) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path(org): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let org = visitor.may(&org, Permission::Administer)?;
    page(&app, &visitor, &org, &asked, &html! {}).await
}

async fn page(
    app: &App,
    visitor: &Visitor,
    org: &OrgId,
    asked: &Asked,
    made: &Markup,
) -> Result<Response, Fault> {
    let body = html! {
        (listed(app, visitor, org, asked, made).await?)
        (parts::panel("New service account", &adding(visitor, org)))
    };
    Ok(Tab::ServiceAccounts.show(visitor, org, "Programs that log in with a token.", &body))
}

/// The accounts, and what was made of one just now.
async fn listed(
    app: &App,
    visitor: &Visitor,
    org: &OrgId,
    asked: &Asked,
    made: &Markup,
) -> Result<Markup, Fault> {
    let accounts = app.members(org.clone(), AccountKind::Service).await?;
    let (shown, pager) = part(&accounts, asked, &visitor.at(org, PATH));
    Ok(html! {
        div #accounts {
            (made)
            @if accounts.is_empty() {
                (parts::empty("No service accounts yet", "A service account is how a program logs in: the command line, a pipeline, another cluster.", &html! {}))
            } @else {
                (table(visitor, org, shown))
                (pager)
            }
        }
    })
}

fn table(visitor: &Visitor, org: &OrgId, accounts: &[Account]) -> Markup {
    let now = clock::now();
    let at = |path: &str| visitor.at(org, &format!("{PATH}{path}"));
    let rows = html! {
        @for account in accounts {
            tr {
                td data-label="Account" { div { (account.email) @if !account.description.is_empty() { p.hint { (account.description) } } } }
                td data-label="Role" { (role_form(visitor, &at("/role"), org, account)) }
                td data-label="Since" { (words::moment(account.created_at, now)) }
                td.deeds {
                    form.deed method="post" action=(at("/rotate")) hx-post=(at("/rotate")) hx-target="#accounts" hx-swap="outerHTML"
                        hx-confirm={ "Make a new token for " (account.email) "? The one it has counts no longer." } {
                        (token(visitor))
                        input type="hidden" name="email" value=(account.email);
                        button.button.small type="submit" { "New token" }
                    }
                    (remove_form(visitor, &at("/remove"), account))
                }
            }
        }
    };
    parts::table("Service accounts", &["Account", "Role", "Since", ""], &rows)
}

fn adding(visitor: &Visitor, org: &OrgId) -> Markup {
    let to = visitor.at(org, PATH);
    html! {
        form.stack method="post" action=(to) hx-post=(to) hx-target="#accounts" hx-swap="outerHTML" {
            (token(visitor))
            div.grid {
                (parts::field("email", "Name", Some("As an e-mail address: deploy@example.com"), &html! {
                    input #email type="email" name="email" required autocomplete="off" aria-describedby="email-hint";
                }))
                (parts::field("role", "Role", None, &parts::choice("role", "role", &ROLES, "invoker")))
                (parts::field("description", "What it is for", None, &html! { input #description type="text" name="description" maxlength="1024"; }))
            }
            div.buttons { button.button.primary type="submit" { "Make" } }
        }
    }
}

/// What is shown once.
fn shown(made: &Made) -> Markup {
    parts::flash(
        parts::Tone::Good,
        &html! {
            p { strong { "The token of " (made.email) "." } " Take it now: it is shown nowhere else." }
            (parts::paste("Token", &made.token))
        },
    )
}

async fn told(app: &App, visitor: &Visitor, org: &OrgId, made: &Made) -> Result<Response, Fault> {
    let shown = shown(made);
    if visitor.partial {
        return Ok(
            Html(listed(app, visitor, org, &Asked::default(), &shown).await?.into_string()).into_response()
        );
    }
    page(app, visitor, org, &Asked::default(), &shown).await
}

/// `POST /console/{org}/administration/service_accounts`
pub(super) async fn add(
    State(app): State<App>,
    Path(org): Path<String>,
    Sent { visitor, form }: Sent,
) -> Result<Response, Fault> {
    let org = visitor.may(&org, Permission::Administer)?;
    let (email, role) = (email(form.text("email"))?, role(form.text("role"))?);
    let description = form.text("description").to_owned();
    let made = app.make_service_account(org.clone(), email, role, description, visitor.email()).await?;
    told(&app, &visitor, &org, &made).await
}

/// `POST /console/{org}/administration/service_accounts/rotate`
pub(super) async fn rotate(
    State(app): State<App>,
    Path(org): Path<String>,
    Sent { visitor, form }: Sent,
) -> Result<Response, Fault> {
    let org = visitor.may(&org, Permission::Administer)?;
    let made = app.rotate_token(org.clone(), email(form.text("email"))?, visitor.email()).await?;
    told(&app, &visitor, &org, &made).await
}

/// `POST /console/{org}/administration/service_accounts/role`
pub(super) async fn change(
    State(app): State<App>,
    Path(org): Path<String>,
    Sent { visitor, form }: Sent,
) -> Result<Response, Fault> {
    let org = visitor.may(&org, Permission::Administer)?;
    let (email, role) = (email(form.text("email"))?, role(form.text("role"))?);
    app.change_member(org.clone(), email, AccountKind::Service, Some(role), None, visitor.email()).await?;
    Ok(away(visitor.partial, &visitor.at(&org, PATH)))
}

/// `POST /console/{org}/administration/service_accounts/remove`
pub(super) async fn remove(
    State(app): State<App>,
    Path(org): Path<String>,
    Sent { visitor, form }: Sent,
) -> Result<Response, Fault> {
    let org = visitor.may(&org, Permission::Administer)?;
    app.remove_member(org.clone(), email(form.text("email"))?, AccountKind::Service, visitor.email()).await?;
    Ok(away(visitor.partial, &visitor.at(&org, PATH)))
}

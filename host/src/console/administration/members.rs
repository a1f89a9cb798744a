//! The people of an organisation: who they are, and what they may.

use axum::{extract::State, response::Response};
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
    Asked, ROLES, Tab, email, operator, part, role,
};
use crate::{
    answer::Path,
    app::App,
    clock,
    model::{
        account::{Account, AccountKind, Permission, Role},
        id::OrgId,
    },
};

const PATH: &str = "/administration";

/// `GET /console/{org}/administration`
pub(super) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path(org): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let org = visitor.may(&org, Permission::Administer)?;
    let members = app.members(org.clone(), AccountKind::User).await?;
    let (shown, pager) = part(&members, &asked, &visitor.at(&org, PATH));
    let body = html! {
        @if members.is_empty() {
            (parts::empty("No members yet", "The operator may do everything here without being one. Add people below.", &html! {}))
        } @else {
            (table(&visitor, &org, shown))
            (pager)
        }
        (parts::panel("Add a member", &adding(&visitor, &org)))
    };
    Ok(Tab::Members.show(&visitor, &org, "Who may do what in this organisation.", &body))
}

fn table(visitor: &Visitor, org: &OrgId, members: &[Account]) -> Markup {
    let now = clock::now();
    let root = visitor.account().root;
    let rows = html! {
        @for member in members {
            tr {
                td data-label="Account" { (member.email) }
                td data-label="Role" { (role_form(visitor, &visitor.at(org, "/administration/members/role"), org, member)) }
                td data-label="Since" { (words::moment(member.created_at, now)) }
                td.deeds {
                    @if root { (password_form(visitor, org, member)) }
                    (remove_form(visitor, &visitor.at(org, "/administration/members/remove"), member))
                }
            }
        }
    };
    parts::table("Members", &["Account", "Role", "Since", ""], &rows)
}

/// A list of roles with a button that takes over the chosen one.
pub(super) fn role_form(visitor: &Visitor, to: &str, org: &OrgId, account: &Account) -> Markup {
    let now = account.roles.get(org).copied().unwrap_or(Role::Viewer);
    html! {
        form.mini method="post" action=(to) hx-post=(to) hx-swap="none" {
            (token(visitor))
            input type="hidden" name="email" value=(account.email);
            select name="role" aria-label={ "Role of " (account.email) } {
                @for (word, _) in ROLES { option value=(word) selected[word == now.as_str()] { (word) } }
            }
            button.button.small type="submit" { "Set" }
        }
    }
}

pub(super) fn remove_form(visitor: &Visitor, to: &str, account: &Account) -> Markup {
    html! {
        form.deed method="post" action=(to) hx-post=(to) hx-swap="none" hx-confirm={ "Take " (account.email) " out of this organisation?" } {
            (token(visitor))
            input type="hidden" name="email" value=(account.email);
            button.button.small.danger type="submit" { "Remove" }
        }
    }
}

fn password_form(visitor: &Visitor, org: &OrgId, member: &Account) -> Markup {
    let to = visitor.at(org, "/administration/members/password");
    html! {
        details.mini {
            summary.button.small { "New password" }
            form.mini method="post" action=(to) hx-post=(to) hx-swap="none" {
                (token(visitor))
                input type="hidden" name="email" value=(member.email);
                input type="password" name="password" required minlength="8" maxlength="256" autocomplete="new-password"
                    aria-label={ "New password of " (member.email) };
                button.button.small type="submit" { "Set" }
            }
        }
    }
}

fn adding(visitor: &Visitor, org: &OrgId) -> Markup {
    let to = visitor.at(org, PATH);
    html! {
        form.stack method="post" action=(to) hx-post=(to) hx-swap="none" {
            (token(visitor))
            div.grid {
                (parts::field("email", "E-mail address", None, &html! { input #email type="email" name="email" required autocomplete="off"; }))
                (parts::field("role", "Role", None, &parts::choice("role", "role", &ROLES, "viewer")))
                (parts::field("password", "Password", Some("Left empty for somebody whom another organisation knows"), &html! {
                    input #password type="password" name="password" minlength="8" maxlength="256" autocomplete="new-password" aria-describedby="password-hint";
                }))
            }
            div.buttons { button.button.primary type="submit" { "Add" } }
        }
    }
}

/// `POST /console/{org}/administration`
pub(super) async fn add(
    State(app): State<App>,
    Path(org): Path<String>,
    Sent { visitor, form }: Sent,
) -> Result<Response, Fault> {
    let org = visitor.may(&org, Permission::Administer)?;
    let (email, role) = (email(form.text("email"))?, role(form.text("role"))?);
    let password = form.get("password").filter(|password| !password.is_empty()).map(str::to_owned);
    app.make_user(org.clone(), email, password, role, visitor.email()).await?;
    Ok(away(visitor.partial, &visitor.at(&org, PATH)))
}

/// `POST /console/{org}/administration/members/role`
pub(super) async fn change(
    State(app): State<App>,
    Path(org): Path<String>,
    Sent { visitor, form }: Sent,
) -> Result<Response, Fault> {
    let org = visitor.may(&org, Permission::Administer)?;
    let (email, role) = (email(form.text("email"))?, role(form.text("role"))?);
    app.change_member(org.clone(), email, AccountKind::User, Some(role), None, visitor.email()).await?;
    Ok(away(visitor.partial, &visitor.at(&org, PATH)))
}

/// `POST /console/{org}/administration/members/password`: by the operator alone.
pub(super) async fn password(
    State(app): State<App>,
    Path(org): Path<String>,
    Sent { visitor, form }: Sent,
) -> Result<Response, Fault> {
    let org = visitor.may(&org, Permission::Administer)?;
    operator(&visitor)?;
    let (email, password) = (email(form.text("email"))?, form.get("password").unwrap_or_default().to_owned());
    app.change_password(org.clone(), email, None, password, visitor.email()).await?;
    Ok(away(visitor.partial, &visitor.at(&org, PATH)))
}

/// `POST /console/{org}/administration/members/remove`
pub(super) async fn remove(
    State(app): State<App>,
    Path(org): Path<String>,
    Sent { visitor, form }: Sent,
) -> Result<Response, Fault> {
    let org = visitor.may(&org, Permission::Administer)?;
    app.remove_member(org.clone(), email(form.text("email"))?, AccountKind::User, visitor.email()).await?;
    Ok(away(visitor.partial, &visitor.at(&org, PATH)))
}

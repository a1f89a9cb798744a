//! The routes of users: people who log in with a password.

use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    actions::DoneWire,
    caller::{Caller, email, role},
    problem::Problem,
    query::{Body, Path},
    service_accounts::AccountsWire,
};
use crate::{
    app::App,
    model::{
        account::{AccountKind, Permission},
        id::OrgId,
    },
};

/// A user who is to be made, or who is to get a role in this organisation too.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewUser)]
pub(super) struct NewWire {
    email: String,
    /// Of 8 to 256 bytes; left out for a user whom other organisations know already
    password: Option<String>,
    /// admin, editor, invoker, viewer
    role: String,
}

/// What is to be changed: a role by an admin, a password by the user.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = UserEdit)]
pub(super) struct EditWire {
    /// admin, editor, invoker, viewer
    role: Option<String>,
    /// The password that it is now
    old_password: Option<String>,
    new_password: Option<String>,
}

/// List an organisation's users
#[utoipa::path(
    get, path = "/api/{org}/users", tag = "accounts",
    params(("org" = String, Path, description = "The organisation")),
    responses((status = 200, body = AccountsWire), (status = 403, body = super::ErrorWire))
)]
pub(super) async fn list(
    State(app): State<App>,
    Path(org): Path<String>,
    caller: Caller,
) -> Result<Json<AccountsWire>, Problem> {
    let org = caller.may(&org, Permission::Administer)?;
    Ok(Json(AccountsWire::new(&app, &org, AccountKind::User).await?))
}

/// Make a user, or give one who is known a role
#[utoipa::path(
    post, path = "/api/{org}/users", tag = "accounts",
    params(("org" = String, Path, description = "The organisation")), request_body = NewWire,
    responses(
        (status = 200, body = DoneWire),
        (status = 400, body = super::ErrorWire),
        (status = 403, body = super::ErrorWire),
        (status = 409, description = "there is such an account", body = super::ErrorWire),
    )
)]
pub(super) async fn create(
    State(app): State<App>,
    Path(org): Path<String>,
    caller: Caller,
    Body(new): Body<NewWire>,
) -> Result<Json<DoneWire>, Problem> {
    let org = caller.may(&org, Permission::Administer)?;
    let (email, role) = (email(&new.email)?, role(&new.role)?);
    app.make_user(org, email, new.password, role, caller.email()).await?;
    Ok(Json(DoneWire { code: 200, message: "User saved" }))
}

/// Change a user's role or password
///
/// An admin changes roles. A password is changed by the user, who has to send the old one too, or by the operator.
#[utoipa::path(
    put, path = "/api/{org}/users/{email}", tag = "accounts",
    params(
        ("org" = String, Path, description = "The organisation"),
        ("email" = String, Path, description = "The user"),
    ),
    request_body = EditWire,
    responses(
        (status = 200, body = DoneWire),
        (status = 400, body = super::ErrorWire),
        (status = 403, body = super::ErrorWire),
        (status = 404, body = super::ErrorWire),
    )
)]
pub(super) async fn edit(
    State(app): State<App>,
    Path((org, user)): Path<(String, String)>,
    caller: Caller,
    Body(edit): Body<EditWire>,
) -> Result<Json<DoneWire>, Problem> {
    let own = user.parse().is_ok_and(|user| caller.is(&user));
    // Whoever may not administer may still change their own password.
    let org: OrgId = match edit.role {
        None if own => caller.may(&org, Permission::ReadActions)?,
        Some(_) | None => caller.may(&org, Permission::Administer)?,
    };
    let user = email(&user)?;
    let role = edit.role.as_deref().map(role).transpose()?;
    if role.is_none() && edit.new_password.is_none() {
        return Err(Problem::bad_request("nothing to change: send role or new_password"));
    }
    if let Some(new) = edit.new_password {
        let old = match edit.old_password {
            Some(old) if own => Some(old),
            None if own => return Err(Problem::bad_request("send old_password too")),
            Some(_) | None if caller.is_root() => None,
            Some(_) | None => return Err(Problem::forbidden()),
        };
        app.change_password(org.clone(), user.clone(), old, new, caller.email()).await?;
    }
    if role.is_some() {
        app.change_member(org, user, AccountKind::User, role, None, caller.email()).await?;
    }
    Ok(Json(DoneWire { code: 200, message: "User updated" }))
}

/// Take a user out of an organisation
///
/// A user who is in no other organisation is removed.
#[utoipa::path(
    delete, path = "/api/{org}/users/{email}", tag = "accounts",
    params(
        ("org" = String, Path, description = "The organisation"),
        ("email" = String, Path, description = "The user"),
    ),
    responses((status = 200, body = DoneWire), (status = 404, body = super::ErrorWire))
)]
pub(super) async fn remove(
    State(app): State<App>,
    Path((org, user)): Path<(String, String)>,
    caller: Caller,
) -> Result<Json<DoneWire>, Problem> {
    let org = caller.may(&org, Permission::Administer)?;
    app.remove_member(org, email(&user)?, AccountKind::User, caller.email()).await?;
    Ok(Json(DoneWire { code: 200, message: "User removed" }))
}

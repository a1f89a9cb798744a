//! The routes of service accounts: programs that call us, and what actions run as.

use axum::{
    Json,
    extract::{Request, State},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    actions::DoneWire,
    caller::{Caller, email, role},
    problem::Problem,
    query::{Body, Path, Query, bytes, of_object},
};
use crate::{
    app::{App, Made},
    model::account::{Account, AccountKind, Permission, Role},
};

/// What a service account is where nobody says: a program is there to run actions; it neither reads their secrets nor
/// changes them.
const ROLE: Role = Role::Invoker;

/// An account in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AccountWire {
    email: String,
    /// admin, editor, invoker, viewer
    role: &'static str,
    /// What is not kept is empty: clients of OpenObserve expect it.
    first_name: &'static str,
    last_name: &'static str,
    description: String,
    /// Microseconds since 1970
    created_at: i64,
}

/// An organisation's accounts.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AccountsWire {
    data: Vec<AccountWire>,
}

/// A service account that is to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewServiceAccount)]
pub(super) struct NewWire {
    email: String,
    /// admin, editor, invoker (the default) or viewer
    role: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    description: Option<String>,
}

/// What is to be changed.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = ServiceAccountEdit)]
pub(super) struct EditWire {
    /// admin, editor, invoker, viewer
    role: Option<String>,
    description: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct EditQuery {
    /// Make a new token instead; the old one counts no longer
    #[serde(default, rename = "rotateToken")]
    rotate_token: bool,
}

/// A token, which is shown nowhere else.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TokenWire {
    token: String,
    /// Whose it is
    user: String,
}

/// What was done to an account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum EditedWire {
    Rotated(TokenWire),
    Changed(DoneWire),
}

/// List an organisation's service accounts
#[utoipa::path(
    get, path = "/api/{org}/service_accounts", tag = "accounts",
    params(("org" = String, Path, description = "The organisation")),
    responses((status = 200, body = AccountsWire), (status = 403, body = super::ErrorWire))
)]
pub(super) async fn list(
    State(app): State<App>,
    Path(org): Path<String>,
    caller: Caller,
) -> Result<Json<AccountsWire>, Problem> {
    let org = caller.may(&org, Permission::EditActions)?;
    Ok(Json(AccountsWire::new(&app, &org, AccountKind::Service).await?))
}

/// Make a service account
///
/// Its token is in the answer, and shown nowhere else.
#[utoipa::path(
    post, path = "/api/{org}/service_accounts", tag = "accounts",
    params(("org" = String, Path, description = "The organisation")), request_body = NewWire,
    responses(
        (status = 200, body = TokenWire),
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
) -> Result<Json<TokenWire>, Problem> {
    let org = caller.may(&org, Permission::Administer)?;
    let role = new.role.as_deref().map_or(Ok(ROLE), role)?;
    let names = [new.first_name, new.last_name];
    let names: Vec<String> = names.into_iter().flatten().filter(|name| !name.is_empty()).collect();
    let description = new.description.unwrap_or_else(|| names.join(" "));
    let made = app.make_service_account(org, email(&new.email)?, role, description, caller.email()).await?;
    Ok(Json(TokenWire::from(made)))
}

/// Change a service account, or give it a new token
#[utoipa::path(
    put, path = "/api/{org}/service_accounts/{email}", tag = "accounts",
    params(
        ("org" = String, Path, description = "The organisation"),
        ("email" = String, Path, description = "The account"),
        EditQuery,
    ),
    request_body(content = Option<EditWire>, description = "Not needed for a new token"),
    responses(
        (status = 200, description = "with `rotateToken`; without it, that it was done", body = EditedWire),
        (status = 403, body = super::ErrorWire),
        (status = 404, body = super::ErrorWire),
    )
)]
pub(super) async fn edit(
    State(app): State<App>,
    Path((org, account)): Path<(String, String)>,
    caller: Caller,
    Query(query): Query<EditQuery>,
    request: Request,
) -> Result<Json<EditedWire>, Problem> {
    let org = caller.may(&org, Permission::Administer)?;
    let account = email(&account)?;
    let body = bytes(request, &app).await?;
    // Clients that want a new token send an object of nothing, or nothing at all.
    let edit = if query.rotate_token && body.is_empty() { EditWire::default() } else { of_object(&body)? };
    if query.rotate_token {
        let made = app.rotate_token(org, account, caller.email()).await?;
        return Ok(Json(EditedWire::Rotated(TokenWire::from(made))));
    }
    let role = edit.role.as_deref().map(role).transpose()?;
    app.change_member(org, account, AccountKind::Service, role, edit.description, caller.email()).await?;
    Ok(Json(EditedWire::Changed(DoneWire { code: 200, message: "Service account updated" })))
}

/// Remove a service account
#[utoipa::path(
    delete, path = "/api/{org}/service_accounts/{email}", tag = "accounts",
    params(
        ("org" = String, Path, description = "The organisation"),
        ("email" = String, Path, description = "The account"),
    ),
    responses((status = 200, body = DoneWire), (status = 404, body = super::ErrorWire))
)]
pub(super) async fn remove(
    State(app): State<App>,
    Path((org, account)): Path<(String, String)>,
    caller: Caller,
) -> Result<Json<DoneWire>, Problem> {
    let org = caller.may(&org, Permission::Administer)?;
    app.remove_member(org, email(&account)?, AccountKind::Service, caller.email()).await?;
    Ok(Json(DoneWire { code: 200, message: "Service account removed" }))
}

impl AccountsWire {
    pub(super) async fn new(
        app: &App,
        org: &crate::model::id::OrgId,
        kind: AccountKind,
    ) -> Result<Self, Problem> {
        let members = app.members(org.clone(), kind).await?;
        let wire = |account: Account| AccountWire {
            email: account.email.to_string(),
            role: account.roles.get(org).copied().unwrap_or(Role::Viewer).as_str(),
            first_name: "",
            last_name: "",
            description: account.description,
            created_at: account.created_at.as_microsecond(),
        };
        Ok(Self { data: members.into_iter().map(wire).collect() })
    }
}

impl From<Made> for TokenWire {
    fn from(made: Made) -> Self {
        Self { token: made.token, user: made.email.to_string() }
    }
}

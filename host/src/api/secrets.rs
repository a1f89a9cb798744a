//! The routes of secrets: their values come in here and never go out.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::{
    actions::DoneWire,
    caller::{Caller, action_id},
    problem::Problem,
    query::{Body, Path},
    wire::rfc3339,
};
use crate::{
    app::{App, Shared},
    model::{
        account::Permission,
        action::Name,
        id::ActionId,
        secret::{Owner, Place, Secret},
    },
};

/// A secret's value, which cannot be read again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SecretValue)]
pub(super) struct ValueWire {
    /// 1 to 16384 bytes without NUL
    value: String,
}

/// A secret, without its value.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Secret)]
pub(super) struct SecretWire {
    name: String,
    created_at: String,
    created_by: String,
    /// When it got the value that it has
    changed_at: String,
    changed_by: String,
    /// Of an organisation's secret: the actions that were granted it
    #[serde(skip_serializing_if = "Option::is_none")]
    actions: Option<Vec<GrantedWire>>,
}

/// An action that was granted a secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SecretGrant)]
pub(super) struct GrantedWire {
    id: String,
    name: String,
}

/// Secrets by name.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Secrets)]
pub(super) struct SecretsWire {
    secrets: Vec<SecretWire>,
}

/// List an organisation's secrets, and which actions were granted them
#[utoipa::path(
    get, path = "/api/{org}/secrets", tag = "secrets",
    params(("org" = String, Path, description = "The organisation")),
    responses((status = 200, body = SecretsWire), (status = 403, body = super::ErrorWire), (status = 404, body = super::ErrorWire))
)]
pub(super) async fn list(
    State(app): State<App>,
    Path(org): Path<String>,
    caller: Caller,
) -> Result<Json<SecretsWire>, Problem> {
    let org = caller.may(&org, Permission::ReadSecrets)?;
    let shared = app.secrets(org).await?;
    let wire = |shared: &Shared| SecretWire {
        actions: Some(shared.actions.iter().map(GrantedWire::from).collect()),
        ..SecretWire::from(&shared.secret)
    };
    Ok(Json(SecretsWire { secrets: shared.iter().map(wire).collect() }))
}

/// Keep a secret of the organisation, or give it a new value
#[utoipa::path(
    put, path = "/api/{org}/secrets/{name}", tag = "secrets",
    params(
        ("org" = String, Path, description = "The organisation"),
        ("name" = String, Path, description = "The environment variable's name"),
    ),
    request_body = ValueWire,
    responses((status = 200, body = DoneWire), (status = 400, body = super::ErrorWire), (status = 403, body = super::ErrorWire))
)]
pub(super) async fn put(
    State(app): State<App>,
    Path((org, name)): Path<(String, String)>,
    caller: Caller,
    Body(wire): Body<ValueWire>,
) -> Result<Json<DoneWire>, Problem> {
    let org = caller.may(&org, Permission::Administer)?;
    keep(&app, Place { org, owner: Owner::Organisation, name }, wire, &caller).await
}

/// Remove a secret of the organisation: no action gets it any more
#[utoipa::path(
    delete, path = "/api/{org}/secrets/{name}", tag = "secrets",
    params(
        ("org" = String, Path, description = "The organisation"),
        ("name" = String, Path, description = "The environment variable's name"),
    ),
    responses((status = 200, body = DoneWire), (status = 403, body = super::ErrorWire), (status = 404, body = super::ErrorWire))
)]
pub(super) async fn remove(
    State(app): State<App>,
    Path((org, name)): Path<(String, String)>,
    caller: Caller,
) -> Result<Json<DoneWire>, Problem> {
    let org = caller.may(&org, Permission::Administer)?;
    app.remove_secret(Place { org, owner: Owner::Organisation, name }, caller.email()).await?;
    Ok(Json(REMOVED))
}

/// List an action's own secrets
#[utoipa::path(
    get, path = "/api/{org}/actions/{id}/secrets", tag = "secrets",
    params(("org" = String, Path, description = "The organisation"), ("id" = String, Path, description = "The action")),
    responses((status = 200, body = SecretsWire), (status = 403, body = super::ErrorWire), (status = 404, body = super::ErrorWire))
)]
pub(super) async fn list_of_action(
    State(app): State<App>,
    Path((org, id)): Path<(String, String)>,
    caller: Caller,
) -> Result<Json<SecretsWire>, Problem> {
    let org = caller.may(&org, Permission::ReadSecrets)?;
    let secrets = app.secrets_of_action(org, action_id(&id)?).await?;
    Ok(Json(SecretsWire { secrets: secrets.iter().map(SecretWire::from).collect() }))
}

/// Keep a secret of one action, or give it a new value
#[utoipa::path(
    put, path = "/api/{org}/actions/{id}/secrets/{name}", tag = "secrets",
    params(
        ("org" = String, Path, description = "The organisation"),
        ("id" = String, Path, description = "The action"),
        ("name" = String, Path, description = "The environment variable's name"),
    ),
    request_body = ValueWire,
    responses(
        (status = 200, body = DoneWire),
        (status = 400, body = super::ErrorWire),
        (status = 403, body = super::ErrorWire),
        (status = 404, body = super::ErrorWire),
    )
)]
pub(super) async fn put_of_action(
    State(app): State<App>,
    Path((org, id, name)): Path<(String, String, String)>,
    caller: Caller,
    Body(wire): Body<ValueWire>,
) -> Result<Json<DoneWire>, Problem> {
    let org = caller.may(&org, Permission::EditActions)?;
    keep(&app, Place { org, owner: Owner::Action(action_id(&id)?), name }, wire, &caller).await
}

/// Remove a secret of one action
#[utoipa::path(
    delete, path = "/api/{org}/actions/{id}/secrets/{name}", tag = "secrets",
    params(
        ("org" = String, Path, description = "The organisation"),
        ("id" = String, Path, description = "The action"),
        ("name" = String, Path, description = "The environment variable's name"),
    ),
    responses((status = 200, body = DoneWire), (status = 403, body = super::ErrorWire), (status = 404, body = super::ErrorWire))
)]
pub(super) async fn remove_of_action(
    State(app): State<App>,
    Path((org, id, name)): Path<(String, String, String)>,
    caller: Caller,
) -> Result<Json<DoneWire>, Problem> {
    let org = caller.may(&org, Permission::EditActions)?;
    app.remove_secret(Place { org, owner: Owner::Action(action_id(&id)?), name }, caller.email()).await?;
    Ok(Json(REMOVED))
}

const REMOVED: DoneWire = DoneWire { code: 200, message: "Secret removed" };

async fn keep(app: &App, place: Place, wire: ValueWire, caller: &Caller) -> Result<Json<DoneWire>, Problem> {
    app.keep_secret(place, Zeroizing::new(wire.value), caller.email()).await?;
    Ok(Json(DoneWire { code: 200, message: "Secret saved" }))
}

impl From<&Secret> for SecretWire {
    fn from(secret: &Secret) -> Self {
        Self {
            name: secret.place.name.clone(),
            created_at: rfc3339(secret.created_at),
            created_by: secret.created_by.clone(),
            changed_at: rfc3339(secret.changed_at),
            changed_by: secret.changed_by.clone(),
            actions: None,
        }
    }
}

impl From<&(ActionId, Name)> for GrantedWire {
    fn from((id, name): &(ActionId, Name)) -> Self {
        Self { id: id.to_string(), name: name.to_string() }
    }
}

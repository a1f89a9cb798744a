//! The routes of organisations, and of their settings: where their runs come from.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::{
    actions::DoneWire,
    caller::{Caller, email, shown},
    egress::{rules, texts},
    problem::Problem,
    query::{Body, Path},
};
use crate::{
    app::{App, OrganisationEdit},
    model::{account::Permission, id::OrgId, organisation::Organisation},
};

/// An organisation.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OrganisationWire {
    /// As it stands in paths
    identifier: String,
    name: String,
    /// Microseconds since 1970
    created_at: i64,
}

/// Organisations.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OrganisationsWire {
    data: Vec<OrganisationWire>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewOrganisation)]
pub(super) struct NewWire {
    /// 1 to 64 letters, digits, `_` and `-`
    name: String,
}

/// Where an organisation's runs come from.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrganisationSettings)]
pub(super) struct SettingsWire {
    /// `ORIGIN_CLUSTER_URL` of its runs; null: this server's own
    origin_url: Option<String>,
    /// The service accounts whose `ORIGIN_CLUSTER_TOKEN` is set. The tokens themselves are never shown.
    origin_tokens: Vec<String>,
    /// Rules for what runs may reach on the network, of what the server's operator allows
    #[schema(example = json!(["hooks.slack.com:443", "*.example.com"]))]
    egress: Vec<String>,
    /// Whether actions may turn off that certificates are checked, where the server's operator allows it
    unverified_tls: bool,
}

/// What is to be changed; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OrganisationSettingsEdit)]
pub(super) struct EditSettingsWire {
    /// null: this server's own
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    origin_url: Option<Option<String>>,
    /// Tokens by the address of the service account there; null removes one
    #[serde(default)]
    origin_tokens: BTreeMap<String, Option<String>>,
    /// Rules for what runs may reach on the network: `host`, `*.domain`, `address/prefix`, each with `:ports`
    egress: Option<Vec<String>>,
    unverified_tls: Option<bool>,
}

/// List the organisations that one is in
#[utoipa::path(
    get, path = "/api/organizations", tag = "accounts",
    responses((status = 200, body = OrganisationsWire))
)]
pub(super) async fn list(State(app): State<App>, caller: Caller) -> Result<Json<OrganisationsWire>, Problem> {
    let found = app.organisations(move |org| caller.is_in(org)).await?;
    Ok(Json(OrganisationsWire { data: found.into_iter().map(OrganisationWire::from).collect() }))
}

/// Make an organisation
///
/// Only the operator may.
#[utoipa::path(
    post, path = "/api/organizations", tag = "accounts", request_body = NewWire,
    responses(
        (status = 200, body = OrganisationWire),
        (status = 400, body = super::ErrorWire),
        (status = 403, body = super::ErrorWire),
        (status = 409, description = "there is such an organisation", body = super::ErrorWire),
    )
)]
pub(super) async fn create(
    State(app): State<App>,
    caller: Caller,
    Body(new): Body<NewWire>,
) -> Result<Json<OrganisationWire>, Problem> {
    operator(&caller)?;
    let org: OrgId = new.name.parse().map_err(|_| {
        let message = format!("{:?} is no organisation's name", shown(&new.name));
        Problem::bad_request(message).hint("write 1 to 64 letters, digits, _ and -")
    })?;
    if org.as_str() == "organizations" {
        return Err(Problem::bad_request("organizations is a path of the server itself: take another name"));
    }
    app.make_organisation(org.clone(), caller.email()).await?;
    Ok(Json(OrganisationWire::from(app.organisation(org).await?)))
}

/// Remove an organisation and all that it owns
///
/// Its actions, runs, hooks, roles and audit log. Only the operator may.
#[utoipa::path(
    delete, path = "/api/organizations/{org}", tag = "accounts",
    params(("org" = String, Path, description = "The organisation")),
    responses((status = 200, body = DoneWire), (status = 403, body = super::ErrorWire), (status = 404, body = super::ErrorWire))
)]
pub(super) async fn remove(
    State(app): State<App>,
    Path(org): Path<String>,
    caller: Caller,
) -> Result<Json<DoneWire>, Problem> {
    operator(&caller)?;
    let gone = |_| Problem::not_found(format!("there is no organisation {}", shown(&org)));
    app.remove_organisation(org.parse().map_err(gone)?, caller.email()).await?;
    Ok(Json(DoneWire { code: 200, message: "Organization removed" }))
}

/// Show where an organisation's runs come from
#[utoipa::path(
    get, path = "/api/{org}/settings", tag = "accounts",
    params(("org" = String, Path, description = "The organisation")),
    responses((status = 200, body = SettingsWire), (status = 403, body = super::ErrorWire))
)]
pub(super) async fn settings(
    State(app): State<App>,
    Path(org): Path<String>,
    caller: Caller,
) -> Result<Json<SettingsWire>, Problem> {
    let org = caller.may(&org, Permission::Administer)?;
    let Organisation { origin, egress, unverified_tls, .. } = app.organisation(org).await?;
    let origin_tokens = origin.tokens.keys().map(ToString::to_string).collect();
    let egress = texts(&egress);
    Ok(Json(SettingsWire { origin_url: origin.url, origin_tokens, egress, unverified_tls }))
}

/// Set where an organisation's runs come from
#[utoipa::path(
    put, path = "/api/{org}/settings", tag = "accounts",
    params(("org" = String, Path, description = "The organisation")), request_body = EditSettingsWire,
    responses((status = 200, body = SettingsWire), (status = 400, body = super::ErrorWire), (status = 403, body = super::ErrorWire))
)]
pub(super) async fn edit_settings(
    state: State<App>,
    Path(org): Path<String>,
    caller: Caller,
    Body(edit): Body<EditSettingsWire>,
) -> Result<Json<SettingsWire>, Problem> {
    let path = Path(org.clone());
    let org = caller.may(&org, Permission::Administer)?;
    let tokens = edit.origin_tokens.into_iter().map(|(account, token)| Ok((email(&account)?, token)));
    let tokens = tokens.collect::<Result<_, Problem>>()?;
    let egress = edit.egress.as_deref().map(rules).transpose()?;
    let (url, unverified_tls) = (edit.origin_url, edit.unverified_tls);
    let edit = OrganisationEdit { url, tokens, egress, unverified_tls };
    state.edit_organisation(org, edit, caller.email()).await?;
    settings(state, path, caller).await
}

fn operator(caller: &Caller) -> Result<(), Problem> {
    if caller.is_root() { Ok(()) } else { Err(Problem::forbidden()) }
}

/// A field that is there, be it null.
pub(super) fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl From<Organisation> for OrganisationWire {
    fn from(org: Organisation) -> Self {
        let name = org.id.to_string();
        Self { identifier: name.clone(), name, created_at: org.created_at.as_microsecond() }
    }
}

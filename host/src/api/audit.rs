//! The route of the audit log.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    caller::Caller,
    problem::Problem,
    query::{Path, Query},
    wire::rfc3339,
};
use crate::{
    app::App,
    model::{account::Permission, audit},
};

const LIMIT: usize = 100;
const LIMIT_MAX: usize = 1_000;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// `next` of the page before
    before: Option<String>,
    /// At most so many, up to 1,000
    limit: Option<usize>,
}

/// Some changes, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditPage)]
pub(super) struct PageWire {
    changes: Vec<ChangeWire>,
    /// Where the next page begins; null at the end
    next: Option<String>,
}

/// A change: who did what to what, when.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ChangeWire {
    at: String,
    /// The account, or `system`
    who: String,
    /// A dotted word: action.create, hook.revoke, …
    what: String,
    /// The id or name of what was changed
    subject: String,
    detail: String,
}

/// List who changed what in an organisation
#[utoipa::path(
    get, path = "/api/{org}/audit", tag = "accounts",
    params(("org" = String, Path, description = "The organisation"), ListQuery),
    responses((status = 200, body = PageWire), (status = 400, body = super::ErrorWire), (status = 403, body = super::ErrorWire))
)]
pub(super) async fn list(
    State(app): State<App>,
    Path(org): Path<String>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<PageWire>, Problem> {
    let org = caller.may(&org, Permission::Administer)?;
    let limit = query.limit.unwrap_or(LIMIT);
    if limit == 0 || limit > LIMIT_MAX {
        return Err(Problem::bad_request(format!("limit is {limit}: it must be from 1 to {LIMIT_MAX}")));
    }
    let bad = |()| Problem::bad_request("before is no cursor: send the next of the page before");
    let before = query.before.map(|text| text.parse()).transpose().map_err(bad)?;
    let (changes, next) = app.store().read(move |view| view.audit_before(&org, before, limit)).await?;
    let changes = changes.into_iter().map(ChangeWire::from).collect();
    Ok(Json(PageWire { changes, next: next.map(|place| place.to_string()) }))
}

impl From<audit::Change> for ChangeWire {
    fn from(change: audit::Change) -> Self {
        let audit::Change { at, org: _, who, what, subject, detail } = change;
        Self { at: rfc3339(at), who, what, subject, detail }
    }
}

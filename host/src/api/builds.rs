//! Following an upload that was answered before it was done.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    caller::{Caller, shown},
    problem::Problem,
    query::Path,
};
use crate::{
    app::{App, Build, Stage},
    model::account::Permission,
};

/// An upload that nobody waits for, as far as it is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Build)]
pub(super) struct BuildWire {
    id: String,
    /// running, completed or errored
    #[schema(example = "running")]
    status: &'static str,
    /// Microseconds since 1970
    started_at: i64,
    /// The action that was saved
    #[serde(skip_serializing_if = "Option::is_none")]
    uuid: Option<String>,
    /// Why nothing was saved
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// What was done so far
    log: Vec<String>,
}

impl From<Arc<Build>> for BuildWire {
    fn from(build: Arc<Build>) -> Self {
        let progress = build.progress();
        let (status, uuid, message) = match progress.stage {
            Stage::Running => ("running", None, None),
            Stage::Saved(id) => ("completed", Some(id.to_string()), None),
            Stage::Failed(why) => ("errored", None, Some(format!("Failed to process action:{why}"))),
        };
        let started_at = build.began.as_microsecond();
        Self { id: build.id.to_string(), status, started_at, uuid, message, log: progress.lines }
    }
}

/// How far an upload is that was sent with `Prefer: respond-async`
#[utoipa::path(
    get, path = "/api/{org}/builds/{id}", tag = "actions",
    params(("org" = String, Path, description = "The organisation"), ("id" = String, Path, description = "The build")),
    responses((status = 200, body = BuildWire), (status = 404, body = super::ErrorWire))
)]
pub(super) async fn show(
    State(app): State<App>,
    Path((org, id)): Path<(String, String)>,
    caller: Caller,
) -> Result<Json<BuildWire>, Problem> {
    let org = caller.may(&org, Permission::ReadActions)?;
    let found = id.parse().ok().and_then(|id| app.build(&org, &id));
    let found = found.ok_or_else(|| Problem::not_found(format!("there is no build {}", shown(&id))))?;
    Ok(Json(found.into()))
}

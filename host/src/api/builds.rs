//! Following an upload that was answered before it was done.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    caller::{Caller, shown},
    problem::Problem,
    query::Path,
};
use crate::{
    app::{App, Build, Failed, NotSaved, Stage},
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
    /// The HTTP status that whoever had waited would have got
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 400)]
    code: Option<u16>,
    /// The word of that error: see docs/api.md
    #[serde(skip_serializing_if = "Option::is_none")]
    error_detail: Option<&'static str>,
    /// What was done so far
    log: Vec<String>,
}

impl From<Arc<Build>> for BuildWire {
    fn from(build: Arc<Build>) -> Self {
        let progress = build.progress();
        let (status, uuid, failed) = match progress.stage {
            Stage::Running => ("running", None, None),
            Stage::Saved(id) => ("completed", Some(id.to_string()), None),
            Stage::Failed(failed) => ("errored", None, Some(failed)),
        };
        Self {
            id: build.id.to_string(),
            status,
            started_at: build.began.as_microsecond(),
            uuid,
            code: failed.as_ref().map(|failed| failed.status),
            error_detail: failed.as_ref().map(|failed| failed.word),
            message: failed.map(|failed| failed.message),
            log: progress.lines,
        }
    }
}

/// How an upload is told of that nobody waited for.
pub(super) fn failed(error: NotSaved) -> Failed {
    let why = error.to_string();
    let problem = Problem::from(error).unfound();
    // What the server's log has is not for everybody.
    let why = if problem.status() == StatusCode::INTERNAL_SERVER_ERROR { problem.message() } else { &why };
    let message = format!("Failed to process action:{why}");
    Failed { status: problem.status().as_u16(), word: problem.word().as_str(), message }
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

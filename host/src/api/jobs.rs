//! The routes of OpenObserve's action servers: another cluster's actions, run here. Errors are theirs too: JSON strings.

use std::collections::BTreeMap;

use axum::{
    Json,
    body::Body,
    extract::{FromRequestParts, RawQuery, Request, State},
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use utoipa::ToSchema;

use super::{
    actions::status_of,
    problem::Problem,
    query::{Path, bytes},
    wire::rfc3339,
};
use crate::{
    app::{App, Deploy, Job, JobEdit, NotDeployed},
    model::{action::Kind, id::OrgId},
};

/// A caller that has the action server's token.
#[derive(Debug)]
pub(super) struct Cluster;

/// What a cluster gets instead of what it asked for.
#[derive(Debug)]
pub(super) enum JobProblem {
    Unauthorized,
    Text(StatusCode, &'static str),
    /// A JSON string.
    Said(StatusCode, String),
    /// The envelope, for what OpenObserve has no answer to.
    Problem(Problem),
}

/// A job and how it fares. Times are RFC 3339.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct JobWire {
    id: String,
    /// Ready, Running, Errored, Completed
    action_status: &'static str,
    created_at: String,
    last_executed_at: Option<String>,
    last_successful_at: Option<String>,
}

/// A job that is to run here. Other fields count for nothing.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct DeployWire {
    job_name: String,
    /// once, repeat, service, in any case
    execution_details: String,
    cron_expr: Option<String>,
    #[serde(default)]
    environment_variables: BTreeMap<String, String>,
    /// Of the action, where it comes from
    ksuid: String,
    /// Where its zip is downloaded, and what runs get as `ORIGIN_CLUSTER_URL`
    origin_cluster_url: String,
    /// The service account's token, or `account:token` in base 64
    sa_token: String,
    service_account: String,
}

/// What is to be changed of a job.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(super) struct EditJobWire {
    job_name: Option<String>,
    cron_expr: Option<String>,
    environment_variables: Option<BTreeMap<String, String>>,
}

/// Run another cluster's action here
///
/// The code is downloaded from that cluster. The answer is the time at which the job was made.
#[utoipa::path(
    post, path = "/api/{org}/v1/job", tag = "jobs",
    security(("action_server" = [])),
    params(("org" = String, Path, description = "The organisation; made if there is none")),
    request_body = DeployWire,
    responses(
        (status = 200, description = "an RFC 3339 time"),
        (status = 401, body = String, content_type = "text/plain", description = "the token is wrong, or the server has none"),
        (status = 500, body = String, description = "why it is not deployed: nothing was changed"),
    )
)]
pub(super) async fn deploy(
    State(app): State<App>,
    Path(org): Path<String>,
    _cluster: Cluster,
    request: Request,
) -> Result<Response, JobProblem> {
    let org = organisation(&org)?;
    let wire: DeployWire = read(&app, request).await?;
    let lower = wire.execution_details.to_ascii_lowercase();
    let kind =
        Kind::parse(&lower).ok_or_else(|| failed("execution_details is none of once, repeat, service"))?;
    let id = wire.ksuid.parse().map_err(|_| failed("ksuid is no KSUID"))?;
    let deploy = Deploy {
        org,
        id,
        name: wire.job_name,
        kind,
        cron: wire.cron_expr,
        env: wire.environment_variables,
        origin_url: wire.origin_cluster_url,
        service_account: wire.service_account,
        token: wire.sa_token,
    };
    let job = app.deploy(deploy).await?;
    Ok(bare(rfc3339(job.action.created_at)))
}

/// List an organisation's jobs, newest first
#[utoipa::path(
    get, path = "/api/{org}/v1/job", tag = "jobs",
    security(("action_server" = [])),
    params(("org" = String, Path, description = "The organisation")),
    responses(
        (status = 200, body = [JobWire]),
        (status = 401, body = String, content_type = "text/plain"),
        (status = 500, body = String),
    )
)]
pub(super) async fn list(
    State(app): State<App>,
    Path(org): Path<String>,
    _cluster: Cluster,
) -> Result<Json<Vec<JobWire>>, JobProblem> {
    let jobs = app.jobs(organisation(&org)?).await?;
    Ok(Json(jobs.iter().map(JobWire::from).collect()))
}

/// Show a job
#[utoipa::path(
    get, path = "/api/{org}/v1/job/{name}", tag = "jobs",
    security(("action_server" = [])),
    params(("org" = String, Path, description = "The organisation"), ("name" = String, Path, description = "The job's name or id")),
    responses(
        (status = 200, body = JobWire),
        (status = 401, body = String, content_type = "text/plain"),
        (status = 500, body = String),
    )
)]
pub(super) async fn show(
    State(app): State<App>,
    Path((org, name)): Path<(String, String)>,
    _cluster: Cluster,
) -> Result<Json<JobWire>, JobProblem> {
    let job = app.job(organisation(&org)?, name).await?;
    Ok(Json(JobWire::from(&job)))
}

/// Remove a job
#[utoipa::path(
    delete, path = "/api/{org}/v1/job/{name}", tag = "jobs",
    security(("action_server" = [])),
    params(("org" = String, Path, description = "The organisation"), ("name" = String, Path, description = "The job's name or id")),
    responses(
        (status = 200, description = "nothing"),
        (status = 401, body = String, content_type = "text/plain"),
        (status = 500, body = String),
    )
)]
pub(super) async fn remove(
    State(app): State<App>,
    Path((org, name)): Path<(String, String)>,
    _cluster: Cluster,
) -> Result<Response, JobProblem> {
    app.remove_job(organisation(&org)?, name).await?;
    Ok(Response::new(Body::empty()))
}

/// Change a job
///
/// Its code is downloaded again. The answer is the time at which the job was changed.
#[utoipa::path(
    put, path = "/api/{org}/v1/job/{name}", tag = "jobs",
    security(("action_server" = [])),
    params(
        ("org" = String, Path, description = "The organisation"),
        ("name" = String, Path, description = "The job's id or name"),
        ("action_type" = String, Query, description = "job, cronjob, service"),
    ),
    request_body = EditJobWire,
    responses(
        (status = 200, description = "an RFC 3339 time"),
        (status = 400, description = "the action type is missing (text) or unknown (JSON)", content(
            (String = "application/json"),
            (String = "text/plain"),
        )),
        (status = 401, body = String, content_type = "text/plain"),
        (status = 500, body = String),
    )
)]
pub(super) async fn edit(
    State(app): State<App>,
    Path((org, name)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    _cluster: Cluster,
    request: Request,
) -> Result<Response, JobProblem> {
    let org = organisation(&org)?;
    let query = query.unwrap_or_default();
    let mut fields = form_urlencoded(&query);
    let asked = fields.find(|(name, _)| name == "action_type").map(|(_, value)| value);
    let missing = JobProblem::Text(StatusCode::BAD_REQUEST, "Missing required 'action_type' parameter");
    let asked = asked.ok_or(missing)?;
    let kind = match asked.as_str() {
        "job" => Kind::Once,
        "cronjob" => Kind::Repeat,
        "service" => Kind::Service,
        _ => {
            let said = format!("Invalid action type: {}", super::caller::shown(&asked));
            return Err(JobProblem::Said(StatusCode::BAD_REQUEST, said));
        }
    };
    let wire: EditJobWire = read(&app, request).await?;
    let edit = JobEdit { name: wire.job_name, cron: wire.cron_expr, env: wire.environment_variables };
    let job = app.change_job(org, name, kind, edit).await?;
    Ok(bare(rfc3339(job.action.modified_at)))
}

fn form_urlencoded(query: &str) -> impl Iterator<Item = (String, String)> {
    reqwest::Url::parse(&format!("http://query/?{query}")).into_iter().flat_map(|url| {
        let pairs = url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned()));
        pairs.collect::<Vec<_>>()
    })
}

/// Text without a content type, as OpenObserve answers.
fn bare(text: String) -> Response {
    Response::new(Body::from(text))
}

fn organisation(org: &str) -> Result<OrgId, JobProblem> {
    org.parse().map_err(|_| failed("the organisation has a name of letters, digits, _ and -"))
}

async fn read<T: serde::de::DeserializeOwned>(app: &App, request: Request) -> Result<T, JobProblem> {
    let body = bytes(request, app).await.map_err(JobProblem::Problem)?;
    if body.trim_ascii_start().starts_with(b"[") {
        return Err(failed("the body is wrong: it is an array, send an object"));
    }
    serde_json::from_slice(&body).map_err(|error| failed(format!("the body is wrong: {error}")))
}

fn failed(why: impl Into<String>) -> JobProblem {
    JobProblem::Said(StatusCode::INTERNAL_SERVER_ERROR, why.into())
}

impl FromRequestParts<App> for Cluster {
    type Rejection = JobProblem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, JobProblem> {
        let token = app.settings().action_server_token.as_deref();
        let given = parts.headers.get(header::AUTHORIZATION);
        if is_right(token, given.map_or(b"", |given| given.as_bytes())) {
            Ok(Self)
        } else {
            Err(JobProblem::Unauthorized)
        }
    }
}

/// The token is the name, the password is empty. No token, or an empty one, is nobody's.
fn is_right(token: Option<&str>, given: &[u8]) -> bool {
    let Some(token) = token.filter(|token| !token.is_empty()) else { return false };
    let right = format!("Basic {}", STANDARD.encode(format!("{token}:")));
    right.as_bytes().ct_eq(given).into()
}

impl IntoResponse for JobProblem {
    fn into_response(self) -> Response {
        match self {
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "Unauthorized Access").into_response(),
            Self::Text(status, text) => (status, text).into_response(),
            Self::Said(status, said) => (status, Json(said)).into_response(),
            Self::Problem(problem) => problem.into_response(),
        }
    }
}

impl From<NotDeployed> for JobProblem {
    fn from(error: NotDeployed) -> Self {
        let mut said = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            said = format!("{said}: {cause}");
            source = cause.source();
        }
        failed(said)
    }
}

impl From<&Job> for JobWire {
    fn from(job: &Job) -> Self {
        Self {
            id: job.action.id.to_string(),
            action_status: status_of(job.activity.last_status, job.runs),
            created_at: rfc3339(job.action.created_at),
            last_executed_at: job.activity.last_run_at.map(rfc3339),
            last_successful_at: job.activity.last_successful_at.map(rfc3339),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_token_opens() {
        let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
        for (token, given, right) in [
            (Some("secret"), basic("secret:"), true),
            (Some("secret"), basic("secret"), false),
            (Some("secret"), basic("secret:x"), false),
            (Some("secret"), basic("other:"), false),
            (Some("secret"), basic(":"), false),
            (Some("secret"), String::new(), false),
            (Some(""), basic(":"), false),
            (None, basic(":"), false),
            (None, String::new(), false),
        ] {
            assert_eq!(is_right(token, given.as_bytes()), right, "{token:?} {given}");
        }
    }
}

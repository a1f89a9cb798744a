//! The routes of actions as OpenObserve has them: list, details, edit, remove, download, pause.

use std::collections::BTreeMap;

use axum::{
    Json,
    body::Body as Bytes,
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    caller::{Caller, action_id, shown},
    problem::Problem,
    query::{Body, Path},
    upload::SavedWire,
};
use crate::{
    app::{App, Edit, NotSaved},
    model::{
        account::Permission,
        action::{Action, Activity, Kind},
        id::{ActionId, OrgId},
        run::Status,
    },
    store,
};

/// Actions that a list shows; it has no pages.
const LISTED_MAX: usize = 10_000;
const BULK_MAX: usize = 10_000;

/// An action in a list. Times are microseconds since 1970.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ActionWire {
    id: String,
    name: String,
    created_at: i64,
    /// When it last ran; when it was made, if never.
    last_run_at: i64,
    last_successful_at: Option<i64>,
    created_by: String,
    /// Ready, Running, Errored, Completed
    status: &'static str,
    /// once, repeat, service
    execution_details_type: &'static str,
}

/// An action's settings.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DetailsWire {
    id: String,
    name: String,
    environment_variables: BTreeMap<String, String>,
    execution_details: &'static str,
    cron_expr: Option<String>,
    zip_file_name: String,
    description: Option<String>,
    service_account: String,
}

/// What is to be changed. The execution type cannot be; a client may send it all the same.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ActionEdit)]
pub(super) struct EditWire {
    name: Option<String>,
    environment_variables: Option<BTreeMap<String, String>>,
    cron_expr: Option<String>,
    description: Option<String>,
    service_account: Option<String>,
}

/// Something was done.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DoneWire {
    pub(super) code: u16,
    pub(super) message: &'static str,
}

#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct BulkWire {
    ids: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BulkDoneWire {
    successful: Vec<String>,
    unsuccessful: Vec<String>,
    err: Option<String>,
}

/// List an organisation's actions, newest first
#[utoipa::path(
    get, path = "/api/{org}/actions", tag = "actions",
    params(("org" = String, Path, description = "The organisation")),
    responses((status = 200, body = [ActionWire]), (status = 403, body = super::ErrorWire))
)]
pub(super) async fn list(
    State(app): State<App>,
    Path(org): Path<String>,
    caller: Caller,
) -> Result<Json<Vec<ActionWire>>, Problem> {
    let org = caller.may(&org, Permission::ReadActions)?;
    let runner = app.runner().clone();
    let listed = app.store().read(move |view| {
        let running = runner.running_actions();
        let actions = view.actions(&org).take(LISTED_MAX);
        let listed = actions.map(|action| {
            let action = action?;
            let activity = view.activity(&action.id)?;
            let runs = running.contains(&action.id);
            Ok::<_, store::Error>(ActionWire::new(&action, &activity, runs))
        });
        listed.collect::<store::Result<Vec<_>>>()
    });
    Ok(Json(listed.await?))
}

/// Show an action's settings
#[utoipa::path(
    get, path = "/api/{org}/actions/{id}", tag = "actions",
    params(("org" = String, Path, description = "The organisation"), ("id" = String, Path, description = "The action")),
    responses((status = 200, body = DetailsWire), (status = 400, body = super::ErrorWire), (status = 403, body = super::ErrorWire))
)]
pub(super) async fn details(
    State(app): State<App>,
    Path((org, id)): Path<(String, String)>,
    caller: Caller,
) -> Result<Json<DetailsWire>, Problem> {
    let org = caller.may(&org, Permission::ReadSecrets)?;
    // Here OpenObserve answers 400, whatever is wrong with the id.
    let gone = || Problem::not_found(format!("there is no action {}", shown(&id))).unfound();
    let parsed: ActionId = id.parse().map_err(|_| gone())?;
    let action = app.store().read(move |view| view.action(&org, &parsed)).await?.ok_or_else(gone)?;
    Ok(Json(DetailsWire::from(action)))
}

/// Change an action's settings
#[utoipa::path(
    put, path = "/api/{org}/actions/{id}", tag = "actions",
    params(("org" = String, Path, description = "The organisation"), ("id" = String, Path, description = "The action")),
    request_body = EditWire,
    responses((status = 200, body = SavedWire), (status = 400, body = super::ErrorWire), (status = 404, body = super::ErrorWire))
)]
pub(super) async fn edit(
    State(app): State<App>,
    Path((org, id)): Path<(String, String)>,
    caller: Caller,
    Body(edit): Body<EditWire>,
) -> Result<Json<SavedWire>, Problem> {
    let org = caller.may(&org, Permission::EditActions)?;
    let id = action_id(&id)?;
    app.edit(org, id, Edit::from(edit), caller.email()).await.map_err(|error| {
        let is_gone = matches!(error, NotSaved::NoAction(_));
        if is_gone { Problem::not_found("Failed to fetch action").unfound() } else { Problem::from(error) }
    })?;
    Ok(Json(SavedWire { uuid: id.to_string(), warnings: Vec::new() }))
}

/// Remove an action
#[utoipa::path(
    delete, path = "/api/{org}/actions/{id}", tag = "actions",
    params(("org" = String, Path, description = "The organisation"), ("id" = String, Path, description = "The action")),
    responses((status = 200, body = DoneWire), (status = 404, body = super::ErrorWire))
)]
pub(super) async fn remove(
    State(app): State<App>,
    Path((org, id)): Path<(String, String)>,
    caller: Caller,
) -> Result<Json<DoneWire>, Problem> {
    let org = caller.may(&org, Permission::EditActions)?;
    let removed = app.remove(org, action_id(&id)?, caller.email()).await;
    removed.map_err(|error| Problem::from(error).unfound())?;
    Ok(Json(DoneWire { code: 200, message: "Action deleted" }))
}

/// Remove several actions
#[utoipa::path(
    delete, path = "/api/{org}/actions/bulk", tag = "actions",
    params(("org" = String, Path, description = "The organisation")), request_body = BulkWire,
    responses((status = 200, body = BulkDoneWire), (status = 400, body = super::ErrorWire))
)]
pub(super) async fn remove_bulk(
    State(app): State<App>,
    Path(org): Path<String>,
    caller: Caller,
    Body(bulk): Body<BulkWire>,
) -> Result<Json<BulkDoneWire>, Problem> {
    let org = caller.may(&org, Permission::EditActions)?;
    if bulk.ids.len() > BULK_MAX {
        return Err(Problem::bad_request(format!("more than {BULK_MAX} ids: send fewer at a time")));
    }
    let parse = |id: &String| {
        id.parse().map_err(|_| Problem::bad_request(format!("invalid action id {}", shown(id))))
    };
    let ids: Vec<ActionId> = bulk.ids.iter().map(parse).collect::<Result<_, _>>()?;
    let mut done = BulkDoneWire { successful: Vec::new(), unsuccessful: Vec::new(), err: None };
    for id in ids {
        match app.remove(org.clone(), id, caller.email()).await {
            Ok(()) => done.successful.push(id.to_string()),
            Err(error) => {
                done.unsuccessful.push(id.to_string());
                done.err = Some(error.to_string());
            }
        }
    }
    Ok(Json(done))
}

/// Download the zip of the version that runs
#[utoipa::path(
    get, path = "/api/{org}/actions/download/{id}", tag = "actions",
    params(("org" = String, Path, description = "The organisation"), ("id" = String, Path, description = "The action")),
    responses((status = 200, content_type = "application/zip"), (status = 404, body = super::ErrorWire))
)]
pub(super) async fn download(
    State(app): State<App>,
    Path((org, id)): Path<(String, String)>,
    caller: Caller,
) -> Result<Response, Problem> {
    let org = caller.may(&org, Permission::ReadSecrets)?;
    zip_of(&app, org, action_id(&id)?, None).await.map_err(Problem::unfound)
}

/// Stop running an action by hooks, invocations and time
#[utoipa::path(
    get, path = "/api/{org}/actions/pause/{id}", tag = "actions",
    params(("org" = String, Path, description = "The organisation"), ("id" = String, Path, description = "The action")),
    responses((status = 200, body = DoneWire), (status = 404, body = super::ErrorWire))
)]
pub(super) async fn pause(
    State(app): State<App>,
    Path((org, id)): Path<(String, String)>,
    caller: Caller,
) -> Result<Json<DoneWire>, Problem> {
    set_paused(&app, &org, &id, &caller, true).await?;
    Ok(Json(DoneWire { code: 200, message: "Action paused" }))
}

/// Run a paused action again
#[utoipa::path(
    get, path = "/api/{org}/actions/resume/{id}", tag = "actions",
    params(("org" = String, Path, description = "The organisation"), ("id" = String, Path, description = "The action")),
    responses((status = 200, body = DoneWire), (status = 404, body = super::ErrorWire))
)]
pub(super) async fn resume(
    State(app): State<App>,
    Path((org, id)): Path<(String, String)>,
    caller: Caller,
) -> Result<Json<DoneWire>, Problem> {
    set_paused(&app, &org, &id, &caller, false).await?;
    Ok(Json(DoneWire { code: 200, message: "Action resumed" }))
}

async fn set_paused(app: &App, org: &str, id: &str, caller: &Caller, paused: bool) -> Result<(), Problem> {
    let org = caller.may(org, Permission::EditActions)?;
    let edit = Edit { paused: Some(paused), ..Edit::default() };
    Ok(app.edit(org, action_id(id)?, edit, caller.email()).await?)
}

/// The zip of a version, as it was uploaded; of the one that runs when `number` is `None`.
pub(super) async fn zip_of(
    app: &App,
    org: OrgId,
    id: ActionId,
    number: Option<u32>,
) -> Result<Response, Problem> {
    let found = app.store().read(move |view| {
        let Some(action) = view.action(&org, &id)? else { return Ok(None) };
        let Some(version) = view.version(&id, number.unwrap_or(action.version))? else { return Ok(None) };
        let zip = view.bundle(&version.bundle)?;
        Ok::<_, store::Error>(zip.map(|zip| (zip, version.zip_file_name)))
    });
    let gone = || Problem::not_found(format!("there is no such version of action {id}"));
    let (zip, file_name) = found.await?.ok_or_else(gone)?;
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    // A name may hold anything; a header may not.
    let plain: String = file_name
        .chars()
        .map(|char| if char == '"' || char == '\\' || !(' '..='~').contains(&char) { '_' } else { char })
        .collect();
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{plain}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok((headers, Bytes::from(zip)).into_response())
}

impl ActionWire {
    fn new(action: &Action, activity: &Activity, runs: bool) -> Self {
        let micros = |time: jiff::Timestamp| time.as_microsecond();
        Self {
            id: action.id.to_string(),
            name: action.name.to_string(),
            created_at: micros(action.created_at),
            last_run_at: micros(activity.last_run_at.unwrap_or(action.created_at)),
            last_successful_at: activity.last_successful_at.map(micros),
            created_by: action.created_by.clone(),
            status: status_of(activity.last_status, runs),
            execution_details_type: action.kind.as_str(),
        }
    }
}

/// An action's status as OpenObserve's clients know it.
pub(super) fn status_of(last: Option<Status>, runs: bool) -> &'static str {
    match last {
        _ if runs => "Running",
        None | Some(Status::Queued | Status::Running) => "Ready",
        Some(Status::Completed) => "Completed",
        Some(Status::Errored | Status::Cancelled | Status::Interrupted) => "Errored",
    }
}

impl From<Action> for DetailsWire {
    fn from(action: Action) -> Self {
        Self {
            id: action.id.to_string(),
            name: action.name.to_string(),
            environment_variables: action.env.into_iter().collect(),
            execution_details: action.kind.as_str(),
            cron_expr: match action.kind {
                Kind::Repeat => action.cron,
                Kind::Once | Kind::Service => None,
            },
            zip_file_name: action.zip_file_name,
            description: action.description,
            service_account: action.service_account,
        }
    }
}

impl From<EditWire> for Edit {
    fn from(wire: EditWire) -> Self {
        Self {
            name: wire.name,
            description: wire.description,
            cron: wire.cron_expr,
            env: wire.environment_variables.map(|env| env.into_iter().collect()),
            service_account: wire.service_account,
            ..Self::default()
        }
    }
}

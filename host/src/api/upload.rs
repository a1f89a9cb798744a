//! `POST /api/{org}/actions/upload`: a form with an action's code and settings, checked part by part as OpenObserve does.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Multipart, State, multipart::Field},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    builds::{BuildWire, failed},
    caller::Caller,
    details::PolicyWire,
    problem::Problem,
    query::Path,
};
use crate::{
    answer::{Prefer, Room, Word},
    app::{App, Grants, NotSaved, Upload},
    environment::{self, is_key},
    model::{
        account::Permission,
        action::Kind,
        id::{ActionId, OrgId},
        policy::Policy,
    },
};

/// Fields other than the file: an environment of 256 variables fits.
const FIELD_BYTES_MAX: usize = 16 << 20;
const PARTS_MAX: usize = 100;

/// The id of what was saved.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SavedWire {
    pub(super) uuid: String,
    /// What its owner should know, if anything
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) warnings: Vec<String>,
}

/// The parts that were there. A part that comes again takes the place of the one before.
#[derive(Debug, Default)]
struct Form {
    name: Option<String>,
    owner: Option<String>,
    file: Option<Vec<u8>>,
    file_name: Option<String>,
    seen_file_name: bool,
    kind: Option<Kind>,
    description: Option<String>,
    cron: Option<String>,
    zone: Option<String>,
    env: Vec<(String, String)>,
    service_account: String,
    id: Option<ActionId>,
    policy: Option<PolicyWire>,
    secrets: Option<Vec<String>>,
}

/// Create an action, or upload a new version of one (with `id`)
#[utoipa::path(
    post, path = "/api/{org}/actions/upload", tag = "actions",
    params(("org" = String, Path, description = "The organisation")),
    request_body(content_type = "multipart/form-data", content = UploadForm),
    responses((status = 200, body = SavedWire), (status = 202, body = BuildWire), (status = 400, body = super::ErrorWire), (status = 403, body = super::ErrorWire))
)]
pub(super) async fn upload(
    State(app): State<App>,
    Path(org): Path<String>,
    caller: Caller,
    headers: HeaderMap,
    room: Room,
    form: Result<Multipart, axum::extract::multipart::MultipartRejection>,
) -> Result<Response, Problem> {
    let form = form.map_err(|rejection| Problem::bad_request(rejection.body_text()))?;
    if !room.is_small() {
        // What is wrong with a form is told first, but a large one is not read for that.
        caller.may(&org, Permission::EditActions)?;
    }
    let bytes_max = room.bytes_max;
    // The zip is in memory until it is saved.
    let (form, _room) = room.take(read(form, bytes_max)).await?;
    let missing = form.name.is_none()
        || form.owner.is_none()
        || form.file.is_none()
        || !form.seen_file_name
        || form.kind.is_none();
    if missing {
        return Err(Problem::bad_request("Missing mandatory fields"));
    }
    let org = caller.may(&org, Permission::EditActions)?;
    let by_admin = caller.may(org.as_str(), Permission::Administer).is_ok();
    let upload = form.upload(&app, org.clone(), caller.email(), by_admin).await?;
    if Prefer::of(&headers) == Prefer::Async {
        let busy =
            || Problem::new(StatusCode::SERVICE_UNAVAILABLE, Word::Busy, "too many uploads: try again");
        let build = app.begin_upload(upload, failed).ok_or_else(busy)?;
        let location = format!("{}/api/{org}/builds/{}", app.settings().public_path, build.id);
        let answer = (StatusCode::ACCEPTED, [(header::LOCATION, location)], Json(BuildWire::from(build)));
        return Ok(answer.into_response());
    }
    let saved = app.upload(upload).await.map_err(|error| {
        let is_gone = matches!(error, NotSaved::NoAction(_));
        let gone = || Problem::not_found(format!("Failed to process action:{error}"));
        if is_gone { gone().unfound() } else { Problem::from(error).unfound() }
    })?;
    Ok(Json(SavedWire { uuid: saved.id.to_string(), warnings: saved.warnings }).into_response())
}

/// The form's parts.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it only describes")]
pub(super) struct UploadForm {
    name: String,
    owner: String,
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    filename: String,
    /// once, repeat, service
    execution_details: String,
    description: Option<String>,
    /// A cron expression of five or six fields, or an interval such as `every 15m`
    cron_expr: Option<String>,
    /// A JSON object
    environment_variables: Option<String>,
    service_account: String,
    /// Of the action that gets a new version
    id: Option<String>,
    /// An IANA time zone; UTC by default
    timezone: Option<String>,
    /// A JSON object, see the settings of an action
    policy: Option<String>,
    /// A JSON array: names of the organisation's secrets that the action gets; only an admin changes them
    secrets: Option<String>,
}

/// A form that ends early simply ends: what is missing then is told by whoever looks.
async fn read(mut parts: Multipart, body_bytes: usize) -> Result<Form, Problem> {
    let mut form = Form::default();
    let mut count = 0;
    while let Some(part) = next(&mut parts, body_bytes).await? {
        count += 1;
        if count > PARTS_MAX {
            return Err(Problem::bad_request(format!("the form has more than {PARTS_MAX} parts")));
        }
        form.take(part, body_bytes).await?;
    }
    Ok(form)
}

async fn next(parts: &mut Multipart, body_bytes: usize) -> Result<Option<Field<'_>>, Problem> {
    match parts.next_field().await {
        Ok(part) => Ok(part),
        Err(error) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            Err(Problem::too_large("the body", body_bytes))
        }
        Err(_) => Ok(None),
    }
}

impl Form {
    async fn take(&mut self, part: Field<'_>, body_bytes: usize) -> Result<(), Problem> {
        match part.name().unwrap_or_default().to_owned().as_str() {
            "name" => self.name = Some(required(part, "Name", "name").await?),
            "owner" => self.owner = Some(text(part, "Owner field", "owner").await?),
            "file" => {
                if let Some(name) = part.file_name() {
                    self.file_name = Some(name.to_owned());
                }
                self.file = Some(file(part, body_bytes).await?);
            }
            "filename" => {
                self.seen_file_name = true;
                self.file_name = Some(required(part, "Filename", "filename").await?);
            }
            "execution_details" => {
                let written = required(part, "Execution details", "execution_details").await?;
                let kind = Kind::parse(&written);
                self.kind = Some(kind.ok_or_else(|| Problem::bad_request("Invalid execution details"))?);
            }
            "description" => self.description = Some(text(part, "Description field", "description").await?),
            "cron_expr" => self.cron = Some(text(part, "Cron expression", "cron_expr").await?),
            "timezone" => {
                self.zone =
                    Some(text(part, "Timezone field", "timezone").await?).filter(|zone| !zone.is_empty());
            }
            "environment_variables" => {
                self.env = variables(&whole(part, "environment_variables").await?)?;
            }
            "service_account" => {
                self.service_account = text(part, "Service account field", "service_account").await?;
            }
            "id" => {
                let written = String::from_utf8(whole(part, "id").await?).unwrap_or_default();
                self.id = Some(written.parse().map_err(|_| Problem::bad_request("Invalid ID"))?);
            }
            "policy" => {
                let written = text(part, "Policy field", "policy").await?;
                let policy = serde_json::from_str(&written);
                self.policy = Some(
                    policy
                        .map_err(|error| Problem::bad_request(format!("Invalid JSON in policy: {error}")))?,
                );
            }
            "secrets" => {
                let written = text(part, "Secrets field", "secrets").await?;
                let bad = |_| Problem::bad_request("Invalid JSON in secrets: send an array of names");
                self.secrets = Some(serde_json::from_str(&written).map_err(bad)?);
            }
            // What clients send beyond that counts for nothing, but is read up to the limit.
            _ => drop(bytes(part, FIELD_BYTES_MAX).await),
        }
        Ok(())
    }

    async fn upload(self, app: &App, org: OrgId, by: String, by_admin: bool) -> Result<Upload, Problem> {
        let missing = || Problem::bad_request("Missing mandatory fields");
        let file = self.file.ok_or_else(missing)?;
        if file.is_empty() {
            return Err(Problem::bad_request("Uploaded file is empty"));
        }
        let policy = match self.policy {
            Some(said) => Some(said.over(&policy_of(app, &org, self.id).await?)?),
            None => None,
        };
        Ok(Upload {
            org,
            id: self.id,
            name: self.name.ok_or_else(missing)?,
            owner: self.owner.ok_or_else(missing)?,
            description: self.description,
            kind: self.kind.ok_or_else(missing)?,
            cron: self.cron,
            zone: self.zone,
            env: self.env,
            service_account: self.service_account,
            zip_file_name: self.file_name.ok_or_else(missing)?,
            zip: file.into(),
            policy,
            grants: self.secrets.map(|names| Grants { names, by_admin }),
            by,
            origin: None,
        })
    }
}

/// What is not said of a policy is as it is; of an action that is not there, as the server has it.
async fn policy_of(app: &App, org: &OrgId, id: Option<ActionId>) -> Result<Policy, Problem> {
    let org = org.clone();
    let found = match id {
        Some(id) => app.store().read(move |view| view.action(&org, &id)).await?,
        None => None,
    };
    Ok(found.map_or_else(|| app.settings().policy.default.clone(), |action| action.policy))
}

async fn required(part: Field<'_>, what: &str, name: &str) -> Result<String, Problem> {
    let written = text(part, &format!("{what} field"), name).await?;
    if written.is_empty() {
        return Err(Problem::bad_request(format!("{what} field is missing or empty")));
    }
    Ok(written)
}

async fn text(part: Field<'_>, what: &str, name: &str) -> Result<String, Problem> {
    let bytes = whole(part, name).await?;
    String::from_utf8(bytes).map_err(|_| Problem::bad_request(format!("{what} contains invalid UTF-8 data")))
}

async fn whole(part: Field<'_>, name: &str) -> Result<Vec<u8>, Problem> {
    bytes(part, FIELD_BYTES_MAX).await.map_err(|too_large| match too_large {
        true => Problem::too_large(&format!("the part {name}"), FIELD_BYTES_MAX),
        false => Problem::bad_request(format!("Failed to read {name} field")),
    })
}

async fn file(part: Field<'_>, body_bytes: usize) -> Result<Vec<u8>, Problem> {
    let bytes = bytes(part, body_bytes).await.map_err(|too_large| match too_large {
        true => Problem::too_large("the body", body_bytes),
        false => Problem::bad_request("Failed to read file"),
    })?;
    if bytes.is_empty() { Err(Problem::bad_request("File is missing or empty")) } else { Ok(bytes) }
}

/// A part's bytes. `Err(true)` when they are too many, `Err(false)` when they did not come.
async fn bytes(mut part: Field<'_>, bytes_max: usize) -> Result<Vec<u8>, bool> {
    let mut bytes = Vec::new();
    loop {
        match part.chunk().await {
            Ok(Some(chunk)) if bytes.len() + chunk.len() > bytes_max => return Err(true),
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) => return Ok(bytes),
            Err(error) => return Err(error.status() == StatusCode::PAYLOAD_TOO_LARGE),
        }
    }
}

/// Keys are checked at once, as OpenObserve does, though all is checked again when the action is saved.
fn variables(written: &[u8]) -> Result<Vec<(String, String)>, Problem> {
    let read: Result<BTreeMap<String, String>, _> = serde_json::from_slice(written);
    let read = read.map_err(|_| Problem::bad_request("Invalid JSON in environment variables"))?;
    match read.keys().find(|key| !is_key(key)) {
        Some(key) => Err(NotSaved::from(environment::Error::Key(key.clone())).into()),
        None => Ok(read.into_iter().collect()),
    }
}

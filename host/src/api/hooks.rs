//! The routes of hooks: making, listing and revoking them. What they receive is `crate::hooks`'.

use std::time::Duration;

use axum::{Json, extract::State};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use utoipa::ToSchema;

use super::{
    actions::DoneWire,
    caller::{Caller, action_id, shown},
    problem::Problem,
    query::{Body, Path, object_field},
    wire::rfc3339,
};
use crate::{
    app::{App, NewHook},
    model::{
        account::Permission,
        hook::{Answer, Hook, Signature},
    },
};

const WINDOW_S: u64 = 300;
const WINDOW_S_MAX: u64 = 3_600;
/// What Standard Webhooks says of its keys, in bytes.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// Keys that count at one time: the old and the new one, and some to spare.
const KEYS_MAX: usize = 8;
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 8..=256;

/// A hook that is to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewHook)]
pub(super) struct NewWire {
    #[serde(default)]
    description: String,
    #[serde(default, deserialize_with = "signature_field")]
    signature: SignatureWire,
    #[serde(default)]
    answer: AnswerWire,
}

/// How the sender signs what it sends.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum SignatureWire {
    /// Not at all: the URL is the secret.
    #[default]
    None,
    /// `webhook-id`, `webhook-timestamp`, `webhook-signature`
    StandardWebhooks {
        /// Each `whsec_` and base64; any of them counts
        secrets: Vec<String>,
        window_s: Option<u64>,
    },
    /// `X-Grafana-Alerting-Signature` and `X-Grafana-Alerting-Timestamp`
    Grafana {
        secret: String,
        /// 0: Grafana sends no time
        window_s: Option<u64>,
    },
    /// `X-Hub-Signature-256`
    Github { secret: String },
}

/// When the sender gets its answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum AnswerWire {
    /// At once: 202
    #[default]
    Accepted,
    /// When the run has ended: 200 or 502
    Result,
}

/// A hook. Neither its URL nor its secrets can be shown again.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HookWire {
    id: String,
    description: String,
    /// none, standard_webhooks, grafana, github
    signature: &'static str,
    window_s: Option<u64>,
    answer: AnswerWire,
    created_at: String,
    created_by: String,
}

/// A hook that was made.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MadeWire {
    #[serde(flatten)]
    hook: HookWire,
    /// Where its sender posts to; it is shown nowhere else.
    url: String,
}

/// An action's hooks, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HooksWire {
    hooks: Vec<HookWire>,
}

/// List an action's hooks
#[utoipa::path(
    get, path = "/api/{org}/actions/{id}/hooks", tag = "hooks",
    params(("org" = String, Path, description = "The organisation"), ("id" = String, Path, description = "The action")),
    responses((status = 200, body = HooksWire), (status = 403, body = super::ErrorWire), (status = 404, body = super::ErrorWire))
)]
pub(super) async fn list(
    State(app): State<App>,
    Path((org, id)): Path<(String, String)>,
    caller: Caller,
) -> Result<Json<HooksWire>, Problem> {
    let org = caller.may(&org, Permission::ReadSecrets)?;
    let hooks = app.hooks(org, action_id(&id)?).await?;
    Ok(Json(HooksWire { hooks: hooks.iter().map(HookWire::from).collect() }))
}

/// Make a hook: a URL by which a sender that cannot log in runs the action
///
/// The URL is in the answer, and shown nowhere else.
#[utoipa::path(
    post, path = "/api/{org}/actions/{id}/hooks", tag = "hooks",
    params(("org" = String, Path, description = "The organisation"), ("id" = String, Path, description = "The action")),
    request_body = NewWire,
    responses(
        (status = 200, body = MadeWire),
        (status = 400, body = super::ErrorWire),
        (status = 403, body = super::ErrorWire),
        (status = 404, body = super::ErrorWire),
    )
)]
pub(super) async fn create(
    State(app): State<App>,
    Path((org, id)): Path<(String, String)>,
    caller: Caller,
    Body(new): Body<NewWire>,
) -> Result<Json<MadeWire>, Problem> {
    let org = caller.may(&org, Permission::EditActions)?;
    let answer = match new.answer {
        AnswerWire::Accepted => Answer::Accepted,
        AnswerWire::Result => Answer::Result,
    };
    let (action, signature) = (action_id(&id)?, signature(new.signature)?);
    let new = NewHook { org, action, description: new.description, signature, answer };
    let (hook, token) = app.make_hook(new, caller.email()).await?;
    let url = format!("{}/hooks/{token}", app.settings().public_url);
    Ok(Json(MadeWire { hook: HookWire::from(&hook), url }))
}

/// Revoke a hook: its URL answers no longer
#[utoipa::path(
    delete, path = "/api/{org}/actions/{id}/hooks/{hook}", tag = "hooks",
    params(
        ("org" = String, Path, description = "The organisation"),
        ("id" = String, Path, description = "The action"),
        ("hook" = String, Path, description = "The hook's id"),
    ),
    responses((status = 200, body = DoneWire), (status = 403, body = super::ErrorWire), (status = 404, body = super::ErrorWire))
)]
pub(super) async fn revoke(
    State(app): State<App>,
    Path((org, id, hook)): Path<(String, String, String)>,
    caller: Caller,
) -> Result<Json<DoneWire>, Problem> {
    let org = caller.may(&org, Permission::EditActions)?;
    let gone = |_| Problem::not_found(format!("there is no hook {}", shown(&hook)));
    app.revoke_hook(org, action_id(&id)?, hook.parse().map_err(gone)?, caller.email()).await?;
    Ok(Json(DoneWire { code: 200, message: "Hook revoked" }))
}

fn signature(wire: SignatureWire) -> Result<Signature, Problem> {
    match wire {
        SignatureWire::None => Ok(Signature::None),
        SignatureWire::StandardWebhooks { secrets, window_s } => {
            if secrets.is_empty() || secrets.len() > KEYS_MAX {
                return Err(Problem::bad_request(format!("send 1 to {KEYS_MAX} secrets")));
            }
            let keys = secrets.iter().map(|secret| standard_key(secret)).collect::<Result<_, _>>()?;
            Ok(Signature::StandardWebhooks { keys, window: window(window_s, 1)? })
        }
        SignatureWire::Grafana { secret, window_s } => {
            Ok(Signature::Grafana { key: plain_key(secret)?, window: window(window_s, 0)? })
        }
        SignatureWire::Github { secret } => Ok(Signature::GitHub { key: plain_key(secret)? }),
    }
}

fn standard_key(secret: &str) -> Result<Vec<u8>, Problem> {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap_or(secret)).ok();
    key.filter(|key| KEY_BYTES.contains(&key.len())).ok_or_else(|| {
        let (least, most) = (KEY_BYTES.start(), KEY_BYTES.end());
        Problem::bad_request(format!("a secret is whsec_ and base64 of {least} to {most} bytes"))
    })
}

fn plain_key(secret: String) -> Result<Vec<u8>, Problem> {
    if !SECRET_BYTES.contains(&secret.len()) {
        let (least, most) = (SECRET_BYTES.start(), SECRET_BYTES.end());
        return Err(Problem::bad_request(format!("a secret has {least} to {most} bytes")));
    }
    Ok(secret.into_bytes())
}

fn window(seconds: Option<u64>, least: u64) -> Result<Duration, Problem> {
    let seconds = seconds.unwrap_or(WINDOW_S);
    if seconds < least || seconds > WINDOW_S_MAX {
        let message = format!("window_s is {seconds}: it must be from {least} to {WINDOW_S_MAX}");
        return Err(Problem::bad_request(message));
    }
    Ok(Duration::from_secs(seconds))
}

fn signature_field<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SignatureWire, D::Error> {
    object_field(deserializer)?.ok_or_else(|| D::Error::custom("signature is null"))
}

impl From<&Hook> for HookWire {
    fn from(hook: &Hook) -> Self {
        let (signature, window) = match &hook.signature {
            Signature::None => ("none", None),
            Signature::StandardWebhooks { window, .. } => ("standard_webhooks", Some(window)),
            Signature::Grafana { window, .. } => ("grafana", Some(window)),
            Signature::GitHub { .. } => ("github", None),
        };
        Self {
            id: hook.id.to_string(),
            description: hook.description.clone(),
            signature,
            window_s: window.map(Duration::as_secs),
            answer: match hook.answer {
                Answer::Accepted => AnswerWire::Accepted,
                Answer::Result => AnswerWire::Result,
            },
            created_at: rfc3339(hook.created_at),
            created_by: hook.created_by.clone(),
        }
    }
}

//! From a request to what is asked of the runner: records, trace, idempotency key.

use std::time::Duration;

use axum::{
    body::Bytes,
    extract::{FromRequest as _, Request},
    http::{HeaderMap, StatusCode},
};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::value::RawValue;

use super::{intake::Room, problem::Problem, word::Word};
use crate::{
    app::{App, new_traceparent},
    model::{
        id::{ActionId, OrgId},
        run::Trigger,
        trace::TraceContext,
    },
    random,
    runner::{Ask, OnceAsk, Twice},
};

/// Longest `Idempotency-Key`, in bytes.
const KEY_BYTES_MAX: usize = 255;

/// The wrapper that OpenObserve puts around records. An object with any other field is a record itself, whatever it has.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrappedWire<'a> {
    #[serde(borrow)]
    inputs: Option<&'a RawValue>,
    #[serde(rename = "trigger_source")]
    _source: Option<IgnoredAny>,
    trace_id: Option<String>,
}

/// A plain ask: the version that runs now, on these records.
pub(crate) fn ask(org: OrgId, action: ActionId, trigger: Trigger, input: String, traceparent: String) -> Ask {
    Ask {
        org,
        action,
        version: None,
        trigger,
        input,
        traceparent,
        parent: None,
        redrives: None,
        due: None,
        waits: true,
        once: Vec::new(),
    }
}

/// A body of any kind, of somebody who is known. It has room until it is here: what becomes of it then is counted by whoever
/// keeps it.
pub(crate) async fn bytes(request: Request, app: &App) -> Result<Bytes, Problem> {
    let room = Room::of(request.extensions())?;
    let bytes_max = room.bytes_max;
    let reading = async {
        let read = Bytes::from_request(request, app).await;
        read.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large("the body", bytes_max),
            _ => rejection.into(),
        })
    };
    let (bytes, _room) = room.take(reading).await?;
    Ok(bytes)
}

/// The records in a body: an array, one object, or what `inputs` holds of either; and the trace that it names.
pub(crate) fn records(body: &[u8]) -> Result<(String, Option<String>), Problem> {
    let bad = |error: serde_json::Error| {
        Problem::new(StatusCode::BAD_REQUEST, Word::BadJson, format!("the body is not JSON: {error}"))
    };
    let body = if body.trim_ascii().is_empty() { b"[]" } else { body };
    let value: &RawValue = serde_json::from_slice(body).map_err(bad)?;
    let text = value.get();
    if text.starts_with('{') {
        let wrapped: WrappedWire<'_> =
            serde_json::from_str(text).unwrap_or(WrappedWire { inputs: None, _source: None, trace_id: None });
        return match wrapped.inputs {
            Some(inputs) => Ok((list(inputs.get())?, wrapped.trace_id)),
            None => Ok((format!("[{text}]"), None)),
        };
    }
    Ok((list(text)?, None))
}

fn list(text: &str) -> Result<String, Problem> {
    match text.as_bytes().first() {
        Some(b'[') => Ok(text.to_owned()),
        Some(b'{') => Ok(format!("[{text}]")),
        Some(_) | None => Err(Problem::bad_request("neither an array nor an object: send records")),
    }
}

/// The caller's trace, as a span of its own; else the trace that OpenObserve named; else a new one.
pub(crate) fn traceparent(headers: &HeaderMap, trace_id: Option<&str>) -> String {
    let span = u64::from_be_bytes(random::bytes());
    let header = headers.get("traceparent").and_then(|value| value.to_str().ok());
    if let Some(parent) = header.and_then(TraceContext::parse) {
        return parent.child(span).to_string();
    }
    let trace_id = trace_id.and_then(|trace| u128::from_str_radix(trace, 16).ok());
    match trace_id {
        Some(trace_id) => TraceContext::new(trace_id, span, false).to_string(),
        None => new_traceparent(),
    }
}

/// What `Idempotency-Key` says, for the action or hook `scope`.
pub(crate) fn idempotency(
    headers: &HeaderMap,
    scope: ActionId,
    body: &[u8],
    keep: Duration,
) -> Result<Option<OnceAsk>, Problem> {
    let Some(key) = headers.get("idempotency-key") else { return Ok(None) };
    if key.is_empty() || key.len() > KEY_BYTES_MAX {
        return Err(Problem::bad_request(format!("an Idempotency-Key has 1 to {KEY_BYTES_MAX} bytes")));
    }
    let hash = blake3::derive_key("actiond idempotency key", key.as_bytes());
    let body = *blake3::hash(body).as_bytes();
    Ok(Some(OnceAsk { scope, hash, body, keep, twice: Twice::SameBody }))
}

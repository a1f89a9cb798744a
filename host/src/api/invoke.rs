//! Running an action by a call: waited for, or accepted and done later.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{Path, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{
    caller::{Caller, action_id},
    problem::Problem,
    query::{Body, bytes},
    wire::{FailureWire, UsageWire},
};
use crate::{
    app::{App, new_traceparent},
    model::{
        account::Permission,
        id::{ActionId, OrgId},
        run::{Run, Status, Trigger},
        trace::TraceContext,
    },
    random,
    runner::{Ask, Ended, Live, OnceAsk, Ticket, Twice},
};

/// Longest `Idempotency-Key`, in bytes.
const KEY_BYTES_MAX: usize = 255;
/// No `Prefer: wait` is longer.
const WAIT_MAX: Duration = Duration::from_secs(3_600);

/// What came of a run.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EndedWire {
    run_id: String,
    /// completed, errored, cancelled, interrupted; queued or running when it is not waited for
    status: &'static str,
    #[schema(value_type = Value)]
    result: Option<Box<RawValue>>,
    error: Option<FailureWire>,
    usage: Option<UsageWire>,
}

/// The wrapper that OpenObserve puts around records. Bare records are taken too.
#[derive(Debug, Deserialize)]
struct WrappedWire<'a> {
    #[serde(borrow)]
    inputs: Option<&'a RawValue>,
    trace_id: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct TestWire {
    #[schema(value_type = Vec<Value>)]
    inputs: Box<RawValue>,
}

/// What a test came to, as OpenObserve has it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TestedWire {
    /// `{"Success": [...]}` or `{"Failure": "..."}`
    #[schema(value_type = Object)]
    result: TestResultWire,
    run_id: String,
}

#[derive(Debug, Serialize)]
enum TestResultWire {
    Success(Box<RawValue>),
    Failure(String),
}

/// How long a caller wants to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prefer {
    Result,
    Wait(Duration),
    Async,
}

/// Run an action on records
///
/// The body is an array of records, one record, or `{"inputs": [...]}`.
#[utoipa::path(
    post, path = "/api/{org}/actions/{id}/invoke", tag = "runs",
    params(
        ("org" = String, Path, description = "The organisation"),
        ("id" = String, Path, description = "The action"),
        ("Prefer" = Option<String>, Header, description = "`respond-async`, or `wait=SECONDS`"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key and body are the same run for a day"),
        ("traceparent" = Option<String>, Header, description = "W3C trace context, handed to the script"),
    ),
    request_body = Value,
    responses(
        (status = 200, description = "main returned", body = EndedWire),
        (status = 202, description = "accepted: it happens whatever becomes of the server", body = EndedWire),
        (status = 409, description = "the idempotency key was used with another body, or the action is paused", body = super::ErrorWire),
        (status = 429, description = "a bound is reached: try again after `Retry-After`", body = super::ErrorWire),
        (status = 502, description = "it raised, or was stopped by a limit", body = EndedWire),
    )
)]
pub(super) async fn invoke(
    State(app): State<App>,
    Path((org, id)): Path<(String, String)>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let org = caller.may(&org, Permission::Invoke)?;
    let id = action_id(&id)?;
    let headers = request.headers().clone();
    let body = bytes(request, &app).await?;
    let (input, trace_id) = records(&body)?;
    let once = idempotency(&headers, id, &body, app.settings().idempotency)?;
    let prefer = Prefer::of(&headers);
    let traceparent = traceparent(&headers, trace_id.as_deref());
    let mut ask = ask(org, id, Trigger::Invoke, input, traceparent);
    ask.once.extend(once);
    ask.waits = prefer != Prefer::Async;
    let kept = prefer == Prefer::Async || !ask.once.is_empty();
    let ticket = if kept { app.runner().accept(ask).await? } else { app.runner().invoke(ask).await? };
    answer(&app, ticket, prefer).await
}

/// Try an action out
#[utoipa::path(
    post, path = "/api/{org}/actions/test/{id}", tag = "runs",
    params(("org" = String, Path, description = "The organisation"), ("id" = String, Path, description = "The action")),
    request_body = TestWire,
    responses((status = 200, body = TestedWire), (status = 400, body = super::ErrorWire))
)]
pub(super) async fn test(
    State(app): State<App>,
    Path((org, id)): Path<(String, String)>,
    caller: Caller,
    Body(test): Body<TestWire>,
) -> Result<Json<TestedWire>, Problem> {
    let org = caller.may(&org, Permission::Invoke)?;
    let id = action_id(&id)?;
    if !test.inputs.get().starts_with('[') {
        return Err(Problem::bad_request("inputs is not an array"));
    }
    let input = test.inputs.get().to_owned();
    let ticket = app.runner().invoke(ask(org, id, Trigger::Test, input, new_traceparent())).await?;
    let ended = wait(ticket.live.as_ref()).await.ok_or_else(|| Problem::not_found("the run is gone"))?;
    let result = match (&ended.result, &ended.run.error) {
        (Some(result), _) => success(result),
        (None, Some(failure)) => TestResultWire::Failure(FailureWire::from(failure).line()),
        (None, None) => TestResultWire::Failure("it did not return".to_owned()),
    };
    Ok(Json(TestedWire { result, run_id: ended.run.id.to_string() }))
}

/// A list as it is; anything else in one.
fn success(result: &str) -> TestResultWire {
    let list = match result.trim_start().starts_with('[') {
        true => result.to_owned(),
        false if result.trim() == "null" => "[]".to_owned(),
        false => format!("[{result}]"),
    };
    RawValue::from_string(list)
        .map_or_else(|error| TestResultWire::Failure(error.to_string()), TestResultWire::Success)
}

pub(crate) fn ask(org: OrgId, action: ActionId, trigger: Trigger, input: String, traceparent: String) -> Ask {
    Ask {
        org,
        action,
        version: None,
        trigger,
        input,
        traceparent,
        parent: None,
        due: None,
        waits: true,
        once: Vec::new(),
    }
}

/// The records in a body: an array, one object, or what `inputs` holds of either; and the trace that it names.
pub(crate) fn records(body: &[u8]) -> Result<(String, Option<String>), Problem> {
    let bad = |error: serde_json::Error| {
        Problem::new(StatusCode::BAD_REQUEST, "bad_json", format!("the body is not JSON: {error}"))
    };
    let body = if body.trim_ascii().is_empty() { b"[]" } else { body };
    let value: &RawValue = serde_json::from_slice(body).map_err(bad)?;
    let text = value.get();
    if text.starts_with('{') {
        let wrapped: WrappedWire<'_> =
            serde_json::from_str(text).unwrap_or(WrappedWire { inputs: None, trace_id: None });
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

fn idempotency(
    headers: &HeaderMap,
    id: ActionId,
    body: &[u8],
    keep: Duration,
) -> Result<Option<OnceAsk>, Problem> {
    let Some(key) = headers.get("idempotency-key") else { return Ok(None) };
    if key.is_empty() || key.len() > KEY_BYTES_MAX {
        return Err(Problem::bad_request(format!("an Idempotency-Key has 1 to {KEY_BYTES_MAX} bytes")));
    }
    let hash = blake3::derive_key("actiond idempotency key", key.as_bytes());
    let body = *blake3::hash(body).as_bytes();
    Ok(Some(OnceAsk { scope: id, hash, body, keep, twice: Twice::SameBody }))
}

impl Prefer {
    /// RFC 7240: `respond-async`, `wait=N`; the shorter of both when both are there.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let values = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
        let mut prefer = Self::Result;
        for word in values.flat_map(|value| value.split([',', ';'])).map(str::trim) {
            if word.eq_ignore_ascii_case("respond-async") && prefer == Self::Result {
                prefer = Self::Async;
            } else if let Some((name, seconds)) = word.split_once('=')
                && name.trim().eq_ignore_ascii_case("wait")
                && let Ok(seconds) = seconds.trim().trim_matches('"').parse()
            {
                prefer = Self::Wait(Duration::from_secs(seconds).min(WAIT_MAX));
            }
        }
        prefer
    }
}

/// Waits as long as is preferred, and answers with what came of the run, or where it can be found.
pub(crate) async fn answer(app: &App, ticket: Ticket, prefer: Prefer) -> Result<Response, Problem> {
    let waited = match prefer {
        Prefer::Result => wait(ticket.live.as_ref()).await,
        Prefer::Wait(most) => tokio::time::timeout(most, wait(ticket.live.as_ref())).await.ok().flatten(),
        Prefer::Async => None,
    };
    // One that the server's end put off is queued still.
    if let Some(ended) = waited.filter(|ended| ended.run.status.is_final()) {
        return Ok(ended_response(&ended.run, ended.result.as_deref()));
    }
    if let Some(live) = &ticket.live {
        app.runner().keep(live).await?;
    }
    let id = ticket.id;
    let found = match &ticket.live {
        Some(live) => Some((live.run(), None)),
        None => {
            app.store()
                .read(move |view| {
                    let run = view.run(&id)?;
                    let result = view.run_result(&id)?;
                    Ok::<_, crate::store::Error>(run.map(|run| (run, result)))
                })
                .await?
        }
    };
    let (run, result) = found.ok_or_else(|| Problem::not_found(format!("there is no run {id}")))?;
    if run.status.is_final() && prefer != Prefer::Async {
        let result = result.and_then(|result| String::from_utf8(result).ok());
        return Ok(ended_response(&run, result.as_deref()));
    }
    Ok(accepted_response(&run))
}

async fn wait(live: Option<&Arc<Live>>) -> Option<Arc<Ended>> {
    Some(live?.ended().await)
}

/// 200 for a run that returned; senders count any 2xx as delivered, so all else is 502.
fn ended_response(run: &Run, result: Option<&str>) -> Response {
    let status = match run.status {
        Status::Completed => StatusCode::OK,
        Status::Interrupted => StatusCode::SERVICE_UNAVAILABLE,
        Status::Queued | Status::Running | Status::Errored | Status::Cancelled => StatusCode::BAD_GATEWAY,
    };
    (status, Json(EndedWire::new(run, result))).into_response()
}

fn accepted_response(run: &Run) -> Response {
    let mut response = (StatusCode::ACCEPTED, Json(EndedWire::new(run, None))).into_response();
    let location = format!("/api/{}/runs/{}", run.org, run.id);
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

impl EndedWire {
    fn new(run: &Run, result: Option<&str>) -> Self {
        Self {
            run_id: run.id.to_string(),
            status: run.status.as_str(),
            result: result.and_then(|result| RawValue::from_string(result.to_owned()).ok()),
            error: run.error.as_ref().map(FailureWire::from),
            usage: run.usage.map(UsageWire::from),
        }
    }
}

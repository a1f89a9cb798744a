//! Running an action by a call: waited for, or accepted and done later.

use axum::{
    Json,
    extract::{Request, State},
    response::Response,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{
    caller::{Caller, action_id},
    problem::Problem,
    query::{Body, Path, bytes},
    wire::FailureWire,
};
use crate::{
    answer::{self, EndedWire, Prefer, answer, ask, idempotency, traceparent, wait},
    app::{App, new_traceparent},
    model::{account::Permission, run::Trigger},
    records,
};

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
    let (input, trace_id) = answer::records(&body)?;
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
    let ticket = app.runner().invoke(ask(org, id, Trigger::Test, input, new_traceparent())).await;
    let ticket = ticket.map_err(|error| Problem::from(error).unfound())?;
    let ended = wait(ticket.live.as_ref()).await.ok_or_else(|| Problem::not_found("the run is gone"))?;
    let result = match (&ended.result, &ended.run.error) {
        (Some(result), _) => success(result),
        (None, Some(failure)) => TestResultWire::Failure(FailureWire::from(failure).line()),
        (None, None) => TestResultWire::Failure("it did not return".to_owned()),
    };
    Ok(Json(TestedWire { result, run_id: ended.run.id.to_string() }))
}

fn success(result: &str) -> TestResultWire {
    RawValue::from_string(records::listed(result))
        .map_or_else(|error| TestResultWire::Failure(error.to_string()), TestResultWire::Success)
}

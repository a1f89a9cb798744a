//! `POST /hooks/{token}`: finds the hook, checks the signature over the body as it came, and asks for the run.

use std::time::Duration;

use axum::{
    extract::{Request, State},
    http::StatusCode,
    response::Response,
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::signature::{self, BadSignature};
use crate::{
    answer::{
        EndedWire, ErrorWire, Path, Prefer, Problem, Word, answer, ask, bytes, idempotency, records,
        traceparent,
    },
    app::App,
    clock,
    model::{
        hook::{Answer, Hook, Signature},
        policy::Policy,
        run::Trigger,
    },
    runner::{OnceAsk, Twice},
};

/// The routes of hooks, to be joined to the API's.
pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(receive))
}

/// Run a hook's action on what is sent
///
/// Needs no credentials: the URL is the secret, and the hook may ask for a signature too. The body is an array of records,
/// one record, or OpenObserve's `{"inputs": [...], "trigger_source": ..., "trace_id": ...}`.
#[utoipa::path(
    post, path = "/hooks/{token}", tag = "hooks", security(()),
    params(
        ("token" = String, Path, description = "What was shown when the hook was made"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key and body are the same run for a day"),
        ("traceparent" = Option<String>, Header, description = "W3C trace context, handed to the script"),
    ),
    request_body = Value,
    responses(
        (status = 202, description = "accepted: it happens whatever becomes of the server", body = EndedWire),
        (status = 200, description = "main returned, for a hook that answers with the result", body = EndedWire),
        (status = 400, description = "the body holds no records", body = ErrorWire),
        (status = 401, description = "the signature is missing, wrong, or of another time", body = ErrorWire),
        (status = 404, description = "there is no such hook", body = ErrorWire),
        (status = 409, description = "the action is paused, or the idempotency key was used with another body", body = ErrorWire),
        (status = 413, description = "the body is too large", body = ErrorWire),
        (status = 429, description = "a bound is reached: try again after `Retry-After`", body = ErrorWire),
        (status = 502, description = "it raised, or was stopped by a limit, for a hook that answers with the result", body = EndedWire),
    )
)]
async fn receive(
    State(app): State<App>,
    Path(token): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (hook, action) =
        app.hook(&token).await?.ok_or_else(|| Problem::not_found("there is no such hook"))?;
    let headers = request.headers().clone();
    let body = bytes(request, &app).await?;
    let message = signature::check(&hook.signature, &headers, &body, clock::now())?;
    let (input, trace_id) = records(&body)?;
    let keep = app.settings().idempotency;
    let once = [
        idempotency(&headers, hook.id, &body, keep)?,
        message.map(|message| replayed(&hook, &message, &body, keep)),
        coalesced(&hook, &action.policy, &input),
    ];
    let traceparent = traceparent(&headers, trace_id.as_deref());
    let mut ask = ask(hook.org, hook.action, Trigger::Hook, input, traceparent);
    ask.once.extend(once.into_iter().flatten());
    let prefer = match hook.answer {
        Answer::Accepted => Prefer::Async,
        Answer::Result => Prefer::of(&headers),
    };
    ask.waits = prefer != Prefer::Async;
    // Also one that is waited for is accepted: senders rarely ask again, and never for what became of it.
    let ticket = app.runner().accept(ask).await?;
    answer(&app, ticket, prefer).await
}

/// A message that comes again is the run that it was.
fn replayed(hook: &Hook, message: &[u8], body: &[u8], keep: Duration) -> OnceAsk {
    // A message is let in from one window before now to one after: it must be remembered for both.
    let window = match &hook.signature {
        Signature::StandardWebhooks { window, .. } | Signature::Grafana { window, .. } => *window,
        Signature::None | Signature::GitHub { .. } => Duration::ZERO,
    };
    OnceAsk {
        scope: hook.id,
        hash: blake3::derive_key("actiond message of a hook", message),
        body: *blake3::hash(body).as_bytes(),
        keep: keep.max(window * 2),
        twice: Twice::Same,
    }
}

/// Equal records within the action's window are one run, by whichever hook they come. What OpenObserve wraps around them
/// differs each time and does not count.
fn coalesced(hook: &Hook, policy: &Policy, input: &str) -> Option<OnceAsk> {
    let hash = blake3::derive_key("actiond equal records", input.as_bytes());
    let keep = policy.coalesce?;
    Some(OnceAsk { scope: hook.action, hash, body: hash, keep, twice: Twice::Counted })
}

impl From<BadSignature> for Problem {
    fn from(bad: BadSignature) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, Word::Signature, bad.to_string())
    }
}

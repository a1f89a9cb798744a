//! What whoever asked for a run gets: what came of it, or where it can be found.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{
    problem::Problem,
    wire::{FailureWire, UsageWire},
};
use crate::{
    app::App,
    model::{
        id::RunId,
        run::{Run, Status},
    },
    runner::{Ended, Live, Ticket},
    store,
};

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

/// How long a caller wants to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prefer {
    Result,
    Wait(Duration),
    Async,
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
    let found = found(app, id).await?;
    let (run, result) = found.ok_or_else(|| Problem::not_found(format!("there is no run {id}")))?;
    if run.status.is_final() && prefer != Prefer::Async {
        return Ok(ended_response(&run, result.as_deref()));
    }
    Ok(accepted_response(app, &run))
}

/// A run as it is now, and its result if it has one. What came of it is told by the store, which has both at once: in memory a
/// run ends a moment before its result is kept.
pub(crate) async fn found(app: &App, id: RunId) -> store::Result<Option<(Run, Option<String>)>> {
    let live = app.runner().live(&id).map(|live| live.run());
    if let Some(run) = live.clone().filter(|run| !run.status.is_final()) {
        return Ok(Some((run, None)));
    }
    let kept = app.store().read(move |view| {
        let Some(run) = view.run(&id)? else { return Ok(None) };
        let result = view.run_result(&id)?;
        Ok::<_, store::Error>(Some((run, result.and_then(|result| String::from_utf8(result).ok()))))
    });
    Ok(kept.await?.or(live.map(|run| (run, None))))
}

pub(crate) async fn wait(live: Option<&Arc<Live>>) -> Option<Arc<Ended>> {
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

fn accepted_response(app: &App, run: &Run) -> Response {
    let mut response = (StatusCode::ACCEPTED, Json(EndedWire::new(run, None))).into_response();
    let location = format!("{}/api/{}/runs/{}", app.settings().public_path, run.org, run.id);
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

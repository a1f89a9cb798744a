//! What is seen of each request: its trace, how it was answered, how long that took.

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderName, HeaderValue, StatusCode},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use tokio::time::Instant;
use tracing::Instrument as _;

use super::{problem::Problem, word::Word};
use crate::{
    app::App,
    model::trace::TraceContext,
    telemetry::{adopt, context, continued},
};

/// Carries the trace's id, by which a request is found in the log and with a collector.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Stands for paths that no route has: a metric must not have as many labels as there are paths.
const NO_ROUTE: &str = "none";

tokio::task_local! {
    static TRACE: TraceContext;
}

/// The trace of the request that is being answered.
pub(super) fn trace() -> Option<TraceContext> {
    TRACE.try_with(|trace| *trace).ok()
}

/// Answers a request within a span of its own, and counts it.
pub(crate) async fn observe(State(app): State<App>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let route = matched.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
    let header = request.headers().get("traceparent").and_then(|value| value.to_str().ok());
    let span = tracing::info_span!("request", http.method = %request.method(), http.route = route);
    if let Some(parent) = header.and_then(TraceContext::parse) {
        adopt(&span, &parent);
    }
    let trace = context(&span).unwrap_or_else(|| continued(header));
    // A task of its own: what was begun is seen to its end, also when the client goes away.
    let answering = tokio::spawn(TRACE.scope(trace, next.run(request).instrument(span)));
    let mut response = answering.await.unwrap_or_else(|_| panicked());
    if let Ok(id) = HeaderValue::from_str(&format!("{:032x}", trace.trace_id)) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    let (status, took) = (response.status().as_u16(), began.elapsed());
    app.runner().metrics().http_answered(route, status, took);
    tracing::debug!(
        http.route = route,
        http.status = status,
        duration_us = took.as_micros(),
        "{route} answered {status}"
    );
    response
}

/// A bug of ours costs one request its answer; the panic itself was reported where it happened.
fn panicked() -> Response {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, Word::Internal, "the server failed: see its log")
        .into_response()
}

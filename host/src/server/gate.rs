//! What is answered before the server is ready, and what tells that it is.

use std::sync::{Arc, OnceLock};

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use tower::ServiceExt as _;

use crate::{
    answer::{Problem, Word},
    app::App,
    telemetry::Metrics,
};

/// Opened once, when everything is there.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    inner: Arc<OnceLock<(Router, App)>>,
    metrics: Arc<Metrics>,
}

impl Gate {
    pub(crate) fn new(metrics: Arc<Metrics>) -> Self {
        Self { inner: Arc::default(), metrics }
    }

    /// From now on `router` answers, and readiness is told by `app`.
    pub(crate) fn open(&self, router: Router, app: App) {
        // It is opened once; a second time would change nothing.
        let _ = self.inner.set((router, app));
    }

    /// Health and metrics, and everything else once that is there.
    pub(crate) fn router(&self) -> Router {
        Router::new()
            .route("/healthz", get(|| async { "ok\n" }))
            .route("/readyz", get(ready))
            .route("/metrics", get(metrics))
            .method_not_allowed_fallback(not_allowed)
            .fallback(pass)
            .with_state(self.clone())
    }
}

async fn ready(State(gate): State<Gate>) -> Response {
    let not_ready = |why: &'static str| (StatusCode::SERVICE_UNAVAILABLE, why).into_response();
    match gate.inner.get() {
        Some((_, app)) if app.runner().is_draining() => not_ready("draining\n"),
        Some((_, app)) if app.store().is_broken() => {
            not_ready("the store failed: see the log, make room, start again\n")
        }
        Some(_) => "ready\n".into_response(),
        None => not_ready("starting\n"),
    }
}

async fn metrics(State(gate): State<Gate>) -> Response {
    let kind = HeaderValue::from_static("text/plain; version=0.0.4");
    ([(header::CONTENT_TYPE, kind)], gate.metrics.render()).into_response()
}

async fn not_allowed(request: Request) -> Response {
    Problem::method_not_allowed(request.method()).into_response()
}

async fn pass(State(gate): State<Gate>, request: Request) -> Response {
    let Some((router, _)) = gate.inner.get() else {
        return Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            Word::Starting,
            "the server is starting: try again in a moment",
        )
        .into_response();
    };
    match router.clone().oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

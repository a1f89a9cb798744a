//! How much of what clients send is in memory at one time: whoever comes when that is used up is told to come again.

use std::{sync::Arc, time::Duration};

use axum::{
    body::HttpBody as _,
    extract::{DefaultBodyLimit, Request, State},
    http::{StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use tokio::sync::Semaphore;

use super::problem::Problem;
use crate::answer::{BodyMax, Word};

/// What a permit is for.
const UNIT_BYTES: u64 = 16 << 10;
/// A body that does not say how long it is may be this long, and is counted as if it was.
const UNSAID_BYTES_MAX: usize = 8 << 20;
const RETRY: Duration = Duration::from_secs(1);

/// Room for bodies.
#[derive(Debug, Clone)]
pub(super) struct Intake {
    units: Arc<Semaphore>,
    body_bytes: usize,
}

impl Intake {
    /// Room for two of the largest bodies.
    pub(super) fn new(body_bytes: usize) -> Self {
        let units = usize::try_from(2 * units(body_bytes as u64)).unwrap_or(Semaphore::MAX_PERMITS);
        Self { units: Arc::new(Semaphore::new(units.min(Semaphore::MAX_PERMITS))), body_bytes }
    }
}

/// Lets a request through if there is room for its body, which it keeps until it is answered.
pub(super) async fn admit(State(intake): State<Intake>, mut request: Request, next: Next) -> Response {
    let said = request.body().size_hint().exact();
    let unsaid_max = UNSAID_BYTES_MAX.min(intake.body_bytes);
    let bytes = said.unwrap_or(unsaid_max as u64);
    if bytes > intake.body_bytes as u64 {
        // Refused before it is read.
        return Problem::too_large("the body", intake.body_bytes).into_response();
    }
    let wanted = u32::try_from(units(bytes)).unwrap_or(u32::MAX);
    let Ok(_room) = intake.units.clone().try_acquire_many_owned(wanted) else {
        let mut response = Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            Word::Busy,
            "too much is being sent at this time: try again",
        )
        .into_response();
        response.headers_mut().insert(header::RETRY_AFTER, RETRY.as_secs().into());
        return response;
    };
    if said.is_none() {
        DefaultBodyLimit::max(unsaid_max).apply(&mut request);
        request.extensions_mut().insert(BodyMax(unsaid_max));
    }
    next.run(request).await
}

fn units(bytes: u64) -> u64 {
    bytes.div_ceil(UNIT_BYTES)
}

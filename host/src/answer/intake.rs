//! How much of what clients send is in memory at one time, and how long sending may take. Nobody has room before it is known
//! who sends; whoever comes when the room is used up is told to come again.

use std::{sync::Arc, time::Duration};

use axum::{
    body::HttpBody as _,
    extract::{DefaultBodyLimit, FromRequestParts, Request, State},
    http::{Extensions, StatusCode, request::Parts},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{problem::Problem, word::Word};
use crate::app::App;

/// What a permit is for.
const UNIT_BYTES: u64 = 16 << 10;
/// Bodies up to this have room of their own, which large ones cannot use up.
const SMALL_BYTES_MAX: u64 = 1 << 20;
const SMALL_ROOM_BYTES: u64 = 128 << 20;
/// A body that does not say how long it is may be this long, and is counted as if it was.
const UNSAID_BYTES_MAX: usize = 8 << 20;
/// Every body may take this long, and a second more for so many bytes.
const TIME: Duration = Duration::from_secs(30);
const BYTES_PER_SECOND: u64 = 256 << 10;
const RETRY: Duration = Duration::from_secs(1);

/// Room for bodies.
#[derive(Debug, Clone)]
pub(crate) struct Intake {
    small: Arc<Semaphore>,
    large: Arc<Semaphore>,
    body_bytes: usize,
}

/// What the body of one request needs: noted when its head is there, taken when it is known who sends it.
#[derive(Debug, Clone)]
pub(crate) struct Room {
    place: Arc<Semaphore>,
    units: u32,
    time: Duration,
    /// How long the body may be.
    pub(crate) bytes_max: usize,
}

impl Intake {
    /// Room for two of the largest bodies, and for small ones.
    pub(crate) fn new(body_bytes: usize) -> Self {
        let place = |bytes: u64| Arc::new(Semaphore::new(units(bytes) as usize));
        Self { small: place(SMALL_ROOM_BYTES), large: place(2 * body_bytes as u64), body_bytes }
    }

    /// What a body needs that says it has so many bytes.
    fn room(&self, said: Option<u64>) -> Result<Room, Problem> {
        let bytes_max = said.map_or(UNSAID_BYTES_MAX.min(self.body_bytes), |_| self.body_bytes);
        let bytes = said.unwrap_or(bytes_max as u64);
        if bytes > bytes_max as u64 {
            return Err(Problem::too_large("the body", bytes_max));
        }
        let place = if bytes > SMALL_BYTES_MAX { &self.large } else { &self.small };
        let time = TIME + Duration::from_secs(bytes / BYTES_PER_SECOND);
        Ok(Room { place: place.clone(), units: units(bytes), time, bytes_max })
    }
}

/// Notes what a request's body needs. One that is too large is refused before it is read.
pub(crate) async fn admit(State(intake): State<Intake>, mut request: Request, next: Next) -> Response {
    match intake.room(request.body().size_hint().exact()) {
        Ok(room) => {
            DefaultBodyLimit::max(room.bytes_max).apply(&mut request);
            request.extensions_mut().insert(room);
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    }
}

impl Room {
    pub(super) fn of(extensions: &Extensions) -> Result<Self, Problem> {
        let missing = || Problem::new(StatusCode::INTERNAL_SERVER_ERROR, Word::Internal, "nobody let it in");
        extensions.get::<Self>().cloned().ok_or_else(missing)
    }

    pub(crate) fn is_small(&self) -> bool {
        u64::from(self.units) * UNIT_BYTES <= SMALL_BYTES_MAX
    }

    /// Has the body read, now that it is known who sends it. The room is given back with the permit.
    pub(crate) async fn take<T>(
        self,
        reading: impl Future<Output = Result<T, Problem>>,
    ) -> Result<(T, OwnedSemaphorePermit), Problem> {
        let permit = self.place.try_acquire_many_owned(self.units).map_err(|_| Problem::busy(RETRY))?;
        let read = tokio::time::timeout(self.time, reading).await;
        let read = read.map_err(|_| Problem::bad_request("the body did not come in time"))?;
        Ok((read?, permit))
    }
}

impl FromRequestParts<App> for Room {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Problem> {
        Self::of(&parts.extensions)
    }
}

fn units(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT_BYTES)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_that_does_not_come_in_time_is_given_up_and_its_room_given_back() {
        let intake = Intake::new(2 << 20);
        let room = || Room { time: Duration::ZERO, ..intake.room(Some(2 << 20)).unwrap() };
        for _ in 0..3 {
            assert!(room().take(std::future::pending::<Result<(), Problem>>()).await.is_err());
        }
        let both = [room().take(async { Ok(1) }).await, room().take(async { Ok(2) }).await];
        assert!(both.iter().all(Result::is_ok));
        assert!(room().take(async { Ok(3) }).await.is_err(), "there is room for two");
        drop(both);
        assert!(room().take(async { Ok(4) }).await.is_ok());
    }

    #[test]
    fn a_larger_body_may_take_longer() {
        let intake = Intake::new(200 << 20);
        for (said, seconds, small) in
            [(Some(0), 30, true), (Some(1 << 20), 34, true), (None, 62, false), (Some(200 << 20), 830, false)]
        {
            let room = intake.room(said).unwrap();
            assert_eq!((room.time.as_secs(), room.is_small()), (seconds, small), "{said:?}");
        }
        assert!(intake.room(Some((200 << 20) + 1)).is_err());
    }
}

//! The HTTP API: each file one noun's routes; authorization, wire forms and errors are here, what is done is in `app`.

mod actions;
mod caller;
mod details;
mod health;
mod invoke;
mod jobs;
mod problem;
mod query;
mod router;
#[expect(unused_qualifications, reason = "utoipa writes them")]
mod runs;
mod upload;
mod wire;

pub(crate) use problem::{ErrorWire, Problem};
pub(crate) use router::router;

//! The HTTP API: each file one noun's routes; authorization, wire forms and errors are here, what is done is in `app`.

mod actions;
#[expect(unused_qualifications, reason = "utoipa writes them")]
mod audit;
mod builds;
mod caller;
mod connections;
mod description;
mod details;
mod egress;
mod health;
mod hooks;
mod invoke;
mod jobs;
mod organisations;
mod query;
mod router;
#[expect(unused_qualifications, reason = "utoipa writes them")]
mod runs;
mod search;
mod secrets;
#[expect(unused_qualifications, reason = "utoipa writes them")]
mod service_accounts;
mod upload;
mod users;

pub(crate) use crate::answer::ErrorWire;
use crate::answer::{problem, wire};
pub(crate) use router::router;

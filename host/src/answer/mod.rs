//! What requests to run something, and all that are refused, have in common, whoever sends them: the API's clients or
//! hooks' senders.

mod ended;
mod intake;
mod observe;
mod path;
mod payload;
pub(crate) mod problem;
pub(crate) mod wire;
mod word;

pub(crate) use ended::{EndedWire, Prefer, answer, found, wait};
pub(crate) use intake::{Intake, Room, admit};
pub(crate) use observe::observe;
pub(crate) use path::Path;
pub(crate) use payload::{ask, bytes, idempotency, records, traceparent};
pub(crate) use problem::{ErrorWire, Problem};
pub(crate) use word::Word;

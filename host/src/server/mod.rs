//! The server: everything put together, started in order and ended in order.

mod control;
mod front;
mod gate;
mod gauges;
mod listen;
mod serve;
mod sweep;

pub(crate) use control::{Unanswered, ask_for_backup};
pub(crate) use serve::{Error, Options, Told, serve};

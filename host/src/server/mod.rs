//! The server: everything put together, started in order and ended in order.

mod gate;
mod gauges;
mod listen;
mod serve;
mod sweep;

pub(crate) use serve::{Error, Options, Told, serve};

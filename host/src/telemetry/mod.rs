//! What the server tells about itself: its log, its traces, its metrics.

mod filter;
pub(crate) mod logs;
mod metrics;
mod otlp;
mod process;
mod table;
mod trace;

pub(crate) use filter::{Filter, Format};
pub(crate) use otlp::Endpoint;
pub(crate) use {
    metrics::{Metrics, Ran},
    otlp::{Traces, adopt, context},
    table::{Count, Gauge},
    trace::continued,
};

//! What the server tells about itself: its log, its traces, its metrics.

#![cfg_attr(not(test), expect(dead_code, reason = "the server will log, trace and count"))]

mod filter;
mod otlp;

pub(crate) use {
    filter::{Filter, Format},
    otlp::Endpoint,
};

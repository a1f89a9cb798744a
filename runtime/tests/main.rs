//! The library through its public interface: every test prepares real scripts and runs them in real sandboxes.
#![expect(clippy::unwrap_used, clippy::wildcard_enum_match_arm, reason = "a test that is surprised panics")]

mod contract;
mod cpython;
mod data;
mod expected;
mod hostile;
mod images;
mod isolation;
mod leaks;
mod names;
mod net;
mod peers;
mod proxy;
mod stateful;
mod support;
mod tls;

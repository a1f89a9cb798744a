//! Runs small, untrusted Python scripts ("actions"), each run in a fresh CPython of its own.
//!
//! The life of a run, from the types that carry it:
//!
//! 1. [`Guest`]: the CPython that `python-wasm/build.sh` made, opened from a directory.
//! 2. [`Engine`]: that guest compiled to machine code and booted once into a base image. Engines of several guests stand
//!    beside each other and share what is bounded ([`Engine::beside`]).
//! 3. [`Prepared`]: an action whose `main.py` was imported once, kept as an image of its memory.
//! 4. [`Sandbox`]: one live store, its memory mapped copy-on-write from that image.
//! 5. [`Outcome`]: how the run ended, what it logged, what it used.
//!
//! This crate knows nothing of HTTP, storage, cron, the environment or the wall clock. What a script does is data
//! ([`End`]); an [`Error`] is always our own failure.

mod cache;
mod door;
mod engine;
mod error;
mod guest;
mod image;
mod images;
mod job;
mod limits;
mod live;
mod memory;
mod net;
mod outcome;
mod output;
mod prepare;
mod sandbox;
mod saved;
mod scratch;
mod slot;
mod stack;
mod state;
mod stats;
mod tls;
mod turn;
mod wasi;
mod work;

pub use engine::{Engine, Metering, Progress, Settings};
pub use error::Error;
pub use guest::{Guest, Package};
pub use job::{Input, Source, Tail};
pub use limits::{Limits, NetLimits};
pub use net::{Connection, Grants, Proxy, Rule, RuleError, Transport};
pub use outcome::{End, Exception, Level, LogLine, Outcome, Stop, Usage};
pub use prepare::{Preparation, Prepared};
pub use sandbox::Sandbox;
pub use saved::{Kept, Saved};
pub use slot::Reset;
pub use stats::Stats;
pub use tls::Unverified;

#[cfg(test)]
mod tests;

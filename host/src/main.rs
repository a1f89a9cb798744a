//! The program `actiond`.

mod answer;
mod api;
mod app;
mod bundle;
mod cli;
mod client;
mod clock;
mod config;
mod console;
mod deps;
mod docs;
mod environment;
mod hooks;
mod json;
mod model;
mod origin;
mod random;
mod records;
mod report;
mod runner;
mod scheduler;
mod server;
mod signals;
mod store;
mod telemetry;
mod templates;
mod terminal;
mod vault;

/// Threads hand over what others free, and one password takes 19 MiB: the system's allocator keeps that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    cli::main()
}

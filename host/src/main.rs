//! The program `actiond`.

#[expect(dead_code, unused_imports, reason = "the server is built on it")]
mod api;
#[expect(dead_code, unused_imports, reason = "the server is built on it")]
mod app;
mod bundle;
mod cli;
mod clock;
mod config;
mod environment;
mod json;
#[expect(dead_code, reason = "the server is built on it")]
mod model;
mod random;
mod records;
mod report;
#[expect(dead_code, unused_imports, reason = "the server is built on it")]
mod runner;
#[expect(dead_code, unused_imports, reason = "the server is built on it")]
mod scheduler;
mod signals;
#[expect(dead_code, unused_imports, reason = "the server is built on it")]
mod store;
mod telemetry;
mod terminal;

fn main() -> std::process::ExitCode {
    cli::main()
}

//! The program `actiond`.

mod answer;
mod api;
mod app;
mod bundle;
mod cli;
mod clock;
mod config;
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
mod terminal;

fn main() -> std::process::ExitCode {
    cli::main()
}

//! The program `actiond`.

mod bundle;
mod cli;
mod clock;
mod config;
mod environment;
mod json;
mod records;
mod report;
mod signals;
mod telemetry;
mod terminal;

fn main() -> std::process::ExitCode {
    cli::main()
}

//! The product as its users meet it: one binary of all end-to-end tests, because linking is what takes long.

mod accounts;
mod actions;
mod backup;
mod bad_input;
mod bundles;
mod calls;
mod config;
mod contract;
mod cron;
mod hooks;
mod inputs;
mod kill;
mod limits;
mod program;
mod runs;
mod secrets;
mod server;
mod soak;
mod tidy;
mod timed;
mod zips;

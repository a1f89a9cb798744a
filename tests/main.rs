//! The product as its users meet it: one binary of all end-to-end tests, because linking is what takes long.

mod accounts;
mod actions;
mod backup;
mod bad_input;
mod bodies;
mod bundles;
mod calls;
mod config;
mod contract;
mod cron;
mod dependencies;
mod disk;
mod hooks;
mod index;
mod inputs;
mod kill;
mod limits;
mod net;
mod program;
mod runs;
mod server;
mod soak;
mod tidy;
mod timed;
mod uploads;
mod zips;

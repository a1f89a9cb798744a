//! The command line: what can be asked for, and with which code the program ends.

mod backup;
mod command;
mod config;
mod cron;
mod ending;
mod packages;
mod repeat;
mod restore;
mod run;
mod serve;
mod settings;
mod work;

pub(crate) use command::main;

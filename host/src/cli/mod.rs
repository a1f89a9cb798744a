//! The command line: what can be asked for, and with which code the program ends.

mod command;
mod config;
mod cron;
mod ending;
mod repeat;
mod run;
mod serve;
mod settings;
mod work;

pub(crate) use command::main;

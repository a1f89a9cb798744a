//! The command line: what can be asked for, and with which code the program ends.

mod backup;
mod carried;
mod command;
mod completions;
mod config;
mod context;
mod cron;
mod delete;
mod deploy;
mod dev;
mod ending;
mod hooks;
mod init;
mod invoke;
mod job;
mod list;
mod login;
mod logs;
mod packages;
mod pause;
mod prompt;
mod remote;
mod repeat;
mod restore;
mod rollback;
mod run;
mod runs;
mod serve;
mod settings;
mod show;
mod table;
mod watch;
mod work;

pub(crate) use command::main;

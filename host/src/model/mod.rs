//! What actiond is about, without input or output: organisations, accounts, actions, runs, hooks. How they are stored and
//! how they look on a wire is told elsewhere.

pub(crate) mod account;
pub(crate) mod action;
pub(crate) mod audit;
pub(crate) mod guest;
pub(crate) mod hook;
pub(crate) mod id;
pub(crate) mod organisation;
pub(crate) mod policy;
pub(crate) mod run;
pub(crate) mod schedule;
pub(crate) mod secret;
pub(crate) mod trace;

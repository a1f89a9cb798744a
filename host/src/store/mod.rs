//! The store: everything that outlives the process, in one folder. Only this module knows which library keeps it.
//!
//! Reading goes through a [`View`], changing through a [`Change`], whose verbs lie in one file for each noun. A change is
//! applied whole or not at all, also when power fails.

mod accounts;
mod actions;
mod audit;
mod backup;
mod bundles;
mod change;
mod error;
mod files;
mod hooks;
mod key;
mod keys_once;
mod open;
mod organisations;
mod queue;
mod record;
mod retention;
mod runs;
mod secrets;
mod table;
mod unmade;
mod value;
mod writer;

pub(crate) use backup::{check as check_backup, restore};
pub(crate) use change::{Change, View};
pub(crate) use error::{Error, Result};
pub(crate) use keys_once::Once;
pub(crate) use open::{Settings, Store};
pub(crate) use runs::{Filter, Index, Page, encode_connections, encode_log};

#[cfg(test)]
mod tests;

//! The stored form of each thing. A field that is added later has a default here, so that older records can be read.

mod account;
mod action;
mod audit;
mod connection;
mod hook;
mod organisation;
mod policy;
mod run;
mod secret;
mod time;

pub(super) use account::AccountRecord;
pub(super) use action::{ActionRecord, ActivityRecord, VersionRecord};
pub(super) use audit::AuditRecord;
pub(super) use connection::ConnectionRecord;
pub(super) use hook::HookRecord;
pub(super) use organisation::OrganisationRecord;
pub(super) use run::{LogLineRecord, RunRecord};
pub(super) use secret::SecretRecord;
pub(super) use time::{micros, millis};

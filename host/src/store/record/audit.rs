//! A line of the audit log as it is stored.

use serde::{Deserialize, Serialize};

use super::time::{micros, time};
use crate::model::audit::Change;

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct AuditRecord {
    at: i64,
    org: String,
    who: String,
    what: String,
    subject: String,
    detail: String,
}

impl From<&Change> for AuditRecord {
    fn from(change: &Change) -> Self {
        Self {
            at: micros(change.at),
            org: change.org.to_string(),
            who: change.who.clone(),
            what: change.what.clone(),
            subject: change.subject.clone(),
            detail: change.detail.clone(),
        }
    }
}

impl TryFrom<AuditRecord> for Change {
    type Error = String;

    fn try_from(record: AuditRecord) -> Result<Self, String> {
        Ok(Self {
            at: time(record.at)?,
            org: record.org.parse().map_err(|_| record.org)?,
            who: record.who,
            what: record.what,
            subject: record.subject,
            detail: record.detail,
        })
    }
}

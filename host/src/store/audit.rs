//! The audit log in the store.

use jiff::Timestamp;

use super::{
    Change, Result, View, key,
    record::{AuditRecord, micros},
};
use crate::model::{audit, id::OrgId};

const WHAT: &str = "line of the audit log";

impl View {
    /// The latest changes in an organisation, newest first.
    pub(crate) fn audit(&self, org: &OrgId) -> impl Iterator<Item = Result<audit::Change>> + use<> {
        self.all::<AuditRecord, _>(&key::audit_of_org(org), WHAT).rev()
    }
}

impl Change<'_> {
    pub(crate) fn put_audit(&mut self, change: &audit::Change) -> Result<()> {
        // Changes are made one after another: those of one microsecond are told apart by how much a change has done.
        let count = u32::try_from(self.puts.len()).unwrap_or(u32::MAX);
        let mut at = micros(change.at);
        while self.db.contains_key(key::audit(&change.org, at, count))? {
            at += 1;
        }
        self.put(key::audit(&change.org, at, count), &AuditRecord::from(change), WHAT)
    }

    /// Forgets at most `most` lines from before `before`.
    pub(crate) fn forget_audit(&mut self, org: &OrgId, before: Timestamp, most: usize) -> Result<usize> {
        let range = key::audit_of_org(org)..key::audit(org, micros(before), 0);
        let old: Vec<sled::IVec> =
            self.db.range(range).keys().take(most).collect::<std::result::Result<_, _>>()?;
        for key in &old {
            self.remove(key.clone());
        }
        Ok(old.len())
    }
}

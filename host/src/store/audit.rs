//! The audit log in the store.

use std::{fmt, str::FromStr};

use jiff::Timestamp;

use super::{
    Change, Result, View, key,
    record::{AuditRecord, micros},
};
use crate::model::{audit, id::OrgId};

const WHAT: &str = "line of the audit log";

/// A line's place in the log of its organisation: when, and which of that time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place(i64, u32);

impl Place {
    fn from_bytes(bytes: [u8; 12]) -> Self {
        let (at, count) = bytes.split_at(8);
        let at = at.iter().fold(0, |number, byte| number << 8 | i64::from(*byte));
        Self(at, count.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}", self.0, self.1)
    }
}

impl FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> std::result::Result<Self, ()> {
        let (at, count) = text.split_once('-').ok_or(())?;
        Ok(Self(at.parse().map_err(drop)?, count.parse().map_err(drop)?))
    }
}

impl View {
    /// At most `most` of the changes before `before`, newest first, and where those before them are found.
    pub(crate) fn audit_before(
        &self,
        org: &OrgId,
        before: Option<Place>,
        most: usize,
    ) -> Result<(Vec<audit::Change>, Option<Place>)> {
        let all = key::audit_of_org(org);
        let Place(at, count) = before.unwrap_or(Place(i64::MAX, u32::MAX));
        let (mut changes, mut last) = (Vec::new(), None);
        for entry in self.db.range(all..key::audit(org, at, count)).rev() {
            let (key, _) = entry?;
            if changes.len() == most {
                return Ok((changes, last));
            }
            changes.extend(self.one::<AuditRecord, _>(&key, WHAT)?);
            last = key::tail::<12>(&key).map(Place::from_bytes);
        }
        Ok((changes, None))
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
        let old: Vec<sled::IVec> = self
            .db
            .range(range)
            .map(|entry| entry.map(|(key, _)| key))
            .take(most)
            .collect::<std::result::Result<_, _>>()?;
        for key in &old {
            self.remove(key.clone());
        }
        Ok(old.len())
    }
}

//! Writing the audit log: each change says who made it, in the change itself.

use jiff::Timestamp;

use crate::{
    model::{audit, id::OrgId},
    store::{self, Change},
};

/// Who changes something, when, where.
#[derive(Debug, Clone)]
pub(crate) struct By {
    pub(crate) who: String,
    pub(crate) org: OrgId,
    pub(crate) at: Timestamp,
}

impl By {
    pub(super) fn note(
        &self,
        change: &mut Change<'_>,
        what: &str,
        subject: &impl ToString,
        detail: impl Into<String>,
    ) -> store::Result<()> {
        let Self { who, org, at } = self.clone();
        let (what, subject, detail) = (what.to_owned(), subject.to_string(), detail.into());
        change.put_audit(&audit::Change { at, org, who, what, subject, detail })
    }
}

//! The audit log: who changed what, when.

use jiff::Timestamp;

use super::id::OrgId;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) at: Timestamp,
    pub(crate) org: OrgId,
    /// The account's address, or `system`.
    pub(crate) who: String,
    /// A dotted word: `action.create`, `hook.revoke`, …
    pub(crate) what: String,
    /// The id or name of what was changed.
    pub(crate) subject: String,
    /// A short remark; never a secret.
    pub(crate) detail: String,
}

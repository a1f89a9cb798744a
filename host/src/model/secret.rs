//! A secret: a value that runs get as an environment variable, and that nobody can read again. Here it is sealed already.

use jiff::Timestamp;

use super::id::{ActionId, OrgId};

/// Names that runs get from us.
const RESERVED: &[&str] = &["ACTIOND_", "ORIGIN_CLUSTER_", "TRACEPARENT"];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Secret {
    pub(crate) place: Place,
    /// Encrypted and bound to its place.
    pub(crate) sealed: Vec<u8>,
    pub(crate) created_at: Timestamp,
    pub(crate) created_by: String,
    /// When it got the value that it has.
    pub(crate) changed_at: Timestamp,
    pub(crate) changed_by: String,
}

/// Which secret it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) org: OrgId,
    pub(crate) owner: Owner,
    /// The variable's.
    pub(crate) name: String,
}

/// Whose secret it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// Actions get it that it was granted to.
    Organisation,
    /// That action gets it.
    Action(ActionId),
}

/// Whether a variable of that name is ours to set.
pub(crate) fn is_reserved(name: &str) -> bool {
    RESERVED.iter().any(|reserved| name.starts_with(reserved))
}

//! An organisation: what isolates tenants from each other, and what its runs are told of where they came from.

use std::collections::BTreeMap;

use actiond_runtime::Rule;
use jiff::Timestamp;

use super::{account::Email, id::OrgId};

/// One tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Organisation {
    pub(crate) id: OrgId,
    pub(crate) created_at: Timestamp,
    pub(crate) origin: Origin,
    /// What its actions may reach on the network, of what the server's operator allows; at first nothing.
    pub(crate) egress: Vec<Rule>,
    /// Whether its actions may turn off that certificates are checked, where the operator allows it.
    pub(crate) unverified_tls: bool,
}

/// The cluster whose data an organisation's actions work on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    /// `ORIGIN_CLUSTER_URL`; without one, runs are told this server's own.
    pub(crate) url: Option<String>,
    /// Tokens of service accounts there. An action gets that of its own account as `ORIGIN_CLUSTER_TOKEN`.
    pub(crate) tokens: BTreeMap<Email, String>,
}

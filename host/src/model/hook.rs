//! A hook: an unguessable URL by which senders that cannot log in run one action.

use std::time::Duration;

use jiff::Timestamp;

use super::id::{ActionId, OrgId};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hook {
    /// A KSUID of its own.
    pub(crate) id: ActionId,
    pub(crate) org: OrgId,
    pub(crate) action: ActionId,
    pub(crate) description: String,
    /// BLAKE3 of the token in its URL, which is shown once.
    pub(crate) token_hash: [u8; 32],
    pub(crate) signature: Signature,
    pub(crate) answer: Answer,
    pub(crate) created_at: Timestamp,
    pub(crate) created_by: String,
}

/// How a sender proves that it knows a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Signature {
    /// The URL is the secret.
    None,
    /// <https://www.standardwebhooks.com>: any of these keys.
    StandardWebhooks { keys: Vec<Vec<u8>>, window: Duration },
    /// Grafana: HMAC-SHA256 over `{timestamp}:{body}`.
    Grafana { key: Vec<u8>, window: Duration },
    /// GitHub: HMAC-SHA256 over the body, in `X-Hub-Signature-256`.
    GitHub { key: Vec<u8> },
}

/// When a sender gets its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// At once, with 202: the run is queued.
    Accepted,
    /// When the run has ended, with what came of it.
    Result,
}

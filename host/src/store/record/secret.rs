//! A secret as it is stored: sealed, as base64.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use super::time::{micros, time};
use crate::model::secret::{Owner, Place, Secret};

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct SecretRecord {
    org: String,
    /// `None` for the organisation's own.
    action: Option<String>,
    name: String,
    sealed: String,
    created_at: i64,
    created_by: String,
    changed_at: i64,
    changed_by: String,
}

impl From<&Secret> for SecretRecord {
    fn from(secret: &Secret) -> Self {
        Self {
            org: secret.place.org.to_string(),
            action: match secret.place.owner {
                Owner::Organisation => None,
                Owner::Action(action) => Some(action.to_string()),
            },
            name: secret.place.name.clone(),
            sealed: STANDARD.encode(&secret.sealed),
            created_at: micros(secret.created_at),
            created_by: secret.created_by.clone(),
            changed_at: micros(secret.changed_at),
            changed_by: secret.changed_by.clone(),
        }
    }
}

impl TryFrom<SecretRecord> for Secret {
    type Error = String;

    fn try_from(record: SecretRecord) -> Result<Self, String> {
        let owner = match record.action {
            None => Owner::Organisation,
            Some(action) => Owner::Action(action.parse().map_err(|_| action)?),
        };
        let org = record.org.parse().map_err(|_| record.org)?;
        Ok(Self {
            place: Place { org, owner, name: record.name },
            sealed: STANDARD.decode(record.sealed).map_err(|error| error.to_string())?,
            created_at: time(record.created_at)?,
            created_by: record.created_by,
            changed_at: time(record.changed_at)?,
            changed_by: record.changed_by,
        })
    }
}

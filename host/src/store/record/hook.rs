//! A hook as it is stored: its token as a hash; its keys as they are, for they are needed to check signatures.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::time::{micros, time};
use crate::model::hook::{Answer, Hook, Signature};

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct HookRecord {
    id: String,
    org: String,
    action: String,
    description: String,
    token_hash: [u8; 32],
    signature: SignatureRecord,
    waits: bool,
    created_at: i64,
    created_by: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SignatureRecord {
    None,
    StandardWebhooks { keys: Vec<Vec<u8>>, window_s: u64 },
    Grafana { key: Vec<u8>, window_s: u64 },
    GitHub { key: Vec<u8> },
}

impl From<&Hook> for HookRecord {
    fn from(hook: &Hook) -> Self {
        Self {
            id: hook.id.to_string(),
            org: hook.org.to_string(),
            action: hook.action.to_string(),
            description: hook.description.clone(),
            token_hash: hook.token_hash,
            signature: match hook.signature.clone() {
                Signature::None => SignatureRecord::None,
                Signature::StandardWebhooks { keys, window } => {
                    SignatureRecord::StandardWebhooks { keys, window_s: window.as_secs() }
                }
                Signature::Grafana { key, window } => {
                    SignatureRecord::Grafana { key, window_s: window.as_secs() }
                }
                Signature::GitHub { key } => SignatureRecord::GitHub { key },
            },
            waits: match hook.answer {
                Answer::Accepted => false,
                Answer::Result => true,
            },
            created_at: micros(hook.created_at),
            created_by: hook.created_by.clone(),
        }
    }
}

impl TryFrom<HookRecord> for Hook {
    type Error = String;

    fn try_from(record: HookRecord) -> Result<Self, String> {
        let window = Duration::from_secs;
        Ok(Self {
            id: record.id.parse().map_err(|_| record.id)?,
            org: record.org.parse().map_err(|_| record.org)?,
            action: record.action.parse().map_err(|_| record.action)?,
            description: record.description,
            token_hash: record.token_hash,
            signature: match record.signature {
                SignatureRecord::None => Signature::None,
                SignatureRecord::StandardWebhooks { keys, window_s } => {
                    Signature::StandardWebhooks { keys, window: window(window_s) }
                }
                SignatureRecord::Grafana { key, window_s } => {
                    Signature::Grafana { key, window: window(window_s) }
                }
                SignatureRecord::GitHub { key } => Signature::GitHub { key },
            },
            answer: if record.waits { Answer::Result } else { Answer::Accepted },
            created_at: time(record.created_at)?,
            created_by: record.created_by,
        })
    }
}

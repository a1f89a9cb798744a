//! An organisation as it is stored.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    policy::rules,
    time::{micros, time},
};
use crate::model::organisation::{Organisation, Origin};

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct OrganisationRecord {
    id: String,
    created_at: i64,
    origin_url: Option<String>,
    #[serde(default)]
    origin_tokens: BTreeMap<String, String>,
    #[serde(default)]
    egress: Vec<String>,
    #[serde(default)]
    unverified_tls: bool,
}

impl From<&Organisation> for OrganisationRecord {
    fn from(org: &Organisation) -> Self {
        let tokens = org.origin.tokens.iter();
        Self {
            id: org.id.to_string(),
            created_at: micros(org.created_at),
            origin_url: org.origin.url.clone(),
            origin_tokens: tokens.map(|(email, token)| (email.to_string(), token.clone())).collect(),
            egress: org.egress.iter().map(ToString::to_string).collect(),
            unverified_tls: org.unverified_tls,
        }
    }
}

impl TryFrom<OrganisationRecord> for Organisation {
    type Error = String;

    fn try_from(record: OrganisationRecord) -> Result<Self, String> {
        let tokens = record.origin_tokens.into_iter();
        let tokens = tokens.map(|(email, token)| Ok((email.parse().map_err(|_| email)?, token)));
        Ok(Self {
            id: record.id.parse().map_err(|_| record.id)?,
            created_at: time(record.created_at)?,
            origin: Origin { url: record.origin_url, tokens: tokens.collect::<Result<_, String>>()? },
            egress: rules(&record.egress)?,
            unverified_tls: record.unverified_tls,
        })
    }
}

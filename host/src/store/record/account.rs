//! An account as it is stored: with hashes, never with a password or token.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::time::{micros, time};
use crate::model::account::{Account, AccountKind, Credential, Role};

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct AccountRecord {
    email: String,
    kind: KindRecord,
    credential: CredentialRecord,
    roles: BTreeMap<String, String>,
    root: bool,
    description: String,
    created_at: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KindRecord {
    User,
    Service,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum CredentialRecord {
    Password(String),
    Token([u8; 32]),
}

impl From<&Account> for AccountRecord {
    fn from(account: &Account) -> Self {
        let roles = account.roles.iter().map(|(org, role)| (org.to_string(), role.as_str().to_owned()));
        Self {
            email: account.email.to_string(),
            kind: match account.kind {
                AccountKind::User => KindRecord::User,
                AccountKind::Service => KindRecord::Service,
            },
            credential: match &account.credential {
                Credential::Password(hash) => CredentialRecord::Password(hash.clone()),
                Credential::Token(hash) => CredentialRecord::Token(*hash),
            },
            roles: roles.collect(),
            root: account.root,
            description: account.description.clone(),
            created_at: micros(account.created_at),
        }
    }
}

impl TryFrom<AccountRecord> for Account {
    type Error = String;

    fn try_from(record: AccountRecord) -> Result<Self, String> {
        let role = |(org, role): (String, String)| {
            Ok((org.parse().map_err(|_| org)?, Role::parse(&role).ok_or(role)?))
        };
        Ok(Self {
            email: record.email.parse().map_err(|_| record.email)?,
            kind: match record.kind {
                KindRecord::User => AccountKind::User,
                KindRecord::Service => AccountKind::Service,
            },
            credential: match record.credential {
                CredentialRecord::Password(hash) => Credential::Password(hash),
                CredentialRecord::Token(hash) => Credential::Token(hash),
            },
            roles: record.roles.into_iter().map(role).collect::<Result<_, String>>()?,
            root: record.root,
            description: record.description,
            created_at: time(record.created_at)?,
        })
    }
}

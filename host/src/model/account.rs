//! Accounts: who may do what, where. Checking a password or token is `crate::app`'s.

use std::{collections::BTreeMap, fmt, str::FromStr};

use jiff::Timestamp;

use super::id::OrgId;

/// Longest address, in bytes, as mail has it.
const EMAIL_BYTES_MAX: usize = 254;

/// An e-mail address, in lower case: the name of an account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Email(String);

/// The text is no e-mail address.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not an e-mail address: write name@domain, at most {EMAIL_BYTES_MAX} bytes")]
pub(crate) struct BadEmail;

impl Email {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Email {
    type Err = BadEmail;

    fn from_str(text: &str) -> Result<Self, BadEmail> {
        let plain = |char: char| !char.is_whitespace() && !char.is_control() && char != ':' && char != '/';
        let split = text
            .split_once('@')
            .is_some_and(|(name, domain)| !name.is_empty() && !domain.is_empty() && !domain.contains('@'));
        if !split || text.len() > EMAIL_BYTES_MAX || !text.chars().all(plain) {
            return Err(BadEmail);
        }
        Ok(Self(text.to_lowercase()))
    }
}

impl fmt::Display for Email {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A person or a program that can log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) email: Email,
    pub(crate) kind: AccountKind,
    pub(crate) credential: Credential,
    /// What it may do in which organisation.
    pub(crate) roles: BTreeMap<OrgId, Role>,
    /// May do everything in all organisations, and make new ones.
    pub(crate) root: bool,
    pub(crate) description: String,
    pub(crate) created_at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AccountKind {
    /// A person, with a password.
    User,
    /// A program, with a token made by us.
    Service,
}

/// What proves that it is that account. Neither can be turned back into what was shown or chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Credential {
    /// An Argon2id hash in PHC form.
    Password(String),
    /// A BLAKE3 hash of a token of 256 random bits.
    Token([u8; 32]),
}

/// What an account is in one organisation. Each may do what the next may, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    /// Accounts, settings, audit log.
    Admin,
    /// Actions and hooks.
    Editor,
    /// Runs actions, and cancels and replays runs.
    Invoker,
    /// Reads actions and runs.
    Viewer,
}

/// What a request wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Permission {
    ReadActions,
    /// Reads an action's environment, code and hooks, which may hold secrets.
    ReadSecrets,
    ReadRuns,
    Invoke,
    EditActions,
    Administer,
}

impl Role {
    pub(crate) const ALL: [Self; 4] = [Self::Admin, Self::Editor, Self::Invoker, Self::Viewer];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Editor => "editor",
            Self::Invoker => "invoker",
            Self::Viewer => "viewer",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }

    pub(crate) fn may(self, permission: Permission) -> bool {
        let least = match permission {
            Permission::Administer => Self::Admin,
            Permission::EditActions | Permission::ReadSecrets => Self::Editor,
            Permission::Invoke => Self::Invoker,
            Permission::ReadActions | Permission::ReadRuns => Self::Viewer,
        };
        self <= least
    }
}

impl Account {
    /// Whether it may do that in that organisation.
    pub(crate) fn may(&self, org: &OrgId, permission: Permission) -> bool {
        self.root || self.roles.get(org).is_some_and(|role| role.may(permission))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_what_lesser_ones_may() {
        use Permission::{Administer, EditActions, Invoke, ReadActions, ReadRuns, ReadSecrets};
        let all = [Administer, EditActions, ReadSecrets, Invoke, ReadRuns, ReadActions];
        for (role, count) in [(Role::Admin, 6), (Role::Editor, 5), (Role::Invoker, 3), (Role::Viewer, 2)] {
            let allowed: Vec<_> = all.into_iter().filter(|permission| role.may(*permission)).collect();
            assert_eq!(allowed, all[6 - count..], "{role:?}");
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
    }

    #[test]
    fn addresses_are_checked() {
        for (text, expected) in [
            ("Root@Example.com", Some("root@example.com")),
            ("a@b", Some("a@b")),
            ("a", None),
            ("@b", None),
            ("a@", None),
            ("a@b@c", None),
            ("a:b@c", None),
            ("a b@c", None),
        ] {
            let parsed = text.parse::<Email>().ok();
            assert_eq!(parsed.as_ref().map(Email::as_str), expected, "{text}");
        }
    }
}

//! An action: settings and a bundle, by version. Its code lies in the store, its schedule is parsed in `schedule`.

use std::{fmt, str::FromStr};

use jiff::Timestamp;

use super::{
    guest::GuestKind,
    id::{ActionId, OrgId},
    policy::Policy,
    run::Status,
};

/// Longest name, in characters; OpenObserve's databases have room for as many.
pub(crate) const NAME_CHARS_MAX: usize = 32;

/// An action as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Action {
    pub(crate) id: ActionId,
    pub(crate) org: OrgId,
    pub(crate) name: Name,
    pub(crate) description: Option<String>,
    pub(crate) kind: Kind,
    /// As written by its owner: a cron expression or an interval. Checked before it is kept.
    pub(crate) cron: Option<String>,
    /// The IANA zone of `cron`.
    pub(crate) zone: String,
    /// Checked keys and values, in the order of the keys.
    pub(crate) env: Vec<(String, String)>,
    pub(crate) service_account: String,
    pub(crate) created_by: String,
    pub(crate) created_at: Timestamp,
    pub(crate) modified_at: Timestamp,
    /// The version that runs.
    pub(crate) version: u32,
    /// The newest version that was uploaded; numbers are never used again.
    pub(crate) version_last: u32,
    pub(crate) zip_file_name: String,
    /// What the version that runs was made for.
    pub(crate) guest: GuestKind,
    /// Timed runs, hooks and invocations are off.
    pub(crate) paused: bool,
    pub(crate) policy: Policy,
    /// The names of its organisation's secrets that it was granted, in order.
    pub(crate) secrets: Vec<String>,
}

/// When an action runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Once, right after it is saved.
    Once,
    /// By its schedule.
    Repeat,
    /// When it is called.
    Service,
}

impl Kind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Once => "once",
            Self::Repeat => "repeat",
            Self::Service => "service",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Once, Self::Repeat, Self::Service].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// An action's name: 1 to 32 characters, none of them special in a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name(String);

/// What is wrong with a name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadName {
    #[error("Name field is missing or empty")]
    Empty,
    #[error("Name has more than {NAME_CHARS_MAX} characters: shorten it")]
    Long,
    #[error("Characters like :, ?, /, #, and spaces are not allowed in a name")]
    Character,
}

impl Name {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let refused = |char: char| {
            matches!(char, ':' | '#' | '?' | '&' | '%' | '\'' | '"' | '/')
                || char.is_whitespace()
                || char.is_control()
        };
        if text.is_empty() {
            Err(BadName::Empty)
        } else if text.contains(refused) {
            Err(BadName::Character)
        } else if text.chars().count() > NAME_CHARS_MAX {
            Err(BadName::Long)
        } else {
            Ok(Self(text.to_owned()))
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// One upload of an action's code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) number: u32,
    /// The BLAKE3 hash of the zip as it was uploaded: where its bytes lie.
    pub(crate) bundle: [u8; 32],
    /// The hash of the packages that were installed for it; `None` when it declares none, or they came along.
    pub(crate) packages: Option<[u8; 32]>,
    /// What its packages need.
    pub(crate) guest: GuestKind,
    pub(crate) bytes: u64,
    pub(crate) zip_file_name: String,
    pub(crate) created_by: String,
    pub(crate) created_at: Timestamp,
}

impl Version {
    /// The hashes of all that is kept for it.
    pub(crate) fn blobs(&self) -> impl Iterator<Item = [u8; 32]> + use<> {
        [Some(self.bundle), self.packages].into_iter().flatten()
    }
}

/// What an action's runs have come to: counted with each run, never recounted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Activity {
    pub(crate) last_run_at: Option<Timestamp>,
    pub(crate) last_successful_at: Option<Timestamp>,
    /// How the latest finished run ended.
    pub(crate) last_status: Option<Status>,
    /// Finished runs that are kept.
    pub(crate) runs: u64,
    /// What those take: inputs, results and logs.
    pub(crate) bytes: u64,
    /// Due times at which nothing ran because an earlier run had not ended.
    pub(crate) skipped: u64,
    /// Due times that passed while the server was away and were not made up for.
    pub(crate) missed: u64,
    /// How late the latest timed run began.
    pub(crate) lateness_ms: Option<u64>,
    /// Every due time up to this one has been decided on.
    pub(crate) decided_until: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        for (text, expected) in [
            ("upper-case_1", Ok(())),
            ("\u{e9}\u{e9}", Ok(())),
            (&*"x".repeat(32), Ok(())),
            (&*"x".repeat(33), Err(BadName::Long)),
            ("", Err(BadName::Empty)),
            ("a b", Err(BadName::Character)),
            ("a:b", Err(BadName::Character)),
            ("a/b", Err(BadName::Character)),
            ("a#b", Err(BadName::Character)),
            ("a?b", Err(BadName::Character)),
            ("a\nb", Err(BadName::Character)),
        ] {
            assert_eq!(text.parse::<Name>().map(drop), expected, "{text:?}");
        }
    }
}

//! Why an action does not get the packages that it declares: what, where, and what to do, in one line each.

use std::{io, path::PathBuf, time::Duration};

use super::requirement::BadRequirement;

/// Why there are no packages.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{file}: {why}")]
    Declared {
        /// The file that declares it.
        file: &'static str,
        why: BadDeclaration,
    },
    #[error(
        "{0} has no pure Python wheel, and a sandbox can load no other: choose another version or package, or put one into \
         dependencies/"
    )]
    NotPure(String),
    #[error(
        "{0} needs the data guest (NumPy and pandas), and this installation lacks it: install it with scripts/setup, or take a \
         release that brings it"
    )]
    NoDataGuest(String),
    #[error("{asked} cannot be had: a sandbox has {name} {own}; ask for that or leave the version out")]
    OtherVersion {
        /// As the action has it.
        asked: String,
        name: String,
        own: String,
    },
    #[error(
        "dependencies/ brings {name} {vendored}, and a sandbox has {name} {own}: bring that version, or require packages in \
         pyproject.toml instead"
    )]
    VendoredVersion { name: &'static str, vendored: String, own: String },
    #[error("there is no package {0} in the index: check its name")]
    NoPackage(String),
    #[error("no versions fit together: {0}")]
    NoVersions(String),
    #[error("a requirement cannot be read: {0}")]
    Unread(String),
    #[error("{0}, and the server takes only packages that it has already (dependencies.offline)")]
    Offline(String),
    #[error("{name} is not the file that was asked for: its hash is none of those in {file}")]
    Hash { name: String, file: &'static str },
    #[error("the packages are larger than {bytes_max} bytes: require fewer or smaller ones")]
    TooLarge { bytes_max: u64 },
    #[error("packages are not installed here (dependencies.enabled): put them into dependencies/")]
    Disabled,
    #[error(
        "the action requires packages, and there is no uv to install them: run scripts/setup, or say where it is \
         (dependencies.uv)"
    )]
    NoUv,
    #[error("the index cannot be reached: {0}")]
    Unreachable(String),
    #[error("installing packages took longer than {} s: try again, or raise dependencies.timeout_s", .0.as_secs())]
    Timeout(Duration),
    #[error("too many actions get their packages at this time: try again")]
    Busy,
    #[error("uv failed: {0}")]
    Uv(String),
    #[error("the data guest in {path} cannot be used ({why}): build it again with scripts/setup")]
    DataGuest { path: PathBuf, why: String },
    #[error("cannot use {path}")]
    Folder { path: PathBuf, source: io::Error },
}

/// Who has to do something about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Whoever wrote the action.
    Action,
    /// Nobody: another time it may go well. Or the operator.
    Passing,
    Ours,
}

/// What is wrong with what a file declares. What it says is shown as it is: whoever prints it escapes control characters.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadDeclaration {
    #[error("cannot be read ({0})")]
    Unreadable(io::ErrorKind),
    #[error("is larger than {bytes_max} bytes: shorten it")]
    Large { bytes_max: u64 },
    #[error("is not UTF-8: save it as such")]
    NotUtf8,
    #[error("line {line}: {message}")]
    Toml { line: usize, message: String },
    #[error("{key} is not {right}")]
    Kind { key: &'static str, right: &'static str },
    #[error("lists dependencies as dynamic, and nothing is built here: list them in project.dependencies")]
    Dynamic,
    #[error("requires-python is {wanted:?}, and actions run on Python {python}: widen it")]
    Python { wanted: String, python: String },
    #[error("has more than {max} requirements: leave out what the action does not need")]
    Many { max: usize },
    #[error("{text:?} is refused: {why}")]
    Requirement { text: String, why: BadRequirement },
}

impl Error {
    pub(crate) fn fault(&self) -> Fault {
        match self {
            Self::Declared { .. }
            | Self::NotPure(_)
            | Self::NoDataGuest(_)
            | Self::OtherVersion { .. }
            | Self::VendoredVersion { .. }
            | Self::NoPackage(_)
            | Self::NoVersions(_)
            | Self::Unread(_)
            | Self::Offline(_)
            | Self::Hash { .. }
            | Self::TooLarge { .. }
            | Self::Disabled => Fault::Action,
            Self::NoUv | Self::Unreachable(_) | Self::Timeout(_) | Self::Busy => Fault::Passing,
            Self::Uv(_) | Self::DataGuest { .. } | Self::Folder { .. } => Fault::Ours,
        }
    }
}

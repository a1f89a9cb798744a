//! What can go wrong with the store: always our side, never the user's.

use std::{io, path::PathBuf};

/// A failure of the store.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Error {
    #[error("another actiond uses the data folder {0}: stop it first, or give this one another --data-dir")]
    Locked(PathBuf),
    #[error("cannot {doing} {path} ({why})")]
    File { doing: &'static str, path: PathBuf, why: io::ErrorKind },
    #[error(
        "the data folder {path} was written by a newer actiond (format {found}, this one knows {known}): use that one"
    )]
    Newer { path: PathBuf, found: u8, known: u8 },
    #[error(
        "the disk of the data folder has {free_mib} MiB free, at least {free_mib_min} are needed: make room"
    )]
    Full { free_mib: u64, free_mib_min: u64 },
    #[error("the store failed: {0}")]
    Library(String),
    #[error("the store holds a damaged {what}: {why}")]
    Damaged { what: &'static str, why: String },
    #[error("the store is closed")]
    Closed,
    #[error("{0} holds files already: give an empty folder")]
    NotEmpty(PathBuf),
}

pub(crate) type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub(super) fn file(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |error| Self::File { doing, path, why: error.kind() }
    }

    pub(super) fn damaged(what: &'static str) -> impl FnOnce(String) -> Self {
        move |why| Self::Damaged { what, why }
    }
}

impl From<sled::Error> for Error {
    fn from(error: sled::Error) -> Self {
        Self::Library(error.to_string())
    }
}

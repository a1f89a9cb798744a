//! Why a bundle is refused: what is wrong, where, and what to do, in one line each.

use std::{
    io,
    path::{Path, PathBuf},
};

/// What went wrong while unpacking.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The bundle's own fault.
    #[error("{bundle}: {why}")]
    Refused {
        /// The zip or folder.
        bundle: PathBuf,
        why: Refusal,
    },
    /// Ours: the work folder could not be used.
    #[error("cannot {doing} {path}")]
    Work { doing: &'static str, path: PathBuf, source: io::Error },
}

/// What is wrong with a bundle. Names are shown as they are: whoever prints them escapes control characters.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("there is no such file or folder: check the path")]
    Missing,
    #[error("cannot be read ({0}): check its permissions")]
    Unreadable(io::ErrorKind),
    #[error("{name:?} cannot be read ({why}): check its permissions")]
    UnreadableFile { name: String, why: io::ErrorKind },
    #[error("is neither a zip nor a folder: give one of them")]
    NeitherZipNorFolder,
    #[error("is not a zip: give a zip file, or the folder itself")]
    NotZip,
    #[error("is larger than {bytes_max} bytes: leave out what the action does not need")]
    ZipTooLarge { bytes_max: u64 },
    #[error("is damaged ({0}): make the zip again")]
    Damaged(String),
    #[error("{name:?} is damaged ({why}): make the zip again")]
    DamagedFile { name: String, why: String },
    #[error("{0:?} is encrypted: make the zip without a password")]
    Encrypted(String),
    #[error("{name:?} is compressed by method {method}: make the zip with deflate, the default of zip tools")]
    Method { name: String, method: u16 },
    #[error("the name {name:?} {why}: name files by plain paths below the action's folder")]
    Name { name: String, why: BadName },
    #[error("{name:?} is {kind}: put the file itself in its place")]
    Special { name: String, kind: &'static str },
    #[error("{0:?} is there twice: keep one of them")]
    Twice(String),
    #[error("{0:?} is both a file and a folder: keep one of them")]
    FileAndFolder(String),
    #[error("holds more than {entries_max} files and folders: leave out what the action does not need")]
    TooMany { entries_max: usize },
    #[error("holds more than {bytes_max} bytes: leave out what the action does not need")]
    TooLarge { bytes_max: u64 },
    #[error(
        "{name:?} unpacks to more than {ratio_max} times its size: compress such data inside the action's own format"
    )]
    Bomb { name: String, ratio_max: u64 },
    #[error("holds no files: put main.py at its root")]
    Empty,
    #[error("has no main.py at its root: put one there")]
    NoMain,
    #[error("has no main.py, neither at its root nor in {0:?}: put one into either")]
    NoMainInFolder(String),
    #[error("has no main.py at its root, and more than one top folder ({0}): put main.py at the root")]
    NoMainManyFolders(String),
}

/// What is wrong with a name inside of a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadName {
    #[error("is not UTF-8")]
    NotUtf8,
    #[error("is empty")]
    Empty,
    #[error("is absolute")]
    Absolute,
    #[error("begins with a drive letter")]
    Drive,
    #[error("holds a backslash")]
    Backslash,
    #[error("holds a control character")]
    Control,
    #[error("has an empty part")]
    EmptyPart,
    #[error("has a part \".\"")]
    Dot,
    #[error("has a part \"..\"")]
    DotDot,
    #[error("has a part of more than 255 bytes")]
    LongPart,
    #[error("is nested too deeply")]
    Deep,
}

impl Error {
    pub(super) fn packing(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Work { doing: "pack", path, source }
    }

    pub(super) fn work(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Problem {
        let path = path.to_owned();
        move |source| Problem::Work { doing, path, source }
    }
}

/// An [`Error`] before the bundle's own path is known to it.
pub(super) enum Problem {
    Refused(Refusal),
    Work { doing: &'static str, path: PathBuf, source: io::Error },
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Problem {
    pub(super) fn at(self, bundle: &Path) -> Error {
        match self {
            Self::Refused(why) => Error::Refused { bundle: bundle.to_owned(), why },
            Self::Work { doing, path, source } => Error::Work { doing, path, source },
        }
    }
}

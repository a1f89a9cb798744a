//! A bundle's files on disk, for as long as somebody runs them. They can be made again from the store at any time.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::bundle;

/// An unpacked bundle; its folder is removed when this is dropped.
#[derive(Debug)]
pub(super) struct Unpacked {
    _folder: tempfile::TempDir,
    pub(super) root: PathBuf,
    pub(super) digest: [u8; 32],
}

/// The bundle cannot be unpacked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{0}")]
    Refused(String),
    #[error("cannot unpack the bundle in {folder} ({why})")]
    Folder { folder: PathBuf, why: std::io::ErrorKind },
}

impl Unpacked {
    /// Unpacks a zip, and the packages that were installed for it, into a folder of their own below `below`. Blocks.
    pub(super) fn new(
        zip: &[u8],
        packages: Option<&[u8]>,
        below: &Path,
        (limits, package_limits): (&bundle::Limits, &bundle::Limits),
    ) -> Result<Self, Error> {
        let failed = |error: std::io::Error| Error::Folder { folder: below.to_owned(), why: error.kind() };
        let folder = tempfile::Builder::new().prefix("bundle-").tempdir_in(below).map_err(failed)?;
        let file = folder.path().join("zip");
        fs::write(&file, zip).map_err(failed)?;
        let into = folder.path().join("files");
        fs::create_dir(&into).map_err(failed)?;
        let refused = |what: &'static str| {
            move |error| match error {
                bundle::Error::Refused { why, .. } => Error::Refused(format!("{what} {why}")),
                bundle::Error::Work { path, source, .. } => {
                    Error::Folder { folder: path, why: source.kind() }
                }
            }
        };
        let mut unpacked = bundle::unpack(&file, &into, limits).map_err(refused("the zip"))?;
        if let Some(packages) = packages {
            let added = bundle::add_packages(&mut unpacked, packages, package_limits);
            added.map_err(refused("dependencies/"))?;
        }
        fs::remove_file(&file).map_err(failed)?;
        Ok(Self { root: unpacked.root, digest: unpacked.digest, _folder: folder })
    }
}

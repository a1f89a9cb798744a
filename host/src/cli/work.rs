//! The work folder: all that one start of the program writes, apart from the cache and the report.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use tempfile::TempDir;

/// A folder of this process alone, gone when this is dropped.
pub(super) struct Work(TempDir);

impl Work {
    pub(super) fn create(below: &Path) -> anyhow::Result<Self> {
        let create = || {
            fs::create_dir_all(below)?;
            let work = Self(tempfile::Builder::new().prefix("run-").tempdir_in(below)?);
            fs::create_dir(work.bundle())?;
            fs::create_dir(work.scratch())?;
            Ok::<_, io::Error>(work)
        };
        create().with_context(|| format!("cannot create a work folder in {}", below.display()))
    }

    pub(super) fn bundle(&self) -> PathBuf {
        self.0.path().join("bundle")
    }

    pub(super) fn scratch(&self) -> PathBuf {
        self.0.path().join("scratch")
    }
}

//! The work folder: all that one start of the program writes, apart from the cache and the report.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use tempfile::TempDir;

/// Locked in each work folder for as long as its process lives, however that ends.
const LOCK: &str = "lock";

/// A folder of this process alone, gone when this is dropped.
pub(super) struct Work {
    folder: TempDir,
    _lock: File,
}

impl Work {
    /// Creates one in `below`, and removes those of processes that were killed.
    pub(super) fn create(below: &Path) -> anyhow::Result<Self> {
        let create = || {
            fs::create_dir_all(below)?;
            // One process at a time: nobody's folder is removed between its making and its locking.
            let all = File::open(below)?;
            all.lock()?;
            remove_abandoned(below)?;
            let folder = tempfile::Builder::new().prefix("run-").tempdir_in(below)?;
            let lock = File::create(folder.path().join(LOCK))?;
            lock.lock()?;
            let work = Self { folder, _lock: lock };
            fs::create_dir(work.bundle())?;
            fs::create_dir(work.scratch())?;
            Ok::<_, io::Error>(work)
        };
        create().with_context(|| format!("cannot create a work folder in {}", below.display()))
    }

    /// Where the bundle is unpacked.
    pub(super) fn bundle(&self) -> PathBuf {
        self.folder.path().join("bundle")
    }

    /// Where guests' `/tmp` folders are.
    pub(super) fn scratch(&self) -> PathBuf {
        self.folder.path().join("scratch")
    }
}

fn remove_abandoned(below: &Path) -> io::Result<()> {
    for entry in fs::read_dir(below)? {
        let folder = entry?.path();
        let abandoned = File::open(folder.join(LOCK)).is_ok_and(|lock| lock.try_lock().is_ok());
        if abandoned {
            // What cannot be removed now is tried again next time.
            let _ = fs::remove_dir_all(folder);
        }
    }
    Ok(())
}

//! The work folder: all that one start of the program writes, apart from the cache and the report.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use anyhow::Context as _;

/// Work folders are named by this and something random.
const PREFIX: &str = "run-";
/// Locked in each work folder for as long as its process lives, however that ends. Made first and removed last.
const LOCK: &str = "lock";

/// A folder of this process alone, gone when this is dropped.
pub(super) struct Work {
    folder: PathBuf,
    _lock: File,
}

/// The work folder of a process that was killed. Its lock is held, so that nobody else removes it too.
struct Abandoned {
    folder: PathBuf,
    _lock: Option<File>,
}

impl Work {
    /// Creates one in `below`, and removes those of processes that were killed.
    pub(super) fn create(below: &Path) -> anyhow::Result<Self> {
        let create = || {
            fs::create_dir_all(below)?;
            // One process at a time: nobody's folder is claimed between its making and its locking.
            let all = File::open(below)?;
            all.lock()?;
            let abandoned = claim_abandoned(below)?;
            let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(below)?;
            let lock = File::create(folder.path().join(LOCK))?;
            lock.lock()?;
            let work = Self { folder: folder.keep(), _lock: lock };
            drop(all);
            fs::create_dir(work.bundle())?;
            fs::create_dir(work.scratch())?;
            fs::create_dir(work.packages())?;
            Ok::<_, io::Error>((work, abandoned))
        };
        let created = create().with_context(|| format!("cannot create a work folder in {}", below.display()));
        let (work, abandoned) = created?;
        // Others start meanwhile. What cannot be removed now is tried again next time.
        for Abandoned { folder, .. } in &abandoned {
            let _ = remove(folder);
        }
        Ok(work)
    }

    /// Where the bundle is unpacked.
    pub(super) fn bundle(&self) -> PathBuf {
        self.folder.join("bundle")
    }

    /// Where the packages that it declares are packed.
    pub(super) fn packages(&self) -> PathBuf {
        self.folder.join("packages")
    }

    /// Where guests' `/tmp` folders are.
    pub(super) fn scratch(&self) -> PathBuf {
        self.folder.join("scratch")
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        // What cannot be removed now is tried again by the next start.
        let _ = remove(&self.folder);
    }
}

/// Call it while holding the lock on `below`: a folder without a lock is then not one that is just being made.
fn claim_abandoned(below: &Path) -> io::Result<Vec<Abandoned>> {
    let mut claimed = Vec::new();
    for entry in fs::read_dir(below)? {
        let entry = entry?;
        let ours = entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes());
        if !ours || !entry.file_type()?.is_dir() {
            continue;
        }
        let folder = entry.path();
        match File::open(folder.join(LOCK)) {
            Ok(lock) if lock.try_lock().is_ok() => claimed.push(Abandoned { folder, _lock: Some(lock) }),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                claimed.push(Abandoned { folder, _lock: None });
            }
            // Its process lives, or it cannot be told.
            Ok(_) | Err(_) => {}
        }
    }
    Ok(claimed)
}

/// Removes a work folder, its lock last. Guests nest folders as deeply as they like: instead of going down, it takes what
/// lies in a folder's folders up to the top, so that neither stack, descriptors nor the length of a path run out.
fn remove(folder: &Path) -> io::Result<()> {
    let mut free_names =
        (0_u64..).map(|name| folder.join(name.to_string())).filter(|path| path.symlink_metadata().is_err());
    let mut emptied = false;
    while !emptied {
        emptied = true;
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_name() == OsStr::new(LOCK) {
                continue;
            }
            emptied = false;
            if entry.file_type()?.is_dir() {
                empty(&entry.path(), &mut free_names)?;
                fs::remove_dir(entry.path())?;
            } else {
                fs::remove_file(entry.path())?;
            }
        }
    }
    match fs::remove_file(folder.join(LOCK)) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => fs::remove_dir(folder),
    }
}

/// Removes the files in `folder`, and moves its folders to the next of `free_names`.
fn empty(folder: &Path, free_names: &mut impl Iterator<Item = PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            fs::rename(entry.path(), free_names.next().ok_or(ErrorKind::AlreadyExists)?)?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use tempfile::TempDir;

    use super::*;

    /// More than most processes have descriptors, and than a path has room for.
    const DEPTH: usize = 2_500;

    #[test]
    fn a_work_folder_is_removed_however_deep_it_is() {
        let place = TempDir::new().unwrap();
        let (outside, folder) = (place.path().join("outside"), place.path().join("run-1"));
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("kept"), "").unwrap();
        // From the inside out, because no path is as long as this is deep.
        let (mut inner, mut outer) = (place.path().join("a"), place.path().join("b"));
        fs::create_dir(&inner).unwrap();
        for _ in 0..DEPTH {
            fs::create_dir(&outer).unwrap();
            fs::rename(&inner, outer.join("0")).unwrap();
            std::mem::swap(&mut inner, &mut outer);
        }
        fs::create_dir_all(folder.join("scratch/1/0")).unwrap();
        fs::rename(&inner, folder.join("scratch/0")).unwrap();
        fs::write(folder.join("scratch/1/0/file"), "").unwrap();
        symlink(&outside, folder.join("scratch/1/link")).unwrap();
        fs::write(folder.join(LOCK), "").unwrap();

        remove(&folder).unwrap();
        assert!(!folder.exists());
        assert!(outside.join("kept").exists());
    }

    #[test]
    fn a_folder_goes_away_with_its_work() {
        let place = TempDir::new().unwrap();
        let work = Work::create(place.path()).unwrap();
        fs::write(work.scratch().join("file"), "").unwrap();
        let another = Work::create(place.path()).unwrap();
        drop(work);
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
        assert!(another.scratch().is_dir() && another.bundle().is_dir());
        drop(another);
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
    }
}

//! Scratch directories: each live sandbox has one as its `/tmp`. Owns making them, emptying them after a run that wrote,
//! and handing clean ones out again.

use std::{
    fs,
    hash::{BuildHasher as _, Hasher as _, RandomState},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::error::{Error, Result};

/// Scratch directories below one root, which belongs to this pool alone.
#[derive(Debug, Clone)]
pub(crate) struct Scratches(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    root: PathBuf,
    idle_max: usize,
    idle: Mutex<Vec<PathBuf>>,
    count: AtomicU64,
}

impl Scratches {
    pub(crate) fn new(root: &Path, idle_max: usize) -> Result<Self> {
        fs::create_dir_all(root).map_err(Error::file("create", root))?;
        let (idle, count) = (Mutex::default(), AtomicU64::new(0));
        Ok(Self(Arc::new(Inner { root: root.to_owned(), idle_max, idle, count })))
    }

    /// An empty directory.
    pub(crate) fn take(&self) -> Result<Scratch> {
        let idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let path = match idle {
            Some(path) => path,
            None => {
                let path = self.0.root.join(self.0.count.fetch_add(1, Ordering::Relaxed).to_string());
                fs::create_dir(&path).map_err(Error::file("create", &path))?;
                path
            }
        };
        Ok(Scratch { path, touched: false, pool: self.clone() })
    }

    fn give_back(&self, path: PathBuf, touched: bool) {
        if touched && empty(&path).is_err() {
            return;
        }
        let mut idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < self.0.idle_max {
            idle.push(path);
        } else {
            drop(idle);
            let _ = fs::remove_dir(path);
        }
    }
}

/// One sandbox's `/tmp`; emptied and returned when dropped.
#[derive(Debug)]
pub(crate) struct Scratch {
    path: PathBuf,
    /// Whether the guest may have put something there.
    pub(crate) touched: bool,
    pool: Scratches,
}

impl Scratch {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether nothing is in it now.
    pub(crate) fn is_empty(&self) -> Result<bool> {
        let mut entries = fs::read_dir(&self.path).map_err(Error::file("read", &self.path))?;
        Ok(entries.next().is_none())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.pool.give_back(std::mem::take(&mut self.path), self.touched);
    }
}

/// Removes everything below `root`. A guest may have nested directories as deep as it liked, so this neither recurses
/// nor builds long paths: children of a directory are moved up to `root` until nothing is left.
fn empty(root: &Path) -> std::io::Result<()> {
    // No name that a guest could have guessed and taken.
    let secret = RandomState::new().build_hasher().finish();
    let mut moved = 0_u64;
    loop {
        let mut found = false;
        for entry in fs::read_dir(root)? {
            found = true;
            let entry = entry?;
            // Of the entry itself: a link to a directory is a link.
            if !entry.file_type()?.is_dir() {
                fs::remove_file(entry.path())?;
                continue;
            }
            for child in fs::read_dir(entry.path())? {
                moved += 1;
                fs::rename(child?.path(), root.join(format!("{secret:x}-{moved}")))?;
            }
            fs::remove_dir(entry.path())?;
        }
        if !found {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_used_scratch_comes_back_empty() {
        let root = tempfile::tempdir().unwrap();
        let outside = root.path().join("outside");
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("kept"), "kept").unwrap();
        let pool = Scratches::new(&root.path().join("pool"), 4).unwrap();
        let mut scratch = pool.take().unwrap();
        let path = scratch.path().to_owned();
        let mut deep = path.clone();
        for _ in 0..400 {
            deep.push("d");
            fs::create_dir(&deep).unwrap();
        }
        fs::write(path.join("file"), "x").unwrap();
        std::os::unix::fs::symlink(&outside, path.join("link")).unwrap();
        scratch.touched = true;
        drop(scratch);
        assert_eq!(pool.take().unwrap().path(), path, "the emptied directory is used again");
        assert_eq!(fs::read_dir(&path).unwrap().count(), 0);
        assert!(outside.join("kept").exists(), "what a link points to is not touched");
    }
}

//! Scratch directories: each live sandbox has one as its `/tmp`. Owns making them, emptying them after a run that wrote,
//! and handing clean ones out again.

use std::{
    fs,
    hash::{BuildHasher as _, Hasher as _, RandomState},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{SyncSender, TrySendError},
    },
    thread::JoinHandle,
};

use crate::error::{Error, Result};

/// Used directories that may wait to be emptied; past it, whoever ends a run empties its own.
const WAITING_MAX: usize = 64;

/// Scratch directories below one root, which belongs to this pool alone.
#[derive(Debug, Clone)]
pub(crate) struct Scratches(Arc<Pool>);

#[derive(Debug)]
struct Pool {
    shelf: Arc<Shelf>,
    count: AtomicU64,
    cleaner: Cleaner,
}

/// Empty directories that nobody uses.
#[derive(Debug)]
struct Shelf {
    root: PathBuf,
    idle_max: usize,
    idle: Mutex<Vec<PathBuf>>,
}

/// Empties directories on a thread of its own: a guest may have nested thousands, which takes a disk seconds.
#[derive(Debug)]
struct Cleaner {
    /// `None` once the pool is being dropped.
    waiting: Option<SyncSender<PathBuf>>,
    thread: Option<JoinHandle<()>>,
}

impl Scratches {
    /// `idle_max`: directories kept while nobody uses them.
    pub(crate) fn new(root: &Path, idle_max: usize) -> Result<Self> {
        fs::create_dir_all(root).map_err(Error::file("create", root))?;
        let shelf = Arc::new(Shelf { root: root.to_owned(), idle_max, idle: Mutex::default() });
        let cleaner = Cleaner::start(shelf.clone())?;
        Ok(Self(Arc::new(Pool { shelf, count: AtomicU64::new(0), cleaner })))
    }

    /// An empty directory.
    pub(crate) fn take(&self) -> Result<Scratch> {
        let shelf = &self.0.shelf;
        let idle = shelf.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let path = match idle {
            Some(path) => path,
            None => {
                let path = shelf.root.join(self.0.count.fetch_add(1, Ordering::Relaxed).to_string());
                fs::create_dir(&path).map_err(Error::file("create", &path))?;
                path
            }
        };
        Ok(Scratch { path, touched: false, pool: self.clone() })
    }

    fn give_back(&self, path: PathBuf, touched: bool) {
        let unsent = if touched { self.0.cleaner.send(path) } else { Some(path) };
        if let Some(path) = unsent
            && (!touched || empty(&path).is_ok())
        {
            self.0.shelf.put(path);
        }
    }
}

impl Shelf {
    fn put(&self, path: PathBuf) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < self.idle_max {
            idle.push(path);
        } else {
            drop(idle);
            let _ = fs::remove_dir(path);
        }
    }
}

impl Cleaner {
    fn start(shelf: Arc<Shelf>) -> Result<Self> {
        let (waiting, used) = std::sync::mpsc::sync_channel::<PathBuf>(WAITING_MAX);
        let clean = move || {
            for path in used {
                // One that cannot be emptied is not used again.
                if empty(&path).is_ok() {
                    shelf.put(path);
                }
            }
        };
        let thread = std::thread::Builder::new().name("scratch-cleaner".to_owned()).spawn(clean);
        let thread = thread.map_err(Error::system("start the thread that empties scratch directories"))?;
        Ok(Self { waiting: Some(waiting), thread: Some(thread) })
    }

    /// Gives the directory back when too many are waiting already.
    fn send(&self, path: PathBuf) -> Option<PathBuf> {
        match self.waiting.as_ref()?.try_send(path) {
            Ok(()) => None,
            Err(TrySendError::Full(path) | TrySendError::Disconnected(path)) => Some(path),
        }
    }
}

impl Drop for Cleaner {
    fn drop(&mut self) {
        drop(self.waiting.take());
        if let Some(thread) = self.thread.take() {
            // It ends when it has emptied what was waiting; that it panicked was reported by the panic.
            let _ = thread.join();
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
        // The last holder of a pool waits for its cleaner.
        let shelf = pool.0.shelf.clone();
        drop(pool);
        assert_eq!(
            *shelf.idle.lock().unwrap(),
            std::slice::from_ref(&path),
            "the emptied directory is used again"
        );
        assert_eq!(fs::read_dir(&path).unwrap().count(), 0);
        assert!(outside.join("kept").exists(), "what a link points to is not touched");
    }
}

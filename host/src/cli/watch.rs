//! Watching files by looking at them: when one of them was written, made or removed.

use std::{
    collections::BTreeMap,
    fs::{self, Metadata},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::time::sleep;

use crate::bundle::skipped;

/// Nobody notices so little, and looking at a bundle takes a few milliseconds at most.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// A bundle may have no more; what is beyond is not seen.
const ENTRIES_MAX: usize = 20_000;
const DEPTH_MAX: usize = 32;

/// Files and folders as they were seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen(BTreeMap<PathBuf, Stamp>);

/// What changes when a file does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    bytes: u64,
    modified: (i64, i64),
}

impl Seen {
    /// Looks at these, and at all below those that are folders.
    pub(super) fn now(paths: &[PathBuf]) -> Self {
        let mut seen = BTreeMap::new();
        for path in paths {
            look(path, 0, &mut seen);
        }
        Self(seen)
    }

    /// Waits until something is different, and for its writer to be done; what it is.
    pub(super) async fn changed(&self, paths: &[PathBuf]) -> PathBuf {
        loop {
            sleep(LOOK_EVERY).await;
            let mut now = Self::now(paths);
            let Some(different) = self.difference(&now) else { continue };
            loop {
                sleep(LOOK_EVERY).await;
                let later = Self::now(paths);
                if later == now {
                    return different;
                }
                now = later;
            }
        }
    }

    fn difference(&self, other: &Self) -> Option<PathBuf> {
        let (one, other) = (&self.0, &other.0);
        let changed = other.iter().find(|(path, stamp)| one.get(*path) != Some(*stamp));
        let gone = || one.keys().find(|path| !other.contains_key(*path));
        changed.map(|(path, _)| path).or_else(gone).cloned()
    }
}

/// What cannot be looked at is as good as not there: it may be about to be written.
fn look(path: &Path, depth: usize, seen: &mut BTreeMap<PathBuf, Stamp>) {
    let Ok(metadata) = fs::metadata(path) else { return };
    if seen.len() >= ENTRIES_MAX || depth > DEPTH_MAX {
        return;
    }
    if !metadata.is_dir() {
        seen.insert(path.to_owned(), Stamp::of(&metadata));
        return;
    }
    let Ok(entries) = fs::read_dir(path) else { return };
    for entry in entries.flatten().filter(|entry| !skipped(&entry.file_name())) {
        // Links are refused when it is run: they lead to nothing that is to be watched.
        if entry.file_type().is_ok_and(|kind| !kind.is_symlink()) {
            look(&entry.path(), depth + 1, seen);
        }
    }
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        let modified = (metadata.mtime(), metadata.mtime_nsec());
        Self { inode: metadata.ino(), bytes: metadata.len(), modified }
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn what_is_written_made_or_removed_is_seen_and_nothing_else() {
        let place = TempDir::new().unwrap();
        let path = |name: &str| place.path().join(name);
        let paths = [place.path().to_owned()];
        for name in ["main.py", "lib/a.py", ".git/index"] {
            fs::create_dir_all(path(name).parent().unwrap()).unwrap();
            fs::write(path(name), "1").unwrap();
        }
        type Do = fn(&Path);
        let rows: &[(&str, Do, bool)] = &[
            ("main.py", |path| fs::write(path, "22").unwrap(), true),
            ("new.py", |path| fs::write(path, "").unwrap(), true),
            ("lib/a.py", |path| fs::remove_file(path).unwrap(), true),
            (".git/index", |path| fs::write(path, "22").unwrap(), false),
            ("main.py", |path| drop(fs::read(path).unwrap()), false),
        ];
        for (name, change, expected) in rows {
            let before = Seen::now(&paths);
            change(&path(name));
            let different = before.difference(&Seen::now(&paths));
            assert_eq!(different, expected.then(|| path(name)), "{name}");
        }
    }
}

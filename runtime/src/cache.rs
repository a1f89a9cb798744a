//! Files that can be made again: compiled code, and images. Owns writing them so that a reader never sees half a file,
//! and refusing those that were damaged since.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_NOW};
use wasmtime::Module;

use crate::error::{Error, Result};

const CHECKSUM_BYTES: usize = blake3::OUT_LEN;

/// A directory of such files, readable by this user only.
#[derive(Debug, Clone)]
pub(crate) struct Cache {
    dir: PathBuf,
}

impl Cache {
    pub(crate) fn open(dir: &Path) -> Result<Self> {
        use std::os::unix::fs::DirBuilderExt as _;
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(dir);
        made.map_err(Error::file("create", dir))?;
        Ok(Self { dir: dir.to_owned() })
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// The bytes kept under `name`; `None` when there are none or their checksum is wrong.
    pub(crate) fn read(&self, name: &str) -> Option<Vec<u8>> {
        let path = self.path(name);
        let mut bytes = fs::read(&path).ok()?;
        let end = bytes.len().checked_sub(CHECKSUM_BYTES)?;
        let intact = blake3::hash(&bytes[..end]) == bytes[end..];
        mark_used(&path);
        bytes.truncate(end);
        intact.then_some(bytes)
    }

    /// Keeps `bytes` under `name`, mode 0600: written aside, then renamed.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        // With the name's suffix, so that `prune` finds what a killed process left.
        let aside = self.path(&format!(".{}-{count}-{name}", std::process::id()));
        let write = || {
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&aside)?;
            file.write_all(bytes)?;
            file.write_all(blake3::hash(bytes).as_bytes())?;
            fs::rename(&aside, self.path(name))
        };
        write().map_err(|source| {
            let _ = fs::remove_file(&aside);
            Error::File { doing: "write", path: self.path(name), source }
        })
    }

    /// Removes what is kept under `name`, if anything is.
    pub(crate) fn remove(&self, name: &str) -> Result<()> {
        let path = self.path(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::file("remove", path)(error)),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Waits until no other program makes anything for this cache; its turn lasts as long as the file is open.
    pub(crate) fn turn(&self) -> Result<File> {
        let path = self.path("lock");
        let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = file.map_err(Error::file("open", &path))?;
        file.lock().map_err(Error::file("lock", &path))?;
        Ok(file)
    }

    /// Removes the files with `suffix` that were unused for longest until the others take at most `bytes_max`.
    pub(crate) fn prune(&self, suffix: &str, bytes_max: u64) -> Result<()> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.dir).map_err(Error::file("read", &self.dir))? {
            let entry = entry.map_err(Error::file("read", &self.dir))?;
            // A file may be gone by now: another process prunes too.
            if let Ok(meta) = entry.metadata()
                && entry.file_name().to_string_lossy().ends_with(suffix)
            {
                files.push((meta.modified().ok(), meta.len(), entry.path()));
            }
        }
        files.sort();
        let mut total: u64 = files.iter().map(|(_, len, _)| len).sum();
        for (_, len, path) in files {
            if total <= bytes_max {
                break;
            }
            let _ = fs::remove_file(path);
            total -= len;
        }
        Ok(())
    }

    /// Loads code that [`Cache::write`] kept. `None` when there is none, it was damaged, or wasmtime refuses it.
    #[expect(unsafe_code, reason = "wasmtime trusts precompiled code")]
    pub(crate) fn module(&self, engine: &wasmtime::Engine, name: &str) -> Option<Module> {
        let path = self.path(name);
        let file = File::open(&path).ok().filter(|file| is_intact(file).unwrap_or(false))?;
        mark_used(&path);
        // The file is mapped, not copied: what is never run takes no memory. That its checksum stands behind the code does
        // not matter to wasmtime.
        // SAFETY: the bytes are what we wrote after compiling: the checksum says so, the directory is only this user's
        // to write, nobody writes to a file that has its name, and the name holds hashes of the module and of wasmtime's
        // version and settings.
        unsafe { Module::deserialize_open_file(engine, file) }.ok()
    }
}

/// For [`Cache::prune`]. A file that is gone again, or a disk that is full, makes it look older than it is: no harm.
fn mark_used(path: &Path) {
    let used = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
    let used = Timestamps { last_access: used, last_modification: used };
    let _ = rustix::fs::utimensat(CWD, path, &used, AtFlags::empty());
}

/// Whether a file ends with the checksum of what is before, without holding it in memory.
fn is_intact(mut file: &File) -> io::Result<bool> {
    let Some(end) = file.metadata()?.len().checked_sub(CHECKSUM_BYTES as u64) else { return Ok(false) };
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(file.take(end))?;
    let mut checksum = [0; CHECKSUM_BYTES];
    file.read_exact(&mut checksum)?;
    Ok(hasher.finalize() == checksum)
}

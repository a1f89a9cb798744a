//! Large values: each a file of its own beside the table. The table's library keeps what is too long for its log in files
//! that it does not sync, and gives their room back late; ours are synced before the table names them, and removed as soon
//! as the table has forgotten them for good.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use super::{Error, Result, key};

pub(super) const DIR: &str = "values";

/// The files of one store.
#[derive(Debug)]
pub(super) struct Files {
    dir: PathBuf,
    next: AtomicU64,
    bytes: AtomicU64,
}

/// A value that lies in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Outside {
    pub(super) id: u64,
    bytes: u64,
    hash: [u8; blake3::OUT_LEN],
}

impl Files {
    /// Opens or makes the folder, and removes the files that `db` does not name: those of changes that were not applied,
    /// and of values that were removed right before the process died.
    pub(super) fn open(store: &Path, db: &sled::Db) -> Result<Self> {
        let dir = store.join(DIR);
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&dir);
        made.map_err(Error::file("create", &dir))?;
        let files = Self { dir, next: AtomicU64::new(0), bytes: AtomicU64::new(0) };
        let mut last = 0;
        for entry in db.scan_prefix(key::FILES) {
            let (key, bytes) = entry?;
            let bytes = bytes.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
            files.bytes.fetch_add(bytes, Ordering::Relaxed);
            last = key::tail(&key).map_or(last, u64::from_be_bytes);
        }
        let failed = || Error::file("read", &files.dir);
        for entry in fs::read_dir(&files.dir).map_err(failed())? {
            let name = entry.map_err(failed())?.file_name();
            let id = name.to_str().and_then(|name| u64::from_str_radix(name, 16).ok());
            // Not ours, whatever it is.
            let Some(id) = id else { continue };
            last = last.max(id);
            if !db.contains_key(key::file(id))? {
                let path = files.path(id);
                fs::remove_file(&path).map_err(Error::file("remove", &path))?;
            }
        }
        files.next.store(last + 1, Ordering::Relaxed);
        Ok(files)
    }

    /// What they take on the disk.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Writes a value down for good, but for the folder: see [`Self::sync`].
    pub(super) fn write(&self, bytes: &[u8]) -> Result<Outside> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let path = self.path(id);
        let write = || {
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
            file.write_all(bytes)?;
            file.sync_all()
        };
        if let Err(error) = write() {
            let _ = fs::remove_file(&path);
            return Err(Error::file("write", path)(error));
        }
        let bytes_len = bytes.len() as u64;
        self.bytes.fetch_add(bytes_len, Ordering::Relaxed);
        Ok(Outside { id, bytes: bytes_len, hash: *blake3::hash(bytes).as_bytes() })
    }

    /// Makes the names of written files last.
    pub(super) fn sync(&self) -> Result<()> {
        let synced = File::open(&self.dir).and_then(|dir| dir.sync_all());
        synced.map_err(Error::file("sync", &self.dir))
    }

    /// The value; `None` when it was removed.
    pub(super) fn read(&self, value: &Outside) -> Result<Option<Vec<u8>>> {
        let path = self.path(value.id);
        match fs::read(&path) {
            Ok(bytes) if *blake3::hash(&bytes).as_bytes() == value.hash => Ok(Some(bytes)),
            Ok(_) => {
                Err(Error::damaged("value")(format!("its file {} is not as it was written", path.display())))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::file("read", path)(error)),
        }
    }

    /// Gives the room back. A file that cannot be removed now is removed when the store is opened next.
    pub(super) fn remove(&self, value: &Outside) {
        self.bytes.fetch_sub(value.bytes, Ordering::Relaxed);
        let _ = fs::remove_file(self.path(value.id));
    }

    fn path(&self, id: u64) -> PathBuf {
        self.dir.join(format!("{id:016x}"))
    }
}

impl Outside {
    pub(super) fn encode(&self) -> Vec<u8> {
        [&self.id.to_be_bytes()[..], &self.bytes.to_be_bytes(), &self.hash].concat()
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (id, rest) = bytes.split_first_chunk()?;
        let (bytes, hash) = rest.split_first_chunk()?;
        let hash = hash.try_into().ok()?;
        Some(Self { id: u64::from_be_bytes(*id), bytes: u64::from_be_bytes(*bytes), hash })
    }

    /// What the table says of the file besides.
    pub(super) fn entry(&self) -> (Vec<u8>, Vec<u8>) {
        (key::file(self.id), self.bytes.to_be_bytes().to_vec())
    }
}

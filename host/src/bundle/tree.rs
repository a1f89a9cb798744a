//! The tree that a bundle unpacks to. Owns what holds for all of its files together: how many, how large, each path once;
//! writes them below the work folder and hashes them. Where they come from is told in `zip.rs` and `folder.rs`.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use super::{
    name::Name,
    refusal::{Error, Problem, Refusal},
    unpack::Limits,
};

const CHUNK_BYTES: usize = 64 << 10;
/// Files of a bundle are never written again.
const FILE_MODE: u32 = 0o400;

pub(super) struct Tree<'a> {
    into: &'a Path,
    limits: &'a Limits,
    entries: BTreeMap<String, Entry>,
    bytes: u64,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Entry {
    Folder,
    File(Contents),
}

/// What is remembered of a file's contents.
#[derive(Debug, Clone, Copy)]
pub(super) struct Contents {
    bytes: u64,
    hash: [u8; 32],
}

/// A file's bytes as they come, with what tells whether to go on.
pub(super) trait Unpacking: Read {
    /// Looks at what was read so far; `bytes` in all.
    fn check(&mut self, chunk: &[u8], bytes: u64) -> Result<(), Refusal>;
    /// What a failing read says about the bundle.
    fn unreadable(&self, why: io::Error) -> Refusal;
}

impl<'a> Tree<'a> {
    pub(super) fn new(into: &'a Path, limits: &'a Limits) -> Self {
        Self { into, limits, entries: BTreeMap::new(), bytes: 0 }
    }

    pub(super) fn limits(&self) -> &'a Limits {
        self.limits
    }

    pub(super) fn entries(&self) -> &BTreeMap<String, Entry> {
        &self.entries
    }

    /// Takes a folder; it may be there already.
    pub(super) fn folder(&mut self, name: &Name) -> Result<(), Problem> {
        name.folders().chain([name.as_str()]).try_for_each(|folder| self.make(folder))
    }

    /// Takes a file and all its bytes.
    pub(super) fn file(&mut self, name: &Name, contents: &mut impl Unpacking) -> Result<(), Problem> {
        name.folders().try_for_each(|folder| self.make(folder))?;
        match self.entries.get(name.as_str()) {
            Some(Entry::File(_)) => return Err(Refusal::Twice(name.as_str().to_owned()).into()),
            Some(Entry::Folder) => return Err(Refusal::FileAndFolder(name.as_str().to_owned()).into()),
            None => {}
        }
        let unread = Contents { bytes: 0, hash: [0; 32] };
        self.enter(name.as_str(), Entry::File(unread))?;
        let path = self.path(name.as_str());
        let file = OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(&path);
        let file = file.map_err(Error::work("create", &path))?;
        let contents = self.copy(contents, file, &path)?;
        self.entries.insert(name.as_str().to_owned(), Entry::File(contents));
        Ok(())
    }

    fn make(&mut self, folder: &str) -> Result<(), Problem> {
        match self.entries.get(folder) {
            Some(Entry::Folder) => return Ok(()),
            Some(Entry::File(_)) => return Err(Refusal::FileAndFolder(folder.to_owned()).into()),
            None => {}
        }
        self.enter(folder, Entry::Folder)?;
        let path = self.path(folder);
        fs::create_dir(&path).map_err(Error::work("create", &path))
    }

    fn copy(&mut self, from: &mut impl Unpacking, mut to: File, path: &Path) -> Result<Contents, Problem> {
        let mut chunk = vec![0; CHUNK_BYTES];
        let (mut bytes, mut hasher) = (0, blake3::Hasher::new());
        loop {
            let read = match from.read(&mut chunk) {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(from.unreadable(error).into()),
            };
            bytes += read as u64;
            self.bytes += read as u64;
            if self.bytes > self.limits.bytes {
                return Err(Refusal::TooLarge { bytes_max: self.limits.bytes }.into());
            }
            from.check(&chunk[..read], bytes)?;
            if read == 0 {
                return Ok(Contents { bytes, hash: hasher.finalize().into() });
            }
            hasher.update(&chunk[..read]);
            to.write_all(&chunk[..read]).map_err(Error::work("write", path))?;
        }
    }

    fn enter(&mut self, name: &str, entry: Entry) -> Result<(), Refusal> {
        if self.entries.len() >= self.limits.entries {
            return Err(Refusal::TooMany { entries_max: self.limits.entries });
        }
        self.entries.insert(name.to_owned(), entry);
        Ok(())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.into.join(name)
    }
}

/// A hash of all files below `prefix` (empty, or a folder's name with `/`): equal files give equal digests.
pub(super) fn digest(entries: &BTreeMap<String, Entry>, prefix: &str) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    for (name, entry) in entries {
        let (Some(name), Entry::File(contents)) = (name.strip_prefix(prefix), entry) else { continue };
        hasher.update(&(name.len() as u64).to_le_bytes());
        hasher.update(name.as_bytes());
        hasher.update(&contents.bytes.to_le_bytes());
        hasher.update(&contents.hash);
    }
    hasher.finalize().into()
}

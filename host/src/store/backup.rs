//! Backup and restore: the whole store as one file.
//!
//! Format, little-endian: magic; for each entry its key's and value's lengths (u32 each), key, value; two zero lengths at
//! the end; the BLAKE3 hash of all of that.

use std::{
    fs::{self, File},
    io::{self, BufReader, BufWriter, Read, Write},
    os::unix::fs::DirBuilderExt as _,
    path::Path,
    sync::Arc,
};

use super::{
    Change, Error, Result, Store, View,
    files::{DIR, Files},
    key,
    open::{DATABASE, LOCK, config, lock, sync_folders, table},
    table::Table,
    value::Put,
    writer::{enter, flush},
};

const MAGIC: &[u8; 8] = b"ACTBAK01";
/// No value of ours is longer: the longest are bundles.
const PART_BYTES_MAX: u32 = 1 << 30;
/// Entries that are put into the new store at once.
const GROUP: usize = 1_000;
/// Or fewer, when they are long.
const GROUP_BYTES: usize = 8 << 20;

impl Store {
    /// Writes the store, as it is at one moment, into `to`. Changes wait meanwhile.
    pub(crate) async fn backup(&self, mut to: File) -> Result<u64> {
        self.settle(move |change| write(change, &mut to)).await
    }

    /// The same, into a file without a name in the data folder. Refused when the disk has no room for it.
    pub(crate) async fn spool_backup(&self) -> Result<File> {
        let store = self.clone();
        let made = tokio::task::spawn_blocking(move || {
            store.has_room_for(store.disk_bytes()?)?;
            tempfile::tempfile_in(store.dir()).map_err(Error::file("create a file in", store.dir()))
        });
        let file = made.await.map_err(|error| Error::Library(error.to_string()))??;
        let to = file.try_clone().map_err(Error::file("open a file in", self.dir()))?;
        self.backup(to).await?;
        Ok(file)
    }
}

/// Writes everything that `view` sees; how many entries that were.
fn write(view: &View, to: &mut File) -> Result<u64> {
    let failed = Error::file("write the backup", "");
    let mut out = Hashing { inner: BufWriter::new(to), hasher: blake3::Hasher::new() };
    let mut count = 0;
    let mut entries = || {
        out.write_all(MAGIC)?;
        for entry in view.below(&[]) {
            let (key, stored) = entry.map_err(io::Error::other)?;
            // Long values are written where they belong, so their files need no names.
            if key.starts_with(key::FILES) {
                continue;
            }
            let value = if key::may_be_outside(&key) {
                view.resolve(&key, &stored).map_err(io::Error::other)?
            } else {
                Some(std::borrow::Cow::Borrowed(&*stored))
            };
            let Some(value) = value else { continue };
            out.write_all(&length(&key)?)?;
            out.write_all(&length(&value)?)?;
            out.write_all(&key)?;
            out.write_all(&value)?;
            count += 1_u64;
        }
        out.write_all(&[0; 8])?;
        let hash = out.hasher.finalize();
        out.inner.write_all(hash.as_bytes())?;
        out.inner.flush()?;
        out.inner.get_ref().sync_all()
    };
    entries().map_err(failed)?;
    Ok(count)
}

/// Fills the empty folder `dir` from the file `from`. Nothing is left in it when that fails.
pub(crate) fn restore(from: &Path, dir: &Path) -> Result<u64> {
    check(from)?;
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.map_err(Error::file("create the data folder", dir))?;
    for entry in fs::read_dir(dir).map_err(Error::file("read", dir))? {
        if entry.map_err(Error::file("read", dir))?.file_name() != LOCK {
            return Err(Error::NotEmpty(dir.to_owned()));
        }
    }
    let _lock = lock(dir)?;
    fill(from, dir).inspect_err(|_| {
        for made in [DATABASE, DIR] {
            let _ = fs::remove_dir_all(dir.join(made));
        }
        let _ = fs::remove_file(dir.join(LOCK));
    })
}

fn fill(from: &Path, dir: &Path) -> Result<u64> {
    let db = config(dir).open()?;
    let collecting = Table::new(db.clone()).collecting();
    let view = View { files: Arc::new(Files::open(dir, &db)?), db: collecting, broken: Arc::default() };
    let (mut group, mut bytes, mut count, mut format) = (Vec::new(), 0, 0, Vec::new());
    each(from, |key, value| {
        count += 1;
        if key == key::FORMAT {
            format = value;
            return Ok(());
        }
        bytes += value.len();
        group.push((key, value));
        if group.len() >= GROUP || bytes >= GROUP_BYTES {
            bytes = 0;
            return put(&view, std::mem::take(&mut group));
        }
        Ok(())
    })?;
    put(&view, group)?;
    let table = table(dir);
    let file = File::open(&table).map_err(Error::file("open", table))?;
    flush(&db, &file)?;
    // Last: without it, the store is not opened.
    db.insert(key::FORMAT, format)?;
    flush(&db, &file)?;
    sync_folders(dir)?;
    Ok(count)
}

fn put(view: &View, group: Vec<(Vec<u8>, Vec<u8>)>) -> Result<()> {
    let put = |change: &mut Change<'_>| {
        for (key, value) in group {
            let put = if key::may_be_outside(&key) { Put::Value(value) } else { Put::Plain(value) };
            change.enter(key, put);
        }
        Ok::<_, Error>(())
    };
    enter(view, put)?;
    Ok(view.db.apply()?)
}

/// That the file is whole; how many entries it has.
pub(crate) fn check(from: &Path) -> Result<u64> {
    let mut count = 0;
    each(from, |_, _| {
        count += 1;
        Ok(())
    })?;
    Ok(count)
}

fn each(from: &Path, mut entry: impl FnMut(Vec<u8>, Vec<u8>) -> Result<()>) -> Result<()> {
    let damaged =
        |error: io::Error| Error::File { doing: "read the backup", path: from.to_owned(), why: error.kind() };
    let file = File::open(from).map_err(damaged)?;
    let mut input = Hashing { inner: BufReader::new(file), hasher: blake3::Hasher::new() };
    let mut magic = [0; 8];
    input.read_exact(&mut magic).map_err(damaged)?;
    if magic != *MAGIC {
        return Err(damaged(io::ErrorKind::InvalidData.into()));
    }
    loop {
        let (key, value) =
            (part_length(&mut input).map_err(damaged)?, part_length(&mut input).map_err(damaged)?);
        if (key, value) == (0, 0) {
            break;
        }
        let key = part(&mut input, key).map_err(damaged)?;
        let value = part(&mut input, value).map_err(damaged)?;
        entry(key, value)?;
    }
    let expected = input.hasher.finalize();
    let mut hash = [0; blake3::OUT_LEN];
    input.inner.read_exact(&mut hash).map_err(damaged)?;
    if expected == hash { Ok(()) } else { Err(damaged(io::ErrorKind::InvalidData.into())) }
}

fn length(bytes: &[u8]) -> io::Result<[u8; 4]> {
    let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    Ok(length.to_le_bytes())
}

fn part_length(input: &mut impl Read) -> io::Result<u32> {
    let mut length = [0; 4];
    input.read_exact(&mut length)?;
    match u32::from_le_bytes(length) {
        too_long @ PART_BYTES_MAX.. => {
            Err(io::Error::new(io::ErrorKind::InvalidData, format!("{too_long} bytes")))
        }
        length => Ok(length),
    }
}

fn part(input: &mut impl Read, length: u32) -> io::Result<Vec<u8>> {
    // Memory comes with the bytes: a damaged length asks for none.
    let mut bytes = Vec::new();
    input.take(u64::from(length)).read_to_end(&mut bytes)?;
    if bytes.len() == length as usize { Ok(bytes) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// Hashes what goes through.
struct Hashing<T> {
    inner: T,
    hasher: blake3::Hasher,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(bytes)?;
        self.hasher.update(&bytes[..read]);
        Ok(read)
    }
}

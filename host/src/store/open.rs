//! Opening the store: one process, one folder, one format. Owns the handle that everything else goes through.

use std::{
    fs::{self, File, OpenOptions},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use super::{
    Change, Error, Result, View,
    files::Files,
    key,
    table::Table,
    unmade::Unmade,
    writer::{Made, Writer},
};

/// The number of this format, kept under the key `M`.
const FORMAT: u8 = 1;
pub(super) const LOCK: &str = "lock";
pub(super) const DATABASE: &str = "store";
/// The most that is set aside for what runs come to.
const RECORD_RESERVE_BYTES_MAX: u64 = 64 << 20;
/// The table's file grows and shrinks in steps of this.
pub(super) const SEGMENT_BYTES: usize = 2 << 20;

/// How the store is kept. The caller says every number.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) dir: PathBuf,
    /// Memory for pages that were read.
    pub(crate) cache_bytes: u64,
    /// What nobody waits for is on the disk after this.
    pub(crate) flush: Duration,
    /// Changes that users make are refused while the disk has less free than this.
    pub(crate) free_bytes_min: u64,
    /// Told how long each flush took.
    pub(crate) flushed: Arc<dyn Fn(Duration) + Send + Sync>,
}

/// The open store. Cheap to clone; the folder is free again when the last one is dropped.
#[derive(Clone)]
pub(crate) struct Store(pub(super) Arc<Inner>);

pub(super) struct Inner {
    writer: Writer,
    /// Records that were handed over but that nobody sees yet.
    unmade: Unmade,
    pub(super) view: View,
    settings: Settings,
    _lock: File,
}

/// How much must be free on the disk for what is not a user's wish. When the disk is really full, the library takes up its
/// work only after the next start: it must never come to that.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reserves {
    pub(super) record: u64,
    /// Less, so that retention can still make room.
    pub(super) settle: u64,
}

impl Reserves {
    pub(super) fn below(free_bytes_min: u64) -> Self {
        let record = (free_bytes_min / 2).min(RECORD_RESERVE_BYTES_MAX);
        Self { record, settle: record / 4 }
    }
}

impl Store {
    /// Whether there is one in the folder.
    pub(crate) fn is_in(dir: &Path) -> bool {
        dir.join(DATABASE).is_dir()
    }

    /// Opens the folder, or makes it. Blocks.
    pub(crate) fn open(settings: Settings) -> Result<Self> {
        let dir = &settings.dir;
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(dir);
        made.map_err(Error::file("create the data folder", dir))?;
        let lock = lock(dir)?;
        let config = config(dir)
            .cache_capacity(settings.cache_bytes)
            .flush_every_ms(Some(u64::try_from(settings.flush.as_millis()).unwrap_or(u64::MAX)));
        let db = config.open()?;
        check_format(&db, dir)?;
        let view =
            View { files: Arc::new(Files::open(dir, &db)?), db: Table::new(db), broken: Arc::default() };
        sync_folders(dir)?;
        let writer = Writer::start(view.clone(), &table(dir), settings.flushed.clone());
        let writer = writer.map_err(Error::file("start the threads of", dir))?;
        let unmade = Unmade::default();
        Ok(Self(Arc::new(Inner { writer, unmade, view, settings, _lock: lock })))
    }

    /// Reads on a thread that may block. Sees what was recorded before this was called.
    pub(crate) async fn read<T, E>(
        &self,
        work: impl FnOnce(&View) -> std::result::Result<T, E> + Send + 'static,
    ) -> std::result::Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        if self.0.unmade.any() {
            // Changes are made in the order in which they come.
            self.0.writer.write(Made::Visible, |_| Ok::<_, Error>(())).await?;
        }
        let store = self.clone();
        let read = tokio::task::spawn_blocking(move || work(&store.0.view));
        read.await.map_err(|error| Error::Library(error.to_string()))?
    }

    /// A change that a user asked for: refused while the disk is nearly full, on the disk when this returns.
    pub(crate) async fn write<T, E>(
        &self,
        work: impl FnOnce(&mut Change<'_>) -> std::result::Result<T, E> + Send + 'static,
    ) -> std::result::Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.has_room()?;
        self.0.writer.write(Made::Durable, work).await
    }

    /// A change that must not be refused (it takes back what was taken, or frees room), on the disk when this returns. It is
    /// refused only when so little is free that it would fail.
    pub(crate) async fn settle<T, E>(
        &self,
        work: impl FnOnce(&mut Change<'_>) -> std::result::Result<T, E> + Send + 'static,
    ) -> std::result::Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.has_free(self.reserves().settle)?;
        self.0.writer.write(Made::Durable, work).await
    }

    /// What a run came to: seen by everybody when this returns, on the disk within [`Settings::flush`]. Refused when the
    /// disk is full but for the reserve.
    pub(crate) async fn record<T, E>(
        &self,
        work: impl FnOnce(&mut Change<'_>) -> std::result::Result<T, E> + Send + 'static,
    ) -> std::result::Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.has_room_to_record()?;
        self.0.writer.write(Made::Visible, work).await
    }

    /// The same, without waiting until it is made: whoever [reads](Self::read) after this returned waits for that. `failed`
    /// is told when it cannot be made.
    pub(crate) async fn record_later(
        &self,
        work: impl FnOnce(&mut Change<'_>) -> Result<()> + Send + 'static,
        failed: impl FnOnce(Error) + Send + 'static,
    ) {
        let Some(one) = self.0.unmade.one_more() else {
            if let Err(error) = self.record(work).await {
                failed(error);
            }
            return;
        };
        if let Err(error) = self.has_room_to_record() {
            failed(error);
            return;
        }
        let told = move |done: Result<()>| {
            drop(one);
            if let Err(error) = done {
                failed(error);
            }
        };
        if let Err(error) = self.0.writer.write_later(work, told).await {
            tracing::error!(error = %error, "a run cannot be recorded any more");
        }
    }

    /// Whether the disk has room for what a run came to.
    pub(crate) fn has_room_to_record(&self) -> Result<()> {
        self.has_free(self.reserves().record)
    }

    /// Whether the disk has room for what users want to add.
    pub(crate) fn has_room(&self) -> Result<()> {
        self.has_free(self.0.settings.free_bytes_min)
    }

    /// Whether it has room for so much more.
    pub(super) fn has_room_for(&self, bytes: u64) -> Result<()> {
        self.has_free(self.0.settings.free_bytes_min.saturating_add(bytes))
    }

    fn reserves(&self) -> Reserves {
        Reserves::below(self.0.settings.free_bytes_min)
    }

    fn has_free(&self, min: u64) -> Result<()> {
        let free = self.free_bytes()?;
        if free >= min {
            return Ok(());
        }
        Err(Error::Full { free_mib: free >> 20, free_mib_min: min >> 20 })
    }

    fn free_bytes(&self) -> Result<u64> {
        let dir = &self.0.settings.dir;
        let disk = rustix::fs::statvfs(dir);
        let disk = disk.map_err(|error| Error::file("ask the size of", dir)(error.into()))?;
        Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
    }

    /// Whether it could not write, and will not until it is opened anew.
    pub(crate) fn is_broken(&self) -> bool {
        self.0.view.broken.load(Ordering::Relaxed)
    }

    /// What the store takes on the disk, in bytes. Blocks.
    pub(crate) fn disk_bytes(&self) -> Result<u64> {
        Ok(self.0.view.db.db.size_on_disk()? + self.0.view.files.bytes())
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.0.settings.dir
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Store").field("dir", &self.0.settings.dir).finish_non_exhaustive()
    }
}

/// How the table is kept, wherever it is opened.
pub(super) fn config(dir: &Path) -> sled::Config {
    let config = sled::Config::new().path(dir.join(DATABASE));
    config.segment_size(SEGMENT_BYTES).mode(sled::Mode::LowSpace)
}

/// The file in which the library keeps the table.
pub(super) fn table(dir: &Path) -> PathBuf {
    dir.join(DATABASE).join("db")
}

/// Makes what was created in the folder last.
pub(super) fn sync_folders(dir: &Path) -> Result<()> {
    for folder in [&dir.join(DATABASE), dir] {
        let synced = File::open(folder).and_then(|folder| folder.sync_all());
        synced.map_err(Error::file("sync", folder))?;
    }
    Ok(())
}

/// Takes the folder for this process, as long as the file is open.
pub(super) fn lock(dir: &Path) -> Result<File> {
    let path = dir.join(LOCK);
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
    let file = file.map_err(Error::file("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(Error::Locked(dir.to_owned())),
        Err(fs::TryLockError::Error(error)) => Err(Error::file("lock", path)(error)),
    }
}

fn check_format(db: &sled::Db, dir: &Path) -> Result<()> {
    match db.get(key::FORMAT)?.as_deref() {
        // A restore puts it there last.
        None if !db.is_empty() => {
            let why = format!("a restore into {} did not end: empty it and restore again", dir.display());
            Err(Error::damaged("data folder")(why))
        }
        None => {
            db.insert(key::FORMAT, &[FORMAT])?;
            db.flush()?;
            Ok(())
        }
        Some([FORMAT]) => Ok(()),
        Some(found) => {
            let found = found.first().copied().unwrap_or(0);
            Err(Error::Newer { path: dir.to_owned(), found, known: FORMAT })
        }
    }
}

//! Resolving: where packages come from, how many actions get theirs at one time, and what of it stays on disk. What is done
//! for one action is in `build.rs`.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    fmt,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use pep440_rs::Version;
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout_at},
};

use super::{
    build::Build,
    declared::Requirements,
    provided::{Provided, Vendored},
    refusal::Error,
    uv::Uv,
};
use crate::model::guest::GuestKind;

/// Held by everybody who uses the cache, alone by who empties it.
const LOCK: &str = "lock";

/// Where packages come from, and how much of everything. The caller says every number.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) enabled: bool,
    /// Where `uv` may be, best first.
    pub(crate) uv: Vec<PathBuf>,
    /// What `uv` sees of our environment, indexes included.
    pub(crate) env: Vec<(OsString, OsString)>,
    /// Folders and pages with wheels, besides the index.
    pub(crate) find_links: Vec<String>,
    /// Only what is in the cache.
    pub(crate) offline: bool,
    /// Packages that work without their native modules.
    pub(crate) fallbacks: BTreeSet<String>,
    /// Where the data guest lies, where it is installed.
    pub(crate) data_guest: PathBuf,
    /// The version that runs actions.
    pub(crate) python: Version,
    /// For one action.
    pub(crate) wall: Duration,
    /// Actions that get packages at one time.
    pub(crate) parallel: usize,
    /// Of one action's packages, in bytes.
    pub(crate) bytes: u64,
    /// Of the wheels that are kept for later, in bytes.
    pub(crate) cache_bytes: u64,
    /// Ours: the cache, and a folder for each action that gets packages at this moment.
    pub(crate) folder: PathBuf,
}

/// Finds packages. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Resolver(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: Settings,
    turns: Semaphore,
}

/// Packages in a folder that is gone when this is dropped.
#[derive(Debug)]
pub(crate) struct Resolved {
    folder: tempfile::TempDir,
    /// The guest that they need.
    pub(crate) guest: GuestKind,
    /// What the owner should know, a line each.
    pub(crate) warnings: Vec<String>,
}

/// Sees what is done, line by line.
#[derive(Clone)]
pub(crate) struct Watch(Arc<dyn Fn(&str) + Send + Sync>);

impl Watch {
    pub(crate) fn new(see: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Arc::new(see))
    }

    pub(crate) fn see(&self, line: &str) {
        (self.0)(line);
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Watch")
    }
}

impl Resolved {
    /// The packages and the lock, beside each other.
    pub(crate) fn packages(&self) -> PathBuf {
        self.folder.path().join("packages")
    }
}

impl Resolver {
    pub(crate) fn new(mut settings: Settings) -> Self {
        // It is told to `uv`, which is started elsewhere.
        settings.folder = std::path::absolute(&settings.folder).unwrap_or(settings.folder);
        let turns = Semaphore::new(settings.parallel);
        Self(Arc::new(Inner { settings, turns }))
    }

    /// The version that runs actions.
    pub(crate) fn python(&self) -> &Version {
        &self.0.settings.python
    }

    /// Changes with all that packages are found by, but for what the index has.
    pub(crate) fn key(&self, requirements: &Requirements) -> String {
        let settings = &self.0.settings;
        let mut hasher = blake3::Hasher::new();
        let mut add = |text: &str| {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        };
        add(env!("CARGO_PKG_VERSION"));
        add(&settings.python.to_string());
        // Another version of it is another file.
        let program = settings.uv.iter().find_map(|program| fs::metadata(program).ok());
        add(&format!("{:?}", program.map(|program| (program.len(), program.modified().ok()))));
        for line in &requirements.lines {
            add(&line.to_string());
            add(&line.hashes.join(" "));
        }
        for (key, value) in &settings.env {
            if key.to_string_lossy().starts_with("UV_") {
                add(&format!("{key:?}={value:?}"));
            }
        }
        add(&settings.find_links.join(" "));
        add(&format!("{:?}", settings.fallbacks));
        add(&format!("{:?}", Provided::of(&settings.data_guest)));
        hasher.finalize().to_hex().to_string()
    }

    /// Finds and unpacks what is required. Whoever stops waiting ends it.
    pub(crate) async fn resolve(
        &self,
        requirements: &Requirements,
        watch: &Watch,
    ) -> Result<Resolved, Error> {
        let settings = &self.0.settings;
        if !settings.enabled {
            return Err(Error::Disabled);
        }
        let program = settings.uv.iter().find(|program| program.is_file()).ok_or(Error::NoUv)?;
        let until = Instant::now() + settings.wall;
        let turn = timeout_at(until, self.0.turns.acquire()).await;
        let _turn = turn.map_err(|_| Error::Busy)?.map_err(|_| Error::Busy)?;
        let (_cache, folder) = blocking(settings, enter).await?;
        let mut env = settings.env.clone();
        for (key, value) in [
            ("UV_CACHE_DIR", settings.folder.join("cache").into_os_string()),
            ("TMPDIR", folder.path().as_os_str().to_owned()),
            // What is installed is changed; the cache must not be.
            ("UV_LINK_MODE", "copy".into()),
            ("UV_NO_PROGRESS", "1".into()),
            ("UV_PYTHON_DOWNLOADS", "never".into()),
            ("UV_SYSTEM_CERTS", "1".into()),
            ("NO_COLOR", "1".into()),
        ] {
            env.push((key.into(), value));
        }
        let uv = Uv { program: program.clone(), env, file_bytes: settings.bytes };
        let provided = blocking(settings, |settings| Ok(Provided::of(&settings.data_guest))).await??;
        let folder_path = folder.path();
        let build = Build { settings, requirements, provided, uv, folder: folder_path, until, watch };
        let (guest, warnings) = build.run().await?;
        Ok(Resolved { folder, guest, warnings })
    }

    /// The guest that packages need which came along. Blocks.
    pub(crate) fn guest_of(&self, vendored: &[Vendored]) -> Result<GuestKind, Error> {
        let Some(first) = vendored.first() else { return Ok(GuestKind::Base) };
        let provided = Provided::of(&self.0.settings.data_guest)?;
        let provided = provided.ok_or_else(|| Error::NoDataGuest(first.name.to_owned()))?;
        vendored.iter().try_for_each(|vendored| provided.check(vendored))?;
        Ok(GuestKind::Data)
    }

    /// Empties the cache when it has become too large and nobody uses it. Blocks.
    pub(crate) fn prune(&self) -> io::Result<()> {
        let Settings { folder, cache_bytes, .. } = &self.0.settings;
        let cache = folder.join("cache");
        if !cache.is_dir() {
            return Ok(());
        }
        // Held while it is measured too: files come and go below whoever uses it.
        let lock = File::create(folder.join(LOCK))?;
        if lock.try_lock().is_ok() && size(&cache)? > *cache_bytes {
            fs::remove_dir_all(cache)?;
        }
        Ok(())
    }
}

/// Keeps the cache from being emptied, and makes a folder of one's own.
fn enter(settings: &Settings) -> io::Result<(File, tempfile::TempDir)> {
    let builds = settings.folder.join("builds");
    fs::create_dir_all(&builds)?;
    let lock = File::create(settings.folder.join(LOCK))?;
    lock.lock_shared()?;
    let folder = tempfile::Builder::new().prefix("build-").tempdir_in(builds)?;
    Ok((lock, folder))
}

async fn blocking<T: Send + 'static>(
    settings: &Settings,
    work: impl FnOnce(&Settings) -> io::Result<T> + Send + 'static,
) -> Result<T, Error> {
    let (path, settings) = (settings.folder.clone(), settings.clone());
    let done = tokio::task::spawn_blocking(move || work(&settings)).await;
    let done = done.map_err(|error| Error::Uv(error.to_string()))?;
    done.map_err(|source| Error::Folder { path, source })
}

/// All files below `folder`, in bytes; links are not followed.
fn size(folder: &Path) -> io::Result<u64> {
    let (mut folders, mut bytes) = (vec![folder.to_owned()], 0);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            if metadata.is_dir() {
                folders.push(entry.path());
            } else {
                bytes += metadata.len();
            }
        }
    }
    Ok(bytes)
}

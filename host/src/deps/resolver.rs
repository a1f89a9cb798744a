//! From requirements to packages: which versions, from where, how many at one time, and what of it stays on disk.

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
    declared::Requirements,
    fallback, installed,
    lock::{self, Pin},
    refusal::Error,
    uv::{Call, Ended, Uv, not_pure, understood},
};

/// No native wheel is made for it, and its markers are those of WebAssembly.
const PLATFORM: &str = "wasm32-pyodide2024";
/// Where wheels with native modules are taken from that can do without.
const NATIVE_PLATFORM: &str = "x86_64-manylinux_2_28";
/// How often it is looked again after a package was made pure.
const ROUNDS_MAX: usize = 8;
/// Held by everybody who uses the cache, alone by who empties it.
const LOCK: &str = "lock";
const REQUIREMENTS: &str = "requirements.in";
const LOCKED: &str = "requirements.lock";

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
}

/// Sees what is done, line by line.
#[derive(Clone)]
pub(crate) struct Watch(Arc<dyn Fn(&str) + Send + Sync>);

/// One action that gets packages.
struct Build<'a> {
    settings: &'a Settings,
    requirements: &'a Requirements,
    uv: Uv,
    folder: &'a Path,
    until: Instant,
    watch: &'a Watch,
}

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
        let build = Build { settings, requirements, uv, folder: folder.path(), until, watch };
        build.run().await?;
        Ok(Resolved { folder })
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

impl Build<'_> {
    /// Puts the packages into the folder, and the lock beside them.
    async fn run(&self) -> Result<(), Error> {
        for folder in ["wheels", "packages"] {
            self.make(folder)?;
        }
        let lines: String = self.requirements.lines.iter().map(|line| format!("{line}\n")).collect();
        self.write(REQUIREMENTS, &lines)?;
        let mut pins = self.locked().await?;
        lock::narrow(&mut pins, self.requirements)?;
        let text = lock::written(&pins);
        self.write(LOCKED, &text)?;
        if !pins.is_empty() {
            let arguments =
                ["pip", "install", "--no-deps", "--require-hashes", "--target", "packages", "-r", LOCKED];
            let ended = self.call(PLATFORM, &arguments).await?;
            if !ended.is_good {
                return Err(self.failed(&ended));
            }
        }
        let packages = self.folder.join("packages");
        let tidied = tokio::task::spawn_blocking(move || installed::tidy(&packages)).await;
        tidied.map_err(|error| Error::Uv(error.to_string()))??;
        self.write(&format!("packages/{LOCKED}"), &text)
    }

    /// The one version of each package. One that has native wheels only, and works without what is native in them, is made
    /// pure first; so is one that was found pure, for that may be a version of long ago.
    async fn locked(&self) -> Result<Vec<Pin>, Error> {
        let mut made = BTreeSet::new();
        for _ in 0..ROUNDS_MAX {
            let arguments =
                ["pip", "compile", "--generate-hashes", "--no-header", "-o", LOCKED, REQUIREMENTS];
            // What an earlier round wrote would be preferred.
            let _ = fs::remove_file(self.folder.join(LOCKED));
            let ended = self.call(PLATFORM, &arguments).await?;
            let pins = if ended.is_good { lock::parse(&self.read(LOCKED)?) } else { Vec::new() };
            let names = pins.iter().map(|pin| pin.name.clone()).chain(not_pure(&ended.said));
            let wanted: BTreeSet<String> =
                names.filter(|name| self.settings.fallbacks.contains(name) && !made.contains(name)).collect();
            if wanted.is_empty() {
                return if ended.is_good { Ok(pins) } else { Err(self.failed(&ended)) };
            }
            for name in &wanted {
                self.make_pure(name).await?;
            }
            made.extend(wanted);
        }
        Err(Error::NoVersions("too many packages have native wheels only".to_owned()))
    }

    /// Makes a pure wheel of a package. That there is no wheel to make it of is told by whoever looks for it next.
    async fn make_pure(&self, name: &str) -> Result<(), Error> {
        let folder = format!("native-{name}");
        self.make(&folder)?;
        let versions = self.requirements.lines.iter().find(|line| line.name == name);
        let versions = versions.map_or("", |line| line.versions.as_str());
        self.write("native.in", &format!("{name}{versions}\n"))?;
        let arguments = ["pip", "install", "--no-deps", "--target", &folder, "-r", "native.in"];
        if self.call(NATIVE_PLATFORM, &arguments).await?.is_good {
            self.watch.see(&format!("{name}: native modules are left out"));
            let (from, to) = (self.folder.join(folder), self.folder.join("wheels"));
            let made = tokio::task::spawn_blocking(move || fallback::make(&from, &to)).await;
            made.map_err(|error| Error::Uv(error.to_string()))??;
        }
        Ok(())
    }

    async fn call(&self, platform: &str, arguments: &[&str]) -> Result<Ended, Error> {
        let mut all: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        let python = self.settings.python.to_string();
        all.extend(
            ["--python-version", &python, "--python-platform", platform, "--only-binary", ":all:"]
                .map(OsString::from),
        );
        all.extend(["--find-links", "wheels"].map(OsString::from));
        for place in &self.settings.find_links {
            all.extend(["--find-links".into(), OsString::from(place)]);
        }
        if self.settings.offline {
            all.push("--offline".into());
        }
        let (folder, until) = (self.folder, self.until);
        let call = Call { arguments: all, folder, until, watch: Some(self.watch) };
        self.uv.call(call).await?.ok_or(Error::Timeout(self.settings.wall))
    }

    fn failed(&self, ended: &Ended) -> Error {
        if ended.is_too_large {
            return Error::TooLarge { bytes_max: self.settings.bytes };
        }
        understood(&ended.said)
    }

    fn make(&self, folder: &str) -> Result<(), Error> {
        let path = self.folder.join(folder);
        fs::create_dir_all(&path).map_err(|source| Error::Folder { path, source })
    }

    fn write(&self, file: &str, text: &str) -> Result<(), Error> {
        let path = self.folder.join(file);
        fs::write(&path, text).map_err(|source| Error::Folder { path, source })
    }

    fn read(&self, file: &str) -> Result<String, Error> {
        let path = self.folder.join(file);
        fs::read_to_string(&path).map_err(|source| Error::Folder { path, source })
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

//! The stage: an engine with its directories, and actions on their way to it.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use actiond_runtime::{
    End, Engine, Guest, Input, Limits, Metering, NetLimits, Outcome, Preparation, Prepared, Reset, Settings,
    Source,
};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::Result;

/// An action's files: paths and texts.
pub(crate) type Files<'a> = &'a [(&'a str, &'a str)];

pub(crate) const NOTHING: Files = &[("main.py", include_str!("../actions/nothing.py"))];
pub(crate) const IMPORTS: Files = &[("main.py", include_str!("../actions/imports.py"))];
pub(crate) const IMPORTS_USED: Files = &[("main.py", include_str!("../actions/imports_used.py"))];
pub(crate) const RECORDS: Files = &[("main.py", include_str!("../actions/records.py"))];
pub(crate) const REQUESTS: Files = &[
    ("main.py", include_str!("../actions/requesting.py")),
    ("job.py", include_str!("../actions/imports.py")),
];
pub(crate) const ASKING: Files = &[("main.py", include_str!("../actions/asking.py"))];
pub(crate) const ASKING_REQUESTS: Files = &[("main.py", include_str!("../actions/asking_requests.py"))];
pub(crate) const WAITING: Files =
    &[("main.py", include_str!("../actions/waiting.py")), ("job.py", include_str!("../actions/imports.py"))];
pub(crate) const DATA_WAITING: Files =
    &[("main.py", include_str!("../actions/waiting.py")), ("job.py", include_str!("../actions/tables.py"))];

#[derive(Debug, Clone)]
pub(crate) struct Stage {
    pub(crate) engine: Engine,
    work: Arc<TempDir>,
}

/// What the product allows, but for CPU and time.
pub(crate) fn limits() -> Limits {
    Limits {
        fuel: u64::MAX / 2,
        wall: Duration::from_secs(7_200),
        memory_bytes: 256 << 20,
        input_bytes: 16 << 20,
        result_bytes: 1 << 20,
        log_lines: 1_000,
        log_bytes: 256 << 10,
        scratch_bytes: 4 << 20,
        scratch_entries: 100,
        open_files: 32,
        net: NetLimits::NONE,
    }
}

/// Where compiled code is kept between one benchmark and the next.
pub(crate) fn cache_dir() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("actiond-bench")
}

impl Stage {
    pub(crate) async fn open(guest: &Path) -> Result<Self> {
        Self::with(guest, |_| {}).await
    }

    pub(crate) async fn with(guest: &Path, adjust: impl FnOnce(&mut Settings)) -> Result<Self> {
        let work = tempfile::tempdir()?;
        let mut settings = Settings {
            cache_dir: cache_dir(),
            scratch_dir: work.path().join("scratch"),
            image_bytes: 64 << 20,
            hot_images_bytes: 1 << 30,
            cold_images_bytes: 1 << 30,
            idle_slots: 64,
            name_servers: Vec::new(),
            proxy: None,
            boot: limits(),
            reset: Reset::CopyBack,
            metering: Metering::Fuel,
        };
        adjust(&mut settings);
        let engine = Engine::open(Guest::open(guest)?, settings, |_| {}).await?;
        Ok(Self { engine, work: Arc::new(work) })
    }

    /// Lays files out as an action, with a folder of packages beside them.
    fn source(&self, files: Files<'_>, packages: Option<&Path>) -> Result<Source> {
        let mut hasher = blake3::Hasher::new();
        for text in files.iter().flat_map(|(path, text)| [path, text]) {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        }
        let digest = hasher.finalize();
        let root = self.work.path().join(digest.to_hex().as_str());
        fs::create_dir_all(&root)?;
        for (path, text) in files {
            fs::write(root.join(path), text)?;
        }
        if let Some(packages) = packages {
            copy(packages, &root.join("dependencies"))?;
        }
        Ok(Source { root, digest: digest.into(), env: Vec::new() })
    }

    pub(crate) async fn prepare(&self, files: Files<'_>) -> Result<Prepared> {
        self.prepare_with(files, None).await
    }

    pub(crate) async fn prepare_with(&self, files: Files<'_>, packages: Option<&Path>) -> Result<Prepared> {
        let source = self.source(files, packages)?;
        match self.engine.prepare(source, &limits(), &CancellationToken::new()).await? {
            Preparation::Ready(prepared) => Ok(prepared),
            Preparation::NoMain(outcome) | Preparation::Failed(outcome) => {
                Err(format!("{outcome:#?}").into())
            }
        }
    }

    /// One run, which has to return.
    pub(crate) async fn run(&self, action: &Prepared, data: &str) -> Result<Outcome> {
        let sandbox = self.engine.start(action, &limits())?;
        returned(sandbox.call(Input::new(data, CancellationToken::new())).await?)
    }
}

/// Copies a folder and all that is in it.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

/// The outcome of a run that returned and started from its action's image.
pub(crate) fn returned(outcome: Outcome) -> Result<Outcome> {
    if matches!(outcome.end, End::Returned(_)) && outcome.usage.prepared {
        Ok(outcome)
    } else {
        Err(format!("{outcome:#?}").into())
    }
}

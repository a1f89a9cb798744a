//! What tests share: the engine, and a script on its way from source text to outcome.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use actiond_runtime::{
    End, Engine, Guest, Input, Limits, LogLine, Metering, NetLimits, Outcome, Preparation, Prepared, Reset,
    Settings, Source,
};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// Bounds that honest scripts of the tests stay far below.
pub(crate) fn limits() -> Limits {
    Limits {
        fuel: 20_000_000_000,
        wall: Duration::from_secs(60),
        memory_bytes: 256 << 20,
        input_bytes: 16 << 20,
        result_bytes: 1 << 20,
        log_lines: 1_000,
        log_bytes: 256 << 10,
        scratch_bytes: 4 << 20,
        scratch_entries: 100,
        open_files: 32,
        net: NetLimits {
            connections: 100,
            open: 64,
            sent_bytes: 16 << 20,
            received_bytes: 16 << 20,
            connect: Duration::from_secs(5),
        },
    }
}

/// The guest that `scripts/setup` built.
pub(crate) fn guest() -> Guest {
    open(&guest_dir())
}

fn open(dir: &Path) -> Guest {
    Guest::open(dir).unwrap_or_else(|error| panic!("{error}"))
}

/// Where that guest lies.
pub(crate) fn guest_dir() -> PathBuf {
    named_or_default("ACTIOND_GUEST", "guest")
}

/// Where the guest with NumPy and pandas lies, which `scripts/setup` builds as well.
pub(crate) fn data_guest_dir() -> PathBuf {
    named_or_default("ACTIOND_DATA_GUEST", "guest-data")
}

#[expect(clippy::disallowed_methods, reason = "tests find the guest where the program finds it")]
fn named_or_default(variable: &str, name: &str) -> PathBuf {
    let cached = || {
        let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
        cache.expect("HOME is set").join("actiond").join(name)
    };
    std::env::var_os(variable).map_or_else(cached, PathBuf::from)
}

/// A place of its own for each test; an engine that keeps compiled code and the base image between tests.
pub(crate) struct Bench {
    pub(crate) engine: Engine,
    pub(crate) dir: TempDir,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(adjust: impl FnOnce(&mut Settings)) -> Self {
        Self::of(guest(), adjust).await
    }

    /// With the guest that has NumPy and pandas.
    pub(crate) async fn data() -> Self {
        Self::data_with(|_| {}).await
    }

    pub(crate) async fn data_with(adjust: impl FnOnce(&mut Settings)) -> Self {
        Self::of(open(&data_guest_dir()), adjust).await
    }

    async fn of(guest: Guest, adjust: impl FnOnce(&mut Settings)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut settings = Settings {
            cache_dir: Path::new(env!("CARGO_TARGET_TMPDIR")).join("actiond-images"),
            scratch_dir: dir.path().join("scratch"),
            image_bytes: 64 << 20,
            hot_images_bytes: 256 << 20,
            cold_images_bytes: 256 << 20,
            idle_slots: 8,
            name_servers: Vec::new(),
            proxy: None,
            boot: Limits { fuel: u64::MAX / 2, ..limits() },
            reset: Reset::CopyBack,
            metering: Metering::Fuel,
        };
        adjust(&mut settings);
        let engine = Engine::open(guest, settings, |_| {}).await.unwrap();
        Self { engine, dir }
    }

    /// Lays files out as an action; `main.py` among them.
    pub(crate) fn source(&self, files: &[(&str, &str)]) -> Source {
        let mut hasher = blake3::Hasher::new();
        for text in files.iter().flat_map(|(path, text)| [path, text]) {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        }
        let digest = hasher.finalize();
        let root = self.dir.path().join(digest.to_hex().as_str());
        for (path, text) in files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Source { root, digest: digest.into(), env: Vec::new() }
    }

    pub(crate) async fn prepare(&self, source: Source) -> Preparation {
        self.engine.prepare(source, &limits(), &CancellationToken::new()).await.unwrap()
    }

    /// Prepares a script that must come up.
    pub(crate) async fn ready(&self, main: &str) -> Prepared {
        match self.prepare(self.source(&[("main.py", main)])).await {
            Preparation::Ready(prepared) => prepared,
            other => panic!("not ready: {other:#?}"),
        }
    }

    pub(crate) async fn run_with(&self, action: &Prepared, data: &str, limits: &Limits) -> Outcome {
        let sandbox = self.engine.start(action, limits).unwrap();
        sandbox.call(Input::new(data, CancellationToken::new())).await.unwrap()
    }

    pub(crate) async fn run(&self, action: &Prepared, data: &str) -> Outcome {
        self.run_with(action, data, &limits()).await
    }

    /// From source text to outcome.
    pub(crate) async fn outcome(&self, main: &str, data: &str) -> Outcome {
        match self.prepare(self.source(&[("main.py", main)])).await {
            Preparation::Ready(prepared) => self.run(&prepared, data).await,
            Preparation::NoMain(outcome) | Preparation::Failed(outcome) => outcome,
        }
    }
}

/// How an outcome ended, in one line: the result, `Kind: message`, `stopped: limit` or `cancelled`.
pub(crate) fn ending(outcome: &Outcome) -> String {
    match &outcome.end {
        End::Returned(value) => value.get().to_owned(),
        End::Raised(exception) => format!("{}: {}", exception.kind, exception.message),
        End::Stopped(stop) => format!("stopped: {}", stop.as_str()),
        End::Cancelled => "cancelled".to_owned(),
    }
}

/// Whether an ending is as expected, where `…` stands for anything.
pub(crate) fn matches(actual: &str, expected: &str) -> bool {
    match expected.split_once('…') {
        None => actual == expected,
        Some((start, rest)) => {
            let Some(left) = actual.strip_prefix(start) else { return false };
            rest.split('…')
                .try_fold(left, |left, part| left.find(part).map(|at| &left[at + part.len()..]))
                .is_some()
        }
    }
}

/// Log lines as `LEVEL source message`.
pub(crate) fn log(outcome: &Outcome) -> Vec<String> {
    let line = |line: &LogLine| format!("{} {} {}", line.level.as_str(), line.source, line.message);
    outcome.logs.iter().map(line).collect()
}

/// Variables for scripts.
pub(crate) fn env(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let pairs: BTreeMap<_, _> = pairs.iter().copied().collect();
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// Copies compiled code into another cache: it is the same, and compiling takes seconds.
pub(crate) fn share_code(to: &Path) {
    let from = Path::new(env!("CARGO_TARGET_TMPDIR")).join("actiond-images");
    for entry in fs::read_dir(from).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "code") {
            fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
        }
    }
}

/// Copies a folder.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// What this process holds.
#[derive(Debug)]
pub(crate) struct Footprint {
    resident_kib: u64,
    descriptors: usize,
    mappings: usize,
}

impl Footprint {
    pub(crate) fn now() -> Self {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        Self {
            resident_kib: resident.trim().trim_end_matches(" kB").parse().unwrap(),
            descriptors: fs::read_dir("/proc/self/fd").unwrap().count(),
            mappings: fs::read_to_string("/proc/self/maps").unwrap().lines().count(),
        }
    }

    /// Whether `after` is no more than this, but for a little: scratch directories may be being emptied at this moment.
    pub(crate) fn holds(&self, after: &Self) {
        assert!(after.descriptors <= self.descriptors + 4, "descriptors: {self:?} {after:?}");
        assert!(after.mappings <= self.mappings + 20, "mappings: {self:?} {after:?}");
        assert!(after.resident_kib <= self.resident_kib + 16 * 1024, "memory: {self:?} {after:?}");
    }
}

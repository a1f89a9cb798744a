//! `actiond serve`, from settings to the last record: the order in which things are started and ended.

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
};

use actiond_runtime::{Engine, Grants, Guest, Progress, Unverified};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::{control, front::front, gate::Gate, gauges, listen::Listener, sweep::Sweeper};
use crate::{
    api,
    app::{self, App, Packaging, PolicyBounds},
    config::{self, Egress, Places, SecretKey, Settings},
    console,
    deps::Resolver,
    docs, hooks,
    model::{
        guest::MemoryDefaults,
        policy::{Missed, Overlap, Policy, Retention, Retry},
    },
    origin::{self, Cluster},
    runner::{self, Bounds, Engines, NotRekeyed, Runner, rekey},
    scheduler::Scheduler,
    store::{self, Store},
    telemetry::Metrics,
    vault::{self, KeySource, Vault},
};

/// Payloads of an organisation's waiting runs, in bytes.
const ORG_QUEUE_BYTES: u64 = 512 << 20;

/// What the server is started with.
pub(crate) struct Options {
    pub(crate) settings: Settings,
    pub(crate) places: Places,
    /// Removes all secrets first: their key is lost.
    pub(crate) forget_secrets: bool,
    /// Told when the address is bound, and of what takes long.
    pub(crate) tell: Arc<dyn Fn(Told<'_>) + Send + Sync>,
}

/// What whoever started the server wants to know.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Told<'a> {
    Progress(Progress),
    /// The root account was made, with this password, which is shown nowhere else.
    Password {
        email: &'a str,
        password: &'a str,
    },
    Ready(SocketAddr),
    Draining,
}

/// Why the server does not start, or ended with a failure.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("cannot listen on {address} ({why}): give another --listen, or stop what listens there")]
    Bind { address: SocketAddr, why: io::ErrorKind },
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error(transparent)]
    Runtime(#[from] actiond_runtime::Error),
    #[error(transparent)]
    Vault(#[from] vault::Error),
    #[error(transparent)]
    Rekey(#[from] NotRekeyed),
    #[error("cannot set up the root account: {0}")]
    Root(#[from] app::NotMade),
    #[error("cannot use {path} ({why})")]
    Folder { path: PathBuf, why: io::ErrorKind },
    #[error("cannot ask origin.url for log records")]
    Origin(#[from] origin::Error),
    #[error("a thread died: {0}")]
    Thread(String),
}

/// Serves until `stop`, then drains.
pub(crate) async fn serve(options: Options, stop: CancellationToken) -> Result<(), Error> {
    let Options { settings, places, forget_secrets, tell } = options;
    let bind = Listener::bind(settings.listen, settings.connections).await;
    let listener = bind.map_err(|error| Error::Bind { address: settings.listen, why: error.kind() })?;
    let address = listener.address().unwrap_or(settings.listen);
    let metrics = Arc::new(Metrics::new());
    let (gate, end) = (Gate::new(metrics.clone()), CancellationToken::new());
    let router = front(gate.router(), settings.public_path(), &settings.cors_origins);
    let listening = tokio::spawn(listener.serve(router, end.clone()));
    let app = tokio::select! {
        app = start(&settings, address, &places, forget_secrets, &metrics, &tell) => app,
        () = stop.cancelled() => {
            end.cancel();
            let _ = listening.await;
            return Ok(());
        }
    };
    let app = match app {
        Ok(app) => app,
        Err(error) => {
            end.cancel();
            let _ = listening.await;
            return Err(error);
        }
    };
    let recovered = app.runner().recover().await?;
    tracing::info!(
        runs.interrupted = recovered.interrupted,
        runs.queued = recovered.queued,
        "{} runs were interrupted, {} wait",
        recovered.interrupted,
        recovered.queued
    );
    let sweeper = Sweeper::new(app.clone(), settings.retention.audit);
    sweeper.tidy_up().await?;
    let background = CancellationToken::new();
    let later = {
        let (runner, stop) = (app.runner().clone(), background.clone());
        tokio::spawn(async move { runner.begin_later(stop).await })
    };
    let counting = {
        let (runner, stop) = (app.runner().clone(), background.clone());
        tokio::spawn(async move { runner.recount(stop).await })
    };
    let scheduler = tokio::spawn(Scheduler::new(app.clone()).run(background.clone()));
    let sweeper = tokio::spawn(sweeper.run(background.clone()));
    let gauges = tokio::spawn(gauges::read_off(app.clone(), background.clone()));
    let controlled = tokio::spawn(be_controlled(app.clone(), end.clone()));
    let others = hooks::router().merge(docs::router().into());
    gate.open(api::router(app.clone(), others, console::router(app.clone())), app.clone());
    tell(Told::Ready(address));
    stop.cancelled().await;
    tell(Told::Draining);
    // No new runs; those who wait for one get their answer before the connections end.
    background.cancel();
    app.end_uploads().await;
    app.runner().drain(settings.drain).await;
    end.cancel();
    for task in [listening, controlled, later, counting, scheduler, sweeper, gauges] {
        // That one panicked was reported by the panic.
        let _ = task.await;
    }
    // What was recorded last is on the disk before the process ends.
    app.store().settle(|_| Ok::<_, store::Error>(())).await?;
    Ok(())
}

/// Does what commands on this machine ask for.
async fn be_controlled(app: App, end: CancellationToken) {
    let folder = app.store().dir();
    match control::bind(folder) {
        Ok(listener) => listener.serve(control::router(app.store().clone()), end).await,
        // Everything else works without.
        Err(error) => {
            tracing::warn!(error = %error, "no control socket: `actiond backup` works only when no server runs");
        }
    }
    control::remove(folder);
}

async fn start(
    settings: &Settings,
    address: SocketAddr,
    places: &Places,
    forget_secrets: bool,
    metrics: &Arc<Metrics>,
    tell: &Arc<dyn Fn(Told<'_>) + Send + Sync>,
) -> Result<App, Error> {
    let work = settings.data_dir.join("work");
    let opening = {
        let (settings, work, metrics) = (settings.clone(), work.clone(), metrics.clone());
        tokio::task::spawn_blocking(move || open_store(&settings, &work, metrics))
    };
    // First: it takes the folder for this process alone, and empties what the engine is about to fill.
    let store = opening.await.map_err(|error| Error::Thread(error.to_string()))??;
    let vault = open_vault(settings, &store, forget_secrets).await?;
    let guest = Guest::open(&places.guest_dir)?;
    let packaging = packaging(settings, places, &work, &guest);
    let engine = open_engine(guest, settings, places, &work, tell).await?;
    let engines = Engines::new(engine, places.data_guest_dir.clone());
    let threads =
        settings.runs.threads.unwrap_or_else(|| thread::available_parallelism().map_or(2, usize::from));
    let runner = runner::Settings {
        threads,
        bounds: Bounds {
            parallel: settings.runs.parallel,
            org_parallel: settings.runs.org_parallel,
            org_queue: settings.runs.org_queue,
            org_queue_bytes: ORG_QUEUE_BYTES,
        },
        org_fuel_per_minute: settings.runs.org_fuel_per_minute.unwrap_or(0),
        bundle_limits: config::BUNDLE_LIMITS,
        package_limits: config::package_limits(&settings.dependencies),
        limits: limits(settings),
        import_wall: settings.runs.import_wall,
        memory: memory(settings),
        grants: grants(settings),
        bundles_dir: work.join("bundles"),
        public_url: settings.public_url.clone(),
        metrics: metrics.clone(),
        vault,
    };
    let runner = Runner::start(engines, store.clone(), runner, &Handle::current());
    let runner = runner.map_err(|error| Error::Folder { path: work, why: error.kind() })?;
    let app = App::new(store, runner, app_settings(settings, address, packaging)?);
    let root = settings.root.as_ref();
    let password = root.and_then(|root| root.password.as_ref()).map(config::Secret::expose);
    let made = app.set_up(root.map(|root| root.email.as_str()), password).await?;
    if let Some((email, password)) = made {
        tell(Told::Password { email: email.as_str(), password: &password });
    }
    Ok(app)
}

/// Opens the store, and empties the folder that only a running server uses.
fn open_store(settings: &Settings, work: &Path, metrics: Arc<Metrics>) -> Result<Store, Error> {
    let store = Store::open(store::Settings {
        dir: settings.data_dir.clone(),
        cache_bytes: settings.storage.cache_bytes,
        flush: settings.storage.flush,
        free_bytes_min: settings.storage.free_bytes_min,
        flushed: Arc::new(move |took| metrics.store_flushed(took)),
    })?;
    let failed = |error: io::Error| Error::Folder { path: work.to_owned(), why: error.kind() };
    match std::fs::remove_dir_all(work) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        Ok(()) | Err(_) => std::fs::create_dir_all(work).map_err(failed)?,
    }
    Ok(store)
}

/// Opens the vault with the key of the secrets that the store holds. Where they are still of the key before, they become of
/// this one.
async fn open_vault(settings: &Settings, store: &Store, forget_secrets: bool) -> Result<Vault, Error> {
    if forget_secrets {
        let forgotten = store.settle(|change| {
            let removed = change.remove_all_secrets()?;
            tracing::warn!("{removed} secrets are removed, for their key is lost");
            Ok::<_, store::Error>(())
        });
        forgotten.await?;
    }
    let (key, old) = (settings.secret_key.clone(), settings.secret_key_old.clone());
    let opening = store.read(move |view| {
        let source = match &key {
            SecretKey::Said(key) => KeySource::Said(key.expose()),
            SecretKey::File(path) => KeySource::File(path),
        };
        let check = view.secret_key_check()?;
        let earlier =
            old.as_ref().zip(check.as_deref()).map(|(old, check)| Vault::earlier(old.expose(), check));
        let earlier = earlier.transpose()?.flatten();
        let vault = Vault::open(&source, check.as_deref().filter(|_| earlier.is_none()))?;
        let is_new = check.is_some_and(|check| !vault.opens(&check));
        Ok::<_, Error>((vault, earlier, is_new))
    });
    let (vault, earlier, is_new) = opening.await?;
    if let (Some(earlier), true) = (&earlier, is_new) {
        let count = rekey(store, earlier, &vault).await?;
        tracing::info!(
            "{count} secrets are encrypted with the new key: remove secret.key_old, and keep the new key"
        );
    } else if earlier.is_some() {
        tracing::warn!("secret.key_old is the key in use: nothing is changed; give a new key beside it");
    } else if settings.secret_key_old.is_some() {
        tracing::info!("no secret is encrypted with secret.key_old: remove it");
    }
    Ok(vault)
}

async fn open_engine(
    guest: Guest,
    settings: &Settings,
    places: &Places,
    work: &Path,
    tell: &Arc<dyn Fn(Told<'_>) + Send + Sync>,
) -> Result<Engine, Error> {
    let proxy = settings.egress.proxy.as_ref();
    let engine_settings = places.engine(&work.join("scratch"), settings.runs.kept, proxy);
    let (executor, tell) = (Handle::current(), tell.clone());
    // Compiling blocks.
    let opening = tokio::task::spawn_blocking(move || {
        executor.block_on(Engine::open(guest, engine_settings, |progress| tell(Told::Progress(progress))))
    });
    Ok(opening.await.map_err(|error| Error::Thread(error.to_string()))??)
}

fn limits(settings: &Settings) -> actiond_runtime::Limits {
    let default = settings.runs.default;
    config::limits(default.fuel, default.wall, default.memory_bytes)
}

/// What a run has whose action does not say.
fn memory(settings: &Settings) -> MemoryDefaults {
    let runs = &settings.runs;
    MemoryDefaults { base_bytes: runs.default.memory_bytes, data_bytes: runs.data_memory_bytes }
}

/// The most that runs may reach.
fn grants(settings: &Settings) -> Grants {
    let Egress { allow, unverified_tls, .. } = &settings.egress;
    let unverified = if *unverified_tls { Unverified::Granted } else { Unverified::Refused };
    Grants::new(allow.iter().cloned()).with_unverified_tls(unverified)
}

/// How packages of uploads are found. What was left of earlier ones is not needed.
fn packaging(settings: &Settings, places: &Places, work: &Path, guest: &Guest) -> Packaging {
    let folder = settings.data_dir.join("packages");
    let _ = std::fs::remove_dir_all(folder.join("builds"));
    let proxy = settings.egress.proxy.as_ref();
    let found = config::packages(&settings.dependencies, proxy, places, folder, guest.python());
    Packaging {
        resolver: Resolver::new(found),
        bundle_limits: config::BUNDLE_LIMITS,
        limits: config::package_limits(&settings.dependencies),
        folder: work.join("uploads"),
    }
}

fn app_settings(
    settings: &Settings,
    address: SocketAddr,
    packaging: Packaging,
) -> Result<app::Settings, Error> {
    let (runs, kept) = (&settings.runs, &settings.retention);
    let retention = Retention { runs: kept.runs as u64, age: kept.age, bytes: kept.bytes };
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let default = Policy {
        fuel: runs.default.fuel,
        wall: runs.default.wall,
        memory_bytes: None,
        parallel: count(runs.per_action_parallel),
        queue: count(runs.per_action_queue),
        rate: None,
        overlap: Overlap::Skip,
        missed: Missed::Once,
        retry: Retry::NONE,
        retention,
        coalesce: None,
        stateful: false,
        egress: None,
        unverified_tls: false,
    };
    let proxy = settings.egress.proxy.as_ref().and_then(|proxy| proxy.for_requests().ok());
    let origin = settings.origin.as_ref().map(|config::Origin { url, wait, answer_bytes }| {
        Cluster::new(url, proxy.clone(), *wait, *answer_bytes).map(Arc::new)
    });
    Ok(app::Settings {
        policy: PolicyBounds {
            default,
            fuel_max: runs.max.fuel,
            wall_max: runs.max.wall,
            memory: memory(settings),
            memory_bytes_max: runs.max.memory_bytes,
            parallel_max: count(runs.per_action_parallel),
            queue_max: count(runs.per_action_queue),
            retention_max: retention,
        },
        environment_limits: config::ENVIRONMENT_LIMITS,
        idempotency: kept.idempotency,
        body_bytes: settings.body_bytes,
        public_url: settings.told_url(address),
        public_path: settings.public_path().to_owned(),
        packaging,
        proxy,
        origin: origin.transpose()?,
        action_server_token: settings.action_server.as_ref().map(|server| server.token.expose().to_owned()),
    })
}

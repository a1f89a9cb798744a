//! The runner itself: its parts, how it starts, and how it ends.

use std::{
    collections::{HashMap, HashSet},
    io,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use actiond_runtime::{Grants, Limits};
use jiff::Timestamp;
use tokio::{runtime::Handle, sync::watch};

use super::{
    deadline::Delayed,
    engines::Engines,
    executor::Executor,
    fuel::Budgets,
    imports::Imports,
    lanes::{Bounds, Lanes},
    live::Live,
    memory::Memories,
    plan::{Draft, Making, NotPrepared, Plans},
    secrets::Secrets,
    tally::Tally,
};
use crate::{
    bundle, clock,
    model::{
        guest::MemoryDefaults,
        id::{ActionId, OrgId, RunId},
        run::{Run, Trigger},
    },
    random,
    store::{self, Store},
    telemetry::Metrics,
    vault::Vault,
};

/// The caller says every number.
#[derive(Clone)]
pub(crate) struct Settings {
    /// Threads that guests run on.
    pub(crate) threads: usize,
    pub(crate) bounds: Bounds,
    /// Fuel that an organisation's runs may use in a minute; 0 for no bound.
    pub(crate) org_fuel_per_minute: u64,
    pub(crate) bundle_limits: bundle::Limits,
    /// Of what is installed for a bundle.
    pub(crate) package_limits: bundle::Limits,
    /// The bounds of a run that its action does not choose.
    pub(crate) limits: Limits,
    /// Wall time of importing an action.
    pub(crate) import_wall: Duration,
    /// Of a run whose action does not say.
    pub(crate) memory: MemoryDefaults,
    /// The most that a run may reach on the network.
    pub(crate) grants: Grants,
    /// Where bundles are unpacked; this process's alone.
    pub(crate) bundles_dir: PathBuf,
    pub(crate) public_url: String,
    pub(crate) metrics: Arc<Metrics>,
    /// Opens the secrets that runs get.
    pub(crate) vault: Vault,
}

/// Runs actions. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Runner(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) store: Store,
    pub(super) plans: Plans,
    pub(super) executor: Executor,
    pub(super) lanes: Mutex<Lanes<Entry>>,
    /// Runs that run, and those that somebody waits for.
    pub(super) lives: Mutex<HashMap<RunId, Arc<Live>>>,
    /// Timed runs of each action that have not ended.
    pub(super) timed: Mutex<HashMap<ActionId, usize>>,
    pub(super) delayed: Delayed,
    pub(super) memories: Memories,
    pub(super) secrets: Secrets,
    pub(super) budgets: Budgets,
    pub(super) imports: Imports,
    pub(super) input_bytes_max: usize,
    draining: AtomicBool,
    /// How many run; changes whenever one ends.
    pub(super) running: watch::Sender<usize>,
    counts: AtomicU64,
    pub(super) engines: Engines,
    pub(super) metrics: Arc<Metrics>,
    pub(super) tally: Tally,
}

/// A run that waits for its turn. One that is not in memory is read from the store when it begins.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: RunId,
    pub(super) org: OrgId,
    pub(super) action: ActionId,
    pub(super) trigger: Trigger,
}

impl Entry {
    pub(super) fn new(run: &Run) -> Self {
        Self { id: run.id, org: run.org.clone(), action: run.action, trigger: run.trigger }
    }
}

impl Runner {
    /// Starts the threads. Nothing runs before [`Runner::recover`].
    pub(crate) fn start(
        engines: Engines,
        store: Store,
        settings: Settings,
        handle: &Handle,
    ) -> io::Result<Self> {
        std::fs::create_dir_all(&settings.bundles_dir)?;
        let making = Making {
            engines: engines.clone(),
            store: store.clone(),
            folder: settings.bundles_dir,
            bundle_limits: settings.bundle_limits,
            package_limits: settings.package_limits,
            limits: settings.limits.clone(),
            import_wall: settings.import_wall,
            memory: settings.memory,
            grants: settings.grants,
            public_url: settings.public_url,
        };
        let secrets = Secrets::new(store.clone(), settings.vault);
        Ok(Self(Arc::new(Inner {
            store,
            plans: Plans::new(making),
            executor: Executor::start(settings.threads, handle)?,
            lanes: Mutex::new(Lanes::new(settings.bounds)),
            lives: Mutex::default(),
            timed: Mutex::default(),
            delayed: Delayed::default(),
            memories: Memories::default(),
            imports: Imports::default(),
            secrets,
            budgets: Budgets::new(settings.org_fuel_per_minute),
            input_bytes_max: settings.limits.input_bytes,
            draining: AtomicBool::new(false),
            running: watch::Sender::new(0),
            counts: AtomicU64::new(0),
            engines,
            metrics: settings.metrics,
            tally: Tally::new(clock::now()),
        })))
    }

    /// Imports an action that is about to be saved, on a guest thread, on behalf of its organisation. The outcome is
    /// thrown away: what it made (the image) is found again by whoever runs it.
    pub(crate) async fn try_out(&self, draft: Draft) -> Result<Option<&'static str>, NotPrepared> {
        let importing = self.0.imports.begin(&draft.action.org).ok_or(NotPrepared::Busy)?;
        let (tell, told) = tokio::sync::oneshot::channel();
        let (org, inner) = (draft.action.org.clone(), self.0.clone());
        let cancel = tokio_util::sync::CancellationToken::new();
        // Whoever waits goes away when the server ends: then nobody needs the import.
        let _guard = cancel.clone().drop_guard();
        self.0.executor.spawn(&org, async move {
            let plan = inner.plans.draft(draft, &cancel).await;
            drop(importing);
            let _ = tell.send(plan.map(|plan| plan.prepared.imported_each_run()));
        });
        told.await.map_err(|_| NotPrepared::Files("the import died".to_owned()))?
    }

    /// The action was changed: its next run is made with what is in the store now.
    pub(crate) fn changed(&self, action: ActionId) {
        self.0.plans.forget(action, false);
        self.0.memories.forget(action);
    }

    /// The action was removed, and with it all that was made for it.
    pub(crate) fn removed(&self, action: ActionId) {
        self.0.plans.forget(action, true);
        self.0.memories.forget(action);
        self.0.tally.forget(&action);
    }

    /// The organisation was removed, after its actions.
    pub(crate) fn removed_org(&self, org: &OrgId) {
        self.0.tally.forget_org(org);
    }

    /// What runs have come to lately.
    pub(crate) fn tally(&self) -> &Tally {
        &self.0.tally
    }

    /// A secret was changed, or who gets it: the next run gets what there is now.
    pub(crate) fn secrets_changed(&self) {
        self.0.secrets.forget();
    }

    pub(crate) fn vault(&self) -> &Vault {
        self.0.secrets.vault()
    }

    pub(crate) fn changed_org(&self, org: &OrgId) {
        self.0.plans.forget_org(org);
    }

    /// A run that has not ended, to be followed: one that waits in the store is in memory from then on.
    pub(crate) async fn watch(&self, id: RunId) -> store::Result<Option<Arc<Live>>> {
        let Some(live) = self.0.load(id).await? else { return Ok(None) };
        let kept = self.0.store.read(move |view| view.run(&id)).await?;
        // It ended while it was read: nobody would ever end what is in memory.
        if kept.is_some_and(|run| run.status.is_final()) {
            self.0.lives().remove_entry(&id);
            return Ok(None);
        }
        Ok(Some(live))
    }

    /// A run that is in memory.
    pub(crate) fn live(&self, id: &RunId) -> Option<Arc<Live>> {
        self.0.lives().get(id).cloned()
    }

    /// An organisation's runs that run now, also those that are written down when they have ended.
    pub(crate) fn running(&self, org: &OrgId) -> Vec<Run> {
        self.0.lives().values().filter(|live| live.runs_in(org)).map(|live| live.run()).collect()
    }

    /// The actions that run. Not those whose last run has ended and is being written down: whoever finds the end of a run
    /// in the store does not find its action running.
    pub(crate) fn running_actions(&self) -> HashSet<ActionId> {
        self.0.lives().values().filter_map(|live| live.running_action()).collect()
    }

    /// How many run and how many wait.
    pub(crate) fn load(&self) -> (usize, usize) {
        let lanes = self.0.lanes();
        (lanes.live(), lanes.waiting())
    }

    pub(crate) fn engines(&self) -> &Engines {
        &self.0.engines
    }

    /// Timed runs of the action that have not ended.
    pub(crate) fn timed(&self, action: &ActionId) -> usize {
        self.0.timed().get(action).copied().unwrap_or(0)
    }

    /// From now on nothing is accepted and nothing begins. Waits for what runs, at most `grace`; then the rest is stopped
    /// and recorded as interrupted. What is queued stays in the store.
    pub(crate) async fn drain(&self, grace: Duration) {
        self.0.draining.store(true, Ordering::Release);
        let waiting = {
            let mut lanes = self.0.lanes();
            lanes.close();
            lanes.drain()
        };
        for entry in waiting {
            self.0.give_up(&entry.id);
        }
        let mut running = self.0.running.subscribe();
        let ended = tokio::time::timeout(grace, running.wait_for(|running| *running == 0)).await.is_ok();
        if !ended {
            let lives: Vec<_> = self.0.lives().values().cloned().collect();
            for live in lives {
                live.interrupt();
            }
            // A guest gives way within milliseconds; this waits for what it came to being written down.
            let _ = running.wait_for(|running| *running == 0).await;
        }
        // Those that wait for another try, while somebody waits for them.
        let left: Vec<_> = self.0.lives().keys().copied().collect();
        for id in left {
            self.0.give_up(&id);
        }
    }

    pub(crate) fn metrics(&self) -> &Arc<Metrics> {
        &self.0.metrics
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.0.is_draining()
    }
}

impl Inner {
    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    pub(super) fn lanes(&self) -> MutexGuard<'_, Lanes<Entry>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn lives(&self) -> MutexGuard<'_, HashMap<RunId, Arc<Live>>> {
        self.lives.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn timed(&self) -> MutexGuard<'_, HashMap<ActionId, usize>> {
        self.timed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new run's id: later ones are larger.
    pub(super) fn next_id(&self, now: Timestamp) -> RunId {
        let count = self.counts.fetch_add(1, Ordering::Relaxed);
        RunId::new(now, (count & 0xfff) as u16, random::bytes())
    }
}

impl std::fmt::Debug for Runner {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Runner").finish_non_exhaustive()
    }
}

//! A plan: all that is needed to run one version of an action, made once and kept while it is used. Nothing in it can
//! change; when the action does, it is made anew.

use std::{
    num::NonZeroUsize,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use actiond_runtime::{
    End, Engine, Grants, Limits, LogLine, Outcome, Preparation, Prepared, Rule, Source, Unverified,
};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use lru::LruCache;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use super::{
    engines::{Engines, NotOpen},
    imports::IMPORTS_MAX,
    unpacked::{self, Unpacked},
};
use crate::{
    bundle,
    model::{
        action::Action,
        guest::{GuestKind, MemoryDefaults},
        id::{ActionId, OrgId},
        organisation::Organisation,
        policy::Rate,
    },
    store::{self, Store},
};

/// Plans that are kept; a plan costs a folder and some KiB.
const PLANS_MAX: NonZeroUsize = NonZeroUsize::new(4_096).expect("it is not zero");

/// Counts plans.
static PLANS_MADE: AtomicU64 = AtomicU64::new(0);

#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) action: Action,
    pub(crate) limits: Limits,
    /// Of the guest that its version was made for.
    pub(super) engine: Engine,
    pub(crate) prepared: Prepared,
    /// What its runs may reach on the network.
    pub(super) grants: Grants,
    /// Tells this plan from one that was made before it.
    pub(super) number: u64,
    _unpacked: Unpacked,
}

/// An action that is about to be saved.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) action: Action,
    /// What runs are told of where they came from.
    pub(crate) organisation: Organisation,
    pub(crate) zip: Arc<[u8]>,
    /// What was installed for it.
    pub(crate) packages: Option<Arc<[u8]>>,
    /// What that needs.
    pub(crate) guest: GuestKind,
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotPrepared {
    #[error("there is no such action")]
    NoAction,
    #[error("there is no version {0} of the action")]
    NoVersion(u32),
    /// The zip breaks a rule.
    #[error("{0}")]
    Bundle(String),
    #[error("main.py defines no function named main: add `def main(data, logger):`")]
    NoMain,
    /// `main.py` raised, or reached a limit. With what it logged.
    #[error("importing main.py failed: {why}")]
    Import { why: String, log: Vec<LogLine> },
    #[error("{IMPORTS_MAX} uploads of the organisation are being imported already")]
    Busy,
    #[error(transparent)]
    Engine(#[from] NotOpen),
    #[error(transparent)]
    Runtime(#[from] actiond_runtime::Error),
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error("cannot unpack the bundle: {0}")]
    Files(String),
}

/// What a plan is made from besides the action.
#[derive(Debug, Clone)]
pub(super) struct Making {
    pub(super) engines: Engines,
    pub(super) store: Store,
    /// Where bundles are unpacked.
    pub(super) folder: PathBuf,
    pub(super) bundle_limits: bundle::Limits,
    /// Of what is installed for a bundle.
    pub(super) package_limits: bundle::Limits,
    /// The bounds that are not an action's to choose.
    pub(super) limits: Limits,
    pub(super) import_wall: Duration,
    /// Of a run whose action does not say.
    pub(super) memory: MemoryDefaults,
    /// The most that a run may reach on the network.
    pub(super) grants: Grants,
    /// What runs are told when their organisation has no origin of its own.
    pub(super) public_url: String,
}

type Cell = Arc<OnceCell<Arc<Plan>>>;

/// An action as it was read lately, and how often it may run.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) action: Action,
    pub(crate) rate: Option<DefaultDirectRateLimiter>,
}

/// The plans of actions that were run lately.
#[derive(Debug)]
pub(super) struct Plans {
    making: Making,
    known: Mutex<LruCache<ActionId, Arc<Known>>>,
    kept: Mutex<LruCache<(ActionId, u32), Cell>>,
    /// Counts changes of actions and organisations.
    changes: AtomicU64,
}

impl Plans {
    pub(super) fn new(making: Making) -> Self {
        let (known, kept) = (LruCache::new(PLANS_MAX), LruCache::new(PLANS_MAX));
        Self { making, known: Mutex::new(known), kept: Mutex::new(kept), changes: AtomicU64::new(0) }
    }

    /// The action as it is now; `None` when the organisation has none of that id.
    pub(super) async fn known(&self, org: &OrgId, action: ActionId) -> store::Result<Option<Arc<Known>>> {
        if let Some(known) = lock(&self.known).get(&action) {
            // An id is no secret: whoever knows it has to be of the same organisation.
            return Ok((known.action.org == *org).then(|| known.clone()));
        }
        loop {
            let changes = self.changes.load(Ordering::Acquire);
            let org = org.clone();
            let found = self.making.store.read(move |view| view.action(&org, &action)).await?;
            let Some(found) = found else { return Ok(None) };
            let rate = found.policy.rate.and_then(limiter);
            let known = Arc::new(Known { action: found, rate });
            let mut cache = lock(&self.known);
            // What was read may be old already: it must not be kept after whoever changed it said so.
            if self.changes.load(Ordering::Acquire) == changes {
                cache.put(action, known.clone());
                return Ok(Some(known));
            }
        }
    }

    /// The plan of a version of `known`; made if need be, once for all who want it, on this thread.
    pub(super) async fn plan(&self, known: &Arc<Known>, version: u32) -> Result<Arc<Plan>, NotPrepared> {
        let key = (known.action.id, version);
        let cell = lock(&self.kept).get_or_insert(key, Cell::default).clone();
        let changes = self.changes.load(Ordering::Acquire);
        let make = async { self.making.load(known.action.clone(), version).await.map(Arc::new) };
        let plan = cell.get_or_try_init(|| make).await?.clone();
        let is_known = lock(&self.known).peek(&known.action.id).is_some_and(|now| Arc::ptr_eq(now, known));
        if self.changes.load(Ordering::Acquire) != changes || !is_known {
            // It may have been made from what is no longer so; whoever comes next makes it anew.
            lock(&self.kept).pop(&key);
        }
        Ok(plan)
    }

    /// Makes the plan of an action that is not saved yet: what an upload has to pass.
    pub(super) async fn draft(&self, draft: Draft, cancel: &CancellationToken) -> Result<Plan, NotPrepared> {
        self.making.make(draft, cancel).await
    }

    /// The action was changed or is gone: what was made for it is made anew. `gone`: its images are of no use to anybody
    /// any more.
    pub(super) fn forget(&self, action: ActionId, gone: bool) {
        // In this order: who read the action before it was changed does not keep it, and no plan made of it.
        self.changes.fetch_add(1, Ordering::AcqRel);
        lock(&self.known).pop(&action);
        for plan in self.forget_where(|(id, _), _| *id == action) {
            if gone && let Err(error) = plan.engine.forget(&plan.prepared) {
                tracing::warn!(error = %error, "the image of action {action} stays until it is pruned");
            }
        }
    }

    /// An organisation's settings were changed.
    pub(super) fn forget_org(&self, org: &OrgId) {
        self.changes.fetch_add(1, Ordering::AcqRel);
        self.forget_where(|_, cell| cell.get().is_some_and(|plan| plan.action.org == *org));
    }

    fn forget_where(&self, which: impl Fn(&(ActionId, u32), &Cell) -> bool) -> Vec<Arc<Plan>> {
        let mut kept = lock(&self.kept);
        let keys: Vec<_> = kept.iter().filter(|(key, cell)| which(key, cell)).map(|(key, _)| *key).collect();
        keys.iter().filter_map(|key| kept.pop(key)?.get().cloned()).collect()
    }
}

impl Making {
    async fn load(&self, action: Action, version: u32) -> Result<Plan, NotPrepared> {
        let (id, org) = (action.id, action.org.clone());
        let read = self.store.read(move |view| {
            let found = view.version(&id, version)?.ok_or(NotPrepared::NoVersion(version))?;
            let zip = view.bundle(&found.bundle)?.ok_or(NotPrepared::NoVersion(version))?;
            let packages = view.packages(&found)?;
            let organisation = view.organisation(&org)?.ok_or(NotPrepared::NoAction)?;
            Ok::<_, NotPrepared>((zip, packages, found.guest, organisation))
        });
        let (zip, packages, guest, organisation) = read.await?;
        let draft =
            Draft { action, organisation, zip: zip.into(), packages: packages.map(Into::into), guest };
        self.make(draft, &CancellationToken::new()).await
    }

    async fn make(&self, draft: Draft, cancel: &CancellationToken) -> Result<Plan, NotPrepared> {
        let Draft { action, organisation, zip, packages, guest } = draft;
        let engine = self.engines.of(guest).await?;
        let origin = origin(&organisation, &action.service_account, &self.public_url);
        let (folder, limits, package_limits) = (self.folder.clone(), self.bundle_limits, self.package_limits);
        let unpacking = tokio::task::spawn_blocking(move || {
            Unpacked::new(&zip, packages.as_deref(), &folder, (&limits, &package_limits))
        });
        let unpacked = unpacking.await.map_err(|error| NotPrepared::Files(error.to_string()))?;
        let unpacked = unpacked.map_err(|error| match error {
            unpacked::Error::Refused(why) => NotPrepared::Bundle(why),
            files @ unpacked::Error::Folder { .. } => NotPrepared::Files(files.to_string()),
        })?;
        let limits = self.limits_of(&action, guest);
        let grants = self.grants_of(&action, &organisation);
        let mut env = action.env.clone();
        // What the owner set goes before what we say.
        env.extend(origin.into_iter().filter(|(key, _)| !action.env.iter().any(|(own, _)| own == key)));
        env.sort_unstable();
        let source = Source { root: unpacked.root.clone(), digest: unpacked.digest, env };
        let import_limits = Limits { wall: self.import_wall, ..limits.clone() };
        let prepared = match engine.prepare(source, &import_limits, cancel).await? {
            Preparation::Ready(prepared) => prepared,
            Preparation::NoMain(_) => return Err(NotPrepared::NoMain),
            Preparation::Failed(outcome) => return Err(import_failed(outcome)),
        };
        let number = PLANS_MADE.fetch_add(1, Ordering::Relaxed);
        Ok(Plan { action, limits, engine, prepared, grants, number, _unpacked: unpacked })
    }

    /// What the operator, the organisation and the action have to say, and each of them has to allow.
    fn grants_of(&self, action: &Action, org: &Organisation) -> Grants {
        // Runs are told of it, so they may reach it, where the operator allows that.
        let origin = origin_rule(org.origin.url.as_ref().unwrap_or(&self.public_url));
        let with_origin = |rules: &[Rule]| rules.iter().cloned().chain(origin.clone()).collect::<Vec<_>>();
        let is_unverified = org.unverified_tls && action.policy.unverified_tls;
        let unverified = if is_unverified { self.grants.unverified_tls() } else { Unverified::Refused };
        let grants = self.grants.clone().within(with_origin(&org.egress)).with_unverified_tls(unverified);
        match &action.policy.egress {
            Some(rules) => grants.within(with_origin(rules)),
            None => grants,
        }
    }

    fn limits_of(&self, action: &Action, guest: GuestKind) -> Limits {
        let policy = &action.policy;
        Limits {
            fuel: policy.fuel,
            wall: policy.wall,
            memory_bytes: policy.memory_bytes.unwrap_or_else(|| self.memory.of(guest)),
            ..self.limits.clone()
        }
    }
}

/// `ORIGIN_CLUSTER_URL` and `ORIGIN_CLUSTER_TOKEN` for an action of that service account.
fn origin(org: &Organisation, service_account: &str, public_url: &str) -> Vec<(String, String)> {
    use base64::Engine as _;
    let url = org.origin.url.clone().unwrap_or_else(|| public_url.to_owned());
    let token = service_account.parse().ok().and_then(|email| org.origin.tokens.get(&email));
    let token = token.map_or("", String::as_str);
    let token = base64::engine::general_purpose::STANDARD.encode(format!("{service_account}:{token}"));
    vec![("ORIGIN_CLUSTER_URL".to_owned(), url), ("ORIGIN_CLUSTER_TOKEN".to_owned(), token)]
}

/// The rule that allows what an address names.
fn origin_rule(url: &str) -> Option<Rule> {
    let url = reqwest::Url::parse(url).ok()?;
    format!("{}:{}", url.host_str()?, url.port_or_known_default()?).parse().ok()
}

fn import_failed(outcome: Outcome) -> NotPrepared {
    let why = match outcome.end {
        End::Raised(exception) => exception.traceback.trim_end().to_owned(),
        End::Stopped(stop) => format!("it was stopped by the limit on {}", stop.as_str()),
        End::Cancelled => "it was cancelled".to_owned(),
        End::Returned(_) => "it ended early".to_owned(),
    };
    NotPrepared::Import { why, log: outcome.logs }
}

fn limiter(rate: Rate) -> Option<DefaultDirectRateLimiter> {
    let runs = std::num::NonZeroU32::new(rate.runs)?;
    let quota = Quota::with_period(rate.per.checked_div(rate.runs)?)?.allow_burst(runs);
    Some(RateLimiter::direct(quota))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

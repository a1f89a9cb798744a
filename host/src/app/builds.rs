//! Uploads that nobody waits for: what is done about each of them, and what became of it. Known until the server ends, or
//! until there were many others.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use lru::LruCache;
use tokio::{sync::Semaphore, task::JoinSet};

use super::{
    actions::{NotSaved, Upload, Uploaded},
    state::App,
};
use crate::{
    clock,
    deps::Watch,
    model::id::{ActionId, OrgId},
    random,
};

/// Uploads that are remembered.
const BUILDS_MAX: NonZeroUsize = NonZeroUsize::new(1_000).expect("it is not zero");
/// Uploads under way at one time: each holds its zip in memory.
const RUNNING_MAX: usize = 16;
/// Of one upload.
const LINES_MAX: usize = 500;

/// All of them.
#[derive(Debug)]
pub(super) struct Builds {
    known: Mutex<LruCache<ActionId, Arc<Build>>>,
    turns: Arc<Semaphore>,
    tasks: Mutex<JoinSet<()>>,
}

/// An upload that nobody waits for.
#[derive(Debug)]
pub(crate) struct Build {
    pub(crate) id: ActionId,
    pub(crate) org: OrgId,
    pub(crate) began: Timestamp,
    progress: Mutex<Progress>,
}

/// How far it is.
#[derive(Debug, Clone)]
pub(crate) struct Progress {
    pub(crate) stage: Stage,
    pub(crate) lines: Vec<String>,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stage {
    Running,
    Saved(ActionId),
    /// Nothing was saved.
    Failed(Failed),
}

/// Why nothing was saved, as whoever had waited would have been told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failed {
    pub(crate) status: u16,
    pub(crate) word: &'static str,
    pub(crate) message: String,
}

impl Default for Builds {
    fn default() -> Self {
        let known = Mutex::new(LruCache::new(BUILDS_MAX));
        Self { known, turns: Arc::new(Semaphore::new(RUNNING_MAX)), tasks: Mutex::default() }
    }
}

impl Build {
    pub(crate) fn progress(&self) -> Progress {
        lock(&self.progress).clone()
    }

    fn tell(&self, line: &str) {
        let mut progress = lock(&self.progress);
        if progress.lines.len() < LINES_MAX {
            progress.lines.push(line.to_owned());
        }
    }

    fn end(&self, saved: Result<Uploaded, Failed>) {
        lock(&self.progress).stage = match saved {
            Ok(saved) => Stage::Saved(saved.id),
            Err(failed) => Stage::Failed(failed),
        };
    }
}

impl App {
    /// Begins an upload that goes on when whoever asked goes away. `None`: too many are under way. `tell` says how a failure is
    /// told.
    pub(crate) fn begin_upload(&self, upload: Upload, tell: fn(NotSaved) -> Failed) -> Option<Arc<Build>> {
        let turn = self.builds().turns.clone().try_acquire_owned().ok()?;
        let began = clock::now();
        let progress = Mutex::new(Progress { stage: Stage::Running, lines: Vec::new() });
        let id = ActionId::new(began, random::bytes());
        let build = Arc::new(Build { id, org: upload.org.clone(), began, progress });
        lock(&self.builds().known).put(id, build.clone());
        let (app, told) = (self.clone(), build.clone());
        let mut tasks = lock(&self.builds().tasks);
        // Those that ended are let go of.
        while tasks.try_join_next().is_some() {}
        tasks.spawn(async move {
            let seen = told.clone();
            let watch = Watch::new(move |line| seen.tell(line));
            told.end(app.upload_seen(upload, &watch).await.map_err(tell));
            drop(turn);
        });
        Some(build)
    }

    /// An upload of that organisation.
    pub(crate) fn build(&self, org: &OrgId, id: &ActionId) -> Option<Arc<Build>> {
        lock(&self.builds().known).get(id).filter(|build| build.org == *org).cloned()
    }

    /// Ends uploads that are under way: nothing of them is saved.
    pub(crate) async fn end_uploads(&self) {
        let mut tasks = std::mem::take(&mut *lock(&self.builds().tasks));
        tasks.shutdown().await;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! A run in memory: from being asked for or begun to its end. Whoever waits for it, follows its log or cancels it does so
//! here; what is kept of it is written by `finish.rs`.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::model::{
    id::{ActionId, OrgId},
    run::{Failure, LogLine, Run, Status},
};

/// One run in memory.
#[derive(Debug)]
pub(crate) struct Live {
    state: Mutex<State>,
    /// JSON: what `main` gets.
    pub(crate) input: String,
    pub(crate) cancel: CancellationToken,
    /// Cancelled because the server ends, not because somebody asked for it.
    interrupted: AtomicBool,
    /// How many lines there are. Apart from `ended`: a line wakes nobody who waits for the end only.
    lines: watch::Sender<usize>,
    ended: watch::Sender<Option<Arc<Ended>>>,
}

#[derive(Debug)]
struct State {
    run: Run,
    /// Whether somebody was told that it happens whatever becomes of us: it is in the store then.
    accepted: bool,
    log: Vec<LogLine>,
}

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) run: Run,
    /// JSON; only of a run that returned.
    pub(crate) result: Option<String>,
}

/// A log while it is written.
#[derive(Debug)]
pub(crate) struct Follow {
    live: Arc<Live>,
    lines: watch::Receiver<usize>,
    ended: watch::Receiver<Option<Arc<Ended>>>,
    /// Of this attempt.
    attempt: u32,
    seen: usize,
}

impl Ended {
    /// The end of a run that the server's own end cut off.
    pub(super) fn interrupted(run: Run) -> Arc<Self> {
        let run = Run { status: Status::Interrupted, error: Some(Failure::Interrupted), ..run };
        Arc::new(Self { run, result: None })
    }

    /// The server ends before the run begins: it stays queued.
    pub(super) fn put_off(run: Run) -> Arc<Self> {
        Arc::new(Self { run, result: None })
    }

    pub(super) fn cancelled(run: Run) -> Arc<Self> {
        let run = Run { status: Status::Cancelled, error: Some(Failure::Cancelled), ..run };
        Arc::new(Self { run, result: None })
    }
}

impl Live {
    pub(crate) fn new(run: Run, input: String, accepted: bool) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State { run, accepted, log: Vec::new() }),
            input,
            cancel: CancellationToken::new(),
            interrupted: AtomicBool::new(false),
            lines: watch::Sender::new(0),
            ended: watch::Sender::new(None),
        })
    }

    /// The run as it is now.
    pub(crate) fn run(&self) -> Run {
        self.state().run.clone()
    }

    /// Its action, while it runs.
    pub(super) fn running_action(&self) -> Option<ActionId> {
        let state = self.state();
        (state.run.status == Status::Running).then_some(state.run.action)
    }

    /// Whether it runs now, in that organisation.
    pub(super) fn runs_in(&self, org: &OrgId) -> bool {
        let state = self.state();
        state.run.status == Status::Running && state.run.org == *org
    }

    /// Changes the run in memory; the run after it, and whether it is in the store too.
    pub(super) fn update(&self, change: impl FnOnce(&mut Run)) -> (Run, bool) {
        let mut state = self.state();
        change(&mut state.run);
        (state.run.clone(), state.accepted)
    }

    /// What an attempt came to, at once: `decide` is told whether the run is in the store too.
    pub(super) fn end_attempt(&self, decide: impl FnOnce(&mut Run, bool)) -> (Run, bool) {
        let mut state = self.state();
        let accepted = state.accepted;
        decide(&mut state.run, accepted);
        (state.run.clone(), accepted)
    }

    /// From now on it is in the store too: the run to be written there, `None` when it is already. To be called by the
    /// store's writer, so that whoever sees that it was accepted is written down after it.
    pub(super) fn accept(&self) -> Option<Run> {
        let mut state = self.state();
        let was_accepted = std::mem::replace(&mut state.accepted, true);
        (!was_accepted).then(|| state.run.clone())
    }

    pub(super) fn push_line(&self, line: LogLine) {
        let lines = {
            let mut state = self.state();
            state.log.push(line);
            state.log.len()
        };
        self.lines.send_replace(lines);
    }

    /// Another attempt begins: what the last one logged is in the store.
    pub(super) fn begin_attempt(&self) {
        self.state().log.clear();
    }

    /// Tells everybody who waits.
    pub(super) fn end(&self, ended: Arc<Ended>) {
        self.ended.send_replace(Some(ended));
    }

    /// The server ends: the run is stopped and recorded as interrupted.
    pub(super) fn interrupt(&self) {
        self.interrupted.store(true, Ordering::Relaxed);
        self.cancel.cancel();
    }

    /// Whether somebody asked for it to be stopped.
    pub(super) fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled() && !self.is_interrupted()
    }

    pub(super) fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// Waits for the end.
    pub(crate) async fn ended(&self) -> Arc<Ended> {
        let mut ended = self.ended.subscribe();
        loop {
            if let Some(ended) = ended.borrow_and_update().clone() {
                return ended;
            }
            if ended.changed().await.is_err() {
                // The sender is ours: it lives as long as `self`.
                std::future::pending::<()>().await;
            }
        }
    }

    /// The log so far, of this attempt.
    pub(crate) fn log(&self) -> Vec<LogLine> {
        self.state().log.clone()
    }

    /// Follows the log from its first line.
    pub(crate) fn follow(self: &Arc<Self>) -> Follow {
        Follow {
            live: self.clone(),
            lines: self.lines.subscribe(),
            ended: self.ended.subscribe(),
            attempt: 0,
            seen: 0,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Follow {
    /// The next lines; `None` after the last ones. Lines that were written down meanwhile are in the store.
    pub(crate) async fn next(&mut self) -> Option<Vec<LogLine>> {
        loop {
            let ended = self.ended.borrow_and_update().is_some();
            self.lines.mark_unchanged();
            let lines: Vec<LogLine> = {
                let state = self.live.state();
                let attempt = state.log.last().map_or(self.attempt, |line| line.attempt);
                if attempt != self.attempt {
                    (self.attempt, self.seen) = (attempt, 0);
                }
                state.log.get(self.seen..).unwrap_or_default().to_vec()
            };
            if !lines.is_empty() {
                self.seen += lines.len();
                return Some(lines);
            }
            if ended {
                return None;
            }
            // The senders live as long as `live`, which is ours too.
            let _ = tokio::select! {
                changed = self.lines.changed() => changed,
                changed = self.ended.changed() => changed,
            };
        }
    }
}

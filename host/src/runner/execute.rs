//! One run: from its turn to its outcome. What the outcome means is decided in `finish.rs`.

use std::sync::Arc;

use actiond_runtime::{Kept, Outcome, Saved};
use jiff::{SignedDuration, Timestamp};
use tracing::{Instrument as _, Span};

use super::{
    call::Call,
    deadline::Later,
    live::{Ended, Live},
    plan::{Known, NotPrepared, Plan},
    start::{Entry, Inner},
};
use crate::{
    clock,
    model::{
        id::{ActionId, OrgId, RunId},
        run::{Failure, Run, Status, Trigger},
        trace::TraceContext,
    },
    store,
    telemetry::adopt,
    vault::Bound,
};

/// When the store could not take that a run begins, it is tried again after this.
const BEGIN_RETRY: SignedDuration = SignedDuration::from_secs(5);

/// Stored memory begins with this when it is encrypted.
pub(super) const SEALED: &[u8] = b"ACTSEALD";

/// What an attempt came to.
pub(super) enum Attempt {
    /// It ran, by the action's own doing or ours.
    Ran { outcome: Outcome, state: Option<Vec<u8>>, remark: Option<&'static str> },
    /// `main.py` could not be imported, or something on our side failed.
    Failed(Failure),
}

/// Why `main` was not called to its end, by our own fault.
#[derive(Debug, thiserror::Error)]
enum CallFailed {
    #[error(transparent)]
    Runtime(#[from] actiond_runtime::Error),
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Inner {
    /// Begins whatever may begin now.
    pub(super) fn advance(self: &Arc<Self>) {
        loop {
            let next = self.lanes().next();
            let Some(entry) = next else { return };
            let (inner, org) = (self.clone(), entry.org.clone());
            self.running.send_modify(|running| *running += 1);
            let turn = Turn {
                inner: self.clone(),
                org: org.clone(),
                action: entry.action,
                id: entry.id,
                trigger: entry.trigger,
                done: false,
            };
            self.executor.spawn(&org, async move {
                // Gives the turn back, also when this panics.
                let mut turn = turn;
                let ended = inner.run(entry).await;
                turn.done = true;
                // First: whoever is told that the run ended finds its place free.
                drop(turn);
                if let Some((live, ended)) = ended {
                    live.end(ended);
                }
            });
        }
    }

    /// What whoever waits is to be told; `None` when that was done, or the run goes on later.
    async fn run(self: &Arc<Self>, entry: Entry) -> Option<(Arc<Live>, Arc<Ended>)> {
        match self.begin(&entry).await {
            Ok(Some((live, began))) => {
                let attempt = self.attempt(&live, began).instrument(span_of(&live.run())).await;
                let ended = self.finish(&live, attempt, began).await?;
                return Some((live, ended));
            }
            // Cancelled while it waited, or gone with its action.
            Ok(None) => self.left(&entry),
            Err(error) => {
                tracing::error!(run.id = %entry.id, error = %error, "run {} cannot be begun: trying again", entry.id);
                let again = clock::now().checked_add(BEGIN_RETRY).unwrap_or(Timestamp::MAX);
                self.delayed.push(again, Later::Run(entry));
            }
        }
        None
    }

    /// Marks a run as running: on the disk before it begins, so that it is not begun a second time should we die. `None`
    /// when it is not to be run any more.
    async fn begin(&self, entry: &Entry) -> store::Result<Option<(Arc<Live>, Timestamp)>> {
        let Some(live) = self.load(entry.id).await? else { return Ok(None) };
        let waited = live.run();
        if waited.status.is_final() {
            return Ok(None);
        }
        live.begin_attempt();
        let began = clock::now();
        let (run, accepted) = live.update(|run| {
            run.status = Status::Running;
            run.started_at = Some(began);
        });
        if accepted {
            let begun = self.store.settle(move |change| {
                let kept = change.run(&run.id)?.filter(|kept| kept.status == Status::Queued);
                let Some(kept) = kept else { return Ok(false) };
                change.remove_queued(&waited);
                change.put_running(&run);
                // Equal ones that came meanwhile were counted there.
                change.put_run(&Run { coalesced: kept.coalesced, ..run })?;
                Ok::<_, store::Error>(true)
            });
            match begun.await {
                Ok(true) => {}
                Ok(false) => return Ok(None),
                Err(error) => {
                    live.update(|run| run.status = Status::Queued);
                    return Err(error);
                }
            }
        }
        Ok(Some((live, began)))
    }

    /// A run that is not begun any more.
    fn left(&self, entry: &Entry) {
        if entry.trigger.is_timed() {
            self.timed_ended(&entry.action);
        }
        let left = self.lives().remove(&entry.id);
        if let Some(live) = left {
            live.end(Ended::cancelled(live.run()));
        }
    }

    /// The run in memory; read from the store if it waits there. `None` when it does not wait any more.
    pub(super) async fn load(&self, id: RunId) -> store::Result<Option<Arc<Live>>> {
        if let Some(live) = self.lives().get(&id).cloned() {
            return Ok(Some(live));
        }
        let found = self.store.read(move |view| {
            let waits = view.run(&id)?.filter(|run| run.status == Status::Queued);
            let Some(run) = waits else { return Ok(None) };
            let input = view.run_input(&id)?.unwrap_or_default();
            Ok::<_, store::Error>(Some((run, String::from_utf8_lossy(&input).into_owned())))
        });
        let Some((run, input)) = found.await? else { return Ok(None) };
        Ok(Some(self.lives().entry(id).or_insert_with(|| Live::new(run, input, true)).clone()))
    }

    async fn attempt(&self, live: &Arc<Live>, began: Timestamp) -> Attempt {
        let run = live.run();
        let known = match self.plans.known(&run.org, run.action).await {
            Ok(Some(known)) => known,
            Ok(None) => return Attempt::Failed(internal(NotPrepared::NoAction.to_string())),
            Err(error) => return Attempt::Failed(internal(error.to_string())),
        };
        let plan = match self.plan(&run, &known).await {
            Ok(plan) => plan,
            Err(why) => return Attempt::Failed(not_prepared(why)),
        };
        let secrets = match self.secrets.of(&run.org, run.action).await {
            Ok(secrets) => secrets,
            Err(why) => return Attempt::Failed(internal(why.to_string())),
        };
        let call = Call::new(live, &run, began, secrets.clone(), plan.grants.clone());
        // Another version than the one that runs now has no part in the action's memory.
        let ran = if plan.action.policy.stateful && run.version == known.action.version {
            self.call_stateful(&call, &plan).await
        } else {
            self.call_afresh(&call, &plan).await
        };
        let mut ran = ran.unwrap_or_else(|error| Attempt::Failed(failed(&error)));
        if let (Attempt::Ran { outcome, .. }, Some(mask)) = (&mut ran, &secrets.mask) {
            mask.end(&mut outcome.end);
            mask.connections(&mut outcome.connections);
        }
        ran
    }

    async fn plan(&self, run: &Run, known: &Arc<Known>) -> Result<Arc<Plan>, NotPrepared> {
        self.plans.plan(known, run.version).await
    }

    async fn call_afresh(&self, call: &Call<'_>, plan: &Plan) -> Result<Attempt, CallFailed> {
        let sandbox = plan.engine.start(&plan.prepared, &plan.limits)?;
        let outcome = sandbox.call(call.input()).await?;
        Ok(Attempt::Ran { outcome, state: None, remark: None })
    }

    /// A run that goes on where the last one ended.
    async fn call_stateful(&self, call: &Call<'_>, plan: &Plan) -> Result<Attempt, CallFailed> {
        let action = plan.action.id;
        let (saved, mut remark) = match self.memories.take(action, plan.number) {
            Some(saved) => (Some(saved), None),
            None => self.remember(action, plan).await?,
        };
        let sandbox = match &saved {
            Some(saved) => plan.engine.resume(saved, &plan.limits)?,
            None => plan.engine.start(&plan.prepared, &plan.limits)?,
        };
        let (outcome, kept) = sandbox.call_and_keep(call.input()).await?;
        let state = match kept {
            Kept::Saved { saved, bytes } => {
                self.memories.put(action, plan.number, saved);
                // What a script was told may be anywhere in there.
                Some(if call.secrets.is_empty() { bytes } else { self.sealed(action, &bytes) })
            }
            Kept::Forgotten => None,
            Kept::Refused(why) => {
                remark = Some(why);
                None
            }
        };
        if state.is_none()
            && let Some(saved) = saved
        {
            self.memories.put(action, plan.number, saved);
        }
        Ok(Attempt::Ran { outcome, state, remark })
    }

    /// The memory that the store has of a stateful action; none before its first run.
    async fn remember(
        &self,
        action: ActionId,
        plan: &Plan,
    ) -> Result<(Option<Saved>, Option<&'static str>), CallFailed> {
        let kept = self.store.read(move |view| view.state(&action)).await?;
        let Some(bytes) = kept else { return Ok((None, None)) };
        let restored = match bytes.strip_prefix(SEALED) {
            None => plan.engine.restore(&plan.prepared, &bytes)?,
            Some(sealed) => match self.secrets.vault().unseal(Bound::Memory(&action), sealed) {
                Ok(bytes) => plan.engine.restore(&plan.prepared, &bytes)?,
                Err(_) => return Ok((None, Some("it was encrypted with another key: it begins anew"))),
            },
        };
        let lost =
            restored.is_none().then_some("it was of another version, environment or guest: it begins anew");
        Ok((restored, lost))
    }

    /// The memory of an action that was told secrets, as it is stored.
    fn sealed(&self, action: ActionId, bytes: &[u8]) -> Vec<u8> {
        [SEALED, &self.secrets.vault().seal(Bound::Memory(&action), bytes)].concat()
    }

    /// Tells whoever waits that the server ends: the run is queued still if it was accepted, and does not happen otherwise.
    pub(super) fn give_up(&self, id: &RunId) {
        let waiting = self.lives().remove(id);
        let Some(live) = waiting else { return };
        let (run, accepted) = live.update(|_| ());
        live.end(if accepted { Ended::put_off(run) } else { Ended::interrupted(run) });
    }
}

/// The run's place in its trace.
fn span_of(run: &Run) -> Span {
    let span = tracing::info_span!("run", run.id = %run.id, action.id = %run.action, org = %run.org);
    if let Some(parent) = TraceContext::parse(&run.traceparent) {
        adopt(&span, &parent);
    }
    span
}

fn not_prepared(why: NotPrepared) -> Failure {
    match why {
        NotPrepared::Import { why, .. } => {
            let message = why.lines().next_back().unwrap_or_default().to_owned();
            Failure::Raised { kind: "ImportFailed".to_owned(), message, traceback: why }
        }
        NotPrepared::Runtime(error) => failed(&error),
        NotPrepared::Engine(error) => failed(&error),
        other @ (NotPrepared::NoAction
        | NotPrepared::NoVersion(_)
        | NotPrepared::Bundle(_)
        | NotPrepared::NoMain
        | NotPrepared::Busy
        | NotPrepared::Store(_)
        | NotPrepared::Files(_)) => internal(other.to_string()),
    }
}

fn failed(error: &dyn std::error::Error) -> Failure {
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        message = format!("{message}: {cause}");
        source = cause.source();
    }
    internal(message)
}

fn internal(message: String) -> Failure {
    Failure::Internal { message }
}

/// A run's turn: given back when it ends, however it does.
struct Turn {
    inner: Arc<Inner>,
    org: OrgId,
    action: ActionId,
    id: RunId,
    trigger: Trigger,
    /// Whether all was done that is to be done with it.
    done: bool,
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.done {
            // A panic of ours, or the executor is gone.
            if self.trigger.is_timed() {
                self.inner.timed_ended(&self.action);
            }
            let left = self.inner.lives().remove(&self.id);
            if let Some(live) = left {
                live.end(Ended::interrupted(live.run()));
            }
        }
        self.inner.lanes().ended(&self.org, self.action);
        self.inner.running.send_modify(|running| *running -= 1);
        self.inner.advance();
    }
}

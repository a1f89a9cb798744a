//! A rehearsal: code that is not saved runs once, as it would if it was, and leaves nothing
//! behind but its image: one of many in a cache of bounded size, where saving the same code finds it.

use std::sync::Arc;

use super::{
    ask::Refused,
    call::Call,
    execute::Attempt,
    finish::{Came, read, status_of},
    live::Live,
    plan::{Draft, NotPrepared},
    start::{Inner, Runner},
};
use crate::{
    clock,
    model::run::{Connection, LogLine, Run, Status, Trigger},
};

/// What a rehearsal came to.
#[derive(Debug)]
pub(crate) struct Rehearsed {
    /// As a run's record would have it; it is kept nowhere.
    pub(crate) run: Run,
    /// JSON; only of one that returned.
    pub(crate) result: Option<String>,
    pub(crate) log: Vec<LogLine>,
    pub(crate) connections: Vec<Connection>,
}

/// Why nothing ran.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotRehearsed {
    #[error(transparent)]
    Prepare(#[from] NotPrepared),
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error("{0}")]
    Secrets(String),
}

impl Runner {
    /// Whether an input is short enough: told before anything is made for it.
    pub(crate) fn fits(&self, input: &str) -> Result<(), Refused> {
        let (bytes, bytes_max) = (input.len(), self.0.input_bytes_max);
        if bytes > bytes_max { Err(Refused::TooLarge { bytes, bytes_max }) } else { Ok(()) }
    }

    /// Imports the draft and calls its `main`, on a guest thread, with the limits, secrets and rules that it would have. Counts
    /// as an import: an organisation has a few of them at one time. When whoever waits goes away, it is stopped.
    pub(crate) async fn rehearse(
        &self,
        draft: Draft,
        input: String,
        traceparent: String,
    ) -> Result<Rehearsed, NotRehearsed> {
        let (now, org) = (clock::now(), draft.action.org.clone());
        if self.is_draining() {
            return Err(Refused::Draining.into());
        }
        self.fits(&input)?;
        let bytes = input.len();
        if let Some(wait) = self.0.budgets.wait(&org, now) {
            return Err(Refused::Fuel { wait }.into());
        }
        let importing = self.0.imports.begin(&org).ok_or(NotPrepared::Busy)?;
        let run = Run {
            id: self.0.next_id(now),
            org: org.clone(),
            action: draft.action.id,
            version: draft.action.version,
            trigger: Trigger::Test,
            due: None,
            status: Status::Running,
            queued_at: now,
            not_before: now,
            started_at: None,
            ended_at: None,
            attempt: 1,
            parent: None,
            error: None,
            usage: None,
            traceparent,
            input_bytes: bytes as u64,
            result_bytes: 0,
            log_bytes: 0,
            coalesced: 0,
            dead: false,
        };
        let live = Live::new(run, input, false);
        let _guard = live.cancel.clone().drop_guard();
        let (tell, told) = tokio::sync::oneshot::channel();
        let inner = self.0.clone();
        self.0.executor.spawn(&org, async move {
            let rehearsed = inner.rehearse(draft, &live).await;
            drop(importing);
            let _ = tell.send(rehearsed);
        });
        told.await.map_err(|_| NotPrepared::Files("the rehearsal died".to_owned()))?
    }
}

impl Inner {
    async fn rehearse(&self, draft: Draft, live: &Arc<Live>) -> Result<Rehearsed, NotRehearsed> {
        let plan = self.plans.draft(draft, &live.cancel).await?;
        let secrets = self.secrets.of(&plan.action.org, plan.action.id).await;
        let secrets = secrets.map_err(|why| NotRehearsed::Secrets(why.to_string()))?;
        let began = clock::now();
        let (run, _) = live.update(|run| run.started_at = Some(began));
        let call = Call::new(live, &run, began, secrets.clone(), plan.grants.clone());
        let sandbox = plan.engine.start(&plan.prepared, &plan.limits).map_err(NotPrepared::Runtime)?;
        let mut outcome = sandbox.call(call.input()).await.map_err(NotPrepared::Runtime)?;
        if let Some(mask) = &secrets.mask {
            mask.end(&mut outcome.end);
            mask.connections(&mut outcome.connections);
        }
        let attempt = Attempt::Ran { outcome, state: None, remark: None };
        let Came { failure, usage, result, connections, .. } = read(attempt, live, began);
        let now = clock::now();
        let (run, _) = live.update(|run| {
            run.ended_at = Some(now);
            run.usage = usage;
            run.status = status_of(failure.as_ref());
            run.error = failure;
        });
        self.charge(&run, now);
        Ok(Rehearsed { run, result, log: live.log(), connections })
    }
}

//! Cancelling, replaying and redriving runs.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    accept::Ticket,
    ask::{Ask, Refused},
    finish::count,
    live::Ended,
    start::Runner,
};
use crate::{
    clock,
    model::{
        id::RunId,
        run::{Failure, Run, Status, Trigger},
    },
    store::{self, Change},
};

impl Runner {
    /// Stops a run that runs, and takes one that waits out of the queue. The run as it was found; one that has ended stays
    /// as it is.
    pub(crate) async fn cancel(&self, id: RunId) -> store::Result<Option<Run>> {
        let live = self.live(&id);
        if let Some(live) = &live {
            // Before anything else: if it begins, ends or is to be tried again meanwhile, that is seen there.
            live.cancel.cancel();
            let run = live.run();
            if run.status != Status::Queued {
                return Ok(Some(run));
            }
        }
        let now = clock::now();
        let cancelled = self.0.store.settle(move |change| cancel_queued(change, &id, now)).await?;
        let Some(run) = &cancelled else { return Ok(None) };
        match run.status {
            Status::Cancelled => {
                // Unless it was cancelled before.
                if run.ended_at == Some(now) {
                    self.0.tally.add(run);
                }
                if let Some(live) = live {
                    let (run, _) = live.update(|own| *own = run.clone());
                    self.0.lives().remove(&id);
                    live.end(Arc::new(Ended { run, result: None }));
                }
            }
            Status::Running => {
                // It was in the store alone, and began meanwhile.
                if let Some(live) = self.live(&id) {
                    live.cancel.cancel();
                }
            }
            Status::Queued | Status::Completed | Status::Errored | Status::Interrupted => {}
        }
        Ok(cancelled)
    }

    /// Runs again what `run` ran: the same input, by the version that runs now or another one.
    pub(crate) async fn replay(
        &self,
        run: &Run,
        version: Option<u32>,
        traceparent: String,
    ) -> Result<Ticket, Refused> {
        let ask = self.again(run, version, traceparent).await?;
        self.accept(ask).await
    }

    /// Runs a dead letter again, and takes it from the list.
    pub(crate) async fn redrive(&self, run: &Run, traceparent: String) -> Result<Ticket, Refused> {
        let ask = self.again(run, None, traceparent).await?;
        self.accept(Ask { redrives: Some(run.id), ..ask }).await
    }

    async fn again(&self, run: &Run, version: Option<u32>, traceparent: String) -> Result<Ask, Refused> {
        let id = run.id;
        // One that somebody waits for is in memory alone until it ends.
        let input = match self.live(&id) {
            Some(live) => live.input.clone(),
            None => {
                let kept = self.0.store.read(move |view| view.run_input(&id)).await?;
                String::from_utf8(kept.ok_or(Refused::NoRun(id))?)
                    .map_err(|error| store::Error::Damaged { what: "input", why: error.to_string() })?
            }
        };
        Ok(Ask {
            org: run.org.clone(),
            action: run.action,
            version,
            trigger: Trigger::Replay,
            input,
            traceparent,
            parent: Some(id),
            redrives: None,
            due: None,
            waits: false,
            once: Vec::new(),
        })
    }

    /// Takes a run from the list of dead letters.
    pub(crate) async fn bury(&self, id: RunId) -> store::Result<()> {
        self.0.store.settle(move |change| bury(change, &id).map(|_| ())).await
    }
}

/// Takes a run that waits out of the queue. The run after it.
fn cancel_queued(change: &mut Change<'_>, id: &RunId, now: Timestamp) -> store::Result<Option<Run>> {
    let Some(mut run) = change.run(id)? else { return Ok(None) };
    if run.status == Status::Queued {
        change.remove_queued(&run);
        run.status = Status::Cancelled;
        run.error = Some(Failure::Cancelled);
        run.ended_at = Some(now);
        change.put_run(&run)?;
        let mut activity = change.activity(&run.action)?;
        count(&mut activity, &run, now, now);
        change.put_activity(&run.action, &activity)?;
    }
    Ok(Some(run))
}

/// Takes a run from the list of dead letters. Whether it was there.
pub(super) fn bury(change: &mut Change<'_>, id: &RunId) -> store::Result<bool> {
    let Some(mut run) = change.run(id)?.filter(|run| run.dead) else { return Ok(false) };
    run.dead = false;
    change.remove_dead(&run);
    change.put_run(&run)?;
    Ok(true)
}

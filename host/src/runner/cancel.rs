//! Cancelling, replaying and redriving runs.

use super::{
    accept::Ticket,
    ask::{Ask, Refused},
    live::Ended,
    start::Runner,
};
use crate::{
    clock,
    model::{
        id::RunId,
        run::{Failure, Run, Status, Trigger},
    },
    store,
};

impl Runner {
    /// Stops a run that runs, and takes one that waits out of the queue. The run as it was found; one that has ended stays
    /// as it is.
    pub(crate) async fn cancel(&self, id: RunId) -> store::Result<Option<Run>> {
        let live = self.live(&id);
        let waits = live.as_ref().is_none_or(|live| live.run().status == Status::Queued);
        if !waits && let Some(live) = live {
            live.cancel.cancel();
            return Ok(Some(live.run()));
        }
        let now = clock::now();
        let cancelled = self.0.store.settle(move |change| {
            let Some(mut run) = change.run(&id)? else { return Ok(None) };
            if run.status == Status::Queued {
                change.remove_queued(&run);
                run.status = Status::Cancelled;
                run.error = Some(Failure::Cancelled);
                run.ended_at = Some(now);
                change.put_run(&run)?;
                let mut activity = change.activity(&run.action)?;
                super::finish::count(&mut activity, &run, now, now);
                change.put_activity(&run.action, &activity)?;
            }
            Ok::<_, store::Error>(Some(run))
        });
        let cancelled = cancelled.await?;
        if let Some(live) = live {
            // It may have begun meanwhile: then this stops it.
            live.cancel.cancel();
            if let Some(run) = cancelled.as_ref().filter(|run| run.status == Status::Cancelled) {
                let (run, _) = live.update(|own| *own = run.clone());
                self.0.lives().remove(&id);
                live.end(std::sync::Arc::new(Ended { run, result: None }));
            }
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
        let id = run.id;
        let input = self.0.store.read(move |view| view.run_input(&id)).await?.unwrap_or_default();
        let input = String::from_utf8(input)
            .map_err(|error| store::Error::Damaged { what: "input", why: error.to_string() })?;
        self.accept(Ask {
            org: run.org.clone(),
            action: run.action,
            version,
            trigger: Trigger::Replay,
            input,
            traceparent,
            parent: Some(run.id),
            due: None,
            waits: false,
            once: Vec::new(),
        })
        .await
    }

    /// Runs a dead letter again, and takes it from the list.
    pub(crate) async fn redrive(&self, run: &Run, traceparent: String) -> Result<Ticket, Refused> {
        let ticket = self.replay(run, None, traceparent).await?;
        self.bury(run.id).await?;
        Ok(ticket)
    }

    /// Takes a run from the list of dead letters.
    pub(crate) async fn bury(&self, id: RunId) -> store::Result<()> {
        let buried = self.0.store.settle(move |change| {
            if let Some(mut run) = change.run(&id)? {
                run.dead = false;
                change.remove_dead(&run);
                change.put_run(&run)?;
            }
            Ok(())
        });
        buried.await
    }
}

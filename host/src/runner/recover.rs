//! Taking up what a process that died or ended left: running runs were interrupted, queued ones wait. And what begins
//! later, from then on.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::{
    accept::parallel,
    deadline::Later,
    finish::{count, may_be_tried_again},
    lanes::ActionBounds,
    start::{Entry, Inner, Runner},
};
use crate::{
    clock,
    model::{
        id::RunId,
        run::{Failure, Run, Status},
    },
    random,
    store::{self, Change},
};

/// What was found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Recovered {
    pub(crate) interrupted: usize,
    pub(crate) queued: usize,
}

impl Runner {
    /// Takes up what is in the store. Call it once, before anything is accepted.
    pub(crate) async fn recover(&self) -> store::Result<Recovered> {
        let now = clock::now();
        let interrupted = self.0.store.settle(move |change| interrupt_running(change, now)).await?;
        let queued: Vec<RunId> =
            self.0.store.read(|view| view.queued().collect::<store::Result<_>>()).await?;
        for run in interrupted.iter().filter(|run| run.dead) {
            self.0.tally.add(run);
        }
        let mut recovered = Recovered { interrupted: interrupted.len(), queued: 0 };
        for id in queued {
            let run = self.0.store.read(move |view| view.run(&id)).await?;
            if let Some(run) = run.filter(|run| run.status == Status::Queued) {
                if run.trigger.is_timed() {
                    *self.0.timed().entry(run.action).or_default() += 1;
                }
                recovered.queued += 1;
                self.0.delayed.push(run.not_before, Later::Run(Entry::new(&run)));
            }
        }
        Ok(recovered)
    }

    /// Begins what becomes due, until it is stopped.
    pub(crate) async fn begin_later(&self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let now = clock::now();
            for later in self.0.delayed.due(now) {
                match later {
                    Later::Run(entry) => self.0.take_place(entry).await,
                    Later::Fuel(org) => self.0.lanes().hold(&org, false),
                }
            }
            self.0.advance();
            let _ = stop.run_until_cancelled(self.0.delayed.wait(now)).await;
        }
    }
}

impl Inner {
    /// Puts a run that was accepted before where it waits for its turn.
    async fn take_place(self: &Arc<Self>, entry: Entry) {
        let (org, action) = (entry.org.clone(), entry.action);
        let bounds = match self.plans.known(&org, action).await {
            Ok(Some(known)) => {
                ActionBounds { parallel: parallel(&known), queue: known.action.policy.queue as usize }
            }
            // It is gone: the run finds that out by itself.
            Ok(None) | Err(_) => ActionBounds { parallel: 1, queue: 1 },
        };
        self.lanes().restore(&org, action, bounds, entry, 0);
    }
}

/// Ends what ran when the process died, or puts it in the queue again where its action says so. Those runs.
fn interrupt_running(change: &mut Change<'_>, now: Timestamp) -> store::Result<Vec<Run>> {
    let running: Vec<RunId> = change.running().collect::<store::Result<_>>()?;
    let mut interrupted = Vec::with_capacity(running.len());
    for id in &running {
        let Some(mut run) = change.run(id)? else { continue };
        change.remove_running(&run);
        if run.status != Status::Running {
            continue;
        }
        interrupt(change, &mut run, now)?;
        change.put_run(&run)?;
        interrupted.push(run);
    }
    Ok(interrupted)
}

fn interrupt(change: &mut Change<'_>, run: &mut Run, now: Timestamp) -> store::Result<()> {
    run.status = Status::Interrupted;
    run.error = Some(Failure::Interrupted);
    run.ended_at = Some(now);
    let Some(action) = change.action(&run.org, &run.action)? else { return Ok(()) };
    let wait = action.policy.retry.wait(run.attempt, u32::from_be_bytes(random::bytes()));
    if let Some(wait) = wait.filter(|_| may_be_tried_again(run.status)) {
        let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
        run.status = Status::Queued;
        run.ended_at = None;
        run.attempt += 1;
        run.not_before = now.checked_add(wait).unwrap_or(now);
        change.put_queued(run);
        return Ok(());
    }
    run.dead = true;
    change.put_dead(run);
    let mut activity = change.activity(&run.action)?;
    count(&mut activity, run, run.started_at.unwrap_or(now), now);
    change.put_activity(&run.action, &activity)
}

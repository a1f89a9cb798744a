//! The end of an attempt: what it means for the run, and what is written down of it, in one change.

use std::{sync::Arc, time::Duration};

use actiond_runtime::{End, Stop};
use jiff::{SignedDuration, Timestamp};

use super::{
    call::connection,
    deadline::Later,
    execute::Attempt,
    live::{Ended, Live},
    plan::Known,
    start::{Entry, Inner, Runner},
};
use crate::{
    clock,
    model::{
        action::Activity,
        id::{ActionId, RunId},
        policy::Retention,
        run::{Connection, Failure, LogLine, Run, Status, Usage},
    },
    random,
    store::{self, Change, encode_connections, encode_log},
    telemetry::Ran,
};

/// Runs of an action that are removed with one that ends, so that what is kept stays bounded without a sweep.
const REMOVED_AT_ONCE: usize = 4;

/// Whether the disk has room again is asked this often.
const RECORD_RETRY: Duration = Duration::from_secs(1);

/// Everything about an attempt that is written down.
struct Written {
    run: Run,
    accepted: bool,
    input: String,
    result: Option<String>,
    log: Vec<u8>,
    connections: Vec<u8>,
    state: Option<Vec<u8>>,
    /// Whether another attempt follows.
    again: bool,
    /// `None` when the action could not be read.
    retention: Option<Retention>,
}

impl Inner {
    /// Records an attempt. What whoever waits for the run is to be told; `None` when it is tried again.
    pub(super) async fn finish(
        self: &Arc<Self>,
        live: &Arc<Live>,
        attempt: Attempt,
        began: Timestamp,
    ) -> Option<Arc<Ended>> {
        let now = clock::now();
        let Came { failure, usage, result, state, remark, connections } = read(attempt, live, began);
        if let Some(why) = remark {
            live.push_line(remark_line(why, now, live.run().attempt));
        }
        let log = encode_log(&live.log()).unwrap_or_default();
        let reached = encode_connections(&connections).unwrap_or_default();
        let known = self.known_to(live).await;
        let retry = known.as_ref().map(|known| known.action.policy.retry);
        let retry = retry.filter(|_| !live.is_cancelled());
        let mut wait = None;
        let (run, accepted) = live.end_attempt(|run, accepted| {
            run.ended_at = Some(now);
            run.usage = usage;
            run.result_bytes = result.as_ref().map_or(0, |result| result.len() as u64);
            run.log_bytes += (log.len() + reached.len()) as u64;
            run.status = status_of(failure.as_ref());
            run.error = failure;
            if accepted && may_be_tried_again(run.status) {
                wait = retry.and_then(|retry| retry.wait(run.attempt, u32::from_be_bytes(random::bytes())));
                // What somebody cancelled is not to be redriven.
                run.dead = wait.is_none() && !live.is_cancelled();
            }
            if let Some(wait) = wait {
                run.attempt += 1;
                run.status = Status::Queued;
                run.ended_at = None;
                let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
                run.not_before = now.checked_add(wait).unwrap_or(now);
            }
        });
        let ended = Arc::new(Ended { run: run.clone(), result: result.clone() });
        let written = Written {
            run: run.clone(),
            accepted,
            input: live.input.clone(),
            result,
            log,
            connections: reached,
            state,
            again: wait.is_some(),
            retention: known.as_ref().map(|known| known.action.policy.retention),
        };
        if accepted {
            self.wait_for_room(&run).await;
        }
        let id = run.id;
        let recorded = self.store.record_later(
            move |change| write_down(change, written, began, now),
            move |error| tracing::error!(run.id = %id, error = %error, "run {id} cannot be recorded"),
        );
        // Whoever reads it from now on finds it there.
        recorded.await;
        self.count(&ended.run, now, known.is_some());
        self.metrics.run_connected(ended.run.org.as_str(), &connections);
        self.charge(&ended.run, now);
        if wait.is_none() {
            self.leave(&ended.run);
            return Some(ended);
        }
        self.put_off(live, &ended.run);
        if live.is_cancelled() {
            // Whoever cancelled it saw it run.
            let cancelled = Runner(self.clone()).cancel(id).await;
            if let Err(error) = cancelled {
                tracing::error!(run.id = %id, error = %error, "run {id} is tried again though it was cancelled");
            }
        }
        None
    }

    /// Waits until the disk has room for what a run came to, so that no end of an accepted run is lost: meanwhile it keeps
    /// its turn, and nothing begins in its place. When the server ends meanwhile, the next one records it as interrupted.
    async fn wait_for_room(&self, run: &Run) {
        let mut waits = false;
        while let Err(error) = self.store.has_room_to_record() {
            if self.is_draining() {
                return;
            }
            if !waits {
                tracing::error!(run.id = %run.id, error = %error, "run {} cannot be recorded yet: trying again", run.id);
            }
            waits = true;
            tokio::time::sleep(RECORD_RETRY).await;
        }
    }

    /// `known`: whether its action is there; of one that is gone nothing is told.
    fn count(&self, run: &Run, now: Timestamp, known: bool) {
        if known {
            self.tally.add(run);
        }
        let since =
            |from: Timestamp, to: Timestamp| Duration::try_from(to.duration_since(from)).unwrap_or_default();
        let began = run.started_at.unwrap_or(now);
        self.metrics.run_ended(Ran {
            end: run.error.as_ref().map_or("returned", end_of),
            trigger: run.trigger.as_str(),
            org: run.org.as_str(),
            queue: since(run.not_before, began),
            wall: run.usage.map_or(Duration::ZERO, |usage| usage.wall),
            fuel: run.usage.map_or(0, |usage| usage.fuel),
        });
        if let Some(due) = run.due {
            self.metrics.schedule_started(since(due, began));
        }
    }

    /// The action of a run, as it is now.
    async fn known_to(&self, live: &Live) -> Option<Arc<Known>> {
        let run = live.run();
        self.plans.known(&run.org, run.action).await.ok().flatten()
    }

    /// Takes what it used from its organisation's fuel.
    pub(super) fn charge(&self, run: &Run, now: Timestamp) {
        if let Some(usage) = run.usage
            && self.budgets.charge(&run.org, usage.fuel, now)
        {
            self.lanes().hold(&run.org, true);
            let wait = self.budgets.wait(&run.org, now).unwrap_or_default();
            let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
            self.delayed.push(now.checked_add(wait).unwrap_or(now), Later::Fuel(run.org.clone()));
        }
    }

    /// Puts a run that is tried again where it waits. Whoever waits for it goes on waiting: it is the same run. Otherwise it
    /// is in the store alone until it begins again.
    fn put_off(&self, live: &Arc<Live>, run: &Run) {
        self.remove_unshared(live, run.id);
        self.delayed.push(run.not_before, Later::Run(Entry::new(run)));
    }

    /// Forgets a run that has ended.
    fn leave(&self, run: &Run) {
        if run.trigger.is_timed() {
            self.timed_ended(&run.action);
        }
        self.lives().remove(&run.id);
    }

    /// Forgets a run that nobody else holds: the table and whoever calls this do.
    fn remove_unshared(&self, live: &Arc<Live>, id: RunId) {
        let mut lives = self.lives();
        if Arc::strong_count(live) <= 2 {
            lives.remove(&id);
        }
    }

    pub(super) fn timed_ended(&self, action: &ActionId) {
        let mut timed = self.timed();
        if let Some(count) = timed.get_mut(action) {
            *count -= 1;
            if *count == 0 {
                timed.remove(action);
            }
        }
    }
}

/// What came of an attempt.
#[derive(Default)]
pub(super) struct Came {
    pub(super) failure: Option<Failure>,
    pub(super) usage: Option<Usage>,
    pub(super) result: Option<String>,
    state: Option<Vec<u8>>,
    remark: Option<&'static str>,
    pub(super) connections: Vec<Connection>,
}

pub(super) fn read(attempt: Attempt, live: &Live, began: Timestamp) -> Came {
    let (outcome, state, remark) = match attempt {
        Attempt::Ran { outcome, state, remark } => (outcome, state, remark),
        Attempt::Failed(failure) => return Came { failure: Some(failure), ..Came::default() },
    };
    let number = live.run().attempt;
    let connections = outcome.connections.into_iter().map(|one| connection(one, began, number)).collect();
    let usage = Usage {
        fuel: outcome.usage.fuel,
        wall: outcome.usage.wall,
        memory_bytes: outcome.usage.memory_bytes as u64,
        output_bytes: outcome.usage.output_bytes,
        prepared: outcome.usage.prepared,
    };
    let (failure, result) = match outcome.end {
        End::Returned(value) => (None, Some(Box::<str>::from(value).into_string())),
        End::Raised(exception) => {
            let actiond_runtime::Exception { kind, message, traceback } = exception;
            (Some(Failure::Raised { kind, message, traceback }), None)
        }
        End::Stopped(stop) => {
            let (limit, message) = (stop.as_str().to_owned(), explain(stop).to_owned());
            (Some(Failure::Stopped { limit, message }), None)
        }
        End::Cancelled if live.is_interrupted() => (Some(Failure::Interrupted), None),
        End::Cancelled => (Some(Failure::Cancelled), None),
    };
    Came { failure, usage: Some(usage), result, state, remark, connections }
}

fn explain(stop: Stop) -> &'static str {
    match stop {
        Stop::Fuel => "it used up its fuel: raise the action's limit, or do less in one run",
        Stop::Time => "its time was up: raise the action's limit, or wait for less",
        Stop::Memory => "it used up its memory: raise the action's limit, or hold less at one time",
        Stop::Stack => "calls went deeper than the interpreter's stack: recurse less deeply",
        Stop::Fault => "the interpreter died: see the last line of the log",
    }
}

pub(super) fn status_of(failure: Option<&Failure>) -> Status {
    match failure {
        None => Status::Completed,
        Some(Failure::Raised { .. } | Failure::Stopped { .. } | Failure::Internal { .. }) => Status::Errored,
        Some(Failure::Cancelled) => Status::Cancelled,
        Some(Failure::Interrupted) => Status::Interrupted,
    }
}

pub(super) fn may_be_tried_again(status: Status) -> bool {
    match status {
        Status::Errored | Status::Interrupted => true,
        Status::Queued | Status::Running | Status::Completed | Status::Cancelled => false,
    }
}

/// How an attempt ended, as metrics name it.
fn end_of(failure: &Failure) -> &'static str {
    match failure {
        Failure::Raised { .. } => "raised",
        Failure::Stopped { .. } => "stopped",
        Failure::Cancelled => "cancelled",
        Failure::Interrupted => "interrupted",
        Failure::Internal { .. } => "failed",
    }
}

fn remark_line(why: &str, at: Timestamp, attempt: u32) -> LogLine {
    let (level, source) = ("WARNING".to_owned(), "actiond".to_owned());
    LogLine { at, level, source, message: format!("state not kept: {why}"), attempt }
}

fn write_down(
    change: &mut Change<'_>,
    written: Written,
    began: Timestamp,
    now: Timestamp,
) -> store::Result<()> {
    let Written { mut run, accepted, input, result, log, connections, state, again, retention } = written;
    if !change.has_action(&run.org, &run.action)? {
        // Removed meanwhile: nothing of it is kept.
        change.remove_running(&run);
        return change.remove_run(&run);
    }
    let attempt = if again { run.attempt - 1 } else { run.attempt };
    change.put_log(&run.id, attempt, &log);
    change.put_connections(&run.id, attempt, &connections);
    if let Some(kept) = change.run(&run.id)? {
        run.coalesced = kept.coalesced;
    }
    if accepted {
        change.remove_running(&run);
    } else {
        change.put_input(&run.id, input.as_bytes());
    }
    if let Some(state) = state {
        change.put_state(&run.action, &state)?;
    }
    if again {
        change.put_queued(&run);
        return change.put_run(&run);
    }
    if let Some(result) = &result {
        change.put_result(&run.id, result.as_bytes());
    }
    if run.dead {
        change.put_dead(&run);
    }
    change.put_run(&run)?;
    let mut activity = change.activity(&run.action)?;
    count(&mut activity, &run, began, now);
    if let Some(retention) = &retention {
        change.retain_runs(&run.action, &mut activity, retention, now, REMOVED_AT_ONCE)?;
    }
    change.put_activity(&run.action, &activity)
}

/// Counts a run that has ended.
pub(super) fn count(activity: &mut Activity, run: &Run, began: Timestamp, now: Timestamp) {
    activity.last_run_at = activity.last_run_at.max(Some(began));
    if run.status == Status::Completed {
        activity.last_successful_at = activity.last_successful_at.max(Some(now));
    }
    activity.last_status = Some(run.status);
    activity.runs += 1;
    activity.bytes += run.bytes();
    if let Some(due) = run.due {
        let late = run.started_at.unwrap_or(now).duration_since(due).as_millis();
        activity.lateness_ms = Some(u64::try_from(late).unwrap_or(0));
    }
}

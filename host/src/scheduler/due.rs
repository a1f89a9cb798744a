//! The scheduler: knows when each action is due next, and asks the runner for a run then. What it decided is in the store
//! together with the run, so that a due time becomes one run whatever happens to us.

use std::{collections::BTreeMap, time::Duration};

use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::decide::{Decision, decide};
use crate::{
    app::{App, new_traceparent},
    clock,
    model::{
        action::{Action, Kind},
        id::{ActionId, OrgId},
        run::Trigger,
        schedule::{Schedule, Zone},
    },
    runner::{Ask, Due, Refused},
    store::{self, View},
    telemetry::Count,
};

/// Due times that are worked on at one time: each waits for the disk.
const PARALLEL: usize = 64;
/// No wait is longer, so that a clock that was set does not matter for long.
const WAIT_MAX: Duration = Duration::from_secs(30);
/// When something could not be decided on (the queue or the disk is full), it is tried again after this.
const RETRY: Duration = Duration::from_secs(1);

/// Runs actions when they are due.
#[derive(Debug)]
pub(crate) struct Scheduler {
    app: App,
}

/// An action that has a schedule.
#[derive(Debug, Clone)]
struct Timed {
    org: OrgId,
    id: ActionId,
    when: When,
}

#[derive(Debug, Clone)]
enum When {
    /// Right after a version was uploaded.
    Once(Timestamp),
    Repeat(Schedule),
}

impl When {
    /// The first due time that is not decided on.
    fn next(&self, decided: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Once(at) => decided.is_none_or(|decided| *at > decided).then_some(*at),
            Self::Repeat(schedule) => schedule.next(decided.unwrap_or(now)),
        }
    }
}

impl Scheduler {
    pub(crate) fn new(app: App) -> Self {
        Self { app }
    }

    /// Works until it is stopped. What is being decided on then is seen to its end.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut changes = self.app.schedules();
        while !stop.is_cancelled() {
            changes.mark_unchanged();
            match self.timed().await {
                Ok(timed) => self.work(timed, &mut changes, &stop).await,
                Err(error) => {
                    tracing::error!(error = %error, "schedules cannot be read: trying again");
                    let _ = stop.run_until_cancelled(tokio::time::sleep(RETRY)).await;
                }
            }
        }
    }

    /// Every action that is to run by time, and the due time after what was decided on.
    async fn timed(&self) -> store::Result<Vec<(Timestamp, Timed)>> {
        let now = clock::now();
        self.app
            .store()
            .read(move |view| {
                let mut timed = Vec::new();
                for action in view.all_actions() {
                    let action = action?;
                    let Some(when) = when(view, &action)? else { continue };
                    let decided = view.activity(&action.id)?.decided_until;
                    let Some(due) = when.next(decided, now) else { continue };
                    timed.push((due, Timed { org: action.org, id: action.id, when }));
                }
                Ok::<_, store::Error>(timed)
            })
            .await
    }

    /// Waits for due times and sees to them, until schedules change or it is stopped.
    async fn work(
        &self,
        timed: Vec<(Timestamp, Timed)>,
        changes: &mut watch::Receiver<()>,
        stop: &CancellationToken,
    ) {
        let mut waiting: BTreeMap<(Timestamp, ActionId), Timed> =
            timed.into_iter().map(|(due, timed)| ((due, timed.id), timed)).collect();
        loop {
            let now = clock::now();
            let later = waiting.split_off(&(now, ActionId::from_bytes([0xff; 20])));
            let due = std::mem::replace(&mut waiting, later);
            let done: Vec<_> = stream::iter(due.into_values())
                .map(|timed| async move {
                    let next = self.see_to(&timed, now).await;
                    (next, timed)
                })
                .buffer_unordered(PARALLEL)
                .collect()
                .await;
            waiting.extend(done.into_iter().filter_map(|(next, timed)| Some(((next?, timed.id), timed))));
            let wait = match waiting.first_key_value() {
                Some(((next, _), _)) => Duration::try_from(next.duration_since(clock::now()))
                    .unwrap_or(Duration::ZERO)
                    .min(WAIT_MAX),
                None => WAIT_MAX,
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                _ = changes.changed() => return,
                () = stop.cancelled() => return,
            }
        }
    }

    /// Decides on what is due of one action; when to look at it again.
    async fn see_to(&self, timed: &Timed, now: Timestamp) -> Option<Timestamp> {
        match self.decide(timed, now).await {
            Ok(()) => timed.when.next(Some(now), now),
            Err(refused) => {
                tracing::warn!(action.id = %timed.id, reason = %refused, "action {} is due but cannot run yet", timed.id);
                now.checked_add(RETRY).ok()
            }
        }
    }

    async fn decide(&self, timed: &Timed, now: Timestamp) -> Result<(), Refused> {
        let (org, id) = (timed.org.clone(), timed.id);
        let found = self.app.store().read(move |view| {
            let Some(action) = view.action(&org, &id)? else { return Ok(None) };
            Ok::<_, store::Error>(Some((view.activity(&id)?, action)))
        });
        let Some((activity, action)) = found.await? else { return Ok(()) };
        let decided = activity.decided_until.unwrap_or(now);
        let schedule = match &timed.when {
            When::Repeat(schedule) => schedule,
            When::Once(at) => {
                return self.app.run_once(timed.org.clone(), timed.id, *at).await;
            }
        };
        let busy = self.app.runner().timed(&timed.id) > 0;
        let policy = &action.policy;
        let decision = decide(schedule, policy.missed, policy.overlap, decided, now, busy);
        let Some(until) = decision.until else { return Ok(()) };
        let mut missed = decision.missed;
        for at in &decision.runs {
            let due = Due { at: *at, decided_until: *at, missed: std::mem::take(&mut missed) };
            self.app.runner().accept(self.ask(timed, due)).await?;
        }
        self.settle(timed.id, &decision, missed, until).await?;
        Ok(())
    }

    /// Writes down what nothing runs for.
    async fn settle(
        &self,
        id: ActionId,
        decision: &Decision,
        missed: u64,
        until: Timestamp,
    ) -> store::Result<()> {
        let skipped = decision.skipped;
        let metrics = self.app.runner().metrics();
        metrics.count(Count::ScheduleSkipped, skipped);
        metrics.count(Count::ScheduleMissed, decision.missed);
        let settled = self.app.store().settle(move |change| {
            let mut activity = change.activity(&id)?;
            activity.skipped += skipped;
            activity.missed += missed;
            activity.decided_until = activity.decided_until.max(Some(until));
            change.put_activity(&id, &activity)
        });
        settled.await
    }

    fn ask(&self, timed: &Timed, due: Due) -> Ask {
        Ask {
            org: timed.org.clone(),
            action: timed.id,
            version: None,
            trigger: Trigger::Schedule,
            input: "[]".to_owned(),
            traceparent: new_traceparent(),
            parent: None,
            redrives: None,
            due: Some(due),
            waits: false,
            once: Vec::new(),
        }
    }
}

/// When an action runs by time, as it is now.
fn when(view: &View, action: &Action) -> store::Result<Option<When>> {
    if action.paused {
        return Ok(None);
    }
    match action.kind {
        Kind::Once => {
            let version = view.version(&action.id, action.version)?;
            Ok(version.map(|version| When::Once(version.created_at)))
        }
        Kind::Repeat => {
            let zone = Zone::parse(&action.zone).ok();
            let schedule = zone.and_then(|zone| Schedule::parse(action.cron.as_deref()?, zone).ok());
            Ok(schedule.map(When::Repeat))
        }
        Kind::Service => Ok(None),
    }
}

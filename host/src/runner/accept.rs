//! Accepting a run: bounds first, then, for one that must survive us, the store; then its place in the queue.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};

use super::{
    ask::{Ask, OnceAsk, Refused, Twice},
    cancel::bury,
    lanes::ActionBounds,
    live::Live,
    plan::Known,
    start::{Entry, Runner},
};
use crate::{
    clock,
    model::{
        action::{Action, Kind},
        id::RunId,
        policy::Overlap,
        run::{Run, Status},
    },
    store::{self, Change, Once},
    telemetry::Count,
};

/// What is handed to whoever asked.
#[derive(Debug)]
pub(crate) struct Ticket {
    pub(crate) id: RunId,
    /// To wait for; `None` when the run is not in memory: it is in the store.
    pub(crate) live: Option<Arc<Live>>,
}

/// What the store made of an ask.
enum Accepted {
    New,
    /// Another run is it; and whether it counts how often that was.
    Again {
        run: RunId,
        counted: bool,
    },
}

impl Runner {
    /// A run that somebody waits for. It is written down when it has ended; should the server die before, whoever waits
    /// notices.
    pub(crate) async fn invoke(&self, ask: Ask) -> Result<Ticket, Refused> {
        self.counted(self.try_invoke(ask).await)
    }

    async fn try_invoke(&self, ask: Ask) -> Result<Ticket, Refused> {
        let now = clock::now();
        let (known, bounds) = self.admit(&ask, now).await?;
        let run = self.run_of(&ask, &known, now);
        let live = Live::new(run.clone(), ask.input, false);
        let bytes = run.input_bytes;
        self.0.lanes().promise(&run.org, run.action, bounds, bytes)?;
        self.0.lives().insert(run.id, live.clone());
        let entry = Entry::new(&run);
        self.enqueue(entry, bytes);
        Ok(Ticket { id: run.id, live: Some(live) })
    }

    /// A run that happens whatever becomes of us: it is on the disk when this returns.
    pub(crate) async fn accept(&self, ask: Ask) -> Result<Ticket, Refused> {
        // A task of its own: what was begun is seen to its end, also when whoever asked goes away.
        let runner = self.clone();
        let accepted = tokio::spawn(async move { runner.try_accept(ask).await }).await;
        let accepted = accepted.map_err(|error| store::Error::Library(error.to_string()))?;
        self.counted(accepted)
    }

    async fn try_accept(&self, ask: Ask) -> Result<Ticket, Refused> {
        let now = clock::now();
        let (known, bounds) = self.admit(&ask, now).await?;
        let run = self.run_of(&ask, &known, now);
        let bytes = run.input_bytes;
        self.0.lanes().promise(&run.org, run.action, bounds, bytes)?;
        // A run that nobody waits for is read again when it begins: thousands may be queued.
        let live = ask.waits.then(|| Live::new(run.clone(), ask.input.clone(), true));
        let kept = run.clone();
        let accepted = self.0.store.write(move |change| write_down(change, &kept, &ask, now)).await;
        match accepted {
            Ok(Accepted::New) => {}
            Ok(Accepted::Again { run: id, counted }) => {
                if counted {
                    self.0.metrics.count(Count::Coalesced, 1);
                }
                self.0.lanes().withdraw(&run.org, run.action, bytes);
                return Ok(Ticket { id, live: self.live(&id) });
            }
            Err(refused) => {
                self.0.lanes().withdraw(&run.org, run.action, bytes);
                return Err(refused);
            }
        }
        if run.trigger.is_timed() {
            *self.0.timed().entry(run.action).or_default() += 1;
        }
        // Somebody who found it in the store may follow it already.
        let live = live.map(|live| self.0.lives().entry(run.id).or_insert(live).clone());
        let entry = Entry::new(&run);
        self.enqueue(entry, bytes);
        Ok(Ticket { id: run.id, live })
    }

    /// Whoever waits for this run does not wait any longer: from now on it happens whatever becomes of us.
    pub(crate) async fn keep(&self, live: &Arc<Live>) -> Result<(), Refused> {
        let live = live.clone();
        let written = self.0.store.write(move |change| {
            let Some(run) = live.accept() else { return Ok(()) };
            // It may have ended and been written down meanwhile.
            if change.run(&run.id)?.is_some_and(|kept| kept.status.is_final()) {
                return Ok(());
            }
            change.put_input(&run.id, live.input.as_bytes());
            match run.status {
                Status::Queued => change.put_queued(&run),
                Status::Running => change.put_running(&run),
                Status::Completed | Status::Errored | Status::Cancelled | Status::Interrupted => {}
            }
            change.put_run(&run)
        });
        written.await.map_err(Refused::Store)
    }

    fn counted(&self, answer: Result<Ticket, Refused>) -> Result<Ticket, Refused> {
        answer.inspect_err(|refused| self.metrics().run_refused(refused.as_str()))
    }

    async fn admit(&self, ask: &Ask, now: Timestamp) -> Result<(Arc<Known>, ActionBounds), Refused> {
        if self.is_draining() {
            return Err(Refused::Draining);
        }
        self.fits(&ask.input)?;
        let known = self.0.plans.known(&ask.org, ask.action).await?.ok_or(Refused::NoAction)?;
        // Due times are few, and each of them has to become a run.
        if !ask.trigger.is_timed() {
            may_run(&known)?;
            if let Some(wait) = self.0.budgets.wait(&ask.org, now) {
                return Err(Refused::Fuel { wait });
            }
        }
        let policy = &known.action.policy;
        let bounds = ActionBounds { parallel: parallel(&known), queue: policy.queue as usize };
        Ok((known, bounds))
    }

    fn run_of(&self, ask: &Ask, known: &Known, now: Timestamp) -> Run {
        Run {
            id: self.0.next_id(now),
            org: ask.org.clone(),
            action: ask.action,
            version: ask.version.unwrap_or(known.action.version),
            trigger: ask.trigger,
            due: ask.due.map(|due| due.at),
            status: Status::Queued,
            queued_at: now,
            not_before: now,
            started_at: None,
            ended_at: None,
            attempt: 1,
            parent: ask.parent,
            error: None,
            usage: None,
            traceparent: ask.traceparent.clone(),
            input_bytes: ask.input.len() as u64,
            result_bytes: 0,
            log_bytes: 0,
            coalesced: 0,
            dead: false,
        }
    }

    fn enqueue(&self, entry: Entry, bytes: u64) {
        let (id, org, action) = (entry.id, entry.org.clone(), entry.action);
        self.0.lanes().push(&org, action, entry, bytes);
        if self.is_draining() {
            // It came after what waited was given up.
            self.0.give_up(&id);
        }
        self.0.advance();
    }
}

/// Done by the store's writer, one after another: what is found here is still so when it is written.
fn write_down(change: &mut Change<'_>, run: &Run, ask: &Ask, now: Timestamp) -> Result<Accepted, Refused> {
    for once in &ask.once {
        if let Some(known) = asked_before(change, once, now)? {
            return again(change, ask, once, &known, now);
        }
    }
    if let Some(dead) = ask.redrives
        && !bury(change, &dead)?
    {
        return Err(Refused::NotDead(dead));
    }
    if let Some(due) = ask.due {
        if let Some(id) = change.due(&run.action, due.at)? {
            return Ok(Accepted::Again { run: id, counted: false });
        }
        change.put_due(&run.action, due.at, run.id);
        let mut activity = change.activity(&run.action)?;
        activity.decided_until = activity.decided_until.max(Some(due.decided_until));
        activity.missed += due.missed;
        change.put_activity(&run.action, &activity)?;
    }
    remember(change, ask, run.id, now)?;
    change.put_input(&run.id, ask.input.as_bytes());
    change.put_run(run)?;
    change.put_queued(run);
    Ok(Accepted::New)
}

/// What stands under its key. An alert cannot be counted on a run that is no longer kept.
fn asked_before(change: &Change<'_>, once: &OnceAsk, now: Timestamp) -> store::Result<Option<Once>> {
    let Some(known) = change.once(&once.scope, &once.hash, now)? else { return Ok(None) };
    let is_lost = once.twice == Twice::Counted && change.run(&known.run)?.is_none();
    Ok((!is_lost).then_some(known))
}

/// Each of its keys that is not known yet stands for `run` from now on.
fn remember(change: &mut Change<'_>, ask: &Ask, run: RunId, now: Timestamp) -> Result<(), Refused> {
    for once in &ask.once {
        if asked_before(change, once, now)?.is_none() {
            let keep = SignedDuration::try_from(once.keep).unwrap_or(SignedDuration::MAX);
            let until = now.checked_add(keep).unwrap_or(Timestamp::MAX);
            change.put_once(&once.scope, &once.hash, &Once { run, body: once.body, until })?;
        }
    }
    Ok(())
}

fn again(
    change: &mut Change<'_>,
    ask: &Ask,
    once: &OnceAsk,
    known: &Once,
    now: Timestamp,
) -> Result<Accepted, Refused> {
    match once.twice {
        Twice::SameBody if known.body != once.body => return Err(Refused::OtherBody),
        Twice::SameBody | Twice::Same => {}
        Twice::Counted => {
            if let Some(mut run) = change.run(&known.run)? {
                run.coalesced += 1;
                change.put_run(&run)?;
            }
        }
    }
    // A message that was coalesced must not be taken for a new one when it comes again.
    remember(change, ask, known.run, now)?;
    Ok(Accepted::Again { run: known.run, counted: once.twice == Twice::Counted })
}

fn may_run(known: &Known) -> Result<(), Refused> {
    if known.action.paused {
        return Err(Refused::Paused);
    }
    let Some(rate) = &known.rate else { return Ok(()) };
    rate.check().map_err(|until| {
        let wait = until.wait_time_from(governor::clock::Clock::now(rate.clock()));
        Refused::Rate { wait: wait.max(Duration::from_secs(1)) }
    })
}

/// Runs of an action at one time: those of a stateful one go one after another, and so do timed ones that must not
/// overlap.
pub(super) fn parallel(known: &Known) -> usize {
    let Action { kind, policy, .. } = &known.action;
    let timed = match kind {
        Kind::Once | Kind::Repeat => true,
        Kind::Service => false,
    };
    if policy.stateful || (timed && policy.overlap != Overlap::Allow) { 1 } else { policy.parallel as usize }
}

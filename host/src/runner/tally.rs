//! What runs have come to lately, counted as they end, so that whoever shows it reads no runs: for each organisation by the
//! hour, for each action over seven days. It is in memory only; after a start it is counted again from the runs that are
//! kept, in the background.

mod histogram;
mod recount;

use std::{
    collections::BTreeMap,
    num::NonZeroUsize,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use lru::LruCache;

pub(crate) use histogram::Histogram;

use crate::model::{
    id::{ActionId, OrgId, RunId},
    run::{Run, Status},
};

const HOUR_S: i64 = 60 * 60;
const DAY_S: i64 = 24 * HOUR_S;
/// How far back it goes.
pub(crate) const HOURS: i64 = 7 * 24;
const DAYS: i64 = 7;
/// The latest ends of an action's runs.
const LAST_MAX: usize = 20;
/// Hours of all organisations together; the oldest go first. Each takes 700 bytes at most: 23 MB in all.
const ORG_HOURS_MAX: usize = 32_768;
/// Those whose runs ended latest stay. Each takes 3,000 bytes at most: 30 MB in all.
const ACTIONS_MAX: NonZeroUsize = NonZeroUsize::new(10_000).expect("it is not zero");

/// Counts ends of runs.
#[derive(Debug)]
pub(crate) struct Tally {
    counts: Mutex<Counts>,
    /// What ended before is counted from the store, what ends later as it ends.
    opened: Timestamp,
    recounted: AtomicBool,
}

#[derive(Debug)]
struct Counts {
    /// By the hour since the epoch.
    hours: BTreeMap<(i64, OrgId), Hour>,
    actions: LruCache<ActionId, OfAction>,
}

/// Runs of one organisation that ended within one hour.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Hour {
    pub(crate) outcomes: Outcomes,
    pub(crate) fuel: u64,
    /// How long they ran.
    pub(crate) wall: Histogram,
    /// How late those began that were due.
    pub(crate) lateness: Histogram,
}

/// How runs ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Outcomes {
    pub(crate) completed: u64,
    pub(crate) errored: u64,
    pub(crate) cancelled: u64,
    pub(crate) interrupted: u64,
}

/// Runs of one action.
#[derive(Debug)]
struct OfAction {
    org: OrgId,
    /// In the order in which they were asked for, oldest first.
    last: Vec<(RunId, Status)>,
    /// By the day since the epoch, in UTC.
    days: BTreeMap<i64, Day>,
}

#[derive(Debug, Default)]
struct Day {
    outcomes: Outcomes,
    fuel: u64,
    wall: Histogram,
}

/// What an action's runs have come to lately.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Lately {
    /// How the latest ended, oldest first, at most 20.
    pub(crate) last: Vec<(RunId, Status)>,
    /// Of today and the six days before, in UTC.
    pub(crate) outcomes: Outcomes,
    pub(crate) wall: Histogram,
    pub(crate) fuel: u64,
    /// Of today alone.
    pub(crate) fuel_today: u64,
}

impl Outcomes {
    fn add(&mut self, status: Status) {
        match status {
            Status::Completed => self.completed += 1,
            Status::Errored => self.errored += 1,
            Status::Cancelled => self.cancelled += 1,
            Status::Interrupted => self.interrupted += 1,
            Status::Queued | Status::Running => {}
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.completed += other.completed;
        self.errored += other.errored;
        self.cancelled += other.cancelled;
        self.interrupted += other.interrupted;
    }

    pub(crate) fn all(self) -> u64 {
        self.completed + self.errored + self.cancelled + self.interrupted
    }
}

impl Tally {
    /// `opened`: before anything is run.
    pub(super) fn new(opened: Timestamp) -> Self {
        let counts = Counts { hours: BTreeMap::new(), actions: LruCache::new(ACTIONS_MAX) };
        Self { counts: Mutex::new(counts), opened, recounted: AtomicBool::new(false) }
    }

    /// Whether the runs that ended before the start are counted too.
    pub(crate) fn is_whole(&self) -> bool {
        self.recounted.load(Ordering::Acquire)
    }

    /// The latest [`HOURS`] hours of an organisation, oldest first; the last one is not over.
    pub(crate) fn hours(&self, org: &OrgId, now: Timestamp) -> Vec<Hour> {
        let this = hour(now);
        let counts = self.counts();
        let hours = (this - HOURS + 1..=this).map(|hour| counts.hours.get(&(hour, org.clone())).cloned());
        hours.map(Option::unwrap_or_default).collect()
    }

    /// What an action's runs have come to.
    pub(crate) fn lately(&self, action: &ActionId, now: Timestamp) -> Lately {
        self.counts().actions.peek(action).map(|of| of.lately(day(now))).unwrap_or_default()
    }

    /// The actions of an organisation whose runs used most fuel, at most `most`, the costliest first.
    pub(crate) fn costliest(&self, org: &OrgId, now: Timestamp, most: usize) -> Vec<(ActionId, Lately)> {
        let today = day(now);
        let counts = self.counts();
        let own = counts.actions.iter().filter(|(_, of)| of.org == *org);
        let mut fuels: Vec<_> = own.map(|(id, of)| (of.fuel(today), *id)).collect();
        fuels.sort_unstable_by(|one, other| other.cmp(one));
        let costly = fuels.iter().filter(|(fuel, _)| *fuel > 0).take(most);
        costly.filter_map(|(_, id)| Some((*id, counts.actions.peek(id)?.lately(today)))).collect()
    }

    /// Counts a run that has ended.
    pub(super) fn add(&self, run: &Run) {
        let Some(ended) = run.ended_at.filter(|_| run.status.is_final()) else { return };
        let mut counts = self.counts();
        let Counts { hours, actions } = &mut *counts;
        let own = hours.entry((hour(ended), run.org.clone())).or_default();
        own.outcomes.add(run.status);
        if let Some(usage) = run.usage {
            own.fuel = own.fuel.saturating_add(usage.fuel);
            own.wall.add(usage.wall);
        }
        if let Some((due, started)) = run.due.zip(run.started_at) {
            own.lateness.add(Duration::try_from(started.duration_since(due)).unwrap_or_default());
        }
        let oldest = hours.last_key_value().map_or(0, |((latest, _), _)| latest - HOURS);
        while hours.len() > ORG_HOURS_MAX
            || hours.first_key_value().is_some_and(|((hour, _), _)| *hour < oldest)
        {
            hours.pop_first();
        }
        actions.get_or_insert_mut(run.action, || OfAction::new(run.org.clone())).add(run, day(ended));
    }

    /// The action is gone.
    pub(super) fn forget(&self, action: &ActionId) {
        self.counts().actions.pop(action);
    }

    /// The organisation is gone; its actions went before.
    pub(super) fn forget_org(&self, org: &OrgId) {
        self.counts().hours.retain(|(_, own), _| own != org);
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is asked for before this is not counted any more.
    fn oldest(&self) -> Timestamp {
        self.opened.checked_sub(SignedDuration::from_hours(HOURS)).unwrap_or(Timestamp::MIN)
    }
}

impl OfAction {
    fn new(org: OrgId) -> Self {
        Self { org, last: Vec::new(), days: BTreeMap::new() }
    }

    fn add(&mut self, run: &Run, day: i64) {
        let place = self.last.partition_point(|(id, _)| *id < run.id);
        self.last.insert(place, (run.id, run.status));
        if self.last.len() > LAST_MAX {
            self.last.remove(0);
        }
        let own = self.days.entry(day).or_default();
        own.outcomes.add(run.status);
        if let Some(usage) = run.usage {
            own.fuel = own.fuel.saturating_add(usage.fuel);
            own.wall.add(usage.wall);
        }
        let oldest = self.days.last_key_value().map_or(0, |(latest, _)| latest - DAYS);
        while self.days.first_key_value().is_some_and(|(day, _)| *day <= oldest) {
            self.days.pop_first();
        }
    }

    fn week(&self, today: i64) -> impl Iterator<Item = (&i64, &Day)> {
        self.days.range(today - DAYS + 1..=today)
    }

    fn fuel(&self, today: i64) -> u64 {
        self.week(today).fold(0, |sum, (_, day)| sum.saturating_add(day.fuel))
    }

    fn lately(&self, today: i64) -> Lately {
        let mut lately = Lately { last: self.last.clone(), fuel: self.fuel(today), ..Lately::default() };
        for (number, day) in self.week(today) {
            lately.outcomes.merge(day.outcomes);
            lately.wall.merge(&day.wall);
            if *number == today {
                lately.fuel_today = day.fuel;
            }
        }
        lately
    }
}

fn hour(time: Timestamp) -> i64 {
    time.as_second().div_euclid(HOUR_S)
}

fn day(time: Timestamp) -> i64 {
    time.as_second().div_euclid(DAY_S)
}

#[cfg(test)]
mod tests;

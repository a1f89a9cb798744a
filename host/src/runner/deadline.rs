//! What begins later: retries that wait, organisations that wait for fuel. Owns the times and being woken up for them.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use tokio::sync::Notify;

use super::start::Entry;
use crate::model::id::OrgId;

/// No sleep is longer, so that a clock that was set does not matter for long.
const SLEEP_MAX: Duration = Duration::from_secs(60);

/// Something that becomes due.
#[derive(Debug)]
pub(super) enum Later {
    /// A run that may begin.
    Run(Entry),
    /// An organisation that has fuel again.
    Fuel(OrgId),
}

/// Bounded by what the store's queue holds.
#[derive(Debug, Default)]
pub(super) struct Delayed {
    waiting: Mutex<BTreeMap<(Timestamp, u64), Later>>,
    sooner: Notify,
}

impl Delayed {
    pub(super) fn push(&self, at: Timestamp, later: Later) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let count =
            waiting.range((at, 0)..=(at, u64::MAX)).next_back().map_or(0, |((_, count), _)| count + 1);
        waiting.insert((at, count), later);
        drop(waiting);
        self.sooner.notify_one();
    }

    /// Takes what is due at `now`.
    pub(super) fn due(&self, now: Timestamp) -> Vec<Later> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let mut due = Vec::new();
        while let Some(first) = waiting.first_entry()
            && first.key().0 <= now
        {
            due.push(first.remove());
        }
        due
    }

    /// Waits until something may be due.
    pub(super) async fn wait(&self, now: Timestamp) {
        let next = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).keys().next().copied();
        let sleep = match next {
            Some((at, _)) => {
                Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO).min(SLEEP_MAX)
            }
            None => SLEEP_MAX,
        };
        // Whoever pushes something sooner wakes this up.
        let _ = tokio::time::timeout(sleep, self.sooner.notified()).await;
    }
}

//! What an organisation's runs may burn in a minute. Counted when runs end: whoever overdraws waits for the next minute.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;

use crate::model::id::OrgId;

const MINUTE_S: i64 = 60;

#[derive(Debug)]
pub(super) struct Budgets {
    /// 0: no bound.
    per_minute: u64,
    used: Mutex<Used>,
}

/// What was used in the minute that began at `minute` (in minutes since 1970).
#[derive(Debug, Default)]
struct Used {
    minute: i64,
    orgs: HashMap<OrgId, u64>,
}

impl Budgets {
    pub(super) fn new(per_minute: u64) -> Self {
        Self { per_minute, used: Mutex::default() }
    }

    /// Counts what a run used. Whether that was the last of its organisation's fuel.
    pub(super) fn charge(&self, org: &OrgId, fuel: u64, now: Timestamp) -> bool {
        if self.per_minute == 0 {
            return false;
        }
        let mut used = self.at(now);
        let sum = used.orgs.entry(org.clone()).or_default();
        let before = *sum;
        *sum = sum.saturating_add(fuel);
        before < self.per_minute && *sum >= self.per_minute
    }

    /// How long an organisation has to wait; `None` when it has fuel left.
    pub(super) fn wait(&self, org: &OrgId, now: Timestamp) -> Option<Duration> {
        if self.per_minute == 0 {
            return None;
        }
        let spent = self.at(now).orgs.get(org).is_some_and(|used| *used >= self.per_minute);
        let left = MINUTE_S - now.as_second().rem_euclid(MINUTE_S);
        spent.then(|| Duration::from_secs(left.unsigned_abs()))
    }

    fn at(&self, now: Timestamp) -> MutexGuard<'_, Used> {
        let minute = now.as_second().div_euclid(MINUTE_S);
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        // Of two runs that end as a minute does, the later one may be first here.
        if used.minute < minute {
            *used = Used { minute, orgs: HashMap::new() };
        }
        used
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fuel_lasts_for_a_minute() {
        let org: OrgId = "a".parse().unwrap();
        let at = |second: i64| Timestamp::from_second(600 + second).unwrap();
        let budgets = Budgets::new(10);
        assert!(!budgets.charge(&org, 9, at(0)));
        assert_eq!(budgets.wait(&org, at(1)), None);
        assert!(budgets.charge(&org, 9, at(2)));
        assert!(!budgets.charge(&org, 9, at(3)), "it was told already");
        assert_eq!(budgets.wait(&org, at(20)), Some(Duration::from_secs(40)));
        assert_eq!(budgets.wait(&"b".parse().unwrap(), at(20)), None);
        assert_eq!(budgets.wait(&org, at(60)), None);
        assert!(!budgets.charge(&org, 9, at(60)));
        assert!(budgets.charge(&org, 9, at(59)), "it counts for the minute that has begun");
        let unbounded = Budgets::new(0);
        assert!(!unbounded.charge(&org, u64::MAX, at(0)));
        assert_eq!(unbounded.wait(&org, at(0)), None);
    }
}

//! Giving room back: finished runs past what their action keeps, the runs of actions that are gone, and what was left by
//! a process that died.

use jiff::{SignedDuration, Timestamp};

use super::{Change, Result, View, key};
use crate::model::{
    action::Activity,
    id::{ActionId, RunId},
    policy::Retention,
};

impl View {
    /// Actions that are gone, whose runs are still to be removed.
    pub(crate) fn graves(&self) -> impl Iterator<Item = Result<ActionId>> + use<> {
        self.below(key::GRAVES)
            .filter_map(|entry| entry.map(|(key, _)| key::tail(&key).map(ActionId::from_bytes)).transpose())
    }
}

impl Change<'_> {
    /// Remembers that an action is gone.
    pub(crate) fn put_grave(&mut self, action: &ActionId) {
        self.put_bytes(key::grave(action), Vec::new());
    }

    pub(crate) fn remove_grave(&mut self, action: &ActionId) {
        self.remove(key::grave(action));
    }

    /// Removes at most `most` of an action's finished runs, oldest first, until what is left is within `retention`.
    /// `activity` is counted down; the caller keeps it. How many were removed.
    pub(crate) fn retain_runs(
        &mut self,
        action: &ActionId,
        activity: &mut Activity,
        retention: &Retention,
        now: Timestamp,
        most: usize,
    ) -> Result<usize> {
        let age = SignedDuration::try_from(retention.age).unwrap_or(SignedDuration::MAX);
        let oldest = RunId::first_at(now.checked_sub(age).unwrap_or(Timestamp::MIN));
        let mut removed = 0;
        for id in self.ended_runs(action) {
            let id = id?;
            let too_many = activity.runs > retention.runs || activity.bytes > retention.bytes;
            // An id says when its run was asked for: one that stays need not be read.
            if removed >= most || !(too_many || id < oldest) {
                break;
            }
            let Some(run) = self.run(&id)? else { continue };
            self.remove_run(&run)?;
            activity.runs = activity.runs.saturating_sub(1);
            activity.bytes = activity.bytes.saturating_sub(run.bytes());
            removed += 1;
        }
        Ok(removed)
    }

    /// Removes at most `most` runs of an action that is gone, whatever their state; how many it were.
    pub(crate) fn remove_runs(&mut self, action: &ActionId, most: usize) -> Result<usize> {
        let keys = self.below(&key::runs_of_action(action)).take(most);
        let keys: Vec<_> = keys.collect::<Result<_>>()?;
        for (key, _) in &keys {
            let id = key::tail(key).map(RunId::from_bytes);
            let Some(id) = id else { continue };
            match self.run(&id)? {
                Some(run) => {
                    self.remove_queued(&run);
                    self.remove_running(&run);
                    self.remove_run(&run)?;
                }
                None => self.remove(key.clone()),
            }
        }
        Ok(keys.len())
    }
}

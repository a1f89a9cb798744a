//! Actions, their versions, their activity, and the memory of stateful ones in the store.

use super::{
    Change, Result, View, key,
    record::{ActionRecord, ActivityRecord, VersionRecord},
};
use crate::model::{
    action::{Action, Activity, Version},
    id::{ActionId, OrgId},
    secret::Owner,
};

const ACTION: &str = "action";
const VERSION: &str = "version";
const ACTIVITY: &str = "activity";

impl View {
    pub(crate) fn action(&self, org: &OrgId, id: &ActionId) -> Result<Option<Action>> {
        self.one::<ActionRecord, _>(&key::action(org, id), ACTION)
    }

    pub(crate) fn has_action(&self, org: &OrgId, id: &ActionId) -> Result<bool> {
        Ok(self.db.contains_key(key::action(org, id))?)
    }

    /// An organisation's actions, newest first.
    pub(crate) fn actions(&self, org: &OrgId) -> impl Iterator<Item = Result<Action>> + use<> {
        self.all::<ActionRecord, _>(&key::actions(org), ACTION).rev()
    }

    /// The actions of all organisations.
    pub(crate) fn all_actions(&self) -> impl Iterator<Item = Result<Action>> + use<> {
        self.all::<ActionRecord, _>(key::ACTIONS, ACTION)
    }

    pub(crate) fn version(&self, action: &ActionId, number: u32) -> Result<Option<Version>> {
        self.one::<VersionRecord, _>(&key::version(action, number), VERSION)
    }

    /// An action's versions, newest first.
    pub(crate) fn versions(&self, action: &ActionId) -> impl Iterator<Item = Result<Version>> + use<> {
        self.all::<VersionRecord, _>(&key::versions(action), VERSION).rev()
    }

    /// Nothing has happened yet when there is no record.
    pub(crate) fn activity(&self, action: &ActionId) -> Result<Activity> {
        let found = self.one::<ActivityRecord, _>(&key::activity(action), ACTIVITY)?;
        Ok(found.unwrap_or_default())
    }

    /// The actions that have a memory.
    pub(crate) fn states(&self) -> Result<Vec<ActionId>> {
        let ids = self.below(key::STATES);
        ids.filter_map(|entry| entry.map(|(key, _)| key::tail(&key).map(ActionId::from_bytes)).transpose())
            .collect()
    }

    /// The memory of a stateful action after its last run, as the runtime encodes it.
    pub(crate) fn state(&self, action: &ActionId) -> Result<Option<Vec<u8>>> {
        self.blob(&key::state(action))
    }
}

impl Change<'_> {
    pub(crate) fn put_action(&mut self, action: &Action) -> Result<()> {
        self.put(key::action(&action.org, &action.id), &ActionRecord::from(action), ACTION)
    }

    /// Keeps a version, and that its bundle and packages are in use.
    pub(crate) fn put_version(&mut self, action: &ActionId, version: &Version) -> Result<()> {
        self.put(key::version(action, version.number), &VersionRecord::from(version), VERSION)?;
        for blob in version.blobs() {
            self.put_bytes(key::bundle_user(&blob, action, version.number), Vec::new());
        }
        Ok(())
    }

    pub(crate) fn put_activity(&mut self, action: &ActionId, activity: &Activity) -> Result<()> {
        self.put(key::activity(action), &ActivityRecord::from(activity), ACTIVITY)
    }

    pub(crate) fn put_state(&mut self, action: &ActionId, state: &[u8]) -> Result<()> {
        self.put_blob(key::state(action), state);
        Ok(())
    }

    pub(crate) fn remove_state(&mut self, action: &ActionId) -> Result<()> {
        self.remove_below(&key::state(action))
    }

    /// Removes an action and what belongs to it, but for its runs: there may be very many, see `retention.rs`.
    pub(crate) fn remove_action(&mut self, action: &Action) -> Result<()> {
        self.remove(key::action(&action.org, &action.id));
        self.remove(key::activity(&action.id));
        self.remove_state(&action.id)?;
        self.remove_hooks(&action.id)?;
        self.remove_secrets(&action.org, &Owner::Action(action.id))?;
        self.remove_below(&key::once_scope(&action.id))?;
        self.remove_below(&key::dues(&action.id))?;
        let versions: Vec<Version> = self.versions(&action.id).collect::<Result<_>>()?;
        // Versions may share a bundle: it goes with the last of them.
        for version in &versions {
            self.remove(key::version(&action.id, version.number));
        }
        self.release_bundles(&action.id, &versions)
    }
}

//! Queued and running runs in the store: what a start after a crash has to take up again; and dead letters.

use jiff::Timestamp;

use super::{Change, Error, Result, View, key, record::millis};
use crate::model::{
    id::{ActionId, OrgId, RunId},
    run::Run,
};

impl View {
    /// Every queued run, organisation by organisation, in the order in which they may begin.
    pub(crate) fn queued(&self) -> impl Iterator<Item = Result<RunId>> + use<> {
        self.below(key::QUEUE).filter_map(|entry| run_of_key(entry).transpose())
    }

    /// Every run that was accepted and is running, or was when the process died.
    pub(crate) fn running(&self) -> impl Iterator<Item = Result<RunId>> + use<> {
        self.below(key::RUNNING).filter_map(|entry| run_of_key(entry).transpose())
    }

    /// The run that a due time became.
    pub(crate) fn due(&self, action: &ActionId, due: Timestamp) -> Result<Option<RunId>> {
        let found = self.db.get(key::due(action, due.as_microsecond()))?;
        Ok(found.and_then(|id| <[u8; 16]>::try_from(&*id).ok()).map(RunId::from_bytes))
    }

    /// An organisation's dead letters, newest first, those older than `before`.
    pub(crate) fn dead(
        &self,
        org: &OrgId,
        before: Option<RunId>,
    ) -> impl Iterator<Item = Result<RunId>> + use<> {
        let prefix = key::dead_of_org(org);
        let end = before.map_or_else(|| [&*prefix, &[0xff; 17]].concat(), |before| key::dead(org, &before));
        let range = self.db.range(prefix..end).rev();
        range.filter_map(|entry| run_of_key(entry.map_err(Error::from)).transpose())
    }

    pub(crate) fn dead_letters(&self) -> usize {
        self.below(key::DEAD).count()
    }
}

impl Change<'_> {
    pub(crate) fn put_queued(&mut self, run: &Run) {
        let key = key::queued(&run.org, millis(run.not_before), &run.id);
        self.put_bytes(key, run.action.as_bytes().to_vec());
    }

    pub(crate) fn remove_queued(&mut self, run: &Run) {
        self.remove(key::queued(&run.org, millis(run.not_before), &run.id));
    }

    pub(crate) fn put_running(&mut self, run: &Run) {
        self.put_bytes(key::running(&run.id), Vec::new());
    }

    pub(crate) fn remove_running(&mut self, run: &Run) {
        self.remove(key::running(&run.id));
    }

    pub(crate) fn put_due(&mut self, action: &ActionId, due: Timestamp, run: RunId) {
        self.put_bytes(key::due(action, due.as_microsecond()), run.as_bytes().to_vec());
    }

    pub(crate) fn put_dead(&mut self, run: &Run) {
        self.put_bytes(key::dead(&run.org, &run.id), Vec::new());
    }

    pub(crate) fn remove_dead(&mut self, run: &Run) {
        self.remove(key::dead(&run.org, &run.id));
    }
}

fn run_of_key(entry: Result<(sled::IVec, sled::IVec)>) -> Result<Option<RunId>> {
    Ok(key::tail(&entry?.0).map(RunId::from_bytes))
}

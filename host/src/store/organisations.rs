//! Organisations in the store.

use super::{Change, Result, View, key, record::OrganisationRecord};
use crate::model::{id::OrgId, organisation::Organisation};

const WHAT: &str = "organisation";

impl View {
    pub(crate) fn organisation(&self, org: &OrgId) -> Result<Option<Organisation>> {
        self.one::<OrganisationRecord, _>(&key::organisation(org), WHAT)
    }

    /// All of them, by name.
    pub(crate) fn organisations(&self) -> impl Iterator<Item = Result<Organisation>> + use<> {
        self.all::<OrganisationRecord, _>(key::ORGANISATIONS, WHAT)
    }
}

impl Change<'_> {
    pub(crate) fn put_organisation(&mut self, org: &Organisation) -> Result<()> {
        self.put(key::organisation(&org.id), &OrganisationRecord::from(org), WHAT)
    }

    /// Removes the organisation's own record; what it owns is removed by whoever calls this.
    pub(crate) fn remove_organisation(&mut self, org: &OrgId) {
        self.remove(key::organisation(org));
    }
}

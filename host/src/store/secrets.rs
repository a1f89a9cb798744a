//! Secrets in the store, and what tells whether a key is theirs.

use super::{Change, Result, View, key, record::SecretRecord, value::Put};
use crate::model::{
    id::OrgId,
    secret::{Owner, Place, Secret},
};

const WHAT: &str = "secret";

impl View {
    pub(crate) fn secret(&self, place: &Place) -> Result<Option<Secret>> {
        self.one::<SecretRecord, _>(&key::secret(place), WHAT)
    }

    /// An organisation's or an action's own secrets, by name.
    pub(crate) fn secrets(&self, org: &OrgId, owner: &Owner) -> Result<Vec<Secret>> {
        self.all::<SecretRecord, _>(&key::secrets(org, owner), WHAT).collect()
    }

    /// Everybody's.
    pub(crate) fn all_secrets(&self) -> Result<Vec<Secret>> {
        self.all::<SecretRecord, _>(key::SECRETS, WHAT).collect()
    }

    /// Sealed by the key of all secrets; there is none before the first secret.
    pub(crate) fn secret_key_check(&self) -> Result<Option<Vec<u8>>> {
        Ok(self.db.get(key::SECRET_KEY)?.map(|bytes| bytes.to_vec()))
    }
}

impl Change<'_> {
    pub(crate) fn put_secret(&mut self, secret: &Secret) -> Result<()> {
        self.put(key::secret(&secret.place), &SecretRecord::from(secret), WHAT)
    }

    pub(crate) fn remove_secret(&mut self, place: &Place) {
        self.remove(key::secret(place));
    }

    pub(super) fn remove_secrets(&mut self, org: &OrgId, owner: &Owner) -> Result<()> {
        self.remove_below(&key::secrets(org, owner))
    }

    /// Removes the secrets of an organisation and of its actions.
    pub(crate) fn remove_secrets_of_org(&mut self, org: &OrgId) -> Result<()> {
        self.remove_below(&key::secrets_of_org(org))
    }

    /// Removes the secrets of everybody, for they cannot be decrypted any more; how many those were.
    pub(crate) fn remove_all_secrets(&mut self) -> Result<usize> {
        let count = self.below(key::SECRETS).count();
        self.remove_below(key::SECRETS)?;
        self.remove(key::SECRET_KEY);
        Ok(count)
    }

    pub(crate) fn put_secret_key_check(&mut self, sealed: Vec<u8>) {
        self.enter(key::SECRET_KEY, Put::Plain(sealed));
    }
}

//! Bundles in the store: zips as they were uploaded, and the packages that were installed for them, each kept once under its
//! hash, for as long as a version uses it.

use super::{Change, Result, Store, View, key};
use crate::model::{action::Version, id::ActionId};

/// The number of a user that is only an upload under way; versions count from 1.
const PINNED: u32 = 0;

impl Store {
    /// Keeps a bundle, and pins it under `pin` until [`Change::unpin_bundle`]: a version must be able to use it then.
    pub(crate) async fn put_bundle(
        &self,
        hash: [u8; 32],
        bytes: std::sync::Arc<[u8]>,
        pin: ActionId,
    ) -> Result<()> {
        self.write(move |change| {
            change.put_bytes(key::bundle_user(&hash, &pin, PINNED), Vec::new());
            // What is there has the same hash: it need not be written again.
            if !change.has_bundle(&hash)? {
                change.put_blob(key::bundle(&hash), &bytes);
            }
            Ok(())
        })
        .await
    }
}

impl View {
    pub(crate) fn bundle(&self, hash: &[u8; 32]) -> Result<Option<Vec<u8>>> {
        self.blob(&key::bundle(hash))
    }

    /// What was installed for a version.
    pub(crate) fn packages(&self, version: &Version) -> Result<Option<Vec<u8>>> {
        version.packages.map_or(Ok(None), |hash| self.bundle(&hash))
    }

    fn has_bundle(&self, hash: &[u8; 32]) -> Result<bool> {
        Ok(self.db.contains_key(key::bundle(hash))?)
    }

    /// Uploads that never became versions: the process died meanwhile.
    pub(crate) fn abandoned_bundles(&self) -> Result<Vec<([u8; 32], ActionId)>> {
        let mut found = Vec::new();
        for entry in self.below(key::BUNDLE_USERS) {
            let (key, _) = entry?;
            if let Some((hash, pin, PINNED)) = user(&key) {
                found.push((hash, pin));
            }
        }
        Ok(found)
    }

    fn bundle_has_users_besides(&self, hash: &[u8; 32], action: &ActionId, numbers: &[u32]) -> Result<bool> {
        for entry in self.below(&key::bundle_users(hash)) {
            let (key, _) = entry?;
            let ours =
                user(&key).is_some_and(|(_, user, number)| user == *action && numbers.contains(&number));
            if !ours {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Change<'_> {
    /// Takes a pin back. `kept`: a version uses the bundle now, by this very change.
    pub(crate) fn unpin_bundle(&mut self, hash: &[u8; 32], pin: &ActionId, kept: bool) -> Result<()> {
        self.remove(key::bundle_user(hash, pin, PINNED));
        if !kept && !self.bundle_has_users_besides(hash, pin, &[PINNED])? {
            self.remove_below(&key::bundle(hash))?;
        }
        Ok(())
    }

    /// The versions are gone; a bundle that nobody else uses goes with them.
    pub(super) fn release_bundles(&mut self, action: &ActionId, versions: &[Version]) -> Result<()> {
        let uses = |blob: &[u8; 32], version: &Version| version.blobs().any(|other| other == *blob);
        for blob in versions.iter().flat_map(Version::blobs) {
            let users = versions.iter().filter(|version| uses(&blob, version));
            let numbers: Vec<u32> = users.map(|version| version.number).collect();
            for number in &numbers {
                self.remove(key::bundle_user(&blob, action, *number));
            }
            if !self.bundle_has_users_besides(&blob, action, &numbers)? {
                self.remove_below(&key::bundle(&blob))?;
            }
        }
        Ok(())
    }

    /// Removes old versions of an action that go on.
    pub(crate) fn remove_versions(&mut self, action: &ActionId, versions: &[Version]) -> Result<()> {
        for version in versions {
            self.remove(key::version(action, version.number));
        }
        self.release_bundles(action, versions)
    }
}

/// Hash, action and number of a user's key.
fn user(key: &[u8]) -> Option<([u8; 32], ActionId, u32)> {
    let (hash, rest) = key.get(1..)?.split_first_chunk::<32>()?;
    let (action, rest) = rest.split_first_chunk::<20>()?;
    let number = u32::from_be_bytes(*rest.first_chunk::<4>()?);
    Some((*hash, ActionId::from_bytes(*action), number))
}

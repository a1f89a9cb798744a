//! The secrets that runs get: read and decrypted once, and kept until any secret or grant changes.

use std::{
    num::NonZeroUsize,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use lru::LruCache;
use zeroize::{Zeroize as _, Zeroizing};

use super::mask::Mask;
use crate::{
    model::{
        id::{ActionId, OrgId},
        secret::{Owner, Place, Secret},
    },
    store::{self, Store, View},
    vault::{Bound, Unsealable, Vault},
};

/// Actions whose secrets are kept.
const ACTIONS_MAX: NonZeroUsize = NonZeroUsize::new(4_096).expect("it is not zero");
/// What all of them may take, in bytes.
const BYTES_MAX: usize = 64 << 20;

/// What one action's runs get.
#[derive(Default)]
pub(super) struct Granted {
    /// Names and values.
    variables: Vec<(String, Zeroizing<String>)>,
    /// `None` when there is nothing to hide.
    pub(super) mask: Option<Mask>,
}

/// Why a run does not get its secrets.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotGranted {
    #[error("the secret {0} cannot be decrypted")]
    Sealed(String, #[source] Unsealable),
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Variables of one run, wiped from memory with it.
pub(super) struct Variables(pub(super) Vec<(String, String)>);

/// The secrets of actions that ran lately.
pub(super) struct Secrets {
    store: Store,
    vault: Vault,
    kept: Mutex<Kept>,
    /// Counts changes of secrets and of who gets them.
    changes: AtomicU64,
}

struct Kept {
    granted: LruCache<ActionId, (OrgId, Arc<Granted>)>,
    bytes: usize,
}

impl Granted {
    pub(super) fn is_empty(&self) -> bool {
        self.variables.is_empty()
    }

    pub(super) fn variables(&self) -> impl Iterator<Item = (String, String)> {
        self.variables.iter().map(|(name, value)| (name.clone(), String::clone(value)))
    }

    fn bytes(&self) -> usize {
        self.variables.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>()
            + self.mask.as_ref().map_or(0, Mask::bytes)
    }
}

impl Drop for Variables {
    fn drop(&mut self) {
        self.0.iter_mut().for_each(|(_, value)| value.zeroize());
    }
}

impl Secrets {
    pub(super) fn new(store: Store, vault: Vault) -> Self {
        let kept = Mutex::new(Kept { granted: LruCache::new(ACTIONS_MAX), bytes: 0 });
        Self { store, vault, kept, changes: AtomicU64::new(0) }
    }

    pub(super) fn vault(&self) -> &Vault {
        &self.vault
    }

    /// What a run of the action gets that begins now.
    pub(super) async fn of(&self, org: &OrgId, action: ActionId) -> Result<Arc<Granted>, NotGranted> {
        if let Some((of, granted)) = self.kept().granted.get(&action)
            && of == org
        {
            return Ok(granted.clone());
        }
        let changes = self.changes.load(Ordering::Acquire);
        let reader = org.clone();
        let found = self.store.read(move |view| found(view, &reader, action)).await?;
        let granted = Arc::new(self.opened(found)?);
        let mut kept = self.kept();
        // What was read may be old already: it must not be kept after whoever changed it said so.
        if self.changes.load(Ordering::Acquire) == changes {
            kept.put(action, org.clone(), granted.clone());
        }
        Ok(granted)
    }

    /// A secret, or who gets it, was changed.
    pub(super) fn forget(&self) {
        self.changes.fetch_add(1, Ordering::AcqRel);
        let mut kept = self.kept();
        kept.granted.clear();
        kept.bytes = 0;
    }

    fn opened(&self, secrets: Vec<Secret>) -> Result<Granted, NotGranted> {
        let mut variables = Vec::with_capacity(secrets.len());
        for secret in secrets {
            let name = &secret.place.name;
            let opened = self.vault.unseal(Bound::Secret(&secret.place), &secret.sealed);
            let value = opened.map_err(|error| NotGranted::Sealed(name.clone(), error))?;
            let value = String::from_utf8_lossy(&value).into_owned();
            variables.push((secret.place.name, Zeroizing::new(value)));
        }
        let mask = Mask::new(variables.iter().map(|(_, value)| value.as_str()));
        Ok(Granted { variables, mask })
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn put(&mut self, action: ActionId, org: OrgId, granted: Arc<Granted>) {
        self.bytes += granted.bytes();
        if let Some((_, (_, gone))) = self.granted.push(action, (org, granted)) {
            self.bytes -= gone.bytes();
        }
        while self.bytes > BYTES_MAX && self.granted.len() > 1 {
            let Some((_, (_, gone))) = self.granted.pop_lru() else { break };
            self.bytes -= gone.bytes();
        }
    }
}

/// The action's own secrets, and those that it was granted and has none of its own in place of.
fn found(view: &View, org: &OrgId, action: ActionId) -> store::Result<Vec<Secret>> {
    let mut secrets = view.secrets(org, &Owner::Action(action))?;
    let granted = view.action(org, &action)?.map_or_else(Vec::new, |action| action.secrets);
    for name in granted {
        if !secrets.iter().any(|own| own.place.name == name) {
            secrets.extend(view.secret(&Place { org: org.clone(), owner: Owner::Organisation, name })?);
        }
    }
    Ok(secrets)
}

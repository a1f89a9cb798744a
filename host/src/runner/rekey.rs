//! Changing the key of secrets: what was sealed with the one before is sealed anew, before anything runs.

use zeroize::Zeroizing;

use super::execute::SEALED;
use crate::{
    model::{
        id::ActionId,
        secret::{Owner, Place, Secret},
    },
    store::{self, Change, Store, View},
    vault::{Bound, Unsealable, Vault},
};

/// Why the key is not changed. The one before goes on to open everything.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotRekeyed {
    #[error(
        "the key of secrets is not changed: the secret {} of {} cannot be decrypted with secret.key_old: \
         start with that key once more, and delete or set the secret",
        .0.name,
        whose(.0)
    )]
    Sealed(Box<Place>, #[source] Unsealable),
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Seals all with `new` that `old` opens; how many secrets. Nothing is changed unless all secrets can be. Memories come first,
/// one by one: the next start goes on with those that a crash left. Secrets, and what tells whose key is right, are one change
/// at the end: that key opens all of them, whatever happens.
pub(crate) async fn rekey(store: &Store, old: &Vault, new: &Vault) -> Result<usize, NotRekeyed> {
    let opens = old.clone();
    let checked = store.read(move |view| {
        let secrets = view.all_secrets()?;
        secrets.iter().try_for_each(|secret| opened(&opens, secret).map(drop))
    });
    checked.await?;
    for action in store.read(View::states).await? {
        let (old, new) = (old.clone(), new.clone());
        store.settle(move |change| reseal_memory(change, action, &old, &new)).await?;
    }
    let (old, new) = (old.clone(), new.clone());
    store.settle(move |change| reseal_secrets(change, &old, &new)).await
}

/// One that the old key does not open has the new one already.
fn reseal_memory(change: &mut Change<'_>, action: ActionId, old: &Vault, new: &Vault) -> store::Result<()> {
    let state = change.state(&action)?;
    let sealed = state.as_deref().and_then(|state| state.strip_prefix(SEALED));
    let opened = sealed.and_then(|sealed| old.unseal(Bound::Memory(&action), sealed).ok());
    let Some(bytes) = opened else { return Ok(()) };
    change.put_state(&action, &[SEALED, &new.seal(Bound::Memory(&action), &bytes)].concat())
}

fn reseal_secrets(change: &mut Change<'_>, old: &Vault, new: &Vault) -> Result<usize, NotRekeyed> {
    let secrets = change.all_secrets()?;
    let count = secrets.len();
    for mut secret in secrets {
        let value = opened(old, &secret)?;
        secret.sealed = new.seal(Bound::Secret(&secret.place), &value);
        change.put_secret(&secret)?;
    }
    change.put_secret_key_check(new.check());
    Ok(count)
}

fn opened(old: &Vault, secret: &Secret) -> Result<Zeroizing<Vec<u8>>, NotRekeyed> {
    let value = old.unseal(Bound::Secret(&secret.place), &secret.sealed);
    value.map_err(|error| NotRekeyed::Sealed(Box::new(secret.place.clone()), error))
}

fn whose(place: &Place) -> String {
    match &place.owner {
        Owner::Organisation => format!("the organisation {}", place.org),
        Owner::Action(action) => format!("the action {action} in {}", place.org),
    }
}

#[cfg(test)]
mod tests {
    use std::{path::Path, sync::Arc, time::Duration};

    use jiff::Timestamp;

    use super::*;
    use crate::vault::KeySource;

    const OLD: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const NEW: &str = "AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const VALUES: [(&str, &str); 2] = [("A", "one"), ("B", "two")];

    fn vault(key: &str) -> Vault {
        Vault::open(&KeySource::Said(key), None).unwrap()
    }

    fn open(dir: &Path) -> Store {
        let settings = store::Settings {
            dir: dir.to_owned(),
            cache_bytes: 8 << 20,
            flush: Duration::from_millis(200),
            free_bytes_min: 0,
            flushed: Arc::new(|_| ()),
        };
        Store::open(settings).unwrap()
    }

    fn action(number: u8) -> ActionId {
        ActionId::from_bytes([number; 20])
    }

    fn memory(number: u8) -> Vec<u8> {
        vec![number; 100 << 10]
    }

    fn secret(name: &str, value: &str) -> Secret {
        let owner = if name == "A" { Owner::Organisation } else { Owner::Action(action(1)) };
        let place = Place { org: "default".parse().unwrap(), owner, name: name.to_owned() };
        Secret {
            sealed: vault(OLD).seal(Bound::Secret(&place), value.as_bytes()),
            place,
            created_at: Timestamp::UNIX_EPOCH,
            created_by: "a@b".to_owned(),
            changed_at: Timestamp::UNIX_EPOCH,
            changed_by: "a@b".to_owned(),
        }
    }

    async fn fill(store: &Store) {
        let filled = store.write(|change| {
            for (name, value) in VALUES {
                change.put_secret(&secret(name, value))?;
            }
            for number in [1, 2] {
                let sealed = vault(OLD).seal(Bound::Memory(&action(number)), &memory(number));
                change.put_state(&action(number), &[SEALED, &sealed].concat())?;
            }
            // Of an action that was told no secrets.
            change.put_state(&action(3), &memory(3))?;
            change.put_secret_key_check(vault(OLD).check());
            Ok::<_, store::Error>(())
        });
        filled.await.unwrap();
    }

    /// Whether that key opens everything.
    async fn is_whole(store: &Store, key: &'static str) -> bool {
        let whole = store.read(move |view| {
            let vault = vault(key);
            let check = view.secret_key_check()?.unwrap();
            let mut whole = vault.unseal(Bound::Check, &check).is_ok();
            for secret in view.all_secrets()? {
                let value = vault.unseal(Bound::Secret(&secret.place), &secret.sealed);
                let expected = VALUES.iter().find(|(name, _)| *name == secret.place.name).unwrap().1;
                whole &= value.is_ok_and(|value| value.as_slice() == expected.as_bytes());
            }
            for number in [1, 2] {
                let state = view.state(&action(number))?.unwrap();
                let bytes = vault.unseal(Bound::Memory(&action(number)), state.strip_prefix(SEALED).unwrap());
                whole &= bytes.is_ok_and(|bytes| *bytes == memory(number));
            }
            assert_eq!(view.state(&action(3))?, Some(memory(3)));
            Ok::<_, store::Error>(whole)
        });
        whole.await.unwrap()
    }

    #[tokio::test]
    async fn whatever_a_crash_leaves_is_taken_up() {
        // Memories that were sealed anew when the server died.
        for done in [vec![], vec![1], vec![2], vec![1, 2]] {
            let folder = tempfile::tempdir().unwrap();
            let store = open(folder.path());
            fill(&store).await;
            assert!(is_whole(&store, OLD).await);
            for number in done {
                let resealed = store
                    .settle(move |change| reseal_memory(change, action(number), &vault(OLD), &vault(NEW)));
                resealed.await.unwrap();
            }
            // The secrets are still the old key's, all of them.
            let check = store.read(View::secret_key_check).await.unwrap().unwrap();
            assert!(vault(OLD).unseal(Bound::Check, &check).is_ok());
            assert_eq!(rekey(&store, &vault(OLD), &vault(NEW)).await.unwrap(), VALUES.len());
            assert!(is_whole(&store, NEW).await);
            drop(store);
            assert!(is_whole(&open(folder.path()), NEW).await);
        }
    }

    #[tokio::test]
    async fn what_is_damaged_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path());
        fill(&store).await;
        let damaged = Secret { sealed: vec![1, 2, 3], ..secret("C", "") };
        store.write(move |change| change.put_secret(&damaged)).await.unwrap();
        let error = rekey(&store, &vault(OLD), &vault(NEW)).await.unwrap_err();
        let place = format!("the secret C of the action {} in default", action(1));
        assert_eq!(
            error.to_string(),
            format!(
                "the key of secrets is not changed: {place} cannot be decrypted with secret.key_old: start with that key once more, and delete or set the secret"
            )
        );
        let gone = secret("C", "").place;
        let removed = store.write(move |change| {
            change.remove_secret(&gone);
            Ok::<_, store::Error>(())
        });
        removed.await.unwrap();
        assert!(is_whole(&store, OLD).await, "memories too");
    }
}

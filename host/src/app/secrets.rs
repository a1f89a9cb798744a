//! Secrets: keeping and removing them, and which actions get those of their organisation.

use zeroize::Zeroizing;

use super::{actions::NotSaved, audit::By, state::App};
use crate::{
    clock,
    environment::is_key,
    model::{
        action::{Action, Name},
        id::{ActionId, OrgId},
        secret::{Owner, Place, Secret, is_reserved},
    },
    store::{self, Change, View},
    vault::{Bound, SEALED_BYTES},
};

/// Secrets of one organisation, and of one action.
const SECRETS_MAX: usize = 100;
const VALUE_BYTES_MAX: usize = 16 << 10;
/// What all those values may have together: each run of the action gets them, and looks for them in all that it says.
const VALUES_BYTES_MAX: usize = 256 << 10;

/// Why a secret is not kept or removed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotKept {
    #[error("there is no organisation {0}")]
    NoOrganisation(OrgId),
    #[error("there is no action {0}")]
    NoAction(ActionId),
    #[error("there is no secret {0}")]
    NoSecret(String),
    #[error(
        "the name {0:?} is not allowed: begin with a capital letter, go on with capitals, digits and underscores"
    )]
    Name(String),
    #[error("the name {0} is one that actiond sets itself: choose another")]
    Reserved(String),
    #[error("the name has {bytes} bytes, the limit is {bytes_max}: shorten it")]
    LongName { bytes: usize, bytes_max: usize },
    #[error("the value is empty: delete the secret instead")]
    Empty,
    #[error("the value has {bytes} bytes, the limit is {VALUE_BYTES_MAX}")]
    Long { bytes: usize },
    #[error("the value holds a NUL character, which no variable can hold")]
    Nul,
    #[error("there are {SECRETS_MAX} secrets already: remove some")]
    TooMany,
    #[error("the values would have {bytes} bytes together, the limit is {VALUES_BYTES_MAX}: remove some")]
    TooMuch { bytes: usize },
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// A secret of an organisation, and who was granted it.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) secret: Secret,
    pub(crate) actions: Vec<(ActionId, Name)>,
}

/// Which secrets of its organisation an action is to get.
#[derive(Debug, Clone)]
pub(crate) struct Grants {
    pub(crate) names: Vec<String>,
    /// Only who administers the organisation changes that.
    pub(crate) by_admin: bool,
}

impl App {
    /// Keeps a secret's value; one that is there already gets a new value. The next run gets it.
    pub(crate) async fn keep_secret(
        &self,
        place: Place,
        value: Zeroizing<String>,
        who: String,
    ) -> Result<(), NotKept> {
        check(&place.name, &value, self.settings().environment_limits.key_bytes)?;
        let vault = self.runner().vault().clone();
        let sealed = vault.seal(Bound::Secret(&place), value.as_bytes());
        let now = clock::now();
        let by = By { who: who.clone(), org: place.org.clone(), at: now };
        let kept = self.store().write(move |change| {
            must_be_there(change, &place)?;
            let known = change.secrets(&place.org, &place.owner)?;
            let (before, others): (Vec<_>, Vec<_>) =
                known.into_iter().partition(|known| known.place.name == place.name);
            let before = before.into_iter().next();
            if before.is_none() && others.len() >= SECRETS_MAX {
                return Err(NotKept::TooMany);
            }
            let sizes = others.iter().map(|other| other.sealed.len()).chain([sealed.len()]);
            let bytes = sizes.map(|bytes| bytes.saturating_sub(SEALED_BYTES)).sum();
            if bytes > VALUES_BYTES_MAX {
                return Err(NotKept::TooMuch { bytes });
            }
            if change.secret_key_check()?.is_none() {
                change.put_secret_key_check(vault.check());
            }
            let what = if before.is_some() { "secret.rotate" } else { "secret.create" };
            let (created_at, created_by) =
                before.map_or((now, who.clone()), |before| (before.created_at, before.created_by));
            by.note(change, what, &place.name, owner(&place.owner))?;
            let changed = (now, who);
            let secret = Secret {
                place,
                sealed,
                created_at,
                created_by,
                changed_at: changed.0,
                changed_by: changed.1,
            };
            Ok(change.put_secret(&secret)?)
        });
        kept.await?;
        self.runner().secrets_changed();
        Ok(())
    }

    /// Removes a secret; no action is granted it any more.
    pub(crate) async fn remove_secret(&self, place: Place, who: String) -> Result<(), NotKept> {
        let by = By { who, org: place.org.clone(), at: clock::now() };
        let removed = self.store().settle(move |change| {
            must_be_there(change, &place)?;
            if change.secret(&place)?.is_none() {
                return Err(NotKept::NoSecret(place.name));
            }
            change.remove_secret(&place);
            by.note(change, "secret.delete", &place.name, owner(&place.owner))?;
            match place.owner {
                Owner::Organisation => Ok(revoke(change, &place)?),
                Owner::Action(_) => Ok(()),
            }
        });
        removed.await?;
        self.runner().secrets_changed();
        Ok(())
    }

    /// An action's own secrets, by name.
    pub(crate) async fn secrets_of_action(&self, org: OrgId, id: ActionId) -> Result<Vec<Secret>, NotKept> {
        let found = self.store().read(move |view| {
            if !view.has_action(&org, &id)? {
                return Err(NotKept::NoAction(id));
            }
            Ok(view.secrets(&org, &Owner::Action(id))?)
        });
        found.await
    }

    /// An organisation's secrets, by name.
    pub(crate) async fn secrets(&self, org: OrgId) -> Result<Vec<Shared>, NotKept> {
        let found = self.store().read(move |view| {
            if view.organisation(&org)?.is_none() {
                return Err(NotKept::NoOrganisation(org));
            }
            let secrets = view.secrets(&org, &Owner::Organisation)?;
            let mut shared: Vec<Shared> =
                secrets.into_iter().map(|secret| Shared { secret, actions: Vec::new() }).collect();
            for action in view.actions(&org) {
                let Action { id, name, secrets, .. } = action?;
                for shared in shared.iter_mut().filter(|shared| secrets.contains(&shared.secret.place.name)) {
                    shared.actions.push((id, name.clone()));
                }
            }
            Ok(shared)
        });
        found.await
    }
}

impl Grants {
    /// The names as they are to be kept for an action that had `before`. Notes a change.
    pub(super) fn settled(
        mut self,
        change: &mut Change<'_>,
        action: &ActionId,
        before: &[String],
        by: &By,
    ) -> Result<Vec<String>, NotSaved> {
        self.names.sort_unstable();
        self.names.dedup();
        if self.names == before {
            return Ok(self.names);
        }
        if !self.by_admin {
            return Err(NotSaved::Grant);
        }
        for name in &self.names {
            let place = Place { org: by.org.clone(), owner: Owner::Organisation, name: name.clone() };
            if !is_key(name) || change.secret(&place)?.is_none() {
                return Err(NotSaved::NoSecret(name.chars().take(64).collect()));
            }
        }
        by.note(change, "action.grant", action, self.names.join(", "))?;
        Ok(self.names)
    }
}

fn check(name: &str, value: &str, name_bytes_max: usize) -> Result<(), NotKept> {
    let bytes = name.len();
    if bytes > name_bytes_max {
        return Err(NotKept::LongName { bytes, bytes_max: name_bytes_max });
    }
    if !is_key(name) {
        return Err(NotKept::Name(name.to_owned()));
    }
    if is_reserved(name) {
        return Err(NotKept::Reserved(name.to_owned()));
    }
    match value.len() {
        0 => Err(NotKept::Empty),
        bytes if bytes > VALUE_BYTES_MAX => Err(NotKept::Long { bytes }),
        _ if value.contains('\0') => Err(NotKept::Nul),
        _ => Ok(()),
    }
}

fn must_be_there(view: &View, Place { org, owner, .. }: &Place) -> Result<(), NotKept> {
    match owner {
        Owner::Organisation if view.organisation(org)?.is_none() => Err(NotKept::NoOrganisation(org.clone())),
        Owner::Action(id) if !view.has_action(org, id)? => Err(NotKept::NoAction(*id)),
        Owner::Organisation | Owner::Action(_) => Ok(()),
    }
}

/// A secret of that name that is made later is granted to nobody.
fn revoke(change: &mut Change<'_>, place: &Place) -> store::Result<()> {
    let actions: Vec<Action> = change.actions(&place.org).collect::<store::Result<_>>()?;
    for mut action in actions.into_iter().filter(|action| action.secrets.contains(&place.name)) {
        action.secrets.retain(|name| *name != place.name);
        change.put_action(&action)?;
    }
    Ok(())
}

fn owner(owner: &Owner) -> String {
    match owner {
        Owner::Organisation => "organisation".to_owned(),
        Owner::Action(id) => format!("action {id}"),
    }
}

//! Saving actions: what an upload has to pass, and the one change that it becomes.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    audit::By,
    jobs::{ORGS_MAX, settle_in, with_origin},
    packages::{NotPackaged, Packages},
    policy::BadPolicy,
    secrets::Grants,
    state::App,
    trace::new_traceparent,
};
use crate::{
    clock,
    deps::Watch,
    environment::{self, Environment},
    model::{
        account::Permission,
        action::{Action, BadName, Kind, Name, Version},
        guest::GuestKind,
        id::{ActionId, OrgId},
        organisation::Organisation,
        policy::Policy,
        run::Trigger,
        schedule::{self, Schedule, Zone},
    },
    origin::Origin,
    random,
    runner::{Ask, Draft, Due, NotPrepared, Refused},
    store::{self, Change},
};

/// Actions of one organisation.
const ACTIONS_MAX: usize = 10_000;
/// Versions of one action; older ones than that go, but never the one that runs.
const VERSIONS_MAX: usize = 50;
pub(super) const DESCRIPTION_BYTES_MAX: usize = 4_096;
const FILE_NAME_BYTES_MAX: usize = 256;
const OWNER_BYTES_MAX: usize = 256;

/// An action's code and settings, as they were sent.
#[derive(Debug, Clone)]
pub(crate) struct Upload {
    pub(crate) org: OrgId,
    /// `None`: a new action.
    pub(crate) id: Option<ActionId>,
    pub(crate) name: String,
    pub(crate) owner: String,
    pub(crate) description: Option<String>,
    pub(crate) kind: Kind,
    pub(crate) cron: Option<String>,
    pub(crate) zone: Option<String>,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) service_account: String,
    pub(crate) zip_file_name: String,
    pub(crate) zip: Arc<[u8]>,
    pub(crate) policy: Option<Policy>,
    /// `None`: those that it has.
    pub(crate) grants: Option<Grants>,
    /// The account that sends it.
    pub(crate) by: String,
    /// Of a job: where it was pulled from. Its account is one of there, its id was made there.
    pub(crate) origin: Option<Origin>,
}

/// An upload that was saved.
#[derive(Debug)]
pub(crate) struct Uploaded {
    pub(crate) id: ActionId,
    /// What its owner should know.
    pub(crate) warnings: Vec<String>,
}

/// Why an action is not saved. Nothing of it is kept then.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotSaved {
    #[error("there is no action {0}")]
    NoAction(ActionId),
    #[error(transparent)]
    Name(#[from] BadName),
    #[error(transparent)]
    Environment(#[from] environment::Error),
    #[error("an action of type repeat needs a cron expression")]
    NoSchedule,
    #[error("cron expression: {0}")]
    Schedule(#[from] schedule::Error),
    #[error("the execution type of an action cannot be changed: make a new action")]
    Kind,
    #[error("Failed to fetch passcode")]
    NoServiceAccount,
    #[error("{what} has {bytes} bytes, the limit is {bytes_max}: shorten it")]
    Long { what: &'static str, bytes: usize, bytes_max: usize },
    #[error("policy: {0}")]
    Policy(#[from] BadPolicy),
    #[error("the organisation has no secret {0:?}: make it first")]
    NoSecret(String),
    #[error("only an admin changes which of the organisation's secrets an action gets")]
    Grant,
    #[error("the organisation has {ACTIONS_MAX} actions already: remove some")]
    TooMany,
    #[error("the id {0} is taken, or what had it was removed just now: try again in a minute")]
    Taken(ActionId),
    #[error("there are {ORGS_MAX} organisations already: remove some")]
    TooManyOrganisations,
    #[error(transparent)]
    Packages(#[from] NotPackaged),
    #[error(transparent)]
    Prepare(#[from] NotPrepared),
    #[error("there is no organisation {0}")]
    NoOrganisation(OrgId),
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl App {
    /// Saves a new action, or a new version of one. It runs by it as soon as this returns; what runs already goes on.
    pub(crate) async fn upload(&self, upload: Upload) -> Result<Uploaded, NotSaved> {
        let (org, name) = (upload.org.clone(), upload.name.clone());
        let watch = Watch::new(move |line| tracing::info!(org = %org, "packages of action {name}: {line}"));
        self.upload_seen(upload, &watch).await
    }

    /// The same, seen by somebody.
    pub(super) async fn upload_seen(&self, upload: Upload, watch: &Watch) -> Result<Uploaded, NotSaved> {
        let now = clock::now();
        let (before, organisation) = self.found(&upload).await?;
        let mut action = self.drafted(&upload, before.as_ref(), now)?;
        let Packages { zip: packages, guest, warnings } = self.packages(upload.zip.clone(), watch).await?;
        action.guest = guest;
        self.settings().policy.check_memory(&action.policy, guest)?;
        let draft = Draft {
            action: action.clone(),
            organisation,
            zip: upload.zip.clone(),
            packages: packages.clone(),
            guest,
        };
        self.runner().try_out(draft).await?;
        let hash_of = |blob: &Arc<[u8]>| *blake3::hash(blob).as_bytes();
        let pin = ActionId::new(now, random::bytes());
        let blobs: Vec<_> = [Some(upload.zip.clone()), packages.clone()].into_iter().flatten().collect();
        let hashes: Vec<_> = blobs.iter().map(hash_of).collect();
        for (hash, blob) in hashes.iter().zip(blobs) {
            self.store().put_bundle(*hash, blob, pin).await?;
        }
        let version = Version {
            number: 0,
            bundle: hash_of(&upload.zip),
            packages: packages.as_ref().map(hash_of),
            guest,
            bytes: upload.zip.len() as u64,
            zip_file_name: upload.zip_file_name.clone(),
            created_by: upload.by.clone(),
            created_at: now,
        };
        let (id, by) = (action.id, By { who: upload.by, org: upload.org.clone(), at: now });
        let (is_known, origin) = (upload.id.is_some(), upload.origin.clone());
        let grants = upload.grants;
        let saved = self.store().write(move |change| {
            if let Some(origin) = &origin {
                settle_in(change, &action, origin)?;
            }
            let must_be_there = is_known && origin.is_none();
            save(change, Saved { action, version, pin, grants }, must_be_there, &by)
        });
        let saved = saved.await;
        if saved.is_err() {
            // What was pinned for it goes too.
            let unpin = move |change: &mut Change<'_>| {
                hashes.iter().try_for_each(|hash| change.unpin_bundle(hash, &pin, false))
            };
            let _ = self.store().settle(unpin).await;
        }
        saved?;
        if upload.origin.is_some() {
            self.runner().changed_org(&upload.org);
        }
        self.runner().changed(id);
        self.runner().secrets_changed();
        self.schedules_changed();
        if upload.kind == Kind::Once
            && let Err(refused) = self.run_once(upload.org, id, now).await
        {
            // It is due from now on: the scheduler sees to it.
            tracing::warn!(action.id = %id, reason = %refused, "action {id} is to run once but cannot yet");
        }
        Ok(Uploaded { id, warnings })
    }

    /// Asks for the run of an action of kind `once` that is due since it was uploaded. However often that is asked for, it is
    /// one run.
    pub(crate) async fn run_once(
        &self,
        org: OrgId,
        action: ActionId,
        uploaded: Timestamp,
    ) -> Result<(), Refused> {
        let asked = self.runner().accept(Ask {
            org,
            action,
            version: None,
            trigger: Trigger::Once,
            input: "[]".to_owned(),
            traceparent: new_traceparent(),
            parent: None,
            redrives: None,
            due: Some(Due { at: uploaded, decided_until: uploaded, missed: 0 }),
            waits: false,
            once: Vec::new(),
        });
        asked.await.map(drop)
    }

    /// Removes an action with its versions and hooks at once; its runs go a little later.
    pub(crate) async fn remove(&self, org: OrgId, id: ActionId, who: String) -> Result<(), NotSaved> {
        let by = By { who, org: org.clone(), at: clock::now() };
        let removed = self.store().settle(move |change| {
            let action = change.action(&org, &id)?.ok_or(NotSaved::NoAction(id))?;
            change.remove_action(&action)?;
            change.put_grave(&id);
            by.note(change, "action.delete", &id, action.name.as_str())?;
            Ok::<_, NotSaved>(())
        });
        removed.await?;
        self.runner().removed(id);
        self.runner().secrets_changed();
        self.schedules_changed();
        Ok(())
    }

    /// What an upload is measured against: the action as it is, its organisation, the account it names.
    pub(super) async fn found(&self, upload: &Upload) -> Result<(Option<Action>, Organisation), NotSaved> {
        let (org, id, origin) = (upload.org.clone(), upload.id, upload.origin.clone());
        if origin.is_none() {
            self.check_service_account(&upload.org, &upload.service_account).await?;
        }
        let found = self.store().read(move |view| {
            let found = view.organisation(&org)?;
            let organisation = match &origin {
                Some(origin) => with_origin(&org, found, origin),
                None => found.ok_or_else(|| NotSaved::NoOrganisation(org.clone()))?,
            };
            let Some(id) = id else { return Ok((None, organisation)) };
            let action = view.action(&org, &id)?;
            if action.is_none() && origin.is_none() {
                return Err(NotSaved::NoAction(id));
            }
            Ok::<_, NotSaved>((action, organisation))
        });
        found.await
    }

    pub(super) async fn check_service_account(&self, org: &OrgId, account: &str) -> Result<(), NotSaved> {
        let email = account.parse().map_err(|_| NotSaved::NoServiceAccount)?;
        let found = self.store().read(move |view| view.account(&email)).await?;
        let sound = found.is_some_and(|account| account.may(org, Permission::ReadActions));
        if sound { Ok(()) } else { Err(NotSaved::NoServiceAccount) }
    }

    /// The action as it would be saved.
    pub(super) fn drafted(
        &self,
        upload: &Upload,
        before: Option<&Action>,
        now: Timestamp,
    ) -> Result<Action, NotSaved> {
        let settings = self.settings();
        check_length("the description", upload.description.as_deref().unwrap_or(""), DESCRIPTION_BYTES_MAX)?;
        check_length("the file's name", &upload.zip_file_name, FILE_NAME_BYTES_MAX)?;
        check_length("the owner", &upload.owner, OWNER_BYTES_MAX)?;
        if before.is_some_and(|before| before.kind != upload.kind) {
            return Err(NotSaved::Kind);
        }
        let policy = upload.policy.clone().or_else(|| before.map(|before| before.policy.clone()));
        let policy = policy.unwrap_or_else(|| settings.policy.default.clone());
        settings.policy.check(&policy)?;
        let kept_zone = before.map(|before| before.zone.clone());
        let zone = upload.zone.clone().or(kept_zone).unwrap_or_else(|| Zone::default().name().to_owned());
        let cron = upload.cron.clone().filter(|cron| !cron.trim().is_empty());
        check_schedule(upload.kind, cron.as_deref(), &zone)?;
        let env = Environment::of(upload.env.clone(), &settings.environment_limits)?;
        Ok(Action {
            id: upload.id.unwrap_or_else(|| ActionId::new(now, random::bytes())),
            org: upload.org.clone(),
            name: upload.name.parse::<Name>()?,
            description: upload.description.clone(),
            kind: upload.kind,
            cron,
            zone,
            env: env.variables().to_vec(),
            service_account: upload.service_account.clone(),
            created_by: before.map_or_else(|| upload.owner.clone(), |before| before.created_by.clone()),
            created_at: before.map_or(now, |before| before.created_at),
            modified_at: now,
            version: before.map_or(1, |before| before.version_last + 1),
            version_last: before.map_or(1, |before| before.version_last + 1),
            zip_file_name: upload.zip_file_name.clone(),
            // What its packages need is known once they are found.
            guest: GuestKind::Base,
            paused: before.is_some_and(|before| before.paused),
            policy,
            secrets: before.map_or_else(Vec::new, |before| before.secrets.clone()),
        })
    }
}

/// What an upload leaves.
struct Saved {
    action: Action,
    version: Version,
    /// Keeps its bundle until it is saved.
    pin: ActionId,
    grants: Option<Grants>,
}

/// Done by the store's writer: numbers the version by what is there now.
fn save(change: &mut Change<'_>, saved: Saved, must_be_there: bool, by: &By) -> Result<(), NotSaved> {
    let Saved { mut action, mut version, pin, grants } = saved;
    if change.organisation(&action.org)?.is_none() {
        return Err(NotSaved::NoOrganisation(action.org));
    }
    let now = change.action(&action.org, &action.id)?;
    let is_other_schedule =
        now.as_ref().is_none_or(|now| (&now.cron, &now.zone) != (&action.cron, &action.zone));
    let what = match now {
        None if must_be_there => return Err(NotSaved::NoAction(action.id)),
        None => {
            if change.actions(&action.org).count() >= ACTIONS_MAX {
                return Err(NotSaved::TooMany);
            }
            (action.version, action.version_last) = (1, 1);
            action.secrets.clear();
            "action.create"
        }
        Some(now) if now.kind != action.kind => return Err(NotSaved::Kind),
        Some(now) => {
            action.version_last = now.version_last + 1;
            action.version = action.version_last;
            action.created_at = now.created_at;
            action.paused = now.paused;
            action.secrets = now.secrets;
            "action.upload"
        }
    };
    if let Some(grants) = grants {
        action.secrets = grants.settled(change, &action.id, &action.secrets, by)?;
    }
    version.number = action.version;
    change.put_version(&action.id, &version)?;
    for blob in version.blobs() {
        change.unpin_bundle(&blob, &pin, true)?;
    }
    // The memory of a stateful action is that of its old code.
    change.remove_state(&action.id)?;
    let old: Vec<Version> =
        change.versions(&action.id).skip(VERSIONS_MAX - 1).collect::<store::Result<_>>()?;
    let old: Vec<Version> = old.into_iter().filter(|old| old.bundle != version.bundle).collect();
    change.remove_versions(&action.id, &old)?;
    change.put_action(&action)?;
    // The upload is what an action of kind `once` is due by.
    if is_other_schedule && action.kind != Kind::Once {
        decide_until(change, action.id, by.at)?;
    }
    by.note(change, what, &action.id, format!("version {}", version.number))?;
    Ok(())
}

/// Due times up to now are none of the action's own: it was paused, had another schedule, or was not there.
pub(super) fn decide_until(change: &mut Change<'_>, id: ActionId, now: Timestamp) -> store::Result<()> {
    let mut activity = change.activity(&id)?;
    activity.decided_until = activity.decided_until.max(Some(now));
    change.put_activity(&id, &activity)
}

pub(super) fn check_schedule(kind: Kind, cron: Option<&str>, zone: &str) -> Result<(), NotSaved> {
    let zone = Zone::parse(zone)?;
    match (kind, cron) {
        (Kind::Repeat, None) => Err(NotSaved::NoSchedule),
        (Kind::Repeat, Some(cron)) => Ok(Schedule::parse(cron, zone).map(drop)?),
        // The web client may send what its form holds; it counts for nothing.
        (Kind::Once | Kind::Service, Some(_) | None) => Ok(()),
    }
}

pub(super) fn check_length(what: &'static str, text: &str, bytes_max: usize) -> Result<(), NotSaved> {
    let bytes = text.len();
    if bytes > bytes_max { Err(NotSaved::Long { what, bytes, bytes_max }) } else { Ok(()) }
}

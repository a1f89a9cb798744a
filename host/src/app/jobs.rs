//! Jobs: actions that another cluster keeps and has run here. Their code is pulled from there.

use std::collections::BTreeMap;

use super::{
    actions::{NotSaved, Upload},
    edit::Edit,
    state::App,
};
use crate::{
    clock, config,
    model::{
        account::{BadEmail, Email},
        action::{Action, Activity, Kind, Version},
        id::{ActionId, OrgId},
        organisation::Organisation,
    },
    origin::{self, Origin, Through},
    store::{self, Change, View},
};

/// Who makes jobs: no account has such a name.
pub(crate) const ACTION_SERVER: &str = "action-server";
/// Organisations that there may be.
pub(super) const ORGS_MAX: usize = 10_000;
/// Jobs that a list shows; it has no pages.
const LISTED_MAX: usize = 10_000;

/// A job that is to run here.
#[derive(Debug)]
pub(crate) struct Deploy {
    pub(crate) org: OrgId,
    pub(crate) id: ActionId,
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) cron: Option<String>,
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) origin_url: String,
    pub(crate) service_account: String,
    pub(crate) token: String,
}

/// What is to be changed of a job; what is `None` stays.
#[derive(Debug, Default)]
pub(crate) struct JobEdit {
    pub(crate) name: Option<String>,
    pub(crate) cron: Option<String>,
    pub(crate) env: Option<BTreeMap<String, String>>,
}

/// A job, and what its runs have come to.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) action: Action,
    pub(crate) activity: Activity,
    /// Whether it runs now.
    pub(crate) runs: bool,
}

/// Why a job is not made, changed or found. Nothing of it is kept then.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotDeployed {
    #[error("there is no job {0}")]
    NoJob(String),
    #[error("service_account {0}")]
    Account(#[from] BadEmail),
    #[error("job {name} is of type {kind}")]
    OtherKind { name: String, kind: &'static str },
    #[error(transparent)]
    Pull(#[from] origin::Error),
    #[error(transparent)]
    Save(#[from] NotSaved),
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl App {
    fn through(&self) -> Through {
        Through { proxy: self.settings().proxy.clone(), bytes_max: config::BUNDLE_LIMITS.zip_bytes }
    }

    /// Pulls a job's code and saves it as an action; one that is there already gets a new version.
    pub(crate) async fn deploy(&self, deploy: Deploy) -> Result<Job, NotDeployed> {
        let account: Email = deploy.service_account.parse()?;
        let origin = Origin::new(&deploy.origin_url, account, &deploy.token)?;
        let pulled = origin.pull(&deploy.org, deploy.id, self.through()).await?;
        let upload = Upload {
            org: deploy.org.clone(),
            id: Some(deploy.id),
            zip_file_name: pulled.file_name.unwrap_or_else(|| format!("{}.zip", deploy.name)),
            name: deploy.name,
            owner: origin.account.to_string(),
            description: None,
            kind: deploy.kind,
            cron: deploy.cron,
            zone: None,
            env: deploy.env.into_iter().collect(),
            service_account: origin.account.to_string(),
            zip: pulled.zip.into(),
            policy: None,
            grants: None,
            by: ACTION_SERVER.to_owned(),
            origin: Some(origin),
        };
        self.upload(upload).await?;
        self.job(deploy.org, deploy.id.to_string()).await
    }

    /// An organisation's jobs, newest first.
    pub(crate) async fn jobs(&self, org: OrgId) -> Result<Vec<Job>, NotDeployed> {
        let running = self.runner().running_actions();
        let listed = self.store().read(move |view| {
            let actions = view.actions(&org).take(LISTED_MAX);
            let jobs = actions.map(|action| {
                let action = action?;
                let activity = view.activity(&action.id)?;
                Ok(Job { runs: running.contains(&action.id), action, activity })
            });
            jobs.collect::<store::Result<Vec<_>>>()
        });
        Ok(listed.await?)
    }

    /// A job by its id or its name.
    pub(crate) async fn job(&self, org: OrgId, name: String) -> Result<Job, NotDeployed> {
        let running = self.runner().running_actions();
        let read = self.store().read(move |view| {
            let action = named(view, &org, &name)?.ok_or(NotDeployed::NoJob(name))?;
            let activity = view.activity(&action.id)?;
            Ok(Job { runs: running.contains(&action.id), action, activity })
        });
        read.await
    }

    /// Changes a job. Its code is pulled again: that it changed where it comes from is told in no other way.
    pub(crate) async fn change_job(
        &self,
        org: OrgId,
        name: String,
        kind: Kind,
        edit: JobEdit,
    ) -> Result<Job, NotDeployed> {
        let (read_org, read_name) = (org.clone(), name.clone());
        let read = self.store().read(move |view| {
            let action = named(view, &read_org, &read_name)?.ok_or(NotDeployed::NoJob(read_name))?;
            let version = view.version(&action.id, action.version)?;
            Ok::<_, NotDeployed>((action, version, view.organisation(&read_org)?))
        });
        let (action, version, organisation) = read.await?;
        if action.kind != kind {
            return Err(NotDeployed::OtherKind { name, kind: action.kind.as_str() });
        }
        let id = action.id;
        let origin =
            version.as_ref().zip(organisation).and_then(|(version, org)| origin_of(&action, version, &org));
        let Some(origin) = origin.transpose()? else {
            self.edit(org.clone(), id, Edit::from(edit), ACTION_SERVER.to_owned()).await?;
            return self.job(org, id.to_string()).await;
        };
        let pulled = origin.pull(&org, id, self.through()).await?;
        let same = version.is_some_and(|version| version.bundle == *blake3::hash(&pulled.zip).as_bytes());
        if same {
            self.edit(org.clone(), id, Edit::from(edit), ACTION_SERVER.to_owned()).await?;
            return self.job(org, id.to_string()).await;
        }
        let upload = Upload {
            org: org.clone(),
            id: Some(id),
            name: edit.name.unwrap_or_else(|| action.name.to_string()),
            owner: action.created_by,
            description: action.description,
            kind,
            cron: edit.cron.or(action.cron),
            zone: None,
            env: edit.env.map_or(action.env, |env| env.into_iter().collect()),
            service_account: action.service_account,
            zip_file_name: pulled.file_name.unwrap_or(action.zip_file_name),
            zip: pulled.zip.into(),
            policy: None,
            grants: None,
            by: ACTION_SERVER.to_owned(),
            origin: Some(origin),
        };
        self.upload(upload).await?;
        self.job(org, id.to_string()).await
    }

    /// Removes a job, found by its id or its name.
    pub(crate) async fn remove_job(&self, org: OrgId, name: String) -> Result<(), NotDeployed> {
        let job = self.job(org.clone(), name).await?;
        Ok(self.remove(org, job.action.id, ACTION_SERVER.to_owned()).await?)
    }
}

/// Ids go before names; of several of one name it is the newest.
fn named(view: &View, org: &OrgId, name: &str) -> store::Result<Option<Action>> {
    if let Ok(id) = name.parse()
        && let Some(action) = view.action(org, &id)?
    {
        return Ok(Some(action));
    }
    view.actions(org)
        .find(|action| action.as_ref().map_or(true, |action| action.name.as_str() == name))
        .transpose()
}

/// Where the running version was pulled from; `None` when it was uploaded here.
fn origin_of(
    action: &Action,
    version: &Version,
    org: &Organisation,
) -> Option<Result<Origin, origin::Error>> {
    if version.created_by != ACTION_SERVER {
        return None;
    }
    let account: Email = action.service_account.parse().ok()?;
    let (url, token) = (org.origin.url.as_ref()?, org.origin.tokens.get(&account)?.clone());
    Some(Origin::new(url, account, &token))
}

impl From<JobEdit> for Edit {
    fn from(edit: JobEdit) -> Self {
        let env = edit.env.map(|env| env.into_iter().collect());
        Self { name: edit.name, cron: edit.cron, env, ..Self::default() }
    }
}

/// The organisation as it is with what a job brings along.
pub(super) fn with_origin(org: &OrgId, found: Option<Organisation>, origin: &Origin) -> Organisation {
    let mut organisation = found.unwrap_or_else(|| Organisation {
        id: org.clone(),
        created_at: clock::now(),
        origin: crate::model::organisation::Origin::default(),
        egress: Vec::new(),
        unverified_tls: false,
    });
    organisation.origin.url = Some(origin.url.clone());
    organisation.origin.tokens.insert(origin.account.clone(), origin.token.expose().to_owned());
    organisation
}

/// A job's organisation is made if need be, and knows from now on where the job came from.
pub(super) fn settle_in(change: &mut Change<'_>, action: &Action, origin: &Origin) -> Result<(), NotSaved> {
    let found = change.organisation(&action.org)?;
    let others: Vec<Organisation> = change.organisations().collect::<store::Result<_>>()?;
    if found.is_none() && others.len() >= ORGS_MAX {
        return Err(NotSaved::TooManyOrganisations);
    }
    // Versions and runs are found by the action's id alone, and this one was not made here.
    for other in others.iter().filter(|other| other.id != action.org) {
        if change.action(&other.id, &action.id)?.is_some() {
            return Err(NotSaved::Taken(action.id));
        }
    }
    for grave in change.graves() {
        if grave? == action.id {
            return Err(NotSaved::Taken(action.id));
        }
    }
    Ok(change.put_organisation(&with_origin(&action.org, found, origin))?)
}

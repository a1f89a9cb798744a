//! Changing an action's settings without new code.

use super::{
    actions::{DESCRIPTION_BYTES_MAX, NotSaved, check_length, check_schedule, decide_until},
    audit::By,
    secrets::Grants,
    state::App,
};
use crate::{
    clock,
    environment::{self, Environment},
    model::{
        action::{Action, Kind},
        id::{ActionId, OrgId},
        policy::Policy,
    },
};

/// Settings that are to be changed; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub(crate) struct Edit {
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) cron: Option<String>,
    pub(crate) zone: Option<String>,
    pub(crate) env: Option<Vec<(String, String)>>,
    pub(crate) service_account: Option<String>,
    pub(crate) policy: Option<Policy>,
    pub(crate) paused: Option<bool>,
    pub(crate) grants: Option<Grants>,
}

impl App {
    /// Changes an action's settings. What does not need its code made anew goes on with it.
    pub(crate) async fn edit(
        &self,
        org: OrgId,
        id: ActionId,
        edit: Edit,
        who: String,
    ) -> Result<(), NotSaved> {
        let now = clock::now();
        if let Some(account) = &edit.service_account {
            self.check_service_account(&org, account).await?;
        }
        let bounds = self.settings().policy.clone();
        let environment_limits = self.settings().environment_limits;
        if edit.env.is_some() || edit.service_account.is_some() {
            // Its import sees them.
            let mut draft = self.draft(org.clone(), id, None).await?;
            apply(&mut draft.action, edit.clone(), &environment_limits)?;
            self.runner().try_out(draft).await?;
        }
        let by = By { who, org: org.clone(), at: now };
        let (regranted, mut edit) = (edit.grants.is_some(), edit);
        let edited = self.store().write(move |change| {
            let mut action = change.action(&org, &id)?.ok_or(NotSaved::NoAction(id))?;
            if let Some(grants) = edit.grants.take() {
                action.secrets = grants.settled(change, &id, &action.secrets, &by)?;
            }
            // One that was within the bounds when it was made stays, whatever they are now.
            if let Some(policy) = &edit.policy {
                bounds.check(policy)?;
                bounds.check_memory(policy, action.guest)?;
            }
            let before = timing(&action);
            let what = apply(&mut action, edit, &environment_limits)?;
            action.modified_at = now;
            change.put_action(&action)?;
            // Due times that passed while it was paused, or that another schedule would have had, are none of its own.
            if timing(&action) != before {
                decide_until(change, id, now)?;
            }
            by.note(change, "action.edit", &id, what)?;
            Ok::<_, NotSaved>(())
        });
        edited.await?;
        self.runner().changed(id);
        if regranted {
            self.runner().secrets_changed();
        }
        self.schedules_changed();
        Ok(())
    }
}

/// What says when an action with a schedule is due. One that runs once is due by its upload, whatever is edited.
fn timing(action: &Action) -> Option<(Option<String>, String, bool)> {
    let timing = || (action.cron.clone(), action.zone.clone(), action.paused);
    (action.kind == Kind::Repeat).then(timing)
}

/// Changes `action` as asked; the names of what was changed.
fn apply(action: &mut Action, edit: Edit, limits: &environment::Limits) -> Result<String, NotSaved> {
    let mut what = Vec::new();
    if let Some(name) = edit.name {
        action.name = name.parse()?;
        what.push("name");
    }
    if let Some(description) = edit.description {
        check_length("the description", &description, DESCRIPTION_BYTES_MAX)?;
        action.description = Some(description);
        what.push("description");
    }
    if let Some(cron) = edit.cron {
        action.cron = Some(cron).filter(|cron| !cron.trim().is_empty());
        what.push("cron_expr");
    }
    if let Some(zone) = edit.zone {
        action.zone = zone;
        what.push("timezone");
    }
    check_schedule(action.kind, action.cron.as_deref(), &action.zone)?;
    if let Some(env) = edit.env {
        action.env = Environment::of(env, limits)?.variables().to_vec();
        what.push("environment_variables");
    }
    if let Some(account) = edit.service_account {
        action.service_account = account;
        what.push("service_account");
    }
    if let Some(policy) = edit.policy {
        action.policy = policy;
        what.push("policy");
    }
    if let Some(paused) = edit.paused {
        action.paused = paused;
        what.push(if paused { "paused" } else { "resumed" });
    }
    Ok(what.join(", "))
}

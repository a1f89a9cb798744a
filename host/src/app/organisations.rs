//! Organisations: making and removing them, and where their runs come from.

use std::collections::BTreeMap;

use actiond_runtime::Rule;
use jiff::Timestamp;

use super::{accounts::NotMade, audit::By, jobs::ORGS_MAX, policy::RULES_MAX, state::App};
use crate::{
    clock,
    model::{
        account::{Account, Email},
        action::Action,
        id::{ActionId, OrgId},
        organisation::{Organisation, Origin},
    },
    store::{self, Change},
};

/// The organisation that the first start makes.
pub(super) const FIRST_ORG: &str = "default";
const URL_BYTES_MAX: usize = 2_048;
const TOKEN_BYTES_MAX: usize = 4_096;
/// Tokens of one organisation.
const TOKENS_MAX: usize = 1_000;
/// What one change removes, so that others get their turn.
const STEP: usize = 64;

/// What is to be changed about an organisation; what is not named stays.
#[derive(Debug, Default)]
pub(crate) struct OrganisationEdit {
    /// `Some(None)` removes it.
    pub(crate) url: Option<Option<String>>,
    /// `None` removes a token.
    pub(crate) tokens: BTreeMap<Email, Option<String>>,
    pub(crate) egress: Option<Vec<Rule>>,
    pub(crate) unverified_tls: Option<bool>,
}

impl App {
    /// All organisations that `wanted` says yes to.
    pub(crate) async fn organisations(
        &self,
        wanted: impl Fn(&OrgId) -> bool + Send + 'static,
    ) -> store::Result<Vec<Organisation>> {
        let found = self.store().read(move |view| {
            let found = view.organisations().filter(|org| org.as_ref().map_or(true, |org| wanted(&org.id)));
            found.collect::<store::Result<Vec<_>>>()
        });
        found.await
    }

    pub(crate) async fn organisation(&self, org: OrgId) -> Result<Organisation, NotMade> {
        let found = self.store().read({
            let org = org.clone();
            move |view| view.organisation(&org)
        });
        found.await?.ok_or(NotMade::NoOrganisation(org))
    }

    /// Makes an organisation.
    pub(crate) async fn make_organisation(&self, org: OrgId, who: String) -> Result<(), NotMade> {
        let now = clock::now();
        let by = By { who, org: org.clone(), at: now };
        let made = self.store().write(move |change| {
            if change.organisation(&org)?.is_some() {
                return Err(NotMade::Exists(org.to_string()));
            }
            if change.organisations().count() >= ORGS_MAX {
                return Err(NotMade::TooMany);
            }
            by.note(change, "organisation.create", &org, "")?;
            Ok(change.put_organisation(&Organisation {
                id: org,
                created_at: now,
                origin: Origin::default(),
                egress: Vec::new(),
                unverified_tls: false,
            })?)
        });
        made.await
    }

    /// Sets where an organisation's runs come from, and what they may reach.
    pub(crate) async fn edit_organisation(
        &self,
        org: OrgId,
        edit: OrganisationEdit,
        who: String,
    ) -> Result<(), NotMade> {
        check(&edit)?;
        let by = By { who, org: org.clone(), at: clock::now() };
        let changed = org.clone();
        let set = self.store().write(move |change| {
            let mut found = change.organisation(&org)?.ok_or_else(|| NotMade::NoOrganisation(org.clone()))?;
            let OrganisationEdit { url, tokens, egress, unverified_tls } = edit;
            let what: Vec<_> = [
                (url.is_some() || !tokens.is_empty()).then_some("origin"),
                egress.is_some().then_some("egress"),
                unverified_tls.is_some().then_some("unverified_tls"),
            ]
            .into_iter()
            .flatten()
            .collect();
            found.egress = egress.unwrap_or(found.egress);
            found.unverified_tls = unverified_tls.unwrap_or(found.unverified_tls);
            found.origin.url = url.unwrap_or(found.origin.url);
            for (email, token) in tokens {
                match token {
                    Some(token) => found.origin.tokens.insert(email, token),
                    None => found.origin.tokens.remove(&email),
                };
            }
            if found.origin.tokens.len() > TOKENS_MAX {
                return Err(NotMade::TooMany);
            }
            by.note(change, "organisation.settings", &org, what.join(", "))?;
            Ok(change.put_organisation(&found)?)
        });
        set.await?;
        self.runner().changed_org(&changed);
        Ok(())
    }

    /// Removes an organisation with all that it owns: actions with their versions and hooks, roles in it, accounts that are
    /// in no other, its audit log; runs and dead letters go a little later. A failure on the way leaves an organisation with
    /// less in it, which can be removed again.
    pub(crate) async fn remove_organisation(&self, org: OrgId, who: String) -> Result<(), NotMade> {
        self.organisation(org.clone()).await?;
        loop {
            let named = org.clone();
            let step = self.store().settle(move |change| {
                let removed = remove_actions(change, &named, STEP)?;
                Ok::<_, store::Error>((removed, change.forget_audit(&named, Timestamp::MAX, STEP)?))
            });
            let (removed, lines) = step.await?;
            for id in &removed {
                self.runner().removed(*id);
            }
            if removed.len() < STEP && lines < STEP {
                break;
            }
        }
        let by = By { who, org: FIRST_ORG.parse().expect("it is a plain word"), at: clock::now() };
        let gone = org.clone();
        // What came meanwhile goes with the organisation itself.
        let removed = self.store().settle(move |change| {
            let removed = remove_actions(change, &org, usize::MAX)?;
            change.forget_audit(&org, Timestamp::MAX, usize::MAX)?;
            remove_roles(change, &org)?;
            change.remove_secrets_of_org(&org)?;
            change.remove_organisation(&org);
            if by.org != org && change.organisation(&by.org)?.is_some() {
                by.note(change, "organisation.delete", &org, "")?;
            }
            tracing::info!(org = %org, who = %by.who, "organisation {org} was removed");
            Ok::<_, NotMade>(removed)
        });
        for id in removed.await? {
            self.runner().removed(id);
        }
        self.runner().removed_org(&gone);
        self.forget_accounts();
        self.runner().secrets_changed();
        self.schedules_changed();
        Ok(())
    }
}

/// Removes at most `most` of an organisation's actions; which ones.
fn remove_actions(change: &mut Change<'_>, org: &OrgId, most: usize) -> store::Result<Vec<ActionId>> {
    let actions: Vec<Action> = change.actions(org).take(most).collect::<store::Result<_>>()?;
    for action in &actions {
        change.remove_action(action)?;
        change.put_grave(&action.id);
    }
    Ok(actions.into_iter().map(|action| action.id).collect())
}

fn remove_roles(change: &mut Change<'_>, org: &OrgId) -> store::Result<()> {
    let accounts: Vec<Account> = change.accounts().collect::<store::Result<_>>()?;
    for mut account in accounts.into_iter().filter(|account| account.roles.contains_key(org)) {
        account.roles.remove(org);
        if account.roles.is_empty() && !account.root {
            change.remove_account(&account.email);
        } else {
            change.put_account(&account)?;
        }
    }
    Ok(())
}

fn check(edit: &OrganisationEdit) -> Result<(), NotMade> {
    if let Some(Some(url)) = &edit.url {
        let bytes = url.len();
        if bytes > URL_BYTES_MAX {
            return Err(NotMade::Long { what: "the origin's URL", bytes, bytes_max: URL_BYTES_MAX });
        }
        let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
        let plain = |char: char| char.is_ascii_graphic();
        if !rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/') && rest.chars().all(plain)) {
            return Err(NotMade::Url);
        }
    }
    let rules = edit.egress.as_ref().map_or(0, Vec::len);
    if rules > RULES_MAX {
        return Err(NotMade::Rules { rules, rules_max: RULES_MAX });
    }
    for (email, token) in &edit.tokens {
        let Some(token) = token else { continue };
        let bytes = token.len();
        if bytes > TOKEN_BYTES_MAX {
            return Err(NotMade::Long { what: "a token", bytes, bytes_max: TOKEN_BYTES_MAX });
        }
        if token.is_empty() || token.chars().any(char::is_control) {
            return Err(NotMade::Token(email.clone()));
        }
    }
    Ok(())
}

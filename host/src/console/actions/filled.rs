//! What the form of an action says, read: its code, its settings, and the records to try it with.

use std::sync::Arc;

use super::super::{fault::Fault, form::Form, session::Visitor};
use super::policy;
use crate::{
    app::{App, Edit, FILES_MAX, Grants, SourceFile, Upload},
    model::{
        account::Permission,
        action::{Action, Kind},
        id::OrgId,
    },
};

/// An action as a form has it.
pub(super) struct Filled {
    settings: Edit,
    kind: Kind,
    code: Code,
}

/// Where the code is.
pub(super) enum Code {
    /// A zip that was chosen: its name and contents.
    Zip(String, Arc<[u8]>),
    Editor(Vec<SourceFile>),
    /// The form shows none: it stays.
    Kept,
}

impl Filled {
    /// Reads a form of `visitor` for a new action, or for `before`.
    pub(super) fn read(
        app: &App,
        visitor: &Visitor,
        org: &OrgId,
        form: &Form,
        before: Option<&Action>,
    ) -> Result<Self, Fault> {
        let kind = match before {
            Some(action) => action.kind,
            None => Kind::parse(form.text("kind")).ok_or_else(|| Fault::bad("Say when the action runs."))?,
        };
        let policy =
            policy::read(form, before.map_or(&app.settings().policy.default, |action| &action.policy))?;
        let by_admin = visitor.can(org, Permission::Administer);
        let grants = (by_admin && form.has("granting"))
            .then(|| Grants { names: form.all("grant").map(str::to_owned).collect(), by_admin });
        let account = Some(form.text("service_account").to_owned()).filter(|account| !account.is_empty());
        let settings = Edit {
            name: Some(form.text("name").to_owned()),
            description: Some(form.text("description").to_owned()),
            cron: (kind == Kind::Repeat).then(|| form.text("cron").to_owned()),
            zone: Some(form.text("zone").to_owned()).filter(|zone| !zone.is_empty()),
            env: Some(variables(form)),
            service_account: account.or_else(|| before.map(|action| action.service_account.clone())),
            policy: Some(policy),
            paused: None,
            grants,
        };
        Ok(Self { settings, kind, code: code(form)? })
    }

    pub(super) fn code(&self) -> &Code {
        &self.code
    }

    /// The same with this code.
    pub(super) fn with(self, name: String, zip: Arc<[u8]>) -> Self {
        Self { code: Code::Zip(name, zip), ..self }
    }

    /// What is to be changed of `before`, whose code stays. An environment that is the same is not imported again.
    pub(super) fn edit(self, before: &Action) -> Edit {
        let Edit { env, service_account, .. } = self.settings;
        let mut env = env.unwrap_or_default();
        env.sort_unstable();
        let is_other = env != before.env || service_account.as_ref() != Some(&before.service_account);
        Edit {
            env: is_other.then_some(env),
            service_account: service_account.filter(|_| is_other),
            ..self.settings
        }
    }

    /// The whole as an upload, with the code packed. `None` when the form shows no code.
    pub(super) async fn upload(
        self,
        app: &App,
        visitor: &Visitor,
        org: OrgId,
        before: Option<&Action>,
    ) -> Result<Option<Upload>, Fault> {
        let Self { settings, kind, code } = self;
        let name = settings.name.unwrap_or_default();
        let (zip_file_name, zip) = match code {
            Code::Zip(name, zip) => (name, zip),
            Code::Editor(files) => (format!("{name}.zip"), app.packed(files).await?),
            Code::Kept => return Ok(None),
        };
        Ok(Some(Upload {
            org,
            id: before.map(|action| action.id),
            name,
            owner: visitor.email(),
            description: settings.description,
            kind,
            cron: settings.cron,
            zone: settings.zone,
            env: settings.env.unwrap_or_default(),
            service_account: settings.service_account.unwrap_or_else(|| visitor.email()),
            zip_file_name,
            zip,
            policy: settings.policy,
            grants: settings.grants,
            by: visitor.email(),
            origin: None,
        }))
    }

    /// The same as something to try out: what it will be called and when it will run is not asked yet.
    pub(super) fn untimed(mut self, before: Option<&Action>) -> Self {
        if before.is_none() {
            self.kind = Kind::Service;
            self.settings.cron = None;
        } else {
            self.settings.cron = before.and_then(|action| action.cron.clone());
        }
        if self.settings.name.as_deref().is_none_or(str::is_empty) {
            self.settings.name = Some("unnamed".to_owned());
        }
        self.settings.grants = None;
        self
    }
}

fn code(form: &Form) -> Result<Code, Fault> {
    if let Some((name, bytes)) = form.file("zip") {
        return Ok(Code::Zip(name.to_owned(), bytes.into()));
    }
    let (names, texts): (Vec<_>, Vec<_>) = (form.all("path").collect(), form.all("text").collect());
    if names.len() != texts.len() || names.len() > FILES_MAX {
        return Err(Fault::bad(format!("An editor holds up to {FILES_MAX} files: upload a zip instead.")));
    }
    let files = names
        .into_iter()
        .zip(texts)
        .filter(|(name, text)| !(name.trim().is_empty() && text.trim().is_empty()));
    let files: Vec<_> = files
        .map(|(name, text)| SourceFile { name: name.trim().to_owned(), text: text.to_owned() })
        .collect();
    if files.iter().any(|file| file.name.is_empty()) {
        return Err(Fault::bad("A file has no name."));
    }
    Ok(if files.is_empty() { Code::Kept } else { Code::Editor(files) })
}

/// Rows that say nothing are none.
fn variables(form: &Form) -> Vec<(String, String)> {
    let rows = form.all("env_name").zip(form.all("env_value"));
    let rows = rows.map(|(name, value)| (name.trim().to_owned(), value.to_owned()));
    rows.filter(|(name, value)| !(name.is_empty() && value.is_empty())).collect()
}

//! An action's own page: its form, and saving it.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    super::{
        fault::{Fault, away},
        form::{Sent, unix},
        headers::nonce,
        layout::{Page, Section, token},
        parts,
        query::Query,
        session::{Visitor, action_id},
    },
    editor::{self, Content},
    filled::{Code, Filled},
    found::{Tab, found, top},
    schedule::Timing,
    settings::{self, Filling},
    trial,
};
use crate::{
    answer::{Path, Problem, Word},
    app::{App, SourceFile},
    clock,
    model::{
        account::{AccountKind, Permission},
        action::{Action, Version},
        id::OrgId,
        secret::Owner,
    },
    store,
    templates::template,
};

/// The field that says which version a form shows.
const BASED_ON: &str = "based_on";
/// Accounts that a form offers.
const ACCOUNTS_MAX: usize = 200;

#[derive(Debug, Default, Deserialize)]
pub(in crate::console) struct Asked {
    template: Option<String>,
    done: Option<String>,
}

impl Asked {
    /// What was done just now.
    pub(super) fn done(&self) -> Option<&str> {
        self.done.as_deref()
    }
}

/// `GET /console/{org}/actions/new`
pub(in crate::console) async fn fresh(
    State(app): State<App>,
    Path(org): Path<String>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let org = visitor.may(&org, Permission::EditActions)?;
    let chosen = asked.template.as_deref().and_then(template);
    let (accounts, secrets) = choices(&app, &visitor, &org, None).await?;
    let filling = Filling {
        visitor: &visitor,
        org: &org,
        action: None,
        template: chosen,
        policy: &app.settings().policy.default,
        memory: app.settings().policy.memory,
        accounts: &accounts,
        secrets: &secrets,
    };
    let files = editor::begun(chosen);
    let heading = html! {
        p.crumbs { a href=(visitor.at(&org, "/actions")) { "Actions" } }
        (parts::heading("New action", None, &html! {}))
        (editor::templates(&visitor, &org, chosen))
    };
    let trial = trial::panel(&visitor, &org, None, chosen.map_or("[]\n", |template| template.payload));
    let body = html! { (heading) (form(&filling, &Content::Files(&files), &trial)) };
    Ok(with_editor(&visitor, &org, "New action", &body))
}

/// `GET /console/{org}/actions/{id}`
pub(in crate::console) async fn edit(
    State(app): State<App>,
    Path((org, id)): Path<(String, String)>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let org = visitor.may(&org, Permission::ReadActions)?;
    let (action, activity) = found(&app, &org, action_id(&id)?).await?;
    let heading = html! {
        (top(&visitor, &action, Tab::Edit, &html! {}))
        (parts::done(asked.done()))
    };
    if !visitor.can(&org, Permission::ReadSecrets) {
        let timing = Timing::of(&action, &activity, clock::now());
        let memory = app.settings().policy.memory_bytes(&action.policy, action.guest);
        let body = html! { (heading) (settings::summary(&action, memory, timing.as_ref())) };
        let page = Page {
            visitor: &visitor,
            org: &org,
            section: Section::Actions,
            title: action.name.as_str(),
            nonce: None,
        };
        return Ok(page.show(&body));
    }
    let (accounts, secrets) = choices(&app, &visitor, &org, Some(&action)).await?;
    let (version, zip) = code_of(&app, &action).await?;
    let files = app.sources(zip).await?;
    let content = match &files {
        Some(files) => Content::Files(files),
        None => Content::Unshown {
            bytes: version.bytes,
            link: visitor
                .link(&format!("/console/{org}/actions/{}/versions/{}/zip", action.id, version.number)),
        },
    };
    let filling = Filling {
        visitor: &visitor,
        org: &org,
        action: Some(&action),
        template: None,
        policy: &action.policy,
        memory: app.settings().policy.memory,
        accounts: &accounts,
        secrets: &secrets,
    };
    let trial = trial::panel(&visitor, &org, Some(action.id), "[]\n");
    let body = html! { (heading) (form(&filling, &content, &trial)) };
    Ok(with_editor(&visitor, &org, action.name.as_str(), &body))
}

/// `POST /console/{org}/actions/new`
pub(in crate::console) async fn create(
    State(app): State<App>,
    Path(org): Path<String>,
    Sent { visitor, form }: Sent,
) -> Result<Response, Fault> {
    let org = visitor.may(&org, Permission::EditActions)?;
    let filled = Filled::read(&app, &visitor, &org, &form, None)?;
    let upload = filled.upload(&app, &visitor, org.clone(), None).await?;
    let saved = app.upload(upload.ok_or_else(|| Fault::bad("There is no code: write main.py."))?).await?;
    Ok(away(visitor.partial, &visitor.at(&org, &format!("/actions/{}?done=created", saved.id))))
}

/// `POST /console/{org}/actions/{id}`: a new version if the code is another, else its settings alone.
pub(in crate::console) async fn save(
    State(app): State<App>,
    Path((org, id)): Path<(String, String)>,
    Sent { visitor, form }: Sent,
) -> Result<Response, Fault> {
    let org = visitor.may(&org, Permission::EditActions)?;
    let (before, _) = found(&app, &org, action_id(&id)?).await?;
    if form.number(BASED_ON, "Version")?.is_some_and(|version: u32| version != before.version) {
        let said = format!("Version {} runs by now: this form shows an earlier one.", before.version);
        let advice = "Keep what you changed, load the page again, and change it there.";
        return Err(Problem::new(StatusCode::CONFLICT, Word::Exists, said).hint(advice).into());
    }
    let filled = Filled::read(&app, &visitor, &org, &form, Some(&before))?;
    if is_other_code(&app, &before, filled.code()).await? {
        if let Some(upload) = filled.upload(&app, &visitor, org.clone(), Some(&before)).await? {
            app.upload(upload).await?;
        }
    } else {
        app.edit(org.clone(), before.id, filled.edit(&before), visitor.email()).await?;
    }
    Ok(away(visitor.partial, &visitor.at(&org, &format!("/actions/{}?done=saved", before.id))))
}

async fn is_other_code(app: &App, before: &Action, code: &Code) -> Result<bool, Fault> {
    let files = match code {
        Code::Kept => return Ok(false),
        Code::Zip(..) => return Ok(true),
        Code::Editor(files) => files,
    };
    let (_, zip) = code_of(app, before).await?;
    let by_name = |files: &[SourceFile]| {
        let mut files = files.to_vec();
        files.sort_by(|one, other| one.name.cmp(&other.name));
        // A form has sent them so.
        files.iter_mut().for_each(|file| file.text = unix(&file.text));
        files
    };
    Ok(app.sources(zip).await?.is_none_or(|now| by_name(&now) != by_name(files)))
}

/// The version that runs, and its zip.
pub(super) async fn code_of(app: &App, action: &Action) -> Result<(Version, Arc<[u8]>), Fault> {
    let (id, number) = (action.id, action.version);
    let read = app.store().read(move |view| {
        let Some(version) = view.version(&id, number)? else { return Ok(None) };
        let zip = view.bundle(&version.bundle)?;
        Ok::<_, store::Error>(zip.map(|zip| (version, zip.into())))
    });
    read.await?.ok_or_else(|| Fault::gone("version"))
}

/// Accounts that an action may run as, and secrets that it may get.
async fn choices(
    app: &App,
    visitor: &Visitor,
    org: &OrgId,
    action: Option<&Action>,
) -> Result<(Vec<String>, Vec<String>), Fault> {
    let members = app.members(org.clone(), AccountKind::Service).await?;
    let own = [Some(visitor.email()), action.map(|action| action.service_account.clone())];
    let members = members.into_iter().map(|account| account.email.to_string());
    let mut accounts: Vec<_> = own.into_iter().flatten().chain(members).collect();
    accounts.sort();
    accounts.dedup();
    accounts.truncate(ACCOUNTS_MAX);
    let of = org.clone();
    let secrets = app.store().read(move |view| view.secrets(&of, &Owner::Organisation)).await?;
    Ok((accounts, secrets.into_iter().map(|secret| secret.place.name).collect()))
}

fn form(filling: &Filling<'_>, content: &Content<'_>, trial: &Markup) -> Markup {
    let path = filling.action.map_or("/actions/new".to_owned(), |action| format!("/actions/{}", action.id));
    let to = filling.visitor.at(filling.org, &path);
    let label = if filling.action.is_some() { "Save" } else { "Save and switch on" };
    html! {
        form #action.stack method="post" action=(to) enctype="multipart/form-data" hx-post=(to)
            hx-encoding="multipart/form-data" hx-swap="none" hx-disabled-elt="#save" data-unsaved {
            (token(filling.visitor))
            @if let Some(action) = filling.action { input type="hidden" name=(BASED_ON) value=(action.version); }
            // What Enter in a field presses: the first button of a form, and that is not the test's.
            button type="submit" hidden {}
            (filling.basics())
            (editor::panel(content, filling.action))
            (trial)
            (filling.timing())
            (filling.environment())
            (filling.bounds())
            div.savebar {
                span.hint { "What is saved counts from the next run on." }
                button #save.button.primary type="submit" { (label) span.busy aria-hidden="true" {} }
            }
        }
    }
}

fn with_editor(visitor: &Visitor, org: &OrgId, title: &str, body: &Markup) -> Response {
    let (nonce, headers): (String, HeaderMap) = nonce();
    let page = Page { visitor, org, section: Section::Actions, title, nonce: Some(&nonce) };
    (headers, page.show(body)).into_response()
}

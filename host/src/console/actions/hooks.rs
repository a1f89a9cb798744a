//! An action's hooks: their list, making one for a sender, revoking it.

use axum::{
    extract::State,
    response::{Html, IntoResponse as _, Response},
};
use maud::{Markup, html};

use super::{
    super::{
        fault::{Fault, away},
        form::Sent,
        layout::{Page, Section, token},
        parts::{self, choice, field},
        query::Query,
        session::{Visitor, action_id},
        words,
    },
    edit::Asked,
    found::{Tab, found, top},
    senders::Sender,
};
use crate::{
    answer::Path,
    app::{App, NewHook},
    clock,
    model::{
        account::Permission,
        action::Action,
        hook::{Answer, Hook, Signature},
    },
};

const ANSWERS: [(&str, &str); 2] = [("accepted", "At once"), ("result", "With the result")];

/// `GET /console/{org}/actions/{id}/hooks`
pub(in crate::console) async fn list(
    State(app): State<App>,
    Path((org, id)): Path<(String, String)>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let org = visitor.may(&org, Permission::ReadSecrets)?;
    let (action, _) = found(&app, &org, action_id(&id)?).await?;
    let top = html! {
        (top(&visitor, &action, Tab::Hooks, &html! {}))
        (parts::done(asked.done()))
        div #made {}
    };
    shown(&app, &visitor, &action, &top).await
}

/// `POST /console/{org}/actions/{id}/hooks`: its URL and secret are in the answer and nowhere else.
pub(in crate::console) async fn make(
    State(app): State<App>,
    Path((org, id)): Path<(String, String)>,
    Sent { visitor, form }: Sent,
) -> Result<Response, Fault> {
    let org = visitor.may(&org, Permission::EditActions)?;
    let (action, _) = found(&app, &org, action_id(&id)?).await?;
    let sender = Sender::parse(form.text("sender")).ok_or_else(|| Fault::bad("Say who sends to it."))?;
    let answer = if form.text("answer") == "result" { Answer::Result } else { Answer::Accepted };
    let description = match form.text("description") {
        "" => format!("from {}", sender.title()),
        text => text.to_owned(),
    };
    let (signature, secret) = sender.signature();
    let new = NewHook { org, action: action.id, description, signature, answer };
    let (_, token) = app.make_hook(new, visitor.email()).await?;
    let url = format!("{}/hooks/{token}", app.settings().public_url);
    let made = made(sender, &url, secret.as_deref());
    if visitor.partial {
        let table = hooks(&app, &visitor, &action).await?;
        let page = html! { (made) div #hooks hx-swap-oob="true" { (table) } };
        return Ok(Html(page.into_string()).into_response());
    }
    let top = html! { (top(&visitor, &action, Tab::Hooks, &html! {})) div #made { (made) } };
    shown(&app, &visitor, &action, &top).await
}

/// `POST /console/{org}/actions/{id}/hooks/{hook}/revoke`
pub(in crate::console) async fn revoke(
    State(app): State<App>,
    Path((org, id, hook)): Path<(String, String, String)>,
    Sent { visitor, .. }: Sent,
) -> Result<Response, Fault> {
    let org = visitor.may(&org, Permission::EditActions)?;
    let id = action_id(&id)?;
    let hook = hook.parse().map_err(|_| Fault::gone("hook"))?;
    app.revoke_hook(org.clone(), id, hook, visitor.email()).await?;
    Ok(away(visitor.partial, &visitor.at(&org, &format!("/actions/{id}/hooks?done=revoked"))))
}

async fn shown(app: &App, visitor: &Visitor, action: &Action, top: &Markup) -> Result<Response, Fault> {
    let table = hooks(app, visitor, action).await?;
    let body = html! { (top) div #hooks { (table) } (maker(visitor, action)) };
    let page = Page { visitor, org: &action.org, section: Section::Actions, title: "Hooks", nonce: None };
    Ok(page.show(&body))
}

async fn hooks(app: &App, visitor: &Visitor, action: &Action) -> Result<Markup, Fault> {
    let hooks = app.hooks(action.org.clone(), action.id).await?;
    if hooks.is_empty() {
        let about = "A hook is a URL by which a sender that cannot log in runs this action. It can be revoked at any time.";
        return Ok(parts::empty("No hooks yet", about, &html! {}));
    }
    let now = clock::now();
    let row = |hook: &Hook| {
        let to = visitor.at(&action.org, &format!("/actions/{}/hooks/{}/revoke", action.id, hook.id));
        html! {
            tr {
                td data-label="For" { (hook.description) p.hint { (hook.id) } }
                td data-label="Signed" { (signed(&hook.signature)) }
                td data-label="Answers" { @match hook.answer { Answer::Accepted => "at once", Answer::Result => "with the result" } }
                td data-label="Made" { (words::moment(hook.created_at, now)) " by " (hook.created_by) }
                td.deeds { (parts::deed(visitor, &to, "Revoke", "small danger", Some("Revoke this hook? Whoever sends to it gets 404 from then on."))) }
            }
        }
    };
    let rows = html! { @for hook in &hooks { (row(hook)) } };
    Ok(parts::table("Hooks", &["For", "Signed", "Answers", "Made", ""], &rows))
}

fn maker(visitor: &Visitor, action: &Action) -> Markup {
    let to = visitor.at(&action.org, &format!("/actions/{}/hooks", action.id));
    let senders = Sender::ALL.map(|sender| (sender.word(), sender.title()));
    parts::panel(
        "Make a hook",
        &html! {
            form.inline method="post" action=(to) hx-post=(to) hx-target="#made" hx-swap="innerHTML show:#made:top" {
                (token(visitor))
                (field("sender", "Who sends", None, &choice("sender", "sender", &senders, "openobserve")))
                (field("hook-description", "For what", None, &html! {
                    input #hook-description name="description" maxlength="1024" placeholder="alerts of the shop" autocomplete="off";
                }))
                (field("answer", "It is answered", None, &choice("answer", "answer", &ANSWERS, "accepted")))
                button.button.primary type="submit" { "Make" }
            }
        },
    )
}

fn made(sender: Sender, url: &str, secret: Option<&str>) -> Markup {
    html! {
        section.panel.made {
            h2 { "The hook for " (sender.title()) }
            p { strong { "Copy what is here now: it is shown only this once." } }
            (parts::paste("URL", url))
            (sender.instructions(url, secret))
        }
    }
}

fn signed(signature: &Signature) -> &'static str {
    match signature {
        Signature::None => "no: the URL is the secret",
        Signature::StandardWebhooks { .. } => "Standard Webhooks",
        Signature::Grafana { .. } => "Grafana",
        Signature::GitHub { .. } => "GitHub",
    }
}

//! An action's own secrets: their names, and giving them values that nobody can read again.

use axum::{extract::State, response::Response};
use maud::html;
use zeroize::Zeroizing;

use super::{
    super::{
        fault::{Fault, away},
        form::Sent,
        layout::{Page, Section, token},
        parts,
        query::Query,
        session::{Visitor, action_id},
        words,
    },
    edit::Asked,
    found::{Tab, found, top},
};
use crate::{
    answer::Path,
    app::App,
    clock,
    model::{
        account::Permission,
        id::{ActionId, OrgId},
        secret::{Owner, Place},
    },
};

/// `GET /console/{org}/actions/{id}/secrets`
pub(in crate::console) async fn list(
    State(app): State<App>,
    Path((org, id)): Path<(String, String)>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let org = visitor.may(&org, Permission::ReadSecrets)?;
    let (action, _) = found(&app, &org, action_id(&id)?).await?;
    let secrets = app.secrets_of_action(org.clone(), action.id).await?;
    let (to, now) = (visitor.at(&org, &format!("/actions/{}/secrets", action.id)), clock::now());
    let rows = html! {
        @for secret in &secrets {
            @let name = &secret.place.name;
            tr {
                td data-label="Name" { code { (name) } }
                td data-label="Changed" { (words::moment(secret.changed_at, now)) }
                td data-label="By" { (secret.changed_by) }
                td.deeds {
                    (parts::deed(&visitor, &format!("{to}/{name}/remove"), "Remove", "small danger",
                        Some(&format!("Remove {name}? Its value is gone then."))))
                }
            }
        }
    };
    let body = html! {
        (top(&visitor, &action, Tab::Secrets, &html! {}))
        (parts::done(asked.done()))
        @if secrets.is_empty() {
            (parts::empty("No secrets of its own", "A secret is an environment variable whose value nobody can read again. What a run says never shows it.", &html! {}))
        } @else {
            (parts::table("Secrets", &["Name", "Changed", "By", ""], &rows))
        }
        (parts::panel("Keep a secret", &html! {
            form.inline method="post" action=(to) hx-post=(to) hx-swap="none" {
                (token(&visitor))
                (parts::field("secret-name", "Name", Some("Capitals, digits and underscores. One that is there gets the new value."), &html! {
                    input #secret-name name="name" required pattern="[A-Z][A-Z0-9_]*" autocomplete="off" spellcheck="false" aria-describedby="secret-name-hint";
                }))
                (parts::field("secret-value", "Value", None, &html! {
                    input #secret-value type="password" name="value" required autocomplete="new-password";
                }))
                button.button.primary type="submit" { "Keep" }
            }
        }))
    };
    let page =
        Page { visitor: &visitor, org: &org, section: Section::Actions, title: "Secrets", nonce: None };
    Ok(page.show(&body))
}

/// `POST /console/{org}/actions/{id}/secrets`
pub(in crate::console) async fn keep(
    State(app): State<App>,
    Path((org, id)): Path<(String, String)>,
    Sent { visitor, form }: Sent,
) -> Result<Response, Fault> {
    let org = visitor.may(&org, Permission::EditActions)?;
    let id = action_id(&id)?;
    let value = Zeroizing::new(form.get("value").unwrap_or_default().to_owned());
    app.keep_secret(place(org.clone(), id, form.text("name")), value, visitor.email()).await?;
    Ok(away(visitor.partial, &visitor.at(&org, &format!("/actions/{id}/secrets?done=kept"))))
}

/// `POST /console/{org}/actions/{id}/secrets/{name}/remove`
pub(in crate::console) async fn remove(
    State(app): State<App>,
    Path((org, id, name)): Path<(String, String, String)>,
    Sent { visitor, .. }: Sent,
) -> Result<Response, Fault> {
    let org = visitor.may(&org, Permission::EditActions)?;
    let id = action_id(&id)?;
    app.remove_secret(place(org.clone(), id, &name), visitor.email()).await?;
    Ok(away(visitor.partial, &visitor.at(&org, &format!("/actions/{id}/secrets?done=removed"))))
}

fn place(org: OrgId, id: ActionId, name: &str) -> Place {
    Place { org, owner: Owner::Action(id), name: name.to_owned() }
}

//! Deleting actions: asked once more, with their names.

use axum::{extract::State, response::Response};
use maud::html;

use super::super::{
    fault::{Fault, away},
    form::Sent,
    layout::{Page, Section, token},
    parts,
};
use crate::{
    answer::Path,
    app::App,
    model::{
        account::Permission,
        action::Action,
        id::{ActionId, OrgId},
    },
    store,
};

/// Actions that are deleted at one time.
const REMOVED_MAX: usize = 500;

/// `POST /console/{org}/actions/delete`: asks, and deletes when it was asked already.
pub(in crate::console) async fn remove(
    State(app): State<App>,
    Path(org): Path<String>,
    Sent { visitor, form }: Sent,
) -> Result<Response, Fault> {
    let org = visitor.may(&org, Permission::EditActions)?;
    let ids: Vec<ActionId> = form.all("id").filter_map(|id| id.parse().ok()).take(REMOVED_MAX).collect();
    let actions = named(&app, &org, ids).await?;
    if actions.is_empty() {
        return Err(Fault::bad("Select at least one action first."));
    }
    let list = visitor.at(&org, "/actions");
    if form.text("sure") == "yes" {
        for action in actions {
            app.remove(org.clone(), action.id, visitor.email()).await?;
        }
        return Ok(away(visitor.partial, &format!("{list}?done=deleted")));
    }
    let count = actions.len();
    let title =
        if count == 1 { "Delete this action?".to_owned() } else { format!("Delete these {count} actions?") };
    let body = html! {
        (parts::heading(&title, None, &html! {}))
        section.panel {
            @let (its, it) = if count == 1 { ("Its", "it") } else { ("Their", "them") };
            p { (its) " code, versions, hooks, secrets and runs go with " (it) ". This cannot be undone." }
            ul.names { @for action in &actions { li { strong { (action.name) } " " span.hint { (action.id) } } } }
            form.buttons method="post" action={ (list) "/delete" } {
                (token(&visitor))
                input type="hidden" name="sure" value="yes";
                @for action in &actions { input type="hidden" name="id" value=(action.id); }
                button.button.danger type="submit" { "Delete " @if count == 1 { "it" } @else { "all " (count) } }
                a.button href=(list) { "Keep" @if count == 1 { " it" } @else { " them" } }
            }
        }
    };
    let page = Page { visitor: &visitor, org: &org, section: Section::Actions, title: &title, nonce: None };
    Ok(page.show(&body))
}

/// Those that there are.
async fn named(app: &App, org: &OrgId, ids: Vec<ActionId>) -> store::Result<Vec<Action>> {
    let org = org.clone();
    let found = app.store().read(move |view| {
        let found = ids.iter().map(|id| view.action(&org, id));
        found.filter_map(Result::transpose).collect::<store::Result<Vec<_>>>()
    });
    found.await
}

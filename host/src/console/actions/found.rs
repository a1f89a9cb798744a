//! One action of an organisation, and what its pages have in common.

use maud::{Markup, html};

use super::super::{fault::Fault, parts, session::Visitor};
use crate::{
    app::App,
    model::{
        account::Permission,
        action::{Action, Activity, Kind},
        id::{ActionId, OrgId},
    },
    store,
};

/// Which of an action's pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    Edit,
    Versions,
    Hooks,
    Secrets,
}

/// The action, and what its runs have come to.
pub(super) async fn found(app: &App, org: &OrgId, id: ActionId) -> Result<(Action, Activity), Fault> {
    let org = org.clone();
    let found = app.store().read(move |view| {
        let Some(action) = view.action(&org, &id)? else { return Ok(None) };
        Ok::<_, store::Error>(Some((action, view.activity(&id)?)))
    });
    found.await?.ok_or_else(|| Fault::gone("action"))
}

/// The top of an action's pages.
pub(super) fn top(visitor: &Visitor, action: &Action, tab: Tab, buttons: &Markup) -> Markup {
    let at = |path: &str| visitor.at(&action.org, &format!("/actions/{}{path}", action.id));
    let mut tabs = vec![("Edit", at(""))];
    if visitor.can(&action.org, Permission::ReadSecrets) {
        tabs.extend([("Versions", at("/versions")), ("Hooks", at("/hooks")), ("Secrets", at("/secrets"))]);
    }
    let here = match tab {
        Tab::Edit => 0,
        Tab::Versions => 1,
        Tab::Hooks => 2,
        Tab::Secrets => 3,
    };
    tabs.push(("Runs", visitor.at(&action.org, &format!("/runs?action={}", action.id))));
    html! {
        p.crumbs { a href=(visitor.at(&action.org, "/actions")) { "Actions" } }
        (parts::heading(action.name.as_str(), action.description.as_deref().filter(|text| !text.is_empty()), buttons))
        (parts::tabs("This action", &tabs, here))
    }
}

/// When an action runs, in words.
pub(super) fn kind_title(kind: Kind) -> &'static str {
    match kind {
        Kind::Once => "Once, when saved",
        Kind::Repeat => "By a schedule",
        Kind::Service => "When called",
    }
}

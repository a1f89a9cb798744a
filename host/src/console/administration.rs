//! Administration: members, service accounts, the network, the audit log; and organisations, for the operator.

mod audit;
mod members;
mod network;
mod organisations;
mod service_accounts;

use axum::{
    Router,
    response::Response,
    routing::{get, post},
};
use maud::Markup;
use serde::Deserialize;

use super::{
    fault::Fault,
    layout::{Page, Section},
    parts,
    session::Visitor,
};
use crate::{
    answer::Problem,
    app::App,
    model::{
        account::{Email, Role},
        id::OrgId,
    },
};

/// Accounts on one page.
const PAGE: usize = 50;

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/console/{org}/administration", get(members::show).post(members::add))
        .route("/console/{org}/administration/members/role", post(members::change))
        .route("/console/{org}/administration/members/password", post(members::password))
        .route("/console/{org}/administration/members/remove", post(members::remove))
        .route(
            "/console/{org}/administration/service_accounts",
            get(service_accounts::show).post(service_accounts::add),
        )
        .route("/console/{org}/administration/service_accounts/role", post(service_accounts::change))
        .route("/console/{org}/administration/service_accounts/rotate", post(service_accounts::rotate))
        .route("/console/{org}/administration/service_accounts/remove", post(service_accounts::remove))
        .route("/console/{org}/administration/network", get(network::show).post(network::save))
        .route("/console/{org}/administration/network/token", post(network::token_of))
        .route("/console/{org}/administration/audit", get(audit::show))
        .route(
            "/console/{org}/administration/organisations",
            get(organisations::show).post(organisations::add),
        )
        .route("/console/{org}/administration/organisations/remove", post(organisations::remove))
}

/// The pages, in the order of their tabs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tab {
    Members,
    ServiceAccounts,
    Network,
    Audit,
    Organisations,
}

impl Tab {
    const ALL: [Self; 5] =
        [Self::Members, Self::ServiceAccounts, Self::Network, Self::Audit, Self::Organisations];

    fn title(self) -> &'static str {
        match self {
            Self::Members => "Members",
            Self::ServiceAccounts => "Service accounts",
            Self::Network => "Origin and network",
            Self::Audit => "Audit log",
            Self::Organisations => "Organisations",
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Members => "/administration",
            Self::ServiceAccounts => "/administration/service_accounts",
            Self::Network => "/administration/network",
            Self::Audit => "/administration/audit",
            Self::Organisations => "/administration/organisations",
        }
    }

    fn show(self, visitor: &Visitor, org: &OrgId, about: &str, body: &Markup) -> Response {
        let offered =
            Self::ALL.into_iter().filter(|tab| *tab != Self::Organisations || visitor.account().root);
        let offered: Vec<Self> = offered.collect();
        let tabs: Vec<_> = offered.iter().map(|tab| (tab.title(), visitor.at(org, tab.path()))).collect();
        let here = offered.iter().position(|tab| *tab == self).unwrap_or(0);
        let page = Page { visitor, org, section: Section::Administration, title: self.title(), nonce: None };
        page.show(&maud::html! {
            (parts::heading("Administration", Some(about), &maud::html! {}))
            (parts::tabs("Administration", &tabs, here))
            (body)
        })
    }
}

/// Which part of a list is wanted.
#[derive(Debug, Default, Deserialize)]
struct Asked {
    page: Option<usize>,
}

/// A page of a list that is shown at `to`, and what leads to the pages around it.
fn part<'a, T>(all: &'a [T], asked: &Asked, to: &str) -> (&'a [T], Markup) {
    let pages = all.len().div_ceil(PAGE).max(1);
    let page = asked.page.unwrap_or(1).clamp(1, pages);
    let from = (page - 1) * PAGE;
    let at = |page: usize| format!("{to}?page={page}");
    let (before, after) = ((page > 1).then(|| at(page - 1)), (page < pages).then(|| at(page + 1)));
    (&all[from..all.len().min(from + PAGE)], parts::pager(before.as_deref(), after.as_deref()))
}

/// Only the operator of the whole server.
fn operator(visitor: &Visitor) -> Result<(), Fault> {
    if visitor.account().root { Ok(()) } else { Err(Problem::forbidden().into()) }
}

fn email(text: &str) -> Result<Email, Fault> {
    text.parse().map_err(|error| Fault::bad(format!("{text:?} {error}.")))
}

fn role(text: &str) -> Result<Role, Fault> {
    Role::parse(text).ok_or_else(|| Fault::bad("There is no such role."))
}

/// Roles and what they may, the least first.
const ROLES: [(&str, &str); 4] = [
    ("viewer", "viewer: reads actions and runs"),
    ("invoker", "invoker: runs actions too"),
    ("editor", "editor: changes actions too"),
    ("admin", "admin: all of it"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_shown_in_parts() {
        let all: Vec<usize> = (0..120).collect();
        for (of, page, expected, leads) in [
            (120, None, 0..50, vec!["/a?page=2"]),
            (120, Some(0), 0..50, vec!["/a?page=2"]),
            (120, Some(2), 50..100, vec!["/a?page=1", "/a?page=3"]),
            (120, Some(3), 100..120, vec!["/a?page=2"]),
            (120, Some(usize::MAX), 100..120, vec!["/a?page=2"]),
            (100, Some(2), 50..100, vec!["/a?page=1"]),
            (0, Some(2), 0..0, vec![]),
        ] {
            let (shown, pager) = part(&all[..of], &Asked { page }, "/a");
            let pager = pager.into_string();
            let found: Vec<&str> =
                pager.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
            assert_eq!((shown, found), (&all[expected], leads), "{of} {page:?}");
        }
    }
}

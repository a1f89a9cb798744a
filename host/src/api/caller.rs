//! Who calls, and whether they may.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};

use super::problem::Problem;
use crate::{
    app::App,
    model::{
        account::{Account, Email, Permission, Role},
        id::{ActionId, OrgId, RunId},
    },
};

/// An account that proved to be itself. What it may do is asked for each organisation.
#[derive(Debug, Clone)]
pub(super) struct Caller(Arc<Account>);

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let header = parts.headers.get(header::AUTHORIZATION);
        // What is no text is no credential of ours.
        let header = header.map(|value| value.to_str().unwrap_or_default());
        Ok(Self(app.account(header).await?))
    }
}

impl Caller {
    /// The organisation of a path, if the caller may do that in it.
    pub(super) fn may(&self, org: &str, permission: Permission) -> Result<OrgId, Problem> {
        let org: OrgId = org.parse().map_err(|_| Problem::forbidden())?;
        if self.0.may(&org, permission) { Ok(org) } else { Err(Problem::forbidden()) }
    }

    /// Whether it is an operator of the whole server.
    pub(super) fn is_root(&self) -> bool {
        self.0.root
    }

    pub(super) fn is_in(&self, org: &OrgId) -> bool {
        self.0.root || self.0.roles.contains_key(org)
    }

    /// Whether it is that account.
    pub(super) fn is(&self, email: &Email) -> bool {
        self.0.email == *email
    }

    pub(super) fn email(&self) -> String {
        self.0.email.to_string()
    }
}

/// An action's id as a path has it.
pub(super) fn action_id(text: &str) -> Result<ActionId, Problem> {
    text.parse().map_err(|_| Problem::not_found(format!("invalid action id {}", shown(text))))
}

pub(super) fn run_id(text: &str) -> Result<RunId, Problem> {
    text.parse().map_err(|_| Problem::not_found(format!("there is no run {}", shown(text))))
}

/// An account's address as a path or a body has it.
pub(super) fn email(text: &str) -> Result<Email, Problem> {
    text.parse().map_err(|error| Problem::bad_request(format!("{:?} {error}", shown(text))))
}

pub(super) fn role(text: &str) -> Result<Role, Problem> {
    let known = Role::ALL.map(Role::as_str).join(", ");
    let bad = || Problem::bad_request(format!("{:?} is no role: write one of {known}", shown(text)));
    Role::parse(text).ok_or_else(bad)
}

/// A part of what somebody sent, short enough for a message.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(64).collect()
}

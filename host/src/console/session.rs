//! Who looks at a page: the session's cookie becomes a [`Visitor`], who may be asked what they may do.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use subtle::ConstantTimeEq as _;

use super::fault::Fault;
use crate::{
    answer::{Problem, Word},
    app::{App, SESSION, Session},
    model::{
        account::{Account, Permission},
        id::{ActionId, OrgId},
    },
};

const COOKIE: &str = "actiond_session";

/// Somebody who is logged in, and how they asked for this page. Nothing prints it: it holds the word of their forms.
#[derive(Clone)]
pub(super) struct Visitor {
    session: Session,
    /// What their forms have to bring: nobody learns it who cannot read a page of theirs. It outlives a session, so that what
    /// is written when one ends can be sent after logging in again.
    csrf: String,
    /// What every path begins with.
    base: String,
    /// Whether a part of a page asks, by htmx.
    pub(super) partial: bool,
    /// The organisations that they are in, by name.
    pub(super) orgs: Vec<OrgId>,
}

impl FromRequestParts<App> for Visitor {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Fault> {
        let base = app.settings().public_path.clone();
        let partial = parts.headers.contains_key("hx-request");
        let wanted = parts.uri.path_and_query().map_or("/console", |path| path.as_str()).to_owned();
        let token = cookie(&parts.headers);
        let session = match token {
            Some(token) => app.session(token).await?,
            None => None,
        };
        let Some(session) = session else { return Err(Fault::LoggedOut { wanted }) };
        let csrf = URL_SAFE_NO_PAD.encode(session.form_word());
        let account = session.account.clone();
        let orgs = app.organisations(move |org| account.root || account.roles.contains_key(org)).await?;
        let orgs = orgs.into_iter().map(|org| org.id).collect();
        Ok(Self { session, csrf, base, partial, orgs })
    }
}

impl Visitor {
    pub(super) fn account(&self) -> &Arc<Account> {
        &self.session.account
    }

    pub(super) fn email(&self) -> String {
        self.session.account.email.to_string()
    }

    /// The organisation of a path, if they may do that in it. Who is no member learns nothing of it.
    pub(super) fn may(&self, org: &str, permission: Permission) -> Result<OrgId, Fault> {
        let gone = || Fault::gone("organisation");
        let org: OrgId = org.parse().map_err(|_| gone())?;
        if !self.orgs.contains(&org) {
            return Err(gone());
        }
        if self.can(&org, permission) {
            return Ok(org);
        }
        let said = "Your role in this organisation does not allow that.";
        Err(Problem::new(StatusCode::FORBIDDEN, Word::Forbidden, said).into())
    }

    /// Whether they may do that: what they may not is not offered.
    pub(super) fn can(&self, org: &OrgId, permission: Permission) -> bool {
        self.account().may(org, permission)
    }

    /// A path of ours as it is outside. `path` begins with a slash.
    pub(super) fn link(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// A page of an organisation. `path` is what comes after its name: empty, or with a slash in front.
    pub(super) fn at(&self, org: &OrgId, path: &str) -> String {
        format!("{}/console/{org}{path}", self.base)
    }

    pub(super) fn csrf(&self) -> &str {
        &self.csrf
    }

    pub(super) fn session(&self) -> &Session {
        &self.session
    }

    /// Whether a form is of a page of theirs.
    pub(super) fn sent(&self, csrf: Option<&str>) -> bool {
        csrf.is_some_and(|csrf| csrf.as_bytes().ct_eq(self.csrf.as_bytes()).into())
    }
}

/// An action's id as a path has it.
pub(super) fn action_id(text: &str) -> Result<ActionId, Fault> {
    text.parse().map_err(|_| Fault::gone("action"))
}

/// The header that gives a browser its session; an empty token takes it away.
pub(super) fn set_cookie(app: &App, token: &str) -> HeaderValue {
    let settings = app.settings();
    let path = if settings.public_path.is_empty() { "/" } else { &settings.public_path };
    let secure = if settings.public_url.starts_with("https:") { "; Secure" } else { "" };
    let seconds = if token.is_empty() { 0 } else { SESSION.as_secs() };
    let text = format!("{COOKIE}={token}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs =
        cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, value)| value)
}

//! What every page has around its own part: the head, the navigation, who is logged in.

use axum::response::{Html, IntoResponse as _, Response};
use maud::{DOCTYPE, Markup, html};

use super::{
    assets::{EDITOR, HTMX, ICON, SCRIPT, STYLE},
    fault::Fault,
    form::CSRF,
    session::Visitor,
};
use crate::{
    model::{account::Permission, id::OrgId},
    store,
};

/// htmx writes no styles, runs no text, and shows refusals too: where they go is said by their headers.
const HTMX_CONFIG: &str = r#"{"includeIndicatorStyles":false,"allowEval":false,"allowScriptTags":false,"selfRequestsOnly":true,"historyCacheSize":0,"refreshOnHistoryMiss":true,"responseHandling":[{"code":"204","swap":false},{"code":"[23]..","swap":true},{"code":"[45]..","swap":true,"error":true}]}"#;

/// Organisations that the switcher offers.
const ORGS_SHOWN: usize = 200;

/// The part of the console that a page belongs to, as the navigation shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Overview,
    Actions,
    Runs,
    Explore,
    Administration,
}

/// A page of an organisation. Build it, then [`Page::show`] its own part.
pub(super) struct Page<'a> {
    pub(super) visitor: &'a Visitor,
    pub(super) org: &'a OrgId,
    pub(super) section: Section,
    /// Of the browser's tab; the heading is the page's own.
    pub(super) title: &'a str,
    /// For an editor's styles: what the policy in the response's head names. Most pages have none.
    pub(super) nonce: Option<&'a str>,
}

impl Section {
    const ALL: [Self; 5] = [Self::Overview, Self::Actions, Self::Runs, Self::Explore, Self::Administration];

    fn title(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Actions => "Actions",
            Self::Runs => "Runs",
            Self::Explore => "Explore",
            Self::Administration => "Administration",
        }
    }

    /// Where it is, below its organisation.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Overview => "/overview",
            Self::Actions => "/actions",
            Self::Runs => "/runs",
            Self::Explore => "/explore",
            Self::Administration => "/administration",
        }
    }

    /// What it takes to be offered it.
    fn needs(self) -> Permission {
        match self {
            Self::Overview | Self::Actions => Permission::ReadActions,
            Self::Runs => Permission::ReadRuns,
            Self::Explore => Permission::Invoke,
            Self::Administration => Permission::Administer,
        }
    }
}

impl Page<'_> {
    /// The whole page around `body`.
    pub(super) fn show(&self, body: &Markup) -> Response {
        let Self { visitor, nonce, .. } = self;
        let base = visitor.link("");
        let markup = html! {
            (DOCTYPE)
            html lang="en" {
                (head(&base, self.title, *nonce))
                body hx-headers={ r#"{"X-CSRF-Token":""# (visitor.csrf()) r#""}"# } {
                    a.skip href="#main" { "Skip to the page" }
                    header.bar {
                        a.brand href=(visitor.at(self.org, "")) { img src=(ICON.url(&base)) alt="" width="22" height="22"; "actiond" }
                        (self.navigation())
                        (self.organisations())
                        (self.account())
                    }
                    main #main tabindex="-1" {
                        div #flash role="status" aria-live="polite" {}
                        (body)
                    }
                }
            }
        };
        Html(markup.into_string()).into_response()
    }

    fn navigation(&self) -> Markup {
        let offered = Section::ALL.into_iter().filter(|section| self.visitor.can(self.org, section.needs()));
        html! {
            nav.sections aria-label="Console" {
                @for section in offered {
                    a href=(self.visitor.at(self.org, section.path()))
                        aria-current=[(section == self.section).then_some("page")] { (section.title()) }
                }
            }
        }
    }

    /// A list that leads to the same section of another organisation.
    fn organisations(&self) -> Markup {
        let others = self.visitor.orgs.iter().filter(|org| *org != self.org).take(ORGS_SHOWN);
        html! {
            details.menu.org {
                summary { span.hint { "Organisation" } strong { (self.org) } }
                ul {
                    @for org in others {
                        li { a href=(self.visitor.at(org, self.section.path())) { (org) } }
                    }
                    @if self.visitor.orgs.len() < 2 { li.none { "There is no other one." } }
                }
            }
        }
    }

    fn account(&self) -> Markup {
        let email = self.visitor.email();
        html! {
            details.menu.account {
                summary { span.hint { "Account" } span.email { (email) } }
                ul {
                    li { a href=(self.visitor.link("/docs/")) { "Documentation" } }
                    li { a href=(self.visitor.link("/api-docs/")) { "API" } }
                    li {
                        form method="post" action=(self.visitor.link("/logout")) {
                            (token(self.visitor))
                            button.link type="submit" { "Log out" }
                        }
                    }
                }
            }
        }
    }
}

/// The hidden field that every form has to have.
pub(super) fn token(visitor: &Visitor) -> Markup {
    html! { input type="hidden" name=(CSRF) value=(visitor.csrf()); }
}

/// A page of nobody in particular: logging in, or what went wrong.
pub(super) fn bare(base: &str, title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            (head(base, title, None))
            body.bare {
                main #main {
                    p.brand { img src=(ICON.url(base)) alt="" width="28" height="28"; "actiond" }
                    (body)
                }
            }
        }
    }
}

/// Does what takes long, as laying out much of what somebody's code returned, where nobody else waits for it.
pub(super) async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Fault> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| store::Error::Library(error.to_string()).into())
}

fn head(base: &str, title: &str, nonce: Option<&str>) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            meta name="htmx-config" content=(HTMX_CONFIG);
            title { (title) " · actiond" }
            link rel="icon" href=(ICON.url(base)) type="image/svg+xml";
            link rel="stylesheet" href=(STYLE.url(base));
            script src=(HTMX.url(base)) defer {}
            @if let Some(nonce) = nonce {
                meta name="style-nonce" content=(nonce);
                script src=(EDITOR.url(base)) defer {}
            }
            script src=(SCRIPT.url(base)) defer {}
        }
    }
}

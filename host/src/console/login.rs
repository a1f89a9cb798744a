//! Logging in and out.

use axum::{
    extract::{Query, Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse as _, Response},
};
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    fault::{Fault, away},
    form::{Form, Sent, is_from_here},
    layout::bare,
    parts::{self, Tone},
    session::{Visitor, set_cookie},
};
use crate::app::{App, Denied};

/// Nobody has a longer address and password.
const FORM_BYTES_MAX: usize = 4_096;

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    next: Option<String>,
}

/// `GET /`, `GET /console`: the first organisation of whoever comes.
pub(super) async fn home(visitor: Visitor) -> Result<Response, Fault> {
    match visitor.orgs.first() {
        Some(org) => Ok(away(visitor.partial, &visitor.at(org, ""))),
        None => Err(Fault::gone("organisation")),
    }
}

/// `GET /login`
pub(super) async fn show(
    State(app): State<App>,
    visitor: Result<Visitor, Fault>,
    Query(asked): Query<Asked>,
) -> Response {
    let next = inside(asked.next.as_deref());
    match visitor {
        Ok(visitor) => away(false, &visitor.link(next)),
        Err(_) => Html(page(&app.settings().public_path, next, "", None).into_string()).into_response(),
    }
}

/// `POST /login`
pub(super) async fn log_in(
    State(app): State<App>,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, Fault> {
    if !is_from_here(&app, &headers) {
        return Err(Fault::Forged);
    }
    let body = axum::body::to_bytes(request.into_body(), FORM_BYTES_MAX).await;
    let form = Form::of(&body.map_err(|_| Fault::bad("The form is too long."))?)?;
    let (email, password) = (form.text("email"), form.get("password").unwrap_or_default());
    let (base, next) = (&app.settings().public_path, inside(form.get("next")));
    match app.log_in(email, password).await {
        Ok(token) => {
            let mut response = away(false, &format!("{base}{next}"));
            response.headers_mut().insert(header::SET_COOKIE, set_cookie(&app, &token));
            Ok(response)
        }
        // The same whatever is wrong: nobody learns which accounts there are.
        Err(Denied::Missing | Denied::Wrong) => {
            let wrong = html! { "There is no such account, or its password is another one." };
            let page = page(base, next, email, Some(&wrong));
            Ok((StatusCode::UNAUTHORIZED, Html(page.into_string())).into_response())
        }
        Err(Denied::Store(error)) => Err(error.into()),
    }
}

/// `POST /logout`
pub(super) async fn log_out(State(app): State<App>, sent: Sent) -> Response {
    app.log_out(sent.visitor.session());
    let mut response = away(sent.visitor.partial, &sent.visitor.link("/login"));
    response.headers_mut().insert(header::SET_COOKIE, set_cookie(&app, ""));
    response
}

/// Where somebody goes who has logged in: a page of ours, whatever a link says.
fn inside(next: Option<&str>) -> &str {
    let is_ours = |next: &&str| {
        let rest = next.strip_prefix("/console");
        let plain = next.chars().all(|char| char.is_ascii_graphic() && char != '\\');
        plain && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
    };
    next.filter(is_ours).unwrap_or("/console")
}

fn page(base: &str, next: &str, email: &str, wrong: Option<&Markup>) -> Markup {
    bare(
        base,
        "Log in",
        &html! {
            h1 { "Log in" }
            @if let Some(wrong) = wrong { (parts::flash(Tone::Bad, wrong)) }
            form.stack method="post" action={ (base) "/login" } {
                input type="hidden" name="next" value=(next);
                (parts::field("email", "E-mail address", None, &html! {
                    input #email type="email" name="email" value=(email) required autocomplete="username"
                        autofocus[wrong.is_none()];
                }))
                (parts::field("password", "Password", None, &html! {
                    input #password type="password" name="password" required autocomplete="current-password"
                        autofocus[wrong.is_some()];
                }))
                button.button.primary type="submit" { "Log in" }
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_away() {
        for (next, expected) in [
            (Some("/console/default/actions?q=a"), "/console/default/actions?q=a"),
            (Some("/console"), "/console"),
            (Some("/consolex"), "/console"),
            (Some("//evil.example.com/console"), "/console"),
            (Some("https://evil.example.com/"), "/console"),
            (Some("/console/\\evil"), "/console"),
            (Some("/console/\r\nx"), "/console"),
            (None, "/console"),
        ] {
            assert_eq!(inside(next), expected, "{next:?}");
        }
    }
}

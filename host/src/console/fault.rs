//! Why a page is not shown, and the page or part of a page that says so.

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use maud::{Markup, html};

use super::{layout::bare, parts};
use crate::{answer::Problem, app::App};

/// Why there is no page.
#[derive(Debug)]
pub(super) enum Fault {
    /// Nobody is logged in who wants this path.
    LoggedOut {
        wanted: String,
    },
    /// The form is of no page of ours, or of one from before somebody logged in.
    Forged,
    Refused(Box<Problem>),
}

/// Left in a response for [`shown`], which knows who asks.
#[derive(Debug, Clone)]
enum Left {
    LoggedOut { wanted: String },
    Refused { message: String, advice: Option<String> },
}

impl Fault {
    /// There is none of these, or it is nobody's business.
    pub(super) fn gone(what: &str) -> Self {
        Problem::not_found(format!("There is no such {what}, or it is not yours to see.")).into()
    }

    /// What a form holds is wrong.
    pub(super) fn bad(message: impl Into<String>) -> Self {
        Problem::bad_request(message).into()
    }
}

impl<E: Into<Problem>> From<E> for Fault {
    fn from(error: E) -> Self {
        Self::Refused(Box::new(error.into()))
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let refused = |status: StatusCode, message: &str, advice: Option<&str>| {
            let left = Left::Refused { message: message.to_owned(), advice: advice.map(str::to_owned) };
            (status, left)
        };
        let (status, left) = match self {
            Self::LoggedOut { wanted } => (StatusCode::UNAUTHORIZED, Left::LoggedOut { wanted }),
            Self::Forged => refused(
                StatusCode::FORBIDDEN,
                "This form is no longer valid.",
                Some("Load the page again, and send it once more."),
            ),
            Self::Refused(problem) => refused(problem.status(), problem.message(), problem.advice()),
        };
        let mut response = status.into_response();
        response.extensions_mut().insert(left);
        response
    }
}

/// A response as whoever asked can show it: what a fault left in it becomes a page, or a message for the page they are on.
/// `partial`: a part of a page asks; `sends`: with a form.
pub(super) fn shown(app: &App, partial: bool, sends: bool, mut response: Response) -> Response {
    let Some(left) = response.extensions_mut().remove::<Left>() else { return response };
    let base = &app.settings().public_path;
    match left {
        // What was written is not lost: the page stays, and its form counts again after logging in.
        Left::LoggedOut { .. } if partial && sends => {
            let said = html! {
                strong { "You are logged out." }
                p { a href={ (base) "/login" } target="_blank" { "Log in in another tab" } ", then send this once more." }
            };
            told(response.status(), &said)
        }
        Left::LoggedOut { wanted } => {
            // A part of a page that asks by itself is no place to come back to, nor is what only takes forms.
            let wanted = if partial || sends { "/console".to_owned() } else { wanted };
            let mut to = format!("{base}/login?");
            form_urlencoded::Serializer::for_suffix(&mut to, base.len() + "/login?".len())
                .append_pair("next", &wanted);
            away(partial, &to)
        }
        Left::Refused { message, advice } => {
            let status = response.status();
            let said = html! {
                strong { (message) }
                @if let Some(advice) = &advice {
                    @if advice.contains('\n') { pre { (advice) } } @else { p { (advice) } }
                }
            };
            if partial {
                told(status, &said)
            } else {
                (status, Html(page(base, status, &said).into_string())).into_response()
            }
        }
    }
}

/// What is said on the page that somebody is on.
fn told(status: StatusCode, said: &Markup) -> Response {
    let headers = [("hx-retarget", "#flash"), ("hx-reswap", "innerHTML show:window:top")];
    (status, headers, Html(parts::flash(parts::Tone::Bad, said).into_string())).into_response()
}

/// Sends a browser to another page, whether a page or a part of one asks.
pub(super) fn away(partial: bool, to: &str) -> Response {
    let Ok(to) = HeaderValue::from_str(to) else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    if partial {
        let mut headers = HeaderMap::new();
        headers.insert("hx-redirect", to);
        return headers.into_response();
    }
    (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response()
}

fn page(base: &str, status: StatusCode, said: &Markup) -> Markup {
    let title = match status {
        StatusCode::NOT_FOUND => "Not found",
        StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED => "Not allowed",
        status if status.is_server_error() => "Something failed",
        _ => "That did not work",
    };
    bare(
        base,
        title,
        &html! {
            p.code aria-hidden="true" { (status.as_u16()) }
            h1 { (title) }
            div.said { (said) }
            p { a.button href={ (base) "/console" } { "Back to the console" } }
        },
    )
}

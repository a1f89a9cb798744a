//! What every response of the console says to browsers: what its pages may load, and that they belong nowhere else.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    middleware::Next,
    response::Response,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::fault::shown;
use crate::{app::App, random};

/// All that a page may do: what is ours, and nothing that stands in the page itself.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Answers a request of a browser: faults become pages, and every response has its headers.
pub(super) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let partial = request.headers().contains_key("hx-request");
    let sends = request.method() == Method::POST;
    let mut response = shown(&app, partial, sends, next.run(request).await);
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    set(header::CONTENT_SECURITY_POLICY, POLICY);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(header::REFERRER_POLICY, "same-origin");
    set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    // What is shown to one who is logged in is nobody's to keep.
    set(header::CACHE_CONTROL, "no-store");
    response
}

/// A word that stands for the styles of one page's editor, and the policy that lets them in.
pub(super) fn nonce() -> (String, HeaderMap) {
    let nonce = URL_SAFE_NO_PAD.encode(random::bytes::<16>());
    let policy = POLICY.replace("style-src 'self'", &format!("style-src 'self' 'nonce-{nonce}'"));
    let mut headers = HeaderMap::new();
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    (nonce, headers)
}

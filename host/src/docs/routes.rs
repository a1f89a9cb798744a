//! `GET /docs/…`. Everything is made once, when it is first asked for, and the same for everybody: no account is needed.

use std::sync::LazyLock;

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};

use super::{
    book::{PICTURES, chapters},
    page::page,
    render::address,
};
use crate::{
    answer::{Path, Problem},
    app::App,
};

/// The console's, and what pages of text want beside it.
const STYLE: &str =
    concat!(include_str!("../../assets/console.css"), "\n", include_str!("../../assets/docs.css"));
/// Nothing is fetched but the style and pictures from here, and nothing is done.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'";

/// What is served below `/docs/`.
static FILES: LazyLock<Vec<File>> = LazyLock::new(files);

struct File {
    /// Empty for the first page.
    name: &'static str,
    kind: &'static str,
    bytes: Bytes,
    tag: String,
}

/// The routes of the documentation, which are not part of the API.
pub(crate) fn router() -> Router<App> {
    Router::new()
        // As seen from there, whatever the path begins with.
        .route("/docs", get(|| async { (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, "docs/")]) }))
        .route("/docs/", get(|headers: HeaderMap| async move { show("", &headers) }))
        .route(
            "/docs/{name}",
            get(|Path(name): Path<String>, headers: HeaderMap| async move { show(&name, &headers) }),
        )
}

fn files() -> Vec<File> {
    let chapters = chapters();
    let pages = chapters.iter().enumerate().map(|(at, chapter)| {
        let name = address(chapter.file).trim_start_matches("./");
        File::new(name, "text/html; charset=utf-8", page(&chapters, at))
    });
    let pictures = PICTURES.iter().map(|(name, text)| File::new(name, "image/svg+xml", (*text).to_owned()));
    let style = File::new("style.css", "text/css; charset=utf-8", STYLE.to_owned());
    pages.chain(pictures).chain([style]).collect()
}

impl File {
    fn new(name: &'static str, kind: &'static str, text: String) -> Self {
        let hash = blake3::hash(text.as_bytes()).to_hex();
        Self { name, kind, bytes: text.into(), tag: format!("\"{}\"", &hash[..16]) }
    }
}

fn show(name: &str, headers: &HeaderMap) -> Response {
    let Some(file) = FILES.iter().find(|file| file.name == name) else {
        return Problem::not_found(format!("there is no page {name}: /docs/ lists all")).into_response();
    };
    let known = headers.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    let mut response = if known.is_some_and(|tags| tags.contains(&file.tag)) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, file.kind)], file.bytes.clone()).into_response()
    };
    let headers = response.headers_mut();
    if let Ok(tag) = HeaderValue::from_str(&file.tag) {
        headers.insert(header::ETAG, tag);
    }
    let mut set = |name: HeaderName, value: &'static str| {
        headers.insert(name, HeaderValue::from_static(value));
    };
    // Asked for again each time, and sent again only when another version of the program serves it.
    set(header::CACHE_CONTROL, "no-cache");
    set(header::CONTENT_SECURITY_POLICY, POLICY);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "no-referrer");
    response
}

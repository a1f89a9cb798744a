//! Scripts and styles of the pages: in the binary, under names that change with what is in them, so that browsers keep them.

use std::{io::Write as _, sync::LazyLock};

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use flate2::{Compression, write::GzEncoder};

use crate::answer::Path;

const KEPT: &str = "public, max-age=31536000, immutable";

/// One file.
pub(super) struct Asset {
    /// With a part that stands for its contents.
    name: String,
    kind: &'static str,
    bytes: &'static [u8],
    gzipped: Vec<u8>,
}

pub(super) static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("console", "css", include_bytes!("../../assets/console.css")));
pub(super) static SCRIPT: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("console", "js", include_bytes!("../../assets/console.js")));
pub(super) static HTMX: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("htmx", "js", include_bytes!("../../assets/vendor/htmx.min.js")));
pub(super) static EDITOR: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("editor", "js", include_bytes!("../../assets/vendor/codemirror.min.js")));
pub(super) static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("icon", "svg", include_bytes!("../../assets/icon.svg")));

const ALL: [&LazyLock<Asset>; 5] = [&STYLE, &SCRIPT, &HTMX, &EDITOR, &ICON];

impl Asset {
    fn new(stem: &str, extension: &str, bytes: &'static [u8]) -> Self {
        let hash = blake3::hash(bytes).to_hex();
        let kind = match extension {
            "css" => "text/css; charset=utf-8",
            "svg" => "image/svg+xml",
            _ => "text/javascript; charset=utf-8",
        };
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        let gzipped = gzip.write_all(bytes).and_then(|()| gzip.finish()).unwrap_or_default();
        Self { name: format!("{stem}-{}.{extension}", &hash[..12]), kind, bytes, gzipped }
    }

    /// Where a page finds it.
    pub(super) fn url(&self, base: &str) -> String {
        format!("{base}/assets/{}", self.name)
    }
}

/// `GET /assets/{name}`
pub(super) async fn serve(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let Some(asset) = ALL.iter().find(|asset| asset.name == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let gzip = accepted.is_some_and(|accepted| accepted.contains("gzip")) && !asset.gzipped.is_empty();
    let mut response = if gzip { asset.gzipped.as_slice() } else { asset.bytes }.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(KEPT));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if gzip {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

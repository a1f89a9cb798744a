//! What every request passes first: the prefix of its path, and which web pages may send it.

use axum::{
    Router,
    extract::Request,
    http::{HeaderName, Method, Uri, header, uri::PathAndQuery},
};
use tower::util::MapRequest;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::config::Origins;

/// What `router` answers, also below `prefix` (empty, or a path without a slash at its end), and for the web pages of
/// `origins`.
pub(super) fn front(router: Router, prefix: &str, origins: &Origins) -> Router {
    let router = match cors(origins) {
        Some(cors) => router.layer(cors),
        None => router,
    };
    if prefix.is_empty() {
        return router;
    }
    let prefix = prefix.to_owned();
    // Outside of a router: within one, the route is chosen already.
    Router::new().fallback_service(MapRequest::new(router, move |request| without(request, &prefix)))
}

fn without(mut request: Request, prefix: &str) -> Request {
    if let Some(uri) = shortened(request.uri(), prefix) {
        *request.uri_mut() = uri;
    }
    request
}

/// `None` when the path does not begin with the prefix.
fn shortened(uri: &Uri, prefix: &str) -> Option<Uri> {
    let rest = uri.path_and_query()?.as_str().strip_prefix(prefix)?;
    let rest = match rest.as_bytes().first() {
        Some(b'/') => rest.to_owned(),
        None | Some(b'?') => format!("/{rest}"),
        Some(_) => return None,
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(rest.parse::<PathAndQuery>().ok()?);
    Uri::from_parts(parts).ok()
}

/// `None` when no page of another origin may call.
fn cors(origins: &Origins) -> Option<CorsLayer> {
    let origins = match origins {
        Origins::None => return None,
        Origins::All => AllowOrigin::any(),
        Origins::Some(origins) => AllowOrigin::list(origins.clone()),
    };
    let named = HeaderName::from_static;
    let allowed = [header::AUTHORIZATION, header::CONTENT_TYPE]
        .into_iter()
        .chain(["prefer", "idempotency-key", "traceparent"].map(named));
    let exposed = [header::LOCATION, header::RETRY_AFTER, header::CONTENT_DISPOSITION]
        .into_iter()
        .chain(["x-request-id"].map(named));
    Some(
        CorsLayer::new()
            .allow_origin(origins)
            .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
            .allow_headers(allowed.collect::<Vec<_>>())
            .expose_headers(exposed.collect::<Vec<_>>()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_taken_away_where_it_is_one() {
        for (path, expected) in [
            ("/actions/api/a?b=c", Some("/api/a?b=c")),
            ("/actions/", Some("/")),
            ("/actions", Some("/")),
            ("/actions?a=b", Some("/?a=b")),
            ("/actionsapi/a", None),
            ("/api/actions", None),
            ("/", None),
        ] {
            let found = shortened(&path.parse().unwrap(), "/actions").map(|uri| uri.to_string());
            assert_eq!(found.as_deref(), expected, "{path}");
        }
    }
}

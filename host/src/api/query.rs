//! Query strings and bodies, refused with the envelope when they are wrong.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request, rejection::JsonRejection},
    http::{StatusCode, request::Parts},
};
use serde::de::DeserializeOwned;

use super::{intake::BodyMax, problem::Problem};
use crate::app::App;

/// A query string's fields.
#[derive(Debug)]
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<App> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let query = axum::extract::Query::from_request_parts(parts, app).await;
        let query = query.map_err(|rejection| Problem::bad_request(rejection.body_text()))?;
        Ok(Self(query.0))
    }
}

/// A body of JSON, whatever its content type says: senders of webhooks often say nothing.
#[derive(Debug)]
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<App> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        Ok(Self(parsed(request, app).await?))
    }
}

/// The same, for a route that does not always have one.
pub(super) async fn parsed<T: DeserializeOwned>(request: Request, app: &App) -> Result<T, Problem> {
    let bytes = bytes(request, app).await?;
    let parsed: Result<axum::Json<T>, JsonRejection> = axum::Json::from_bytes(&bytes);
    Ok(parsed?.0)
}

/// A body of any kind.
pub(super) async fn bytes(request: Request, app: &App) -> Result<Bytes, Problem> {
    let own = request.extensions().get::<BodyMax>().map(|max| max.0);
    let bytes_max = own.unwrap_or(app.settings().body_bytes);
    let read = Bytes::from_request(request, app).await;
    read.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large("the body", bytes_max),
        _ => rejection.into(),
    })
}

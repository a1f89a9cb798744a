//! Query strings and bodies, refused with the envelope when they are wrong.

use axum::{
    extract::{FromRequest, FromRequestParts, Request, rejection::JsonRejection},
    http::request::Parts,
};
use serde::de::DeserializeOwned;

use super::problem::Problem;
use crate::app::App;

pub(super) use crate::answer::{Path, bytes};

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

//! The parts of a path that stand for something, refused with the envelope when they are no text.

use axum::{extract::FromRequestParts, http::request::Parts};
use serde::de::DeserializeOwned;

use super::problem::Problem;
use crate::app::App;

/// A path's parts, decoded.
#[derive(Debug)]
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let path = axum::extract::Path::from_request_parts(parts, app).await;
        let path = path.map_err(|rejection| Problem::bad_request(rejection.body_text()))?;
        Ok(Self(path.0))
    }
}

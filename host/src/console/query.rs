//! Query strings of pages.

use axum::{extract::FromRequestParts, http::request::Parts};
use serde::de::DeserializeOwned;

use super::fault::Fault;
use crate::app::App;

/// A query string's fields; a page that is asked for wrongly says so as a page does.
#[derive(Debug)]
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<App> for Query<T> {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Fault> {
        let query = axum::extract::Query::from_request_parts(parts, app).await;
        Ok(Self(query.map_err(|rejection| Fault::bad(rejection.body_text()))?.0))
    }
}

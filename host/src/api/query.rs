//! Query strings and bodies, refused with the envelope when they are wrong.

use axum::{
    extract::{FromRequest, FromRequestParts, Request, rejection::JsonRejection},
    http::{StatusCode, request::Parts},
};
use serde::{
    Deserialize as _, Deserializer,
    de::{DeserializeOwned, Error as _},
};

use super::problem::Problem;
use crate::{answer::Word, app::App};

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
    of_object(&bytes(request, app).await?)
}

/// The fields of a JSON object. What is read into would take them from an array too, which nobody means.
pub(super) fn of_object<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    if bytes.trim_ascii_start().starts_with(b"[") {
        let said = "the body is an array: send an object";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, Word::BadJson, said));
    }
    let parsed: Result<axum::Json<T>, JsonRejection> = axum::Json::from_bytes(bytes);
    Ok(parsed?.0)
}

/// The same for a field, which may be null.
pub(super) fn object_field<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let fields: Option<serde_json::Map<String, serde_json::Value>> = Option::deserialize(deserializer)?;
    let read = fields.map(|fields| serde_json::from_value(serde_json::Value::Object(fields)));
    read.transpose().map_err(D::Error::custom)
}

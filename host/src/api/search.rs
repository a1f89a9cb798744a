//! Searching log records, as OpenObserve's clients do: its own answer, or with an action applied to it.

use super::{
    caller::Caller,
    problem::Problem,
    query::{Path, bytes},
};
use crate::{
    answer::traceparent,
    app::{App, LogSearch, NotSearched, hits},
    model::account::Permission,
    origin::{Answered, Search},
    records,
};
use axum::{
    extract::{Request, State},
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};

/// Search log records, and apply an action to them
///
/// The body and the answer are OpenObserve's. Its origin is asked with the caller's own credentials; `query.action_id`, which
/// is not passed on, names the action that is given the hits and whose rows take their place.
#[utoipa::path(
    post, path = "/api/{org}/_search", tag = "search",
    params(("org" = String, Path, description = "The organisation, also the origin's")),
    request_body = Value,
    responses(
        (status = 200, description = "what the origin found, or what the action made of it", body = Value),
        (status = 404, description = "there is no such action, or no origin", body = super::ErrorWire),
        (status = 502, description = "the origin cannot be reached, or the action failed", body = super::ErrorWire),
    )
)]
pub(super) async fn search(
    State(app): State<App>,
    Path(org): Path<String>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let org = caller.may(&org, Permission::ReadActions)?;
    if !app.has_origin() {
        return Err(NotSearched::NoOrigin.into());
    }
    let (headers, query) = (request.headers().clone(), request.uri().query().map(str::to_owned));
    let asked = LogSearch::parse(&bytes(request, &app).await?)?;
    if let Some(action) = asked.action {
        caller.may(org.as_str(), Permission::Invoke)?;
        app.may_apply(&org, action).await?;
    }
    let traceparent = traceparent(&headers, None);
    let answered = app
        .ask_origin(Search {
            org: org.clone(),
            query,
            // Whoever calls has one: it was checked.
            authorization: headers.get(header::AUTHORIZATION).cloned().ok_or_else(Problem::forbidden)?,
            traceparent: traceparent.clone(),
            body: asked.body.clone(),
        })
        .await?;
    let Some(action) = asked.action.filter(|_| answered.status == StatusCode::OK) else {
        return Ok(passed_on(answered));
    };
    // OpenObserve does not call an action when there is nothing to call it with.
    let Some(found) = hits(&answered.body)? else { return Ok(passed_on(answered)) };
    let rows =
        if found == records::NONE { found } else { app.apply(org, action, found, traceparent).await?.rows };
    let body = asked.with_rows(&answered.body, &rows)?;
    Ok(passed_on(Answered { body, ..answered }))
}

fn passed_on(answered: Answered) -> Response {
    // Nothing that a browser takes for a page, whatever the origin calls it.
    (answered.status, [(header::CONTENT_TYPE, "application/json")], answered.body).into_response()
}

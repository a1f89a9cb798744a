//! Every page, on one page.

use axum::{
    Router,
    http::Method,
    middleware,
    response::Response,
    routing::{get, post},
};

use super::{
    actions, administration, assets, explore,
    fault::{Fault, away},
    headers::guard,
    layout::Section,
    login, overview, runs,
    session::Visitor,
};
use crate::{
    answer::{Path, Problem},
    app::App,
    model::account::Permission,
};

/// All pages, to be joined to the API's routes.
pub(crate) fn router(app: App) -> Router<App> {
    Router::new()
        .route("/", get(login::home))
        .route("/login", get(login::show).post(login::log_in))
        .route("/logout", post(login::log_out))
        .route("/assets/{name}", get(assets::serve))
        .route("/console", get(login::home))
        .route("/console/", get(login::home))
        .route("/console/{org}", get(start))
        .route("/console/{org}/{*rest}", get(nothing))
        .merge(actions_router())
        .route("/console/{org}/overview", get(overview::show))
        .merge(runs::router())
        .merge(explore::router())
        .merge(administration::router())
        .method_not_allowed_fallback(refused)
        .layer(middleware::from_fn_with_state(app, guard))
}

fn actions_router() -> Router<App> {
    Router::new()
        .route("/console/{org}/actions", get(actions::list))
        .route("/console/{org}/actions/delete", post(actions::remove))
        .route("/console/{org}/actions/new", get(actions::fresh).post(actions::create))
        .route("/console/{org}/actions/new/test", post(actions::rehearse))
        .route("/console/{org}/actions/new/payload", get(actions::payload))
        .route("/console/{org}/schedule", get(actions::preview))
        .route("/console/{org}/actions/{id}", get(actions::edit).post(actions::save))
        .route("/console/{org}/actions/{id}/pause", post(actions::pause))
        .route("/console/{org}/actions/{id}/test", post(actions::rehearse))
        .route("/console/{org}/actions/{id}/payload", get(actions::payload))
        .route("/console/{org}/actions/{id}/versions", get(actions::versions))
        .route("/console/{org}/actions/{id}/versions/{version}/rollback", post(actions::roll_back))
        .route("/console/{org}/actions/{id}/versions/{version}/zip", get(actions::download))
        .route("/console/{org}/actions/{id}/hooks", get(actions::hooks).post(actions::make_hook))
        .route("/console/{org}/actions/{id}/hooks/{hook}/revoke", post(actions::revoke_hook))
        .route("/console/{org}/actions/{id}/secrets", get(actions::secrets).post(actions::keep_secret))
        .route("/console/{org}/actions/{id}/secrets/{name}/remove", post(actions::remove_secret))
}

/// Where an organisation's pages begin.
async fn start(Path(org): Path<String>, visitor: Visitor) -> Result<Response, Fault> {
    let org = visitor.may(&org, Permission::ReadActions)?;
    Ok(away(visitor.partial, &visitor.at(&org, Section::Overview.path())))
}

async fn refused(method: Method) -> Fault {
    Problem::method_not_allowed(&method).into()
}

async fn nothing(_visitor: Visitor) -> Fault {
    Fault::gone("page")
}

//! Every route, on one page.

use std::time::Duration;

use axum::{Router, extract::Request, response::IntoResponse as _};
use tower_http::timeout::RequestBodyTimeoutLayer;
use utoipa::{OpenApi, openapi::Server};
use utoipa_axum::{router::OpenApiRouter, routes};
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::{
    actions, audit, builds, connections, description::complete, details, health, hooks, invoke, jobs,
    organisations, problem::Problem, runs, search, secrets, service_accounts, upload, users,
};
use crate::{
    answer::{Intake, admit, observe},
    app::App,
};

/// A body of which nothing comes for so long is given up.
const BODY_WAIT: Duration = Duration::from_secs(30);

#[derive(OpenApi)]
#[openapi(
    info(title = "actiond", description = "Runs untrusted Python actions for logs, alerts and time"),
    tags(
        (name = "actions", description = "Actions, their versions, schedules and policies"),
        (name = "runs", description = "Running actions, and what came of it"),
        (name = "hooks", description = "Running actions by senders that cannot log in"),
        (name = "search", description = "Log records of OpenObserve, with actions applied to them"),
        (name = "secrets", description = "Values that runs get and nobody can read again"),
        (name = "accounts", description = "Organisations, who may do what in them, and who did"),
        (name = "jobs", description = "OpenObserve's action-server API: other clusters' actions, run here"),
        (name = "server", description = "The server itself"),
    )
)]
struct Description;

/// All routes over `app`, and their description. `others`: routes of other modules; `pages`: those that are for people, and
/// not described.
pub(crate) fn router(app: App, others: OpenApiRouter<App>, pages: Router<App>) -> Router {
    let (router, mut description) = OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(health::config))
        .merge(actions_router())
        .merge(runs_router())
        .merge(accounts_router())
        .merge(others)
        .merge(jobs_router())
        .split_for_parts();
    complete(&mut description);
    let public_path = &app.settings().public_path;
    description.servers = (!public_path.is_empty()).then(|| vec![Server::new(public_path)]);
    // The page finds it from where it is itself, whatever the path begins with.
    let page = SwaggerUi::new("/api-docs").config(Config::new(["../openapi.json"]));
    let body_bytes = app.settings().body_bytes;
    router
        .merge(page.url("/openapi.json", description))
        .merge(pages)
        .fallback(|request: Request| async move {
            Problem::not_found(format!("there is no {}", request.uri().path())).into_response()
        })
        .method_not_allowed_fallback(|request: Request| async move {
            Problem::method_not_allowed(request.method()).into_response()
        })
        .layer(RequestBodyTimeoutLayer::new(BODY_WAIT))
        .layer(axum::middleware::from_fn_with_state(Intake::new(body_bytes), admit))
        .layer(axum::middleware::from_fn_with_state(app.clone(), observe))
        .with_state(app)
}

fn actions_router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(actions::list))
        .routes(routes!(upload::upload))
        .routes(routes!(builds::show))
        .routes(routes!(actions::remove_bulk))
        .routes(routes!(actions::download))
        .routes(routes!(actions::pause))
        .routes(routes!(actions::resume))
        .routes(routes!(invoke::test))
        .routes(routes!(actions::details, actions::edit, actions::remove))
        .routes(routes!(details::settings, details::edit_settings))
        .routes(routes!(details::schedule))
        .routes(routes!(details::versions))
        .routes(routes!(details::download_version))
        .routes(routes!(details::roll_back))
        .routes(routes!(hooks::list, hooks::create))
        .routes(routes!(hooks::revoke))
        .routes(routes!(secrets::list))
        .routes(routes!(secrets::put, secrets::remove))
        .routes(routes!(secrets::list_of_action))
        .routes(routes!(secrets::put_of_action, secrets::remove_of_action))
}

fn runs_router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(invoke::invoke))
        .routes(routes!(runs::list))
        .routes(routes!(runs::list_of_action))
        .routes(routes!(runs::show))
        .routes(routes!(runs::logs))
        .routes(routes!(connections::list))
        .routes(routes!(runs::cancel))
        .routes(routes!(runs::replay))
        .routes(routes!(runs::dead_letters))
        .routes(routes!(runs::redrive))
        .routes(routes!(runs::bury))
        .routes(routes!(search::search))
}

fn accounts_router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(organisations::list, organisations::create))
        .routes(routes!(organisations::remove))
        .routes(routes!(organisations::settings, organisations::edit_settings))
        .routes(routes!(service_accounts::list, service_accounts::create))
        .routes(routes!(service_accounts::edit, service_accounts::remove))
        .routes(routes!(users::list, users::create))
        .routes(routes!(users::edit, users::remove))
        .routes(routes!(audit::list))
}

fn jobs_router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(jobs::deploy, jobs::list)).routes(routes!(
        jobs::show,
        jobs::remove,
        jobs::edit
    ))
}

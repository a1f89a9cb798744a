//! What tells that the server is there and what it can do, without credentials.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

/// What clients ask before they show anything of actions.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ConfigWire {
    version: &'static str,
    build_type: &'static str,
    actions_enabled: bool,
    /// Seconds; schedules may be closer together than that, but clients check it.
    min_auto_refresh_interval: u32,
    timestamp_column: &'static str,
}

/// What this server is.
#[utoipa::path(get, path = "/config", tag = "server", security(()), responses((status = 200, body = ConfigWire)))]
pub(super) async fn config() -> Json<ConfigWire> {
    Json(ConfigWire {
        version: env!("CARGO_PKG_VERSION"),
        build_type: "enterprise",
        actions_enabled: true,
        min_auto_refresh_interval: 1,
        timestamp_column: "_timestamp",
    })
}

//! What a run reached on the network.

use std::net::IpAddr;

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use super::{caller::Caller, problem::Problem, query::Path, runs::found, wire::rfc3339};
use crate::{
    app::App,
    model::{account::Permission, run::Connection},
};

/// A connection, or one that was not made.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Connection)]
pub(super) struct ConnectionWire {
    at: String,
    /// The name it was looked up by
    host: Option<String>,
    /// null where already the name was refused, or only the proxy knows
    #[schema(value_type = Option<String>)]
    address: Option<IpAddr>,
    port: u16,
    /// tcp, udp
    transport: String,
    /// Whether it went by the server's proxy
    proxied: bool,
    /// Whether it was encrypted by the server's TLS
    tls: bool,
    sent_bytes: u64,
    received_bytes: u64,
    /// Until it was closed
    wall_us: u64,
    /// Why it was not made; of a refused one, with the rule to ask for
    error: Option<String>,
    /// Whether rules or limits refused it
    refused: bool,
    attempt: u32,
}

/// List what a run reached on the network
///
/// In the order of time, once an attempt has ended; refused ones too. At most 1,000 of an attempt.
#[utoipa::path(
    get, path = "/api/{org}/runs/{run_id}/connections", tag = "runs",
    params(("org" = String, Path, description = "The organisation"), ("run_id" = String, Path, description = "The run")),
    responses((status = 200, body = [ConnectionWire]), (status = 404, body = super::ErrorWire))
)]
pub(super) async fn list(
    State(app): State<App>,
    Path((org, id)): Path<(String, String)>,
    caller: Caller,
) -> Result<Json<Vec<ConnectionWire>>, Problem> {
    let org = caller.may(&org, Permission::ReadRuns)?;
    let run = found(&app, &org, &id).await?;
    let connections = app.store().read(move |view| view.run_connections(&run.id)).await?;
    Ok(Json(connections.into_iter().map(ConnectionWire::from).collect()))
}

impl From<Connection> for ConnectionWire {
    fn from(connection: Connection) -> Self {
        Self {
            at: rfc3339(connection.at),
            host: connection.host,
            address: connection.address,
            port: connection.port,
            transport: connection.transport,
            proxied: connection.proxied,
            tls: connection.tls,
            sent_bytes: connection.sent_bytes,
            received_bytes: connection.received_bytes,
            wall_us: u64::try_from(connection.wall.as_micros()).unwrap_or(u64::MAX),
            error: connection.error,
            refused: connection.refused,
            attempt: connection.attempt,
        }
    }
}

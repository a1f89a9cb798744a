//! What a run reached on the network, as it is stored.

use std::{net::IpAddr, time::Duration};

use serde::{Deserialize, Serialize};

use super::time::{micros, time};
use crate::model::run::Connection;

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct ConnectionRecord {
    at: i64,
    host: Option<String>,
    address: Option<IpAddr>,
    port: u16,
    transport: String,
    #[serde(default)]
    proxied: bool,
    tls: bool,
    sent: u64,
    received: u64,
    wall_us: u64,
    error: Option<String>,
    refused: bool,
    attempt: u32,
}

impl From<&Connection> for ConnectionRecord {
    fn from(connection: &Connection) -> Self {
        let Connection { at, host, address, port, transport, proxied, tls, .. } = connection.clone();
        let Connection { sent_bytes, received_bytes, wall, error, refused, attempt, .. } = connection.clone();
        Self {
            at: micros(at),
            host,
            address,
            port,
            transport,
            proxied,
            tls,
            sent: sent_bytes,
            received: received_bytes,
            wall_us: u64::try_from(wall.as_micros()).unwrap_or(u64::MAX),
            error,
            refused,
            attempt,
        }
    }
}

impl TryFrom<ConnectionRecord> for Connection {
    type Error = String;

    fn try_from(record: ConnectionRecord) -> Result<Self, String> {
        let ConnectionRecord { at, host, address, port, transport, proxied, tls, .. } = record;
        Ok(Self {
            at: time(at)?,
            host,
            address,
            port,
            transport,
            proxied,
            tls,
            sent_bytes: record.sent,
            received_bytes: record.received,
            wall: Duration::from_micros(record.wall_us),
            error: record.error,
            refused: record.refused,
            attempt: record.attempt,
        })
    }
}

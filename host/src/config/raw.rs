//! The settings as they are written: one field for each key of the table, not yet checked against each other.

use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    pub(super) listen: String,
    pub(super) public_url: String,
    pub(super) data_dir: String,
    pub(super) body_mib: u64,
    pub(super) drain_s: u64,
    pub(super) connections: u64,
    pub(super) cors_origins: String,
    pub(super) root: Root,
    pub(super) runs: Runs,
    pub(super) retention: Retention,
    pub(super) storage: Storage,
    pub(super) egress: Egress,
    pub(super) origin: Origin,
    pub(super) secret: Secret,
    pub(super) action_server: ActionServer,
    pub(super) dependencies: Dependencies,
    pub(super) log: Log,
    pub(super) otlp: Otlp,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Root {
    pub(super) email: String,
    pub(super) password: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Runs {
    pub(super) threads: u64,
    pub(super) parallel: u64,
    pub(super) per_action_parallel: u64,
    pub(super) per_action_queue: u64,
    pub(super) org_parallel: u64,
    pub(super) org_queue: u64,
    pub(super) org_fuel_per_minute: u64,
    pub(super) fuel: u64,
    pub(super) fuel_max: u64,
    pub(super) wall_s: u64,
    pub(super) wall_s_max: u64,
    pub(super) memory_mib: u64,
    pub(super) data_memory_mib: u64,
    pub(super) memory_mib_max: u64,
    pub(super) import_wall_s: u64,
    pub(super) hot_images_mib: u64,
    pub(super) cold_images_mib: u64,
    pub(super) idle_slots: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Retention {
    pub(super) runs: u64,
    pub(super) days: u64,
    pub(super) mib: u64,
    pub(super) idempotency_h: u64,
    pub(super) audit_days: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Storage {
    pub(super) cache_mib: u64,
    pub(super) free_mib_min: u64,
    pub(super) flush_ms: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Secret {
    pub(super) key: String,
    pub(super) key_old: String,
    pub(super) key_file: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ActionServer {
    pub(super) token: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Dependencies {
    pub(super) enabled: bool,
    pub(super) uv: String,
    pub(super) index_url: String,
    pub(super) extra_index_urls: String,
    pub(super) find_links: String,
    pub(super) offline: bool,
    pub(super) fallbacks: String,
    pub(super) timeout_s: u64,
    pub(super) parallel: u64,
    pub(super) files: u64,
    pub(super) mib: u64,
    pub(super) cache_mib: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Log {
    pub(super) level: String,
    pub(super) format: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Otlp {
    pub(super) endpoint: String,
    pub(super) authorization: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Egress {
    pub(super) allow: String,
    pub(super) unverified_tls: bool,
    pub(super) proxy: String,
    pub(super) no_proxy: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Origin {
    pub(super) url: String,
    pub(super) timeout_s: u64,
    pub(super) answer_mib: u64,
}

//! What a server answers, as far as the client reads it. Text in it is somebody's: it is escaped before a terminal gets it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ActionWire {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) created_at: i64,
    pub(crate) last_run_at: i64,
    pub(crate) last_successful_at: Option<i64>,
    pub(crate) created_by: String,
    pub(crate) status: String,
    pub(crate) execution_details_type: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct DetailsWire {
    pub(crate) environment_variables: BTreeMap<String, String>,
    pub(crate) execution_details: String,
    pub(crate) cron_expr: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) service_account: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct SettingsWire {
    pub(crate) timezone: String,
    pub(crate) paused: bool,
    pub(crate) version: u32,
    /// Servers of before had one guest.
    #[serde(default)]
    pub(crate) guest: String,
    pub(crate) secrets: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ScheduleWire {
    pub(crate) cron_expr: Option<String>,
    pub(crate) next: Vec<String>,
    pub(crate) skipped: u64,
    pub(crate) missed: u64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct VersionWire {
    pub(crate) version: u32,
    pub(crate) current: bool,
    pub(crate) bytes: u64,
    pub(crate) created_by: String,
    pub(crate) created_at: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct BuildWire {
    pub(crate) id: String,
    pub(crate) status: String,
    pub(crate) uuid: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) code: Option<u16>,
    pub(crate) log: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct RunWire {
    pub(crate) run_id: String,
    pub(crate) action_id: String,
    pub(crate) version: u32,
    pub(crate) trigger: String,
    pub(crate) status: String,
    pub(crate) queued_at: String,
    pub(crate) error: Option<FailureWire>,
    pub(crate) result: Option<Box<RawValue>>,
    pub(crate) usage: Option<UsageWire>,
}

/// What came of a run that was asked for.
#[derive(Debug, Deserialize)]
pub(crate) struct EndedWire {
    pub(crate) run_id: String,
    pub(crate) status: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct FailureWire {
    pub(crate) r#type: String,
    pub(crate) message: String,
    pub(crate) traceback: Option<String>,
    pub(crate) stopped: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct UsageWire {
    pub(crate) fuel: u64,
    pub(crate) wall_us: u64,
    pub(crate) memory_bytes: u64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct LogWire {
    pub(crate) ts: String,
    pub(crate) level: String,
    pub(crate) source: String,
    pub(crate) message: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ConnectionWire {
    pub(crate) host: Option<String>,
    pub(crate) address: Option<String>,
    pub(crate) port: u16,
    pub(crate) transport: String,
    pub(crate) tls: bool,
    pub(crate) sent_bytes: u64,
    pub(crate) received_bytes: u64,
    pub(crate) wall_us: u64,
    pub(crate) error: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct HooksWire {
    pub(crate) hooks: Vec<HookWire>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct HookWire {
    pub(crate) id: String,
    pub(crate) description: String,
    pub(crate) signature: String,
    pub(crate) answer: String,
    pub(crate) created_at: String,
    pub(crate) created_by: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct MadeWire {
    pub(crate) url: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct OrganisationsWire {
    pub(crate) data: Vec<OrganisationWire>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct OrganisationWire {
    pub(crate) identifier: String,
}

/// Some runs, each as it is told.
#[derive(Debug, Deserialize)]
pub(super) struct PageWire {
    pub(super) runs: Vec<Box<RawValue>>,
    pub(super) next: Option<String>,
}

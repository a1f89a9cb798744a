//! An action, its versions and its activity as they are stored.

use serde::{Deserialize, Serialize};

use super::{
    policy::PolicyRecord,
    time::{micros, optional, time},
};
use crate::model::{
    action::{Action, Activity, Kind, Version},
    guest::GuestKind,
    run::Status,
};

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct ActionRecord {
    id: String,
    org: String,
    name: String,
    description: Option<String>,
    kind: String,
    cron: Option<String>,
    zone: String,
    env: Vec<(String, String)>,
    service_account: String,
    created_by: String,
    created_at: i64,
    modified_at: i64,
    version: u32,
    version_last: u32,
    zip_file_name: String,
    paused: bool,
    policy: PolicyRecord,
    #[serde(default)]
    secrets: Vec<String>,
    #[serde(default = "base")]
    guest: String,
}

/// Older records are of a time when there was no other.
fn base() -> String {
    GuestKind::Base.as_str().to_owned()
}

impl From<&Action> for ActionRecord {
    fn from(action: &Action) -> Self {
        Self {
            id: action.id.to_string(),
            org: action.org.to_string(),
            name: action.name.to_string(),
            description: action.description.clone(),
            kind: action.kind.as_str().to_owned(),
            cron: action.cron.clone(),
            zone: action.zone.clone(),
            env: action.env.clone(),
            service_account: action.service_account.clone(),
            created_by: action.created_by.clone(),
            created_at: micros(action.created_at),
            modified_at: micros(action.modified_at),
            version: action.version,
            version_last: action.version_last,
            zip_file_name: action.zip_file_name.clone(),
            paused: action.paused,
            policy: PolicyRecord::from(&action.policy),
            secrets: action.secrets.clone(),
            guest: action.guest.as_str().to_owned(),
        }
    }
}

impl TryFrom<ActionRecord> for Action {
    type Error = String;

    fn try_from(record: ActionRecord) -> Result<Self, String> {
        Ok(Self {
            id: record.id.parse().map_err(|_| record.id)?,
            org: record.org.parse().map_err(|_| record.org)?,
            name: record.name.parse().map_err(|_| record.name)?,
            description: record.description,
            kind: Kind::parse(&record.kind).ok_or(record.kind)?,
            cron: record.cron,
            zone: record.zone,
            env: record.env,
            service_account: record.service_account,
            created_by: record.created_by,
            created_at: time(record.created_at)?,
            modified_at: time(record.modified_at)?,
            version: record.version,
            version_last: record.version_last,
            zip_file_name: record.zip_file_name,
            paused: record.paused,
            policy: record.policy.try_into()?,
            secrets: record.secrets,
            guest: GuestKind::parse(&record.guest).ok_or(record.guest)?,
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct VersionRecord {
    number: u32,
    bundle: [u8; 32],
    #[serde(default)]
    packages: Option<[u8; 32]>,
    #[serde(default = "base")]
    guest: String,
    bytes: u64,
    zip_file_name: String,
    created_by: String,
    created_at: i64,
}

impl From<&Version> for VersionRecord {
    fn from(version: &Version) -> Self {
        Self {
            number: version.number,
            bundle: version.bundle,
            packages: version.packages,
            guest: version.guest.as_str().to_owned(),
            bytes: version.bytes,
            zip_file_name: version.zip_file_name.clone(),
            created_by: version.created_by.clone(),
            created_at: micros(version.created_at),
        }
    }
}

impl TryFrom<VersionRecord> for Version {
    type Error = String;

    fn try_from(record: VersionRecord) -> Result<Self, String> {
        Ok(Self {
            number: record.number,
            bundle: record.bundle,
            packages: record.packages,
            guest: GuestKind::parse(&record.guest).ok_or(record.guest)?,
            bytes: record.bytes,
            zip_file_name: record.zip_file_name,
            created_by: record.created_by,
            created_at: time(record.created_at)?,
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct ActivityRecord {
    last_run_at: Option<i64>,
    last_successful_at: Option<i64>,
    last_status: Option<String>,
    runs: u64,
    bytes: u64,
    skipped: u64,
    missed: u64,
    lateness_ms: Option<u64>,
    decided_until: Option<i64>,
}

impl From<&Activity> for ActivityRecord {
    fn from(activity: &Activity) -> Self {
        Self {
            last_run_at: activity.last_run_at.map(micros),
            last_successful_at: activity.last_successful_at.map(micros),
            last_status: activity.last_status.map(|status| status.as_str().to_owned()),
            runs: activity.runs,
            bytes: activity.bytes,
            skipped: activity.skipped,
            missed: activity.missed,
            lateness_ms: activity.lateness_ms,
            decided_until: activity.decided_until.map(micros),
        }
    }
}

impl TryFrom<ActivityRecord> for Activity {
    type Error = String;

    fn try_from(record: ActivityRecord) -> Result<Self, String> {
        let status = record.last_status.map(|status| Status::parse(&status).ok_or(status));
        Ok(Self {
            last_run_at: optional(record.last_run_at)?,
            last_successful_at: optional(record.last_successful_at)?,
            last_status: status.transpose()?,
            runs: record.runs,
            bytes: record.bytes,
            skipped: record.skipped,
            missed: record.missed,
            lateness_ms: record.lateness_ms,
            decided_until: optional(record.decided_until)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::policy::Policy;

    #[test]
    fn records_of_before_there_was_a_second_guest_are_of_the_first() {
        let version =
            r#"{"number":1,"bundle":[BUNDLE],"bytes":1,"zip_file_name":"","created_by":"","created_at":0}"#;
        let version = version.replace("BUNDLE", &["3"; 32].join(","));
        let record: VersionRecord = serde_json::from_str(&version).unwrap();
        assert_eq!(Version::try_from(record).unwrap().guest, GuestKind::Base);
        let policy = r#"{"fuel":1,"wall_ms":1,"memory_bytes":268435456,"parallel":1,"queue":1,"rate":null,"overlap":"skip",
            "missed":"once","attempts":1,"retry_delay_ms":1,"retry_delay_ms_max":1,"kept_runs":1,"kept_s":1,"kept_bytes":1,
            "coalesce_ms":null,"stateful":false}"#;
        let record: PolicyRecord = serde_json::from_str(policy).unwrap();
        assert_eq!(Policy::try_from(record).unwrap().memory_bytes, Some(256 << 20));
    }
}

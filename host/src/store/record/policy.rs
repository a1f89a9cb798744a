//! A policy as it is stored.

use std::time::Duration;

use actiond_runtime::{Rule, RuleError};
use serde::{Deserialize, Serialize};

use crate::model::policy::{Missed, Overlap, Policy, Rate, Retention, Retry};

#[derive(Serialize, Deserialize)]
pub(super) struct PolicyRecord {
    fuel: u64,
    wall_ms: u64,
    /// None: what the guest has by default. Older records say a number always.
    #[serde(default)]
    memory_bytes: Option<u64>,
    parallel: u32,
    queue: u32,
    rate: Option<(u32, u64)>,
    overlap: String,
    missed: MissedRecord,
    attempts: u32,
    retry_delay_ms: u64,
    retry_delay_ms_max: u64,
    kept_runs: u64,
    kept_s: u64,
    kept_bytes: u64,
    coalesce_ms: Option<u64>,
    stateful: bool,
    #[serde(default)]
    egress: Option<Vec<String>>,
    #[serde(default)]
    unverified_tls: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum MissedRecord {
    Skip,
    Once,
    All(u32),
}

impl From<&Policy> for PolicyRecord {
    fn from(policy: &Policy) -> Self {
        Self {
            fuel: policy.fuel,
            wall_ms: ms(policy.wall),
            memory_bytes: policy.memory_bytes.map(|bytes| bytes as u64),
            parallel: policy.parallel,
            queue: policy.queue,
            rate: policy.rate.map(|rate| (rate.runs, ms(rate.per))),
            overlap: policy.overlap.as_str().to_owned(),
            missed: match policy.missed {
                Missed::Skip => MissedRecord::Skip,
                Missed::Once => MissedRecord::Once,
                Missed::All { runs_max } => MissedRecord::All(runs_max),
            },
            attempts: policy.retry.attempts,
            retry_delay_ms: ms(policy.retry.delay),
            retry_delay_ms_max: ms(policy.retry.delay_max),
            kept_runs: policy.retention.runs,
            kept_s: policy.retention.age.as_secs(),
            kept_bytes: policy.retention.bytes,
            coalesce_ms: policy.coalesce.map(ms),
            stateful: policy.stateful,
            egress: policy.egress.as_ref().map(|rules| rules.iter().map(ToString::to_string).collect()),
            unverified_tls: policy.unverified_tls,
        }
    }
}

impl TryFrom<PolicyRecord> for Policy {
    type Error = String;

    fn try_from(record: PolicyRecord) -> Result<Self, String> {
        let ms = Duration::from_millis;
        Ok(Self {
            fuel: record.fuel,
            wall: ms(record.wall_ms),
            memory_bytes: record
                .memory_bytes
                .map(usize::try_from)
                .transpose()
                .map_err(|error| error.to_string())?,
            parallel: record.parallel,
            queue: record.queue,
            rate: record.rate.map(|(runs, per)| Rate { runs, per: ms(per) }),
            overlap: Overlap::parse(&record.overlap).ok_or(record.overlap)?,
            missed: match record.missed {
                MissedRecord::Skip => Missed::Skip,
                MissedRecord::Once => Missed::Once,
                MissedRecord::All(runs_max) => Missed::All { runs_max },
            },
            retry: Retry {
                attempts: record.attempts,
                delay: ms(record.retry_delay_ms),
                delay_max: ms(record.retry_delay_ms_max),
            },
            retention: Retention {
                runs: record.kept_runs,
                age: Duration::from_secs(record.kept_s),
                bytes: record.kept_bytes,
            },
            coalesce: record.coalesce_ms.map(ms),
            stateful: record.stateful,
            egress: record.egress.as_deref().map(rules).transpose()?,
            unverified_tls: record.unverified_tls,
        })
    }
}

/// Rules as they are written.
pub(super) fn rules(texts: &[String]) -> Result<Vec<Rule>, String> {
    texts.iter().map(|text| text.parse().map_err(|error: RuleError| error.to_string())).collect()
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

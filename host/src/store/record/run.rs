//! A run and its log lines as they are stored.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::time::{micros, optional, time};
use crate::model::run::{Failure, LogLine, Run, Status, Trigger, Usage};

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct RunRecord {
    id: String,
    org: String,
    action: String,
    version: u32,
    trigger: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due: Option<i64>,
    status: String,
    queued_at: i64,
    not_before: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    started_at: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended_at: Option<i64>,
    attempt: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parent: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<FailureRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    usage: Option<UsageRecord>,
    traceparent: String,
    input_bytes: u64,
    result_bytes: u64,
    log_bytes: u64,
    #[serde(default)]
    coalesced: u32,
    #[serde(default)]
    dead: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum FailureRecord {
    Raised { kind: String, message: String, traceback: String },
    Stopped { limit: String, message: String },
    Cancelled,
    Interrupted,
    Internal { message: String },
}

#[derive(Serialize, Deserialize)]
struct UsageRecord {
    fuel: u64,
    wall_us: u64,
    memory_bytes: u64,
    output_bytes: u64,
    prepared: bool,
}

impl From<&Run> for RunRecord {
    fn from(run: &Run) -> Self {
        Self {
            id: run.id.to_string(),
            org: run.org.to_string(),
            action: run.action.to_string(),
            version: run.version,
            trigger: run.trigger.as_str().to_owned(),
            due: run.due.map(micros),
            status: run.status.as_str().to_owned(),
            queued_at: micros(run.queued_at),
            not_before: micros(run.not_before),
            started_at: run.started_at.map(micros),
            ended_at: run.ended_at.map(micros),
            attempt: run.attempt,
            parent: run.parent.map(|parent| parent.to_string()),
            error: run.error.as_ref().map(FailureRecord::from),
            usage: run.usage.as_ref().map(UsageRecord::from),
            traceparent: run.traceparent.clone(),
            input_bytes: run.input_bytes,
            result_bytes: run.result_bytes,
            log_bytes: run.log_bytes,
            coalesced: run.coalesced,
            dead: run.dead,
        }
    }
}

impl TryFrom<RunRecord> for Run {
    type Error = String;

    fn try_from(record: RunRecord) -> Result<Self, String> {
        let parent = record.parent.map(|parent| parent.parse().map_err(|_| parent));
        Ok(Self {
            id: record.id.parse().map_err(|_| record.id)?,
            org: record.org.parse().map_err(|_| record.org)?,
            action: record.action.parse().map_err(|_| record.action)?,
            version: record.version,
            trigger: Trigger::parse(&record.trigger).ok_or(record.trigger)?,
            due: optional(record.due)?,
            status: Status::parse(&record.status).ok_or(record.status)?,
            queued_at: time(record.queued_at)?,
            not_before: time(record.not_before)?,
            started_at: optional(record.started_at)?,
            ended_at: optional(record.ended_at)?,
            attempt: record.attempt,
            parent: parent.transpose()?,
            error: record.error.map(Failure::from),
            usage: record.usage.map(Usage::from),
            traceparent: record.traceparent,
            input_bytes: record.input_bytes,
            result_bytes: record.result_bytes,
            log_bytes: record.log_bytes,
            coalesced: record.coalesced,
            dead: record.dead,
        })
    }
}

impl From<&Failure> for FailureRecord {
    fn from(failure: &Failure) -> Self {
        match failure.clone() {
            Failure::Raised { kind, message, traceback } => Self::Raised { kind, message, traceback },
            Failure::Stopped { limit, message } => Self::Stopped { limit, message },
            Failure::Cancelled => Self::Cancelled,
            Failure::Interrupted => Self::Interrupted,
            Failure::Internal { message } => Self::Internal { message },
        }
    }
}

impl From<FailureRecord> for Failure {
    fn from(record: FailureRecord) -> Self {
        match record {
            FailureRecord::Raised { kind, message, traceback } => Self::Raised { kind, message, traceback },
            FailureRecord::Stopped { limit, message } => Self::Stopped { limit, message },
            FailureRecord::Cancelled => Self::Cancelled,
            FailureRecord::Interrupted => Self::Interrupted,
            FailureRecord::Internal { message } => Self::Internal { message },
        }
    }
}

impl From<&Usage> for UsageRecord {
    fn from(usage: &Usage) -> Self {
        Self {
            fuel: usage.fuel,
            wall_us: u64::try_from(usage.wall.as_micros()).unwrap_or(u64::MAX),
            memory_bytes: usage.memory_bytes,
            output_bytes: usage.output_bytes,
            prepared: usage.prepared,
        }
    }
}

impl From<UsageRecord> for Usage {
    fn from(record: UsageRecord) -> Self {
        Self {
            fuel: record.fuel,
            wall: Duration::from_micros(record.wall_us),
            memory_bytes: record.memory_bytes,
            output_bytes: record.output_bytes,
            prepared: record.prepared,
        }
    }
}

/// Logs are long: short names.
#[derive(Serialize, Deserialize)]
pub(in crate::store) struct LogLineRecord {
    t: i64,
    l: String,
    s: String,
    m: String,
    a: u32,
}

impl From<&LogLine> for LogLineRecord {
    fn from(line: &LogLine) -> Self {
        let LogLine { at, level, source, message, attempt } = line.clone();
        Self { t: micros(at), l: level, s: source, m: message, a: attempt }
    }
}

impl TryFrom<LogLineRecord> for LogLine {
    type Error = String;

    fn try_from(record: LogLineRecord) -> Result<Self, String> {
        let LogLineRecord { t, l, s, m, a } = record;
        Ok(Self { at: time(t)?, level: l, source: s, message: m, attempt: a })
    }
}

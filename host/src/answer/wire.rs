//! The wire forms that several routes share: times, runs, log lines.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::model::run::{Failure, LogLine, Run, Usage};

/// RFC 3339 in UTC, to the microsecond.
pub(crate) fn rfc3339(time: Timestamp) -> String {
    format!("{time:.6}")
}

/// A run.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RunWire {
    run_id: String,
    action_id: String,
    version: u32,
    /// invoke, hook, schedule, once, test, replay, search
    trigger: &'static str,
    /// queued, running, completed, errored, cancelled, interrupted
    status: &'static str,
    queued_at: String,
    started_at: Option<String>,
    ended_at: Option<String>,
    /// The due time that a timed run is for.
    due_at: Option<String>,
    attempt: u32,
    /// When a queued run that is tried again may begin.
    not_before: Option<String>,
    parent: Option<String>,
    #[schema(value_type = Value)]
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Box<RawValue>>,
    error: Option<FailureWire>,
    usage: Option<UsageWire>,
    traceparent: String,
    coalesced: u32,
    dead_letter: bool,
}

/// Why a run failed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct FailureWire {
    /// The exception's class, or stopped, cancelled, interrupted, internal.
    r#type: String,
    message: String,
    traceback: Option<String>,
    /// The limit that stopped it: fuel, time, memory, stack, fault.
    stopped: Option<String>,
}

/// What a run cost.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(crate) struct UsageWire {
    fuel: u64,
    wall_us: u64,
    memory_bytes: u64,
    output_bytes: u64,
    prepared: bool,
}

/// A line of a run's log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LogLineWire {
    ts: String,
    level: String,
    source: String,
    message: String,
    attempt: u32,
}

impl RunWire {
    pub(crate) fn new(run: &Run, result: Option<String>) -> Self {
        let waits = run.not_before > run.queued_at && !run.status.is_final();
        Self {
            run_id: run.id.to_string(),
            action_id: run.action.to_string(),
            version: run.version,
            trigger: run.trigger.as_str(),
            status: run.status.as_str(),
            queued_at: rfc3339(run.queued_at),
            started_at: run.started_at.map(rfc3339),
            ended_at: run.ended_at.map(rfc3339),
            due_at: run.due.map(rfc3339),
            attempt: run.attempt,
            not_before: waits.then(|| rfc3339(run.not_before)),
            parent: run.parent.map(|parent| parent.to_string()),
            result: result.and_then(|result| RawValue::from_string(result).ok()),
            error: run.error.as_ref().map(FailureWire::from),
            usage: run.usage.map(UsageWire::from),
            traceparent: run.traceparent.clone(),
            coalesced: run.coalesced,
            dead_letter: run.dead,
        }
    }
}

impl From<&Failure> for FailureWire {
    fn from(failure: &Failure) -> Self {
        let plain = |word: &str, message: &str| Self {
            r#type: word.to_owned(),
            message: message.to_owned(),
            traceback: None,
            stopped: None,
        };
        match failure {
            Failure::Raised { kind, message, traceback } => {
                Self { traceback: Some(traceback.clone()), ..plain(kind, message) }
            }
            Failure::Stopped { limit, message } => {
                Self { stopped: Some(limit.clone()), ..plain("stopped", message) }
            }
            Failure::Cancelled => plain("cancelled", "it was cancelled"),
            Failure::Interrupted => plain("interrupted", "the server ended while it ran"),
            Failure::Internal { message } => plain("internal", message),
        }
    }
}

impl FailureWire {
    /// One line that says it all.
    pub(crate) fn line(&self) -> String {
        match &self.traceback {
            Some(traceback) if !traceback.trim().is_empty() => traceback.trim_end().to_owned(),
            Some(_) | None => format!("{}: {}", self.r#type, self.message),
        }
    }
}

impl From<Usage> for UsageWire {
    fn from(usage: Usage) -> Self {
        Self {
            fuel: usage.fuel,
            wall_us: u64::try_from(usage.wall.as_micros()).unwrap_or(u64::MAX),
            memory_bytes: usage.memory_bytes,
            output_bytes: usage.output_bytes,
            prepared: usage.prepared,
        }
    }
}

impl From<LogLine> for LogLineWire {
    fn from(line: LogLine) -> Self {
        let LogLine { at, level, source, message, attempt } = line;
        Self { ts: rfc3339(at), level, source, message, attempt }
    }
}

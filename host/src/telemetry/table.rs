//! Every metric: its name, kind, unit, labels and what it says. No label holds an action or a run: each has few values.

use Unit::{Bytes, Seconds};

/// One metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Metric {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) unit: Unit,
    pub(crate) labels: &'static [&'static str],
    /// What it says.
    pub(crate) help: &'static str,
}

/// How a metric moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It only grows.
    Counter,
    /// It is what it is now.
    Gauge,
    /// How many were how large.
    Histogram,
}

/// What a metric counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Things.
    Count,
    Seconds,
    Bytes,
}

/// The counters without labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Count {
    ScheduleMissed,
    ScheduleSkipped,
    Coalesced,
}

/// The gauges without labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gauge {
    RunsLive,
    RunsQueued,
    StoreBytes,
    DeadLetters,
    ProcessMemory,
    ProcessFiles,
    ProcessThreads,
}

pub(super) const RUNS: Metric = counter(
    "actiond_runs_total",
    &["end", "trigger"],
    "Runs that ended, by how they ended and what started them.",
);
pub(super) const RUN_QUEUE: Metric =
    histogram("actiond_run_queue_seconds", "How long runs waited before they began.");
pub(super) const RUN: Metric =
    histogram("actiond_run_seconds", "Wall time of runs, from their beginning to their end.");
pub(super) const RUN_FUEL: Metric = counter(
    "actiond_run_fuel_total",
    &["org"],
    "Fuel that runs used, by organisation; those past the first 1000 are `other`.",
);
pub(super) const CONNECTIONS: Metric = counter(
    "actiond_connections_total",
    &["org", "outcome"],
    "What runs reached on the network: made, failed, or refused by rules and limits.",
);
pub(super) const SENT: Metric =
    counter("actiond_sent_bytes_total", &["org"], "Bytes that runs sent, by organisation.");
pub(super) const RECEIVED: Metric =
    counter("actiond_received_bytes_total", &["org"], "Bytes that runs received, by organisation.");
pub(super) const RUNS_REFUSED: Metric =
    counter("actiond_runs_refused_total", &["reason"], "Runs that were refused before they began.");
pub(super) const GUEST_OPEN: Metric = of_guest(
    "actiond_guest_open",
    Unit::Count,
    "1 for a guest that is open; the data guest is from its first use on.",
);
pub(super) const IMAGES_HOT: Metric =
    of_guest("actiond_images_hot", Unit::Count, "Images of imported actions in memory.");
pub(super) const IMAGES_HOT_BYTES: Metric = of_guest("actiond_images_hot_bytes", Bytes, "What these take.");
pub(super) const IMAGES_READ: Metric = counter(
    "actiond_images_read_total",
    &["guest"],
    "Images of imported actions that came back from disk, because they were not in memory.",
);
pub(super) const SLOTS_ALIVE: Metric =
    of_guest("actiond_slots_alive", Unit::Count, "Mapped memories of the guest, in use or not.");
pub(super) const SLOTS_IDLE: Metric =
    of_guest("actiond_slots_idle", Unit::Count, "Those of them that wait for a run.");
pub(super) const LATENESS: Metric =
    histogram("actiond_schedule_lateness_seconds", "How long after their time scheduled runs were started.");
pub(super) const STORE_FLUSH: Metric =
    histogram("actiond_store_flush_seconds", "How long flushing the store to disk took.");
pub(super) const HTTP_REQUESTS: Metric = counter(
    "actiond_http_requests_total",
    &["route", "status"],
    "Answered HTTP requests, by the route's pattern and the status.",
);
pub(super) const HTTP: Metric =
    histogram("actiond_http_seconds", "How long HTTP requests took to be answered.");

/// All of them.
pub(crate) const METRICS: &[Metric] = &[
    RUNS,
    RUN_QUEUE,
    RUN,
    RUN_FUEL,
    CONNECTIONS,
    SENT,
    RECEIVED,
    RUNS_REFUSED,
    Gauge::RunsLive.metric(),
    Gauge::RunsQueued.metric(),
    LATENESS,
    Count::ScheduleMissed.metric(),
    Count::ScheduleSkipped.metric(),
    Count::Coalesced.metric(),
    Gauge::DeadLetters.metric(),
    GUEST_OPEN,
    IMAGES_HOT,
    IMAGES_HOT_BYTES,
    IMAGES_READ,
    SLOTS_ALIVE,
    SLOTS_IDLE,
    Gauge::StoreBytes.metric(),
    STORE_FLUSH,
    HTTP_REQUESTS,
    HTTP,
    Gauge::ProcessMemory.metric(),
    Gauge::ProcessFiles.metric(),
    Gauge::ProcessThreads.metric(),
];

impl Count {
    pub(super) const ALL: [Self; 3] = [Self::ScheduleMissed, Self::ScheduleSkipped, Self::Coalesced];

    pub(super) const fn metric(self) -> Metric {
        match self {
            Self::ScheduleMissed => counter(
                "actiond_schedule_missed_total",
                &[],
                "Times of schedules that passed while the server could not start a run.",
            ),
            Self::ScheduleSkipped => counter(
                "actiond_schedule_skipped_total",
                &[],
                "Times of schedules that were left out because the run before was still live.",
            ),
            Self::Coalesced => counter(
                "actiond_coalesced_total",
                &[],
                "Triggers that were answered by a run that waited already.",
            ),
        }
    }
}

impl Gauge {
    pub(super) const fn metric(self) -> Metric {
        match self {
            Self::RunsLive => gauge("actiond_runs_live", Unit::Count, "Live runs."),
            Self::RunsQueued => gauge("actiond_runs_queued", Unit::Count, "Runs that wait."),
            Self::StoreBytes => gauge("actiond_store_bytes", Bytes, "The store on disk."),
            Self::DeadLetters => gauge(
                "actiond_dead_letters",
                Unit::Count,
                "Runs that failed for good and wait for somebody to look.",
            ),
            Self::ProcessMemory => {
                gauge("process_resident_memory_bytes", Bytes, "Memory of the process that is in RAM.")
            }
            Self::ProcessFiles => {
                gauge("process_open_fds", Unit::Count, "Open file descriptors of the process.")
            }
            Self::ProcessThreads => gauge("process_threads", Unit::Count, "Threads of the process."),
        }
    }
}

const fn counter(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Counter, unit: Unit::Count, labels, help }
}

const fn gauge(name: &'static str, unit: Unit, help: &'static str) -> Metric {
    Metric { name, kind: Kind::Gauge, unit, labels: &[], help }
}

/// A gauge that each guest has.
const fn of_guest(name: &'static str, unit: Unit, help: &'static str) -> Metric {
    Metric { name, kind: Kind::Gauge, unit, labels: &["guest"], help }
}

const fn histogram(name: &'static str, help: &'static str) -> Metric {
    Metric { name, kind: Kind::Histogram, unit: Seconds, labels: &[], help }
}

#[cfg(test)]
mod tests {
    use std::{fmt::Write as _, fs, path::Path};

    use super::*;

    #[test]
    fn names_say_their_kind_and_unit() {
        for (index, metric) in METRICS.iter().enumerate() {
            let name = metric.name;
            assert!(METRICS[..index].iter().all(|other| other.name != name), "{name} is there twice");
            assert!(name.starts_with("actiond_") || name.starts_with("process_"), "{name}");
            assert_eq!(name.ends_with("_total"), metric.kind == Kind::Counter, "{name}");
            assert_eq!(name.ends_with("_seconds"), metric.unit == Seconds, "{name}");
            assert_eq!(name.ends_with("_bytes"), metric.unit == Bytes, "{name}");
            assert!(metric.help.ends_with('.') && !metric.help.contains('|'), "{name}");
        }
    }

    #[test]
    fn the_document_says_what_the_table_says() {
        let mut rows = String::from("| metric | kind | labels | what it says |\n|---|---|---|---|\n");
        for Metric { name, kind, labels, help, .. } in METRICS {
            let kind = format!("{kind:?}").to_lowercase();
            writeln!(rows, "| `{name}` | {kind} | {} | {help} |", labels.join(", ")).unwrap();
        }
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/metrics.md");
        let document = fs::read_to_string(path).unwrap();
        assert!(document.contains(&rows), "docs/metrics.md has to hold these rows:\n{rows}");
    }
}

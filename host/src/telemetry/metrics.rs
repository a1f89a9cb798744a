//! The server's metrics, as Prometheus reads them. They are a value that is handed on, not a global: each test has its own.

use std::{
    collections::HashSet,
    fmt,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use actiond_runtime::Stats;
use metrics::{Counter, Histogram, Key, Label, Metadata, Recorder as _};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use crate::model::{guest::GuestKind, run::Connection};

use super::{
    process,
    table::{self, Count, Gauge, Kind, METRICS, Metric, Unit},
};

/// Upper bounds of what histograms tell apart, in seconds: from a hot run of nothing to the longest run.
const BUCKETS_S: &[f64] = &[
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0,
    10.0, 30.0, 60.0, 300.0, 3_600.0,
];
/// Organisations that are told apart; the runs of all others count as those of one.
const ORGS_MAX: usize = 1_000;
const OTHER_ORG: &str = "other";
const METADATA: Metadata<'static> = Metadata::new("actiond", metrics::Level::INFO, None);

/// All metrics of a server.
pub(crate) struct Metrics {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    orgs: Mutex<HashSet<String>>,
}

/// A run that ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ran<'a> {
    /// How: `returned`, `raised`, `stopped`, `cancelled` and their like.
    pub(crate) end: &'static str,
    /// Why it ran: `manual`, `schedule` and their like.
    pub(crate) trigger: &'static str,
    pub(crate) org: &'a str,
    /// How long it waited.
    pub(crate) queue: Duration,
    /// How long it ran.
    pub(crate) wall: Duration,
    pub(crate) fuel: u64,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let builder = PrometheusBuilder::new().set_buckets(BUCKETS_S);
        let recorder = builder.expect("the list of buckets is not empty").build_recorder();
        for metric in METRICS {
            let unit = match metric.unit {
                Unit::Count => metrics::Unit::Count,
                Unit::Seconds => metrics::Unit::Seconds,
                Unit::Bytes => metrics::Unit::Bytes,
            };
            let (name, help) = (metric.name.into(), metric.help.into());
            match metric.kind {
                Kind::Counter => recorder.describe_counter(name, Some(unit), help),
                Kind::Gauge => recorder.describe_gauge(name, Some(unit), help),
                Kind::Histogram => recorder.describe_histogram(name, Some(unit), help),
            }
        }
        let metrics = Self { handle: recorder.handle(), recorder, orgs: Mutex::default() };
        // So that they are there, with 0, before anything happens.
        for count in Count::ALL {
            metrics.count(count, 0);
        }
        for guest in GuestKind::ALL {
            metrics.guest(guest, None);
        }
        metrics
    }

    /// A run ended.
    pub(crate) fn run_ended(&self, ran: Ran<'_>) {
        let Ran { end, trigger, org, queue, wall, fuel } = ran;
        self.counter(&table::RUNS, vec![Label::new("end", end), Label::new("trigger", trigger)]).increment(1);
        self.histogram(&table::RUN_QUEUE).record(queue);
        self.histogram(&table::RUN).record(wall);
        self.counter(&table::RUN_FUEL, vec![Label::new("org", self.org(org))]).increment(fuel);
    }

    /// What a run reached on the network.
    pub(crate) fn run_connected(&self, org: &str, connections: &[Connection]) {
        if connections.is_empty() {
            return;
        }
        let org = self.org(org);
        for connection in connections {
            let outcome = match (&connection.error, connection.refused) {
                (None, _) => "made",
                (Some(_), true) => "refused",
                (Some(_), false) => "failed",
            };
            let labels = vec![Label::new("org", org.clone()), Label::new("outcome", outcome)];
            self.counter(&table::CONNECTIONS, labels).increment(1);
        }
        let sum = |bytes: fn(&Connection) -> u64| connections.iter().map(bytes).sum();
        let org = || vec![Label::new("org", org.clone())];
        self.counter(&table::SENT, org()).increment(sum(|one| one.sent_bytes));
        self.counter(&table::RECEIVED, org()).increment(sum(|one| one.received_bytes));
    }

    /// A run was refused before it began.
    pub(crate) fn run_refused(&self, reason: &'static str) {
        self.counter(&table::RUNS_REFUSED, vec![Label::new("reason", reason)]).increment(1);
    }

    /// A scheduled run began, so long after its time.
    pub(crate) fn schedule_started(&self, late: Duration) {
        self.histogram(&table::LATENESS).record(late);
    }

    /// The store was flushed.
    pub(crate) fn store_flushed(&self, took: Duration) {
        self.histogram(&table::STORE_FLUSH).record(took);
    }

    /// A request was answered. `route` is the pattern, as `/api/{org}/actions`; never a path.
    pub(crate) fn http_answered(&self, route: &str, status: u16, took: Duration) {
        let labels = vec![Label::new("route", route.to_owned()), Label::new("status", status.to_string())];
        self.counter(&table::HTTP_REQUESTS, labels).increment(1);
        self.histogram(&table::HTTP).record(took);
    }

    /// So many more.
    pub(crate) fn count(&self, count: Count, more: u64) {
        self.counter(&count.metric(), Vec::new()).increment(more);
    }

    /// It is so much now.
    pub(crate) fn set(&self, gauge: Gauge, now: u64) {
        self.recorder.register_gauge(&Key::from_name(gauge.metric().name), &METADATA).set(now as f64);
    }

    /// What a guest's engine holds now, in memory and since it is open; `None` when it is not open.
    pub(crate) fn guest(&self, guest: GuestKind, held: Option<&Stats>) {
        let label = || vec![Label::new("guest", guest.as_str())];
        let set = |metric: &Metric, now: u64| {
            let key = Key::from_parts(metric.name, label());
            self.recorder.register_gauge(&key, &METADATA).set(now as f64);
        };
        set(&table::GUEST_OPEN, held.is_some().into());
        let number = |of: fn(&Stats) -> u64| held.map_or(0, of);
        set(&table::IMAGES_HOT, number(|held| held.images_hot as u64));
        set(&table::IMAGES_HOT_BYTES, number(|held| held.images_hot_bytes));
        set(&table::SLOTS_ALIVE, number(|held| held.slots_alive as u64));
        set(&table::SLOTS_IDLE, number(|held| held.slots_idle as u64));
        self.counter(&table::IMAGES_READ, label()).absolute(number(|held| held.images_read));
    }

    /// Folds what was recorded into its buckets. To be called every few seconds: where nobody asks for the metrics, it
    /// is all that keeps them small.
    pub(crate) fn fold(&self) {
        self.handle.run_upkeep();
    }

    /// All metrics, in the text format of Prometheus.
    pub(crate) fn render(&self) -> String {
        if let Some(process) = process::read() {
            self.set(Gauge::ProcessMemory, process.memory_bytes);
            self.set(Gauge::ProcessFiles, process.files);
            self.set(Gauge::ProcessThreads, process.threads);
        }
        self.handle.render()
    }

    fn counter(&self, metric: &Metric, labels: Vec<Label>) -> Counter {
        self.recorder.register_counter(&Key::from_parts(metric.name, labels), &METADATA)
    }

    fn histogram(&self, metric: &Metric) -> Histogram {
        self.recorder.register_histogram(&Key::from_name(metric.name), &METADATA)
    }

    fn org(&self, org: &str) -> String {
        let mut orgs = self.orgs.lock().unwrap_or_else(PoisonError::into_inner);
        if !orgs.contains(org) {
            if orgs.len() >= ORGS_MAX {
                return OTHER_ORG.to_owned();
            }
            orgs.insert(org.to_owned());
        }
        org.to_owned()
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Metrics").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RAN: Ran<'_> = Ran {
        end: "returned",
        trigger: "manual",
        org: "default",
        queue: Duration::from_micros(90),
        wall: Duration::from_millis(3),
        fuel: 1_000,
    };

    #[track_caller]
    fn has(text: &str, line: &str) {
        assert!(text.lines().any(|shown| shown == line), "{line}: {text}");
    }

    #[test]
    fn what_was_recorded_is_rendered() {
        let metrics = Metrics::new();
        metrics.run_ended(RAN);
        metrics.run_ended(Ran { end: "raised", ..RAN });
        metrics.run_ended(RAN);
        metrics.run_refused("queue_full");
        metrics.schedule_started(Duration::from_millis(20));
        metrics.store_flushed(Duration::from_millis(2));
        metrics.http_answered("/api/{org}/actions", 200, Duration::from_millis(1));
        metrics.count(Count::Coalesced, 5);
        metrics.set(Gauge::RunsLive, 3);
        metrics.set(Gauge::RunsLive, 2);
        let held =
            Stats { images_hot: 3, images_hot_bytes: 4_096, images_read: 5, slots_alive: 7, slots_idle: 6 };
        metrics.guest(GuestKind::Base, Some(&held));
        metrics.guest(GuestKind::Base, Some(&Stats { images_read: 8, ..held }));
        metrics.fold();
        let text = metrics.render();
        for line in [
            "actiond_runs_total{end=\"returned\",trigger=\"manual\"} 2",
            "actiond_runs_total{end=\"raised\",trigger=\"manual\"} 1",
            "actiond_run_queue_seconds_bucket{le=\"0.0001\"} 3",
            "actiond_run_seconds_bucket{le=\"0.0025\"} 0",
            "actiond_run_seconds_bucket{le=\"0.005\"} 3",
            "actiond_run_seconds_count 3",
            "actiond_run_fuel_total{org=\"default\"} 3000",
            "actiond_runs_refused_total{reason=\"queue_full\"} 1",
            "actiond_schedule_lateness_seconds_count 1",
            "actiond_schedule_missed_total 0",
            "actiond_store_flush_seconds_sum 0.002",
            "actiond_http_requests_total{route=\"/api/{org}/actions\",status=\"200\"} 1",
            "actiond_coalesced_total 5",
            "actiond_runs_live 2",
            "actiond_guest_open{guest=\"base\"} 1",
            "actiond_guest_open{guest=\"data\"} 0",
            "actiond_images_hot{guest=\"base\"} 3",
            "actiond_images_hot_bytes{guest=\"base\"} 4096",
            "actiond_images_read_total{guest=\"base\"} 8",
            "actiond_images_read_total{guest=\"data\"} 0",
            "actiond_slots_alive{guest=\"base\"} 7",
            "actiond_slots_idle{guest=\"base\"} 6",
            "# TYPE actiond_run_seconds histogram",
            "# TYPE process_open_fds gauge",
            "# HELP actiond_runs_live Live runs.",
        ] {
            has(&text, line);
        }
    }

    #[test]
    fn every_metric_of_the_process_is_more_than_nothing() {
        let text = Metrics::new().render();
        for name in ["process_resident_memory_bytes ", "process_open_fds ", "process_threads "] {
            let value = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            assert!(value.parse::<f64>().unwrap() >= 1.0, "{name}{value}");
        }
    }

    #[test]
    fn organisations_past_the_limit_are_one() {
        let metrics = Metrics::new();
        for org in 0..ORGS_MAX + 2 {
            metrics.run_ended(Ran { org: &format!("org{org}"), ..RAN });
        }
        metrics.run_ended(Ran { org: "org0", ..RAN });
        let text = metrics.render();
        has(&text, "actiond_run_fuel_total{org=\"org0\"} 2000");
        has(&text, &format!("actiond_run_fuel_total{{org=\"org{}\"}} 1000", ORGS_MAX - 1));
        has(&text, "actiond_run_fuel_total{org=\"other\"} 2000");
        assert!(!text.contains(&format!("org{ORGS_MAX}")));
    }
}

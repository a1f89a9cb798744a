//! Repeating a run: how long each took, and the few numbers that say so.

use std::{fmt, time::Duration};

/// The durations of some runs.
#[derive(Debug, Default)]
pub(super) struct Durations(Vec<Duration>);

/// What is said about them.
#[derive(Debug, PartialEq)]
pub(super) struct Summary {
    runs: usize,
    min: Duration,
    p50: Duration,
    p99: Duration,
    max: Duration,
    runs_per_s: f64,
}

impl Durations {
    pub(super) fn push(&mut self, duration: Duration) {
        self.0.push(duration);
    }

    /// `None` without any run.
    pub(super) fn summary(mut self) -> Option<Summary> {
        self.0.sort_unstable();
        let (min, max) = (*self.0.first()?, *self.0.last()?);
        let runs = self.0.len();
        // The smallest duration that so many of a hundred runs did not exceed.
        let percentile = |percent: usize| self.0[(runs * percent).div_ceil(100) - 1];
        let total: Duration = self.0.iter().sum();
        let runs_per_s = runs as f64 / total.as_secs_f64().max(f64::MIN_POSITIVE);
        Some(Summary { runs, min, p50: percentile(50), p99: percentile(99), max, runs_per_s })
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |duration: Duration| duration.as_secs_f64() * 1e3;
        let Self { runs, min, p50, p99, max, runs_per_s } = self;
        let plural = if *runs == 1 { "run" } else { "runs" };
        write!(
            formatter,
            "{runs} {plural}: p50 {:.3} ms, p99 {:.3} ms, min {:.3} ms, max {:.3} ms, {runs_per_s:.0} runs/s",
            ms(*p50),
            ms(*p99),
            ms(*min),
            ms(*max),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(millis: impl IntoIterator<Item = u64>) -> Option<String> {
        let durations = Durations(millis.into_iter().map(Duration::from_millis).collect());
        durations.summary().map(|summary| summary.to_string())
    }

    #[test]
    fn percentiles_are_of_the_runs_themselves() {
        let rows = [
            (vec![], None),
            (vec![4], Some("1 run: p50 4.000 ms, p99 4.000 ms, min 4.000 ms, max 4.000 ms, 250 runs/s")),
            (vec![3, 1], Some("2 runs: p50 1.000 ms, p99 3.000 ms, min 1.000 ms, max 3.000 ms, 500 runs/s")),
            (
                (1..=200).rev().collect(),
                Some("200 runs: p50 100.000 ms, p99 198.000 ms, min 1.000 ms, max 200.000 ms, 10 runs/s"),
            ),
        ];
        for (millis, expected) in rows {
            assert_eq!(said(millis).as_deref(), expected);
        }
    }
}

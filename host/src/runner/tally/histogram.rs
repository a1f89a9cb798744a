//! How often something took how long, in buckets that grow by the square root of two: a quantile is off by a fifth at most.

use std::time::Duration;

/// The last one holds what takes more than three days.
const BUCKETS: usize = 76;

/// Counts of durations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Histogram {
    /// As long as the highest bucket in use needs. Bucket n holds what takes from 2^(n/2) µs on, the first one also less.
    counts: Vec<u32>,
    /// The longest.
    most: Duration,
}

impl Histogram {
    pub(super) fn add(&mut self, took: Duration) {
        let bucket = bucket(took);
        if self.counts.len() <= bucket {
            self.lengthen(bucket + 1);
        }
        self.counts[bucket] = self.counts[bucket].saturating_add(1);
        self.most = self.most.max(took);
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.most = self.most.max(other.most);
        if self.counts.len() < other.counts.len() {
            self.lengthen(other.counts.len());
        }
        for (own, more) in self.counts.iter_mut().zip(&other.counts) {
            *own = own.saturating_add(*more);
        }
    }

    /// By no more than is needed: there are many of these, and each grows seldom.
    fn lengthen(&mut self, length: usize) {
        self.counts.reserve_exact(length - self.counts.len());
        self.counts.resize(length, 0);
    }

    pub(crate) fn count(&self) -> u64 {
        self.counts.iter().map(|count| u64::from(*count)).sum()
    }

    /// How long `percent` of a hundred took at most, about; `None` when there are none.
    pub(crate) fn quantile(&self, percent: u64) -> Option<Duration> {
        let all = self.count();
        let rank = (all * percent).div_ceil(100).max(1);
        let mut below = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            let count = u64::from(*count);
            if below + count >= rank {
                // As if those of a bucket lay evenly in it.
                let part = ((rank - below) as f64 - 0.5) / count as f64;
                let (from, to) = (edge(bucket), edge(bucket + 1));
                return Some(Duration::from_micros((from + (to - from) * part) as u64).min(self.most));
            }
            below += count;
        }
        None
    }
}

fn bucket(took: Duration) -> usize {
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
    let square = u128::from(micros) * u128::from(micros);
    (square.ilog2() as usize).min(BUCKETS - 1)
}

fn edge(bucket: usize) -> f64 {
    (bucket as f64 / 2.0).exp2()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_fall_into_their_buckets() {
        for (micros, expected) in
            [(0, 0), (1, 0), (2, 2), (3, 3), (4, 4), (5, 4), (6, 5), (1_000, 19), (1_024, 20), (u64::MAX, 75)]
        {
            let found = bucket(Duration::from_micros(micros));
            assert_eq!(found, expected, "{micros}");
            let above = (micros as f64) < edge(found + 1) || found == BUCKETS - 1;
            assert!(above && (micros as f64 >= edge(found) || micros == 0), "{micros}");
        }
    }

    #[test]
    fn quantiles_are_off_by_a_part_of_themselves() {
        for (tooks, percent) in [
            (vec![700], 50),
            (vec![1_500; 40], 99),
            ((1..=1_000).map(|n| n * 10).collect(), 50),
            ((1..=1_000).map(|n| n * 10).collect(), 99),
            ((1..=10).map(|n| n * n * 100).collect::<Vec<u64>>(), 50),
        ] {
            let mut histogram = Histogram::default();
            for took in &tooks {
                histogram.add(Duration::from_micros(*took));
            }
            let exact = tooks[(tooks.len() * percent).div_ceil(100) - 1] as f64;
            let found = histogram.quantile(percent as u64).expect("there are some").as_micros() as f64;
            assert!((found / exact).log2().abs() <= 0.5, "{percent} of {}: {found} for {exact}", tooks.len());
        }
        assert_eq!(Histogram::default().quantile(50), None);
        let mut one = Histogram::default();
        one.add(Duration::from_secs(25));
        assert_eq!(
            one.quantile(99),
            Some(Duration::from_secs(25)),
            "nothing took longer than what took longest"
        );
    }
}

//! How an action's runs are bounded, queued, retried and kept. Each has a default; each can be set per action.

use std::time::Duration;

use actiond_runtime::Rule;

/// What an action's owner may choose about its runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Policy {
    /// Fuel of one run.
    pub(crate) fuel: u64,
    /// Wall time of one run.
    pub(crate) wall: Duration,
    /// Linear memory of one run, in bytes; `None`: what its guest has by default.
    pub(crate) memory_bytes: Option<usize>,
    /// Runs at one time.
    pub(crate) parallel: u32,
    /// Runs that may wait.
    pub(crate) queue: u32,
    pub(crate) rate: Option<Rate>,
    pub(crate) overlap: Overlap,
    pub(crate) missed: Missed,
    pub(crate) retry: Retry,
    pub(crate) retention: Retention,
    /// Equal payloads that come by hook within this time are one run.
    pub(crate) coalesce: Option<Duration>,
    /// Whether module globals live on from run to run.
    pub(crate) stateful: bool,
    /// What a run may reach on the network, of what its organisation may; `None` for all of that.
    pub(crate) egress: Option<Vec<Rule>>,
    /// Whether its script may turn off that certificates are checked, where its organisation may.
    pub(crate) unverified_tls: bool,
}

/// At most so many runs are accepted in each stretch of that length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate {
    pub(crate) runs: u32,
    pub(crate) per: Duration,
}

/// What happens at a due time while an earlier timed run of the action still waits or runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Overlap {
    /// Nothing; it is counted.
    Skip,
    /// It waits its turn.
    Queue,
    /// Both run.
    Allow,
}

/// What happens with due times that passed while the server was away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missed {
    /// None is made up for; they are counted.
    Skip,
    /// The latest is made up for, the others are counted.
    Once,
    /// All are made up for, at most so many of the latest; the others are counted.
    All { runs_max: u32 },
}

/// How often a queued run is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Retry {
    /// Attempts in all; 1 is no retry.
    pub(crate) attempts: u32,
    /// Before the second attempt; doubled before each further one.
    pub(crate) delay: Duration,
    /// No wait is longer.
    pub(crate) delay_max: Duration,
}

/// How many finished runs of an action are kept: whatever bound is reached first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Retention {
    pub(crate) runs: u64,
    pub(crate) age: Duration,
    /// Inputs, results and logs together.
    pub(crate) bytes: u64,
}

impl Retry {
    /// One attempt. Whoever wants more says how often: a script that failed half-way has done half of its work.
    pub(crate) const NONE: Self =
        Self { attempts: 1, delay: Duration::from_secs(10), delay_max: Duration::from_secs(600) };

    /// How long attempt `attempt + 1` waits after attempt `attempt` (from 1) failed; `None` when that was the last one.
    /// Between half and all of the doubled delay, by `random`, so that what failed together does not come back together.
    pub(crate) fn wait(&self, attempt: u32, random: u32) -> Option<Duration> {
        if attempt >= self.attempts {
            return None;
        }
        let doubled = self.delay.saturating_mul(1_u32.checked_shl(attempt - 1).unwrap_or(u32::MAX));
        let full = doubled.min(self.delay_max);
        let share = 0.5 + f64::from(random) / f64::from(u32::MAX) / 2.0;
        Some(full.mul_f64(share))
    }
}

impl Overlap {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Queue => "queue",
            Self::Allow => "allow",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Skip, Self::Queue, Self::Allow].into_iter().find(|overlap| overlap.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_their_bound_and_end() {
        let retry = Retry { attempts: 40, delay: Duration::from_secs(2), delay_max: Duration::from_secs(60) };
        for (attempt, least_s, most_s) in [(1, 1, 2), (2, 2, 4), (3, 4, 8), (6, 30, 60), (39, 30, 60)] {
            assert_eq!(retry.wait(attempt, 0), Some(Duration::from_secs(least_s)), "{attempt}");
            assert_eq!(retry.wait(attempt, u32::MAX), Some(Duration::from_secs(most_s)), "{attempt}");
        }
        assert_eq!(retry.wait(40, 0), None);
        assert_eq!(Retry { attempts: 1, ..retry }.wait(1, 0), None);
    }
}

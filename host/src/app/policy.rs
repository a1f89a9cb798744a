//! The policy that an action has when nobody says otherwise, and how far its owner may go.

use std::time::Duration;

use crate::model::{
    guest::{GuestKind, MemoryDefaults},
    policy::{Missed, Policy, Retention},
};

/// What the server's operator allows.
#[derive(Debug, Clone)]
pub(crate) struct PolicyBounds {
    pub(crate) default: Policy,
    pub(crate) fuel_max: u64,
    pub(crate) wall_max: Duration,
    pub(crate) memory: MemoryDefaults,
    pub(crate) memory_bytes_max: usize,
    pub(crate) parallel_max: u32,
    pub(crate) queue_max: u32,
    pub(crate) retention_max: Retention,
}

/// Linear memory that a run needs to begin, in bytes: the interpreter's own and room to work, and NumPy and pandas.
const MEMORY_BYTES_MIN: usize = 32 << 20;
const DATA_MEMORY_BYTES_MIN: usize = 128 << 20;
const ATTEMPTS_MAX: u32 = 20;
const DELAY_MAX: Duration = Duration::from_secs(24 * 60 * 60);
const COALESCE_MAX: Duration = Duration::from_secs(24 * 60 * 60);
const RATE_PER_MAX: Duration = Duration::from_secs(24 * 60 * 60);
const CATCH_UP_MAX: u32 = 100;
/// Rules of an action, and of an organisation.
pub(super) const RULES_MAX: usize = 100;

/// A policy goes too far. Says which part, what was asked for, and what is allowed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} is {value}: it must be from {min} to {max}")]
pub(crate) struct BadPolicy {
    pub(crate) name: &'static str,
    pub(crate) value: u64,
    pub(crate) min: u64,
    pub(crate) max: u64,
}

impl PolicyBounds {
    /// That a policy is within the bounds.
    pub(crate) fn check(&self, policy: &Policy) -> Result<(), BadPolicy> {
        let ms = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let catch_up = match policy.missed {
            Missed::Skip | Missed::Once => 1,
            Missed::All { runs_max } => runs_max,
        };
        let kept = (&policy.retention, &self.retention_max);
        let rows = [
            ("fuel", policy.fuel, 1, self.fuel_max),
            ("wall_ms", ms(policy.wall), 1, ms(self.wall_max)),
            ("parallel", policy.parallel.into(), 1, self.parallel_max.into()),
            ("queue", policy.queue.into(), 0, self.queue_max.into()),
            ("rate.runs", policy.rate.map_or(1, |rate| rate.runs.into()), 1, 1_000_000),
            ("rate.per_ms", policy.rate.map_or(1, |rate| ms(rate.per)), 1, ms(RATE_PER_MAX)),
            ("missed.runs", catch_up.into(), 1, CATCH_UP_MAX.into()),
            ("retry.attempts", policy.retry.attempts.into(), 1, ATTEMPTS_MAX.into()),
            ("retry.delay_ms", ms(policy.retry.delay), 1, ms(DELAY_MAX)),
            ("retry.delay_ms_max", ms(policy.retry.delay_max), ms(policy.retry.delay), ms(DELAY_MAX)),
            ("retention.runs", kept.0.runs, 1, kept.1.runs),
            ("retention.age_s", kept.0.age.as_secs(), 60, kept.1.age.as_secs()),
            ("retention.bytes", kept.0.bytes, 1 << 10, kept.1.bytes),
            ("egress", policy.egress.as_ref().map_or(0, |rules| rules.len() as u64), 0, RULES_MAX as u64),
            ("coalesce_ms", policy.coalesce.map_or(1, ms), 1, ms(COALESCE_MAX)),
        ];
        for (name, value, min, max) in rows {
            if value < min || value > max {
                return Err(BadPolicy { name, value, min, max });
            }
        }
        self.check_memory(policy, GuestKind::Base)
    }

    /// That it has the memory which that guest needs to begin, and no more than there may be.
    pub(crate) fn check_memory(&self, policy: &Policy, guest: GuestKind) -> Result<(), BadPolicy> {
        let min = match guest {
            GuestKind::Base => MEMORY_BYTES_MIN,
            GuestKind::Data => DATA_MEMORY_BYTES_MIN,
        };
        let (min, max) = (min as u64, self.memory_bytes_max as u64);
        match policy.memory_bytes.map(|bytes| bytes as u64) {
            Some(value) if value < min || value > max => {
                Err(BadPolicy { name: "memory_bytes", value, min, max })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// What an action's runs have, in bytes.
    pub(crate) fn memory_bytes(&self, policy: &Policy, guest: GuestKind) -> usize {
        policy.memory_bytes.unwrap_or_else(|| self.memory.of(guest))
    }
}

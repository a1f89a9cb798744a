//! The wall clock: the only place that reads it.

use jiff::Timestamp;

/// The time of day, in UTC.
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

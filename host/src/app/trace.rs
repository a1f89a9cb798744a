//! The trace that a run belongs to: the caller's, or one of its own.

use crate::random;

/// A W3C `traceparent` of a new trace, not sampled by anybody yet.
pub(crate) fn new_traceparent() -> String {
    let (trace, span) = (u128::from_be_bytes(random::bytes()), u64::from_be_bytes(random::bytes()));
    format!("00-{trace:032x}-{span:016x}-00")
}

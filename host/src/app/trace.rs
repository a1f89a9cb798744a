//! The trace of a run that nobody called: one of its own.

use crate::telemetry::continued;

/// A W3C `traceparent` of a new trace.
pub(crate) fn new_traceparent() -> String {
    continued(None).to_string()
}

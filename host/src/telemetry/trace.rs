//! Beginning and continuing traces: the random ids that the model's own type asks for.

use crate::{model::trace::TraceContext, random};

/// A span below what the caller's header says; without one, or with a bad one, the first of a new trace.
pub(crate) fn continued(header: Option<&str>) -> TraceContext {
    let span_id = u64::from_be_bytes(random::bytes());
    match header.and_then(TraceContext::parse) {
        Some(parent) => parent.child(span_id),
        None => TraceContext::new(u128::from_be_bytes(random::bytes()), span_id, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_good_header_is_continued_and_a_bad_one_is_not() {
        let parent = TraceContext::new(5, 6, true);
        let child = continued(Some(&parent.to_string()));
        assert_eq!((child.trace_id, child.sampled), (5, true));
        assert_ne!(child.span_id, 6);
        for header in [None, Some(""), Some("00-5-6-01")] {
            let (one, other) = (continued(header), continued(header));
            assert_ne!((one.trace_id, one.span_id), (other.trace_id, other.span_id));
        }
    }
}

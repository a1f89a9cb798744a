//! The place of something in a trace, as W3C's `traceparent` header has it.

use std::fmt;

/// Which trace, and which span of it. Neither id is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TraceContext {
    pub(crate) trace_id: u128,
    pub(crate) span_id: u64,
    /// Whether whoever began the trace records it.
    pub(crate) sampled: bool,
}

/// `00-`, 32 digits, `-`, 16 digits, `-`, 2 digits.
const LEN: usize = 55;
/// Of the flags.
const SAMPLED: u8 = 1;

impl TraceContext {
    /// The beginning of a trace. Takes random numbers; a 0 becomes a 1.
    pub(crate) fn new(trace_id: u128, span_id: u64, sampled: bool) -> Self {
        Self { trace_id: trace_id.max(1), span_id: span_id.max(1), sampled }
    }

    /// A span below this one. Takes a random number; a 0 becomes a 1.
    pub(crate) fn child(self, span_id: u64) -> Self {
        Self { span_id: span_id.max(1), ..self }
    }

    /// Reads a header. `None` if the standard says to ignore it and to begin a new trace.
    pub(crate) fn parse(header: &str) -> Option<Self> {
        let (known, further) = header.split_at_checked(LEN)?;
        let mut parts = known.split('-');
        let [version, trace_id, span_id, flags] =
            [2, 32, 16, 2].map(|len| digits(parts.next().unwrap_or_default(), len));
        let (version, flags) = (version?, u8::try_from(flags?).ok()?);
        // Later versions may say more behind another `-`.
        let is_right = match version {
            0 => further.is_empty(),
            0xff => false,
            _ => further.is_empty() || further.starts_with('-'),
        };
        let (trace_id, span_id) = (trace_id?, u64::try_from(span_id?).ok()?);
        let is_right = is_right && parts.next().is_none() && trace_id != 0 && span_id != 0;
        is_right.then_some(Self { trace_id, span_id, sampled: flags & SAMPLED != 0 })
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trace_id, span_id, sampled } = self;
        write!(formatter, "00-{trace_id:032x}-{span_id:016x}-{:02x}", u8::from(*sampled) * SAMPLED)
    }
}

/// So many lower-case hexadecimal digits and nothing else.
fn digits(text: &str, len: usize) -> Option<u128> {
    let is_right = text.len() == len && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    is_right.then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN: &str = "00f067aa0ba902b7";

    #[test]
    fn a_header_is_read_by_the_letter() {
        for (header, sampled) in [
            (format!("00-{TRACE}-{SPAN}-01"), Some(true)),
            (format!("00-{TRACE}-{SPAN}-00"), Some(false)),
            (format!("00-{TRACE}-{SPAN}-02"), Some(false)),
            (format!("00-{TRACE}-{SPAN}-ff"), Some(true)),
            (format!("cc-{TRACE}-{SPAN}-01"), Some(true)),
            (format!("cc-{TRACE}-{SPAN}-01-what-comes"), Some(true)),
            (format!("cc-{TRACE}-{SPAN}-01.what-comes"), None),
            (format!("00-{TRACE}-{SPAN}-01-what-comes"), None),
            (format!("ff-{TRACE}-{SPAN}-01"), None),
            (format!("0-{TRACE}-{SPAN}-01"), None),
            (format!("00-{TRACE}-{SPAN}-1"), None),
            (format!("00-{TRACE}-{SPAN}"), None),
            (format!("00-{TRACE}-{SPAN}-"), None),
            (format!("00-{TRACE}-{SPAN}-0x"), None),
            (format!("00-{TRACE}-{SPAN}-+1"), None),
            (format!("00-{}-{SPAN}-01", TRACE.to_uppercase()), None),
            (format!("00-{}-{SPAN}-01", "0".repeat(32)), None),
            (format!("00-{TRACE}-{}-01", "0".repeat(16)), None),
            (format!("00-{SPAN}-{TRACE}-01"), None),
            (format!("00_{TRACE}_{SPAN}_01"), None),
            (format!(" 00-{TRACE}-{SPAN}-01"), None),
            (format!("00-{TRACE}-{SPAN}-01 "), None),
            (format!("00-{}é-{SPAN}-01", &TRACE[2..]), None),
            (String::new(), None),
        ] {
            let read = TraceContext::parse(&header);
            assert_eq!(read.map(|trace| trace.sampled), sampled, "{header}");
            if let Some(trace) = read {
                let ids = (format!("{:032x}", trace.trace_id), format!("{:016x}", trace.span_id));
                assert_eq!(ids, (TRACE.to_owned(), SPAN.to_owned()));
            }
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for trace in [
            TraceContext::new(1, 2, true),
            TraceContext::new(u128::MAX, u64::MAX, false),
            TraceContext::new(0, 0, true),
            TraceContext::new(7, 8, true).child(9),
            TraceContext::new(7, 8, false).child(0),
        ] {
            assert_eq!(TraceContext::parse(&trace.to_string()), Some(trace));
        }
        let parent = TraceContext::new(7, 8, true);
        assert_eq!(parent.child(9).to_string(), "00-00000000000000000000000000000007-0000000000000009-01");
    }
}

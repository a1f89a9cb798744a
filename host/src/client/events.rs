//! Server-sent events, from bytes as they come.

/// Longest event: a log line and its frame fit.
const EVENT_BYTES_MAX: usize = 16 << 20;

/// One event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) name: String,
    pub(super) data: String,
}

/// What came of events that are not complete.
#[derive(Debug, Default)]
pub(super) struct Events {
    line: Vec<u8>,
    event: Event,
}

/// An event is longer than any that a server of ours sends.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLong;

impl Events {
    /// Takes bytes; the events that they complete.
    pub(super) fn push(&mut self, chunk: &[u8]) -> Result<Vec<Event>, TooLong> {
        let mut complete = Vec::new();
        for &byte in chunk {
            if byte != b'\n' {
                if self.line.len() + self.event.data.len() >= EVENT_BYTES_MAX {
                    return Err(TooLong);
                }
                self.line.push(byte);
                continue;
            }
            let line = std::mem::take(&mut self.line);
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches('\r');
            if line.is_empty() {
                let event = std::mem::take(&mut self.event);
                complete.extend((event != Event::default()).then_some(event));
            } else {
                self.event.take(line);
            }
        }
        Ok(complete)
    }
}

impl Event {
    fn take(&mut self, line: &str) {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" => {
                if !self.data.is_empty() {
                    self.data.push('\n');
                }
                self.data.push_str(value);
            }
            // Comments, which keep the connection alive, and fields that we have no use for.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_whole_however_their_bytes_come() {
        let event = |name: &str, data: &str| Event { name: name.to_owned(), data: data.to_owned() };
        let rows: &[(&str, Vec<Event>)] = &[
            ("event: log\ndata: {\"a\":1}\n\n", vec![event("log", "{\"a\":1}")]),
            (":\n\nevent: end\r\ndata: {}\r\n\r\n", vec![event("end", "{}")]),
            ("data: a\ndata: b\n\ndata:c\n\n", vec![event("", "a\nb"), event("", "c")]),
            ("event: log\ndata: not yet whole\n", vec![]),
        ];
        for (text, expected) in rows {
            for size in [1, 3, text.len()] {
                let mut events = Events::default();
                let found: Vec<Event> =
                    text.as_bytes().chunks(size).flat_map(|chunk| events.push(chunk).unwrap()).collect();
                assert_eq!(&found, expected, "{text:?} by {size}");
            }
        }
    }

    #[test]
    fn an_event_without_end_is_given_up() {
        let mut events = Events::default();
        assert_eq!(events.push(&vec![b'x'; EVENT_BYTES_MAX + 1]), Err(TooLong));
    }
}

//! A run's log while it is written: lines are assembled, counted and cut here, so that nothing grows without bound and
//! nothing is lost when the guest dies.

use tokio::time::Instant;

use crate::{
    job::Tail,
    limits::Limits,
    outcome::{Level, LogLine},
};

/// What one line costs besides its text, in bytes: an empty line is not free.
const LINE_OVERHEAD_BYTES: usize = 16;
/// The source of our own remarks.
const OURS: &str = "actiond";
const SOURCE_BYTES_MAX: usize = 256;
const CHARACTER_BYTES_MAX: usize = 4;

/// A guest's standard stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

#[derive(Debug)]
pub(crate) struct Output {
    started: Instant,
    lines: Vec<LogLine>,
    lines_max: usize,
    bytes_left: usize,
    /// Started but not ended lines of stdout and stderr.
    partial: [Vec<u8>; 2],
    dropped_bytes: u64,
    /// Who sees each line as it is kept.
    pub(crate) tail: Option<Tail>,
    /// Everything the guest wrote, kept or not.
    pub(crate) bytes: u64,
}

impl Output {
    pub(crate) fn new(limits: &Limits, started: Instant) -> Self {
        Self {
            started,
            lines: Vec::new(),
            lines_max: limits.log_lines,
            bytes_left: limits.log_bytes,
            partial: [Vec::new(), Vec::new()],
            dropped_bytes: 0,
            tail: None,
            bytes: 0,
        }
    }

    /// Takes bytes written to a standard stream; whole lines become log lines.
    pub(crate) fn write(&mut self, stream: Stream, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        let mut rest = bytes;
        while !rest.is_empty() && !self.is_full() {
            let partial = &mut self.partial[stream as usize];
            // Not looked at any further: what a flood costs the host must not grow with the flood.
            let room = self.bytes_left.saturating_sub(partial.len()).saturating_add(1);
            let near = &rest[..rest.len().min(room)];
            let end = near.iter().position(|byte| *byte == b'\n');
            partial.extend_from_slice(&near[..end.unwrap_or(near.len())]);
            rest = &rest[end.map_or(near.len(), |end| end + 1)..];
            // A line that fills all that is left ends here: it is cut, and nothing comes after it.
            if end.is_some() || near.len() == room {
                self.end_line(stream);
            }
        }
        self.dropped_bytes += rest.len() as u64;
    }

    /// Takes one finished record from Python's `logging` or `warnings`.
    pub(crate) fn log(&mut self, level: Level, source: &[u8], message: &[u8]) {
        self.bytes += message.len() as u64;
        // Ours is ours: a logger of that name is told apart.
        let source = if source == OURS.as_bytes() { b"logger actiond" } else { source };
        self.push(level, &text(source, SOURCE_BYTES_MAX).0, message);
    }

    /// A remark of ours; it has room whatever the script wrote.
    pub(crate) fn remark(&mut self, level: Level, message: String) {
        let at = self.started.elapsed();
        self.keep(LogLine { at, level, source: OURS.to_owned(), message });
    }

    /// The log, with unfinished lines ended and a last line that says what was cut.
    pub(crate) fn finish(mut self) -> Vec<LogLine> {
        for stream in [Stream::Stdout, Stream::Stderr] {
            if !self.partial[stream as usize].is_empty() {
                self.end_line(stream);
            }
        }
        if self.dropped_bytes > 0 {
            let text = format!("output cut here: {} more bytes were written and dropped", self.dropped_bytes);
            self.remark(Level::Warning, text);
        }
        self.lines
    }

    fn is_full(&self) -> bool {
        self.lines.len() >= self.lines_max || self.bytes_left <= LINE_OVERHEAD_BYTES
    }

    fn end_line(&mut self, stream: Stream) {
        let mut text = std::mem::take(&mut self.partial[stream as usize]);
        if text.last() == Some(&b'\r') {
            text.pop();
        }
        let (level, source) = match stream {
            Stream::Stdout => (Level::Info, "stdout"),
            Stream::Stderr => (Level::Error, "stderr"),
        };
        self.push(level, source, &text);
        text.clear();
        self.partial[stream as usize] = text;
    }

    fn push(&mut self, level: Level, source: &str, message: &[u8]) {
        let cost = LINE_OVERHEAD_BYTES + source.len();
        if self.is_full() || self.bytes_left <= cost {
            // One more than its text: a dropped empty line is a cut too.
            self.dropped_bytes += message.len() as u64 + 1;
            return;
        }
        let (text, taken) = text(message, self.bytes_left - cost);
        self.bytes_left -= cost + text.len();
        self.dropped_bytes += (message.len() - taken) as u64;
        if taken < message.len() {
            // Whatever room is left is less than a character's: the log ends with its first cut.
            self.bytes_left = 0;
        }
        let (at, source) = (self.started.elapsed(), source.to_owned());
        self.keep(LogLine { at, level, source, message: text });
    }

    fn keep(&mut self, line: LogLine) {
        if let Some(tail) = &self.tail {
            tail.see(&line);
        }
        self.lines.push(line);
    }
}

/// As much of `bytes` as makes at most `bytes_max` bytes of text, and how much that is. What is no UTF-8 becomes U+FFFD;
/// no character is cut in two.
fn text(bytes: &[u8], bytes_max: usize) -> (String, usize) {
    let (mut text, mut taken) = (String::new(), 0);
    for chunk in bytes[..bytes.len().min(bytes_max.saturating_add(CHARACTER_BYTES_MAX))].utf8_chunks() {
        let room = bytes_max - text.len();
        let valid = chunk.valid();
        let kept = &valid[..valid.floor_char_boundary(room)];
        text.push_str(kept);
        taken += kept.len();
        let replaced = char::REPLACEMENT_CHARACTER.len_utf8();
        if kept.len() < valid.len() || (!chunk.invalid().is_empty() && bytes_max - text.len() < replaced) {
            break;
        }
        if !chunk.invalid().is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
            taken += chunk.invalid().len();
        }
    }
    (text, taken)
}

#[cfg(test)]
mod tests;

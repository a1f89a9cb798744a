//! A run's log while it is written: lines are assembled, counted and cut here, so that nothing grows without bound and
//! nothing is lost when the guest dies.

use tokio::time::Instant;

use crate::{
    limits::Limits,
    outcome::{Level, LogLine},
};

/// What one line costs besides its text, in bytes: an empty line is not free.
const LINE_OVERHEAD_BYTES: usize = 16;
const SOURCE_BYTES_MAX: usize = 256;

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
            bytes: 0,
        }
    }

    /// Takes bytes written to a standard stream; whole lines become log lines.
    pub(crate) fn write(&mut self, stream: Stream, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        if self.is_full() {
            // Not looked at: a flood must not cost the host what it costs the guest nothing to write.
            self.dropped_bytes += bytes.len() as u64;
            return;
        }
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (text, ended) = match piece.strip_suffix(b"\n") {
                Some(text) => (text, true),
                None => (piece, false),
            };
            let partial = &mut self.partial[stream as usize];
            let room = self.bytes_left.saturating_sub(partial.len());
            let kept = text.len().min(room);
            partial.extend_from_slice(&text[..kept]);
            self.dropped_bytes += (text.len() - kept) as u64;
            if ended {
                self.end_line(stream);
            }
        }
    }

    /// Takes one finished record from Python's `logging` or `warnings`.
    pub(crate) fn log(&mut self, level: Level, source: &[u8], message: &[u8]) {
        self.bytes += message.len() as u64;
        let source = &source[..source.len().min(SOURCE_BYTES_MAX)];
        self.push(level, String::from_utf8_lossy(source).into_owned(), message);
    }

    /// A remark of ours; it has room whatever the script wrote.
    pub(crate) fn remark(&mut self, level: Level, message: String) {
        let at = self.started.elapsed();
        self.lines.push(LogLine { at, level, source: "actiond".to_owned(), message });
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
        self.push(level, source.to_owned(), &text);
        text.clear();
        self.partial[stream as usize] = text;
    }

    fn push(&mut self, level: Level, source: String, message: &[u8]) {
        let cost = LINE_OVERHEAD_BYTES + source.len();
        if self.is_full() || self.bytes_left <= cost {
            // One more than its text: a dropped empty line is a cut too.
            self.dropped_bytes += message.len() as u64 + 1;
            return;
        }
        let kept = message.len().min(self.bytes_left - cost);
        self.bytes_left -= cost + kept;
        self.dropped_bytes += (message.len() - kept) as u64;
        let message = String::from_utf8_lossy(&message[..kept]).into_owned();
        self.lines.push(LogLine { at: self.started.elapsed(), level, source, message });
    }
}

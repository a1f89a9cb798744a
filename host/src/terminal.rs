//! What the user sees on standard error: log lines, tracebacks, progress, failures. Coloured on a terminal unless
//! `NO_COLOR` is set. What scripts and bundles wrote is shown with its control characters escaped: it must not reach the
//! terminal as commands.

use std::{
    borrow::Cow,
    io::{self, IsTerminal as _, Write as _},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use actiond_runtime::{Level, LogLine};
use anstyle::{AnsiColor, Style};
use jiff::{SignedDuration, Timestamp};

const DIM: Style = Style::new().dimmed();
const FAILURE: Style = AnsiColor::Red.on_default().bold();
/// In front of the further lines of a log line, so that none of them passes for a log line of its own.
const CONTINUATION: &str = "    | ";
/// Back to the line's start, and clear it.
const CLEAR_LINE: &str = "\r\x1b[2K";

/// Standard error. Nothing is done when it cannot be written: there is no better place to say so.
#[derive(Debug, Clone)]
pub(crate) struct Terminal {
    interactive: bool,
    /// Whether a line of progress stands where the next line will come.
    in_progress: Arc<AtomicBool>,
}

impl Terminal {
    pub(crate) fn new() -> Self {
        Self { interactive: io::stderr().is_terminal(), in_progress: Arc::default() }
    }

    /// One log line of a run that began at `began`.
    pub(crate) fn log(&self, line: &LogLine, began: Timestamp) {
        let (time, level, color) = (time_of(line, began), line.level.as_str(), level_style(line.level));
        let source = escaped(&line.source, Newlines::Escape);
        let mut message = line.message.split('\n').map(|part| escaped(part, Newlines::Escape));
        let first = message.next().unwrap_or_default();
        let mut stderr = self.next_line();
        let _ =
            writeln!(stderr, "{DIM}{time}{DIM:#} {color}{level:<8}{color:#} {DIM}{source}:{DIM:#} {first}");
        for further in message {
            let _ = writeln!(stderr, "{DIM}{CONTINUATION}{DIM:#}{further}");
        }
    }

    /// A traceback, as Python prints it.
    pub(crate) fn traceback(&self, text: &str) {
        let _ = writeln!(self.next_line(), "{}", escaped(text.trim_end_matches('\n'), Newlines::Keep));
    }

    /// Why the program could not do what it was asked for: one line.
    pub(crate) fn failure(&self, message: &str) {
        let message = escaped(message, Newlines::Escape);
        let _ = writeln!(self.next_line(), "{FAILURE}error:{FAILURE:#} {message}");
    }

    /// A line of ours that was asked for.
    pub(crate) fn note(&self, message: &str) {
        let _ = writeln!(self.next_line(), "{message}");
    }

    /// A line of ours that only people want to see.
    pub(crate) fn aside(&self, message: &str) {
        if self.interactive {
            let _ = writeln!(self.next_line(), "{DIM}{message}{DIM:#}");
        }
    }

    /// Begins something that takes a while. On a terminal the line goes away when another comes.
    pub(crate) fn progress(&self, message: &str) {
        let mut stderr = self.next_line();
        let _ = if self.interactive {
            self.in_progress.store(true, Ordering::Relaxed);
            write!(stderr, "{DIM}{message}{DIM:#}").and_then(|()| stderr.flush())
        } else {
            writeln!(stderr, "{message}")
        };
    }

    /// Ends a line of progress before someone else writes.
    pub(crate) fn progress_done(&self) {
        self.next_line();
    }

    /// Standard error, at the beginning of an empty line.
    fn next_line(&self) -> anstream::AutoStream<io::StderrLock<'static>> {
        if self.in_progress.swap(false, Ordering::Relaxed) {
            // Not through anstream: this is no colour.
            let _ = write!(io::stderr(), "{CLEAR_LINE}");
        }
        anstream::stderr().lock()
    }
}

/// When a line was logged, by the wall clock: RFC 3339 in UTC, to the microsecond.
pub(crate) fn time_of(line: &LogLine, began: Timestamp) -> String {
    let since = SignedDuration::try_from(line.at).unwrap_or(SignedDuration::MAX);
    let at = began.saturating_add(since).unwrap_or(began);
    format!("{at:.6}")
}

fn level_style(level: Level) -> Style {
    match level {
        Level::Debug => DIM,
        Level::Info => AnsiColor::Green.on_default(),
        Level::Warning => AnsiColor::Yellow.on_default(),
        Level::Error | Level::Critical => FAILURE,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Newlines {
    Keep,
    Escape,
}

/// The text with everything that a terminal would act on spelled out. Tabs stay.
fn escaped(text: &str, newlines: Newlines) -> Cow<'_, str> {
    let acts = |character: char| match character {
        '\t' => false,
        '\n' => newlines == Newlines::Escape,
        // These turn the order of the characters around them.
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        other => other.is_control(),
    };
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if acts(character) { shown.extend(character.escape_default()) } else { shown.push(character) }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn nothing_that_a_terminal_acts_on_is_left() {
        for (text, expected) in [
            ("plain \u{e9}\u{1f600}\ttab", "plain \u{e9}\u{1f600}\ttab"),
            ("\x1b[31mred\x1b[0m", r"\u{1b}[31mred\u{1b}[0m"),
            ("\x1b]0;title\x07", r"\u{1b}]0;title\u{7}"),
            ("a\rb", r"a\rb"),
            ("\u{9b}31m\u{7f}\0", r"\u{9b}31m\u{7f}\u{0}"),
            ("\u{202e}evil", r"\u{202e}evil"),
            ("two\nlines", r"two\nlines"),
        ] {
            assert_eq!(escaped(text, Newlines::Escape), expected);
        }
        assert_eq!(escaped("two\nlines\x1b", Newlines::Keep), "two\nlines\\u{1b}");
    }

    #[test]
    fn times_are_rfc_3339_to_the_microsecond() {
        let began: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        let (source, message) = (String::new(), String::new());
        let line = LogLine { at: Duration::from_micros(1_500_001), level: Level::Info, source, message };
        assert_eq!(time_of(&line, began), "2026-01-02T03:04:06.500001Z");
    }
}

//! What the user sees on standard error: log lines, tracebacks, progress, failures. Coloured on a terminal unless
//! `NO_COLOR` is set. What scripts and bundles wrote is shown with its control characters escaped: it must not reach the
//! terminal as commands.

use std::{
    borrow::Cow,
    io::{self, IsTerminal as _, Write as _},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use actiond_runtime::LogLine;
use anstyle::{AnsiColor, Style};
use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, timeout};

const DIM: Style = Style::new().dimmed();
const FAILURE: Style = AnsiColor::Red.on_default().bold();
/// In front of each line that a script began by itself, so that none of them passes for a line of ours.
const CONTINUATION: &str = "    | ";
/// Whatever takes longer has a line of progress.
const PATIENCE: Duration = Duration::from_secs(1);
/// Back to the line's start, and clear it.
const CLEAR_LINE: &str = "\r\x1b[2K";

/// Standard error. Nothing is done when it cannot be written: there is no better place to say so.
#[derive(Debug, Clone)]
pub(crate) struct Terminal {
    interactive: bool,
    /// Whether a line of progress stands where the next line will come.
    in_progress: Arc<AtomicBool>,
}

/// A log line as it is shown. All of it may be somebody's text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'a> {
    pub(crate) time: &'a str,
    pub(crate) level: &'a str,
    pub(crate) source: &'a str,
    pub(crate) message: &'a str,
}

impl Line<'_> {
    /// Writes it, and further lines of its message below it. What cannot be written is left out.
    pub(crate) fn write(&self, to: &mut impl io::Write) {
        let (time, level, source) = (escaped(self.time), escaped(self.level), escaped(self.source));
        let color = level_style(self.level);
        let (first, further) = match self.message.split_once('\n') {
            Some((first, further)) => (first, Some(further)),
            None => (self.message, None),
        };
        let first = escaped(first);
        let _ = writeln!(to, "{DIM}{time}{DIM:#} {color}{level:<8}{color:#} {DIM}{source}:{DIM:#} {first}");
        if let Some(further) = further {
            continued(to, further);
        }
    }
}

impl Terminal {
    pub(crate) fn new() -> Self {
        Self { interactive: io::stderr().is_terminal(), in_progress: Arc::default() }
    }

    /// Whether somebody looks at lines that come and go.
    pub(crate) fn is_interactive(&self) -> bool {
        self.interactive
    }

    /// One log line of a run that began at `began`.
    pub(crate) fn log(&self, line: &LogLine, began: Timestamp) {
        let (source, message) = (&*line.source, &*line.message);
        self.line(&Line { time: &time_of(line, began), level: line.level.as_str(), source, message });
    }

    /// A log line from wherever it comes.
    pub(crate) fn line(&self, line: &Line<'_>) {
        line.write(&mut self.next_line());
    }

    /// A traceback, as Python prints it, below the line of ours that announces it.
    pub(crate) fn traceback(&self, text: &str) {
        continued(&mut self.next_line(), text.trim_end_matches('\n'));
    }

    /// Why the program could not do what it was asked for: one line.
    pub(crate) fn failure(&self, message: &str) {
        let message = escaped(message);
        let _ = writeln!(self.next_line(), "{FAILURE}error:{FAILURE:#} {message}");
    }

    /// A line of ours that was asked for.
    pub(crate) fn note(&self, message: &str) {
        let _ = writeln!(self.next_line(), "{}", escaped(message));
    }

    /// A line of ours that only people want to see.
    pub(crate) fn aside(&self, message: &str) {
        if self.interactive {
            let _ = writeln!(self.next_line(), "{DIM}{}{DIM:#}", escaped(message));
        }
    }

    /// Begins something that takes a while. On a terminal the line goes away when another comes.
    pub(crate) fn progress(&self, message: &str) {
        let message = escaped(message);
        let mut stderr = self.next_line();
        let _ = if self.interactive {
            self.in_progress.store(true, Ordering::Relaxed);
            write!(stderr, "{DIM}{message}{DIM:#}").and_then(|()| stderr.flush())
        } else {
            writeln!(stderr, "{message}")
        };
    }

    /// Waits for `work`; people see that it takes long.
    pub(crate) async fn patiently<T>(&self, what: &str, work: impl Future<Output = T>) -> T {
        if !self.interactive {
            return work.await;
        }
        let (mut work, began) = (pin!(work), Instant::now());
        loop {
            if let Ok(done) = timeout(PATIENCE, &mut work).await {
                self.progress_done();
                return done;
            }
            self.progress(&format!("{what} … {} s", began.elapsed().as_secs()));
        }
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

/// Writes lines that go on with what a line of ours began.
fn continued(stderr: &mut impl io::Write, text: &str) {
    for line in text.split('\n') {
        let _ = writeln!(stderr, "{DIM}{CONTINUATION}{DIM:#}{}", escaped(line));
    }
}

/// When a line was logged, by the wall clock: RFC 3339 in UTC, to the microsecond.
pub(crate) fn time_of(line: &LogLine, began: Timestamp) -> String {
    let since = SignedDuration::try_from(line.at).unwrap_or(SignedDuration::MAX);
    let at = began.saturating_add(since).unwrap_or(began);
    format!("{at:.6}")
}

fn level_style(level: &str) -> Style {
    match level {
        "INFO" => AnsiColor::Green.on_default(),
        "WARNING" => AnsiColor::Yellow.on_default(),
        "ERROR" | "CRITICAL" => FAILURE,
        _ => DIM,
    }
}

/// The text with everything that a terminal would act on spelled out, so that it is one line. Tabs stay.
pub(crate) fn escaped(text: &str) -> Cow<'_, str> {
    let acts = |character: char| match character {
        '\t' => false,
        // These turn the order of the characters around them.
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        // Ends of lines to some, and a mark that is not seen.
        '\u{2028}' | '\u{2029}' | '\u{feff}' => true,
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
    use actiond_runtime::Level;

    use super::*;

    #[test]
    fn nothing_that_a_terminal_acts_on_is_left() {
        for (text, expected) in [
            ("plain \u{e9}\u{1f600}\ttab", "plain \u{e9}\u{1f600}\ttab"),
            ("\x1b[31mred\x1b[0m", r"\u{1b}[31mred\u{1b}[0m"),
            ("\x1b]0;title\x07", r"\u{1b}]0;title\u{7}"),
            ("a\rb", r"a\rb"),
            ("\u{9b}31m\u{7f}\0", r"\u{9b}31m\u{7f}\u{0}"),
            ("two\nlines", r"two\nlines"),
            ("\u{61c}\u{200e}\u{200f}", r"\u{61c}\u{200e}\u{200f}"),
            ("\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}", r"\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}"),
            ("\u{2066}\u{2067}\u{2068}\u{2069}", r"\u{2066}\u{2067}\u{2068}\u{2069}"),
            ("\u{2028}\u{2029}\u{feff}", r"\u{2028}\u{2029}\u{feff}"),
        ] {
            assert_eq!(escaped(text), expected);
        }
    }

    #[test]
    fn times_are_rfc_3339_to_the_microsecond() {
        let began: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        let (source, message) = (String::new(), String::new());
        let line = LogLine { at: Duration::from_micros(1_500_001), level: Level::Info, source, message };
        assert_eq!(time_of(&line, began), "2026-01-02T03:04:06.500001Z");
    }
}

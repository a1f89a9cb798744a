//! Tables for people: aligned, coloured where somebody looks, with nothing in them that a terminal acts on.

use std::io::{ErrorKind, Write as _};

use anstyle::{AnsiColor, Style};
use anyhow::Context as _;
use jiff::Timestamp;

use crate::terminal::escaped;

const HEAD: Style = Style::new().dimmed();
const PLAIN: Style = Style::new();
const GAP: &str = "  ";
/// What stands where there is nothing.
const NONE: &str = "-";

/// Rows below a line of headings.
#[derive(Debug)]
pub(super) struct Table {
    head: Vec<Cell>,
    rows: Vec<Vec<Cell>>,
}

/// A place in it.
#[derive(Debug)]
pub(super) struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    pub(super) fn new(text: &str) -> Self {
        let text = if text.is_empty() { NONE } else { text };
        Self { text: escaped(text).into_owned(), style: PLAIN }
    }

    pub(super) fn maybe(text: Option<&str>) -> Self {
        Self::new(text.unwrap_or_default())
    }

    /// The word for how something is.
    pub(super) fn status(word: &str) -> Self {
        let color = match word.to_ascii_lowercase().as_str() {
            "completed" => AnsiColor::Green,
            "errored" | "interrupted" => AnsiColor::Red,
            "running" | "queued" | "cancelled" | "paused" => AnsiColor::Yellow,
            _ => return Self::new(word),
        };
        Self { style: color.on_default(), ..Self::new(word) }
    }

    /// A time as the API writes it, to the second.
    pub(super) fn time(text: &str) -> Self {
        Self::new(&time(text))
    }

    /// The same of microseconds since 1970.
    pub(super) fn micros(micros: Option<i64>) -> Self {
        let time = micros.and_then(|micros| Timestamp::from_microsecond(micros).ok());
        time.map_or_else(|| Self::new(""), |time| Self::new(&format!("{time:.0}")))
    }

    fn width(&self) -> usize {
        self.text.chars().count()
    }
}

/// A time as the API writes it, to the second.
pub(super) fn time(text: &str) -> String {
    text.parse::<Timestamp>().map_or_else(|_| text.to_owned(), |time| format!("{time:.0}"))
}

impl Table {
    pub(super) fn new(head: &[&str]) -> Self {
        let head = head.iter().map(|text| Cell { style: HEAD, ..Cell::new(text) }).collect();
        Self { head, rows: Vec::new() }
    }

    /// Names on the left, what they are on the right.
    pub(super) fn facts() -> Self {
        Self { head: Vec::new(), rows: Vec::new() }
    }

    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    pub(super) fn fact(&mut self, name: &str, is: Cell) {
        self.row([Cell { style: HEAD, ..Cell::new(name) }, is]);
    }

    /// To standard output.
    pub(super) fn print(&self) -> anyhow::Result<()> {
        let mut text = String::new();
        let rows = || std::iter::once(&self.head).filter(|head| !head.is_empty()).chain(&self.rows);
        let columns = rows().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| rows().filter_map(|row| row.get(column)).map(Cell::width).max();
        let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
        for row in rows() {
            for (column, cell) in row.iter().enumerate() {
                let Cell { text: shown, style } = cell;
                text.push_str(&format!("{style}{shown}{style:#}"));
                if column + 1 < row.len() {
                    text.push_str(&" ".repeat(widths[column] - cell.width()));
                    text.push_str(GAP);
                }
            }
            text.push('\n');
        }
        let mut stdout = anstream::stdout().lock();
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            // Whoever read has read enough.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            written => written.context("cannot write to standard output"),
        }
    }
}

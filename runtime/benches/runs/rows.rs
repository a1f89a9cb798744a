//! Rows: what was measured, printed while it comes and kept for the table.

use std::{
    fs,
    io::{self, Write as _},
    path::Path,
};

use serde::Serialize;

use crate::Result;

/// One number, and what belongs beside it.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    section: String,
    row: String,
    value: f64,
    unit: &'static str,
    /// The most it should be.
    goal: Option<f64>,
    /// How it compares with what was measured beside it.
    beside: String,
    /// How many values it comes from, and their spread.
    note: String,
}

impl Row {
    pub(crate) fn new(row: impl Into<String>, value: f64, unit: &'static str) -> Self {
        let (section, beside, note) = Default::default();
        Self { section, row: row.into(), value, unit, goal: None, beside, note }
    }

    pub(crate) fn goal(self, goal: Option<f64>) -> Self {
        Self { goal, ..self }
    }

    pub(crate) fn beside(self, beside: impl Into<String>) -> Self {
        Self { beside: beside.into(), ..self }
    }

    pub(crate) fn note(self, note: impl Into<String>) -> Self {
        Self { note: note.into(), ..self }
    }
}

/// All rows so far.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    section: String,
    rows: Vec<Row>,
}

impl Rows {
    /// Rows from here on are of this section.
    pub(crate) fn begin(&mut self, section: &str) -> Result<()> {
        section.clone_into(&mut self.section);
        Ok(writeln!(io::stdout(), "{section}")?)
    }

    pub(crate) fn add(&mut self, row: Row) -> Result<()> {
        let aim = row.goal.map(|goal| format!("goal {goal}")).unwrap_or_default();
        let Row { row: name, value, unit, beside, note, .. } = &row;
        writeln!(io::stdout(), "  {name:<52} {value:>10.3} {unit:<7} {aim:<10} {beside} {note}")?;
        self.rows.push(Row { section: self.section.clone(), ..row });
        Ok(())
    }

    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        Ok(fs::write(path, serde_json::to_string_pretty(&self.rows)?)?)
    }
}

/// Values in order, to take percentiles from.
#[derive(Debug)]
pub(crate) struct Sorted(Vec<f64>);

impl Sorted {
    pub(crate) fn new(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        Self(values)
    }

    /// The value that `percent` of all values do not exceed.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        let at = (self.0.len() * percent / 100).min(self.0.len().saturating_sub(1));
        self.0.get(at).copied().unwrap_or(f64::NAN)
    }

    /// How many, the least and the most.
    pub(crate) fn spread(&self) -> String {
        let (least, most) = (self.percentile(0), self.percentile(100));
        format!("n {}, min {least:.3}, max {most:.3}", self.0.len())
    }
}

/// The geometric mean.
pub(crate) fn geometric_mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value: f64| (sum + value.ln(), count + 1.0));
    (sum / count).exp()
}

//! One field of a cron expression: lists, ranges, steps and names, read into the set of its values.

use super::Error;

const MONTHS: &[&str] = &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: &[&str] = &["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// Which field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    Second,
    Minute,
    Hour,
    DayOfMonth,
    Month,
    DayOfWeek,
}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(crate) enum Problem {
    #[error("a value is missing: write one on each side of a comma")]
    Missing,
    #[error("{text:?} is no value of it: write {allowed}")]
    Value { text: String, allowed: &'static str },
    #[error("{text:?} goes backwards: write {low}-{max},{min}-{high}")]
    Backwards { text: String, low: u8, high: u8, min: u8, max: u8 },
    #[error("the step {text:?} is out of range: write 1 to {max}, or an interval like \"every 90m\"")]
    Step { text: String, max: u8 },
    #[error("\"?\" stands for any day: write \"*\" here")]
    Question,
    #[error(
        "\"L\" alone is the last day of a month: write 5L for the last Friday, or move it to the day of month"
    )]
    LastDay,
    #[error(
        "\"L\" belongs to the day of month alone (L) or to one day of the week (5L): write a number here"
    )]
    Last,
}

/// The values that a field allows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Field {
    /// Bit n stands for the value n; Sunday is 0.
    pub(super) values: u64,
    /// It says `*` or `?`: it restricts nothing.
    pub(super) any: bool,
    /// It runs through its whole range, perhaps in steps: `*`, `*/2`, `0-23`.
    pub(super) through: bool,
    /// Day of month: the last one is among them.
    pub(super) last: bool,
    /// Day of week: those of which the month's last is among them.
    pub(super) last_weekdays: u64,
}

impl Name {
    pub(super) fn min(self) -> u8 {
        match self {
            Self::Second | Self::Minute | Self::Hour | Self::DayOfWeek => 0,
            Self::DayOfMonth | Self::Month => 1,
        }
    }

    /// The largest number that may be written. For the day of week that is 7, Sunday once more.
    fn max(self) -> u8 {
        match self {
            Self::Second | Self::Minute => 59,
            Self::Hour => 23,
            Self::DayOfMonth => 31,
            Self::Month => 12,
            Self::DayOfWeek => 7,
        }
    }

    /// The largest value that there is.
    pub(super) fn last(self) -> u8 {
        if self == Self::DayOfWeek { 6 } else { self.max() }
    }

    /// Every value that there is.
    pub(super) fn all(self) -> u64 {
        (self.min()..=self.last()).fold(0, |set, value| set | 1 << value)
    }

    fn allowed(self) -> &'static str {
        match self {
            Self::Second | Self::Minute => "0 to 59",
            Self::Hour => "0 to 23",
            Self::DayOfMonth => "1 to 31, or L for the last day",
            Self::Month => "1 to 12, or jan to dec",
            Self::DayOfWeek => "0 to 7, sun to sat, or 5L for the last Friday",
        }
    }

    fn is_day(self) -> bool {
        matches!(self, Self::DayOfMonth | Self::DayOfWeek)
    }

    /// Beginning with that of its smallest value.
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Second | Self::Minute | Self::Hour | Self::DayOfMonth => &[],
            Self::Month => MONTHS,
            Self::DayOfWeek => WEEKDAYS,
        }
    }

    fn value(self, text: &str) -> Result<u8, Problem> {
        let position = || self.names().iter().position(|name| name.eq_ignore_ascii_case(text));
        let by_name = || position().and_then(|at| u8::try_from(at).ok()).map(|at| at + self.min());
        let value = number(text).or_else(by_name).filter(|value| (self.min()..=self.max()).contains(value));
        value.ok_or_else(|| Problem::Value { text: text.to_owned(), allowed: self.allowed() })
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::DayOfMonth => "day of month",
            Self::Month => "month",
            Self::DayOfWeek => "day of week",
        })
    }
}

/// Digits alone: the library also takes a sign.
fn number(text: &str) -> Option<u8> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

impl Field {
    pub(super) fn parse(name: Name, text: &str) -> Result<Self, Error> {
        let mut field = Self::default();
        for item in text.split(',') {
            field.add(name, item).map_err(|problem| Error::Field {
                field: name,
                text: text.to_owned(),
                problem,
            })?;
        }
        Ok(field)
    }

    /// A field that allows one value.
    pub(super) fn only(value: u8) -> Self {
        Self { values: 1 << value, ..Self::default() }
    }

    fn add(&mut self, name: Name, item: &str) -> Result<(), Problem> {
        if item.is_empty() {
            return Err(Problem::Missing);
        }
        if name != Name::Month && item.ends_with(['l', 'L']) {
            return self.add_last(name, &item[..item.len() - 1]);
        }
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (item, None),
        };
        let max = name.max();
        let step_by = match step {
            None => 1,
            Some(text) => number(text)
                .filter(|step| (1..=max).contains(step))
                .ok_or_else(|| Problem::Step { text: text.to_owned(), max })?,
        };
        let (low, high) = match range {
            "*" => (name.min(), name.last()),
            "?" if name.is_day() => (name.min(), name.last()),
            "?" => return Err(Problem::Question),
            _ => match range.split_once('-') {
                Some((low, high)) => Self::range(name, range, name.value(low)?, name.value(high)?)?,
                // From there to the end in steps, or that value alone.
                None if step.is_some() => (name.value(range)?, name.last().max(name.value(range)?)),
                None => (name.value(range)?, name.value(range)?),
            },
        };
        let whole = low == name.min() && high >= name.last();
        self.any |= step_by == 1 && matches!(range, "*" | "?");
        self.through |= whole;
        for value in (low..=high).step_by(usize::from(step_by)) {
            self.values |= 1 << if name == Name::DayOfWeek { value % 7 } else { value };
        }
        Ok(())
    }

    /// The ends of a range. One of weekdays may go past Saturday, as `fri-mon` does; its end is then above 6.
    fn range(name: Name, text: &str, low: u8, high: u8) -> Result<(u8, u8), Problem> {
        if low <= high {
            Ok((low, high))
        } else if name == Name::DayOfWeek {
            Ok((low, high + 7))
        } else {
            let (text, min, max) = (text.to_owned(), name.min(), name.max());
            Err(Problem::Backwards { text, low, high, min, max })
        }
    }

    /// `L`, or what stands before it.
    fn add_last(&mut self, name: Name, before: &str) -> Result<(), Problem> {
        match (name, before) {
            (Name::DayOfMonth, "") => self.last = true,
            (Name::DayOfWeek, "") => return Err(Problem::LastDay),
            (Name::DayOfWeek, day) => self.last_weekdays |= 1 << (name.value(day)? % 7),
            (Name::Second | Name::Minute | Name::Hour | Name::DayOfMonth | Name::Month, _) => {
                return Err(Problem::Last);
            }
        }
        Ok(())
    }
}

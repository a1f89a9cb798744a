//! A cron expression: its five or six fields, or the name of one.

use super::{
    Error,
    daylight::Pace,
    field::{Field, Name},
};

/// The fields of an expression, and the text of two of them for what is said about it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Expression {
    pub(super) second: Field,
    pub(super) minute: Field,
    pub(super) hour: Field,
    pub(super) day_of_month: Field,
    pub(super) month: Field,
    pub(super) day_of_week: Field,
    pub(super) days_text: String,
    pub(super) months_text: String,
}

impl Expression {
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let text = if text.starts_with('@') { named(text)? } else { text };
        let fields: Vec<&str> = text.split_whitespace().collect();
        let (second, rest) = match fields[..] {
            [second, ref rest @ ..] if rest.len() == 5 => (Field::parse(Name::Second, second)?, rest),
            _ => (Field::only(0), &fields[..]),
        };
        let &[minute, hour, days, months, weekdays] = rest else {
            return Err(Error::FieldCount { text: text.to_owned(), count: fields.len() });
        };
        Ok(Self {
            second,
            minute: Field::parse(Name::Minute, minute)?,
            hour: Field::parse(Name::Hour, hour)?,
            day_of_month: Field::parse(Name::DayOfMonth, days)?,
            month: Field::parse(Name::Month, months)?,
            day_of_week: Field::parse(Name::DayOfWeek, weekdays)?,
            days_text: days.to_owned(),
            months_text: months.to_owned(),
        })
    }

    /// What runs through the hours goes on with the time that passes; what names hours comes once for each.
    pub(super) fn pace(&self) -> Pace {
        if self.hour.through && self.hour.values.count_ones() > 1 { Pace::Elapsed } else { Pace::Fixed }
    }
}

fn named(text: &str) -> Result<&'static str, Error> {
    Ok(match text.to_ascii_lowercase().as_str() {
        "@hourly" => "0 * * * *",
        "@daily" | "@midnight" => "0 0 * * *",
        "@weekly" => "0 0 * * 0",
        "@monthly" => "0 0 1 * *",
        "@yearly" | "@annually" => "0 0 1 1 *",
        _ => return Err(Error::Macro { text: text.to_owned() }),
    })
}

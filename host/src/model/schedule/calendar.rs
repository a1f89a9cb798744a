//! What a clock on the wall shows when an expression matches, whatever the zone. The search is that of the crate `cron`,
//! which joins the two day fields with "and" and knows no last days; both become several of its schedules here.

use std::str::FromStr as _;

use chrono::{DateTime, Utc};

use super::{Error, expression::Expression, field::Name};

/// The years that the crate knows.
const FIRST_YEAR: u16 = 1970;
const LAST_YEAR: u16 = 2100;
/// Months by how long they are, and the years in which they are.
const LENGTHS: [(u8, &[u8], Years); 4] = [
    (31, &[1, 3, 5, 7, 8, 10, 12], Years::All),
    (30, &[4, 6, 9, 11], Years::All),
    (29, &[2], Years::Leap),
    (28, &[2], Years::Common),
];

/// Times on the wall: seconds since 1970 began there. At most nine schedules, any of which may match.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Calendar {
    any_of: Vec<cron::Schedule>,
}

#[derive(Clone, Copy, Debug)]
enum Years {
    All,
    Leap,
    Common,
}

/// Days that satisfy all of these sets.
#[derive(Clone, Copy, Debug)]
struct Days {
    days: u64,
    months: u64,
    weekdays: u64,
    years: Years,
}

impl Calendar {
    pub(super) fn new(expression: &Expression) -> Result<Self, Error> {
        let days = days(expression);
        if !days.iter().any(|days| days.come()) {
            let (days, months) = (expression.days_text.clone(), expression.months_text.clone());
            return Err(Error::NeverComes { days, months });
        }
        let Expression { second, minute, hour, .. } = expression;
        let time = [(Name::Second, second), (Name::Minute, minute), (Name::Hour, hour)]
            .map(|(name, field)| list(name, field.values))
            .join(" ");
        let any_of = days.iter().map(|days| {
            cron::Schedule::from_str(&format!("{time} {}", days.in_cron()))
                .expect("every field holds numbers in its range")
        });
        Ok(Self { any_of: any_of.collect() })
    }

    /// The first match from `wall` on. The search ends with the last year.
    pub(super) fn next(&self, wall: i64) -> Option<i64> {
        let before: DateTime<Utc> = DateTime::from_timestamp(wall.max(0) - 1, 0)?;
        let found = self.any_of.iter().filter_map(|schedule| schedule.after(&before).next());
        found.map(|found| found.timestamp()).min()
    }
}

/// The days of an expression, as a union: when both day fields restrict days, either may match, as in every crontab.
fn days(expression: &Expression) -> Vec<Days> {
    let Expression { day_of_month, month, day_of_week, .. } = expression;
    let (all_days, all_weekdays) = (Name::DayOfMonth.all(), Name::DayOfWeek.all());
    let each = Days { days: all_days, months: month.values, weekdays: all_weekdays, years: Years::All };
    if day_of_month.any && day_of_week.any {
        return vec![each];
    }
    let mut found = Vec::new();
    if !day_of_month.any {
        let days = day_of_month.values;
        if day_of_month.last {
            found.extend(each.by_length(|length| days | 1 << length));
        } else {
            found.push(Days { days, ..each });
        }
    }
    if !day_of_week.any {
        if day_of_week.values != 0 {
            found.push(Days { weekdays: day_of_week.values, ..each });
        }
        if day_of_week.last_weekdays != 0 {
            let last = Days { weekdays: day_of_week.last_weekdays, ..each };
            found.extend(last.by_length(|length| 0b111_1111 << (length - 6)));
        }
    }
    found
}

impl Days {
    /// These days with a set of their own in months of each length.
    fn by_length(self, days: impl Fn(u8) -> u64) -> impl Iterator<Item = Self> {
        let parts = LENGTHS.iter().map(move |(length, months, years)| {
            let months = months.iter().fold(0, |set, month| set | 1 << month) & self.months;
            Self { days: days(*length), months, years: *years, ..self }
        });
        parts.filter(|part| part.months != 0)
    }

    /// Whether there is such a day in any year.
    fn come(self) -> bool {
        LENGTHS.iter().any(|(length, months, _)| {
            let has_month = months.iter().any(|month| self.months & 1 << month != 0);
            has_month && (1..=*length).any(|day| self.days & 1 << day != 0)
        })
    }

    /// The last four fields of the crate's expressions. It counts Sunday as 1.
    fn in_cron(self) -> String {
        let days = list(Name::DayOfMonth, self.days);
        let months = list(Name::Month, self.months);
        let weekdays = match self.weekdays {
            all if all == Name::DayOfWeek.all() => "*".to_owned(),
            some => numbers((0..7).filter(|day| some & 1 << day != 0).map(|day| day + 1)),
        };
        let years = match self.years {
            Years::All => "*".to_owned(),
            Years::Leap => numbers((FIRST_YEAR..=LAST_YEAR).filter(|year| is_leap(*year))),
            Years::Common => numbers((FIRST_YEAR..=LAST_YEAR).filter(|year| !is_leap(*year))),
        };
        format!("{days} {months} {weekdays} {years}")
    }
}

fn is_leap(year: u16) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

/// A set in the crate's words.
fn list(name: Name, set: u64) -> String {
    if set == name.all() {
        return "*".to_owned();
    }
    numbers((u16::from(name.min())..=u16::from(name.last())).filter(|value| set & 1 << value != 0))
}

fn numbers(values: impl Iterator<Item = u16>) -> String {
    values.map(|value| value.to_string()).collect::<Vec<_>>().join(",")
}

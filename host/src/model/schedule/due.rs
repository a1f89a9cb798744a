//! A schedule: what a user wrote, in which zone, and the times at which it is due.

use jiff::Timestamp;

use super::{Error, Zone, calendar::Calendar, daylight, expression::Expression, interval::Interval};

const BYTES_MAX: usize = 256;

/// A schedule that was understood and comes due some day.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Schedule {
    pub(super) text: String,
    zone: Zone,
    rule: Rule,
}

#[derive(Clone, Debug, PartialEq)]
enum Rule {
    Cron { calendar: Calendar, pace: daylight::Pace },
    Every(Interval),
}

impl Schedule {
    /// Reads a cron expression, one of its names such as `@daily`, or an interval such as `every 15m`.
    pub(crate) fn parse(text: &str, zone: Zone) -> Result<Self, Error> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Error::Empty);
        }
        if text.len() > BYTES_MAX {
            return Err(Error::Length { bytes: text.len(), bytes_max: BYTES_MAX });
        }
        let rule = match Interval::parse(text)? {
            Some(interval) => Rule::Every(interval),
            None => {
                let expression = Expression::parse(text)?;
                Rule::Cron { pace: expression.pace(), calendar: Calendar::new(&expression)? }
            }
        };
        Ok(Self { text: text.to_owned(), zone, rule })
    }

    /// The first due time after `after`; `None` when there is none up to the year 2100, where cron's calendar ends.
    pub(crate) fn next(&self, after: Timestamp) -> Option<Timestamp> {
        match &self.rule {
            Rule::Cron { calendar, pace } => daylight::next(calendar, *pace, &self.zone, after),
            Rule::Every(interval) => interval.next(after),
        }
    }

    /// The due times after `after`, up to `until` and with it, each looked for when it is asked for.
    pub(crate) fn due(&self, after: Timestamp, until: Timestamp) -> impl Iterator<Item = Timestamp> {
        let mut last = after;
        std::iter::from_fn(move || {
            last = self.next(last).filter(|due| *due <= until)?;
            Some(last)
        })
    }

    /// What it says, for people who do not read cron.
    pub(crate) fn in_words(&self) -> String {
        match &self.rule {
            Rule::Every(interval) => interval.in_words(),
            Rule::Cron { .. } => {
                Expression::parse(&self.text).map_or_else(|_| self.text.clone(), |cron| cron.in_words())
            }
        }
    }

    /// Where its times of day are meant.
    pub(crate) fn zone(&self) -> &Zone {
        &self.zone
    }
}

//! Intervals: every so many seconds, counted from the beginning of 1970 in UTC, so that due times depend on nothing else.

use jiff::Timestamp;

use super::Error;

const SECONDS_MAX: i64 = 366 * 86_400;
/// Each at most once, in this order.
const UNITS: [(char, i64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// A number of seconds, from one to `SECONDS_MAX`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Interval {
    seconds: i64,
}

impl Interval {
    /// Reads `every 1h30m`; `None` when the text does not begin like an interval.
    pub(super) fn parse(text: &str) -> Result<Option<Self>, Error> {
        let mut words = text.split_whitespace();
        if !words.next().is_some_and(|word| word.eq_ignore_ascii_case("every")) {
            return Ok(None);
        }
        let wrong = || Error::Interval { text: text.to_owned() };
        let mut units = UNITS.iter();
        let (mut seconds, mut parts) = (0_i64, 0);
        for word in words {
            for part in word.split_inclusive(|char: char| !char.is_ascii_digit()) {
                let unit = part.chars().next_back().ok_or_else(wrong)?.to_ascii_lowercase();
                let (_, unit_seconds) = units.find(|(name, _)| *name == unit).ok_or_else(wrong)?;
                // The unit is one of ours, so one byte long.
                let count: u32 = match part[..part.len() - 1].parse() {
                    Ok(count) => count,
                    Err(error) if *error.kind() == std::num::IntErrorKind::PosOverflow => u32::MAX,
                    Err(_) => return Err(wrong()),
                };
                seconds += i64::from(count) * unit_seconds;
                parts += 1;
            }
        }
        match seconds {
            _ if parts == 0 => Err(wrong()),
            1..=SECONDS_MAX => Ok(Some(Self { seconds })),
            _ => Err(Error::IntervalRange { text: text.to_owned() }),
        }
    }

    /// `every 1 hour 30 minutes`
    pub(super) fn in_words(self) -> String {
        let (mut left, mut words) = (self.seconds, "every".to_owned());
        for ((_, seconds), name) in UNITS.iter().zip(["day", "hour", "minute", "second"]) {
            let count = left / seconds;
            left %= seconds;
            if count > 0 {
                words.push_str(&format!(" {count} {name}{}", if count == 1 { "" } else { "s" }));
            }
        }
        // "Every hour", but "every 1 hour 30 minutes".
        match words.strip_prefix("every 1 ") {
            Some(unit) if !unit.contains(' ') => format!("every {unit}"),
            Some(_) | None => words,
        }
    }

    /// The first multiple of the interval after `after`.
    pub(super) fn next(self, after: Timestamp) -> Option<Timestamp> {
        let passed = super::daylight::second(after).div_euclid(self.seconds);
        Timestamp::from_second((passed + 1) * self.seconds).ok()
    }
}

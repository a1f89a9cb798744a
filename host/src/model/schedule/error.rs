//! Why a schedule is refused: what is wrong, where, and what to do.

use super::field::{Name, Problem};

/// Why a schedule or a time zone is refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(crate) enum Error {
    #[error(
        "the schedule is empty: write a cron expression like \"30 2 * * *\", or an interval like \"every 15m\""
    )]
    Empty,
    #[error("the schedule has {bytes} bytes, the limit is {bytes_max}: write two actions with shorter ones")]
    Length { bytes: usize, bytes_max: usize },
    #[error(
        "the schedule {text:?} has {count} fields: write 5 (minute, hour, day of month, month, day of week), or 6 with the \
         second in front"
    )]
    FieldCount { text: String, count: usize },
    #[error(
        "the schedule {text:?} is not known: write @hourly, @daily, @midnight, @weekly, @monthly, @yearly or @annually"
    )]
    Macro { text: String },
    #[error("the {field} {text:?}: {problem}")]
    Field { field: Name, text: String, problem: Problem },
    #[error(
        "the day of month {days:?} never comes in the month {months:?}: write a day that these months have"
    )]
    NeverComes { days: String, months: String },
    #[error(
        "the interval {text:?} is not understood: write for example \"every 90s\", \"every 15m\" or \"every 1h30m\""
    )]
    Interval { text: String },
    #[error("the interval {text:?} is out of range: write 1 second to 366 days")]
    IntervalRange { text: String },
    #[error(
        "the time zone {name:?} is not known: write a name of the IANA database, like Europe/Berlin or UTC"
    )]
    Zone { name: String },
}

//! Times in records: microseconds since 1970.

use jiff::Timestamp;

pub(in crate::store) fn micros(time: Timestamp) -> i64 {
    time.as_microsecond()
}

pub(in crate::store) fn millis(time: Timestamp) -> i64 {
    time.as_millisecond()
}

pub(super) fn time(micros: i64) -> Result<Timestamp, String> {
    Timestamp::from_microsecond(micros).map_err(|error| error.to_string())
}

pub(super) fn optional(micros: Option<i64>) -> Result<Option<Timestamp>, String> {
    micros.map(time).transpose()
}

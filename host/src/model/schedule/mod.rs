//! When an action is due: cron expressions and intervals in a time zone.

mod calendar;
mod daylight;
mod due;
mod error;
mod expression;
mod field;
mod interval;
mod words;
mod zone;

pub(crate) use due::Schedule;
pub(crate) use error::Error;
pub(crate) use zone::Zone;

#[cfg(test)]
mod tests;

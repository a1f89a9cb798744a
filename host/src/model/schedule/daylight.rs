//! From what a clock on the wall shows to moments, over the days on which clocks are changed. Users read the rule in
//! `docs/schedules.md`.

use jiff::{
    Timestamp,
    tz::{AmbiguousOffset, Offset},
};

use super::{Zone, calendar::Calendar};

/// A gap this long leaves out a date: a zone moved over the date line.
const DATE_S: i64 = 86_400;
/// Transitions that are looked at for the one that changes the clock: others only rename what the clock shows.
const TRANSITIONS_MAX: usize = 4;

/// How a schedule goes through a day on which clocks are changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Pace {
    /// Each time on the wall counts once. One that is left out comes at the moment the clock is set forward, one that is
    /// there twice comes the first time.
    Fixed,
    /// Whenever the wall shows it: not when it is left out, and again when it is there twice.
    Elapsed,
}

/// The first moment after `after` at which the calendar is due in the zone.
pub(super) fn next(calendar: &Calendar, pace: Pace, zone: &Zone, after: Timestamp) -> Option<Timestamp> {
    let search = Search { calendar, zone, after: second(after) };
    let due = match pace {
        Pace::Fixed => search.fixed(),
        Pace::Elapsed => search.elapsed(),
    };
    due.and_then(|due| Timestamp::from_second(due).ok())
}

/// The second that a time lies in.
pub(super) fn second(at: Timestamp) -> i64 {
    at.as_second() - i64::from(at.subsec_nanosecond() < 0)
}

/// A search for what comes after `after`. Moments and times on the wall are both in seconds; every step of a search goes
/// on along the wall, and the calendar ends.
struct Search<'a> {
    calendar: &'a Calendar,
    zone: &'a Zone,
    after: i64,
}

impl Search<'_> {
    fn fixed(&self) -> Option<i64> {
        let mut from = self.wall()? + 1;
        loop {
            let wall = self.calendar.next(from)?;
            let due = match self.place(wall)? {
                AmbiguousOffset::Unambiguous { offset } => wall - s(offset),
                AmbiguousOffset::Gap { before, after } => {
                    let forward = self.change(wall - s(after), after).unwrap_or(wall - s(before));
                    from = forward + s(after);
                    if s(after) - s(before) < DATE_S { forward } else { self.after }
                }
                AmbiguousOffset::Fold { before, after } => {
                    let first = wall - s(before);
                    from = self.change(first, after).map_or(wall, |back| back + s(before));
                    first
                }
            };
            if due > self.after {
                return Some(due);
            }
            from = from.max(wall + 1);
        }
    }

    fn elapsed(&self) -> Option<i64> {
        let (now, mut from) = (self.wall()?, self.wall()? + 1);
        let onward = loop {
            let Some(wall) = self.calendar.next(from) else { break None };
            let due = match self.place(wall)? {
                AmbiguousOffset::Unambiguous { offset } => wall - s(offset),
                AmbiguousOffset::Gap { before, after } => {
                    let forward = self.change(wall - s(after), after).unwrap_or(wall - s(before));
                    from = forward + s(after);
                    self.after
                }
                AmbiguousOffset::Fold { before, after } => {
                    let first = wall - s(before);
                    if first > self.after { first } else { wall - s(after) }
                }
            };
            if due > self.after {
                break Some(due);
            }
            from = from.max(wall + 1);
        };
        // Before clocks are set back, what the wall has shown already comes again.
        match self.place(now)? {
            AmbiguousOffset::Fold { before, after } if now - s(before) == self.after => {
                let again = self.change(self.after, after).and_then(|back| {
                    let wall = self.calendar.next(back + s(after))?;
                    (wall < back + s(before)).then(|| wall - s(after))
                });
                [onward, again].into_iter().flatten().min()
            }
            AmbiguousOffset::Fold { .. }
            | AmbiguousOffset::Gap { .. }
            | AmbiguousOffset::Unambiguous { .. } => onward,
        }
    }

    /// What the wall shows at `after`.
    fn wall(&self) -> Option<i64> {
        let after = Timestamp::from_second(self.after).ok()?;
        Some(self.after + s(self.zone.offset(after)))
    }

    /// Whether the wall shows a time once, never or twice.
    fn place(&self, wall: i64) -> Option<AmbiguousOffset> {
        let shown = Offset::UTC.to_datetime(Timestamp::from_second(wall).ok()?);
        Some(self.zone.rules().to_ambiguous_timestamp(shown).offset())
    }

    /// The moment after `from` at which clocks are changed to `offset`.
    fn change(&self, from: i64, offset: Offset) -> Option<i64> {
        let mut following =
            self.zone.rules().following(Timestamp::from_second(from).ok()?).take(TRANSITIONS_MAX);
        let change = following.find(|transition| transition.offset() == offset)?;
        Some(change.timestamp().as_second())
    }
}

/// An offset's seconds, as moments and times on the wall count them.
fn s(offset: Offset) -> i64 {
    i64::from(offset.seconds())
}

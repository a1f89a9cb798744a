//! What is done about the due times of one action: pure, so that it can be read and tested.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::model::{
    policy::{Missed, Overlap},
    schedule::Schedule,
};

/// A due time that is decided on later than this was missed: the server was away, or the machine slept.
pub(super) const LATE_MAX: Duration = Duration::from_secs(60);
/// Due times that are counted or made up for at one time. Those before them are neither.
const DUE_MAX: usize = 10_000;
/// How far before now missed due times are looked for, in seconds, and how far at first.
const AWAY_MAX: i64 = 10 * 366 * 86_400;
const AWAY_FIRST: i64 = 3_600;

/// What is to be done.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Decision {
    /// Due times that become runs, oldest first.
    pub(super) runs: Vec<Timestamp>,
    /// How many were not made up for.
    pub(super) missed: u64,
    /// How many nothing happens at because an earlier run has not ended.
    pub(super) skipped: u64,
    /// Everything up to this is decided on.
    pub(super) until: Option<Timestamp>,
}

/// Decides on the due times after `decided` up to `now`. `busy`: a timed run of the action waits or runs.
pub(super) fn decide(
    schedule: &Schedule,
    missed: Missed,
    overlap: Overlap,
    decided: Timestamp,
    now: Timestamp,
    busy: bool,
) -> Decision {
    let late = SignedDuration::try_from(LATE_MAX).unwrap_or(SignedDuration::ZERO);
    let away = now.checked_sub(late).unwrap_or(Timestamp::MIN).max(decided);
    let (made_up, given_up) = made_up_for(schedule, missed, decided, away);
    let on_time = schedule.due(away, now).take(DUE_MAX);
    let due: Vec<Timestamp> = made_up.into_iter().chain(on_time).collect();
    let until = Some(now).filter(|_| !due.is_empty() || given_up > 0);
    let mut decision = Decision { missed: given_up, until, ..Decision::default() };
    match overlap {
        Overlap::Allow | Overlap::Queue => decision.runs = due,
        Overlap::Skip => {
            // One at most: each later one would find it unfinished.
            let free = usize::from(!busy);
            decision.skipped = due.len().saturating_sub(free) as u64;
            decision.runs = due.into_iter().take(free).collect();
        }
    }
    decision
}

/// Which due times of a time away are made up for, and how many are not.
fn made_up_for(
    schedule: &Schedule,
    missed: Missed,
    decided: Timestamp,
    away: Timestamp,
) -> (Vec<Timestamp>, u64) {
    if away <= decided {
        return (Vec::new(), 0);
    }
    let due = latest_due(schedule, decided, away);
    let kept = match missed {
        Missed::Skip => 0,
        Missed::Once => 1,
        Missed::All { runs_max } => runs_max as usize,
    };
    let given_up = due.len().saturating_sub(kept);
    (due[given_up..].to_vec(), given_up as u64)
}

/// All due times after `after` up to `until`; when these are too many, all of the longest stretch before `until` that was
/// found to hold few enough.
fn latest_due(schedule: &Schedule, after: Timestamp, until: Timestamp) -> Vec<Timestamp> {
    let whole = until.duration_since(after).as_secs().saturating_add(1).min(AWAY_MAX);
    // A stretch known to hold few enough, with what it holds; one known to hold too many; one to look at.
    let (mut short, mut due, mut long, mut next) = (0, Vec::new(), None, AWAY_FIRST.min(whole));
    loop {
        let from = until.checked_sub(SignedDuration::from_secs(next)).unwrap_or(Timestamp::MIN).max(after);
        let found: Vec<Timestamp> = schedule.due(from, until).take(DUE_MAX + 1).collect();
        if found.len() > DUE_MAX {
            long = Some(next);
        } else {
            (short, due) = (next, found);
        }
        next = match long {
            None if short == whole => return due,
            None => (short * 2).min(whole),
            Some(long) if due.len() >= DUE_MAX / 4 || long - short <= 1 => return due,
            Some(long) => short + (long - short) / 2,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::schedule::Zone;

    /// Expression, policies, what was decided on before and when, whether a run is under way; runs, missed, skipped.
    type Row = (&'static str, Missed, Overlap, Times, bool, (&'static [&'static str], u64, u64));
    type Times = (&'static str, &'static str);

    const ALL: Missed = Missed::All { runs_max: 2 };

    #[rustfmt::skip]
    const ROWS: &[Row] = &[
        // On time, not yet due, a little late.
        ("* * * * *", Missed::Once, Overlap::Skip, ("10:00:00", "10:01:00"), false, (&["10:01:00"], 0, 0)),
        ("* * * * *", Missed::Once, Overlap::Skip, ("10:00:00", "10:00:59"), false, (&[], 0, 0)),
        ("* * * * *", Missed::Skip, Overlap::Skip, ("10:00:00", "10:01:50"), false, (&["10:01:00"], 0, 0)),
        // An earlier run has not ended.
        ("* * * * *", Missed::Once, Overlap::Skip, ("10:00:00", "10:01:00"), true, (&[], 0, 1)),
        ("* * * * *", Missed::Once, Overlap::Queue, ("10:00:00", "10:01:00"), true, (&["10:01:00"], 0, 0)),
        ("* * * * *", Missed::Once, Overlap::Allow, ("10:00:00", "10:01:00"), true, (&["10:01:00"], 0, 0)),
        ("every 10s", Missed::Once, Overlap::Skip, ("10:00:00", "10:00:30"), false, (&["10:00:10"], 0, 2)),
        // The server was away.
        ("0 * * * *", Missed::Skip, Overlap::Queue, ("10:00:00", "15:30:00"), false, (&[], 5, 0)),
        ("0 * * * *", Missed::Once, Overlap::Queue, ("10:00:00", "15:30:00"), false, (&["15:00:00"], 4, 0)),
        ("0 * * * *", ALL, Overlap::Queue, ("10:00:00", "15:30:00"), false, (&["14:00:00", "15:00:00"], 3, 0)),
        ("0 * * * *", ALL, Overlap::Skip, ("10:00:00", "15:30:00"), false, (&["14:00:00"], 3, 1)),
        ("0 * * * *", Missed::Once, Overlap::Queue, ("10:00:00", "16:00:30"), false, (&["15:00:00", "16:00:00"], 4, 0)),
    ];

    fn at(text: &str) -> Timestamp {
        format!("2026-03-01T{text}Z").parse().unwrap()
    }

    fn check(
        text: &str,
        missed: Missed,
        overlap: Overlap,
        times: (&str, &str),
        busy: bool,
    ) -> (Vec<String>, u64, u64) {
        let schedule = Schedule::parse(text, Zone::UTC).unwrap();
        let decision = decide(&schedule, missed, overlap, at(times.0), at(times.1), busy);
        let runs = decision.runs.iter().map(|run| run.strftime("%H:%M:%S").to_string()).collect();
        (runs, decision.missed, decision.skipped)
    }

    #[test]
    fn due_times_become_runs_by_the_action_s_policy() {
        for (text, missed, overlap, times, busy, (expected, given_up, skipped)) in ROWS {
            let (runs, found_given_up, found_skipped) = check(text, *missed, *overlap, *times, *busy);
            assert_eq!(
                (runs.iter().map(String::as_str).collect::<Vec<_>>(), found_given_up, found_skipped),
                (expected.to_vec(), *given_up, *skipped),
                "{text} {times:?}"
            );
        }
    }

    #[test]
    fn after_a_long_time_away_the_latest_is_made_up_for() {
        for (text, decided, now, expected, missed) in [
            ("0 * * * *", "2026-02-20T00:00:00", "2026-03-01T10:30:30", "2026-03-01T10:00:00", 225..=225),
            (
                "* * * * *",
                "2026-02-20T00:00:00",
                "2026-03-01T10:00:30",
                "2026-03-01T09:59:00",
                2_500..=DUE_MAX,
            ),
            (
                "every 2s",
                "2026-02-28T10:00:00",
                "2026-03-01T10:00:01",
                "2026-03-01T09:59:00",
                2_500..=DUE_MAX,
            ),
            (
                "every 1s",
                "2020-01-01T00:00:00",
                "2026-01-01T00:00:00",
                "2025-12-31T23:59:00",
                2_500..=DUE_MAX,
            ),
            // Each second of one day, long ago.
            (
                "* * * 1 1 *",
                "2025-06-01T00:00:00",
                "2026-06-01T00:00:00",
                "2026-01-01T23:59:59",
                2_500..=DUE_MAX,
            ),
            ("0 0 1 1 *", "2000-01-01T00:00:00", "2026-06-01T00:00:00", "2026-01-01T00:00:00", 9..=9),
        ] {
            let schedule = Schedule::parse(text, Zone::UTC).unwrap();
            let at = |text: &str| -> Timestamp { format!("{text}Z").parse().unwrap() };
            let decision = decide(&schedule, Missed::Once, Overlap::Queue, at(decided), at(now), false);
            assert_eq!(
                (decision.runs.first(), decision.until),
                (Some(&at(expected)), Some(at(now))),
                "{text}"
            );
            assert!(missed.contains(&(decision.missed as usize)), "{text}: {}", decision.missed);
        }
    }
}

//! Whatever ends in whatever order: what is told is what a plain count of the runs says.

use proptest::prelude::*;

use super::*;
use crate::model::run::{Trigger, Usage};

const NOW: &str = "2026-03-10T12:30:00Z";

/// A run that ended so many minutes before now.
#[derive(Debug, Clone)]
struct Ended {
    minutes: i64,
    org: u8,
    action: u8,
    status: usize,
    fuel: u64,
    wall_us: u64,
    late_ms: Option<i64>,
}

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn org(number: u8) -> OrgId {
    format!("org{number}").parse().unwrap()
}

fn action(number: u8) -> ActionId {
    ActionId::from_bytes([number; 20])
}

fn run(index: usize, ended: &Ended) -> Run {
    let ended_at = now() - SignedDuration::from_mins(ended.minutes);
    let count = u16::try_from(index).unwrap();
    let due = ended.late_ms.map(|late| ended_at - SignedDuration::from_millis(late));
    Run {
        id: RunId::new(ended_at, count, [0; 8]),
        org: org(ended.org),
        // An action is of one organisation.
        action: action(ended.action * 2 + ended.org),
        version: 1,
        trigger: Trigger::Invoke,
        due,
        status: Status::ALL[2 + ended.status],
        queued_at: ended_at,
        not_before: ended_at,
        started_at: Some(ended_at),
        ended_at: Some(ended_at),
        attempt: 1,
        parent: None,
        error: None,
        usage: Some(Usage {
            fuel: ended.fuel,
            wall: Duration::from_micros(ended.wall_us),
            memory_bytes: 0,
            output_bytes: 0,
            prepared: true,
        }),
        traceparent: String::new(),
        input_bytes: 0,
        result_bytes: 0,
        log_bytes: 0,
        coalesced: 0,
        dead: false,
    }
}

fn ended() -> impl Strategy<Value = Ended> {
    let late = prop::option::of(0..100_000_i64);
    let minutes = prop_oneof![0..180_i64, 0..(9 * 24 * 60_i64)];
    (minutes, 0..2_u8, 0..3_u8, 0..4_usize, 0..1_000_000_u64, 0..10_000_000_u64, late).prop_map(
        |(minutes, org, action, status, fuel, wall_us, late_ms)| Ended {
            minutes,
            org,
            action,
            status,
            fuel,
            wall_us,
            late_ms,
        },
    )
}

/// What a plain count of runs says.
fn counted<'a>(runs: impl Iterator<Item = &'a Run>) -> (Outcomes, u64, u64, u64) {
    let (mut outcomes, mut fuel, mut walls, mut lates) = (Outcomes::default(), 0, 0, 0);
    for run in runs {
        let [completed, errored, cancelled, interrupted] =
            [Status::Completed, Status::Errored, Status::Cancelled, Status::Interrupted]
                .map(|status| u64::from(run.status == status));
        outcomes.merge(Outcomes { completed, errored, cancelled, interrupted });
        fuel += run.usage.map_or(0, |usage| usage.fuel);
        walls += u64::from(run.usage.is_some());
        lates += u64::from(run.due.is_some());
    }
    (outcomes, fuel, walls, lates)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn it_says_what_a_plain_count_says(all in prop::collection::vec(ended(), 0..120), newest_first: bool) {
        let mut runs: Vec<Run> = all.iter().enumerate().map(|(index, ended)| run(index, ended)).collect();
        runs.sort_by_key(|run| run.id);
        if newest_first {
            runs.reverse();
        }
        // Whatever the hours are told by: the newest has to be there, or old ones are not forgotten yet.
        let tally = Tally::new(now());
        runs.iter().for_each(|run| tally.add(run));
        for number in 0..2 {
            let hours = tally.hours(&org(number), now());
            prop_assert_eq!(hours.len() as i64, HOURS);
            for (index, hour) in (hour(now()) - HOURS + 1..).zip(&hours) {
                let own = runs.iter().filter(|run| {
                    run.org == org(number) && super::hour(run.ended_at.unwrap()) == index
                });
                let said = (hour.outcomes, hour.fuel, hour.wall.count(), hour.lateness.count());
                prop_assert_eq!(said, counted(own));
            }
        }
        let today = day(now());
        for number in 0..6 {
            let own: Vec<&Run> = runs.iter().filter(|run| run.action == action(number)).collect();
            let days = |from: i64| {
                let own = own.iter().copied();
                counted(own.filter(move |run| (from..=today).contains(&day(run.ended_at.unwrap()))))
            };
            let lately = tally.lately(&action(number), now());
            let (outcomes, fuel, walls, _) = days(today - DAYS + 1);
            prop_assert_eq!((lately.outcomes, lately.fuel, lately.wall.count()), (outcomes, fuel, walls));
            prop_assert_eq!(lately.fuel_today, days(today).1);
            let mut last: Vec<_> = own.iter().map(|run| (run.id, run.status)).collect();
            last.sort_by_key(|(id, _)| *id);
            prop_assert_eq!(lately.last, last.split_off(last.len().saturating_sub(LAST_MAX)));
        }
        for number in 0..2 {
            let costliest = tally.costliest(&org(number), now(), 2);
            prop_assert!(costliest.len() <= 2 && costliest.is_sorted_by(|(_, one), (_, next)| one.fuel >= next.fuel));
            let least = costliest.last().map_or(0, |(_, lately)| lately.fuel);
            let others = (0..6).map(action).filter(|id| !costliest.iter().any(|(known, _)| known == id));
            let own = others.filter(|id| runs.iter().any(|run| run.action == *id && run.org == org(number)));
            for id in own {
                prop_assert!(tally.lately(&id, now()).fuel <= least);
            }
        }
    }
}

#[test]
fn what_is_gone_is_forgotten_and_what_is_too_much_too() {
    let one = |index: usize, minutes: i64, number: u8| {
        let ended = Ended { minutes, org: number, action: 0, status: 0, fuel: 1, wall_us: 1, late_ms: None };
        run(index, &ended)
    };
    let tally = Tally::new(now());
    for index in 0..30 {
        tally.add(&one(index, 5, 0));
        tally.add(&one(index, 5, 1));
    }
    let all =
        |number: u8| tally.hours(&org(number), now()).iter().map(|hour| hour.outcomes.all()).sum::<u64>();
    assert_eq!((tally.lately(&action(0), now()).last.len(), all(0), all(1)), (LAST_MAX, 30, 30));
    tally.forget(&action(0));
    assert_eq!(tally.lately(&action(0), now()), Lately::default());
    assert_eq!((all(0), tally.costliest(&org(0), now(), 9).len()), (30, 0));
    tally.forget_org(&org(0));
    assert_eq!((all(0), all(1)), (0, 30));
    // One that runs is not counted.
    let running = Run { status: Status::Running, ended_at: None, ..one(99, 0, 1) };
    tally.add(&running);
    assert_eq!(all(1), 30);
    // Many actions: those that ran latest stay.
    for index in 0..=ACTIONS_MAX.get() {
        let mut id = [0; 20];
        id[..8].copy_from_slice(&(index as u64).to_be_bytes());
        tally.add(&Run { action: ActionId::from_bytes(id), ..one(7, 5, 1) });
    }
    let counts = tally.counts();
    assert_eq!(counts.actions.len(), ACTIONS_MAX.get());
    assert!(!counts.actions.contains(&ActionId::from_bytes([0; 20])));
}

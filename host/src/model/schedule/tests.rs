//! Schedules by tables, by what always holds, and beside another implementation.

use std::collections::BTreeMap;

use jiff::{Timestamp, ToSpan as _, civil, tz::TimeZone};
use proptest::prelude::*;

use super::{Error, Schedule, Zone};

const CRONITER: &str = include_str!("../../../../tests/schedules/croniter.tsv");
const DIFFERENCES: &str = include_str!("../../../../tests/schedules/differences.txt");
const ROWS_MIN: usize = 2_000;
/// Zones that change their clocks at different times of the day, by different amounts; one left out a date.
const ZONES: [&str; 14] = [
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "America/Sao_Paulo",
    "America/St_Johns",
    "America/Havana",
    "America/Nuuk",
    "Australia/Lord_Howe",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Asia/Beirut",
    "Asia/Kolkata",
    "Pacific/Chatham",
    "UTC",
];

fn zone(name: &str) -> Zone {
    Zone::parse(name).expect("the zone is known")
}

fn schedule(text: &str, zone_name: &str) -> Schedule {
    Schedule::parse(text, zone(zone_name)).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The next times, as the zone's clocks show them.
fn shown(text: &str, zone_name: &str, after: &str, count: usize) -> Vec<String> {
    let schedule = schedule(text, zone_name);
    let due = schedule.due(at(after), Timestamp::MAX).take(count);
    due.map(|due| due.display_with_offset(schedule.zone().offset(due)).to_string()).collect()
}

#[track_caller]
fn check(text: &str, zone_name: &str, after: &str, expected: &[&str]) {
    assert_eq!(
        shown(text, zone_name, after, expected.len()),
        expected,
        "{text} in {zone_name} after {after}"
    );
}

#[test]
fn expressions_come_when_they_say() {
    // After this Thursday noon, in UTC.
    for (text, expected) in [
        ("* * * * *", ["2026-01-01T12:01:00", "2026-01-01T12:02:00"]),
        ("* * * * * *", ["2026-01-01T12:00:01", "2026-01-01T12:00:02"]),
        ("30 * * * * *", ["2026-01-01T12:00:30", "2026-01-01T12:01:30"]),
        ("0 12 * * *", ["2026-01-02T12:00:00", "2026-01-03T12:00:00"]),
        ("  30\t2 1 * *  ", ["2026-02-01T02:30:00", "2026-03-01T02:30:00"]),
        ("*/25 * * * *", ["2026-01-01T12:25:00", "2026-01-01T12:50:00"]),
        ("50/5 * * * *", ["2026-01-01T12:50:00", "2026-01-01T12:55:00"]),
        ("7-20/10 * * * *", ["2026-01-01T12:07:00", "2026-01-01T12:17:00"]),
        ("5,5,3-4 13 * * *", ["2026-01-01T13:03:00", "2026-01-01T13:04:00"]),
        ("08 009 * * *", ["2026-01-02T09:08:00", "2026-01-03T09:08:00"]),
        ("0 0 1 FEB,apr *", ["2026-02-01T00:00:00", "2026-04-01T00:00:00"]),
        ("0 0 1 Nov-12 *", ["2026-11-01T00:00:00", "2026-12-01T00:00:00"]),
        ("0 0 ? * Mon", ["2026-01-05T00:00:00", "2026-01-12T00:00:00"]),
        ("0 0 * * 0", ["2026-01-04T00:00:00", "2026-01-11T00:00:00"]),
        ("0 0 * * 7", ["2026-01-04T00:00:00", "2026-01-11T00:00:00"]),
        ("0 0 * * 5-7", ["2026-01-02T00:00:00", "2026-01-03T00:00:00"]),
        ("0 0 * * sat-sun", ["2026-01-03T00:00:00", "2026-01-04T00:00:00"]),
        ("0 0 * * sun-mon", ["2026-01-04T00:00:00", "2026-01-05T00:00:00"]),
        ("0 0 * * sat-2/2", ["2026-01-03T00:00:00", "2026-01-05T00:00:00"]),
        // Either day: the 13th or a Friday.
        ("0 0 13 * 5", ["2026-01-02T00:00:00", "2026-01-09T00:00:00"]),
        ("0 0 3 * 5", ["2026-01-02T00:00:00", "2026-01-03T00:00:00"]),
        ("0 0 1-31 * 5", ["2026-01-02T00:00:00", "2026-01-03T00:00:00"]),
        ("0 0 */1 * 5", ["2026-01-02T00:00:00", "2026-01-09T00:00:00"]),
        ("0 0 30 2 6", ["2026-02-07T00:00:00", "2026-02-14T00:00:00"]),
        ("0 0 L * *", ["2026-01-31T00:00:00", "2026-02-28T00:00:00"]),
        ("0 0 l 2 *", ["2026-02-28T00:00:00", "2027-02-28T00:00:00"]),
        ("0 0 30,L * *", ["2026-01-30T00:00:00", "2026-01-31T00:00:00"]),
        ("0 0 L 4 sun", ["2026-04-05T00:00:00", "2026-04-12T00:00:00"]),
        ("0 0 * * 5L", ["2026-01-30T00:00:00", "2026-02-27T00:00:00"]),
        ("0 0 * * friL", ["2026-01-30T00:00:00", "2026-02-27T00:00:00"]),
        ("0 0 * * 0L,7l", ["2026-01-25T00:00:00", "2026-02-22T00:00:00"]),
        ("0 0 * * 1,6L", ["2026-01-05T00:00:00", "2026-01-12T00:00:00"]),
        ("0 0 20 * 1L", ["2026-01-20T00:00:00", "2026-01-26T00:00:00"]),
        ("0 0 29 2 *", ["2028-02-29T00:00:00", "2032-02-29T00:00:00"]),
        ("@hourly", ["2026-01-01T13:00:00", "2026-01-01T14:00:00"]),
        ("@Daily", ["2026-01-02T00:00:00", "2026-01-03T00:00:00"]),
        ("@midnight", ["2026-01-02T00:00:00", "2026-01-03T00:00:00"]),
        ("@weekly", ["2026-01-04T00:00:00", "2026-01-11T00:00:00"]),
        ("@monthly", ["2026-02-01T00:00:00", "2026-03-01T00:00:00"]),
        ("@yearly", ["2027-01-01T00:00:00", "2028-01-01T00:00:00"]),
        ("@ANNUALLY", ["2027-01-01T00:00:00", "2028-01-01T00:00:00"]),
        ("every 15m", ["2026-01-01T12:15:00", "2026-01-01T12:30:00"]),
        ("Every 90S", ["2026-01-01T12:01:30", "2026-01-01T12:03:00"]),
        ("every 1h30m", ["2026-01-01T13:30:00", "2026-01-01T15:00:00"]),
        ("every  1h 30m", ["2026-01-01T13:30:00", "2026-01-01T15:00:00"]),
        ("every 7d", ["2026-01-08T00:00:00", "2026-01-15T00:00:00"]),
        ("every 1s", ["2026-01-01T12:00:01", "2026-01-01T12:00:02"]),
        ("every 366d", ["2026-02-12T00:00:00", "2027-02-13T00:00:00"]),
    ] {
        let expected = expected.map(|time| format!("{time}+00:00"));
        assert_eq!(shown(text, "UTC", "2026-01-01T12:00:00Z", 2), expected, "{text}");
    }
}

/// Expression, zone, after, and the next two times.
type Row = (&'static str, &'static str, &'static str, [&'static str; 2]);

/// Clocks are set forward.
const FORWARD: &[Row] = &[
    // 02:00 to 03:00 is left out.
    (
        "30 2 * * *",
        "Europe/Berlin",
        "2026-03-28T12:00Z",
        ["2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"],
    ),
    (
        "30 1 * * *",
        "Europe/Berlin",
        "2026-03-28T12:00Z",
        ["2026-03-29T01:30:00+01:00", "2026-03-30T01:30:00+02:00"],
    ),
    (
        "0 3 * * *",
        "Europe/Berlin",
        "2026-03-28T12:00Z",
        ["2026-03-29T03:00:00+02:00", "2026-03-30T03:00:00+02:00"],
    ),
    // Two times of one moment are one run.
    (
        "0 2,3 * * *",
        "Europe/Berlin",
        "2026-03-28T12:00Z",
        ["2026-03-29T03:00:00+02:00", "2026-03-30T02:00:00+02:00"],
    ),
    (
        "*/20 2 * * *",
        "Europe/Berlin",
        "2026-03-28T12:00Z",
        ["2026-03-29T03:00:00+02:00", "2026-03-30T02:00:00+02:00"],
    ),
    // What runs through the hours goes on with the time that passes.
    (
        "*/30 * * * *",
        "Europe/Berlin",
        "2026-03-29T00:30Z",
        ["2026-03-29T03:00:00+02:00", "2026-03-29T03:30:00+02:00"],
    ),
    (
        "30 * * * *",
        "Europe/Berlin",
        "2026-03-29T00:30Z",
        ["2026-03-29T03:30:00+02:00", "2026-03-29T04:30:00+02:00"],
    ),
    (
        "0 */2 * * *",
        "Europe/Berlin",
        "2026-03-28T23:00Z",
        ["2026-03-29T04:00:00+02:00", "2026-03-29T06:00:00+02:00"],
    ),
    (
        "* * * * * *",
        "Europe/Berlin",
        "2026-03-29T00:59:59Z",
        ["2026-03-29T03:00:00+02:00", "2026-03-29T03:00:01+02:00"],
    ),
    // One hour only is a daily run, however it is written.
    (
        "30 2/22 * * *",
        "Europe/Berlin",
        "2026-03-28T12:00Z",
        ["2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"],
    ),
    // Midnight, and half an hour.
    (
        "0 0 * * *",
        "America/Sao_Paulo",
        "2018-11-03T12:00Z",
        ["2018-11-04T01:00:00-02:00", "2018-11-05T00:00:00-02:00"],
    ),
    (
        "15 2 * * *",
        "Australia/Lord_Howe",
        "2026-10-03T12:00Z",
        ["2026-10-04T02:30:00+11:00", "2026-10-05T02:15:00+11:00"],
    ),
    // Samoa left out the 30th.
    (
        "0 12 * * *",
        "Pacific/Apia",
        "2011-12-29T12:00Z",
        ["2011-12-29T12:00:00-10:00", "2011-12-31T12:00:00+14:00"],
    ),
    (
        "0 0 30 12 *",
        "Pacific/Apia",
        "2011-12-29T12:00Z",
        ["2012-12-30T00:00:00+14:00", "2013-12-30T00:00:00+14:00"],
    ),
];

#[test]
fn clocks_that_are_set_forward_skip_no_daily_run() {
    for (text, zone, after, expected) in FORWARD {
        check(text, zone, after, expected);
    }
}

/// The same where clocks are set back.
const BACK: &[Row] = &[
    // 02:00 to 03:00 is there twice.
    (
        "30 2 * * *",
        "Europe/Berlin",
        "2026-10-24T12:00Z",
        ["2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"],
    ),
    (
        "30 2 * * *",
        "Europe/Berlin",
        "2026-10-25T00:45Z",
        ["2026-10-26T02:30:00+01:00", "2026-10-27T02:30:00+01:00"],
    ),
    (
        "30 2 * * *",
        "Europe/Berlin",
        "2026-10-25T01:10Z",
        ["2026-10-26T02:30:00+01:00", "2026-10-27T02:30:00+01:00"],
    ),
    (
        "30 2,3 * * *",
        "Europe/Berlin",
        "2026-10-24T12:00Z",
        ["2026-10-25T02:30:00+02:00", "2026-10-25T03:30:00+01:00"],
    ),
    (
        "* * 2 * * *",
        "Europe/Berlin",
        "2026-10-25T00:59:59Z",
        ["2026-10-26T02:00:00+01:00", "2026-10-26T02:00:01+01:00"],
    ),
    // What runs through the hours goes on with the time that passes.
    (
        "30 * * * *",
        "Europe/Berlin",
        "2026-10-24T23:30Z",
        ["2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"],
    ),
    (
        "0 */2 * * *",
        "Europe/Berlin",
        "2026-10-24T22:00Z",
        ["2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00"],
    ),
    (
        "50 * * * *",
        "Europe/Berlin",
        "2026-10-25T00:55Z",
        ["2026-10-25T02:50:00+01:00", "2026-10-25T03:50:00+01:00"],
    ),
    (
        "* * * * * *",
        "Europe/Berlin",
        "2026-10-25T00:59:59Z",
        ["2026-10-25T02:00:00+01:00", "2026-10-25T02:00:01+01:00"],
    ),
    // Midnight comes once, also where the hour before it comes twice; and half an hour twice.
    (
        "0 0 * * *",
        "America/Sao_Paulo",
        "2018-02-17T12:00Z",
        ["2018-02-18T00:00:00-03:00", "2018-02-19T00:00:00-03:00"],
    ),
    (
        "45 1 * * *",
        "Australia/Lord_Howe",
        "2026-04-04T12:00Z",
        ["2026-04-05T01:45:00+11:00", "2026-04-06T01:45:00+10:30"],
    ),
];

#[test]
fn clocks_that_are_set_back_double_no_daily_run() {
    for (text, zone, after, expected) in BACK {
        check(text, zone, after, expected);
    }
}

/// What is wrong, and what is said about it.
const WRONG: &[(&str, &str)] = &[
    (
        "",
        "the schedule is empty: write a cron expression like \"30 2 * * *\", or an interval like \"every 15m\"",
    ),
    (
        " \t",
        "the schedule is empty: write a cron expression like \"30 2 * * *\", or an interval like \"every 15m\"",
    ),
    (
        "* * * *",
        "the schedule \"* * * *\" has 4 fields: write 5 (minute, hour, day of month, month, day of week), or 6 with the second in front",
    ),
    ("60 * * * *", "the minute \"60\": \"60\" is no value of it: write 0 to 59"),
    ("60 * * * * *", "the second \"60\": \"60\" is no value of it: write 0 to 59"),
    ("* 1,24 * * *", "the hour \"1,24\": \"24\" is no value of it: write 0 to 23"),
    ("* * 0 * *", "the day of month \"0\": \"0\" is no value of it: write 1 to 31, or L for the last day"),
    ("* * * 13 *", "the month \"13\": \"13\" is no value of it: write 1 to 12, or jan to dec"),
    ("* * * jul-foo *", "the month \"jul-foo\": \"foo\" is no value of it: write 1 to 12, or jan to dec"),
    (
        "* * * * 8",
        "the day of week \"8\": \"8\" is no value of it: write 0 to 7, sun to sat, or 5L for the last Friday",
    ),
    ("-5 * * * *", "the minute \"-5\": \"\" is no value of it: write 0 to 59"),
    ("+5 * * * *", "the minute \"+5\": \"+5\" is no value of it: write 0 to 59"),
    ("1-2-3 * * * *", "the minute \"1-2-3\": \"2-3\" is no value of it: write 0 to 59"),
    ("\u{e9} * * * *", "the minute \"\u{e9}\": \"\u{e9}\" is no value of it: write 0 to 59"),
    (
        "* * * * \u{e9}l",
        "the day of week \"\u{e9}l\": \"\u{e9}\" is no value of it: write 0 to 7, sun to sat, or 5L for the last Friday",
    ),
    ("1,,2 * * * *", "the minute \"1,,2\": a value is missing: write one on each side of a comma"),
    ("* 22-2 * * *", "the hour \"22-2\": \"22-2\" goes backwards: write 22-23,0-2"),
    ("* * * nov-feb *", "the month \"nov-feb\": \"nov-feb\" goes backwards: write 11-12,1-2"),
    (
        "*/0 * * * *",
        "the minute \"*/0\": the step \"0\" is out of range: write 1 to 59, or an interval like \"every 90m\"",
    ),
    (
        "*/90 * * * *",
        "the minute \"*/90\": the step \"90\" is out of range: write 1 to 59, or an interval like \"every 90m\"",
    ),
    (
        "*/+5 * * * *",
        "the minute \"*/+5\": the step \"+5\" is out of range: write 1 to 59, or an interval like \"every 90m\"",
    ),
    ("* ? * * *", "the hour \"?\": \"?\" stands for any day: write \"*\" here"),
    (
        "* * * * L",
        "the day of week \"L\": \"L\" alone is the last day of a month: write 5L for the last Friday, or move it to the day of month",
    ),
    (
        "* * 5L * *",
        "the day of month \"5L\": \"L\" belongs to the day of month alone (L) or to one day of the week (5L): write a number here",
    ),
    (
        "0 0 30 2 *",
        "the day of month \"30\" never comes in the month \"2\": write a day that these months have",
    ),
    (
        "0 0 31 feb,4,6 ?",
        "the day of month \"31\" never comes in the month \"feb,4,6\": write a day that these months have",
    ),
    (
        "@reboot",
        "the schedule \"@reboot\" is not known: write @hourly, @daily, @midnight, @weekly, @monthly, @yearly or @annually",
    ),
    (
        "every",
        "the interval \"every\" is not understood: write for example \"every 90s\", \"every 15m\" or \"every 1h30m\"",
    ),
    (
        "every 15",
        "the interval \"every 15\" is not understood: write for example \"every 90s\", \"every 15m\" or \"every 1h30m\"",
    ),
    (
        "every m",
        "the interval \"every m\" is not understood: write for example \"every 90s\", \"every 15m\" or \"every 1h30m\"",
    ),
    (
        "every 5\u{e9}",
        "the interval \"every 5\u{e9}\" is not understood: write for example \"every 90s\", \"every 15m\" or \"every 1h30m\"",
    ),
    (
        "every 1m1h",
        "the interval \"every 1m1h\" is not understood: write for example \"every 90s\", \"every 15m\" or \"every 1h30m\"",
    ),
    ("every 0s", "the interval \"every 0s\" is out of range: write 1 second to 366 days"),
    ("every 366d1s", "the interval \"every 366d1s\" is out of range: write 1 second to 366 days"),
    (
        "every 99999999999999999999s",
        "the interval \"every 99999999999999999999s\" is out of range: write 1 second to 366 days",
    ),
];

#[test]
fn what_is_wrong_is_said_with_its_field_and_what_to_do() {
    for (text, expected) in WRONG {
        let error = Schedule::parse(text, Zone::UTC).expect_err(text);
        assert_eq!(error.to_string(), *expected, "{text}");
    }
}

#[test]
fn an_expression_may_have_256_bytes() {
    let longest = format!("{}10 * * * *", "10,".repeat(82));
    assert_eq!(longest.len(), 256);
    assert!(Schedule::parse(&longest, Zone::UTC).is_ok());
    // Blanks around it are not counted.
    assert!(Schedule::parse(&format!(" {longest} "), Zone::UTC).is_ok());
    let error = Schedule::parse(&format!("0{longest}"), Zone::UTC).expect_err("it is too long");
    assert_eq!(error, Error::Length { bytes: 257, bytes_max: 256 });
    let what = "the schedule has 257 bytes, the limit is 256: write two actions with shorter ones";
    assert_eq!(error.to_string(), what);
}

#[test]
fn zones_have_the_names_of_the_database() {
    for (name, expected) in
        [("UTC", "UTC"), ("Europe/Berlin", "Europe/Berlin"), ("america/new_york", "America/New_York")]
    {
        assert_eq!(Zone::parse(name).map(|zone| zone.name().to_owned()), Ok(expected.to_owned()));
    }
    assert_eq!((Zone::default(), Zone::UTC.name()), (zone("UTC"), "UTC"));
    let long = "x".repeat(65);
    for name in ["", "Mars/Base", "+02:00", "CET-1CEST", "Etc/Unknown", "../UTC", &long] {
        let error = Zone::parse(name).expect_err(name).to_string();
        let name = &name[..name.len().min(64)];
        let what = "is not known: write a name of the IANA database, like Europe/Berlin or UTC";
        assert_eq!(error, format!("the time zone {name:?} {what}"));
    }
}

#[test]
fn due_times_are_after_the_one_and_up_to_the_other() {
    let schedule = schedule("0 * * * *", "UTC");
    let due =
        |after, until| schedule.due(at(after), at(until)).map(|due| due.to_string()).collect::<Vec<_>>();
    let expected = ["2026-01-01T01:00:00Z", "2026-01-01T02:00:00Z"];
    assert_eq!(due("2026-01-01T00:00:00Z", "2026-01-01T02:00:00Z"), expected);
    assert_eq!(due("2026-01-01T00:00:00.5Z", "2026-01-01T02:59:59.9Z"), expected);
    assert_eq!(due("2026-01-01T00:59:59.9Z", "2026-01-01T02:00:00Z"), expected);
    assert_eq!(due("2026-01-01T02:00:00Z", "2026-01-01T00:00:00Z"), [""; 0]);
    assert_eq!((&*schedule.text, schedule.zone().name()), ("0 * * * *", "UTC"));
}

#[test]
fn the_calendar_has_two_ends() {
    let daily = schedule("0 0 * * *", "America/New_York");
    assert_eq!(daily.next(Timestamp::MIN), Some(at("1970-01-01T05:00:00Z")));
    assert_eq!(daily.next(at("2100-12-30T12:00:00Z")), Some(at("2100-12-31T05:00:00Z")));
    for after in [at("2100-12-31T05:00:00Z"), Timestamp::MAX] {
        assert_eq!(daily.next(after), None);
    }
    let often = schedule("every 1h", "UTC");
    assert_eq!(often.next(at("1969-12-31T23:30:00.5Z")), Some(at("1970-01-01T00:00:00Z")));
    assert_eq!(often.next(at("-000001-01-01T00:00:00.5Z")), Some(at("-000001-01-01T01:00:00Z")));
    assert_eq!(often.next(Timestamp::MAX), None);
}

/// Every local day of ten years has each time of a daily schedule once: also those on which clocks are changed.
#[test]
fn a_daily_schedule_comes_once_on_each_day_of_each_zone() {
    let (first, last) = (civil::date(2016, 1, 1), civil::date(2026, 1, 1));
    for name in ZONES {
        let rules = TimeZone::get(name).expect("the zone is known");
        let start = |day: civil::Date| {
            rules.to_ambiguous_timestamp(day.at(0, 0, 0, 0)).compatible().expect("a day begins")
        };
        for time in ["0 0", "15 0", "30 1", "0 2", "30 2", "59 2", "0 3", "45 23"] {
            let schedule = schedule(&format!("{time} * * *"), name);
            let mut days = BTreeMap::new();
            let until = start(last) - 1.nanosecond();
            for due in schedule.due(start(first) - 1.nanosecond(), until) {
                // Where clocks go from 23:00 to midnight, the day's last run comes as it ends.
                let within = if time == "45 23" { due - 1.second() } else { due };
                *days.entry(rules.to_datetime(within).date()).or_insert(0_u32) += 1;
            }
            let wrong = days.iter().find(|(_, runs)| **runs != 1);
            let length = (last - first).get_days().unsigned_abs() as usize;
            assert_eq!((wrong, days.len()), (None, length), "{time} in {name}");
        }
    }
}

/// What runs through the hours comes as evenly as the wall allows: the same number of real minutes apart.
#[test]
fn a_schedule_through_the_hours_keeps_its_distance() {
    for name in ZONES {
        let schedule = schedule("*/15 * * * *", name);
        let mut last = at("2024-01-01T00:00:00Z");
        for due in schedule.due(last, at("2026-01-01T00:00:00Z")) {
            assert_eq!((due - last).as_secs(), 900, "{name}: {due}");
            last = due;
        }
    }
}

fn any_field(low: u8, high: u8) -> impl Strategy<Value = String> {
    let value = low..=high;
    prop_oneof![
        3 => Just("*".to_owned()),
        3 => value.clone().prop_map(|value| value.to_string()),
        1 => (1_u8..=high).prop_map(|step| format!("*/{step}")),
        1 => (value.clone(), value.clone(), 1_u8..5)
            .prop_map(|(a, b, step)| format!("{}-{}/{step}", a.min(b), a.max(b))),
        1 => (value.clone(), value).prop_map(|(a, b)| format!("{a},{b}")),
    ]
}

fn any_schedule() -> impl Strategy<Value = Schedule> {
    let days = prop_oneof![4 => any_field(1, 28), 1 => Just("L".to_owned()), 1 => Just("?".to_owned())];
    let weekdays = prop_oneof![4 => any_field(0, 7), 1 => (0_u8..=7).prop_map(|day| format!("{day}L"))];
    let cron = (
        any_field(0, 59),
        any_field(0, 59),
        any_field(0, 23),
        days,
        any_field(1, 12),
        weekdays,
        any::<bool>(),
    )
        .prop_map(|(second, minute, hour, day, month, weekday, seconds)| {
            let front = if seconds { format!("{second} ") } else { String::new() };
            format!("{front}{minute} {hour} {day} {month} {weekday}")
        });
    let every = (1_u32..1_000_000).prop_map(|seconds| format!("every {seconds}s"));
    (prop_oneof![9 => cron, 1 => every], 0..ZONES.len()).prop_map(|(text, zone)| schedule(&text, ZONES[zone]))
}

/// From 2000 to 2030, a third of them at the hour in which Europe and New York change their clocks.
fn any_time() -> impl Strategy<Value = Timestamp> {
    let any = (946_684_800_i64..1_893_456_000, 0_i32..1_000_000_000)
        .prop_map(|(second, nanos)| Timestamp::new(second, nanos).unwrap());
    let changes = ["2026-03-29T01:00Z", "2026-10-25T01:00Z", "2026-03-08T07:00Z", "2026-11-01T06:00Z"];
    let near = (0..changes.len(), -4_000_i64..4_000)
        .prop_map(move |(change, away)| at(changes[change]) + away.seconds());
    prop_oneof![2 => any, 1 => near]
}

proptest! {
    #[test]
    fn the_next_time_is_later_and_nothing_lies_between(schedule in any_schedule(), after in any_time()) {
        let next = schedule.next(after).expect("it comes before 2100");
        prop_assert!(next > after);
        // From anywhere on the way there it is the next one too.
        let middle = after + (next - after) / 2;
        prop_assert_eq!(schedule.next(middle), Some(next));
        prop_assert_eq!(schedule.next(next - 1.nanosecond()), Some(next));
        prop_assert_eq!(next.subsec_nanosecond(), 0);
    }

    #[test]
    fn due_times_grow_and_are_the_next_ones(schedule in any_schedule(), after in any_time()) {
        let due: Vec<Timestamp> = schedule.due(after, Timestamp::MAX).take(20).collect();
        prop_assert!(due.is_sorted_by(|a, b| a < b));
        let until = due[due.len() - 1];
        prop_assert_eq!(schedule.due(after, until).take(21).collect::<Vec<_>>(), due);
    }

    #[test]
    fn no_text_is_too_odd_to_be_read(text in ".{0,300}", odd in "[0-9*/,L?@a-z -]{0,40}") {
        for text in [text, odd] {
            if let Ok(schedule) = Schedule::parse(&text, Zone::UTC) {
                prop_assert_eq!(&*schedule.text, text.trim());
            }
        }
    }
}

/// `differences.txt` explains classes of differences, and names the rows of each: those, and only those, differ.
#[test]
fn croniter_agrees_but_for_the_differences_that_are_argued() {
    let mut listed = BTreeMap::new();
    let mut class = None;
    for line in DIFFERENCES.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match line.strip_prefix("== ") {
            Some(name) => class = Some(name),
            None => {
                let class = class.expect("a row stands below its class");
                assert_eq!(listed.insert(line.to_owned(), class), None, "{line} is listed twice");
            }
        }
    }
    let (mut rows, mut wrong) = (0, Vec::new());
    for row in CRONITER.lines() {
        let columns: Vec<&str> = row.split('\t').collect();
        let [text, zone_name, after, times @ ..] = &columns[..] else { panic!("{row}: too few columns") };
        let theirs: Vec<Timestamp> = times.iter().map(|time| at(time)).collect();
        let schedule = schedule(text, zone_name);
        let ours: Vec<Timestamp> = schedule.due(at(after), Timestamp::MAX).take(theirs.len()).collect();
        assert_eq!(theirs.len(), 5, "{row}");
        rows += 1;
        let listed = listed.remove(&[*text, zone_name, after].join("\t"));
        match (ours == theirs, listed) {
            (true, None) | (false, Some(_)) => {}
            (true, Some(class)) => wrong.push(format!("{row}\n  no longer differs as {class:?} says")),
            (false, None) => wrong.push(format!("{row}\n  but here {ours:?}")),
        }
    }
    assert!(wrong.is_empty(), "{} of {rows} rows:\n{}", wrong.len(), wrong.join("\n"));
    assert!(listed.is_empty(), "listed, but no rows: {listed:?}");
    assert!(rows >= ROWS_MIN, "{rows}");
}

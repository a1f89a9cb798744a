//! `actiond cron`: times on standard output, and what is wrong with an expression.

use crate::program::Place;

#[test]
fn due_times_are_printed_one_to_a_line() {
    let place = Place::new();
    let rows: &[(&[&str], &[&str])] = &[
        (
            &["30 2 * * *", "--tz", "Europe/Berlin", "--after", "2026-03-28T00:00:00Z", "--count", "3"],
            &["2026-03-28T02:30:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"],
        ),
        (
            &["@weekly", "--after", "2026-01-01T01:00:00+01:00"],
            &[
                "2026-01-04T00:00:00Z",
                "2026-01-11T00:00:00Z",
                "2026-01-18T00:00:00Z",
                "2026-01-25T00:00:00Z",
                "2026-02-01T00:00:00Z",
            ],
        ),
        (&["0 9 L * 5L", "--after", "2026-01-30T09:00:00Z", "--count", "1"], &["2026-01-31T09:00:00Z"]),
        (
            &["every 1h30m", "--tz", "asia/kolkata", "--after", "2026-01-01T00:00:00Z", "--count", "1"],
            &["2026-01-01T07:00:00+05:30"],
        ),
    ];
    for (arguments, lines) in rows {
        let ended = place.start("cron", arguments).end();
        assert_eq!((ended.code, &*ended.stderr), (0, ""), "{arguments:?}");
        assert_eq!(ended.stdout.lines().collect::<Vec<_>>(), *lines, "{arguments:?}");
    }
}

#[test]
fn without_a_time_it_begins_now() {
    let ended = Place::new().start("cron", &["* * * * * *"]).end();
    assert_eq!((ended.code, &*ended.stderr, ended.stdout.lines().count()), (0, "", 5));
    assert!(ended.stdout.lines().is_sorted() && ended.stdout.starts_with("20"), "{}", ended.stdout);
}

#[test]
fn the_end_of_the_calendar_is_told() {
    let ended = Place::new().start("cron", &["0 0 1 1 *", "--after", "2099-06-01T00:00:00Z"]).end();
    let note = "nothing more is due: the calendar of schedules ends with the year 2100\n";
    assert_eq!((ended.code, &*ended.stdout, &*ended.stderr), (0, "2100-01-01T00:00:00Z\n", note));
}

#[test]
fn what_is_wrong_is_told_in_one_line() {
    let place = Place::new();
    let rows: &[(&[&str], &str)] = &[
        (&["61 * * * *"], "the minute \"61\": \"61\" is no value of it: write 0 to 59"),
        (&["* 22-2 * * *"], "the hour \"22-2\": \"22-2\" goes backwards: write 22-23,0-2"),
        (
            &["0 0 30 2 *"],
            "the day of month \"30\" never comes in the month \"2\": write a day that these months have",
        ),
        (&["every 0s"], "the interval \"every 0s\" is out of range: write 1 second to 366 days"),
        (
            &["@daily", "--tz", "Mars/Base"],
            "--tz: the time zone \"Mars/Base\" is not known: write a name of the IANA database, like Europe/Berlin or UTC",
        ),
        (
            &["@daily", "--after", "tomorrow"],
            "--after: \"tomorrow\" is no time with an offset: write RFC 3339, like 2026-03-29T00:00:00Z",
        ),
    ];
    for (arguments, line) in rows {
        place.start("cron", arguments).end().is_refused(line);
    }
}

#[test]
fn flags_have_bounds() {
    let place = Place::new();
    for arguments in
        [&[][..], &["@daily", "--count", "0"], &["@daily", "--count", "10001"], &["0", "0", "*", "*", "*"]]
    {
        let ended = place.start("cron", arguments).end();
        assert_eq!((ended.code, &*ended.stdout), (2, ""), "{arguments:?}");
        assert!(ended.stderr.starts_with("error: "), "{arguments:?}: {}", ended.stderr);
    }
    let ended = place.start("cron", &["every 1s", "--count", "10000"]).end();
    assert_eq!((ended.code, ended.stdout.lines().count()), (0, 10_000));
}

//! Times, sizes and numbers as people read them.

use std::time::Duration;

use jiff::Timestamp;
use maud::{Markup, html};

/// A moment as `2026-03-29 02:30:00 UTC`, told from `now`: "3 minutes ago".
pub(super) fn moment(at: Timestamp, now: Timestamp) -> Markup {
    let full = at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
    html! { time datetime=(at) title=(full) { (since(at, now)) } }
}

/// How far away something is, in one unit.
pub(super) fn since(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(at).as_secs();
    let far = far(seconds.unsigned_abs());
    match (seconds, far) {
        (_, None) => "now".to_owned(),
        (0.., Some(far)) => format!("{far} ago"),
        (_, Some(far)) => format!("in {far}"),
    }
}

fn far(seconds: u64) -> Option<String> {
    let (count, unit) = match seconds {
        0..2 => return None,
        2..120 => (seconds, "second"),
        120..7_200 => (seconds / 60, "minute"),
        7_200..172_800 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    Some(format!("{count} {unit}{}", if count == 1 { "" } else { "s" }))
}

/// A length of time in the unit that suits it.
pub(super) fn duration(took: Duration) -> String {
    let us = took.as_micros();
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..10_000 => format!("{:.1} ms", took.as_secs_f64() * 1e3),
        10_000..1_000_000 => format!("{} ms", us / 1_000),
        1_000_000..120_000_000 => format!("{:.1} s", took.as_secs_f64()),
        120_000_000..7_200_000_000 => format!("{} min", us / 60_000_000),
        7_200_000_000..172_800_000_000 => format!("{} h", us / 3_600_000_000),
        _ => format!("{} days", us / 86_400_000_000),
    }
}

/// Bytes in the unit that suits them.
pub(super) fn bytes(count: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if count < 1_024 {
        return format!("{count} B");
    }
    let (mut size, mut unit) = (count, 0);
    while size >= 1_024 << 10 && unit + 1 < UNITS.len() {
        size >>= 10;
        unit += 1;
    }
    let tenths = size * 10 / 1_024;
    if tenths < 100 {
        format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
    } else {
        format!("{} {}", tenths / 10, UNITS[unit])
    }
}

/// A number with its thousands apart.
pub(super) fn number(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Fuel, which is counted in millions and more.
pub(super) fn fuel(count: u64) -> String {
    match count {
        0..1_000_000 => number(count),
        1_000_000..1_000_000_000 => format!("{}.{} M", count / 1_000_000, count / 100_000 % 10),
        1_000_000_000..1_000_000_000_000 => {
            format!("{}.{} G", count / 1_000_000_000, count / 100_000_000 % 10)
        }
        _ => format!("{}.{} T", count / 1_000_000_000_000, count / 100_000_000_000 % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_said_in_its_unit() {
        let now = Timestamp::from_second(1_000_000).unwrap();
        let at = |second: i64| since(Timestamp::from_second(1_000_000 + second).unwrap(), now);
        for (second, expected) in [
            (0, "now"),
            (-5, "5 seconds ago"),
            (-180, "3 minutes ago"),
            (-7_200, "2 hours ago"),
            (-200_000, "2 days ago"),
            (61, "in 61 seconds"),
            (7_300, "in 2 hours"),
        ] {
            assert_eq!(at(second), expected);
        }
        let us = |us: u64| duration(Duration::from_micros(us));
        for (took, expected) in
            [(5, "5 µs"), (1_500, "1.5 ms"), (45_000, "45 ms"), (2_500_000, "2.5 s"), (180_000_000, "3 min")]
        {
            assert_eq!(us(took), expected);
        }
        for (count, expected) in [
            (10, "10 B"),
            (1_536, "1.5 KiB"),
            (20_480, "20 KiB"),
            (5 << 20, "5.0 MiB"),
            (300 << 30, "300 GiB"),
        ] {
            assert_eq!(bytes(count), expected);
        }
        assert_eq!(
            (number(1), number(12_345), number(1_234_567)),
            ("1".into(), "12,345".into(), "1,234,567".into())
        );
        assert_eq!(
            (fuel(999), fuel(2_500_000), fuel(7_100_000_000)),
            ("999".into(), "2.5 M".into(), "7.1 G".into())
        );
    }
}

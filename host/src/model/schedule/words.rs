//! A schedule in words: what its expression says, for people who do not read cron.

use super::{
    expression::Expression,
    field::{Field, Name},
};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
/// Times of day that are listed one by one.
const TIMES_MAX: usize = 6;

impl Expression {
    /// `at 09:00, Monday to Friday`
    pub(super) fn in_words(&self) -> String {
        let (time, is_often) = self.time();
        let days = self.days();
        let months = (!self.month.any).then(|| format!("in {}", months(self.month.values)));
        let days = match (days, &months) {
            (Some(days), _) => Some(days),
            (None, None) if is_often => None,
            (None, _) => Some("every day".to_owned()),
        };
        [Some(time), days, months].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// The time of day, and whether it comes so often that "every day" need not be said.
    fn time(&self) -> (String, bool) {
        let hours = values(Name::Hour, self.hour.values);
        let all_hours = hours.len() == 24;
        let within = if all_hours { String::new() } else { format!(", in the hours {}", numbers(&hours)) };
        let seconds = values(Name::Second, self.second.values);
        let minutes = values(Name::Minute, self.minute.values);
        if seconds != [0] {
            return (self.with_seconds(&seconds, &minutes, &within), all_hours);
        }
        if let Some(every) = paced(&minutes, 60, "minute") {
            return (format!("{every}{within}"), all_hours);
        }
        if minutes.len() * hours.len() <= TIMES_MAX {
            let times = hours
                .iter()
                .flat_map(|hour| minutes.iter().map(move |minute| format!("{hour:02}:{minute:02}")));
            return (format!("at {}", joined(times.collect())), false);
        }
        let at = if minutes == [0] {
            String::new()
        } else {
            format!(", at minute{} {}", plural(&minutes), numbers(&minutes))
        };
        match paced(&hours, 24, "hour") {
            Some(every) => (format!("{every}{at}"), true),
            None if at.is_empty() => (format!("on the hour{within}"), false),
            None => (format!("every hour{at}{within}"), false),
        }
    }

    fn with_seconds(&self, seconds: &[u8], minutes: &[u8], within: &str) -> String {
        let every = paced(seconds, 60, "second");
        let every = every.unwrap_or_else(|| format!("at second{} {}", plural(seconds), numbers(seconds)));
        match paced(minutes, 60, "minute") {
            Some(_) if self.minute.any => {
                format!("{every}{}{within}", if seconds.len() == 1 { " of every minute" } else { "" })
            }
            Some(pace) => format!("{every}, {pace}{within}"),
            None => format!("{every}, in minute{} {}{within}", plural(minutes), numbers(minutes)),
        }
    }

    /// `None` when every day is one.
    fn days(&self) -> Option<String> {
        let Self { day_of_month, day_of_week, .. } = self;
        let mut parts = Vec::new();
        if !day_of_month.any {
            parts.extend(month_days(day_of_month));
        }
        if !day_of_week.any {
            parts.extend(weekdays(day_of_week));
        }
        (!parts.is_empty()).then(|| joined(parts))
    }
}

fn month_days(field: &Field) -> Vec<String> {
    let days = values(Name::DayOfMonth, field.values);
    let named =
        (!days.is_empty()).then(|| format!("on day{} {} of the month", plural(&days), numbers(&days)));
    named.into_iter().chain(field.last.then(|| "on the last day of the month".to_owned())).collect()
}

fn weekdays(field: &Field) -> Vec<String> {
    let named = |set: u64| values(Name::DayOfWeek, set).into_iter().map(|day| WEEKDAYS[usize::from(day)]);
    let mut parts = Vec::new();
    // A week begins with Monday for whoever reads.
    let mut days = values(Name::DayOfWeek, field.values);
    days.iter_mut().filter(|day| **day == 0).for_each(|day| *day = 7);
    days.sort_unstable();
    if !days.is_empty() {
        let name = |day: u8| WEEKDAYS[usize::from(day % 7)].to_owned();
        parts.push(match (days.first(), days.last()) {
            (Some(first), Some(last)) if is_run(&days) => format!("{} to {}", name(*first), name(*last)),
            _ => format!("on {}", joined(days.into_iter().map(name).collect())),
        });
    }
    parts.extend(named(field.last_weekdays).map(|day| format!("on the last {day} of the month")));
    parts
}

fn months(set: u64) -> String {
    let months = values(Name::Month, set);
    let name = |month: &u8| MONTHS[usize::from(month - 1)].to_owned();
    match (months.first(), months.last()) {
        (Some(first), Some(last)) if is_run(&months) => format!("{} to {}", name(first), name(last)),
        _ => joined(months.iter().map(name).collect()),
    }
}

/// `every 5 minutes`, when the values go through all of the field in even steps.
fn paced(values: &[u8], all: u8, unit: &str) -> Option<String> {
    let &[first, ref rest @ ..] = values else { return None };
    let step = rest.first().map_or(all, |second| second - first);
    let is_even = first == 0 && all.is_multiple_of(step) && values.len() == usize::from(all / step);
    let is_even = is_even && values.iter().zip(0_u8..).all(|(value, place)| *value == place * step);
    match step {
        _ if !is_even => None,
        1 => Some(format!("every {unit}")),
        step if step == all => None,
        step => Some(format!("every {step} {unit}s")),
    }
}

fn values(name: Name, set: u64) -> Vec<u8> {
    (name.min()..=name.last()).filter(|value| set & 1 << value != 0).collect()
}

/// Whether three or more follow one another.
fn is_run(values: &[u8]) -> bool {
    values.len() > 2 && values.windows(2).all(|pair| pair[1] == pair[0] + 1)
}

fn numbers(values: &[u8]) -> String {
    match (values.first(), values.last()) {
        (Some(first), Some(last)) if is_run(values) => format!("{first} to {last}"),
        _ => joined(values.iter().map(ToString::to_string).collect()),
    }
}

fn plural(values: &[u8]) -> &'static str {
    if values.len() == 1 { "" } else { "s" }
}

/// `a, b and c`
fn joined(mut parts: Vec<String>) -> String {
    match parts.pop() {
        None => String::new(),
        Some(last) if parts.is_empty() => last,
        Some(last) => format!("{} and {last}", parts.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Schedule, Zone};

    #[test]
    fn schedules_are_said_in_words() {
        for (text, expected) in [
            ("* * * * *", "every minute"),
            ("*/15 * * * *", "every 15 minutes"),
            ("0 * * * *", "every hour"),
            ("5 * * * *", "every hour, at minute 5"),
            ("0 */6 * * *", "at 00:00, 06:00, 12:00 and 18:00, every day"),
            ("0 */2 * * *", "every 2 hours"),
            ("30 2 * * *", "at 02:30, every day"),
            ("0 9 * * 1-5", "at 09:00, Monday to Friday"),
            ("0 9,17 * * 0,6", "at 09:00 and 17:00, on Saturday and Sunday"),
            ("*/15 9-17 * * mon-fri", "every 15 minutes, in the hours 9 to 17, Monday to Friday"),
            ("0 9-17 * * *", "on the hour, in the hours 9 to 17, every day"),
            ("0 0 1 * *", "at 00:00, on day 1 of the month"),
            ("0 9 L * 5L", "at 09:00, on the last day of the month and on the last Friday of the month"),
            ("0 0 1,15 1 *", "at 00:00, on days 1 and 15 of the month, in January"),
            ("0 0 * 6-8 *", "at 00:00, every day, in June to August"),
            ("* * * * * *", "every second"),
            ("*/10 * * * * *", "every 10 seconds"),
            ("30 * * * * *", "at second 30 of every minute"),
            ("30 5 * * * *", "at second 30, in minute 5"),
            ("@daily", "at 00:00, every day"),
            ("@yearly", "at 00:00, on day 1 of the month, in January"),
            ("every 1h30m", "every 1 hour 30 minutes"),
            ("every 45s", "every 45 seconds"),
            ("every 1h", "every hour"),
        ] {
            let schedule = Schedule::parse(text, Zone::default()).unwrap();
            assert_eq!(schedule.in_words(), expected, "{text}");
        }
    }
}

//! `actiond cron`: when a schedule is due.

use std::{
    io::{self, ErrorKind, Write as _},
    process::ExitCode,
};

use anyhow::{Context as _, anyhow};
use jiff::Timestamp;

use super::command::Failure;
use crate::{
    clock,
    model::schedule::{Schedule, Zone},
    terminal::Terminal,
};

const COUNT_MAX: u64 = 10_000;

const EXAMPLES: &str = "\
Examples:
  actiond cron '30 2 * * *' --tz Europe/Berlin
  actiond cron '0 9 L * *' --count 12
  actiond cron 'every 1h30m' --after 2026-03-29T00:00:00Z

EXPR is a cron expression of five fields (minute, hour, day of month, month, day of week) or of six with the second in
front; or @hourly, @daily, @weekly, @monthly, @yearly; or an interval, counted from 1970 in UTC. Days may be L (the last of
the month) and 5L (its last Friday). docs/schedules.md has the whole of it, and what happens when clocks are changed.

Exit codes: 0 printed, 2 wrong usage or expression, 70 a failure of actiond itself.";

/// Print when a schedule is due
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The schedule, in quotes
    #[arg(value_name = "EXPR")]
    expression: String,
    /// Print what comes after TIME (RFC 3339) [default: now]
    #[arg(long, value_name = "TIME")]
    after: Option<String>,
    /// Print so many times
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=COUNT_MAX))]
    count: u64,
    /// The time zone in which the schedule is meant and times are printed: its name in the IANA database
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    tz: String,
}

/// Prints what `args` ask for.
pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let zone = Zone::parse(&args.tz).map_err(|error| Failure::BadInput(anyhow!("--tz: {error}")))?;
    let schedule = Schedule::parse(&args.expression, zone).map_err(Failure::bad_input)?;
    let after = match &args.after {
        Some(text) => time(text)?,
        None => clock::now(),
    };
    let mut lines = String::new();
    let mut left = args.count;
    for due in schedule.due(after, Timestamp::MAX) {
        lines.push_str(&schedule.zone().shown(due));
        lines.push('\n');
        left -= 1;
        if left == 0 {
            break;
        }
    }
    print(&lines).map_err(Failure::Internal)?;
    if left > 0 {
        terminal.note("nothing more is due: the calendar of schedules ends with the year 2100");
    }
    Ok(ExitCode::SUCCESS)
}

fn time(text: &str) -> Result<Timestamp, Failure> {
    text.parse().map_err(|_| {
        let what = "is no time with an offset: write RFC 3339, like 2026-03-29T00:00:00Z";
        Failure::BadInput(anyhow!("--after: {text:?} {what}"))
    })
}

fn print(lines: &str) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(lines.as_bytes()).and_then(|()| stdout.flush()) {
        // Whoever read has read enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.context("cannot write to standard output"),
    }
}

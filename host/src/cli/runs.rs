//! `actiond runs`: what ran, newest first.

use std::{collections::BTreeMap, process::ExitCode};

use anyhow::anyhow;
use jiff::{SignedDuration, Timestamp};
use serde_json::value::RawValue;

use super::{
    command::Failure,
    remote::{RemoteArgs, with_codes},
    show::took,
    table::{Cell, Table},
};
use crate::{client::RunFilter, clock, terminal::Terminal};

/// A list that is longer is read by a program, in pages.
const LIMIT_MAX: u64 = 10_000;

const EXAMPLES: &str = with_codes!(
    "\
Examples:
  actiond runs
  actiond runs checkout-alerts --status errored --since 24h
  actiond runs --trigger schedule --since 2026-03-29T00:00:00Z --until 2026-03-30T00:00:00Z
  actiond runs --limit 1000 --output json | jq -r '.[].run_id'"
);

/// List runs, newest first
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Of this action, by name or id [default: of all]
    action: Option<String>,
    /// queued, running, completed, errored, cancelled or interrupted
    #[arg(long, value_name = "WORD")]
    status: Option<String>,
    /// invoke, hook, schedule, once, test, replay or search
    #[arg(long, value_name = "WORD")]
    trigger: Option<String>,
    /// Asked for at this time or later: RFC 3339, or so long ago: 30m, 24h, 7d
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Asked for before this time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=LIMIT_MAX))]
    limit: u64,
    #[command(flatten)]
    remote: RemoteArgs,
}

/// Prints them.
pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let filter = args.filter(clock::now())?;
    args.remote.talk(terminal, async |remote| {
        let server = &remote.server;
        let action = match &args.action {
            Some(name) => Some(server.find(name).await?.id),
            None => None,
        };
        let runs = server.runs(action.as_deref(), &filter).await?;
        let told: Vec<&RawValue> = runs.iter().map(|run| &*run.json).collect();
        let names: BTreeMap<String, String> = match remote.prints_json() {
            true => BTreeMap::new(),
            false => {
                server.actions().await?.value.into_iter().map(|action| (action.id, action.name)).collect()
            }
        };
        remote.print_ours(&told, || {
            let mut table = Table::new(&["RUN", "ACTION", "TRIGGER", "STATUS", "ASKED FOR", "TOOK", "ERROR"]);
            for run in runs.iter().map(|run| &run.value) {
                // An action that was removed has no name.
                let name = names.get(&run.action_id).unwrap_or(&run.action_id);
                let error = run.error.as_ref().map(|error| format!("{}: {}", error.r#type, error.message));
                table.row([
                    Cell::new(&run.run_id),
                    Cell::new(name),
                    Cell::new(&run.trigger),
                    Cell::status(&run.status),
                    Cell::time(&run.queued_at),
                    Cell::new(&run.usage.map(|usage| took(usage.wall_us)).unwrap_or_default()),
                    Cell::maybe(error.as_deref()),
                ]);
            }
            table.print()
        })
    })
}

impl Args {
    fn filter(&self, now: Timestamp) -> Result<RunFilter, Failure> {
        let mut fields = Vec::new();
        let words = [("status", &self.status), ("trigger", &self.trigger)];
        fields.extend(words.into_iter().filter_map(|(name, word)| Some((name, word.clone()?))));
        for (name, flag, text) in [("since", "--since", &self.since), ("until", "--until", &self.until)] {
            if let Some(text) = text {
                let time = time(text, now).ok_or_else(|| {
                    let what = "is no time: write 24h, or RFC 3339 like 2026-03-29T00:00:00Z";
                    Failure::BadInput(anyhow!("{flag}: {text:?} {what}"))
                })?;
                fields.push((name, time.to_string()));
            }
        }
        let limit = usize::try_from(self.limit).map_err(Failure::internal)?;
        Ok(RunFilter { fields, limit })
    }
}

/// A time, or how long it is ago. A day has 24 hours.
fn time(text: &str, now: Timestamp) -> Option<Timestamp> {
    if let Ok(time) = text.parse() {
        return Some(time);
    }
    let hours = |days: i64| days.checked_mul(24).map(|hours| format!("{hours}h"));
    let text = match text.strip_suffix('d').map(str::parse) {
        Some(Ok(days)) => hours(days)?,
        Some(Err(_)) | None => text.to_owned(),
    };
    let ago: SignedDuration = text.parse().ok().filter(|ago: &SignedDuration| !ago.is_negative())?;
    now.checked_sub(ago).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_two_ways() {
        let now: Timestamp = "2026-01-08T00:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("2026-01-02T03:04:05Z", Some("2026-01-02T03:04:05Z")),
            ("30m", Some("2026-01-07T23:30:00Z")),
            ("1h 30m", Some("2026-01-07T22:30:00Z")),
            ("7d", Some("2026-01-01T00:00:00Z")),
            ("-1h", None),
            ("yesterday", None),
            ("9223372036854775807d", None),
        ] {
            assert_eq!(time(text, now).map(|time| time.to_string()).as_deref(), expected, "{text}");
        }
    }
}

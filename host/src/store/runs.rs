//! Runs in the store: their records, inputs, results and logs, and the two orders in which they are listed.

use jiff::Timestamp;
use serde::Serialize;

use super::{
    Change, Error, Result, View, key,
    record::{ConnectionRecord, LogLineRecord, RunRecord},
};
use crate::model::{
    id::{ActionId, OrgId, RunId},
    run::{Connection, LogLine, Run, Status, Trigger},
};

const WHAT: &str = "run";
/// Entries that one page looks at: a filter that matches little ends a page early instead of reading a million runs.
const LOOKED_AT_MAX: usize = 20_000;

/// Whose runs are listed.
#[derive(Debug, Clone)]
pub(crate) enum Index {
    Action(ActionId),
    Organisation(OrgId),
}

/// Which of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    pub(crate) status: Option<Status>,
    pub(crate) trigger: Option<Trigger>,
    /// Asked for at this time or later.
    pub(crate) since: Option<Timestamp>,
    /// Asked for before this time.
    pub(crate) until: Option<Timestamp>,
}

/// Some of them, newest first.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) runs: Vec<Run>,
    /// Where the next page begins: before this run. `None` at the end.
    pub(crate) next: Option<RunId>,
}

impl View {
    pub(crate) fn run(&self, id: &RunId) -> Result<Option<Run>> {
        self.one::<RunRecord, _>(&key::run(id), WHAT)
    }

    pub(crate) fn run_input(&self, id: &RunId) -> Result<Option<Vec<u8>>> {
        self.blob(&key::input(id))
    }

    pub(crate) fn run_result(&self, id: &RunId) -> Result<Option<Vec<u8>>> {
        self.blob(&key::result(id))
    }

    /// The log of all attempts, in order.
    pub(crate) fn run_log(&self, id: &RunId) -> Result<Vec<LogLine>> {
        let Some(bytes) = self.blob(&key::logs(id))? else { return Ok(Vec::new()) };
        let lines = serde_json::Deserializer::from_slice(&bytes).into_iter::<LogLineRecord>();
        let damaged = Error::damaged("log");
        let lines = lines.map(|line| LogLine::try_from(line.map_err(|error| error.to_string())?));
        lines.collect::<std::result::Result<_, String>>().map_err(damaged)
    }

    /// What all attempts reached on the network, in order.
    pub(crate) fn run_connections(&self, id: &RunId) -> Result<Vec<Connection>> {
        let Some(bytes) = self.blob(&key::connections(id))? else { return Ok(Vec::new()) };
        let found = serde_json::Deserializer::from_slice(&bytes).into_iter::<ConnectionRecord>();
        let found = found.map(|one| Connection::try_from(one.map_err(|error| error.to_string())?));
        found.collect::<std::result::Result<_, String>>().map_err(Error::damaged("list of connections"))
    }

    /// At most `limit` runs that were asked for before run `before`, newest first.
    pub(crate) fn runs(
        &self,
        index: &Index,
        filter: &Filter,
        before: Option<RunId>,
        limit: usize,
    ) -> Result<Page> {
        let prefix = match index {
            Index::Action(action) => key::runs_of_action(action),
            Index::Organisation(org) => key::runs_of_org(org),
        };
        let end_of = |id: RunId| [&*prefix, id.as_bytes()].concat();
        let until = [before, filter.until.map(RunId::first_at)].into_iter().flatten().min();
        let end = until.map_or_else(|| [&*prefix, &[0xff; 17]].concat(), end_of);
        let start = filter.since.map_or_else(|| prefix.clone(), |since| end_of(RunId::first_at(since)));
        if start >= end {
            return Ok(Page { runs: Vec::new(), next: None });
        }
        let (mut runs, mut last) = (Vec::new(), None);
        for (looked_at, entry) in self.db.range(start..end).rev().enumerate() {
            if runs.len() >= limit || looked_at >= LOOKED_AT_MAX {
                return Ok(Page { runs, next: last });
            }
            let (key, summary) = entry?;
            let Some(id) = key::tail(&key).map(RunId::from_bytes) else { continue };
            last = Some(id);
            if matches(&summary, filter) {
                // Removed since the index was read: as if it had been before.
                runs.extend(self.run(&id)?);
            }
        }
        Ok(Page { runs, next: None })
    }

    /// An action's runs that have ended, oldest first.
    pub(super) fn ended_runs(&self, action: &ActionId) -> impl Iterator<Item = Result<RunId>> + use<> {
        self.below(&key::runs_of_action(action)).filter_map(|entry| {
            entry
                .map(|(key, summary)| {
                    let ended = status_of(&summary).is_none_or(Status::is_final);
                    key::tail(&key).filter(|_| ended).map(RunId::from_bytes)
                })
                .transpose()
        })
    }
}

impl Change<'_> {
    /// Keeps a run as it is now, and its place in both orders.
    pub(crate) fn put_run(&mut self, run: &Run) -> Result<()> {
        self.put_bytes(key::run_of_action(&run.action, &run.id), summary(run));
        self.put_bytes(key::run_of_org(&run.org, &run.id), summary(run));
        self.put(key::run(&run.id), &RunRecord::from(run), WHAT)
    }

    pub(crate) fn put_input(&mut self, run: &RunId, input: &[u8]) {
        self.put_blob(key::input(run), input);
    }

    pub(crate) fn put_result(&mut self, run: &RunId, result: &[u8]) {
        self.put_blob(key::result(run), result);
    }

    /// Keeps the log of one attempt; `encoded` is [`encode_log`]'s.
    pub(crate) fn put_log(&mut self, run: &RunId, attempt: u32, encoded: &[u8]) {
        if !encoded.is_empty() {
            self.put_blob(key::log(run, attempt), encoded);
        }
    }

    /// Keeps what one attempt reached; `encoded` is [`encode_connections`]'s.
    pub(crate) fn put_connections(&mut self, run: &RunId, attempt: u32, encoded: &[u8]) {
        if !encoded.is_empty() {
            self.put_blob(key::connections_of(run, attempt), encoded);
        }
    }

    /// Removes a run and all that is kept of it.
    pub(crate) fn remove_run(&mut self, run: &Run) -> Result<()> {
        self.remove(key::run_of_action(&run.action, &run.id));
        self.remove(key::run_of_org(&run.org, &run.id));
        self.remove(key::run(&run.id));
        self.remove_dead(run);
        if let Some(due) = run.due {
            self.remove(key::due(&run.action, due.as_microsecond()));
        }
        let (input, result) = (key::input(&run.id), key::result(&run.id));
        for blob in [input, result, key::logs(&run.id), key::connections(&run.id)] {
            self.remove_below(&blob)?;
        }
        Ok(())
    }
}

/// Log lines as they are kept.
pub(crate) fn encode_log(lines: &[LogLine]) -> Result<Vec<u8>> {
    encode(lines.iter().map(LogLineRecord::from), "log")
}

/// Connections as they are kept.
pub(crate) fn encode_connections(connections: &[Connection]) -> Result<Vec<u8>> {
    encode(connections.iter().map(ConnectionRecord::from), "list of connections")
}

/// One JSON object after another.
fn encode(records: impl Iterator<Item = impl Serialize>, what: &'static str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for record in records {
        serde_json::to_writer(&mut bytes, &record)
            .map_err(|error| Error::damaged(what)(error.to_string()))?;
    }
    Ok(bytes)
}

/// What the orders know of a run: enough to filter by.
fn summary(run: &Run) -> Vec<u8> {
    let place = |found: Option<usize>| found.and_then(|place| u8::try_from(place).ok()).unwrap_or(u8::MAX);
    let status = Status::ALL.iter().position(|status| *status == run.status);
    let trigger = Trigger::ALL.iter().position(|trigger| *trigger == run.trigger);
    vec![place(status), place(trigger)]
}

fn status_of(summary: &[u8]) -> Option<Status> {
    Status::ALL.get(usize::from(*summary.first()?)).copied()
}

fn matches(summary: &[u8], filter: &Filter) -> bool {
    let trigger = summary.get(1).and_then(|place| Trigger::ALL.get(usize::from(*place)).copied());
    filter.status.is_none_or(|wanted| status_of(summary) == Some(wanted))
        && filter.trigger.is_none_or(|wanted| trigger == Some(wanted))
}

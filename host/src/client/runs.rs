//! Runs of a server: asking for one, following it to its end, listing those that were.

use std::time::Duration;

use reqwest::{
    Method,
    header::{HeaderName, HeaderValue},
};
use serde_json::value::RawValue;

use super::{
    error::Error,
    events::Events,
    server::{Server, Told, WAIT},
    wire::{EndedWire, LogWire, PageWire, RunWire},
};

/// The server is asked to answer by then, so that no proxy on the way gives up.
const ANSWER_WAIT: Duration = Duration::from_secs(20);
/// Runs on one page.
const PAGE_MAX: usize = 1_000;
/// Pages that are asked for: one of few matches may be empty, and a server that is none of ours may have no end.
const PAGES_MAX: usize = 10_000;
const PREFER: HeaderName = HeaderName::from_static("prefer");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Which runs.
#[derive(Debug, Default)]
pub(crate) struct RunFilter {
    /// Query fields as the server takes them.
    pub(crate) fields: Vec<(&'static str, String)>,
    pub(crate) limit: usize,
}

/// How a run is asked for.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) records: String,
    pub(crate) once: Option<&'a str>,
    pub(crate) waits: bool,
}

impl Server {
    /// Asks for a run. It has ended if it is waited for and did not take long.
    pub(crate) async fn invoke(&self, action: &str, asked: Asked<'_>) -> Result<Told<EndedWire>, Error> {
        let prefer = match asked.waits {
            true => format!("wait={}", ANSWER_WAIT.as_secs()),
            false => "respond-async".to_owned(),
        };
        let mut call = self.call(Method::POST, &["actions", action, "invoke"]).header(PREFER, &prefer);
        if let Some(key) = asked.once {
            HeaderValue::from_str(key).map_err(|_| Error::Refused {
                status: 400,
                message: "the idempotency key holds what no header can: write plain letters".to_owned(),
            })?;
            call = call.header(IDEMPOTENCY_KEY, key);
        }
        let call = call.body("application/json", asked.records.into_bytes()).wait(WAIT + ANSWER_WAIT);
        let answer = call.send().await?;
        match answer.status {
            200..300 => answer.told(self),
            // How a run ended, or why there is none.
            502 | 503 if answer.is_ended() => answer.told(self),
            _ => Err(answer.refusal(self)),
        }
    }

    pub(crate) async fn run(&self, id: &str) -> Result<Told<RunWire>, Error> {
        self.get(&["runs", id]).await
    }

    /// The log of a run so far.
    pub(crate) async fn log(&self, id: &str) -> Result<Vec<Told<LogWire>>, Error> {
        let lines: Told<Vec<Box<RawValue>>> = self.get(&["runs", id, "logs"]).await?;
        lines.value.into_iter().map(|line| self.line(line.get())).collect()
    }

    /// The log of a run, line by line, until the run ends.
    pub(crate) async fn follow_log(
        &self,
        id: &str,
        mut tell: impl FnMut(&Told<LogWire>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let call = self.call(Method::GET, &["runs", id, "logs"]).query(&[("follow", "true")]);
        let mut response = call.stream().await?;
        let mut events = Events::default();
        while let Some(bytes) = self.next_bytes(&mut response).await? {
            let complete = events.push(&bytes).map_err(|_| self.not_ours("a log line without end"))?;
            for event in complete {
                match &*event.name {
                    "log" => tell(&self.line(&event.data)?)?,
                    "end" => return Ok(()),
                    _ => {}
                }
            }
        }
        let (server, why) =
            (self.login().address.to_string(), "it broke off in the middle of a log".to_owned());
        Err(Error::Unreachable { server, why })
    }

    /// Runs, newest first, of one action or of all.
    pub(crate) async fn runs(
        &self,
        action: Option<&str>,
        filter: &RunFilter,
    ) -> Result<Vec<Told<RunWire>>, Error> {
        let path = action.map_or_else(|| vec!["runs"], |action| vec!["actions", action, "runs"]);
        let (mut found, mut before) = (Vec::new(), None::<String>);
        for _ in 0..PAGES_MAX {
            if found.len() >= filter.limit {
                break;
            }
            let limit = (filter.limit - found.len()).min(PAGE_MAX).to_string();
            let fields = filter.fields.iter().map(|(name, value)| (*name, &**value));
            let fields = fields.chain([("limit", &*limit)]).chain(before.as_deref().map(|id| ("before", id)));
            let fields: Vec<_> = fields.collect();
            let page: Told<PageWire> = self.call(Method::GET, &path).query(&fields).read().await?;
            for run in page.value.runs {
                let value = serde_json::from_str(run.get());
                let value = value.map_err(|error| self.not_ours(format!("no run: {error}")))?;
                found.push(Told { value, json: run });
            }
            match page.value.next {
                // A server that hands out the same page for ever is left.
                Some(next) if before.as_ref() != Some(&next) => before = Some(next),
                Some(_) | None => break,
            }
        }
        found.truncate(filter.limit);
        Ok(found)
    }

    fn line(&self, json: &str) -> Result<Told<LogWire>, Error> {
        let read = |error| self.not_ours(format!("no log line: {error}"));
        let value = serde_json::from_str(json).map_err(read)?;
        Ok(Told { value, json: RawValue::from_string(json.to_owned()).map_err(read)? })
    }
}

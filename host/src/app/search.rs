//! Searching log records: the cluster that has them is asked, and an action is applied to what it found.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::state::App;
use crate::{
    model::{
        id::{ActionId, OrgId, RunId},
        run::{Failure, Trigger},
    },
    origin::{self, Answered, Search},
    records,
    runner::{Ask, Refused},
    store,
};

type Fields = BTreeMap<String, Box<RawValue>>;

/// What a search's body holds for us, and the body without it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LogSearch {
    pub(crate) action: Option<ActionId>,
    /// Whether it asks for a count only.
    counts: bool,
    /// For the cluster.
    pub(crate) body: Vec<u8>,
}

/// What an action made of records.
#[derive(Debug)]
pub(crate) struct Applied {
    pub(crate) run: RunId,
    /// A JSON array.
    pub(crate) rows: String,
}

/// Why a search has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotSearched {
    #[error("there is no cluster to search: origin.url is empty")]
    NoOrigin,
    #[error("the body is no search: {0}")]
    Body(String),
    #[error("invalid action id {0}")]
    ActionId(String),
    #[error("there is no action {0}")]
    NoAction(ActionId),
    #[error("too many searches are under way: try again")]
    Busy,
    #[error(transparent)]
    Origin(#[from] origin::Error),
    #[error("the cluster's answer is none to a search: {0}")]
    Answer(String),
    #[error("{message}")]
    Failed { run: RunId, message: String },
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl LogSearch {
    /// Takes `query.action_id` out of a body. Numbers stay as they are written.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, NotSearched> {
        let bad = |error: serde_json::Error| NotSearched::Body(error.to_string());
        let mut fields: Fields = serde_json::from_slice(body).map_err(bad)?;
        // What is no query is for the cluster to refuse.
        let query = fields.get("query").and_then(|query| serde_json::from_str::<Fields>(query.get()).ok());
        let Some(mut query) = query else { return Ok(Self::plain(body)) };
        let Some(id) = query.remove("action_id") else { return Ok(Self::plain(body)) };
        let id: Option<String> =
            serde_json::from_str(id.get()).map_err(|_| NotSearched::ActionId(shown(id.get())))?;
        let id = id.filter(|id| !id.is_empty());
        let action = id.map(|id| id.parse().map_err(|_| NotSearched::ActionId(shown(&id)))).transpose()?;
        let counts = query.get("track_total_hits").is_some_and(|counts| counts.get() == "true");
        fields.insert("query".to_owned(), raw(&query).map_err(bad)?);
        Ok(Self { action, counts, body: serde_json::to_vec(&fields).map_err(bad)? })
    }

    fn plain(body: &[u8]) -> Self {
        Self { action: None, counts: false, body: body.to_vec() }
    }

    /// The answer of the cluster with other rows in it.
    pub(crate) fn with_rows(&self, answer: &[u8], rows: &str) -> Result<Vec<u8>, NotSearched> {
        let bad = |error: serde_json::Error| NotSearched::Answer(error.to_string());
        let mut fields: BTreeMap<String, &RawValue> = serde_json::from_slice(answer).map_err(bad)?;
        let list: Vec<&RawValue> = serde_json::from_str(rows).map_err(bad)?;
        // Where it is asked for a count, that is what its first row says.
        let total = if self.counts { counted(&list) } else { list.len() as u64 };
        let (hits, total) = (raw(&list).map_err(bad)?, raw(&total).map_err(bad)?);
        fields.extend([("hits".to_owned(), &*hits), ("total".to_owned(), &*total)]);
        serde_json::to_vec(&fields).map_err(bad)
    }
}

impl App {
    /// Asks the cluster. Its refusals are answers too.
    pub(crate) async fn ask_origin(&self, search: Search) -> Result<Answered, NotSearched> {
        let cluster = self.settings().origin.as_ref().ok_or(NotSearched::NoOrigin)?;
        let searching = cluster.begin().ok_or(NotSearched::Busy)?;
        Ok(searching.ask(search).await?)
    }

    /// Whether there is a cluster to be asked.
    pub(crate) fn has_origin(&self) -> bool {
        self.settings().origin.is_some()
    }

    /// Whether an action may be applied now: told before anybody is asked for records.
    pub(crate) async fn may_apply(&self, org: &OrgId, action: ActionId) -> Result<(), NotSearched> {
        let org = org.clone();
        let found = self.store().read(move |view| view.action(&org, &action)).await?;
        match found {
            Some(found) if found.paused => Err(Refused::Paused.into()),
            Some(_) => Ok(()),
            None => Err(NotSearched::NoAction(action)),
        }
    }

    /// Applies an action to records, a JSON array. What it returns takes their place, whatever it is.
    pub(crate) async fn apply(
        &self,
        org: OrgId,
        action: ActionId,
        records: String,
        traceparent: String,
    ) -> Result<Applied, NotSearched> {
        let ask = Ask {
            org,
            action,
            version: None,
            trigger: Trigger::Search,
            input: records,
            traceparent,
            parent: None,
            redrives: None,
            due: None,
            waits: true,
            once: Vec::new(),
        };
        let ticket = self.runner().invoke(ask).await?;
        let run = ticket.id;
        let live = ticket.live.ok_or(Refused::NoRun(run))?;
        let ended = live.ended().await;
        match (&ended.result, &ended.run.error) {
            (Some(result), _) => Ok(Applied { run, rows: records::listed(result) }),
            (None, Some(failure)) => Err(NotSearched::Failed { run, message: said(failure) }),
            // The server ends.
            (None, None) => Err(Refused::Draining.into()),
        }
    }
}

/// The rows of an answer, a JSON array without those that are empty objects; `None` when there were none at all.
pub(crate) fn hits(answer: &[u8]) -> Result<Option<String>, NotSearched> {
    let bad = |error: serde_json::Error| NotSearched::Answer(error.to_string());
    let fields: BTreeMap<String, &RawValue> = serde_json::from_slice(answer).map_err(bad)?;
    let Some(hits) = fields.get("hits") else { return Ok(None) };
    let mut hits: Vec<&RawValue> = serde_json::from_str(hits.get()).map_err(bad)?;
    if hits.is_empty() {
        return Ok(None);
    }
    let is_empty = |row: &RawValue| row.get().bytes().all(|byte| b"{} \t\r\n".contains(&byte));
    hits.retain(|row| !is_empty(row));
    serde_json::to_string(&hits).map(Some).map_err(bad)
}

fn raw<T: serde::Serialize>(value: &T) -> serde_json::Result<Box<RawValue>> {
    serde_json::value::to_raw_value(value)
}

fn counted(rows: &[&RawValue]) -> u64 {
    let first = rows.first().and_then(|row| serde_json::from_str::<Fields>(row.get()).ok());
    first.and_then(|row| serde_json::from_str(row.get("zo_sql_num")?.get()).ok()).unwrap_or(0)
}

/// A part of what somebody sent, short enough for a message.
fn shown(text: &str) -> String {
    text.chars().take(64).collect()
}

/// Why a run failed, as whoever searches is told.
fn said(failure: &Failure) -> String {
    match failure {
        Failure::Raised { traceback, .. } if !traceback.trim().is_empty() => traceback.trim_end().to_owned(),
        Failure::Raised { kind, message, .. } => format!("{kind}: {message}"),
        Failure::Stopped { limit, message } => format!("stopped by its {limit} limit: {message}"),
        Failure::Cancelled => "the run was cancelled".to_owned(),
        Failure::Interrupted => "the server ended while it ran".to_owned(),
        Failure::Internal { message } => message.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0ujtsYcgvSTl8PAuAdqWYSMnLOv";

    #[test]
    fn the_action_is_taken_out_and_all_else_stays() {
        let with =
            |id: &str| format!(r#"{{"query":{{"action_id":{id},"sql":"select 1.50","size":1e3}},"b":0.10}}"#);
        let without = r#"{"b":0.10,"query":{"size":1e3,"sql":"select 1.50"}}"#;
        for (body, action, expected) in [
            (with(&format!("\"{ID}\"")), Some(ID), without),
            (with("null"), None, without),
            (with("\"\""), None, without),
            (r#" {"query": {"sql": "a"}} "#.to_owned(), None, r#" {"query": {"sql": "a"}} "#),
            (r#"{"query":1,"action_id":"x"}"#.to_owned(), None, r#"{"query":1,"action_id":"x"}"#),
            ("{}".to_owned(), None, "{}"),
        ] {
            let parsed = LogSearch::parse(body.as_bytes()).unwrap();
            let found = parsed.action.map(|id| id.to_string());
            assert_eq!(
                (found.as_deref(), &*String::from_utf8_lossy(&parsed.body)),
                (action, expected),
                "{body}"
            );
        }
        for body in [with("\"x\""), with("7"), "[]".to_owned(), "x".to_owned(), String::new()] {
            assert!(LogSearch::parse(body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn rows_take_the_place_of_hits() {
        let answer = br#"{"took":5,"hits":[{"a":1.0},{ }, {}],"total":9,"scan_size":0.250}"#;
        assert_eq!(hits(answer).unwrap().as_deref(), Some(r#"[{"a":1.0}]"#));
        assert!(hits(br#"{"hits":[]}"#).unwrap().is_none() && hits(b"{}").unwrap().is_none());
        let search = |counts: bool| LogSearch { action: None, counts, body: Vec::new() };
        for (counts, rows, total) in [
            (false, r#"[{"b":2.50},7]"#, 2),
            (false, "[]", 0),
            (true, r#"[{"zo_sql_num":41}]"#, 41),
            (true, r#"[{"b":1}]"#, 0),
        ] {
            let said = search(counts).with_rows(answer, rows).unwrap();
            let expected = format!(r#"{{"hits":{rows},"scan_size":0.250,"took":5,"total":{total}}}"#);
            assert_eq!(String::from_utf8_lossy(&said), expected);
        }
        assert!(search(false).with_rows(b"no JSON", "[]").is_err());
    }
}

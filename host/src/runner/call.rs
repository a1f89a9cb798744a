//! A call of `main`: what a run brings to it, and what of it is timed by the wall clock.

use std::sync::Arc;

use actiond_runtime::{Grants, Input, Tail};
use jiff::{SignedDuration, Timestamp};

use super::{
    live::Live,
    secrets::{Granted, Variables},
};
use crate::model::run::{Connection, LogLine, Run};

/// What a run brings to its call of `main`.
pub(super) struct Call<'a> {
    live: &'a Arc<Live>,
    variables: Variables,
    pub(super) secrets: Arc<Granted>,
    grants: Grants,
    began: Timestamp,
    attempt: u32,
}

impl<'a> Call<'a> {
    pub(super) fn new(
        live: &'a Arc<Live>,
        run: &Run,
        began: Timestamp,
        secrets: Arc<Granted>,
        grants: Grants,
    ) -> Self {
        let mut env = vec![
            ("ACTIOND_RUN_ID".to_owned(), run.id.to_string()),
            ("TRACEPARENT".to_owned(), run.traceparent.clone()),
        ];
        env.extend(secrets.variables());
        Self { live, variables: Variables(env), secrets, grants, began, attempt: run.attempt }
    }

    pub(super) fn input(&self) -> Input<'_> {
        let (live, began, attempt) = (self.live.clone(), self.began, self.attempt);
        let secrets = self.secrets.clone();
        let tail = Tail::new(move |line| {
            let mut line = log_line(line, began, attempt);
            // Before anybody sees it.
            if let Some(mask) = &secrets.mask {
                mask.apply(&mut line.source);
                mask.apply(&mut line.message);
            }
            live.push_line(line);
        });
        Input {
            env: &self.variables.0,
            grants: self.grants.clone(),
            tail: Some(tail),
            ..Input::new(&self.live.input, self.live.cancel.clone())
        }
    }
}

/// A line of the runtime's, timed by the wall clock.
fn log_line(line: &actiond_runtime::LogLine, began: Timestamp, attempt: u32) -> LogLine {
    let since = SignedDuration::try_from(line.at).unwrap_or(SignedDuration::MAX);
    LogLine {
        at: began.checked_add(since).unwrap_or(began),
        level: line.level.as_str().to_owned(),
        source: line.source.clone(),
        message: line.message.clone(),
        attempt,
    }
}

/// A connection of the runtime's, timed by the wall clock.
pub(super) fn connection(one: actiond_runtime::Connection, began: Timestamp, attempt: u32) -> Connection {
    let since = SignedDuration::try_from(one.at).unwrap_or(SignedDuration::MAX);
    Connection {
        at: began.checked_add(since).unwrap_or(began),
        host: one.host,
        address: one.address,
        port: one.port,
        transport: one.transport.as_str().to_owned(),
        proxied: one.proxied,
        tls: one.tls,
        sent_bytes: one.sent_bytes,
        received_bytes: one.received_bytes,
        wall: one.wall,
        error: one.error,
        refused: one.refused,
        attempt,
    }
}

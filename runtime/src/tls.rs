//! TLS for guests: functions under the import module `tls`. Owns checking what the guest passes and what it pays; the engine
//! behind it does no I/O, the guest carries ciphertext to and from its sockets. Only clients are served.
//!
//! | import | what it does |
//! |---|---|
//! | `roots(pem, len, name) -> i32` | keeps a set of root certificates, writes the 32 bytes of its name; how many it holds, -28 when one of them cannot be read |
//! | `check(json, len) -> i32` | whether a connection could be made so; 0 |
//! | `open(json, len) -> i32` | a connection |
//! | `feed(c, at, len) -> i32` | takes ciphertext that came; how much |
//! | `take(c, to, len) -> i32` | hands out ciphertext to be sent; how much |
//! | `write(c, at, len) -> i32` | takes plaintext; how much |
//! | `read(c, to, len) -> i32` | hands out plaintext; how much, 0 at the end |
//! | `state(c) -> i32` | see `connection.rs` |
//! | `notify(c) -> i32` | says that nothing more will be written |
//! | `fact(c, what, to, len) -> i32` | its size in bytes; copied if there is room. 0 why it failed, 1 ALPN, 2 version, 3 cipher, from 4 on the server's certificates. Of `c` 0: why the last `roots`, `check` or `open` failed |
//! | `carried(c, fd) -> i32` | notes for the run's record that a socket carries the connection |
//! | `close(c) -> i32` | forgets a connection |
//!
//! Negative results are error numbers of WASI. An address outside of the guest's memory ends the run.

mod cache;
mod calls;
mod certificate;
mod connection;
mod failure;
mod hello;
mod records;
mod request;
mod roots;
mod table;
mod verifier;

use std::sync::Arc;

pub use self::request::Unverified;
pub(crate) use self::{cache::Cache, calls::link};
use self::{
    connection::{Connection, Fact},
    failure::Failure,
    request::{Refusal, Request},
    table::Table,
};

const ACCES: i32 = -2;
const BADF: i32 = -8;
const INVAL: i32 = -28;
const MFILE: i32 = -33;
const NETDOWN: i32 = -38;
const NOENT: i32 = -44;
const NOSPC: i32 = -51;

/// Of all sets that one guest uploads: it can keep in memory what others gave up long ago.
const UPLOAD_BYTES_MAX: u32 = 16 << 20;

/// One guest's connections, and what it may do.
#[derive(Debug)]
pub(crate) struct Tls {
    cache: Arc<Cache>,
    table: Table,
    access: Access,
    uploaded_bytes: u32,
    failure: Option<Failure>,
}

/// Contexts can be made at any time, connections only in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Contexts,
    Connections(Unverified),
}

impl Tls {
    pub(crate) fn new(cache: Arc<Cache>) -> Self {
        Self { cache, table: Table::default(), access: Access::Contexts, uploaded_bytes: 0, failure: None }
    }

    /// From now on connections can be made.
    pub(crate) fn begin(&mut self, unverified: Unverified) {
        self.access = Access::Connections(unverified);
    }

    /// Whether `sent` is where one of its connections begins.
    pub(crate) fn is_carried_by(&self, sent: &[u8]) -> bool {
        hello::random(sent).is_some_and(|random| self.table.begins(&random))
    }

    fn roots(&mut self, pem: &[u8]) -> Result<([u8; 32], i32), i32> {
        let bytes = u32::try_from(pem.len()).ok().and_then(|len| self.uploaded_bytes.checked_add(len));
        let bytes = bytes.filter(|bytes| *bytes <= UPLOAD_BYTES_MAX).ok_or(NOSPC)?;
        let kept = self.cache.keep(pem).map_err(|failure| {
            self.failure = Some(failure);
            INVAL
        })?;
        let kept = kept.ok_or(0)?;
        // What was known already takes no more memory.
        if kept.new {
            self.uploaded_bytes = bytes;
        }
        Ok((kept.name, i32::try_from(kept.count).unwrap_or(i32::MAX)))
    }

    fn open(&mut self, json: &[u8]) -> i32 {
        let Access::Connections(unverified) = self.access else { return NETDOWN };
        if self.table.is_full() {
            return MFILE;
        }
        let opened = Request::parse(json).map_err(Refusal::Failed).and_then(|request| {
            let plan = request.plan(unverified)?;
            let name = plan.name()?;
            Ok(Connection::open(self.cache.config(&plan)?, name)?)
        });
        match opened {
            Ok(connection) => self.table.add(connection),
            Err(refusal) => self.refuse(refusal),
        }
    }

    fn check(&mut self, json: &[u8]) -> i32 {
        // What a run may do is not known yet when its action is imported.
        let checked = Request::parse(json)
            .map_err(Refusal::Failed)
            .and_then(|request| self.cache.config(&request.plan(Unverified::Granted)?));
        match checked {
            Ok(_) => 0,
            Err(refusal) => self.refuse(refusal),
        }
    }

    fn refuse(&mut self, refusal: Refusal) -> i32 {
        match refusal {
            Refusal::NotGranted => ACCES,
            Refusal::UnknownRoots => NOENT,
            Refusal::Failed(failure) => {
                self.failure = Some(failure);
                INVAL
            }
        }
    }

    fn fact(&mut self, number: i32, what: i32) -> Result<Vec<u8>, i32> {
        let fact = match what {
            0 => Fact::Failure,
            1 => Fact::Alpn,
            2 => Fact::Version,
            3 => Fact::Cipher,
            _ => Fact::Certificate(what.checked_sub(4).and_then(|at| usize::try_from(at).ok()).ok_or(INVAL)?),
        };
        if number == 0 && fact == Fact::Failure {
            return self.failure.as_ref().and_then(|failure| serde_json::to_vec(failure).ok()).ok_or(NOENT);
        }
        self.table.find(number).ok_or(BADF)?.fact(fact).ok_or(NOENT)
    }
}

#[cfg(test)]
mod tests;

//! What a run did on the network, as its record has it.

use std::{net::IpAddr, time::Duration};

use tokio::time::Instant;

/// How many a run's outcome lists; further ones are counted.
const KEPT_MAX: usize = 1_000;

/// One connection of a run, or one that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// The name it was looked up by, if there was one.
    pub host: Option<String>,
    /// Where it went; none where already the name was refused, or only the proxy knows.
    pub address: Option<IpAddr>,
    /// The port; 0 where already the name was refused.
    pub port: u16,
    /// TCP or UDP.
    pub transport: Transport,
    /// Whether it went by the host's proxy.
    pub proxied: bool,
    /// Whether it was encrypted by the host's TLS.
    pub tls: bool,
    /// Bytes that the script sent.
    pub sent_bytes: u64,
    /// Bytes that the script received.
    pub received_bytes: u64,
    /// Since the run began.
    pub at: Duration,
    /// Until it was closed.
    pub wall: Duration,
    /// Why it was not made: no rule allows it, a limit was reached, nobody answered.
    pub error: Option<String>,
    /// Whether our own rules or limits refused it.
    pub refused: bool,
}

/// What carries a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// A stream.
    Tcp,
    /// Datagrams.
    Udp,
}

impl Transport {
    /// The word used in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

/// All of one run's.
#[derive(Debug)]
pub(super) struct Connections {
    began: Instant,
    kept: Vec<Connection>,
    left_out: u64,
}

/// One of them that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place(usize);

impl Connections {
    pub(super) fn new(began: Instant) -> Self {
        Self { began, kept: Vec::new(), left_out: 0 }
    }

    /// Begins one; none when the list is full.
    pub(super) fn begin(
        &mut self,
        host: Option<&str>,
        (address, port): (Option<IpAddr>, u16),
        transport: Transport,
    ) -> Option<Place> {
        if self.kept.len() >= KEPT_MAX {
            self.left_out += 1;
            return None;
        }
        self.kept.push(Connection {
            host: host.map(str::to_owned),
            address,
            port,
            transport,
            proxied: false,
            tls: false,
            sent_bytes: 0,
            received_bytes: 0,
            at: self.began.elapsed(),
            wall: Duration::ZERO,
            error: None,
            refused: false,
        });
        Some(Place(self.kept.len() - 1))
    }

    pub(super) fn at(&mut self, place: Option<Place>) -> Option<&mut Connection> {
        self.kept.get_mut(place?.0)
    }

    pub(super) fn end(&mut self, place: Option<Place>) {
        let now = self.began.elapsed();
        if let Some(connection) = self.at(place) {
            connection.wall = now.saturating_sub(connection.at);
        }
    }

    /// Those kept, and how many there were beyond them.
    pub(super) fn finish(self) -> (Vec<Connection>, u64) {
        (self.kept, self.left_out)
    }
}

//! One socket of a guest's.

use std::{net::SocketAddr, os::fd::OwnedFd, sync::Arc};

use rustix::{
    event::PollFlags,
    io::Errno,
    net::{AddressFamily, SocketFlags, SocketType},
};
use tokio::{task::AbortHandle, time::Instant};

use super::{connection::Place, proxy::Unmade, tunnel::Tunnel, wait};

/// The kernel's is never left to block; whether the guest's calls wait is ours to know.
pub(super) const FLAGS: SocketFlags = SocketFlags::NONBLOCK.union(SocketFlags::CLOEXEC);

pub(super) struct Socket {
    pub(super) fd: Arc<OwnedFd>,
    pub(super) kind: Kind,
    pub(super) blocking: bool,
    /// Where its connection is listed.
    pub(super) place: Option<Place>,
    pub(super) progress: Progress,
    /// Its connection through the proxy, while that is under way.
    pub(super) tunnel: Option<Tunnel>,
    /// Where the guest wanted to go; the proxy is in between.
    pub(super) beyond: Option<SocketAddr>,
    /// Why there is no connection, where its `errno` does not say it all.
    pub(super) why: Option<String>,
}

#[derive(Debug)]
pub(super) enum Kind {
    Tcp,
    Udp,
    /// One end of a pair, or of what brings a look-up's answer.
    Local {
        _lookup: Option<Lookup>,
        kind: SocketType,
    },
}

/// How far a TCP socket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    Fresh,
    /// Until then it must be connected.
    Connecting(Instant),
    /// The proxy was asked.
    Tunnelling,
    /// It was not connected in time.
    Failed(Errno),
    Connected,
}

/// A look-up that ends when nobody can read its answer any more.
#[derive(Debug)]
pub(super) struct Lookup(pub(super) AbortHandle);

impl Drop for Lookup {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Socket {
    pub(super) fn new(fd: OwnedFd, kind: Kind) -> Self {
        let (progress, place) = (Progress::Fresh, None);
        Self {
            fd: Arc::new(fd),
            kind,
            blocking: true,
            place,
            progress,
            tunnel: None,
            beyond: None,
            why: None,
        }
    }

    /// A socket of the internet.
    pub(super) fn open(family: AddressFamily, kind: Kind) -> Result<Self, Errno> {
        let fd = rustix::net::socket_with(family, kind.socket_type(), FLAGS, None)?;
        Ok(Self::new(fd, kind))
    }

    pub(super) fn is_local(&self) -> bool {
        matches!(self.kind, Kind::Local { .. })
    }

    /// Notes whether a connection that was begun has come about. What failed stays for the guest to ask for.
    pub(super) fn settle(&mut self) {
        if let Some(outcome) = self.tunnel.as_ref().and_then(Tunnel::take) {
            self.arrive(outcome);
        }
        let Progress::Connecting(until) = self.progress else { return };
        let ready = wait::now(&self.fd, PollFlags::OUT);
        if ready.intersects(PollFlags::ERR | PollFlags::HUP) {
            // The kernel has the reason, see SO_ERROR.
            self.progress = Progress::Fresh;
        } else if ready.contains(PollFlags::OUT) {
            self.progress = Progress::Connected;
        } else if Instant::now() >= until {
            // Ends the attempt.
            let _ = rustix::net::connect_unspec(&self.fd);
            self.progress = Progress::Failed(Errno::TIMEDOUT);
        }
    }

    /// Takes what the proxy made in place of its own.
    fn arrive(&mut self, outcome: Result<OwnedFd, Unmade>) {
        self.tunnel = None;
        match outcome {
            Ok(fd) => {
                self.fd = Arc::new(fd);
                self.progress = Progress::Connected;
            }
            Err(Unmade { errno, why }) => {
                (self.beyond, self.why) = (None, Some(why));
                self.progress = Progress::Failed(errno);
            }
        }
    }

    /// What to wait for until its connection is decided, and how long; none when nothing is under way.
    pub(super) fn under_way(&self) -> Option<(Arc<OwnedFd>, PollFlags, Option<Instant>)> {
        match (self.progress, &self.tunnel) {
            (Progress::Connecting(until), _) => Some((self.fd.clone(), PollFlags::OUT, Some(until))),
            (Progress::Tunnelling, Some(tunnel)) => Some((tunnel.decided.clone(), PollFlags::IN, None)),
            (Progress::Tunnelling | Progress::Fresh | Progress::Failed(_) | Progress::Connected, _) => None,
        }
    }

    /// Why it cannot be used, once.
    pub(super) fn take_failure(&mut self) -> Option<Errno> {
        self.settle();
        let Progress::Failed(errno) = self.progress else { return None };
        self.progress = Progress::Fresh;
        Some(errno)
    }

    pub(super) fn own_address(&self) -> Result<Option<SocketAddr>, Errno> {
        Ok(rustix::net::getsockname(&self.fd)?.try_into().ok())
    }

    pub(super) fn peer_address(&self) -> Result<Option<SocketAddr>, Errno> {
        if self.progress == Progress::Connected && self.beyond.is_some() {
            return Ok(self.beyond);
        }
        Ok(rustix::net::getpeername(&self.fd)?.and_then(|address| address.try_into().ok()))
    }
}

impl Kind {
    pub(super) fn socket_type(&self) -> SocketType {
        match self {
            Self::Tcp => SocketType::STREAM,
            Self::Udp => SocketType::DGRAM,
            Self::Local { kind, .. } => *kind,
        }
    }
}

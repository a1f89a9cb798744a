//! A run: one execution of an action, from being asked for to its end.

use std::{net::IpAddr, time::Duration};

use jiff::Timestamp;

use super::id::{ActionId, OrgId, RunId};

/// Everything about a run but its input, result and log, which may be large and lie beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) id: RunId,
    pub(crate) org: OrgId,
    pub(crate) action: ActionId,
    pub(crate) version: u32,
    pub(crate) trigger: Trigger,
    /// The due time that a timed run is for.
    pub(crate) due: Option<Timestamp>,
    pub(crate) status: Status,
    pub(crate) queued_at: Timestamp,
    /// A queued run does not begin before this.
    pub(crate) not_before: Timestamp,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) ended_at: Option<Timestamp>,
    /// From 1.
    pub(crate) attempt: u32,
    /// The run that this one replays.
    pub(crate) parent: Option<RunId>,
    /// Why the latest attempt failed.
    pub(crate) error: Option<Failure>,
    pub(crate) usage: Option<Usage>,
    /// W3C `traceparent` handed to the script.
    pub(crate) traceparent: String,
    pub(crate) input_bytes: u64,
    pub(crate) result_bytes: u64,
    pub(crate) log_bytes: u64,
    /// Further equal calls that this run answers for.
    pub(crate) coalesced: u32,
    /// Whether it is in the list of dead letters: it failed for the last time and nobody has dealt with it.
    pub(crate) dead: bool,
}

/// Why a run happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Trigger {
    /// `invoke`, waited for or not.
    Invoke,
    /// A webhook.
    Hook,
    /// A due time of its schedule.
    Schedule,
    /// Right after an action of kind `once` was saved.
    Once,
    /// The test route.
    Test,
    /// Another run, again.
    Replay,
    /// A search of log records.
    Search,
}

/// Where a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Status {
    Queued,
    Running,
    /// `main` returned.
    Completed,
    /// It raised, or was stopped by a limit.
    Errored,
    Cancelled,
    /// The server ended while it ran.
    Interrupted,
}

/// Why an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    Raised {
        kind: String,
        message: String,
        traceback: String,
    },
    /// The word of [`actiond_runtime::Stop`], and what to do about it.
    Stopped {
        limit: String,
        message: String,
    },
    Cancelled,
    Interrupted,
    /// It could not be run at all: our own failure, or the action is gone.
    Internal {
        message: String,
    },
}

/// What an attempt cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) fuel: u64,
    pub(crate) wall: Duration,
    pub(crate) memory_bytes: u64,
    pub(crate) output_bytes: u64,
    /// Whether it began from the action's image.
    pub(crate) prepared: bool,
}

/// What a run reached on the network, or tried to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Connection {
    pub(crate) at: Timestamp,
    /// The name it was looked up by, if there was one.
    pub(crate) host: Option<String>,
    /// `None` where already the name was refused, or only the proxy knows.
    pub(crate) address: Option<IpAddr>,
    pub(crate) port: u16,
    /// tcp, udp
    pub(crate) transport: String,
    /// Whether it went by the host's proxy.
    pub(crate) proxied: bool,
    /// Whether it was encrypted by the host's TLS.
    pub(crate) tls: bool,
    pub(crate) sent_bytes: u64,
    pub(crate) received_bytes: u64,
    /// Until it was closed.
    pub(crate) wall: Duration,
    /// Why it was not made.
    pub(crate) error: Option<String>,
    /// Whether rules or limits refused it.
    pub(crate) refused: bool,
    pub(crate) attempt: u32,
}

/// One line of a run's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogLine {
    pub(crate) at: Timestamp,
    /// Python's name of the level.
    pub(crate) level: String,
    pub(crate) source: String,
    pub(crate) message: String,
    pub(crate) attempt: u32,
}

impl Trigger {
    /// Places in it are stored: new ones go to its end.
    pub(crate) const ALL: [Self; 7] =
        [Self::Invoke, Self::Hook, Self::Schedule, Self::Once, Self::Test, Self::Replay, Self::Search];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Invoke => "invoke",
            Self::Hook => "hook",
            Self::Schedule => "schedule",
            Self::Once => "once",
            Self::Test => "test",
            Self::Replay => "replay",
            Self::Search => "search",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|trigger| trigger.as_str() == text)
    }

    /// Whether a later timed run of the action has to heed it.
    pub(crate) fn is_timed(self) -> bool {
        match self {
            Self::Schedule | Self::Once => true,
            Self::Invoke | Self::Hook | Self::Test | Self::Replay | Self::Search => false,
        }
    }
}

impl Status {
    pub(crate) const ALL: [Self; 6] =
        [Self::Queued, Self::Running, Self::Completed, Self::Errored, Self::Cancelled, Self::Interrupted];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Errored => "errored",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    pub(crate) fn is_final(self) -> bool {
        match self {
            Self::Queued | Self::Running => false,
            Self::Completed | Self::Errored | Self::Cancelled | Self::Interrupted => true,
        }
    }
}

impl Run {
    /// What it takes in the store besides its record.
    pub(crate) fn bytes(&self) -> u64 {
        self.input_bytes + self.result_bytes + self.log_bytes
    }
}

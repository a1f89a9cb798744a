//! What is asked of the runner, and why it may refuse.

use std::time::Duration;

use jiff::Timestamp;

use super::lanes::Full;
use crate::{
    model::{
        id::{ActionId, OrgId, RunId},
        run::Trigger,
    },
    store,
};

/// One run that somebody wants.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) org: OrgId,
    pub(crate) action: ActionId,
    /// `None`: the version that runs now.
    pub(crate) version: Option<u32>,
    pub(crate) trigger: Trigger,
    /// A JSON array: what `main` gets.
    pub(crate) input: String,
    /// W3C `traceparent` for the script.
    pub(crate) traceparent: String,
    /// The run that is done again.
    pub(crate) parent: Option<RunId>,
    /// The dead letter that is taken from the list by accepting this run.
    pub(crate) redrives: Option<RunId>,
    pub(crate) due: Option<Due>,
    /// Whether somebody will wait for its end.
    pub(crate) waits: bool,
    /// What makes this the same as an earlier ask.
    pub(crate) once: Vec<OnceAsk>,
}

/// The due time that a timed run is for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Due {
    pub(crate) at: Timestamp,
    /// Every due time up to this one is decided on by accepting this run.
    pub(crate) decided_until: Timestamp,
    /// Due times before it that are not made up for.
    pub(crate) missed: u64,
}

/// A key under which a run may be asked for once within a time.
#[derive(Debug, Clone)]
pub(crate) struct OnceAsk {
    /// An action or a hook.
    pub(crate) scope: ActionId,
    pub(crate) hash: [u8; 32],
    /// A hash of what came with the key.
    pub(crate) body: [u8; 32],
    pub(crate) keep: Duration,
    pub(crate) twice: Twice,
}

/// What it means that a key comes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Twice {
    /// With the same body it is the same run, with another it is refused.
    SameBody,
    /// It is the same run, whatever came with it.
    Same,
    /// It is the same run, which counts how often that was.
    Counted,
}

/// Why a run is not accepted. Nothing of it is kept then.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    #[error("there is no such action")]
    NoAction,
    #[error("the action is paused: resume it first")]
    Paused,
    #[error("the payload has {bytes} bytes, the limit is {bytes_max}")]
    TooLarge { bytes: usize, bytes_max: usize },
    #[error("{runs_max} runs of the action wait already")]
    ActionQueue { runs_max: usize },
    #[error("{runs_max} runs of the organisation wait already")]
    OrgQueue { runs_max: usize },
    #[error("payloads of {bytes_max} bytes wait already")]
    OrgQueueBytes { bytes_max: u64 },
    #[error("the action may not be run more often")]
    Rate { wait: Duration },
    #[error("the organisation has used up its fuel for this minute")]
    Fuel { wait: Duration },
    #[error("the idempotency key was used with another body")]
    OtherBody,
    #[error("there is no run {0}, or its input is no longer kept")]
    NoRun(RunId),
    #[error("run {0} is no dead letter")]
    NotDead(RunId),
    #[error("the server is shutting down")]
    Draining,
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl From<Full> for Refused {
    fn from(full: Full) -> Self {
        match full {
            Full::Action { queue_max } => Self::ActionQueue { runs_max: queue_max },
            Full::Organisation { queue_max } => Self::OrgQueue { runs_max: queue_max },
            Full::Bytes { bytes_max } => Self::OrgQueueBytes { bytes_max },
        }
    }
}

impl Refused {
    /// When it is worth another try; `None` when it is not by itself.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::ActionQueue { .. } | Self::OrgQueue { .. } | Self::OrgQueueBytes { .. } => {
                Some(Duration::from_secs(1))
            }
            Self::Rate { wait } | Self::Fuel { wait } => Some(*wait),
            Self::Draining => Some(Duration::from_secs(5)),
            Self::NoAction
            | Self::Paused
            | Self::TooLarge { .. }
            | Self::OtherBody
            | Self::NoRun(_)
            | Self::NotDead(_)
            | Self::Store(_) => None,
        }
    }

    /// The reason as metrics name it.
    pub(crate) fn as_str(&self) -> &'static str {
        match self {
            Self::NoAction | Self::NoRun(_) | Self::NotDead(_) => "unknown",
            Self::Paused => "paused",
            Self::TooLarge { .. } => "size",
            Self::ActionQueue { .. } => "action_queue",
            Self::OrgQueue { .. } | Self::OrgQueueBytes { .. } => "org_queue",
            Self::Rate { .. } => "rate",
            Self::Fuel { .. } => "fuel",
            Self::OtherBody => "idempotency",
            Self::Draining => "draining",
            Self::Store(_) => "store",
        }
    }
}

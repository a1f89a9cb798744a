//! What to prepare and what to run it on.

use std::{fmt, path::PathBuf, sync::Arc};

use tokio_util::sync::CancellationToken;

use crate::{net::Grants, outcome::LogLine};

/// An action as it lies on disk, ready to be imported.
#[derive(Debug, Clone)]
pub struct Source {
    /// The directory with `main.py`. The guest sees it read-only as `/action`; it must stay as it is while the action
    /// is in use.
    pub root: PathBuf,
    /// A hash of everything below `root`: equal contents give equal digests.
    pub digest: [u8; 32],
    /// The environment the script sees. Part of the image.
    pub env: Vec<(String, String)>,
}

/// One call of `main`.
#[derive(Debug, Clone)]
pub struct Input<'a> {
    /// JSON text, handed to `main` parsed.
    pub data: &'a str,
    /// Variables of this run only, over those of the action. Names are not empty and hold no `=`, neither names nor values
    /// a NUL: else the run raises. An action whose import is done in each run sees them there too.
    pub env: &'a [(String, String)],
    /// What it may reach on the network.
    pub grants: Grants,
    /// Sees each line of the log as it is kept.
    pub tail: Option<Tail>,
    /// Ends the run when it is cancelled.
    pub cancel: CancellationToken,
}

impl<'a> Input<'a> {
    /// A call with nothing but its data, which may reach nothing.
    #[must_use]
    pub fn new(data: &'a str, cancel: CancellationToken) -> Self {
        Self { data, env: &[], grants: Grants::default(), tail: None, cancel }
    }
}

/// Sees a run's log while it is written: the lines of [`crate::Outcome::logs`], in their order. It is called on the thread that
/// polls the run, in the middle of it: it must be quick and must not wait.
#[derive(Clone)]
pub struct Tail(Arc<dyn Fn(&LogLine) + Send + Sync>);

impl Tail {
    /// `see` is called once for each line.
    pub fn new(see: impl Fn(&LogLine) + Send + Sync + 'static) -> Self {
        Self(Arc::new(see))
    }

    pub(crate) fn see(&self, line: &LogLine) {
        (self.0)(line);
    }
}

impl fmt::Debug for Tail {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Tail")
    }
}

//! What to prepare and what to run it on.

use std::path::PathBuf;

use tokio_util::sync::CancellationToken;

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
    /// Ends the run when it is cancelled.
    pub cancel: CancellationToken,
}

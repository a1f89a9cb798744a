//! The server's settings as the rest of the program takes them: checked, with their units in their types.

use std::{fmt, net::SocketAddr, path::PathBuf, time::Duration};

use actiond_runtime::Rule;
use axum::http::HeaderValue;

use super::{place::Kept, proxy::Proxy};
use crate::telemetry::{Endpoint, Filter, Format};

/// All settings. What each is for stands in `table.rs`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Settings {
    pub(crate) listen: SocketAddr,
    /// Without a slash at its end.
    pub(crate) public_url: String,
    pub(crate) data_dir: PathBuf,
    pub(crate) body_bytes: usize,
    pub(crate) drain: Duration,
    pub(crate) connections: usize,
    pub(crate) cors_origins: Origins,
    /// `None`: the first start makes no user.
    pub(crate) root: Option<Root>,
    pub(crate) runs: Runs,
    pub(crate) retention: Retention,
    pub(crate) storage: Storage,
    /// The key of secrets.
    pub(crate) secret_key: SecretKey,
    /// The one before.
    pub(crate) secret_key_old: Option<Secret>,
    pub(crate) egress: Egress,
    /// `None`: nobody can be asked for log records.
    pub(crate) origin: Option<Origin>,
    /// `None`: that API is off.
    pub(crate) action_server: Option<ActionServer>,
    pub(crate) dependencies: Dependencies,
    pub(crate) log: Log,
    /// `None`: traces are sent nowhere.
    pub(crate) otlp: Option<Otlp>,
}

/// Whose web pages may call the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origins {
    None,
    All,
    Some(Vec<HeaderValue>),
}

/// The first user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Root {
    pub(crate) email: String,
    /// `None`: one is to be generated.
    pub(crate) password: Option<Secret>,
}

/// Runs: how many, and what each may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Runs {
    /// `None`: one for each core.
    pub(crate) threads: Option<usize>,
    pub(crate) parallel: usize,
    pub(crate) per_action_parallel: usize,
    pub(crate) per_action_queue: usize,
    pub(crate) org_parallel: usize,
    pub(crate) org_queue: usize,
    /// `None`: no bound.
    pub(crate) org_fuel_per_minute: Option<u64>,
    /// What a run has whose action does not say.
    pub(crate) default: RunLimits,
    /// Its memory with NumPy and pandas, in bytes.
    pub(crate) data_memory_bytes: usize,
    /// What an action may ask for.
    pub(crate) max: RunLimits,
    pub(crate) import_wall: Duration,
    pub(crate) kept: Kept,
}

/// The three limits of a run that its action may choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RunLimits {
    pub(crate) fuel: u64,
    pub(crate) wall: Duration,
    pub(crate) memory_bytes: usize,
}

/// How long things are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Retention {
    /// Of one action.
    pub(crate) runs: usize,
    pub(crate) age: Duration,
    /// Of one action.
    pub(crate) bytes: u64,
    pub(crate) idempotency: Duration,
    pub(crate) audit: Duration,
}

/// The store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Storage {
    pub(crate) cache_bytes: u64,
    pub(crate) free_bytes_min: u64,
    pub(crate) flush: Duration,
}

/// What actions may reach on the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Egress {
    /// At most, whatever organisations say.
    pub(crate) allow: Vec<Rule>,
    /// Whether they may have certificates not checked.
    pub(crate) unverified_tls: bool,
    /// `None`: everything is reached without one.
    pub(crate) proxy: Option<Proxy>,
}

/// The cluster that is asked for log records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    /// Without a slash at its end.
    pub(crate) url: String,
    /// For a whole answer.
    pub(crate) wait: Duration,
    pub(crate) answer_bytes: usize,
}

/// Where the key of secrets is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SecretKey {
    Said(Secret),
    File(PathBuf),
}

/// The action server's API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ActionServer {
    pub(crate) token: Secret,
}

/// Packages that actions declare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dependencies {
    pub(crate) enabled: bool,
    /// `None`: it is looked for.
    pub(crate) uv: Option<PathBuf>,
    /// `None`: uv's own configuration says. It may hold a password, and so may the next.
    pub(crate) index_url: Option<Secret>,
    pub(crate) extra_index_urls: Option<Secret>,
    pub(crate) find_links: Vec<String>,
    pub(crate) offline: bool,
    pub(crate) fallbacks: Vec<String>,
    /// For one action.
    pub(crate) wall: Duration,
    pub(crate) parallel: usize,
    /// Of one action, folders included.
    pub(crate) files: usize,
    /// Of one action, unpacked.
    pub(crate) bytes: u64,
    pub(crate) cache_bytes: u64,
}

/// The server's own log.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Log {
    pub(crate) filter: Filter,
    pub(crate) format: Format,
}

/// The collector that traces are sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Otlp {
    pub(crate) endpoint: Endpoint,
    pub(crate) authorization: Option<Secret>,
}

/// Text that no log and no message shows. It is never empty.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Settings {
    /// What others are told of where it is, now that it listens: a port that the system chose is part of it. Runs are told
    /// `public_url`: another one at each start would be another environment for them.
    pub(crate) fn told_url(&self, address: SocketAddr) -> String {
        if self.listen.port() == 0 && self.public_url == format!("http://{}", self.listen) {
            return format!("http://{address}");
        }
        self.public_url.clone()
    }

    /// The path of `public_url`; empty when it has none.
    pub(crate) fn public_path(&self) -> &str {
        let address = self.public_url.split_once("://").map_or("", |(_, address)| address);
        address.find('/').map_or("", |at| &address[at..])
    }
}

impl Secret {
    /// `None` for empty text.
    pub(super) fn new(text: String) -> Option<Self> {
        (!text.is_empty()).then_some(Self(text))
    }

    /// The text itself. Compare it in constant time.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

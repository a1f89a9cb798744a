//! What everything that is done with actiond needs: the store, the runner, and a few numbers.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;

use super::{access::Access, builds::Builds, packages::Packaging, policy::PolicyBounds, sessions::Sessions};
use crate::{environment, origin::Cluster, runner::Runner, store::Store};

/// The caller says every number.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) policy: PolicyBounds,
    pub(crate) environment_limits: environment::Limits,
    /// How long an idempotency key counts.
    pub(crate) idempotency: Duration,
    pub(crate) body_bytes: usize,
    /// Without a slash at its end.
    pub(crate) public_url: String,
    /// What paths that others are told begin with; empty, or without a slash at its end.
    pub(crate) public_path: String,
    /// The action server's token; `None` when that API is off.
    pub(crate) action_server_token: Option<String>,
    pub(crate) packaging: Packaging,
    /// What other clusters are asked through.
    pub(crate) proxy: Option<reqwest::Proxy>,
    /// The cluster that is asked for log records.
    pub(crate) origin: Option<Arc<Cluster>>,
}

/// Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct App(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    runner: Runner,
    access: Access,
    settings: Settings,
    builds: Builds,
    sessions: Sessions,
    /// Changes whenever an action is saved, edited or removed.
    schedules: watch::Sender<()>,
}

impl App {
    pub(crate) fn new(store: Store, runner: Runner, settings: Settings) -> Self {
        let access = Access::default();
        let schedules = watch::Sender::new(());
        let (builds, sessions) = (Builds::default(), Sessions::default());
        Self(Arc::new(Inner { store, runner, access, settings, builds, sessions, schedules }))
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }

    pub(crate) fn runner(&self) -> &Runner {
        &self.0.runner
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    pub(super) fn builds(&self) -> &Builds {
        &self.0.builds
    }

    pub(super) fn sessions(&self) -> &Sessions {
        &self.0.sessions
    }

    pub(super) fn packaging(&self) -> &Packaging {
        &self.0.settings.packaging
    }

    /// Told when what is due when may have changed.
    pub(crate) fn schedules(&self) -> watch::Receiver<()> {
        self.0.schedules.subscribe()
    }

    pub(super) fn schedules_changed(&self) {
        self.0.schedules.send_replace(());
    }

    pub(super) fn access(&self) -> &Access {
        &self.0.access
    }
}

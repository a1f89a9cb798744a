//! What everything that is done with actiond needs: the store, the runner, and a few numbers.

use std::{sync::Arc, time::Duration};

use super::{access::Access, policy::PolicyBounds};
use crate::{environment, runner::Runner, store::Store};

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
    /// The action server's token; `None` when that API is off.
    pub(crate) action_server_token: Option<String>,
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
}

impl App {
    pub(crate) fn new(store: Store, runner: Runner, settings: Settings) -> Self {
        let access = Access::default();
        Self(Arc::new(Inner { store, runner, access, settings }))
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

    pub(super) fn access(&self) -> &Access {
        &self.0.access
    }
}

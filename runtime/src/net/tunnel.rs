//! A connection through the proxy that is under way: a task asks for it, and the guest's socket waits for that.

use std::{
    os::fd::OwnedFd,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rustix::{
    io::Errno,
    net::{AddressFamily, SocketType},
};
use tokio::{runtime::Handle, task::AbortHandle};

use super::{
    names::Resolver,
    proxy::{Proxy, Unmade},
    socket::FLAGS,
};

type Outcome = Result<OwnedFd, Unmade>;

/// It is given up when nobody wants it any more.
#[derive(Debug)]
pub(super) struct Tunnel {
    /// Readable once it is decided.
    pub(super) decided: Arc<OwnedFd>,
    outcome: Arc<Mutex<Option<Outcome>>>,
    task: AbortHandle,
}

impl Tunnel {
    /// Begins one to a host and its port.
    pub(super) fn begin(
        proxy: Arc<Proxy>,
        resolver: Arc<Resolver>,
        to: String,
        limit: Duration,
    ) -> Result<Self, Errno> {
        let (ours, theirs) = rustix::net::socketpair(AddressFamily::UNIX, SocketType::STREAM, FLAGS, None)?;
        let outcome = Arc::<Mutex<Option<Outcome>>>::default();
        let told = outcome.clone();
        let task = Handle::current().spawn(async move {
            let made = proxy.connect(&resolver, &to, limit).await;
            *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(made);
            // What closes can be read.
            drop(theirs);
        });
        Ok(Self { decided: Arc::new(ours), outcome, task: task.abort_handle() })
    }

    /// What came of it, once.
    pub(super) fn take(&self) -> Option<Outcome> {
        // Asked first: what has ended tells nothing more.
        let is_over = self.task.is_finished();
        let outcome = self.outcome.lock().unwrap_or_else(PoisonError::into_inner).take();
        let died =
            || Err(Unmade { errno: Errno::CONNABORTED, why: "the server is shutting down".to_owned() });
        outcome.or_else(|| is_over.then(died))
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.task.abort();
    }
}

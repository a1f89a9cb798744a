//! The engines, one for each guest: the base guest's is open before the first run, the data guest's is opened at first need,
//! once, and kept. They share slots and images (see [`Engine::beside`]), and end with the last who holds them.

use std::{path::PathBuf, sync::Arc};

use actiond_runtime::{Engine, Guest, Progress, Stats};
use tokio::{
    runtime::Handle,
    sync::{OnceCell, Semaphore},
};

use crate::model::guest::GuestKind;

/// The engines of a server. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Engines(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    base: Engine,
    /// Where the data guest lies, where it is installed.
    data_dir: PathBuf,
    data: OnceCell<Engine>,
    /// One opens at a time, even when whoever waited for it has gone away.
    opening: Arc<Semaphore>,
}

/// Why there is no engine for a guest. It is tried again by whoever needs it next.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotOpen {
    #[error(
        "the action needs the data guest (NumPy and pandas), and this installation lacks it: install it with scripts/setup, or \
         take a release that brings it"
    )]
    Missing,
    #[error(transparent)]
    Runtime(#[from] actiond_runtime::Error),
    #[error("the thread that opens the data guest died: {0}")]
    Thread(String),
}

impl Engines {
    /// `data_dir`: where the data guest lies; it need not be there.
    pub(crate) fn new(base: Engine, data_dir: PathBuf) -> Self {
        Self(Arc::new(Inner { base, data_dir, data: OnceCell::new(), opening: Arc::new(Semaphore::new(1)) }))
    }

    /// The engine of that guest. Of several who need one that is not open, one opens it and the others wait.
    pub(crate) async fn of(&self, kind: GuestKind) -> Result<Engine, NotOpen> {
        match kind {
            GuestKind::Base => Ok(self.0.base.clone()),
            GuestKind::Data => Ok(self.0.data.get_or_try_init(|| self.open_data()).await?.clone()),
        }
    }

    /// What the engine of that guest holds; nothing when it is not open.
    pub(crate) fn stats(&self, kind: GuestKind) -> Option<Stats> {
        match kind {
            GuestKind::Base => Some(self.0.base.stats()),
            GuestKind::Data => self.0.data.get().map(Engine::stats),
        }
    }

    async fn open_data(&self) -> Result<Engine, NotOpen> {
        let (base, dir) = (self.0.base.clone(), self.0.data_dir.clone());
        if !dir.join("manifest.json").exists() {
            return Err(NotOpen::Missing);
        }
        // It is never closed.
        let turn = self.0.opening.clone().acquire_owned().await;
        tracing::info!("the data guest is opened, for the first action that needs it");
        let executor = Handle::current();
        // Compiling blocks. Where nobody waits any more it goes on: whoever comes next finds what it made.
        let opening = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let guest = Guest::open(dir)?;
            let told = |progress| match progress {
                Progress::Compiling => {
                    tracing::info!(
                        "compiling the data guest, once on this machine: it keeps every core busy"
                    );
                }
                Progress::Booting => tracing::info!("booting the data guest, once on this machine"),
            };
            executor.block_on(base.beside(guest, told))
        });
        let engine = opening.await.map_err(|error| NotOpen::Thread(error.to_string()))??;
        tracing::info!("the data guest is open");
        Ok(engine)
    }
}

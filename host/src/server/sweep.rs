//! Sweeping: what was kept long enough goes, a little at a time, while everything else goes on.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::{
    app::App,
    clock,
    model::{
        action::Action,
        id::{ActionId, OrgId},
    },
    store::{self, Change, View},
};

/// Between two sweeps.
const PAUSE: Duration = Duration::from_secs(10);
/// Records that one change removes.
const STEP: usize = 200;
/// Actions that one change looks at.
const ACTIONS: usize = 64;

/// Removes what is past its time.
#[derive(Debug)]
pub(crate) struct Sweeper {
    app: App,
    audit: Duration,
}

impl Sweeper {
    pub(crate) fn new(app: App, audit: Duration) -> Self {
        Self { app, audit }
    }

    /// Removes what uploads left that a process took with it when it died. Before anything is uploaded.
    pub(crate) async fn tidy_up(&self) -> store::Result<()> {
        let store = self.app.store();
        for (hash, pin) in store.read(View::abandoned_bundles).await? {
            store.settle(move |change| change.unpin_bundle(&hash, &pin, false)).await?;
        }
        Ok(())
    }

    /// Works until it is stopped.
    pub(crate) async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            if let Some(Err(error)) = stop.run_until_cancelled(self.sweep(clock::now())).await {
                tracing::error!(error = %error, "sweeping failed: trying again later");
            }
            let _ = stop.run_until_cancelled(tokio::time::sleep(PAUSE)).await;
        }
    }

    async fn sweep(&self, now: Timestamp) -> store::Result<()> {
        let store = self.app.store();
        while store.settle(move |change| change.forget_once(now, STEP)).await? == STEP {}
        let graves: Vec<ActionId> = store.read(|view| view.graves().collect::<store::Result<_>>()).await?;
        for grave in graves {
            while store.settle(move |change| change.remove_runs(&grave, STEP)).await? == STEP {}
            store
                .settle(move |change| {
                    change.remove_grave(&grave);
                    Ok::<_, store::Error>(())
                })
                .await?;
        }
        self.sweep_runs(now).await?;
        self.sweep_audit(now).await
    }

    async fn sweep_runs(&self, now: Timestamp) -> store::Result<()> {
        let store = self.app.store();
        let actions: Vec<Action> =
            store.read(|view| view.all_actions().collect::<store::Result<_>>()).await?;
        for some in actions.chunks(ACTIONS) {
            let some: Arc<[Action]> = some.into();
            loop {
                let some = some.clone();
                // It frees room, also when what is left is too little for anything else.
                if store.settle(move |change| retain(change, &some, now)).await? < STEP {
                    break;
                }
            }
        }
        Ok(())
    }

    async fn sweep_audit(&self, now: Timestamp) -> store::Result<()> {
        let age = SignedDuration::try_from(self.audit).unwrap_or(SignedDuration::MAX);
        let before = now.checked_sub(age).unwrap_or(Timestamp::MIN);
        let store = self.app.store();
        let orgs = store.read(|view| {
            view.organisations().map(|org| org.map(|org| org.id)).collect::<store::Result<Vec<OrgId>>>()
        });
        for org in orgs.await? {
            while store
                .settle({
                    let org = org.clone();
                    move |change| change.forget_audit(&org, before, STEP)
                })
                .await?
                == STEP
            {}
        }
        Ok(())
    }
}

/// Removes at most [`STEP`] runs of these actions; how many it were.
fn retain(change: &mut Change<'_>, actions: &[Action], now: Timestamp) -> store::Result<usize> {
    let mut all = 0;
    for Action { id, policy, .. } in actions {
        let mut activity = change.activity(id)?;
        let removed = change.retain_runs(id, &mut activity, &policy.retention, now, STEP - all)?;
        if removed > 0 {
            change.put_activity(id, &activity)?;
        }
        all += removed;
    }
    Ok(all)
}

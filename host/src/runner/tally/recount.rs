//! Counting the runs that are kept, after a start: a little at a time, while everything else goes on.

use std::{collections::HashMap, sync::atomic::Ordering, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::{
    model::{
        id::{ActionId, OrgId, RunId},
        run::Run,
    },
    runner::Runner,
    store::{self, Filter, Index, View},
};

/// Runs that are read at one time.
const PAGE: usize = 500;
/// Between two pages: whatever else reads goes on meanwhile.
const PAUSE: Duration = Duration::from_millis(5);

impl Runner {
    /// Counts what ended before the start, until it is stopped.
    pub(crate) async fn recount(&self, stop: CancellationToken) {
        match stop.run_until_cancelled(self.count_kept()).await {
            Some(Ok(())) => self.0.tally.recounted.store(true, Ordering::Release),
            Some(Err(error)) => tracing::error!(error = %error, "kept runs are not counted: {error}"),
            None => {}
        }
    }

    async fn count_kept(&self) -> store::Result<()> {
        let (store, tally) = (&self.0.store, &self.0.tally);
        let orgs = store.read(|view| {
            view.organisations().map(|org| org.map(|org| org.id)).collect::<store::Result<Vec<OrgId>>>()
        });
        for org in orgs.await? {
            let mut before = None;
            loop {
                let (org, filter) =
                    (org.clone(), Filter { since: Some(tally.oldest()), ..Filter::default() });
                let (runs, next) = store.read(move |view| page(view, &org, &filter, before)).await?;
                let earlier = runs.iter().filter(|run| run.ended_at.is_some_and(|at| at < tally.opened));
                earlier.for_each(|run| tally.add(run));
                before = next;
                if before.is_none() {
                    break;
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
        Ok(())
    }
}

/// Runs of actions that are there, and where the next page begins.
fn page(
    view: &View,
    org: &OrgId,
    filter: &Filter,
    before: Option<RunId>,
) -> store::Result<(Vec<Run>, Option<RunId>)> {
    let found = view.runs(&Index::Organisation(org.clone()), filter, before, PAGE)?;
    let (mut runs, mut there) = (Vec::with_capacity(found.runs.len()), HashMap::<ActionId, bool>::new());
    for run in found.runs {
        let is_there = match there.get(&run.action) {
            Some(is_there) => *is_there,
            None => view.has_action(org, &run.action)?,
        };
        there.insert(run.action, is_there);
        if is_there {
            runs.push(run);
        }
    }
    Ok((runs, found.next))
}

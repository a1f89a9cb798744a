//! Looking for the runs of a list: in the store, and in memory those that run now.

use super::RUNS;
use crate::{
    model::{
        action::Action,
        id::{ActionId, OrgId, RunId},
        run::Run,
    },
    store::{self, Filter, Index, Page, View},
};

/// Names that the field for an action offers.
const NAMES_MAX: usize = 200;

/// What is looked for.
pub(super) struct Asked {
    pub(super) org: OrgId,
    /// A name or an id; empty for all.
    pub(super) action: String,
    pub(super) filter: Filter,
    pub(super) before: Option<RunId>,
    /// Runs that run now, for the first page.
    pub(super) running: Vec<Run>,
    /// Whether names of actions are wanted too.
    pub(super) names: bool,
}

/// What was found.
pub(super) struct Found {
    pub(super) runs: Vec<(Run, Option<String>)>,
    pub(super) next: Option<RunId>,
    /// Names of actions, newest first.
    pub(super) names: Vec<String>,
    /// The action that was named is not there.
    pub(super) unknown: bool,
}

/// Looks for runs. Those that run now come from memory: of those that somebody waits for, the store knows nothing yet.
pub(super) fn found(view: &View, asked: Asked) -> store::Result<Found> {
    let Asked { org, action, filter, before, running, names } = asked;
    let names = if names { self::names(view, &org)? } else { Vec::new() };
    let action = match &*action {
        "" => None,
        named => match action_of(view, &org, named)? {
            Some(action) => Some(action.id),
            None => return Ok(Found { runs: Vec::new(), next: None, names, unknown: true }),
        },
    };
    let index = action.map_or_else(|| Index::Organisation(org), Index::Action);
    let Page { mut runs, mut next } = view.runs(&index, &filter, before, RUNS)?;
    for run in running {
        let is_own = action.is_none_or(|action| run.action == action) && is_wanted(&run, &filter);
        let known = runs.iter().position(|known| known.id == run.id);
        // One that has ended by now is there as it ended.
        match known {
            Some(at) if !runs[at].status.is_final() => runs[at] = run,
            None if is_own && view.run(&run.id)?.is_none() => runs.push(run),
            Some(_) | None => {}
        }
    }
    runs.sort_by_key(|run| std::cmp::Reverse(run.id));
    if runs.len() > RUNS {
        runs.truncate(RUNS);
        next = runs.last().map(|run| run.id);
    }
    Ok(Found { runs: with_names(view, runs)?, next, names, unknown: false })
}

fn is_wanted(run: &Run, filter: &Filter) -> bool {
    filter.status.is_none_or(|status| run.status == status)
        && filter.trigger.is_none_or(|trigger| run.trigger == trigger)
        && filter.since.is_none_or(|since| run.queued_at >= since)
        && filter.until.is_none_or(|until| run.queued_at < until)
}

fn names(view: &View, org: &OrgId) -> store::Result<Vec<String>> {
    view.actions(org).take(NAMES_MAX).map(|action| Ok(action?.name.to_string())).collect()
}

/// An action by its id or its name.
fn action_of(view: &View, org: &OrgId, named: &str) -> store::Result<Option<Action>> {
    if let Ok(id) = named.parse()
        && let Some(action) = view.action(org, &id)?
    {
        return Ok(Some(action));
    }
    view.actions(org)
        .find(|action| action.as_ref().map_or(true, |action| action.name.as_str() == named))
        .transpose()
}

/// Runs, each with the name of its action.
pub(super) fn with_names(view: &View, runs: Vec<Run>) -> store::Result<Vec<(Run, Option<String>)>> {
    let mut known: Vec<(ActionId, Option<String>)> = Vec::new();
    let mut named = Vec::with_capacity(runs.len());
    for run in runs {
        let found = known.iter().find(|(id, _)| *id == run.action);
        let name = match found {
            Some((_, name)) => name.clone(),
            None => {
                let name = view.action(&run.org, &run.action)?.map(|action| action.name.to_string());
                known.push((run.action, name.clone()));
                name
            }
        };
        named.push((run, name));
    }
    Ok(named)
}

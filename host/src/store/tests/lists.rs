//! Runs, queue and dead letters in order, page by page.

use super::*;
use crate::store::{Filter, Index, View};

async fn fill(store: &Store, runs: Vec<Run>) {
    write(store, move |change| runs.iter().try_for_each(|run| change.put_run(run))).await;
}

/// The times of all runs that a list shows, read in pages of `limit`.
fn times(view: &View, index: &Index, filter: &Filter, limit: usize) -> Vec<i64> {
    let (mut times, mut before) = (Vec::new(), None);
    loop {
        let page = view.runs(index, filter, before, limit).unwrap();
        assert!(page.runs.len() <= limit);
        times.extend(page.runs.iter().map(|run| run.queued_at.as_millisecond() - at(0).as_millisecond()));
        let Some(next) = page.next else { return times };
        assert!(before.is_none_or(|before| next < before), "it goes on");
        before = Some(next);
    }
}

#[tokio::test]
async fn runs_are_listed_by_each_filter() {
    let folder = folder();
    let store = open(folder.path());
    let runs = (0..40).map(|ms| Run {
        action: action_id(u8::try_from(ms % 2).unwrap()),
        status: Status::ALL[usize::try_from(ms % 6).unwrap()],
        trigger: Trigger::ALL[usize::try_from(ms / 6 % 6).unwrap()],
        org: org(if ms < 36 { "default" } else { "other" }),
        ..run(0, ms)
    });
    fill(&store, runs.collect()).await;
    let (all, default) = (Filter::default(), || Index::Organisation(org("default")));
    let errored = Filter { status: Some(Status::Errored), ..all.clone() };
    let hook = Filter { trigger: Some(Trigger::Hook), ..all.clone() };
    let both = Filter { status: Some(Status::Queued), ..hook.clone() };
    let between = |since, until| Filter { since, until, ..all.clone() };
    let down = |range: std::ops::Range<i64>| range.rev().collect::<Vec<_>>();
    let rows = [
        (default(), all.clone(), down(0..36)),
        (Index::Organisation(org("other")), all.clone(), down(36..40)),
        (Index::Organisation(org("oth")), all.clone(), vec![]),
        (
            Index::Action(action_id(1)),
            all.clone(),
            down(0..40).into_iter().filter(|ms| ms % 2 == 1).collect(),
        ),
        (Index::Action(action_id(7)), all.clone(), vec![]),
        (default(), errored, vec![33, 27, 21, 15, 9, 3]),
        (default(), hook, down(6..12)),
        (default(), both, vec![6]),
        (default(), between(Some(at(10)), None), down(10..36)),
        (default(), between(None, Some(at(10))), down(0..10)),
        (default(), between(Some(at(5)), Some(at(7))), down(5..7)),
        (default(), between(Some(at(7)), Some(at(7))), vec![]),
        (default(), between(Some(at(8)), Some(at(7))), vec![]),
        (default(), between(Some(at(100)), None), vec![]),
    ];
    for (index, filter, expected) in rows {
        for limit in [1, 2, 5, 6, 100] {
            let found = times(&store.0.view, &index, &filter, limit);
            assert_eq!(found, expected, "{index:?} {filter:?} {limit}");
        }
    }
    // A full page that is the last one does not say that there is more.
    let page = store.0.view.runs(&Index::Organisation(org("other")), &all, None, 4).unwrap();
    assert_eq!((page.runs.len(), page.next), (4, None));
}

#[tokio::test]
async fn pages_stay_where_they_are_while_runs_come_and_go() {
    let folder = folder();
    let store = open(folder.path());
    fill(&store, (0..20).map(|ms| run(1, ms)).collect()).await;
    let index = Index::Action(action_id(1));
    let page = store.0.view.runs(&index, &Filter::default(), None, 5).unwrap();
    fill(&store, (20..30).map(|ms| run(1, ms)).collect()).await;
    // Also when the run that the page ended with is gone.
    write(&store, |change| change.remove_run(&run(1, 15))).await;
    let next = store.0.view.runs(&index, &Filter::default(), page.next, 5).unwrap();
    let ids: Vec<RunId> = page.runs.iter().chain(&next.runs).map(|run| run.id).collect();
    assert_eq!(ids, (10..20).rev().map(run_id).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_filter_that_matches_little_ends_its_page_early() {
    let folder = folder();
    let store = open(folder.path());
    // Only the order: the records are looked up for matches alone.
    write(&store, |change| {
        for ms in 0..45_000 {
            change.put_bytes(crate::store::key::run_of_action(&action_id(1), &run_id(ms)), vec![2, 0]);
        }
        Ok(())
    })
    .await;
    fill(&store, vec![Run { status: Status::Errored, ..run(1, 1) }]).await;
    let index = Index::Action(action_id(1));
    let errored = Filter { status: Some(Status::Errored), ..Filter::default() };
    let page = store.0.view.runs(&index, &errored, None, 10).unwrap();
    assert_eq!((page.runs.len(), page.next), (0, Some(run_id(25_000))));
    assert_eq!(times(&store.0.view, &index, &errored, 10), [1]);
}

#[tokio::test]
async fn the_queue_is_in_the_order_of_its_times() {
    let folder = folder();
    let store = open(folder.path());
    let queued = |name: &str, ms: i64, not_before: i64| Run {
        org: org(name),
        status: Status::Queued,
        not_before: at(not_before),
        ..run(1, ms)
    };
    let runs = [
        queued("b", 1, 1),
        queued("a", 5, 300),
        queued("a", 2, 70_000),
        queued("a", 3, 3),
        queued("a", 4, 3),
    ];
    let first = runs[0].clone();
    write(&store, move |change| {
        for run in &runs {
            change.put_queued(run);
        }
        change.put_running(&runs[1]);
        change.put_due(&action_id(1), at(5_000), run_id(5));
        Ok(())
    })
    .await;
    let queue = |store: &Store| store.0.view.queued().collect::<Result<Vec<_>>>().unwrap();
    assert_eq!(queue(&store), [3, 4, 5, 2, 1].map(run_id));
    assert_eq!(store.0.view.running().collect::<Result<Vec<_>>>().unwrap(), [run_id(5)]);
    for (due, expected) in [(at(5_000), Some(run_id(5))), (at(6_000), None), (at(4_000), None)] {
        assert_eq!(store.0.view.due(&action_id(1), due).unwrap(), expected);
    }
    write(&store, move |change| {
        change.remove_queued(&first);
        change.remove_running(&run(1, 5));
        Ok(())
    })
    .await;
    assert_eq!(queue(&store), [3, 4, 5, 2].map(run_id));
    assert_eq!(store.0.view.running().count(), 0);
}

#[tokio::test]
async fn dead_letters_are_listed_newest_first() {
    let folder = folder();
    let store = open(folder.path());
    write(&store, |change| {
        for ms in 0..5 {
            change.put_dead(&run(1, ms));
        }
        change.put_dead(&Run { org: org("other"), ..run(1, 9) });
        Ok(())
    })
    .await;
    for (before, expected) in [
        (None, vec![4, 3, 2, 1, 0]),
        (Some(3), vec![2, 1, 0]),
        (Some(0), vec![]),
        (Some(99), vec![4, 3, 2, 1, 0]),
    ] {
        let found = store.0.view.dead(&org("default"), before.map(run_id));
        let expected: Vec<RunId> = expected.into_iter().map(run_id).collect();
        assert_eq!(found.collect::<Result<Vec<_>>>().unwrap(), expected, "{before:?}");
    }
    assert_eq!(store.0.view.dead_letters(), 6);
    write(&store, |change| {
        change.remove_dead(&run(1, 2));
        change.remove_run(&run(1, 3))
    })
    .await;
    assert_eq!(store.0.view.dead_letters(), 4, "a removed run is no dead letter");
}

//! What is kept for a while or as long as it is used: runs, bundles, keys that count once.

use super::*;
use crate::{
    model::{
        action::{Action, Activity, Kind, Version},
        guest::GuestKind,
        policy::{Missed, Overlap, Policy, Retention, Retry},
    },
    store::{Once, key},
};

const ALL: Retention = Retention { runs: u64::MAX, age: Duration::MAX, bytes: u64::MAX };

fn sized(ms: i64) -> Run {
    Run { input_bytes: 10, result_bytes: 20, log_bytes: 30, ..run(1, ms) }
}

#[tokio::test]
async fn runs_are_kept_by_count_age_and_bytes() {
    let day = Duration::from_secs(86_400);
    let rows = [
        (ALL, at(9), 100, 10),
        (Retention { runs: 10, ..ALL }, at(9), 100, 10),
        (Retention { runs: 4, ..ALL }, at(9), 100, 4),
        (Retention { runs: 4, ..ALL }, at(9), 3, 7),
        (Retention { runs: 0, ..ALL }, at(9), 100, 0),
        (Retention { bytes: 600, ..ALL }, at(9), 100, 10),
        (Retention { bytes: 599, ..ALL }, at(9), 100, 9),
        (Retention { bytes: 59, ..ALL }, at(9), 100, 0),
        (Retention { age: day, ..ALL }, at(86_400_000), 100, 10),
        (Retention { age: day, ..ALL }, at(86_400_003), 100, 7),
        (Retention { age: day, runs: 2, ..ALL }, at(86_400_003), 100, 2),
    ];
    for (retention, now, most, left) in rows {
        let folder = folder();
        let store = open(folder.path());
        let queued = Run { status: Status::Queued, ..run(1, -1) };
        write(&store, move |change| {
            change.put_run(&queued)?;
            for ms in 0..10 {
                change.put_run(&sized(ms))?;
                change.put_input(&run_id(ms), &noise(10));
                change.put_result(&run_id(ms), &noise(20));
                change.put_log(&run_id(ms), 1, &noise(30));
                change.put_connections(&run_id(ms), 1, &noise(30));
            }
            change.put_activity(&action_id(1), &Activity { runs: 10, bytes: 600, ..Activity::default() })
        })
        .await;
        let removed = write(&store, move |change| {
            let mut activity = change.activity(&action_id(1))?;
            let removed = change.retain_runs(&action_id(1), &mut activity, &retention, now, most)?;
            change.put_activity(&action_id(1), &activity)?;
            Ok(removed)
        })
        .await;
        let view = &store.0.view;
        assert_eq!(removed, 10 - left, "{retention:?}");
        let kept: Vec<bool> = (0..10).map(|ms| view.run(&run_id(ms)).unwrap().is_some()).collect();
        assert_eq!(
            kept,
            (0..10).map(|place| place >= 10 - left).collect::<Vec<_>>(),
            "{retention:?}: oldest first"
        );
        assert!(view.run(&run_id(-1)).unwrap().is_some(), "what has not ended stays");
        let activity = view.activity(&action_id(1)).unwrap();
        assert_eq!((activity.runs, activity.bytes), (left as u64, 60 * left as u64));
        for ms in 0..10 {
            let kept = usize::try_from(ms).unwrap() >= 10 - left;
            assert_eq!(view.run_input(&run_id(ms)).unwrap().is_some(), kept);
            assert_eq!(view.run_result(&run_id(ms)).unwrap().is_some(), kept);
            let (log, reached) = (key::logs(&run_id(ms)), key::connections(&run_id(ms)));
            assert_eq!(view.blob(&log).unwrap().is_some(), kept);
            assert_eq!(view.blob(&reached).unwrap().is_some(), kept);
        }
    }
}

#[tokio::test]
async fn an_action_that_is_gone_leaves_nothing() {
    let folder = folder();
    let store = open(folder.path());
    let before: Vec<_> = store.0.view.below(&[]).map(|entry| entry.unwrap().0).collect();
    let action = action();
    let (removed, put) = (action.clone(), action.clone());
    write(&store, move |change| {
        change.put_action(&put)?;
        change.put_activity(&put.id, &Activity::default())?;
        change.put_state(&put.id, &noise(1 << 20))?;
        change.put_version(&put.id, &version(1, [1; 32]))?;
        for (ms, status) in (0..).zip(Status::ALL) {
            let run = Run { status, due: Some(at(ms * 1_000)), dead: true, ..run(1, ms) };
            change.put_run(&run)?;
            change.put_result(&run.id, &noise(100_000));
            change.put_queued(&run);
            change.put_running(&run);
            change.put_dead(&run);
            change.put_due(&put.id, at(ms * 1_000), run.id);
        }
        Ok(())
    })
    .await;
    write(&store, move |change| change.remove_action(&removed)).await;
    let mut counts = Vec::new();
    loop {
        let count = write(&store, move |change| change.remove_runs(&action.id, 4)).await;
        counts.push(count);
        if count == 0 {
            break;
        }
    }
    assert_eq!(counts, [4, 2, 0]);
    let after: Vec<_> = store.0.view.below(&[]).map(|entry| entry.unwrap().0).collect();
    assert_eq!(after, before);
    assert_eq!(files(&store), 0);
}

#[tokio::test]
async fn bundles_are_kept_while_somebody_uses_them() {
    let folder = folder();
    let store = open(folder.path());
    let hash = [1; 32];
    let bytes: Arc<[u8]> = noise(300_000).into();
    let has = |store: &Store| {
        let found = store.0.view.bundle(&hash).unwrap();
        assert!(found.is_none() || found == Some(noise(300_000)));
        found.is_some()
    };
    // Two uploads of the same bytes; one becomes a version.
    for pin in [1, 2] {
        store.put_bundle(hash, bytes.clone(), action_id(pin)).await.unwrap();
    }
    assert_eq!(files(&store), 1, "kept once");
    let abandoned = store.0.view.abandoned_bundles().unwrap();
    assert_eq!(abandoned, [(hash, action_id(1)), (hash, action_id(2))]);
    write(&store, move |change| {
        change.put_version(&action_id(1), &version(1, hash))?;
        change.unpin_bundle(&hash, &action_id(1), true)
    })
    .await;
    write(&store, move |change| change.unpin_bundle(&hash, &action_id(2), false)).await;
    assert!(has(&store) && store.0.view.abandoned_bundles().unwrap().is_empty());
    // A second version and another action use it too.
    write(&store, move |change| {
        change.put_version(&action_id(1), &version(2, hash))?;
        change.put_version(&action_id(2), &version(1, hash))
    })
    .await;
    write(&store, move |change| change.remove_versions(&action_id(1), &[version(1, hash)])).await;
    assert!(has(&store));
    write(&store, move |change| change.remove_versions(&action_id(2), &[version(1, hash)])).await;
    assert!(has(&store));
    // An upload that is under way keeps it when its last version goes.
    store.put_bundle(hash, bytes.clone(), action_id(3)).await.unwrap();
    write(&store, move |change| change.remove_versions(&action_id(1), &[version(2, hash)])).await;
    assert!(has(&store));
    write(&store, move |change| change.unpin_bundle(&hash, &action_id(3), false)).await;
    assert!(!has(&store));
    assert_eq!((files(&store), store.0.view.version(&action_id(1), 2).unwrap()), (0, None));
    // Both versions of one action at once.
    store.put_bundle(hash, bytes, action_id(1)).await.unwrap();
    write(&store, move |change| {
        change.put_version(&action_id(1), &version(1, hash))?;
        change.put_version(&action_id(1), &version(2, hash))?;
        change.unpin_bundle(&hash, &action_id(1), true)
    })
    .await;
    let versions = [version(1, hash), version(2, hash)];
    write(&store, move |change| change.remove_versions(&action_id(1), &versions)).await;
    assert!(!has(&store));
    // As the packages of two versions whose bundles differ.
    store.put_bundle(hash, noise(300_000).into(), action_id(9)).await.unwrap();
    let with = move |number: u32| Version {
        packages: Some(hash),
        ..version(number, [u8::try_from(number).unwrap(); 32])
    };
    write(&store, move |change| {
        change.put_version(&action_id(1), &with(11))?;
        change.put_version(&action_id(1), &with(12))?;
        change.unpin_bundle(&hash, &action_id(9), true)
    })
    .await;
    write(&store, move |change| change.remove_versions(&action_id(1), &[with(11)])).await;
    assert!(has(&store));
    write(&store, move |change| change.remove_versions(&action_id(1), &[with(12)])).await;
    assert!(!has(&store));
}

#[tokio::test]
async fn keys_count_once_until_they_end() {
    let folder = folder();
    let store = open(folder.path());
    let once = |run, until| Once { run: run_id(run), body: [9; 32], until: at(until) };
    let found = |store: &Store, hash: u8, now| {
        store.0.view.once(&action_id(1), &[hash; 32], at(now)).unwrap().map(|once| once.run)
    };
    write(&store, move |change| {
        change.put_once(&action_id(1), &[1; 32], &once(1, 10))?;
        change.put_once(&action_id(1), &[2; 32], &once(2, 20))?;
        change.put_once(&action_id(1), &[3; 32], &once(3, 30))
    })
    .await;
    for (hash, now, expected) in
        [(1, 9, Some(1)), (1, 10, None), (1, 11, None), (2, 11, Some(2)), (4, 0, None)]
    {
        assert_eq!(found(&store, hash, now), expected.map(run_id), "{hash} at {now}");
    }
    assert_eq!(store.0.view.once(&action_id(2), &[1; 32], at(0)).unwrap(), None, "of another scope");
    // The first is taken anew after its end, before it was forgotten.
    write(&store, move |change| change.put_once(&action_id(1), &[1; 32], &once(5, 25))).await;
    let rows = [(5, 1, 0), (21, 1, 1), (21, 9, 1), (21, 9, 0)];
    for (now, most, count) in rows {
        assert_eq!(write(&store, move |change| change.forget_once(at(now), most)).await, count, "{now}");
    }
    assert_eq!([1, 2, 3].map(|hash| found(&store, hash, 21)), [Some(run_id(5)), None, Some(run_id(3))]);
    assert_eq!(write(&store, move |change| change.forget_once(at(99), 9)).await, 2);
    let left = store.0.view.below(b"K").count() + store.0.view.below(b"k").count();
    assert_eq!(left, 0);
}

fn files(store: &Store) -> usize {
    fs::read_dir(store.dir().join("values")).unwrap().count()
}

fn version(number: u32, bundle: [u8; 32]) -> Version {
    Version {
        number,
        bundle,
        packages: None,
        guest: GuestKind::Base,
        bytes: 1,
        zip_file_name: String::new(),
        created_by: String::new(),
        created_at: at(0),
    }
}

fn action() -> Action {
    Action {
        id: action_id(1),
        org: org("default"),
        name: "n".parse().unwrap(),
        description: None,
        kind: Kind::Service,
        cron: None,
        zone: "UTC".to_owned(),
        env: Vec::new(),
        service_account: String::new(),
        created_by: String::new(),
        created_at: at(0),
        modified_at: at(0),
        version: 1,
        version_last: 1,
        zip_file_name: String::new(),
        guest: GuestKind::Base,
        paused: false,
        secrets: Vec::new(),
        policy: Policy {
            fuel: 1,
            wall: Duration::from_secs(1),
            memory_bytes: Some(1),
            parallel: 1,
            queue: 1,
            rate: None,
            overlap: Overlap::Skip,
            missed: Missed::Skip,
            retry: Retry { attempts: 1, delay: Duration::ZERO, delay_max: Duration::ZERO },
            retention: ALL,
            coalesce: None,
            stateful: true,
            egress: None,
            unverified_tls: false,
        },
    }
}

#[tokio::test]
async fn removed_runs_give_their_room_back() {
    let folder = folder();
    let store = open(folder.path());
    let retention = Retention { runs: 20, ..ALL };
    let mut most = 0;
    for ms in 0..400 {
        write(&store, move |change| {
            let mut activity = change.activity(&action_id(1))?;
            change.retain_runs(&action_id(1), &mut activity, &retention, at(0), 10)?;
            change.put_run(&sized(ms))?;
            change.put_input(&run_id(ms), &noise(10_000));
            change.put_result(&run_id(ms), &noise(1 << 20));
            activity.runs += 1;
            change.put_activity(&action_id(1), &activity)
        })
        .await;
        most = most.max(store.disk_bytes().unwrap());
    }
    // 400 MiB went through; 21 are kept.
    assert!(most < 3 * (21 << 20) + (64 << 20), "{most}");
    assert_eq!(files(&store), 21);
    drop(store);
    assert_eq!(open(folder.path()).0.view.run_result(&run_id(399)).unwrap(), Some(noise(1 << 20)));
}

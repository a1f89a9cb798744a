//! What was acknowledged outlives power cuts and kills, and each change is whole. One process at a time has the folder.

use std::{
    fs::OpenOptions,
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, Command, Stdio},
};

use super::*;
use crate::{model::policy::Retention, store::open::Reserves};

/// Lies in the folder that [`child`] is to work in. Its text says what to do.
const ORDER: &str = "order";
const RUNS_KEPT: u64 = 40;

fn result_of(number: i64) -> Vec<u8> {
    noise(if number % 5 == 0 { 30_000 } else { 100 })
}

/// Ends at once, unless another test started it in a folder with an order.
#[tokio::test]
async fn child() {
    let Ok(order) = fs::read_to_string(ORDER) else { return };
    let mut out = std::io::stdout();
    let opened = Store::open(settings(Path::new("store")));
    let Ok(store) = opened else {
        writeln!(out, "\nrefused {opened:?}").unwrap();
        return;
    };
    writeln!(out, "\nopened").unwrap();
    if order != "write" {
        return;
    }
    let first = store.0.view.activity(&action_id(1)).unwrap().skipped;
    for number in first.. {
        writeln!(out, "begins {number}").unwrap();
        if number % 3 == 0 {
            store.write(move |change| step(change, number)).await.unwrap();
            writeln!(out, "acknowledged {number}").unwrap();
        } else {
            store.record(move |change| step(change, number)).await.unwrap();
        }
    }
}

/// One change of many keys. `skipped` counts the changes.
fn step(change: &mut Change<'_>, number: u64) -> Result<()> {
    let mut activity = change.activity(&action_id(1))?;
    let ms = i64::try_from(number).unwrap();
    change.put_run(&run(1, ms))?;
    change.put_result(&run_id(ms), &result_of(ms));
    change.put_running(&run(1, ms));
    change.put_state(&action_id(1), &result_of(ms))?;
    let retention = Retention { runs: RUNS_KEPT - 1, age: Duration::MAX, bytes: u64::MAX };
    change.retain_runs(&action_id(1), &mut activity, &retention, at(0), 9)?;
    activity.runs += 1;
    activity.skipped += 1;
    change.put_activity(&action_id(1), &activity)
}

/// That the folder holds the first changes, each whole, and at least `least` of them.
fn check(dir: &Path, least: u64) -> u64 {
    let store = open(dir);
    let view = &store.0.view;
    let activity = view.activity(&action_id(1)).unwrap();
    let count = activity.skipped;
    assert!(count >= least, "{count} changes are there, {least} were acknowledged");
    assert_eq!(activity.runs, count.min(RUNS_KEPT));
    let all = i64::try_from(count).unwrap();
    let first = all - i64::try_from(activity.runs).unwrap();
    let ids: Vec<RunId> = (first..all).map(run_id).collect();
    let every: Vec<RunId> = (0..all).map(run_id).collect();
    assert_eq!(view.running().collect::<Result<Vec<_>>>().unwrap(), every);
    for tag in [&b"a"[..], b"o", b"R", b"X"] {
        let found =
            view.below(tag).map(|entry| crate::store::key::tail(&entry.unwrap().0).map(RunId::from_bytes));
        assert_eq!(found.flatten().collect::<Vec<_>>(), ids);
    }
    for number in first..all {
        assert!(view.run(&run_id(number)).unwrap().is_some());
        assert_eq!(view.run_result(&run_id(number)).unwrap(), Some(result_of(number)), "{number}");
    }
    if all > 0 {
        assert_eq!(view.state(&action_id(1)).unwrap(), Some(result_of(all - 1)));
    }
    let named = view.below(b"F").count();
    assert_eq!(fs::read_dir(dir.join("values")).unwrap().count(), named, "no file is left over");
    count
}

fn start(dir: &Path, order: &str) -> Child {
    fs::write(dir.join(ORDER), order).unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "store::tests::crash::child", "--nocapture"]).current_dir(dir);
    command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

#[test]
fn what_was_acknowledged_outlives_a_kill() {
    let folder = folder();
    let mut count = 0;
    for round in 0..20_u64 {
        let mut child = start(folder.path(), "write");
        let mut lines =
            BufReader::new(child.stdout.take().unwrap()).lines().map_while(std::result::Result::ok);
        // After another line each time: 3 to 250 of them.
        let most = 3 + usize::try_from(round * round * 17 % 247).unwrap();
        let mut seen: Vec<String> = lines.by_ref().take(most).collect();
        child.kill().unwrap();
        seen.extend(lines);
        child.wait().unwrap();
        let mut acknowledged = seen.iter().filter_map(|line| line.strip_prefix("acknowledged "));
        let least = acknowledged.next_back().map_or(0, |number| number.parse::<u64>().unwrap() + 1);
        count = check(&folder.path().join("store"), least.max(count));
    }
    assert!(count > 100, "{count}");
}

#[tokio::test]
async fn what_was_acknowledged_outlives_a_power_cut() {
    let folder = folder();
    let dir = folder.path().join("store");
    let store = open(&dir);
    for number in 0..60 {
        write(&store, move |change| step(change, number)).await;
        if number % 6 == 0 {
            let cut = folder.path().join(format!("cut-{number}"));
            copy(&dir, &cut);
            assert_eq!(check(&cut, number + 1), number + 1);
        }
    }
}

#[tokio::test]
async fn a_torn_end_is_left_out() {
    let folder = folder();
    let dir = folder.path().join("store");
    let store = open(&dir);
    for number in 0..30 {
        write(&store, move |change| step(change, number)).await;
    }
    for (row, append, cut) in [(0, 1, 0), (1, 5_000, 0), (2, 3 << 20, 0), (3, 0, 1), (4, 0, 300)] {
        let torn = folder.path().join(format!("torn-{row}"));
        copy(&dir, &torn);
        let mut table = OpenOptions::new().append(true).open(torn.join("store/db")).unwrap();
        let bytes = table.metadata().unwrap().len();
        table.set_len(bytes - cut).unwrap();
        table.write_all(&noise(append)).unwrap();
        drop(table);
        check(&torn, if cut == 0 { 30 } else { 0 });
        // And goes on.
        let store = open(&torn);
        let count = store.0.view.activity(&action_id(1)).unwrap().skipped;
        write(&store, move |change| step(change, count)).await;
        drop(store);
        check(&torn, count + 1);
    }
}

#[tokio::test]
async fn a_folder_belongs_to_one_store() {
    let folder = folder();
    let dir = folder.path().join("store");
    let store = open(&dir);
    let second = Store::open(settings(&dir));
    assert!(matches!(&second, Err(Error::Locked(path)) if *path == dir), "{second:?}");
    let answer = |order| {
        let out = start(folder.path(), order).wait_with_output().unwrap();
        String::from_utf8(out.stdout).unwrap()
    };
    assert!(answer("open").contains("refused Err(Locked("));
    drop(store);
    assert!(answer("open").contains("opened"));
    open(&dir);
}

#[tokio::test]
async fn a_change_that_fails_does_nothing() {
    let folder = folder();
    let store = open(folder.path());
    write(&store, |change| step(change, 0)).await;
    let failed = store.write(|change| {
        step(change, 1)?;
        change.put_input(&run_id(1), &noise(1 << 20));
        Err::<(), _>(Error::Closed)
    });
    assert!(matches!(failed.await, Err(Error::Closed)));
    drop(store);
    assert_eq!(check(folder.path(), 1), 1);
}

#[test]
fn what_must_be_written_has_a_reserve() {
    for (free_bytes_min, record, settle) in [
        (0, 0, 0),
        (64 << 20, 32 << 20, 8 << 20),
        (1 << 30, 64 << 20, 16 << 20),
        (1 << 40, 64 << 20, 16 << 20),
    ] {
        assert_eq!(Reserves::below(free_bytes_min), Reserves { record, settle });
    }
}

#[tokio::test]
async fn users_are_refused_before_the_disk_is_full() {
    let folder = folder();
    let rows = [(0, true, true), (u64::MAX / 2, false, true)];
    for (free_bytes_min, user, reserve) in rows {
        let store = Store::open(Settings { free_bytes_min, ..settings(folder.path()) }).unwrap();
        let written = store.write(|change| step(change, 0)).await;
        assert_eq!(written.is_ok(), user, "{written:?}");
        assert!(user || matches!(written, Err(Error::Full { .. })), "{written:?}");
        assert_eq!(store.record(|change| step(change, 0)).await.is_ok(), reserve);
        assert_eq!(store.settle(|change| step(change, 0)).await.is_ok(), reserve);
    }
}

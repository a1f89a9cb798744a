//! A backup is the store at one moment; a restore is all of it or nothing.

use std::path::PathBuf;

use super::*;
use crate::store::{check_backup, restore};

/// Everything that is in a store, long values as well.
fn everything(store: &Store) -> Vec<(Vec<u8>, Vec<u8>)> {
    let view = &store.0.view;
    let entries = view.below(&[]).map(|entry| {
        let (key, stored) = entry.unwrap();
        let value = view.resolve(&key, &stored).map(|value| value.unwrap().into_owned());
        (key.to_vec(), value.unwrap_or_else(|_| stored.to_vec()))
    });
    // Files have other names in another store.
    entries.filter(|(key, _)| !key.starts_with(b"F")).collect()
}

async fn put_pair(store: &Store, ms: i64) {
    write(store, move |change| {
        change.put_run(&run(1, ms))?;
        change.put_result(&run_id(ms), &noise(if ms % 10 == 0 { 100_000 } else { 10 }));
        change.put_running(&run(1, ms));
        Ok(())
    })
    .await;
}

async fn backup(store: &Store, path: PathBuf) -> PathBuf {
    let count = store.backup(fs::File::create_new(&path).unwrap()).await.unwrap();
    assert_eq!(check_backup(&path).unwrap(), count);
    path
}

#[tokio::test]
async fn a_restored_store_equals_the_one_that_was_backed_up() {
    let folder = folder();
    let store = open(&folder.path().join("a"));
    for ms in 0..25 {
        put_pair(&store, ms).await;
    }
    let path = backup(&store, folder.path().join("backup")).await;
    let to = folder.path().join("b");
    let count = restore(&path, &to).unwrap();
    let restored = open(&to);
    assert_eq!(everything(&restored), everything(&store));
    assert_eq!(everything(&restored).len() as u64, count);
    assert_eq!(restored.0.view.run_result(&run_id(10)).unwrap(), Some(noise(100_000)));
    let again = restore(&path, &to);
    assert!(matches!(again, Err(Error::NotEmpty(_))), "{again:?}");
    assert_eq!(everything(&restored), everything(&store), "what is there is left alone");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_while_changes_go_on_holds_whole_changes() {
    let folder = folder();
    let store = open(&folder.path().join("a"));
    let writer = store.clone();
    let (stop, mut stopped) = tokio::sync::oneshot::channel::<()>();
    let writing = tokio::spawn(async move {
        let mut ms = 0;
        while stopped.try_recv().is_err() {
            put_pair(&writer, ms).await;
            ms += 1;
        }
    });
    let mut counts = Vec::new();
    for number in 0..5 {
        put_pair(&store, -1 - number).await;
        let path = backup(&store, folder.path().join(format!("backup-{number}"))).await;
        let to = folder.path().join(format!("b-{number}"));
        restore(&path, &to).unwrap();
        let restored = open(&to);
        let view = &restored.0.view;
        let running: Vec<RunId> = view.running().collect::<Result<_>>().unwrap();
        for id in &running {
            assert!(view.run(id).unwrap().is_some() && view.run_result(id).unwrap().is_some());
        }
        assert_eq!(view.below(b"R").count(), running.len());
        counts.push(running.len());
    }
    stop.send(()).unwrap();
    writing.await.unwrap();
    assert!(counts.is_sorted() && counts[0] < counts[4], "{counts:?}");
}

#[tokio::test]
async fn what_is_no_whole_backup_leaves_nothing() {
    let folder = folder();
    let store = open(&folder.path().join("a"));
    for ms in 0..12 {
        put_pair(&store, ms).await;
    }
    let whole = fs::read(backup(&store, folder.path().join("backup")).await).unwrap();
    let flipped = |place: usize| {
        let mut bytes = whole.clone();
        bytes[place] ^= 1;
        bytes
    };
    let rows = [
        Vec::new(),
        b"ACTBAK01".to_vec(),
        b"PK\x03\x04 some other file, long enough to have a beginning".to_vec(),
        whole[..whole.len() - 1].to_vec(),
        whole[..whole.len() / 2].to_vec(),
        flipped(0),
        flipped(11),
        flipped(whole.len() / 2),
        flipped(whole.len() - 1),
    ];
    let (path, to) = (folder.path().join("damaged"), folder.path().join("b"));
    for (number, row) in rows.into_iter().enumerate() {
        fs::write(&path, row).unwrap();
        let restored = restore(&path, &to);
        assert!(matches!(restored, Err(Error::File { .. })), "{number}: {restored:?}");
        assert!(!to.exists() || fs::read_dir(&to).unwrap().next().is_none(), "{number}");
    }
    assert!(restore(&folder.path().join("none"), &to).is_err());
    // A restore that did not end is no store.
    fs::write(&path, &whole).unwrap();
    restore(&path, &to).unwrap();
    let opened = open(&to);
    write(&opened, |change| {
        change.remove(crate::store::key::FORMAT);
        Ok(())
    })
    .await;
    drop(opened);
    let opened = Store::open(settings(&to));
    assert!(matches!(opened, Err(Error::Damaged { .. })), "{opened:?}");
}

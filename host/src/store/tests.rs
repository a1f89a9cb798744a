//! The store, through its door: what goes in comes out, whole, in order, also after a crash.

mod backup;
mod crash;
mod keeping;
mod lists;
mod records;

use std::{fs, path::Path, sync::Arc, time::Duration};

use jiff::Timestamp;
use tempfile::TempDir;

use super::{Change, Error, Result, Settings, Store};
use crate::model::{
    id::{ActionId, OrgId, RunId},
    run::{Run, Status, Trigger},
};

fn settings(dir: &Path) -> Settings {
    Settings {
        dir: dir.to_owned(),
        cache_bytes: 8 << 20,
        flush: Duration::from_millis(200),
        free_bytes_min: 0,
        flushed: Arc::new(|_| ()),
    }
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn open(dir: &Path) -> Store {
    Store::open(settings(dir)).unwrap()
}

async fn write<T: Send + 'static>(
    store: &Store,
    work: impl FnOnce(&mut Change<'_>) -> Result<T> + Send + 'static,
) -> T {
    store.write(work).await.unwrap()
}

/// What a power cut leaves: the folder as it is on the disk now.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            // A file may be removed meanwhile: it was of no use any more.
            let _ = fs::copy(entry.path(), to);
        }
    }
}

fn org(name: &str) -> OrgId {
    name.parse().unwrap()
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(1_780_000_000_000 + ms).unwrap()
}

fn action_id(number: u8) -> ActionId {
    ActionId::new(at(0), [number; 16])
}

fn run_id(ms: i64) -> RunId {
    RunId::new(at(ms), 0, [7; 8])
}

/// A finished run that was asked for at `ms`.
fn run(action: u8, ms: i64) -> Run {
    Run {
        id: run_id(ms),
        org: org("default"),
        action: action_id(action),
        version: 1,
        trigger: Trigger::Invoke,
        due: None,
        status: Status::Completed,
        queued_at: at(ms),
        not_before: at(ms),
        started_at: Some(at(ms)),
        ended_at: Some(at(ms + 5)),
        attempt: 1,
        parent: None,
        error: None,
        usage: None,
        traceparent: String::new(),
        input_bytes: 0,
        result_bytes: 0,
        log_bytes: 0,
        coalesced: 0,
        dead: false,
    }
}

/// Bytes that do not repeat.
fn noise(bytes: usize) -> Vec<u8> {
    let mut noise = vec![0; bytes];
    blake3::Hasher::new().finalize_xof().fill(&mut noise);
    noise
}

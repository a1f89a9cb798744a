//! Backup and restore: the whole store as one file, while the server runs or when none does, and back into an empty folder.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, sync::Arc};

use serde_json::json;

use crate::{
    program::{Ended, Place},
    server::Server,
};

const ECHO: &str = "def main(data):\n    return data\n";

fn backup(place: &Place, arguments: &[&str]) -> Ended {
    place.start("backup", arguments).end()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

/// What a backup or restore that worked says.
#[track_caller]
fn worked(ended: &Ended, end: &str) {
    assert_eq!((ended.code, &*ended.stdout), (0, ""), "{}", ended.stderr);
    let last = ended.stderr.lines().last().expect("it says so");
    assert!(last.contains(" entries, ") && last.contains(" MiB, in ") && last.ends_with(end), "{last}");
}

#[test]
fn a_backup_of_a_running_server_brings_back_what_it_had() {
    let server = Server::start();
    let id = server.upload("echo", "service", ECHO, &[]);
    let ran = server.post(&format!("/api/default/actions/{id}/invoke"), &json!([1, "two"])).is(200);
    let place = server.place();
    let socket = server.dir().join("data/control.sock");
    assert_eq!((mode(&socket), mode(&server.dir().join("data"))), (0o600, 0o700));
    worked(&backup(&place, &["new/monday", "--data-dir", "data"]), ": new/monday/actiond.backup");
    let made = place.path().join("new/monday");
    assert_eq!((mode(&made), mode(&made.join("actiond.backup"))), (0o700, 0o600));
    let names: Vec<_> = fs::read_dir(&made).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["actiond.backup"], "nothing else is left");
    // It goes on serving, and what comes now is not in the backup.
    server.upload("later", "service", ECHO, &[]);
    assert_eq!(server.stop().code, 0);
    assert!(!socket.exists(), "nobody listens there");

    let other = Arc::new(Place::new());
    let from = made.to_str().unwrap();
    let restored = other.start("restore", &[from, "--data-dir", "data"]).end();
    worked(&restored, ": data");
    let server = Server::again(other);
    let actions = server.get("/api/default/actions").is(200);
    let names: Vec<_> = actions.as_array().unwrap().iter().map(|action| action["name"].as_str()).collect();
    assert_eq!(names, [Some("echo")]);
    let known = server.get(&format!("/api/default/runs/{}", ran["run_id"].as_str().unwrap())).is(200);
    assert_eq!(known["result"], json!([1, "two"]));
    let again = server.post(&format!("/api/default/actions/{id}/invoke"), &json!([3])).is(200);
    assert_eq!(again["result"], json!([3]), "its bundle is there too");
}

#[test]
fn a_backup_needs_no_server() {
    let server = Server::start();
    server.upload("echo", "service", ECHO, &[]);
    let place = server.place();
    // It leaves its socket, and its work half done.
    server.kill();
    worked(&backup(&place, &["saved", "--data-dir", "data"]), ": saved/actiond.backup");
    let ended = place.start("restore", &["saved", "--data-dir", "other"]).end();
    worked(&ended, ": other");
    assert_eq!(Server::again(place).get("/readyz").status, 200);
}

#[test]
fn what_cannot_be_backed_up_or_restored_is_refused() {
    let place = Place::new();
    backup(&place, &["saved", "--data-dir", "none"])
        .is_refused("there is no store in none: give its --data-dir");
    let server = Server::start();
    let place = server.place();
    worked(&backup(&place, &["saved", "--data-dir", "data"]), "saved/actiond.backup");
    let whole = fs::read(place.path().join("saved/actiond.backup")).unwrap();
    backup(&place, &["saved", "--data-dir", "data"])
        .is_refused("saved/actiond.backup is there already: remove it, or name another folder");
    assert_eq!(fs::read(place.path().join("saved/actiond.backup")).unwrap(), whole, "it is left alone");
    place.write("file", "");
    backup(&place, &["file/below", "--data-dir", "data"])
        .is_refused("cannot create file/below (not a directory)");
    let restore = |from: &str, to: &str| place.start("restore", &[from, "--data-dir", to]).end();
    let last = |ended: Ended| (ended.code, ended.stderr.lines().last().unwrap_or_default().to_owned());
    let refused = |line: &str| (2, format!("error: {line}"));
    place.write("full/file", "");
    place.write("cut/actiond.backup", &whole[..whole.len() - 1]);
    for (from, to, line) in [
        ("saved", "full", "full holds files already: give an empty folder"),
        ("saved", "data", "data holds files already: give an empty folder"),
        ("nowhere", "new", "cannot read the backup nowhere/actiond.backup (entity not found)"),
        ("cut", "new", "cannot read the backup cut/actiond.backup (unexpected end of file)"),
    ] {
        assert_eq!(last(restore(from, to)), refused(line), "{from} {to}");
    }
    assert!(!place.path().join("new").exists(), "nothing is begun with what is not whole");
}

//! A disk that is nearly full: what is refused, what goes on, and that it is as before when there is room again.

use serde_json::json;

use crate::server::Server;

const ECHO: &str = "def main(data):\n    return data\n";
/// In MiB: more than the disks of such machines have free.
const FULL: &[(&str, &str)] = &[("ACTIOND_STORAGE_FREE_MIB_MIN", "1048576")];

#[test]
fn changes_are_refused_and_runs_go_on_until_there_is_room() {
    let server = Server::start();
    let id = server.upload("echo", "service", ECHO, &[]);
    let invoke = format!("/api/default/actions/{id}/invoke");
    let place = server.place();
    assert_eq!(server.stop().code, 0);
    let server = Server::again_with(place, FULL);
    let why = "MiB free, at least 1048576 are needed: make room";
    for refused in [
        server.uploading("default", "more", "service", ECHO, &[]).send(),
        server.call("POST", &invoke).header("Prefer", "respond-async").json(&json!([1])).send(),
        server.put(&format!("/api/default/actions/{id}/settings"), &json!({"timezone": "Europe/Berlin"})),
        server.post("/api/organizations", &json!({"name": "other"})),
    ] {
        assert_eq!(refused.is(507)["error_detail"], "disk_full");
        assert!(refused.text().contains(why), "{}", refused.text());
    }
    // A run that somebody waits for needs no promise, and is recorded from the reserve.
    let ran = server.post(&invoke, &json!([2])).is(200);
    let run = format!("/api/default/runs/{}", ran["run_id"].as_str().unwrap());
    assert_eq!(server.get(&run).is(200)["result"], json!([2]));
    // What gives room back is taken.
    server.delete(&format!("/api/default/actions/{id}")).is(200);
    let place = server.place();
    assert_eq!(server.stop().code, 0);
    let server = Server::again(place);
    server.upload("more", "service", ECHO, &[]);
}

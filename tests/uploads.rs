//! Uploads that are being imported: how long, and how many at one time.

use std::net::TcpStream;

use serde_json::json;

use crate::server::{Answer, Server};

const QUICK: &str = "def main():\n    return 'ok'\n";
const SLEEPS: &str = "import time\ntime.sleep(3600)\ndef main():\n    pass\n";
const TRIES: usize = 1_000;
const WAITS: usize = 1_000_000;

fn upload(server: &Server, org: &str, main: &str) -> Answer {
    server.uploading(org, "quick", "service", main, &[]).send()
}

#[test]
fn an_import_ends_with_its_time() {
    let server = Server::start_with(&[("ACTIOND_RUNS_IMPORT_WALL_S", "1")]);
    let stopped = upload(&server, "default", SLEEPS);
    assert!(stopped.text().contains("it was stopped by the limit on time"), "{}", stopped.text());
    assert_eq!(stopped.status, 400);
    upload(&server, "default", &format!("import time\ntime.sleep(0.1)\n{QUICK}")).is(200);
}

#[test]
fn an_organisation_has_a_few_imports_at_one_time() {
    let server = Server::start();
    server.post("/api/organizations", &json!({"name": "other"})).is(200);
    // What was imported once is known, by any server: these are new ones.
    let (place, address) = (server.place(), server.address());
    let new = |number| format!("import time\ntime.sleep(5)\n# {number} {address} {place:p}\n{QUICK}");
    let sleeping = |number| server.uploading("default", "sleeps", "service", &new(number), &[]).open();
    // A quick one may have a place when one of them comes: there are more until all places are taken.
    let mut importing: Vec<TcpStream> = Vec::new();
    let refused = (0..TRIES).find_map(|number| {
        importing.push(sleeping(number));
        Some(upload(&server, "default", QUICK)).filter(|answer| answer.status == 429)
    });
    let refused = refused.expect("one more is refused");
    refused.is_refused(429, "queue_full", "8 uploads of the organisation are being imported already");
    assert_eq!(refused.header("retry-after"), Some("1"));
    upload(&server, "other", QUICK).is(200);
    // They end.
    assert!((0..WAITS).any(|_| upload(&server, "default", QUICK).status == 200));
}

//! Uploads that are being imported: how long, and how many at one time.

use serde_json::json;

use crate::server::{Answer, Server};

const QUICK: &str = "def main():\n    return 'ok'\n";
const SLEEPS: &str = "import time\ntime.sleep(3600)\ndef main():\n    pass\n";
/// Uploads of one organisation that are imported at one time.
const IMPORTS_MAX: usize = 8;
const TRIES: usize = 10_000;

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
    // More than may be, for a quick one may come before some of them.
    let _importing: Vec<_> = (0..2 * IMPORTS_MAX).map(sleeping).collect();
    let full = || {
        let answer = upload(&server, "default", QUICK);
        (answer.status == 429).then_some(answer)
    };
    let refused = (0..TRIES).find_map(|_| full()).expect("one more is refused");
    refused.is_refused(429, "queue_full", "8 uploads of the organisation are being imported already");
    assert_eq!(refused.header("retry-after"), Some("1"));
    upload(&server, "other", QUICK).is(200);
    // They end.
    assert!((0..TRIES).any(|_| upload(&server, "default", QUICK).status == 200));
}

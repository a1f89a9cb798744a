//! Uploads under way: how long, how many at one time, whose client goes away; and what their answers warn of.

use std::{
    io::Read as _,
    net::{TcpListener, TcpStream},
    time::Duration,
};

use serde_json::json;

use crate::{
    server::{Answer, Call, ROOT, Server},
    zips::Zip,
};

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

/// The call that uploads `main.py` with other files.
fn uploading(server: &Server, files: &[(&str, &str)]) -> Call {
    let zip = files.iter().fold(Zip::new().file("main.py", QUICK), |zip, (name, text)| zip.file(name, text));
    let fields = [
        ("name", "quick"),
        ("owner", ROOT.0),
        ("filename", "action.zip"),
        ("execution_details", "service"),
        ("service_account", ROOT.0),
    ];
    server.call("POST", "/api/default/actions/upload").multipart(&fields, Some(&zip.bytes()))
}

#[test]
fn a_client_that_goes_away_ends_what_is_done_for_it() {
    // An index that never answers.
    let index = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/simple", index.local_addr().expect("it is bound"));
    let server = Server::start_with(&[
        ("ACTIOND_DEPENDENCIES_INDEX_URL", &url),
        ("ACTIOND_DEPENDENCIES_PARALLEL", "1"),
        ("ACTIOND_DEPENDENCIES_TIMEOUT_S", "600"),
    ]);
    let client = uploading(&server, &[("requirements.txt", "one\n")]).open();
    let (mut uv, _) = index.accept().expect("uv asks");
    drop(client);
    // uv ends long before its time, and what it held is closed with it.
    uv.set_read_timeout(Some(Duration::from_secs(60))).expect("it is no zero");
    uv.read_to_end(&mut Vec::new()).expect("it is closed");
    // Its turn is another's, and nothing was saved.
    let other = uploading(&server, &[("requirements.txt", "two\n")]).open();
    index.accept().expect("uv asks again");
    drop(other);
    assert_eq!(server.get("/api/default/actions").is(200), json!([]));
}

#[test]
fn an_answer_warns_of_native_modules() {
    let server = Server::start();
    let answer =
        uploading(&server, &[("dependencies/one.py", ""), ("dependencies/two.so", "ELF")]).send().is(200);
    let warning = "native modules cannot be loaded in a sandbox and are ignored: dependencies/two.so (1)";
    assert_eq!(answer["warnings"], json!([warning]));
    let answer = uploading(&server, &[("dependencies/one.py", "")]).send().is(200);
    assert_eq!(answer.as_object().expect("an object").keys().collect::<Vec<_>>(), ["uuid"]);
}

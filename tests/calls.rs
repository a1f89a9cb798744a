//! Running actions through the server: waited for or not, once or again, cancelled, replayed, refused.

use std::io::{BufRead as _, BufReader, Read as _};

use serde_json::{Value, json};

use crate::server::{Answer, Server};

const ECHO: &str = "def main(data, logger):\n    logger.info('%d records', len(data))\n    return data\n";
const FAILS: &str = "def main(data):\n    raise ValueError('no')\n";
/// Waits until it is stopped.
const WAITS: &str = "import threading\ndef main(data):\n    print('begun')\n    threading.Event().wait(60)\n";
const SPINS: &str = "def main(data):\n    print('begun', flush=True)\n    while True: pass\n";

fn invoke(id: &str) -> String {
    format!("/api/default/actions/{id}/invoke")
}

fn run_id(answer: &Value) -> String {
    answer["run_id"].as_str().expect("a run's id").to_owned()
}

impl Server {
    /// The run when it has ended: following its log takes as long.
    pub(crate) fn run_ended(&self, run: &str) -> Value {
        let followed = self.get(&format!("/api/default/runs/{run}/logs?follow=true"));
        assert_eq!(followed.status, 200, "{}", followed.text());
        self.get(&format!("/api/default/runs/{run}")).is(200)
    }

    pub(crate) fn later(&self, id: &str, body: &Value) -> Value {
        self.call("POST", &invoke(id)).header("Prefer", "respond-async").json(body).send().is(202)
    }

    /// Follows a run's log up to a line that says so.
    pub(crate) fn until_begun(&self, run: &str) {
        let stream = self.call("GET", &format!("/api/default/runs/{run}/logs?follow=true")).open();
        let begun = BufReader::new(stream).lines().map_while(Result::ok).any(|line| line.contains("begun"));
        assert!(begun, "it ended before it began");
    }
}

#[test]
fn a_call_is_answered_by_how_the_run_ended() {
    let server = Server::start();
    let echo = server.upload("echo", "service", ECHO, &[]);
    let fails = server.upload("fails", "service", FAILS, &[]);
    let spins = server.upload("spins", "service", SPINS, &[("policy", "{\"wall_ms\": 300}")]);
    let cases: &[(&str, Value, Value)] = &[
        ("an array", json!([{"a": 1}]), json!([{"a": 1}])),
        ("an object", json!({"a": 1}), json!([{"a": 1}])),
        (
            "wrapped",
            json!({"inputs": [1], "trigger_source": "Alerts", "trace_id": "0af7651916cd43dd8448eb211c80319c"}),
            json!([1]),
        ),
        ("one wrapped", json!({"inputs": {"b": 2}}), json!([{"b": 2}])),
    ];
    for (name, body, expected) in cases {
        let answer = server.post(&invoke(&echo), body).is(200);
        assert_eq!((&answer["status"], &answer["result"]), (&json!("completed"), expected), "{name}");
    }
    let answer = server.post(&invoke(&fails), &json!([])).is(502);
    assert_eq!(
        (&answer["status"], &answer["result"], &answer["error"]["type"]),
        (&json!("errored"), &Value::Null, &json!("ValueError"))
    );
    assert!(answer["error"]["traceback"].as_str().unwrap().contains("line 2, in main"));
    let answer = server.post(&invoke(&spins), &json!([])).is(502);
    assert_eq!((&answer["status"], &answer["error"]["stopped"]), (&json!("errored"), &json!("time")));
    server.post(&invoke(&echo), &json!("text")).is_refused(
        400,
        "bad_request",
        "neither an array nor an object: send records",
    );
}

#[test]
fn a_run_that_is_not_waited_for_can_be_found() {
    let server = Server::start();
    let id = server.upload("echo", "service", ECHO, &[]);
    let answer = server.call("POST", &invoke(&id)).header("Prefer", "respond-async").json(&json!([7])).send();
    let accepted = answer.is(202);
    let run = run_id(&accepted);
    assert_eq!(answer.header("location"), Some(&*format!("/api/default/runs/{run}")));
    let ended = server.run_ended(&run);
    assert_eq!(
        (&ended["status"], &ended["result"], &ended["trigger"]),
        (&json!("completed"), &json!([7]), &json!("invoke"))
    );
    let logs = server.get(&format!("/api/default/runs/{run}/logs")).is(200);
    assert_eq!(
        (&logs[0]["message"], &logs[0]["level"], &logs[0]["source"]),
        (&json!("1 records"), &json!("INFO"), &json!("action"))
    );
}

#[test]
fn a_wait_that_passes_leaves_the_run_to_itself() {
    let server = Server::start();
    let id = server.upload("waits", "service", WAITS, &[]);
    let answer = server.call("POST", &invoke(&id)).header("Prefer", "wait=1").json(&json!([])).send();
    let run = run_id(&answer.is(202));
    assert_eq!(server.get(&format!("/api/default/runs/{run}")).is(200)["status"], "running");
    server.post(&format!("/api/default/runs/{run}/cancel"), &json!({})).is(202);
    assert_eq!(server.run_ended(&run)["status"], "cancelled");
    let again = server.post(&format!("/api/default/runs/{run}/cancel"), &json!({}));
    again.is_refused(409, "ended", &format!("run {run} has ended already: cancelled"));
    let audit = server.get("/api/default/audit?limit=1").is(200);
    assert_eq!(
        (&audit["changes"][0]["what"], &audit["changes"][0]["subject"]),
        (&json!("run.cancel"), &json!(run))
    );
}

#[test]
fn a_client_that_goes_away_changes_nothing() {
    let server = Server::start();
    let main = "import time\ndef main(data):\n    print('begun')\n    time.sleep(0.5)\n    return 'done'\n";
    let id = server.upload("slow", "service", main, &[]);
    // The answer's head is never read: the connection is closed as soon as the request is sent.
    let mut stream = server.call("POST", &invoke(&id)).json(&json!([])).open();
    stream.set_nonblocking(true).unwrap();
    let _ = stream.read(&mut [0; 1]);
    let first = || server.get("/api/default/runs?limit=1").is(200)["runs"][0].clone();
    let runs_now = || server.get("/api/default/actions").is(200)[0]["status"] == "Running";
    assert!((0..20_000).any(|_| runs_now()), "it begins");
    drop(stream);
    let ended = (0..20_000).map(|_| first()).find(|run| run["status"] == "completed").expect("it ends");
    let run = server.get(&format!("/api/default/runs/{}", run_id(&ended))).is(200);
    assert_eq!(run["result"], "done");
}

#[test]
fn a_key_is_one_run() {
    let server = Server::start();
    let main = "import uuid\ndef main(data):\n    return [str(uuid.uuid4()), data]\n";
    let id = server.upload("random", "service", main, &[]);
    let keyed = |key: &str, body: Value| -> Answer {
        server.call("POST", &invoke(&id)).header("Idempotency-Key", key).json(&body).send()
    };
    let first = keyed("k", json!([1])).is(200);
    assert_eq!(keyed("k", json!([1])).is(200), first);
    keyed("k", json!([2])).is_refused(
        409,
        "idempotency_conflict",
        "the idempotency key was used with another body",
    );
    assert_ne!(run_id(&keyed("l", json!([1])).is(200)), run_id(&first));
    keyed(&"x".repeat(256), json!([])).is_refused(
        400,
        "bad_request",
        "an Idempotency-Key has 1 to 255 bytes",
    );
    let place = server.place();
    assert_eq!(server.stop().code, 0);
    let server = Server::again(place);
    let again =
        server.call("POST", &invoke(&id)).header("Idempotency-Key", "k").json(&json!([1])).send().is(200);
    assert_eq!(again["run_id"], first["run_id"]);
}

#[test]
fn what_fails_is_tried_again_and_ends_as_a_dead_letter() {
    let server = Server::start();
    let policy = "{\"retry_attempts\": 3, \"retry_delay_ms\": 20}";
    let id = server.upload("fails", "service", FAILS, &[("policy", policy)]);
    let run = run_id(&server.later(&id, &json!([1])));
    let ended = server.run_ended(&run);
    assert_eq!(
        (&ended["status"], &ended["attempt"], &ended["dead_letter"]),
        (&json!("errored"), &json!(3), &json!(true))
    );
    let letters = server.get("/api/default/dead_letters").is(200);
    assert_eq!((letters["runs"].as_array().unwrap().len(), &letters["runs"][0]["run_id"]), (1, &json!(run)));
    // Mended by a new version, it is run again with what it was called with.
    let fields = [("id", &*id)];
    server.upload("fails", "service", ECHO, &fields);
    let redriven = server.post(&format!("/api/default/dead_letters/{run}/redrive"), &json!({})).is(202);
    let again = server.run_ended(&run_id(&redriven));
    assert_eq!(
        (&again["status"], &again["result"], &again["parent"], &again["version"]),
        (&json!("completed"), &json!([1]), &json!(run), &json!(2))
    );
    assert_eq!(server.get("/api/default/dead_letters").is(200)["runs"], json!([]));
    let twice = server.post(&format!("/api/default/dead_letters/{run}/redrive"), &json!({}));
    twice.is_refused(404, "not_found", &format!("run {run} is no dead letter"));
    // By the version that failed, it fails again.
    let replayed = server.post(&format!("/api/default/runs/{run}/replay?version=1"), &json!({})).is(202);
    assert_eq!(server.run_ended(&run_id(&replayed))["error"]["type"], "ValueError");
    server.post(&format!("/api/default/runs/{run}/replay?version=9"), &json!({})).is_refused(
        404,
        "not_found",
        "there is no version 9 of the action",
    );
    let audit = server.get("/api/default/audit?limit=2").is(200);
    let told = |at: usize| (audit["changes"][at]["what"].clone(), audit["changes"][at]["subject"].clone());
    assert_eq!((told(0), told(1)), ((json!("run.replay"), json!(run)), (json!("run.redrive"), json!(run))));
}

#[test]
fn bounds_take_what_is_below_and_refuse_what_is_above() {
    let server = Server::start();
    let policy = "{\"parallel\": 1, \"queue\": 1, \"wall_ms\": 60000}";
    let id = server.upload("waits", "service", WAITS, &[("policy", policy)]);
    let first = run_id(&server.later(&id, &json!([])));
    server.until_begun(&first);
    let second = run_id(&server.later(&id, &json!([])));
    let third = server.call("POST", &invoke(&id)).json(&json!([])).send();
    third.is_refused(429, "queue_full", "1 runs of the action wait already");
    assert_eq!(third.header("retry-after"), Some("1"));
    assert_eq!(server.get(&format!("/api/default/runs/{second}")).is(200)["status"], "queued");
    // One that waits is taken out of the queue; the one that runs is stopped.
    for run in [&second, &first] {
        server.post(&format!("/api/default/runs/{run}/cancel"), &json!({})).is(202);
        assert_eq!(server.run_ended(run)["status"], "cancelled");
    }
    let rated = server.upload(
        "rated",
        "service",
        ECHO,
        &[("policy", "{\"rate\": {\"runs\": 2, \"per_ms\": 60000}}")],
    );
    for _ in 0..2 {
        server.post(&invoke(&rated), &json!([])).is(200);
    }
    let refused = server.post(&invoke(&rated), &json!([]));
    refused.is_refused(429, "rate", "the action may not be run more often");
    assert!(refused.header("retry-after").unwrap().parse::<u64>().unwrap() > 1);
}

#[test]
fn an_organisation_s_bounds_are_its_own() {
    let bounds = [("ACTIOND_RUNS_ORG_PARALLEL", "1"), ("ACTIOND_RUNS_ORG_QUEUE", "1")];
    let server = Server::start_with(&bounds);
    let waits = server.upload("waits", "service", WAITS, &[]);
    server.post("/api/organizations", &json!({"name": "other"})).is(200);
    let others = server.upload_to("other", "echo", "service", ECHO, &[]);
    let first = run_id(&server.later(&waits, &json!([])));
    server.until_begun(&first);
    // Its other actions too.
    let echo = server.upload("echo", "service", ECHO, &[]);
    let second = run_id(&server.later(&echo, &json!([])));
    let third = server.call("POST", &invoke(&echo)).json(&json!([])).send();
    third.is_refused(429, "queue_full", "1 runs of the organisation wait already");
    server.post(&format!("/api/other/actions/{others}/invoke"), &json!([])).is(200);
    server.post(&format!("/api/default/runs/{first}/cancel"), &json!({})).is(202);
    assert_eq!(server.run_ended(&second)["status"], "completed");
    server.post(&invoke(&echo), &json!([])).is(200);
}

#[test]
fn an_organisation_s_fuel_ends_with_the_minute() {
    let server = Server::start_with(&[("ACTIOND_RUNS_ORG_FUEL_PER_MINUTE", "50000")]);
    let id = server.upload("echo", "service", ECHO, &[]);
    let answers: Vec<Answer> = (0..50).map(|_| server.post(&invoke(&id), &json!([]))).collect();
    assert_eq!(answers[0].status, 200);
    let refused = answers.iter().find(|answer| answer.status == 429).expect("50 runs take more than that");
    refused.is_refused(429, "fuel", "the organisation has used up its fuel for this minute");
    assert!(refused.header("retry-after").is_some());
}

#[test]
fn a_paused_action_runs_when_it_is_resumed() {
    let server = Server::start();
    let id = server.upload("echo", "service", ECHO, &[]);
    server.get(&format!("/api/default/actions/pause/{id}")).is(200);
    server.post(&invoke(&id), &json!([])).is_refused(409, "paused", "the action is paused: resume it first");
    server.get(&format!("/api/default/actions/resume/{id}")).is(200);
    server.post(&invoke(&id), &json!([])).is(200);
}

#[test]
fn bounds_that_were_lowered_hold_for_what_is_changed() {
    let server = Server::start();
    let id = server.upload("echo", "service", ECHO, &[("policy", "{\"wall_ms\": 20000}")]);
    let place = server.place();
    assert_eq!(server.stop().code, 0);
    let server =
        Server::again_with(place, &[("ACTIOND_RUNS_WALL_S", "5"), ("ACTIOND_RUNS_WALL_S_MAX", "10")]);
    server.get(&format!("/api/default/actions/pause/{id}")).is(200);
    server.put(&format!("/api/default/actions/{id}"), &json!({"description": "d"})).is(200);
    let settings = format!("/api/default/actions/{id}/settings");
    server.put(&settings, &json!({"policy": {"queue": 1}})).is_refused(
        400,
        "bad_request",
        "policy: wall_ms is 20000: it must be from 1 to 10000",
    );
    server.put(&settings, &json!({"policy": {"queue": 1, "wall_ms": 10_000}})).is(200);
}

#[test]
fn runs_are_listed_newest_first_in_pages() {
    let server = Server::start();
    let echo = server.upload("echo", "service", ECHO, &[]);
    let fails = server.upload("fails", "service", FAILS, &[]);
    let mut expected = Vec::new();
    for number in 0..5 {
        expected.insert(0, run_id(&server.post(&invoke(&echo), &json!([number])).is(200)));
    }
    let failed = run_id(&server.post(&invoke(&fails), &json!([])).is(502));
    let (mut listed, mut before) = (Vec::new(), String::new());
    loop {
        let page = server.get(&format!("/api/default/actions/{echo}/runs?limit=2{before}")).is(200);
        listed.extend(page["runs"].as_array().unwrap().iter().map(run_id));
        match page["next"].as_str() {
            Some(next) => before = format!("&before={next}"),
            None => break,
        }
    }
    assert_eq!(listed, expected);
    let ids = |query: &str| -> Vec<String> {
        let page = server.get(&format!("/api/default/runs?{query}")).is(200);
        page["runs"].as_array().unwrap().iter().map(run_id).collect()
    };
    assert_eq!(ids("status=errored"), [failed]);
    assert_eq!(ids("trigger=hook"), [""; 0]);
    assert_eq!(ids("since=2000-01-01T00:00:00Z").len(), 6);
    assert_eq!(ids("until=2000-01-01T00:00:00Z").len(), 0);
    server.get("/api/default/runs?status=odd").is_refused(
        400,
        "bad_request",
        "status is none of the known words",
    );
}

#[test]
fn a_new_version_takes_over_and_an_old_one_comes_back() {
    let server = Server::start();
    let id = server.upload("versions", "service", "def main(data):\n    return 1\n", &[]);
    let result = || server.post(&invoke(&id), &json!([])).is(200)["result"].clone();
    assert_eq!(result(), 1);
    server.upload("versions", "service", "def main(data):\n    return 2\n", &[("id", &id)]);
    assert_eq!(result(), 2);
    let versions = server.get(&format!("/api/default/actions/{id}/versions")).is(200);
    let numbers: Vec<_> = versions
        .as_array()
        .unwrap()
        .iter()
        .map(|version| (version["version"].as_u64(), version["current"].as_bool()))
        .collect();
    assert_eq!(numbers, [(Some(2), Some(true)), (Some(1), Some(false))]);
    server.post(&format!("/api/default/actions/{id}/versions/1/rollback"), &json!({})).is(200);
    assert_eq!(result(), 1);
    server.post(&format!("/api/default/actions/{id}/versions/3/rollback"), &json!({})).is(404);
    let zip = server.get(&format!("/api/default/actions/{id}/versions/2/download"));
    assert_eq!(
        (zip.status, zip.header("content-type"), &zip.body[..2]),
        (200, Some("application/zip"), &b"PK"[..])
    );
}

#[test]
fn the_environment_of_a_run_is_the_action_s_the_origin_s_and_its_own() {
    let server = Server::start();
    let main = "import os\nAT_IMPORT = os.environ['ORIGIN_CLUSTER_URL']\ndef main(data):\n    keys = ('LEVEL', 'ORIGIN_CLUSTER_TOKEN', 'TRACEPARENT', 'ACTIOND_RUN_ID')\n    return [AT_IMPORT] + [os.environ[key] for key in keys]\n";
    let id = server.upload("env", "service", main, &[("environment_variables", "{\"LEVEL\": \"error\"}")]);
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let answer =
        server.call("POST", &invoke(&id)).header("traceparent", parent).json(&json!([])).send().is(200);
    let seen: Vec<&str> =
        answer["result"].as_array().unwrap().iter().map(|value| value.as_str().unwrap()).collect();
    let [url, level, token, trace, run] = seen[..] else { panic!("{seen:?}") };
    assert!(url.starts_with("http://"), "{url}");
    assert_eq!((level, run), ("error", &*run_id(&answer)));
    assert_eq!(token, crate::server::base64(b"root@example.com:"));
    assert_eq!((&trace[..36], trace == parent), (&parent[..36], false));
    let edit = json!({"environment_variables": {"LEVEL": "info"}});
    server.put(&format!("/api/default/actions/{id}"), &edit).is(200);
    assert_eq!(server.post(&invoke(&id), &json!([])).is(200)["result"][1], "info");
}

#[test]
fn a_body_is_taken_up_to_its_limit() {
    let server = Server::start_with(&[("ACTIOND_BODY_MIB", "1")]);
    let id = server.upload("counts", "service", "def main(data):\n    return len(data[0])\n", &[]);
    let limit = 1 << 20;
    let body = |bytes: usize| format!("[\"{}\"]", "x".repeat(bytes - 4));
    let send = |body: String| server.call("POST", &invoke(&id)).body(body).send();
    assert_eq!(send(body(limit)).is(200)["result"], limit - 4);
    send(body(limit + 1)).is_refused(413, "too_large", "the body is larger than the limit of 1048576 bytes");
    // One that does not say how long it is has the same limit.
    let chunked = |bytes: usize| {
        let body = body(bytes);
        let head = server.call("POST", &invoke(&id)).header("Transfer-Encoding", "chunked");
        head.body_as_is(format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len())).send()
    };
    assert_eq!(chunked(limit).is(200)["result"], limit - 4);
    chunked(limit + 1).is_refused(413, "too_large", "the body is larger than the limit of 1048576 bytes");
}

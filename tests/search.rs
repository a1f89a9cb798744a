//! Searching log records through the server: OpenObserve is asked as the caller, and actions are applied to what it found.

pub(crate) mod origin;

use origin::Origin;
use serde_json::{Value, json};

use crate::server::{Answer, ROOT, Server};

/// A viewer and an invoker, whom the origin knows as well; and one whom it does not.
const VIEWER: (&str, &str) = ("viewer@example.com", "Complexpass#123");
const INVOKER: (&str, &str) = ("invoker@example.com", "Complexpass#123");
const STRANGER: (&str, &str) = ("stranger@example.com", "Complexpass#123");
const UPPER: &str =
    "def main(data):\n    return [{'log': record['log'].upper(), 'of': len(data)} for record in data]\n";

struct Stage {
    origin: Origin,
    server: Server,
}

impl Stage {
    fn start() -> Self {
        Self::start_with(&[])
    }

    fn start_with(env: &[(&str, &str)]) -> Self {
        let origin = Origin::start(&[ROOT, VIEWER, INVOKER]);
        let url = format!("{}/base/", origin.url());
        let server = Server::start_with(&[&[("ACTIOND_ORIGIN_URL", &*url)], env].concat());
        for ((email, password), role) in [(VIEWER, "viewer"), (INVOKER, "invoker"), (STRANGER, "viewer")] {
            let user = json!({"email": email, "password": password, "role": role});
            server.post("/api/default/users", &user).is(200);
        }
        Self { origin, server }
    }

    fn search_as(&self, who: (&str, &str), sql: &str, action: Value) -> Answer {
        let mut query = json!({"sql": sql, "start_time": 1, "end_time": 2, "from": 0, "size": 10});
        if !action.is_null() {
            query["action_id"] = action;
        }
        let body = json!({"query": query, "search_type": "ui"});
        self.server.call("POST", "/api/default/_search?type=logs&use_cache=true").auth(who).json(&body).send()
    }

    fn search(&self, sql: &str, action: &str) -> Answer {
        self.search_as(ROOT, sql, json!(action))
    }
}

#[test]
fn without_an_action_it_is_the_origin_s_own_answer() {
    let stage = Stage::start();
    let answer = stage.search_as(VIEWER, "select logs", Value::Null);
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    assert_eq!(answer.text(), origin::FOUND);
    // As the caller, not as the server; and all that it said.
    let asked = stage.origin.asked();
    let [asked] = &*asked else { panic!("{asked:?}") };
    assert_eq!(asked.first, "POST /base/api/default/_search?type=logs&use_cache=true HTTP/1.1");
    assert_eq!(asked.who, format!("{}:{}", VIEWER.0, VIEWER.1));
    assert_eq!(
        asked.body,
        json!({
            "query": {"sql": "select logs", "start_time": 1, "end_time": 2, "from": 0, "size": 10}, "search_type": "ui"
        })
    );
    // What it refuses is its own answer too, and never a page.
    let refused = stage.search_as(VIEWER, "select wrong", Value::Null);
    assert_eq!((refused.status, refused.text()), (400, origin::WRONG.to_owned()));
    let unknown = stage.search_as(STRANGER, "select logs", Value::Null);
    assert_eq!((unknown.status, unknown.text()), (401, "Unauthorized Access".to_owned()));
    assert_eq!(unknown.header("content-type"), Some("application/json"));
}

#[test]
fn an_action_s_rows_take_the_place_of_hits() {
    let stage = Stage::start();
    let upper = stage.server.upload("upper", "service", UPPER, &[]);
    let answer = stage.search_as(INVOKER, "select logs", json!(upper)).is(200);
    // The empty record is dropped, as OpenObserve drops it; all else of the answer stays.
    assert_eq!(answer["hits"], json!([{"log": "ONE", "of": 2}, {"log": "TWO", "of": 2}]));
    assert_eq!(
        (&answer["total"], &answer["took"], &answer["scan_size"]),
        (&json!(2), &json!(7), &json!(0.25))
    );
    assert!(stage.origin.asked().iter().all(|asked| asked.body["query"].get("action_id").is_none()));
    let runs = stage.server.get("/api/default/runs?trigger=search").is(200);
    assert_eq!((&runs["runs"][0]["trigger"], &runs["runs"][1]), (&json!("search"), &Value::Null));
    for (name, main, sql, hits, total) in [
        ("one", "def main(data):\n    return {'n': len(data)}\n", "select logs", json!([{"n": 2}]), 1),
        ("none", "def main(data):\n    pass\n", "select logs", json!([]), 0),
        (
            "more",
            "def main(data):\n    return data + [1, 'x']\n",
            "select one",
            json!([{"log": "one"}, 1, "x"]),
            3,
        ),
        // It is not called when there is nothing to call it with.
        ("fails", "def main(data):\n    raise ValueError('called')\n", "select nothing", json!([]), 0),
        ("fails2", "def main(data):\n    raise ValueError('called')\n", "select empty", json!([]), 0),
    ] {
        let id = stage.server.upload(name, "service", main, &[]);
        let answer = stage.search(sql, &id).is(200);
        assert_eq!((&answer["hits"], &answer["total"]), (&hits, &json!(total)), "{name}");
    }
    // Numbers reach the script, and come back, as they are.
    let echo = stage.server.upload("echo", "service", "def main(data):\n    return data\n", &[]);
    let text = stage.search("select numbers", &echo).text();
    assert!(text.contains(r#""hits":[{"n":1700000000000123,"part":0.1}]"#), "{text}");
    // What the origin refuses, no action sees.
    assert_eq!(stage.search("select wrong", &echo).text(), origin::WRONG);
}

#[test]
fn who_may_not_search_is_refused_before_the_origin_is_asked() {
    let stage = Stage::start();
    let id = stage.server.upload("upper", "service", UPPER, &[]);
    stage.server.post("/api/organizations", &json!({"name": "other"})).is(200);
    let foreign = stage.server.upload_to("other", "upper", "service", UPPER, &[]);
    let paused = stage.server.upload("paused", "service", UPPER, &[]);
    stage.server.get(&format!("/api/default/actions/pause/{paused}")).is(200);
    stage.search_as(VIEWER, "select logs", json!(id)).is_refused(403, "forbidden", "Unauthorized Access");
    for (id, status, word, message) in [
        (&*foreign, 404, "not_found", format!("there is no action {foreign}")),
        (&*paused, 409, "paused", "the action is paused: resume it first".to_owned()),
        ("x", 400, "bad_request", "invalid action id x".to_owned()),
    ] {
        stage.search("select logs", id).is_refused(status, word, &message);
    }
    let path = "/api/default/_search";
    assert_eq!(stage.server.call("POST", path).no_auth().body("{}").send().status, 401);
    assert_eq!(stage.server.call("POST", path).auth((ROOT.0, "wrong")).body("{}").send().status, 401);
    let elsewhere = stage.server.call("POST", "/api/other/_search").auth(VIEWER).body("{}").send();
    elsewhere.is_refused(403, "forbidden", "Unauthorized Access");
    let none = stage.server.call("POST", path).body("[]").send();
    assert_eq!(none.is(400)["error_detail"], "bad_json");
    assert!(stage.origin.asked().is_empty(), "{:?}", stage.origin.asked());
}

#[test]
fn what_goes_wrong_is_one_clear_error() {
    let stage = Stage::start_with(&[("ACTIOND_ORIGIN_TIMEOUT_S", "1"), ("ACTIOND_ORIGIN_ANSWER_MIB", "1")]);
    let url = format!("{}/base/api/default/_search", stage.origin.url());
    let upper = stage.server.upload("upper", "service", UPPER, &[]);
    for (sql, message) in [
        ("select redirect", format!("{url} answered 302 Found: redirects are not followed")),
        (
            "select large",
            format!("{url} answered more than the limit of 1048576 bytes: ask for fewer records"),
        ),
        ("select close", format!("cannot get {url}: ")),
        ("select slow", format!("cannot get {url}: ")),
        ("select text", "the cluster's answer is none to a search: ".to_owned()),
    ] {
        let body = stage.search(sql, &upper).is(502);
        let said = body["message"].as_str().expect("it says why");
        assert!(body["error_detail"] == "origin" && said.starts_with(&message), "{sql}: {said}");
    }
    // The server itself goes on.
    assert_eq!(stage.search("select one", &upper).is(200)["total"], 1);
    for (name, main, said) in [
        ("raises", "def main(data):\n    raise ValueError('no')\n", "ValueError: no"),
        ("spins", "def main(data):\n    while True: pass\n", "stopped by its time limit: "),
    ] {
        let id = stage.server.upload(name, "service", main, &[("policy", "{\"wall_ms\": 300}")]);
        let body = stage.search("select one", &id).is(502);
        let message = body["message"].as_str().expect("it says why");
        assert!(body["error_detail"] == "action_failed" && message.contains(said), "{name}: {message}");
        let run = stage.server.get("/api/default/runs?limit=1").is(200)["runs"][0]["run_id"].clone();
        assert_eq!(body["hint"], format!("it was run {}", run.as_str().unwrap()), "{name}");
    }
    let Stage { origin, server } = stage;
    drop(origin);
    let body = server.post("/api/default/_search", &json!({"query": {"sql": "select one"}})).is(502);
    let message = body["message"].as_str().unwrap();
    assert!(message.starts_with(&format!("cannot get {url}: ")) && message.contains("refused"), "{message}");
}

#[test]
fn without_an_origin_there_is_nothing_to_search() {
    let server = Server::start();
    let search = || server.post("/api/default/_search", &json!({"query": {"sql": "select logs"}}));
    search().is_refused(404, "not_found", "there is no cluster to search: origin.url is empty");
    let refused = server.place().start("serve", &["--listen", "127.0.0.1:0", "--data-dir", "other"]);
    let refused = refused.env("ACTIOND_ORIGIN_URL", "ftp://example.com").end();
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("origin.url") && refused.stderr.contains("it is an address as"));
}

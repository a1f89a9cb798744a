//! Hooks: what is taken from whom, what a message that comes again becomes, and what is refused.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::server::{Answer, Call, Server, base64};

const ECHO: &str = "def main(data):\n    return data\n";
const FAIL: &str = "def main():\n    raise ValueError('no')\n";
const SECRET: &[u8] = b"a secret of 24 bytes or more";

/// An action's hook, by its path.
struct Hook<'a> {
    server: &'a Server,
    id: String,
    path: String,
}

impl<'a> Hook<'a> {
    #[track_caller]
    fn new(server: &'a Server, action: &str, body: &Value) -> Self {
        let made = server.post(&format!("/api/default/actions/{action}/hooks"), body).is(200);
        let url = made["url"].as_str().expect("a URL");
        let path = url[url.find("/hooks/").expect("the path")..].to_owned();
        Self { server, id: made["id"].as_str().expect("an id").to_owned(), path }
    }

    fn call(&self) -> Call {
        self.server.call("POST", &self.path).no_auth()
    }

    fn send(&self, body: &str) -> Answer {
        self.call().body(body).send()
    }
}

/// What `answer` became, once it has ended.
#[track_caller]
fn ended(server: &Server, answer: &Answer) -> Value {
    assert_eq!(answer.status, 202, "{}", answer.text());
    let run = answer.json()["run_id"].as_str().expect("an id").to_owned();
    let location = format!("/api/default/runs/{run}");
    assert_eq!(answer.header("location"), Some(&*location));
    // Its log is followed to its end.
    server.get(&format!("{location}/logs?follow=true"));
    server.get(&location).is(200)
}

fn run_id(answer: &Answer) -> String {
    answer.json()["run_id"].as_str().unwrap_or_else(|| panic!("no run: {}", answer.text())).to_owned()
}

fn runs(server: &Server, action: &str) -> usize {
    let runs = server.get(&format!("/api/default/actions/{action}/runs?limit=1000")).is(200);
    runs["runs"].as_array().expect("a list").len()
}

/// HMAC-SHA256 by another implementation than ours.
fn hmac(key: &[u8], message: &str) -> Vec<u8> {
    let code = "import hmac,sys;sys.stdout.write(hmac.new(bytes.fromhex(sys.argv[1]),sys.argv[2].encode(),'sha256').hexdigest())";
    let key: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut python = Command::new("python3");
    let output = python.args(["-c", code, &key, message]).stdin(Stdio::null()).output().expect("python3");
    let text = String::from_utf8(output.stdout).expect("digits");
    (0..64).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("digits")).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Seconds since 1970, as the server has them.
fn now(server: &Server) -> i64 {
    let id =
        server.upload("clock", "service", "import time\n\n\ndef main():\n    return int(time.time())\n", &[]);
    server.post(&format!("/api/default/actions/{id}/invoke"), &json!([])).is(200)["result"]
        .as_i64()
        .expect("a time")
}

#[test]
fn bodies_are_taken_as_they_come() {
    let server = Server::start();
    let hook_action = server.upload("echo", "service", ECHO, &[]);
    let hook = Hook::new(&server, &hook_action, &json!({}));
    let alertmanager = r#"{"version":"4","status":"firing","alerts":[{"labels":{"a":"b"}}]}"#;
    let dispatch = r#"{"inputs":{"level":"high"},"ref":"main"}"#;
    let content = r#"{"version":1,"title":"t","rows":[{"a":1}],"context":{}}"#;
    let rows = [
        ("[]", "[]".to_owned()),
        ("", "[]".to_owned()),
        (r#"[{"a":1},{"a":2}]"#, r#"[{"a":1},{"a":2}]"#.to_owned()),
        (r#" {"a": 1.50} "#, r#"[{"a": 1.50}]"#.to_owned()),
        (alertmanager, format!("[{alertmanager}]")),
        (content, format!("[{content}]")),
        (
            r#"{"inputs":[{"a":1}],"trigger_source":"Alerts","trace_id":"0af7651916cd43dd8448eb211c80319c"}"#,
            r#"[{"a":1}]"#.to_owned(),
        ),
        (r#"{"inputs":{"a":1},"trigger_source":{"alerts":1}}"#, r#"[{"a":1}]"#.to_owned()),
        // Fields of that name that belong to something else.
        (dispatch, format!("[{dispatch}]")),
        (r#"{"inputs":null,"action":"x"}"#, r#"[{"inputs":null,"action":"x"}]"#.to_owned()),
    ];
    for (body, expected) in &rows {
        let run = ended(&server, &hook.send(body));
        let expected: Value = serde_json::from_str(expected).expect("JSON");
        assert_eq!((&run["trigger"], &run["result"]), (&json!("hook"), &expected), "{body}");
    }
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let run = ended(&server, &hook.call().header("traceparent", trace).body("[]").send());
    let traceparent = run["traceparent"].as_str().expect("one");
    assert!(traceparent.starts_with(&trace[..36]) && traceparent != trace, "{traceparent}");
    for body in ["{", "nothing", "\u{0}", "[1"] {
        let answer = hook.send(body);
        assert_eq!(
            (answer.status, answer.json()["error_detail"].as_str()),
            (400, Some("bad_json")),
            "{body}"
        );
    }
    for body in ["1", "\"text\"", "null", "true"] {
        let message = "neither an array nor an object: send records";
        hook.send(body).is_refused(400, "bad_request", message);
    }
    assert_eq!(runs(&server, &hook_action), rows.len() + 1);
}

#[test]
fn a_hook_is_shown_once_and_can_be_revoked() {
    let server = Server::start();
    let action = server.upload("echo", "service", ECHO, &[]);
    let hooks = format!("/api/default/actions/{action}/hooks");
    let first = Hook::new(&server, &action, &json!({"description": "from Grafana"}));
    let second =
        Hook::new(&server, &action, &json!({"signature": {"type": "github", "secret": "it is secret"}}));
    assert!(
        first.path.len() >= "/hooks/".len() + 43 && first.path != second.path,
        "256 bits that nobody can guess"
    );
    let listed = server.get(&hooks).is(200);
    let shown: Vec<_> = listed["hooks"].as_array().expect("a list").iter().map(|hook| &hook["id"]).collect();
    assert_eq!(shown, [&json!(first.id), &json!(second.id)]);
    assert_eq!(listed["hooks"][0]["description"], "from Grafana");
    assert_eq!(listed["hooks"][1]["signature"], "github");
    let token = &first.path["/hooks/".len()..];
    assert!(!listed.to_string().contains(token) && !listed.to_string().contains("it is secret"));

    assert_eq!(first.send("[]").status, 202);
    server.delete(&format!("{hooks}/{}", first.id)).is(200);
    server.delete(&format!("{hooks}/{}", first.id)).is_refused(
        404,
        "not_found",
        &format!("there is no hook {}", first.id),
    );
    let unknown = [
        first.path.clone(),
        "/hooks/x".into(),
        format!("/hooks/{}", "x".repeat(5_000)),
        format!("{}x", second.path),
    ];
    for path in &unknown {
        let answer = server.call("POST", path).no_auth().body("[]").send();
        answer.is_refused(404, "not_found", "there is no such hook");
    }
    server.call("GET", &second.path).no_auth().send().is_refused(
        405,
        "method_not_allowed",
        "GET is not allowed here",
    );
    // It goes with its action, and comes back after a restart.
    let place = server.place();
    let path = second.path.clone();
    server.kill();
    let server = Server::again(place);
    assert_eq!(server.call("POST", &path).no_auth().body("[]").send().status, 401);
    server.delete(&format!("/api/default/actions/{action}")).is(200);
    assert_eq!(server.call("POST", &path).no_auth().body("[]").send().status, 404);
}

#[test]
fn what_a_hook_may_be() {
    let server = Server::start();
    let action = server.upload("echo", "service", ECHO, &[]);
    let hooks = format!("/api/default/actions/{action}/hooks");
    let key = |bytes: usize| format!("whsec_{}", base64(&vec![7; bytes]));
    let standard = |secrets: Value| json!({"signature": {"type": "standard_webhooks", "secrets": secrets}});
    let grafana = |secret: &str, window: Value| json!({"signature": {"type": "grafana", "secret": secret, "window_s": window}});
    let rows = [
        (standard(json!([key(24), key(64)])), 200),
        (standard(json!([base64(&[7; 32])])), 200),
        (standard(json!([key(23)])), 400),
        (standard(json!([key(65)])), 400),
        (standard(json!(["whsec_?"])), 400),
        (standard(json!([])), 400),
        (standard(json!(vec![key(24); 8])), 200),
        (standard(json!(vec![key(24); 9])), 400),
        (grafana("8 bytes!", json!(0)), 200),
        (grafana("8 bytes!", json!(3_600)), 200),
        (grafana("8 bytes!", json!(3_601)), 400),
        (grafana("7 bytes", json!(null)), 400),
        (json!({"signature": {"type": "github", "secret": "s".repeat(256)}}), 200),
        (json!({"signature": {"type": "github", "secret": "s".repeat(257)}}), 400),
        (json!({"signature": {"type": "none"}, "answer": "result"}), 200),
        (json!({"description": "d".repeat(1_024)}), 200),
        (json!({"description": "d".repeat(1_025)}), 400),
        (json!({"signature": {"type": "rot13"}}), 422),
        (json!({"signature": {"type": "github"}}), 422),
        (json!({"answer": "later"}), 422),
        (json!({"surprise": 1}), 422),
    ];
    for (body, status) in rows {
        let answer = server.post(&hooks, &body);
        assert_eq!(answer.status, status, "{body}: {}", answer.text());
    }
    let left = 100 - server.get(&hooks).is(200)["hooks"].as_array().expect("a list").len();
    for _ in 0..left {
        server.post(&hooks, &json!({})).is(200);
    }
    server.post(&hooks, &json!({})).is_refused(400, "bad_request", "there are too many already: remove some");
}

#[test]
fn signed_messages_of_standard_webhooks_run_once() {
    let server = Server::start();
    let now = now(&server);
    let body = r#"{"a": 1}"#;
    let secrets = json!([format!("whsec_{}", base64(&[1; 24])), format!("whsec_{}", base64(SECRET))]);

    let action = server.upload("standard", "service", ECHO, &[]);
    let hook =
        Hook::new(&server, &action, &json!({"signature": {"type": "standard_webhooks", "secrets": secrets}}));
    let send = |id: &str, at: i64, body: &str, key: &[u8]| {
        let signature = base64(&hmac(key, &format!("{id}.{at}.{body}")));
        let call = hook.call().header("webhook-id", id).header("webhook-timestamp", &at.to_string());
        call.header("webhook-signature", &format!("v1,AAAA v1,{signature}")).body(body).send()
    };
    let first = send("msg_1", now, body, SECRET);
    assert_eq!(ended(&server, &first)["result"], json!([{"a": 1}]));
    assert_eq!(run_id(&send("msg_1", now, body, SECRET)), run_id(&first), "a replay is the same run");
    assert_eq!(
        run_id(&send("msg_1", now + 1, body, SECRET)),
        run_id(&first),
        "so is another try of the sender"
    );
    assert_ne!(run_id(&send("msg_2", now, body, SECRET)), run_id(&first));
    for (answer, message) in [
        (
            send("msg_3", now, body, b"another secret of 24 bytes"),
            "the signature is not that of this body with this hook's secret",
        ),
        (
            send("msg_3", now - 1_000, body, SECRET),
            "it was signed more than 300 s ago or ahead: send it anew, and check both clocks",
        ),
        (
            send("msg_3", now + 1_000, body, SECRET),
            "it was signed more than 300 s ago or ahead: send it anew, and check both clocks",
        ),
        (hook.send(body), "the header webhook-id is missing: this hook wants signed requests"),
    ] {
        answer.is_refused(401, "signature", message);
    }
    assert_eq!(runs(&server, &action), 2);
}

#[test]
fn signed_messages_of_grafana_run_once() {
    let server = Server::start();
    let now = now(&server);
    let body = r#"{"a": 1}"#;
    let secret = std::str::from_utf8(SECRET).expect("text");
    let action = server.upload("grafana", "service", ECHO, &[]);
    let timed = Hook::new(&server, &action, &json!({"signature": {"type": "grafana", "secret": secret}}));
    let send = |at: i64, body: &str| {
        let signature = hex(&hmac(SECRET, &format!("{at}:{body}")));
        let call = timed.call().header("X-Grafana-Alerting-Timestamp", &at.to_string());
        call.header("X-Grafana-Alerting-Signature", &signature).body(body).send()
    };
    let first = send(now, body);
    assert_eq!(ended(&server, &first)["result"], json!([{"a": 1}]));
    assert_eq!(run_id(&send(now, body)), run_id(&first));
    assert_ne!(run_id(&send(now + 1, body)), run_id(&first), "the same alert, told again a second later");
    assert_eq!(send(now - 1_000, body).status, 401);
    let untimed = json!({"signature": {"type": "grafana", "secret": secret, "window_s": 0}});
    let untimed = Hook::new(&server, &action, &untimed);
    let signature = hex(&hmac(SECRET, body));
    let send =
        |body: &str| untimed.call().header("X-Grafana-Alerting-Signature", &signature).body(body).send();
    assert_eq!((send(body).status, send("{}").status), (202, 401));
}

#[test]
fn signed_messages_of_github_run_once() {
    let server = Server::start();
    let body = r#"{"a": 1}"#;
    let secret = std::str::from_utf8(SECRET).expect("text");
    let action = server.upload("github", "service", ECHO, &[]);
    let hook = Hook::new(&server, &action, &json!({"signature": {"type": "github", "secret": secret}}));
    let signature = format!("sha256={}", hex(&hmac(SECRET, body)));
    let send = |id: &str, body: &str| {
        hook.call()
            .header("X-Hub-Signature-256", &signature)
            .header("X-GitHub-Delivery", id)
            .body(body)
            .send()
    };
    let first = send("72d3162e-cc78-11e3-81ab-4c9367dc0958", body);
    assert_eq!(ended(&server, &first)["result"], json!([{"a": 1}]));
    assert_eq!(run_id(&send("72d3162e-cc78-11e3-81ab-4c9367dc0958", body)), run_id(&first));
    assert_ne!(run_id(&send("other", body)), run_id(&first));
    assert_eq!(send("third", r#"{"a":1}"#).status, 401, "the same JSON in other bytes");
    assert_eq!(runs(&server, &action), 2);
}

#[test]
fn a_hook_may_answer_with_the_result() {
    let server = Server::start();
    let echo = server.upload("echo", "service", ECHO, &[]);
    let hook = Hook::new(&server, &echo, &json!({"answer": "result"}));
    let answered = hook.send("[1]").is(200);
    assert_eq!((&answered["status"], &answered["result"]), (&json!("completed"), &json!([1])));
    assert_eq!(hook.call().header("Prefer", "respond-async").body("[1]").send().status, 202);
    let fail = server.upload("fail", "service", FAIL, &[]);
    let hook = Hook::new(&server, &fail, &json!({"answer": "result"}));
    let answered = hook.send("[]").is(502);
    assert_eq!((&answered["status"], &answered["error"]["type"]), (&json!("errored"), &json!("ValueError")));
    let hook = Hook::new(&server, &fail, &json!({}));
    assert_eq!(ended(&server, &hook.send("[]"))["status"], "errored", "202 says nothing of the end");
}

#[test]
fn keys_and_equal_alerts_become_one_run() {
    let server = Server::start();
    let action = server.upload("echo", "service", ECHO, &[("policy", r#"{"coalesce_ms":60000}"#)]);
    let hook = Hook::new(&server, &action, &json!({}));
    let wrapped = |trace: &str| {
        format!(r#"{{"inputs":[{{"alert":"cpu"}}],"trigger_source":"Alerts","trace_id":"{trace}"}}"#)
    };
    let first = hook.send(r#"[{"alert":"cpu"}]"#);
    for body in [wrapped("0af7651916cd43dd8448eb211c80319c"), wrapped("1af7651916cd43dd8448eb211c80319c")] {
        assert_eq!(run_id(&hook.send(&body)), run_id(&first), "{body}");
    }
    // By another hook of the same action it is the same alert; another payload is another one.
    let other = Hook::new(&server, &action, &json!({}));
    assert_eq!(run_id(&other.send(r#"[{"alert":"cpu"}]"#)), run_id(&first));
    assert_ne!(run_id(&hook.send(r#"[{"alert":"memory"}]"#)), run_id(&first));
    assert_eq!(ended(&server, &first)["coalesced"], 3);
    let metrics = server.get("/metrics").text();
    assert!(metrics.lines().any(|line| line == "actiond_coalesced_total 3"), "{metrics}");

    let action = server.upload("plain", "service", ECHO, &[]);
    let hook = Hook::new(&server, &action, &json!({}));
    let send = |key: &str, body: &str| hook.call().header("Idempotency-Key", key).body(body).send();
    let first = send("k1", "[1]");
    assert_eq!(run_id(&send("k1", "[1]")), run_id(&first));
    send("k1", "[2]").is_refused(
        409,
        "idempotency_conflict",
        "the idempotency key was used with another body",
    );
    assert_ne!(run_id(&send("k2", "[1]")), run_id(&first));
    assert_ne!(
        run_id(&hook.send("[1]")),
        run_id(&first),
        "without a window, equal alerts are alerts of their own"
    );
    assert_eq!(runs(&server, &action), 3);
}

#[test]
fn bounds_hold_for_hooks_too() {
    let server = Server::start_with(&[("ACTIOND_BODY_MIB", "1")]);
    let rate = r#"{"rate":{"runs":2,"per_ms":3600000}}"#;
    let action = server.upload("echo", "service", ECHO, &[("policy", rate)]);
    let hook = Hook::new(&server, &action, &json!({}));
    let body = |bytes: usize| format!("[{}]", " ".repeat(bytes - 2));
    assert_eq!(hook.send(&body(1 << 20)).status, 202);
    hook.send(&body((1 << 20) + 1)).is_refused(
        413,
        "too_large",
        "the body is larger than the limit of 1048576 bytes",
    );
    assert_eq!(hook.send("[]").status, 202);
    let refused = hook.send("[]");
    refused.is_refused(429, "rate", "the action may not be run more often");
    let wait: u64 = refused.header("retry-after").expect("a time").parse().expect("seconds");
    assert!((1..=3_600).contains(&wait), "{wait}");
    server.get(&format!("/api/default/actions/pause/{action}")).is(200);
    hook.send("[]").is_refused(409, "paused", "the action is paused: resume it first");
}

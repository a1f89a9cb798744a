//! What every request passes first: the path's prefix, and web pages of other origins.

use serde_json::json;

use crate::server::Server;

const ECHO: &str = "def main(data):\n    return data\n";

#[test]
fn requests_may_carry_the_path_of_the_public_address() {
    let server = Server::start_with(&[("ACTIOND_PUBLIC_URL", "https://example.com/actions/")]);
    let id = server.upload("echo", "service", ECHO, &[]);
    for (prefix, status) in [("/actions", 200), ("", 200), ("/action", 404), ("/actions/actions", 404)] {
        let path = format!("{prefix}/api/default/actions/{id}/invoke");
        assert_eq!(server.post(&path, &json!([1])).status, status, "{prefix}");
        assert_eq!(server.get(&format!("{prefix}/healthz")).status, status, "{prefix}");
    }
    // What others are told has it.
    let later = server.later(&id, &json!([1]));
    let run = later["run_id"].as_str().expect("it has one");
    let path = format!("/actions/api/default/actions/{id}/invoke");
    let answer = server.call("POST", &path).header("Prefer", "respond-async").json(&json!([1])).send();
    let location = answer.header("location").expect("it is somewhere").to_owned();
    assert!(location.starts_with("/actions/api/default/runs/"), "{location}");
    assert_eq!(server.get(&location).status, 200);
    assert_eq!(server.get(&format!("/actions/api/default/runs/{run}")).status, 200);
    let described = server.get("/actions/openapi.json").is(200);
    assert_eq!(described["servers"], json!([{"url": "/actions"}]));
    let hook = server.post(&format!("/api/default/actions/{id}/hooks"), &json!({"description": "a"})).is(200);
    let url = hook["url"].as_str().expect("it has one");
    let path = url.strip_prefix("https://example.com").expect("it is the public one");
    server.call("POST", path).no_auth().json(&json!([1])).send().is(202);
}

#[test]
fn pages_of_other_origins_may_call_where_the_operator_says_so() {
    let asks = |server: &Server, origin: &str| {
        let call = server.call("OPTIONS", "/api/default/actions").no_auth();
        let call = call.header("Origin", origin).header("Access-Control-Request-Method", "POST");
        let asked = call.header("Access-Control-Request-Headers", "authorization,idempotency-key").send();
        let got = server.call("GET", "/api/default/actions").header("Origin", origin).send();
        let allowed =
            |answer: &crate::server::Answer| answer.header("access-control-allow-origin").map(str::to_owned);
        assert_eq!(got.status, 200);
        assert_eq!(allowed(&asked), allowed(&got));
        allowed(&got)
    };
    let logs = "https://logs.example.com";
    for (setting, origin, expected) in [
        ("", logs, None),
        (logs, logs, Some(logs)),
        ("https://a.example https://logs.example.com", logs, Some(logs)),
        (logs, "https://logs.example.com.evil.example", None),
        (logs, "http://logs.example.com", None),
        ("*", "https://anybody.example", Some("*")),
    ] {
        let server = Server::start_with(&[("ACTIOND_CORS_ORIGINS", setting)]);
        assert_eq!(asks(&server, origin).as_deref(), expected, "{setting:?} and {origin}");
    }
}

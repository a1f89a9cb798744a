//! A scheduled action that pushes log records to its origin, as actions of OpenObserve do: `libraries/log_pusher/`.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::{
    server::{ROOT, Server, base64},
    services::{Heard, Peer, Said, address},
    zips::Zip,
};

const USER: &str = "pusher@example.com";

/// Takes records of an account that it knows: one with 200, several with 204.
fn ingest(heard: &Heard, _before: &[Heard]) -> Said {
    let account = format!("Basic {}", base64(format!("{USER}:s3c:ret").as_bytes()));
    match (heard.method.as_str(), heard.path.as_str(), heard.header("authorization")) {
        ("POST", "/api/default/pushed/_json", known) if known == account => {}
        ("POST", "/api/default/pushed/_json", _) => return Said::new(401, "text/plain", "unknown account"),
        _ => return Said::new(404, "text/plain", "nothing here"),
    }
    if heard.json().is_array() {
        return Said { status: 204, ..Said::default() };
    }
    Said::new(200, "application/json", "{\"code\":200}")
}

struct Pushing {
    server: Server,
    id: String,
    origin: Peer,
}

impl Pushing {
    fn start() -> Self {
        let origin = Peer::start(ingest);
        let server = Server::start_with(&[("ACTIOND_EGRESS_ALLOW", "127.0.0.0/8")]);
        server.post("/api/default/service_accounts", &json!({"email": USER})).is(200);
        let url = format!("http://{}:{}/", address(), origin.port);
        server.put("/api/default/settings", &json!({"origin_url": url})).is(200);
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("libraries/log_pusher");
        let zip = ["main.py", "pyproject.toml"]
            .iter()
            .fold(Zip::new(), |zip, name| zip.file(name, fs::read(folder.join(name)).expect("it is there")));
        let fields = [
            ("name", "pusher"),
            ("owner", ROOT.0),
            ("filename", "pusher.zip"),
            ("execution_details", "repeat"),
            ("cron_expr", "0 0 1 1 *"),
            ("service_account", USER),
            (
                "environment_variables",
                "{\"OPENOBSERVE_ORG\": \"default\", \"OPENOBSERVE_STREAM\": \"pushed\"}",
            ),
        ];
        let call = server.call("POST", "/api/default/actions/upload").multipart(&fields, Some(&zip.bytes()));
        let id = call.send().is(200)["uuid"].as_str().expect("an id").to_owned();
        Self { server, id, origin }
    }

    fn token(&self, token: &str) {
        self.server.put("/api/default/settings", &json!({"origin_tokens": {USER: token}})).is(200);
    }

    fn run(&self, status: u16) -> Value {
        self.server.post(&format!("/api/default/actions/{}/invoke", self.id), &json!([])).is(status)
    }
}

#[test]
fn a_scheduled_action_pushes_records_to_its_origin() {
    let pushing = Pushing::start();
    pushing.token("wrong");
    let refused = pushing.run(502);
    assert_eq!(refused["status"], "errored", "{refused}");
    assert!(refused["error"].to_string().contains("not taken: 401 unknown account"), "{refused}");
    pushing.token("s3c:ret");
    let run = pushing.run(200);
    assert_eq!((&run["status"], &run["result"]), (&json!("completed"), &Value::Null), "{run}");
    let heard = pushing.origin.heard();
    let types: Vec<_> = heard.iter().map(|heard| heard.header("content-type")).collect();
    assert_eq!(types, ["application/json"; 3]);
    let first = json!({"level": "info", "job": "pusher", "log": "started"});
    let second = json!({"level": "error", "job": "pusher", "log": "über 42 errors"});
    let bodies: Vec<_> = heard.iter().map(Heard::json).collect();
    assert_eq!(bodies, [first.clone(), first.clone(), json!([first, second])]);
}
